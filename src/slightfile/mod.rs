//! slightfile
