//! Every kept seed is held against its property. What the fuzzer once found is among them.

use std::fs;
use std::path::{Path, PathBuf};

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

#[test]
fn every_property_holds_of_its_seeds() {
    for (name, hold) in queuectl_properties::ALL {
        let seeds = fs::read_dir(seeds().join(name)).expect("each has seeds");
        for seed in seeds {
            let seed = seed.expect("a folder can be read").path();
            let bytes = fs::read(&seed).expect("a seed can be read");
            // A panic says what is wrong, and this of which seed.
            println!("{}", seed.display());
            hold(&bytes);
        }
    }
}

#[test]
fn every_property_is_fuzzed_and_has_seeds() {
    let mut known: Vec<_> = queuectl_properties::ALL.map(|(name, _)| name).to_vec();
    known.sort_unstable();
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("it is there");
        let stems = entries.map(|entry| entry.expect("it can be read").path());
        let stems = stems.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
        let mut names: Vec<_> = stems.collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(seeds()), known);
    assert_eq!(names(seeds().join("../fuzz_targets")), known);
}
