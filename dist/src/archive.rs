//! Archives whose bytes depend on nothing but what is in them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::{Compression, Crc, GzBuilder, write::DeflateEncoder};

use crate::contents::Entry;
use crate::trouble::{Trouble, file};

/// Writes an archive with these files in a folder `name`, as the kind that its path says: `.zip` or `.tar.gz`.
pub(crate) fn write(
    path: &Path,
    name: &str,
    entries: &[Entry],
    made_at: u64,
) -> Result<(), Trouble> {
    let to = File::create(path).map_err(file(path))?;
    let to = BufWriter::new(to);
    let written = if path.extension().is_some_and(|kind| kind == "zip") {
        zip(to, name, entries, made_at)
    } else {
        tar_gz(to, name, entries, made_at)
    };
    written.map_err(file(path))
}

fn mode(entry: &Entry) -> u32 {
    if entry.runs { 0o755 } else { 0o644 }
}

fn tar_gz<W: Write>(to: W, name: &str, entries: &[Entry], made_at: u64) -> io::Result<()> {
    // Neither a name nor a time of its own.
    let gz = GzBuilder::new().write(to, Compression::best());
    let mut tar = tar::Builder::new(gz);
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(mode(entry));
        header.set_mtime(made_at);
        header.set_uid(0);
        header.set_gid(0);
        let path = format!("{name}/{}", entry.path);
        tar.append_data(&mut header, path, entry.bytes.as_slice())?;
    }
    tar.into_inner()?.finish()?.flush()
}

/// A number in a zip archive: little end first.
macro_rules! put {
    ($to:expr, $($number:expr),+ $(,)?) => {
        $($to.extend_from_slice(&$number.to_le_bytes());)+
    };
}

/// A zip archive by PKWARE's APPNOTE, of the part of it that every program reads. (What else writes them
/// brings in much that isn't needed here.)
fn zip<W: Write>(mut to: W, name: &str, entries: &[Entry], made_at: u64) -> io::Result<()> {
    let mut directory = Vec::new();
    let mut at = 0u32;
    let (date, time) = dos_date_and_time(made_at);
    for entry in entries {
        let path = format!("{name}/{}", entry.path);
        let mut crc = Crc::new();
        crc.update(&entry.bytes);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(&entry.bytes)?;
        let packed = deflate.finish()?;
        let (packed_size, size) = (small(packed.len())?, small(entry.bytes.len())?);
        let path_size = u16::try_from(path.len()).map_err(io::Error::other)?;

        // What both headers say: version 2.0 is needed to read it, names are UTF-8, it is deflated.
        let mut common = Vec::new();
        put!(common, 20u16, 1u16 << 11, 8u16, time, date);
        put!(common, crc.sum(), packed_size, size, path_size, 0u16);

        let mut local = Vec::new();
        put!(local, 0x0403_4b50u32);
        local.extend_from_slice(&common);
        local.extend_from_slice(path.as_bytes());
        to.write_all(&local)?;
        to.write_all(&packed)?;

        // Made on a Unix, so that its mode counts: a plain file.
        put!(directory, 0x0201_4b50u32, 20u16 | 3 << 8);
        directory.extend_from_slice(&common);
        let plain_file = 0o100_000 | mode(entry);
        put!(directory, 0u16, 0u16, 0u16, plain_file << 16, at);
        directory.extend_from_slice(path.as_bytes());
        at = small(at as usize + local.len() + packed.len())?;
    }
    let count = u16::try_from(entries.len()).map_err(io::Error::other)?;
    let mut end = Vec::new();
    put!(end, 0x0605_4b50u32, 0u16, 0u16, count, count);
    put!(end, small(directory.len())?, at, 0u16);
    to.write_all(&directory)?;
    to.write_all(&end)?;
    to.flush()
}

/// A size that fits: an archive of ours is far below 4 GiB.
fn small(size: usize) -> io::Result<u32> {
    u32::try_from(size).map_err(io::Error::other)
}

/// The date and the time as DOS had them, in UTC: from 1980 on, in steps of two seconds.
fn dos_date_and_time(seconds: u64) -> (u16, u16) {
    const DAY: u64 = 86_400;
    let (year, month, day) = civil(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    if !(1980..=2107).contains(&year) {
        return (1 << 5 | 1, 0);
    }
    let date = (year - 1980) << 9 | month << 5 | day;
    let time = hour << 11 | minute << 5 | (second / 2);
    (date as u16, time as u16)
}

/// The year, month and day of a day since 1970, by Howard Hinnant's `civil_from_days`.
fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = (from_march + 2) % 12 + 1;
    let year = era * 400 + year + u64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE_AT: u64 = 1_762_684_215; // 2025-11-09 10:30:15

    fn entries() -> Vec<Entry> {
        vec![
            Entry::text("README.md", "read me\n".repeat(1000)),
            Entry {
                path: "bin".into(),
                bytes: vec![0, 1, 2, 255],
                runs: true,
            },
        ]
    }

    #[test]
    fn a_tar_archive_comes_apart_as_it_was_put_together() {
        let mut bytes = Vec::new();
        tar_gz(&mut bytes, "q-1", &entries(), MADE_AT).unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let header = entry.header();
            let facts = (
                header.mode().unwrap(),
                header.mtime().unwrap(),
                header.uid().unwrap(),
            );
            let mut content = Vec::new();
            io::Read::read_to_end(&mut entry, &mut content).unwrap();
            found.push((path, facts, content));
        }
        let [readme, bin] = entries().try_into().unwrap();
        let expected = [
            (
                "q-1/README.md".to_owned(),
                (0o644, MADE_AT, 0),
                readme.bytes,
            ),
            ("q-1/bin".to_owned(), (0o755, MADE_AT, 0), bin.bytes),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_archive_has_the_same_bytes_each_time() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["q.tar.gz", "q.zip"] {
            let path = folder.path().join(name);
            let pack = || {
                write(&path, "q", &entries(), MADE_AT).unwrap();
                std::fs::read(&path).unwrap()
            };
            let (one, other) = (pack(), pack());
            assert!(!one.is_empty() && one == other);
        }
    }

    #[test]
    fn a_time_is_one_that_dos_can_tell() {
        let date = |year: u16, month: u16, day: u16| (year - 1980) << 9 | month << 5 | day;
        let time = 10 << 11 | 30 << 5 | (15 / 2);
        assert_eq!(dos_date_and_time(MADE_AT), (date(2025, 11, 9), time));
        assert_eq!(dos_date_and_time(0), (date(1980, 1, 1), 0));
        assert_eq!(dos_date_and_time(951_782_400).0, date(2000, 2, 29));
    }
}
