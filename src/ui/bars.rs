//! Bars for what is on its way, on a terminal and nowhere else. They go away before anything else is printed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// What is on its way and takes less than this has no bar, in bytes.
const LEAST_BYTES: u64 = 256 << 10;

/// The bars that are shown.
#[derive(Debug)]
pub(super) struct Bars {
    /// Whether there is a terminal to show them on.
    shown: bool,
    bars: Mutex<(MultiProgress, BTreeMap<(String, bool), ProgressBar>)>,
}

impl Bars {
    pub(super) fn new(shown: bool) -> Self {
        Self {
            shown,
            bars: Mutex::new((MultiProgress::new(), BTreeMap::new())),
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

    /// Takes all of them away.
    pub(super) fn clear(&self) {
        if !self.shown {
            return;
        }
        let (_, bars) = &mut *self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        for bar in std::mem::take(bars).into_values() {
            bar.finish_and_clear();
        }
    }
}
