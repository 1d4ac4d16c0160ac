//! The command that this package's tests run; see the package `fake-job`.

fn main() {
    fake_job::main()
}
