//! Progress bars on stderr, if it is a terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ollacode_indexer::IndexEvent;
use parking_lot::Mutex;

use super::{is_watched, warn};

/// Shows events of the indexer; each stage has a bar.
pub struct IndexProgress {
    bars: MultiProgress,
    current: Mutex<Option<(ProgressStage, ProgressBar)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ProgressStage {
    Files,
    Text,
    Vectors,
}

impl IndexProgress {
    /// Without a terminal, only warnings are shown.
    pub fn new() -> IndexProgress {
        IndexProgress {
            bars: MultiProgress::new(),
            current: Mutex::new(None),
        }
    }

    /// Shows an event; for use as `Events`.
    pub fn show(&self, event: IndexEvent) {
        match event {
            IndexEvent::Warning(message) => self.bars.suspend(|| warn(&message)),
            IndexEvent::Chunking { done, total } => {
                self.advance(ProgressStage::Files, done as u64, total as u64);
            }
            IndexEvent::IndexingText => self.advance(ProgressStage::Text, 0, 0),
            IndexEvent::Embedding { done, total } => {
                self.advance(ProgressStage::Vectors, done, total)
            }
            IndexEvent::LexicalReady => self.clear(),
            IndexEvent::Walked { .. } | IndexEvent::Refreshed { .. } => {}
        }
    }

    /// Removes all bars.
    pub fn clear(&self) {
        let mut current = self.current.lock();
        if let Some((_, bar)) = current.take() {
            bar.finish_and_clear();
        }
    }

    fn advance(&self, stage: ProgressStage, done: u64, total: u64) {
        if !is_watched() {
            return;
        }
        let mut current = self.current.lock();
        if current.as_ref().is_none_or(|(shown, _)| *shown != stage) {
            if let Some((_, bar)) = current.take() {
                bar.finish_and_clear();
            }
            *current = Some((stage, self.bars.add(bar(stage, total))));
        }
        if let Some((_, bar)) = current.as_ref() {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

impl Drop for IndexProgress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar(stage: ProgressStage, total: u64) -> ProgressBar {
    let template = match stage {
        ProgressStage::Files => "files    {wide_bar} {human_pos}/{human_len}",
        ProgressStage::Text => "{spinner} building the full-text index",
        ProgressStage::Vectors => {
            "vectors  {wide_bar} {human_pos}/{human_len}  {per_sec:.0}  {eta} left"
        }
    };
    let bar = ProgressBar::new(total);
    // The templates are constants; if one were wrong, the default bar would be used.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if stage == ProgressStage::Text {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}

/// A bar for a download, in bytes.
pub fn download_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{msg}  {wide_bar} {bytes}/{total_bytes}  {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
