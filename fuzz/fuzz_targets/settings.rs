//! Throws random bytes at the property `settings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| queuectl_properties::hold("settings", bytes));
