//! Any bytes, as a component.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| slt::laws::component(bytes));
