//! Waits for what blocks a thread, and meanwhile for the user, who may ask this process to end.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot::{self, Receiver};

use super::os::Interrupts;

/// What came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First<T> {
    /// What was waited for.
    Done(T),
    /// The user asked this process to end.
    Interrupted,
    /// The time was over.
    TimedOut,
}

/// From its beginning on, Ctrl-C and SIGTERM end this process no more: they end what it waits for.
pub struct Waiting {
    runtime: Runtime,
    interrupts: Interrupts,
}

/// What a thread does meanwhile. It is left behind when it is not waited for to its end.
pub struct Task<T>(Receiver<T>);

impl<T: Send + 'static> Task<T> {
    /// Starts it.
    ///
    /// # Errors
    /// There is no thread.
    pub fn start(call: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = oneshot::channel();
        let run = move || drop(sender.send(call()));
        std::thread::Builder::new().spawn(run).map(|_| Self(receiver))
    }
}

impl Waiting {
    /// Listens from now on.
    ///
    /// # Errors
    /// There is no event queue.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let interrupts = {
            let _on_runtime = runtime.enter();
            Interrupts::listen()
        };
        Ok(Self { runtime, interrupts })
    }

    /// Waits for a task, for at most `limit`.
    ///
    /// # Errors
    /// Its thread panicked.
    #[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
    pub fn wait<T>(&mut self, task: &mut Task<T>, limit: Option<Duration>) -> io::Result<First<T>> {
        let over = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let interrupts = &mut self.interrupts;
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = interrupts.next() => Ok(First::Interrupted),
                done = &mut task.0 => done.map(First::Done).map_err(io::Error::other),
                () = over => Ok(First::TimedOut),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first() {
        let mut waiting = Waiting::new().unwrap();
        let mut done = Task::start(|| 7).unwrap();
        assert_eq!(waiting.wait(&mut done, None).unwrap(), First::Done(7));
        let (end, ended) = std::sync::mpsc::channel::<u32>();
        let mut late = Task::start(move || ended.recv().unwrap()).unwrap();
        let limit = Some(Duration::from_millis(1));
        assert_eq!(waiting.wait(&mut late, limit).unwrap(), First::TimedOut);
        end.send(8).unwrap();
        assert_eq!(waiting.wait(&mut late, None).unwrap(), First::Done(8));
    }
}
