//! The one server that all tests of a run share, each with a schema or database of its own.

use std::sync::OnceLock;

use crate::{Cluster, Config};

/// The environment variable that names it. `cargo xtask test` starts one and sets it; so does who wants the tests
/// to use another.
pub const SHARED: &str = "QUEUECTL_TEST_POSTGRES";

/// Its URL. Without [`SHARED`] this process starts one of its own, which ends with it.
///
/// # Panics
///
/// If there is none, and none can be started; says how that is put right.
#[expect(
    clippy::disallowed_methods,
    reason = "that is how those who run tests talk to them"
)]
pub fn shared() -> String {
    static OWN: OnceLock<Cluster> = OnceLock::new();
    match std::env::var(SHARED) {
        Ok(url) if !url.is_empty() => url,
        _ => {
            let start = || Cluster::start(&Config::new());
            let own = OWN.get_or_init(|| start().unwrap_or_else(|trouble| panic!("{trouble}")));
            own.url()
        }
    }
}
