//! What may be sent when: Telegram counts messages and edits alike, and locks out who exceeds.
//!
//! A front end says what each of its messages should show, as often as it likes; here it is decided
//! which of that goes out. Nothing here has a clock or sends anything: [`Pace::next`] gives what is
//! to be sent now, and [`Pace::done`] takes what came of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;
mod window;

use window::Window;

/// How much is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Between edits in one chat.
    pub between_edits: Duration,
    /// Between any two messages in one chat.
    pub between_messages: Duration,
    /// Messages of all chats in a second.
    pub a_second: usize,
    /// Messages of one group in a minute.
    pub a_minute_in_a_group: usize,
}

impl Default for Rates {
    /// A little below what Telegram takes: what is sent evenly may arrive in a heap.
    fn default() -> Rates {
        Rates {
            between_edits: Duration::from_secs(2),
            between_messages: Duration::from_secs(1),
            a_second: 25,
            a_minute_in_a_group: 18,
        }
    }
}

/// Places of a chat that are remembered; the oldest are not edited any more.
const MOST_PLACES: usize = 64;

/// Names a message of the front end, before Telegram has named it too. Newer ones are larger.
pub type Place = u64;

/// Whether more will follow for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It may be passed over if something newer comes.
    Draft,
    /// It goes out, however long that takes.
    Final,
}

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job<P> {
    /// The chat; a group if it is negative.
    pub chat: i64,
    pub place: Place,
    /// The message's number, if it is to be edited; else it is to be sent.
    pub edits: Option<i32>,
    /// What it is to show.
    pub payload: P,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<P> {
    /// Send this, and report with [`Pace::done`].
    Send(Job<P>),
    /// Nothing before this time, unless something is shown or done.
    Wait(Instant),
    /// Nothing, until something is shown or done.
    Idle,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<P> {
    /// It is shown, in the message with this number. Also what "message is not modified" means.
    Shown(i32),
    /// Telegram wants no more for so long.
    RetryAfter(Duration),
    /// It did not arrive, or nobody knows.
    Unreachable,
    /// Telegram does not take it, and this is to be shown instead.
    Instead(P),
    /// The message that it edits is not there any more.
    Gone,
    /// Telegram does not take it, and nothing helps.
    Refused,
}

/// Decides what is sent when.
pub struct Pace<P> {
    rates: Rates,
    chats: BTreeMap<i64, Chat<P>>,
    /// Of all chats, by when each had surely arrived.
    sent: Window,
    /// Those on their way, which may arrive in a heap.
    in_flight: usize,
    blocked_until: Option<Instant>,
    /// The chat that was served last: the others come first.
    last: i64,
}

struct Chat<P> {
    pending: VecDeque<Pending<P>>,
    /// What is known to Telegram.
    shown: BTreeMap<Place, Shown<P>>,
    /// What is on its way; one at a time, so that messages keep their order.
    in_flight: Option<Pending<P>>,
    sent: Window,
    last_edit: Option<Instant>,
    last_message: Option<Instant>,
    blocked_until: Option<Instant>,
    failures: u32,
}

#[derive(Clone)]
struct Pending<P> {
    place: Place,
    stage: Stage,
    payload: P,
}

struct Shown<P> {
    message: i32,
    stage: Stage,
    payload: P,
}

impl<P: Clone + PartialEq> Pace<P> {
    /// Begins with nothing sent.
    pub fn new(rates: Rates) -> Pace<P> {
        Pace {
            rates,
            chats: BTreeMap::new(),
            sent: Window::new(Duration::from_secs(1), rates.a_second),
            in_flight: 0,
            blocked_until: None,
            last: 0,
        }
    }

    /// Says what a message should show. After a final text, drafts are ignored: nothing may turn
    /// up late and undo it; but another final text may follow. It takes the place of what was said
    /// before and not sent.
    pub fn show(&mut self, chat: i64, place: Place, stage: Stage, payload: P) {
        let rates = &self.rates;
        let chat = self.chats.entry(chat).or_insert_with(|| Chat::new(rates));
        if stage == Stage::Draft && chat.is_final(place) {
            return;
        }
        let pending = Pending {
            place,
            stage,
            payload,
        };
        match chat.pending.iter_mut().find(|other| other.place == place) {
            Some(waiting) => *waiting = pending,
            None => chat.pending.push_back(pending),
        }
    }

    /// Takes back what was never sent; `false` if it was, or is on its way.
    pub fn withdraw(&mut self, chat: i64, place: Place) -> bool {
        let Some(chat) = self.chats.get_mut(&chat) else {
            return true;
        };
        let is_it = |pending: &Pending<P>| pending.place == place;
        if chat.shown.contains_key(&place) || chat.in_flight.as_ref().is_some_and(is_it) {
            return false;
        }
        chat.pending.retain(|pending| !is_it(pending));
        true
    }

    /// What is to be sent now.
    pub fn next(&mut self, now: Instant) -> Next<P> {
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
            return Next::Idle;
        };
        if self.in_flight >= self.rates.a_second {
            return Next::Idle;
        }
        let ready = ready.max(self.sent.free_for(self.in_flight + 1, now));
        let ready = self.blocked_until.map_or(ready, |until| ready.max(until));
        if ready > now {
            return Next::Wait(ready);
        }
        self.take(number, index, now)
    }

    fn take(&mut self, number: i64, index: usize, now: Instant) -> Next<P> {
        let taken = self.chats.get_mut(&number).and_then(|chat| {
            let pending = chat.pending.remove(index)?;
            Some((chat, pending))
        });
        let Some((chat, pending)) = taken else {
            return Next::Idle;
        };
        self.last = number;
        self.in_flight += 1;
        chat.sent.note(now);
        chat.in_flight = Some(pending.clone());
        Next::Send(Job {
            chat: number,
            place: pending.place,
            edits: chat.shown.get(&pending.place).map(|shown| shown.message),
            payload: pending.payload,
        })
    }

    /// Takes what came of the job that a chat was given.
    pub fn done(&mut self, chat: i64, now: Instant, outcome: Outcome<P>) {
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
        // Counted from when it has surely arrived, so that no delay brings two of them together.
        chat.last_message = Some(now);
        if chat.shown.contains_key(&pending.place) {
            chat.last_edit = Some(now);
        }
        if !matches!(outcome, Outcome::Unreachable) {
            chat.failures = 0;
        }
        match outcome {
            Outcome::Shown(message) => chat.arrived(pending, message),
            Outcome::Refused => {}
            Outcome::Gone => {
                chat.shown.remove(&pending.place);
                chat.again(pending);
            }
            Outcome::Instead(payload) => chat.again(Pending { payload, ..pending }),
            Outcome::Unreachable => {
                chat.failures += 1;
                let wait = Duration::from_secs(1 << chat.failures.min(6));
                chat.blocked_until = Some(now + wait);
                chat.again(pending);
            }
            Outcome::RetryAfter(wait) => {
                chat.blocked_until = Some(now + wait);
                chat.again(pending);
                // Two chats at once: it is the bot that sends too much.
                if !others.is_empty() {
                    let until = others.into_iter().fold(now + wait, Instant::max);
                    self.blocked_until = Some(until);
                }
            }
        }
    }

    /// Whether Telegram wants nothing in a chat: also no sign that the bot is typing.
    pub fn is_blocked(&self, chat: i64, now: Instant) -> bool {
        let is_later = |until: Option<Instant>| until.is_some_and(|until| until > now);
        let chat = self.chats.get(&chat);
        is_later(self.blocked_until) || is_later(chat.and_then(|chat| chat.blocked_until))
    }

    /// Messages of a chat that wait.
    pub fn pending(&self, chat: i64) -> usize {
        self.chats.get(&chat).map_or(0, |chat| chat.pending.len())
    }

    /// Forgets a place: it will not be edited again.
    pub fn forget(&mut self, chat: i64, place: Place) {
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.shown.remove(&place);
        }
    }

    /// Whether everything has gone out.
    pub fn is_empty(&self) -> bool {
        let is_done = |chat: &Chat<P>| chat.pending.is_empty() && chat.in_flight.is_none();
        self.chats.values().all(is_done)
    }
}

impl<P: Clone + PartialEq> Chat<P> {
    fn new(rates: &Rates) -> Chat<P> {
        Chat {
            pending: VecDeque::new(),
            shown: BTreeMap::new(),
            in_flight: None,
            sent: Window::new(Duration::from_secs(60), rates.a_minute_in_a_group),
            last_edit: None,
            last_message: None,
            blocked_until: None,
            failures: 0,
        }
    }

    /// Whether the last text of a place is known.
    fn is_final(&self, place: Place) -> bool {
        let waiting = self.pending.iter().chain(&self.in_flight);
        let mut stages = waiting
            .filter(|pending| pending.place == place)
            .map(|it| it.stage);
        let shown = self.shown.get(&place).map(|shown| shown.stage);
        stages.any(|stage| stage == Stage::Final) || shown == Some(Stage::Final)
    }

    /// Text that is shown already needs no edit.
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
            if pending.stage == Stage::Final {
                known.stage = Stage::Final;
            }
            false
        });
    }

    /// What is next, by its index, and from when it may go out.
    fn ready(&self, number: i64, now: Instant, rates: &Rates) -> Option<(usize, Instant)> {
        if self.in_flight.is_some() {
            return None;
        }
        let is_new = |pending: &Pending<P>| !self.shown.contains_key(&pending.place);
        let must = |pending: &Pending<P>| pending.stage == Stage::Final || is_new(pending);
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
            // Drafts leave room for what must go out.
            let kept = if must(pending) {
                0
            } else {
                rates.a_minute_in_a_group / 3
            };
            not_before(Some(self.sent.free_for(kept + 1, now)));
        }
        Some((index, ready))
    }

    fn arrived(&mut self, pending: Pending<P>, message: i32) {
        let shown = Shown {
            message,
            stage: pending.stage,
            payload: pending.payload,
        };
        self.shown.insert(pending.place, shown);
        if self.shown.len() > MOST_PLACES {
            self.shown.pop_first();
        }
    }

    /// Sends something once more, unless there is something newer for its place.
    fn again(&mut self, pending: Pending<P>) {
        match self
            .pending
            .iter()
            .position(|other| other.place == pending.place)
        {
            None => self.pending.push_front(pending),
            Some(index) => {
                // It keeps its turn, for messages must keep their order.
                if let Some(newer) = self.pending.remove(index) {
                    let is_final = pending.stage == Stage::Final && newer.stage == Stage::Draft;
                    self.pending
                        .push_front(if is_final { pending } else { newer });
                }
            }
        }
    }
}
