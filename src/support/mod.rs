//! Small things with no opinion.

pub mod os;
pub mod secret;
