//! Small things with no opinion.

pub mod date;
pub mod files;
pub mod hex;
pub mod http;
pub mod os;
pub mod processes;
pub mod programs;
pub mod secret;
pub mod text;
pub mod tls;
pub mod waiting;
