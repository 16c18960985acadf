//! The line after each turn: mode, branch, model, share of the context window, speed and index.

use super::super::width::width;
use super::context::percent;
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

/// What the line says.
#[derive(Clone, Copy, Debug)]
pub struct StatusLine<'a> {
    /// Name of the mode.
    pub mode: &'a str,
    pub branch: Option<&'a str>,
    pub model: &'a str,
    pub usage: UsageLine,
    pub index: Option<&'a IndexStatus>,
}

impl StatusLine<'_> {
    /// `ask · main · qwen3-coder:30b · 10 % of 32,768 tokens · 41 tokens/s · index: up to date`
    ///
    /// What does not fit a row of `columns` is left out, the least important first.
    pub fn text(&self, columns: usize) -> String {
        let speed = self.usage.tokens_per_second;
        let speed = speed.map(|speed| format!("{speed:.0} tokens/s"));
        let index = self.index;
        let index = index.map(|index| format!("index: {}", index_words(index)));
        let is_fresh = matches!(self.index, Some(IndexStatus::Fresh));
        for (has_speed, has_index) in [(true, true), (false, true), (false, !is_fresh)] {
            let parts = [
                Some(self.mode.to_owned()),
                self.branch.map(str::to_owned),
                Some(self.model.to_owned()),
                (self.usage.window > 0).then(|| share(self.usage)),
                speed.clone().filter(|_| has_speed),
                index.clone().filter(|_| has_index),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            let line = parts.join(" · ");
            if width(&line) <= columns || (!has_speed && has_index != is_fresh) {
                return line;
            }
        }
        String::new()
    }
}

/// `10 % of 32,768 tokens`
fn share(usage: UsageLine) -> String {
    let percent = percent(usage.used, usage.window);
    format!("{percent} % of {} tokens", count(usage.window.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(usage: UsageLine, index: &IndexStatus) -> StatusLine<'_> {
        StatusLine {
            mode: "ask",
            branch: Some("main"),
            model: "qwen3-coder:30b",
            usage,
            index: Some(index),
        }
    }

    #[test]
    fn the_line_says_what_is_known() {
        let mut usage = UsageLine::default();
        let behind = IndexStatus::Behind(12);
        let unknown = StatusLine {
            branch: None,
            model: "m",
            ..status(usage, &behind)
        };
        assert_eq!(unknown.text(80), "ask · m · index: 12 texts to embed");
        let reply = Usage {
            tokens_per_second: Some(41.4),
            ..Usage::default()
        };
        usage.note(&reply, 3_120, 32_768);
        usage.note(&Usage::default(), 3_200, 32_768);
        assert_eq!(
            status(usage, &IndexStatus::Fresh).text(110),
            "ask · main · qwen3-coder:30b · 10 % of 32,768 tokens · 41 tokens/s · index: up to date"
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let usage = UsageLine {
            used: 3_200,
            window: 32_768,
            tokens_per_second: Some(41.4),
        };
        let up_to_date = IndexStatus::Fresh;
        let fresh = status(usage, &up_to_date);
        assert_eq!(
            fresh.text(80),
            "ask · main · qwen3-coder:30b · 10 % of 32,768 tokens · index: up to date"
        );
        let short = "ask · main · qwen3-coder:30b · 10 % of 32,768 tokens";
        assert_eq!(fresh.text(60), short);
        assert_eq!(fresh.text(20), short);
        let behind = IndexStatus::Behind(12);
        assert_eq!(
            status(usage, &behind).text(60),
            format!("{short} · index: 12 texts to embed")
        );
    }
}
