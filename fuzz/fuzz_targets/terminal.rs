//! Throws random bytes at the property `terminal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| queuectl_properties::hold("terminal", bytes));
