//! What the pages say around their figures.

/// What a page says around its figures.
pub(crate) struct Page {
    pub(crate) introduction: &'static str,
    pub(crate) remarks: &'static str,
}

/// The page of stores that are files.
pub(crate) const FILES: Page = Page {
    introduction: "\
# Benchmarks

What `cargo xtask bench` measured, unchanged. The machine is a small virtual one that others use too, so it is the
ratios that count: what is compared was measured in turns, in the same run. Every figure is a median, and a ratio is
the median of the ratios of the rounds, so it need not be exactly the quotient of the two figures beside it.

Everything is on a real disk, with SQLite's `synchronous=FULL`. What is measured is the release build of the program,
from outside: a drain is timed from the start of the worker process to its end, and then checked to have completed every
job. The spawn loops are what the machine can do at best: four threads that start the command, capture both of its
pipes and remember nothing.
",

    remarks: "\
## What is compared

- **bare spawn loop**: Rust's `Command::output` in a loop, which starts programs with `posix_spawn`.
- **xargs**: `xargs -P2 -I{} sh -c true`. It captures nothing and records nothing.
- **parallel**: GNU parallel with `-j2 --joblog`, on fewer jobs, since it is slow.
- **sqlite3**: a fresh process of SQLite's own shell that adds one row to a database in WAL mode with
  `synchronous=FULL`. Being the last to close the file, it also copies the log back, which queuectl leaves to workers.
- **bare inserts**: rusqlite alone, prepared statements, the rows, columns and indexes of our own tables, one transaction for
  each 10,000 rows.
- **bare read**: a loop that reads the same program's output from a pipe in pieces of 64 KiB and forgets it.

`cargo xtask bench --quick` does less of each in two minutes, writes nothing, and fails if something is worse than half
its goal. Figures that a slower machine alone makes worse are shown there, but not judged.
",
};

/// The page of stores on a server.
pub(crate) const SERVER: Page = Page {
    introduction: "\
# Benchmarks of stores on a server

What `cargo xtask bench --postgres` measured, unchanged.
",
    remarks: "\
## What is compared

",
};
