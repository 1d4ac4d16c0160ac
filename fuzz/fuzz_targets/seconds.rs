//! Throws random bytes at the property `seconds`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| queuectl_properties::hold("seconds", bytes));
