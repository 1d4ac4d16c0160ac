//! Throws random bytes at the property `lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| queuectl_properties::hold("lines", bytes));
