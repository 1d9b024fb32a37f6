//! Waits for what blocks a thread, and meanwhile for the user, who may ask this process to end.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::sync::oneshot::{self, Receiver};

use super::processes::{self, Interrupts};

/// The stack of a thread that loads a component, in bytes: as the main thread has it on Linux.
const STACK_BYTES: usize = 8 << 20;

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

/// Whether the user has asked this process to end: one listener for all that a command does, so that no signal is lost between two
/// things that are waited for. Cheap to clone.
#[derive(Clone)]
pub struct Ending {
    asked: Arc<Mutex<Asked>>,
    is_alone: bool,
}

/// Is told each time that the user asks.
type Listener = Box<dyn Fn(Asking) + Send>;

/// How often the user has asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Once: what runs may still tidy up.
    First,
    /// Again: at once.
    Again,
}

#[derive(Default)]
struct Asked {
    is_asked: bool,
    /// Whether somebody else listens now.
    is_left: bool,
    order: u64,
    listeners: BTreeMap<u64, Listener>,
}

/// Something is told of the user's asking for as long as this lives.
pub struct Heard {
    asked: Arc<Mutex<Asked>>,
    place: u64,
}

impl Ending {
    /// Listens from now on, on a thread of its own. Who asks again is told by `at_once`, behind all who listen: whatever has not ended by
    /// then is left as it is.
    ///
    /// # Errors
    /// There is no event queue, or no thread.
    pub fn listen(at_once: impl Fn() + Send + 'static) -> io::Result<Self> {
        let ending = Self {
            asked: Arc::default(),
            is_alone: !processes::is_in_foreground(),
        };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut interrupts = {
            let _on_runtime = runtime.enter();
            Interrupts::listen()
        };
        let asked = Arc::clone(&ending.asked);
        let listen = async move {
            loop {
                interrupts.next().await;
                let asking = locked(&asked).ask();
                if asking == Some(Asking::Again) {
                    at_once();
                }
            }
        };
        std::thread::Builder::new()
            .name("slt-signals".into())
            .spawn(move || runtime.block_on(listen))?;
        Ok(ending)
    }

    /// Whether what this process starts has to be ended by it: no terminal's Ctrl-C reaches it.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Whether the user has asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        locked(&self.asked).is_asked
    }

    /// Resolves when the user has asked.
    pub async fn asked(&self) {
        let told = Arc::new(Notify::new());
        let teller = Arc::clone(&told);
        let _heard = self.hear(move |_| teller.notify_one());
        told.notified().await;
    }

    /// What a thread gives, which has room for what reads deeply nested bytes; nothing if the user asks before: it is then left behind. It
    /// panics here if it panics there.
    ///
    /// # Errors
    /// There is no thread.
    pub fn unless_asked<T: Send + 'static>(&self, call: impl FnOnce() -> T + Send + 'static) -> io::Result<Option<T>> {
        let (sender, receiver) = mpsc::channel();
        let asked = sender.clone();
        let _heard = self.hear(move |_| drop(asked.send(None)));
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            let _ = sender.send(Some(catch_unwind(AssertUnwindSafe(call))));
        })?;
        match receiver.recv() {
            Ok(Some(Ok(made))) => Ok(Some(made)),
            Ok(Some(Err(panic))) => resume_unwind(panic),
            Ok(None) | Err(_) => Ok(None),
        }
    }

    /// From now on somebody else listens to the signals, and began to before this; whether the user has asked until now.
    #[must_use]
    pub fn is_left_asked(&self) -> bool {
        let mut asked = locked(&self.asked);
        asked.is_left = true;
        asked.is_asked
    }

    /// Whether the user has asked, or does within `limit`: a signal that has ended a child is on its way to this process too.
    #[must_use]
    pub fn is_asked_within(&self, limit: Duration) -> bool {
        let (sender, receiver) = mpsc::channel();
        let _heard = self.hear(move |_| {
            let _ = sender.send(());
        });
        receiver.recv_timeout(limit).is_ok()
    }

    /// Tells something each time that the user asks, at once if that was before.
    #[must_use]
    pub fn hear(&self, listener: impl Fn(Asking) + Send + 'static) -> Heard {
        let mut asked = locked(&self.asked);
        if asked.is_asked {
            listener(Asking::First);
        }
        let place = asked.order;
        asked.order += 1;
        asked.listeners.insert(place, Box::new(listener));
        Heard {
            asked: Arc::clone(&self.asked),
            place,
        }
    }
}

impl std::fmt::Debug for Ending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Ending({})", self.is_asked())
    }
}

impl Asked {
    /// Tells all who listen, unless somebody else does.
    fn ask(&mut self) -> Option<Asking> {
        if self.is_left {
            return None;
        }
        let asking = match self.is_asked {
            true => Asking::Again,
            false => Asking::First,
        };
        self.is_asked = true;
        self.listeners.values().for_each(|listener| listener(asking));
        Some(asking)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        locked(&self.asked).listeners.remove(&self.place);
    }
}

fn locked(asked: &Mutex<Asked>) -> MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_of_the_end() {
        let ending = ending();
        let (sender, receiver) = mpsc::channel();
        let heard = |name: &'static str| {
            let sender = sender.clone();
            ending.hear(move |asking| sender.send((name, asking)).unwrap())
        };
        drop(heard("gone"));
        let _early = heard("early");
        assert!(!ending.is_asked() && !ending.is_asked_within(Duration::ZERO));
        locked(&ending.asked).ask();
        let _late = heard("late");
        assert!(ending.is_asked() && ending.is_asked_within(Duration::ZERO));
        locked(&ending.asked).ask();
        let told: Vec<_> = receiver.try_iter().collect();
        let (first, again) = (Asking::First, Asking::Again);
        assert_eq!(
            told,
            [("early", first), ("late", first), ("early", again), ("late", again)]
        );
    }

    fn ending() -> Ending {
        Ending {
            asked: Arc::default(),
            is_alone: true,
        }
    }

    #[test]
    fn what_was_asked_before_is_not_lost() {
        let ending = ending();
        assert_eq!(ending.unless_asked(|| 7).unwrap(), Some(7));
        let panicked = catch_unwind(AssertUnwindSafe(|| ending.unless_asked(|| panic!("here too"))));
        assert!(panicked.is_err());
        assert_eq!(locked(&ending.asked).ask(), Some(Asking::First));
        let (sender, receiver) = mpsc::channel::<()>();
        assert!(ending.unless_asked(move || receiver.recv()).unwrap().is_none());
        drop(sender);
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(ending.asked());
        assert!(ending.is_left_asked());
        assert_eq!(locked(&ending.asked).ask(), None);
    }

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
