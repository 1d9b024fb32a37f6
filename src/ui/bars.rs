//! Bars for what is on its way, on a terminal and nowhere else. They go away before anything else is printed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// What is on its way and takes less than this has no bar, in bytes.
const LEAST_BYTES: u64 = 256 << 10;

/// The bars that are shown.
#[derive(Debug)]
pub(super) struct Bars {
    /// Whether there is a terminal to show them on.
    shown: bool,
    bars: Mutex<(MultiProgress, BarsByName)>,
    /// The step that is being worked on: its name, since when, and its line while that is shown.
    stage: Mutex<Option<(String, Instant, Option<ProgressBar>)>>,
}

/// By what is on its way, and in which direction.
type BarsByName = BTreeMap<(String, bool), ProgressBar>;

/// How often a step's line moves.
const TICK: Duration = Duration::from_millis(100);

impl Bars {
    pub(super) fn new(shown: bool) -> Self {
        Self {
            shown,
            bars: Mutex::new((MultiProgress::new(), BTreeMap::new())),
            stage: Mutex::new(None),
        }
    }

    /// Moves the bar of something, which is made when it begins and goes when it is there.
    pub(super) fn show(&self, name: &str, sent: bool, bytes: u64, total: u64) {
        if !self.shown || total < LEAST_BYTES {
            return;
        }
        let (all, bars) = &mut *self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), sent);
        if bytes >= total {
            if let Some(bar) = bars.remove(&key) {
                bar.finish_and_clear();
            }
            return;
        }
        let bar = bars.entry(key).or_insert_with(|| {
            let bar = all.add(ProgressBar::new(total));
            let style =
                ProgressStyle::with_template("{msg:>12} {prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(if sent { "Sending" } else { "Fetching" });
            bar.set_prefix(name.to_owned());
            bar
        });
        bar.set_position(bytes);
    }

    /// Shows which step is being worked on, and since when; `None`: none is.
    #[allow(clippy::disallowed_methods)] // how long somebody waits is real time
    pub(super) fn stage(&self, name: Option<&str>) {
        if self.shown {
            *self.stage.lock().unwrap_or_else(PoisonError::into_inner) =
                name.map(|name| (name.to_owned(), Instant::now(), None));
            self.resume();
        }
    }

    /// Shows the step again, behind what was printed.
    pub(super) fn resume(&self) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((name, since, line @ None)) = &mut *stage else {
            return;
        };
        let (all, _) = &*self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let style = ProgressStyle::with_template("{msg:>12} {spinner} {elapsed}");
        let spinner = ProgressBar::new_spinner()
            .with_elapsed(since.elapsed())
            .with_message(name.clone());
        let spinner = all.add(spinner);
        spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        spinner.enable_steady_tick(TICK);
        *line = Some(spinner);
    }

    /// Takes all of them away.
    pub(super) fn clear(&self) {
        if !self.shown {
            return;
        }
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = stage.as_mut().and_then(|(.., line)| line.take()) {
            line.finish_and_clear();
        }
        let (_, bars) = &mut *self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        for bar in std::mem::take(bars).into_values() {
            bar.finish_and_clear();
        }
    }
}
