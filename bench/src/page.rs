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

What `cargo xtask bench --postgres` measured, unchanged. As in [the benchmarks of files](benchmarks.md), the machine is a
small virtual one that others use too, so it is the ratios that count: what is compared was measured in turns, in the same
run. Every figure is a median, and a ratio is the median of the ratios of the rounds.

**The server runs on the same machine as all that it serves**, and shares its processors with the workers, their jobs and
the rivals. So what it spends is missing elsewhere; on a machine of its own it would not be. It is a PostgreSQL of the
run's own on a real disk, with its settings as they are shipped, `fsync`, `full_page_writes` and `synchronous_commit`
among them; only `max_connections` is 450, for the many idle workers. All reach it over the loopback interface, by TCP,
with a password and without TLS. It writes down all that it holds (`CHECKPOINT`) before each measurement.
",
    remarks: "\
## What is compared

- **settle and claim**: each worker is a thread with a connection of its own, which tells in each turn that 32 jobs have
  gone well and printed a line, and takes 32 others. Nothing is run. **pgbench** is PostgreSQL's own load generator with as
  many clients. Its script is the text of the store's own statements, from the same files, in the same order and the
  same transactions, with values for 32 jobs; statements are prepared, and sent at once where none needs the answer to
  another. It needs one round trip more than the store for a turn, reads of a job only what saving it needs, and decides
  nothing. It does not raise floors and fold counts, which the store does after each 1,000 jobs.
- **SQLite**: the same jobs, the same program, a store in a file.
- **COPY**: the rows that `enqueue --from` has made, from files on the server itself into the same two tables of an empty
  store, with all their indexes, in one transaction, in the binary format.
- **from `enqueue` to started**: the enqueuer and the worker are two processes with homes of their own on one machine, which
  share nothing but the server. The time begins before the job is sent, so the server's commit is in it, and ends when
  the job's program runs.
- **idle workers**: real worker processes, each with its two connections. The server's processor is that of all its
  processes.
- **jobs of 20 ms**: a program of 4 kB that sleeps and ends, without a C library. To start `sleep` costs several times as much: bare loops
  that start nothing else fill two processors before eight workers have their share, as the line of `sleep` shows.
- **as many bare spawn loops**: as many processes, with as many threads each, that start the same program, capture its
  pipes and remember nothing. That is what this machine can do at best, however many workers there are.
- **last tenth**: 8 workers settle and claim 32 at once until nothing is left; jobs a second in the last tenth beside
  those in the first. In the second run another session holds a transaction open all the time, so that nothing can be vacuumed.
- **a queue of 10,000**: the same workers for six minutes; each adds as many jobs as it has settled. How large the table of
  those that wait and run is at the end, beside a quarter of the time. The server vacuums it once a minute.
- **what a job costs the server**: the processor of all its processes, and its log, from one worker that enqueues, claims
  and settles so many jobs in each transaction, each of which prints a line; and the growth of all tables and indexes.

`cargo xtask bench --postgres --quick` does less of each, writes nothing, and fails if something is worse than half its goal.
",
};
