//! Redis, speaking as 7.0.
