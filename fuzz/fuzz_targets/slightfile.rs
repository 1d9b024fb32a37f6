//! Any bytes, as a slightfile.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| slt::laws::slightfile(bytes));
