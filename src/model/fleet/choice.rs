//! Who takes the next batch: a function of the members' states and of who waits.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Requests of a member under way: one is answered while the next is waiting.
pub const REQUESTS_PER_MEMBER: usize = 2;
/// Failures in a row after which a member rests.
const MOST_FAILURES: u32 = 2;
/// How long it rests.
pub const REST: Duration = Duration::from_secs(60);
/// A batch that takes so many times as long as usual is asked elsewhere as well.
const TIMES_USUAL: f64 = 5.0;
/// A member that is so many times slower than its peers is usual; one that is slower yet is no help.
const TIMES_SLOWER: f64 = 5.0;
/// No batch is asked elsewhere before: it may be that a model is loaded, or that this machine is busy.
pub const LEAST_PATIENCE: Duration = Duration::from_secs(5);
/// Answers of a member whose times are remembered.
const REMEMBERED: usize = 15;

/// What is known of a member.
#[derive(Clone, Debug, Default)]
pub struct MemberState {
    /// Requests that are not answered yet.
    pub under_way: usize,
    /// Whether it makes a reply of a chat, which has priority.
    pub is_replying: bool,
    /// Failures since its last answer, and what was said of the last one.
    failures: u32,
    last_failure: Option<String>,
    rests_until: Option<Instant>,
    /// Seconds per text of the last answers.
    times: VecDeque<f64>,
}

/// Batches that wait, by their numbers: the smallest is the first. Each with the member that has
/// failed it, if one has.
pub type Queue = BTreeMap<u64, Option<usize>>;

impl MemberState {
    /// Takes an answer into account.
    pub fn answered(&mut self, texts: usize, took: Duration) {
        self.failures = 0;
        self.last_failure = None;
        self.rests_until = None;
        self.remember(texts, took);
    }

    /// Takes into account that it refused a text, as another one did.
    pub fn refused(&mut self) {
        self.failures = 0;
    }

    /// Takes a failure into account.
    pub fn failed(&mut self, why: &str, now: Instant) {
        self.failures += 1;
        self.last_failure = Some(why.to_owned());
        if self.failures >= MOST_FAILURES {
            self.rests_until = Some(now + REST);
        }
    }

    /// Takes into account that another member was asked as well and answered first.
    pub fn overtaken(&mut self, texts: usize, took: Duration, now: Instant) {
        self.remember(texts, took);
        self.failed(&format!("it sent nothing for {} s", took.as_secs()), now);
    }

    fn remember(&mut self, texts: usize, took: Duration) {
        if self.times.len() == REMEMBERED {
            self.times.pop_front();
        }
        self.times
            .push_back(took.as_secs_f64() / texts.max(1) as f64);
    }

    /// Whether it gets no requests for now, since it failed.
    pub fn is_resting(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    /// When its rest ends, if it rests.
    pub fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.rests_until.filter(|until| now < *until)
    }

    /// What was said of its last failure.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    fn has_room(&self, now: Instant) -> bool {
        !self.is_replying && !self.is_resting(now) && self.under_way < REQUESTS_PER_MEMBER
    }

    /// Seconds until it would have answered one more request, as far as that is known.
    fn seconds_with_another(&self) -> f64 {
        (self.under_way + 1) as f64 * median(self.times.iter().copied()).unwrap_or(0.0)
    }
}

/// The member that a waiting batch goes to now, if there is room for it and for all before it.
pub fn member_for(
    batch: u64,
    queue: &Queue,
    members: &[MemberState],
    now: Instant,
) -> Option<usize> {
    let mut members = members.to_vec();
    for (number, failed_by) in queue {
        let member = first_free(&members, *failed_by, now);
        if *number == batch {
            return member;
        }
        if let Some(member) = member {
            members[member].under_way += 1;
        }
    }
    None
}

/// The member with room that would answer first; among those of whom that is not known, the one
/// with the least to do. One that has failed the batch gets it again only if all others rest.
fn first_free(members: &[MemberState], failed_by: Option<usize>, now: Instant) -> Option<usize> {
    let is_other = |at: &usize| Some(*at) != failed_by;
    let has_other = (0..members.len())
        .filter(is_other)
        .any(|at| !members[at].is_resting(now));
    let free = (0..members.len()).filter(|at| members[*at].has_room(now));
    free.filter(|at| is_other(at) || !has_other)
        .min_by(|left, right| sooner(&members[*left], &members[*right]))
}

fn sooner(left: &MemberState, right: &MemberState) -> Ordering {
    let seconds = left
        .seconds_with_another()
        .total_cmp(&right.seconds_with_another());
    seconds.then_with(|| left.under_way.cmp(&right.under_way))
}

/// How long a member may take for a batch before another one is asked as well; `None` while nothing
/// is known of the others, or if there are none.
///
/// It is never less than `least`. A member that is always slower is not asked in vain: its own times
/// count, up to five times those of its peers.
pub fn patience(
    member: usize,
    texts: usize,
    members: &[MemberState],
    least: Duration,
) -> Option<Duration> {
    let own = &members.get(member)?.times;
    let peers = members.iter().enumerate().filter(|(at, _)| *at != member);
    let peers = median(peers.flat_map(|(_, peer)| peer.times.iter().copied()))?;
    let own = median(own.iter().copied()).unwrap_or(peers);
    let usual = own.clamp(peers, peers * TIMES_SLOWER);
    let seconds = TIMES_USUAL * usual * texts as f64;
    let patience = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Some(patience.max(least))
}

/// The lower one of the two in the middle, if there are two.
fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().checked_sub(1)? / 2).copied()
}

/// Whether a server has a model, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelPresence {
    /// It is in memory.
    Loaded,
    /// It can be loaded.
    Installed,
    Absent,
}

/// The server for a new session, by what each says of the model; `None` for those that do not
/// answer. Of equals, the first.
pub fn server_for_session(presences: &[Option<ModelPresence>]) -> Option<usize> {
    let answered = presences.iter().enumerate();
    let answered = answered.filter_map(|(at, presence)| Some((at, (*presence)?)));
    answered
        .min_by_key(|(_, presence)| *presence)
        .map(|(at, _)| at)
}
