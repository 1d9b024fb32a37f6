//! A lock between processes: a file of no content beside what they change, held for as long as they do.
//!
//! It is the operating system's, which takes it back from whoever ends. The file stays: one that was removed could be held by two.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::os;

/// How often it is asked for: a file is written in about a millisecond.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until nobody else holds the lock, at most so long. It is held until what this gives is dropped.
///
/// # Errors
/// The file cannot be made or locked; `TimedOut`: somebody has held it all the time.
#[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
pub fn hold(path: &Path, limit: Duration) -> io::Result<fs::File> {
    let file = os::open_private_file(path)?;
    let deadline = Instant::now() + limit;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock) => {}
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("another process has held it for {limit:?}"),
            ));
        }
        std::thread::sleep(left.min(LOOK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = hold(&path, Duration::ZERO).unwrap();
        let error = hold(&path, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "another process has held it for 20ms");
        drop(held);
        hold(&path, Duration::ZERO).unwrap();
    }
}
