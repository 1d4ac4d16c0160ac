//! Throws random bytes at the property `output`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| queuectl_properties::hold("output", bytes));
