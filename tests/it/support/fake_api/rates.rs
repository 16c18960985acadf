//! What a client sends, counted against what Telegram takes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What Telegram takes.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Between two edits in a chat.
    pub between_edits: Duration,
    /// Messages and edits of all chats in a second.
    pub a_second: usize,
    /// Messages and edits of a group in a minute.
    pub a_minute_in_a_group: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            between_edits: Duration::from_secs(2),
            a_second: 30,
            a_minute_in_a_group: 20,
        }
    }
}

/// Everything that was sent.
#[derive(Default)]
pub struct Rates {
    /// Time, chat, whether it was an edit.
    sent: Vec<(Instant, i64, bool)>,
    /// Until when, and whether the client was told.
    blocked: HashMap<i64, (Instant, bool)>,
}

impl Rates {
    /// Holds a chat back from now on; `is_told` if the client knows.
    pub fn block(&mut self, chat: i64, seconds: u64, is_told: bool) {
        let until = Instant::now() + Duration::from_secs(seconds);
        self.blocked.insert(chat, (until, is_told));
    }

    /// Seconds that a chat is still held back, and whether the client was told before.
    pub fn blocked(&mut self, chat: i64) -> Option<(u64, bool)> {
        let (until, is_told) = self.blocked.get_mut(&chat)?;
        let left = until.checked_duration_since(Instant::now())?;
        Some((left.as_secs() + 1, std::mem::replace(is_told, true)))
    }

    /// Notes something that was sent, and says which limits it breaks.
    pub fn note(&mut self, chat: i64, is_edit: bool, limits: &Limits) -> Vec<String> {
        let now = Instant::now();
        let count = |span: Duration, which: &dyn Fn(i64, bool) -> bool| {
            let late = self
                .sent
                .iter()
                .rev()
                .take_while(|sent| now - sent.0 < span);
            late.filter(|sent| which(sent.1, sent.2)).count()
        };
        let mut broken = Vec::new();
        if count(Duration::from_secs(1), &|_, _| true) >= limits.a_second {
            broken.push(format!(
                "more than {} messages in a second",
                limits.a_second
            ));
        }
        let in_chat = |other: i64, _| other == chat;
        if chat < 0 && count(Duration::from_secs(60), &in_chat) >= limits.a_minute_in_a_group {
            broken.push(format!(
                "chat {chat}: more than {} in a minute",
                limits.a_minute_in_a_group
            ));
        }
        let edits = |other: i64, edit: bool| other == chat && edit;
        if is_edit && count(limits.between_edits, &edits) > 0 {
            broken.push(format!(
                "chat {chat}: two edits within {:?}",
                limits.between_edits
            ));
        }
        self.sent.push((now, chat, is_edit));
        broken
    }

    /// How many edits a chat has had.
    pub fn edits(&self, chat: i64) -> usize {
        let of_chat = self.sent.iter().filter(|sent| sent.1 == chat && sent.2);
        of_chat.count()
    }

    /// Most edits of a chat within any minute.
    pub fn most_edits_a_minute(&self, chat: i64) -> usize {
        let of_chat = |sent: &&(Instant, i64, bool)| sent.1 == chat && sent.2;
        let times: Vec<Instant> = self
            .sent
            .iter()
            .filter(of_chat)
            .map(|sent| sent.0)
            .collect();
        let within = |start: &Instant| {
            let later = times.iter().filter(|time| *time >= start);
            later
                .filter(|time| **time - *start < Duration::from_secs(60))
                .count()
        };
        times.iter().map(within).max().unwrap_or_default()
    }
}
