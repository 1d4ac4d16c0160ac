//! The checksums of all archives, in one file that `sha256sum --check` reads.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::trouble::{Trouble, file};

/// Writes the checksums of all archives in a folder.
pub(crate) fn write(folder: &Path) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let path = entry.map_err(file(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".zip") || name.ends_with(".tar.gz") {
            let bytes = fs::read(&path).map_err(file(&path))?;
            lines.push(format!("{}  {name}\n", hex(&Sha256::digest(bytes))));
        }
    }
    lines.sort_by(|one, other| one[64..].cmp(&other[64..]));
    let path = folder.join("SHA256SUMS");
    fs::write(&path, lines.concat()).map_err(file(&path))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_the_archives_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b.zip", "abc"), ("a.tar.gz", ""), ("other", "x")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        write(folder.path()).unwrap();
        let sums = fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap();
        assert_eq!(
            sums,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.tar.gz\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b.zip\n"
        );
    }
}
