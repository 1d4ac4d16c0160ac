//! queuectl
fn main() {}
