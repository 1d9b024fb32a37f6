//! What this process starts, and what the user asks it by a signal.

use std::io;
use std::process::{Child, Command};

/// From now on Ctrl-C does not end this process: for a prompt that changes the terminal, and has to put it back first. What waits
/// afterwards listens with [`Interrupts`].
///
/// # Errors
/// The system gives no event queue.
pub fn survive_interrupts() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // whoever listens to a signal once takes it from the system for good
        let taken = || drop(signal(SignalKind::interrupt()));
        if tokio::runtime::Handle::try_current().is_ok() {
            taken();
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let _on_runtime = runtime.enter();
        taken();
    }
    Ok(())
}

/// Asks a child of this process to end, which may tidy up and end its own children first; where it cannot be asked, it is killed.
///
/// # Errors
/// What the system says.
pub fn terminate(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        kill_process(Pid::from_child(child), Signal::TERM).map_err(io::Error::from)
    }
    #[cfg(not(unix))]
    child.kill()
}

/// Puts what is started into a group of processes of its own, which can be ended as a whole. Where there are none, Ctrl-C reaches all
/// that a process has started.
pub fn in_its_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Whether a terminal's Ctrl-C reaches this process and what it starts: its group is the one in the foreground.
#[must_use]
pub fn is_in_foreground() -> bool {
    #[cfg(unix)]
    {
        use rustix::process::getpgrp;
        use rustix::termios::tcgetpgrp;
        std::fs::File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()))
    }
    #[cfg(not(unix))]
    io::IsTerminal::is_terminal(&io::stdin())
}

/// Waits until a child of this process has ended, and leaves its end to be seen: so long, nobody else has its id.
pub fn await_end(child: u32) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if let Some(child) = i32::try_from(child).ok().and_then(Pid::from_raw) {
            while waitid(WaitId::Pid(child), ended).is_err_and(|error| error == rustix::io::Errno::INTR) {}
        }
    }
    #[cfg(not(unix))]
    let _ = child;
}

/// Ends a child of this process whose end nobody has seen yet, or the group that [`in_its_own_group`] made for it; `at_once`: it gets
/// no time to tidy up. Where [`terminate`] kills, there is nothing left to do.
pub fn end(child: u32, is_group: bool, at_once: bool) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        let signal = if at_once { Signal::KILL } else { Signal::TERM };
        if let Some(child) = i32::try_from(child).ok().and_then(Pid::from_raw) {
            let kill = if is_group { kill_process_group } else { kill_process };
            let _ = kill(child, signal);
            // who is stopped sees it when they go on
            let _ = kill(child, Signal::CONT);
        }
    }
    #[cfg(not(unix))]
    let _ = (child, is_group, at_once);
}

/// The user asks this process to end: Ctrl-C, and on Unix SIGTERM.
pub struct Interrupts {
    #[cfg(unix)]
    signals: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
}

impl Interrupts {
    /// Listens from now on: before anybody is told that there is something to end. Must be called on a runtime.
    #[must_use]
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signals = signal(SignalKind::terminate())
                .ok()
                .zip(signal(SignalKind::interrupt()).ok());
            Self { signals }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Resolves at the next of them.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some((terminate, interrupt)) = &mut self.signals {
            tokio::select! {
                biased;
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
            }
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
