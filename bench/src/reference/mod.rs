//! What the queue is compared with.

pub(crate) mod nap;
pub(crate) mod pgbench;
pub(crate) mod rows;
pub(crate) mod spawn;
pub(crate) mod tools;
