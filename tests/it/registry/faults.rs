//! A registry that fails: what survives it, and what ends in which error.
