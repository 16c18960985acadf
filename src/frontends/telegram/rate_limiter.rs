//! Rate limiter: Telegram counts messages and edits alike, and blocks bots that exceed the limits.
//!
//! A front end sets what each of its messages should show, as often as it likes; this decides what
//! is sent. It has no clock and sends nothing: [`RateLimiter::next`] returns what to send now, and
//! [`RateLimiter::done`] takes the result.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;
mod window;

use window::SlidingWindow;

/// The limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendRates {
    /// Time between edits in one chat.
    pub between_edits: Duration,
    /// Time between any two messages in one chat.
    pub between_messages: Duration,
    /// Messages per second, all chats together.
    pub a_second: usize,
    /// Messages per minute in one group.
    pub a_minute_in_a_group: usize,
}

impl Default for SendRates {
    /// A little below Telegram's limits: messages may arrive in bursts.
    fn default() -> SendRates {
        SendRates {
            between_edits: Duration::from_secs(2),
            between_messages: Duration::from_secs(1),
            a_second: 25,
            a_minute_in_a_group: 18,
        }
    }
}

/// Messages of a chat that can still be edited; older ones are forgotten.
const MOST_PLACES: usize = 64;

/// The front end's id of a message. Newer ones are larger.
pub type MessageSlot = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStage {
    /// May be skipped if something newer follows.
    Draft,
    /// Is always sent.
    Final,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendJob<P> {
    /// Negative for a group.
    pub chat: i64,
    pub place: MessageSlot,
    /// The message to edit; `None` to send a new one.
    pub edits: Option<i32>,
    pub payload: P,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextSend<P> {
    /// Send this, and report the result with [`RateLimiter::done`].
    Send(SendJob<P>),
    /// Nothing before this time, unless something changes.
    Wait(Instant),
    /// Nothing, until something changes.
    Idle,
}

/// The result of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome<P> {
    /// Shown in this message. Also for "message is not modified".
    Shown(i32),
    /// Telegram demands to wait.
    RetryAfter(Duration),
    /// Not delivered, or unknown.
    Unreachable,
    /// Telegram rejects it; send this instead.
    Instead(P),
    /// The message to edit no longer exists.
    Gone,
    /// Telegram rejects it permanently.
    Refused,
}

pub struct RateLimiter<P> {
    rates: SendRates,
    chats: BTreeMap<i64, ChatQueue<P>>,
    /// Sent messages of all chats, by the time when each had surely arrived.
    sent: SlidingWindow,
    /// Messages being sent, which may arrive in a burst.
    in_flight: usize,
    blocked_until: Option<Instant>,
    /// The chat that was served last, for fairness.
    last: i64,
}

struct ChatQueue<P> {
    pending: VecDeque<PendingMessage<P>>,
    shown: BTreeMap<MessageSlot, SentMessage<P>>,
    /// The job being sent; one at a time, so that messages keep their order.
    in_flight: Option<PendingMessage<P>>,
    sent: SlidingWindow,
    last_edit: Option<Instant>,
    last_message: Option<Instant>,
    blocked_until: Option<Instant>,
    failures: u32,
}

#[derive(Clone)]
struct PendingMessage<P> {
    place: MessageSlot,
    stage: MessageStage,
    payload: P,
}

struct SentMessage<P> {
    message: i32,
    stage: MessageStage,
    payload: P,
}

impl<P: Clone + PartialEq> RateLimiter<P> {
    pub fn new(rates: SendRates) -> RateLimiter<P> {
        RateLimiter {
            rates,
            chats: BTreeMap::new(),
            sent: SlidingWindow::new(Duration::from_secs(1), rates.a_second),
            in_flight: 0,
            blocked_until: None,
            last: 0,
        }
    }

    /// Sets what a message should show, instead of what was set before and not sent. After a final
    /// text, drafts are ignored, so that a late draft cannot undo it; another final text may
    /// follow.
    pub fn show(&mut self, chat: i64, place: MessageSlot, stage: MessageStage, payload: P) {
        let rates = &self.rates;
        let chat = self
            .chats
            .entry(chat)
            .or_insert_with(|| ChatQueue::new(rates));
        if stage == MessageStage::Draft && chat.is_final(place) {
            return;
        }
        let pending = PendingMessage {
            place,
            stage,
            payload,
        };
        match chat.pending.iter_mut().find(|other| other.place == place) {
            Some(waiting) => *waiting = pending,
            None => chat.pending.push_back(pending),
        }
    }

    /// Withdraws a message that was never sent; `false` if it was, or is being sent.
    pub fn withdraw(&mut self, chat: i64, place: MessageSlot) -> bool {
        let Some(chat) = self.chats.get_mut(&chat) else {
            return true;
        };
        let is_it = |pending: &PendingMessage<P>| pending.place == place;
        if chat.shown.contains_key(&place) || chat.in_flight.as_ref().is_some_and(is_it) {
            return false;
        }
        chat.pending.retain(|pending| !is_it(pending));
        true
    }

    /// What to do now.
    pub fn next(&mut self, now: Instant) -> NextSend<P> {
        for chat in self.chats.values_mut() {
            chat.drop_unchanged();
        }
        let mut soonest: Option<(Instant, i64, usize)> = None;
        let after = self.chats.range(self.last.saturating_add(1)..);
        let before = self.chats.range(..=self.last);
        for (number, chat) in after.chain(before) {
            let Some((index, ready)) = chat.ready(*number, now, &self.rates) else {
                continue;
            };
            if soonest.is_none_or(|(time, ..)| ready < time) {
                soonest = Some((ready, *number, index));
            }
        }
        let Some((ready, number, index)) = soonest else {
            return NextSend::Idle;
        };
        if self.in_flight >= self.rates.a_second {
            return NextSend::Idle;
        }
        let ready = ready.max(self.sent.free_for(self.in_flight + 1, now));
        let ready = self.blocked_until.map_or(ready, |until| ready.max(until));
        if ready > now {
            return NextSend::Wait(ready);
        }
        self.take(number, index, now)
    }

    fn take(&mut self, number: i64, index: usize, now: Instant) -> NextSend<P> {
        let taken = self.chats.get_mut(&number).and_then(|chat| {
            let pending = chat.pending.remove(index)?;
            Some((chat, pending))
        });
        let Some((chat, pending)) = taken else {
            return NextSend::Idle;
        };
        self.last = number;
        self.in_flight += 1;
        chat.sent.note(now);
        chat.in_flight = Some(pending.clone());
        NextSend::Send(SendJob {
            chat: number,
            place: pending.place,
            edits: chat.shown.get(&pending.place).map(|shown| shown.message),
            payload: pending.payload,
        })
    }

    /// Takes the result of a chat's current job.
    pub fn done(&mut self, chat: i64, now: Instant, outcome: SendOutcome<P>) {
        let number = chat;
        let others: Vec<Instant> = self
            .chats
            .iter()
            .filter(|(other, _)| **other != number)
            .filter_map(|(_, chat)| chat.blocked_until.filter(|until| *until > now))
            .collect();
        let Some(chat) = self.chats.get_mut(&number) else {
            return;
        };
        let Some(pending) = chat.in_flight.take() else {
            return;
        };
        self.in_flight = self.in_flight.saturating_sub(1);
        self.sent.note(now);
        // Counted from the time of arrival, so that a delay cannot bring two of them together.
        chat.last_message = Some(now);
        if chat.shown.contains_key(&pending.place) {
            chat.last_edit = Some(now);
        }
        if !matches!(outcome, SendOutcome::Unreachable) {
            chat.failures = 0;
        }
        match outcome {
            SendOutcome::Shown(message) => chat.arrived(pending, message),
            SendOutcome::Refused => {}
            SendOutcome::Gone => {
                chat.shown.remove(&pending.place);
                chat.again(pending);
            }
            SendOutcome::Instead(payload) => chat.again(PendingMessage { payload, ..pending }),
            SendOutcome::Unreachable => {
                chat.failures += 1;
                let wait = Duration::from_secs(1 << chat.failures.min(6));
                chat.blocked_until = Some(now + wait);
                chat.again(pending);
            }
            SendOutcome::RetryAfter(wait) => {
                chat.blocked_until = Some(now + wait);
                chat.again(pending);
                // Two chats at once: the whole bot exceeds the limit.
                if !others.is_empty() {
                    let until = others.into_iter().fold(now + wait, Instant::max);
                    self.blocked_until = Some(until);
                }
            }
        }
    }

    /// Whether Telegram accepts nothing in a chat now, not even a typing sign.
    pub fn is_blocked(&self, chat: i64, now: Instant) -> bool {
        let is_later = |until: Option<Instant>| until.is_some_and(|until| until > now);
        let chat = self.chats.get(&chat);
        is_later(self.blocked_until) || is_later(chat.and_then(|chat| chat.blocked_until))
    }

    /// Number of pending messages of a chat.
    pub fn pending(&self, chat: i64) -> usize {
        self.chats.get(&chat).map_or(0, |chat| chat.pending.len())
    }

    /// Forgets a message: it will not be edited again.
    pub fn forget(&mut self, chat: i64, place: MessageSlot) {
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.shown.remove(&place);
        }
    }

    /// Whether everything was sent.
    pub fn is_empty(&self) -> bool {
        let is_done = |chat: &ChatQueue<P>| chat.pending.is_empty() && chat.in_flight.is_none();
        self.chats.values().all(is_done)
    }
}

impl<P: Clone + PartialEq> ChatQueue<P> {
    fn new(rates: &SendRates) -> ChatQueue<P> {
        ChatQueue {
            pending: VecDeque::new(),
            shown: BTreeMap::new(),
            in_flight: None,
            sent: SlidingWindow::new(Duration::from_secs(60), rates.a_minute_in_a_group),
            last_edit: None,
            last_message: None,
            blocked_until: None,
            failures: 0,
        }
    }

    fn is_final(&self, place: MessageSlot) -> bool {
        let waiting = self.pending.iter().chain(&self.in_flight);
        let mut stages = waiting
            .filter(|pending| pending.place == place)
            .map(|it| it.stage);
        let shown = self.shown.get(&place).map(|shown| shown.stage);
        stages.any(|stage| stage == MessageStage::Final) || shown == Some(MessageStage::Final)
    }

    /// A text that is already shown needs no edit.
    fn drop_unchanged(&mut self) {
        if self.in_flight.is_some() {
            return;
        }
        let shown = &mut self.shown;
        self.pending.retain(|pending| {
            let known = shown.get_mut(&pending.place);
            let Some(known) = known.filter(|known| known.payload == pending.payload) else {
                return true;
            };
            if pending.stage == MessageStage::Final {
                known.stage = MessageStage::Final;
            }
            false
        });
    }

    /// The index of the next entry, and when it may be sent.
    fn ready(&self, number: i64, now: Instant, rates: &SendRates) -> Option<(usize, Instant)> {
        if self.in_flight.is_some() {
            return None;
        }
        let is_new = |pending: &PendingMessage<P>| !self.shown.contains_key(&pending.place);
        let must =
            |pending: &PendingMessage<P>| pending.stage == MessageStage::Final || is_new(pending);
        let index = self.pending.iter().position(must);
        let index = index.unwrap_or_default();
        let pending = self.pending.get(index)?;
        let mut ready = now;
        let mut not_before = |time: Option<Instant>| ready = ready.max(time.unwrap_or(now));
        not_before(self.blocked_until);
        not_before(self.last_message.map(|last| last + rates.between_messages));
        if !is_new(pending) {
            not_before(self.last_edit.map(|last| last + rates.between_edits));
        }
        if number < 0 {
            // Drafts leave room for final texts.
            let kept = if must(pending) {
                0
            } else {
                rates.a_minute_in_a_group / 3
            };
            not_before(Some(self.sent.free_for(kept + 1, now)));
        }
        Some((index, ready))
    }

    fn arrived(&mut self, pending: PendingMessage<P>, message: i32) {
        let shown = SentMessage {
            message,
            stage: pending.stage,
            payload: pending.payload,
        };
        self.shown.insert(pending.place, shown);
        if self.shown.len() > MOST_PLACES {
            self.shown.pop_first();
        }
    }

    /// Sends something again, unless there is something newer for the same message.
    fn again(&mut self, pending: PendingMessage<P>) {
        match self
            .pending
            .iter()
            .position(|other| other.place == pending.place)
        {
            None => self.pending.push_front(pending),
            Some(index) => {
                // It keeps its place, since messages must keep their order.
                if let Some(newer) = self.pending.remove(index) {
                    let is_final =
                        pending.stage == MessageStage::Final && newer.stage == MessageStage::Draft;
                    self.pending
                        .push_front(if is_final { pending } else { newer });
                }
            }
        }
    }
}
