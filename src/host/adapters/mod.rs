//! One file per WIT package and shape: it turns WIT calls into calls of the provider traits.

pub mod clocks;
pub mod keyvalue;
mod keyvalue_compat;
mod keyvalue_string;
mod keyvalue_u64;
pub mod testing;

pub(super) use keyvalue_compat::add_to_linker as add_keyvalue_compat;
pub(super) use keyvalue_string::add_to_linker as add_keyvalue_string;
pub(super) use keyvalue_u64::add_to_linker as add_keyvalue_u64;
