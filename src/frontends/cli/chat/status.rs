//! The line after each turn: model, context window, speed and index.

use crate::app::IndexStatus;
use crate::conversation::messages::{count, index_words};
use crate::model::Usage;

/// Usage and speed of the last reply.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageLine {
    pub used: u32,
    /// Context window in tokens.
    pub window: u32,
    pub tokens_per_second: Option<f32>,
}

impl UsageLine {
    /// Takes the usage of a reply.
    pub fn note(&mut self, usage: &Usage, used: u32, window: u32) {
        *self = UsageLine {
            used,
            window,
            // A reply of a few tokens has no speed.
            tokens_per_second: usage.tokens_per_second.or(self.tokens_per_second),
        };
    }
}

/// `qwen3-coder:30b · 3,120 of 32,768 tokens · 41 tokens/s · index: up to date`
pub fn line(model: &str, spent: UsageLine, index: Option<&IndexStatus>) -> String {
    let mut parts = vec![model.to_owned()];
    if spent.window > 0 {
        parts.push(window(spent));
    }
    if let Some(speed) = spent.tokens_per_second {
        parts.push(format!("{speed:.0} tokens/s"));
    }
    parts.extend(index.map(|index| format!("index: {}", index_words(index))));
    parts.join(" · ")
}

/// `3,120 of 32,768 tokens`
pub fn window(spent: UsageLine) -> String {
    let (used, window) = (count(spent.used.into()), count(spent.window.into()));
    format!("{used} of {window} tokens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_known() {
        let mut spent = UsageLine::default();
        assert_eq!(
            line("m", spent, Some(&IndexStatus::Behind(12))),
            "m · index: 12 texts to embed"
        );
        let usage = Usage {
            tokens_per_second: Some(41.4),
            ..Usage::default()
        };
        spent.note(&usage, 3_120, 32_768);
        spent.note(&Usage::default(), 3_200, 32_768);
        assert_eq!(
            line("qwen3-coder:30b", spent, Some(&IndexStatus::Fresh)),
            "qwen3-coder:30b · 3,200 of 32,768 tokens · 41 tokens/s · index: up to date"
        );
    }
}
