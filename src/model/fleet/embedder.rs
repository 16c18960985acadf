//! The embedder over several members: queue, requests, and what is done when one fails.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select, select_all};
use ollacode_indexer::{BatchSize, EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::choice::{
    LEAST_PATIENCE, MemberState, Queue, REQUESTS_PER_MEMBER, member_for, patience,
};

/// When a server is left to replies of a chat.
pub trait Priority: Send + Sync {
    /// Whether a server makes a reply.
    fn is_replying(&self, server: &str) -> bool;

    /// Waits until it makes one.
    fn busy<'a>(&'a self, server: &'a str) -> BoxFuture<'a, ()>;

    /// Waits until it makes none.
    fn idle<'a>(&'a self, server: &'a str) -> BoxFuture<'a, ()>;
}

/// What is known of the members; it outlives the embedder. Clones share it.
#[derive(Clone, Debug)]
pub struct FleetState(Arc<SharedState>);

#[derive(Debug)]
struct SharedState {
    members: Mutex<Vec<MemberState>>,
    sizes: Vec<BatchSize>,
}

impl FleetState {
    /// Of so many members nothing is known.
    pub fn of(members: usize) -> FleetState {
        FleetState(Arc::new(SharedState {
            members: Mutex::new(vec![MemberState::default(); members]),
            sizes: (0..members).map(|_| BatchSize::default()).collect(),
        }))
    }
}

/// Embeds on whichever member has room. All have the model of the first.
pub struct FleetEmbedder<'a> {
    members: Vec<&'a dyn Embedder>,
    state: FleetState,
    priority: &'a dyn Priority,
    queue: Mutex<(u64, Queue)>,
    /// Whether a member has room again, or a batch waits no more.
    changed: Notify,
    /// No batch is asked elsewhere before.
    pub(super) least_patience: Duration,
}

/// How a request ended.
enum Attempt {
    Answer(Embedded),
    /// A member says that something is wrong with a text, or its answer cannot be used.
    Refused {
        by: usize,
        error: EmbedError,
    },
    /// The member failed.
    Failed(String),
    /// It was given up, since the server makes a reply.
    Yielded,
}

impl Attempt {
    /// Whether the member said something of the texts.
    fn is_answer(&self) -> bool {
        matches!(self, Attempt::Answer(_) | Attempt::Refused { .. })
    }
}

impl<'a> FleetEmbedder<'a> {
    /// Joins members, of which there is at least one; `state` is for as many.
    pub fn new(
        members: Vec<&'a dyn Embedder>,
        state: FleetState,
        priority: &'a dyn Priority,
    ) -> FleetEmbedder<'a> {
        debug_assert_eq!(members.len(), state.0.sizes.len());
        FleetEmbedder {
            members,
            state,
            priority,
            queue: Mutex::default(),
            changed: Notify::new(),
            least_patience: LEAST_PATIENCE,
        }
    }

    /// Embeds a batch on the only member, whose failures are those of the batch.
    async fn alone(&self, texts: &[String]) -> Result<Embedded, EmbedError> {
        let server = self.members[0].server();
        loop {
            self.priority.idle(server).await;
            match self.attempt(0, texts).await {
                Attempt::Answer(embedded) => return Ok(embedded),
                Attempt::Refused { error, .. } => return Err(error),
                Attempt::Failed(why) => return Err(EmbedError::Unavailable(why)),
                Attempt::Yielded => {}
            }
        }
    }

    /// Embeds a batch on one of several members. What one refuses is believed if another one refuses
    /// it as well, or if nobody else is left.
    async fn on_any(&self, texts: &[String]) -> Result<Embedded, EmbedError> {
        let mut waiting = Waiting::begin(self);
        let mut refused: Option<(usize, EmbedError)> = None;
        loop {
            let place = match (self.place(&mut waiting).await, &refused) {
                (Ok(place), Some((by, error))) if place.member == *by => return Err(error.clone()),
                (Err(_), Some((_, error))) => return Err(error.clone()),
                (place, _) => place?,
            };
            let member = place.member;
            match self.answer(place, texts).await {
                Attempt::Answer(embedded) => {
                    if let Some((by, error)) = refused {
                        self.note(by, |state| {
                            state.failed(&error.to_string(), Instant::now());
                        });
                    }
                    return Ok(embedded);
                }
                Attempt::Refused { by, error } => match &refused {
                    Some((first, _)) if *first != by => {
                        self.note(*first, MemberState::refused);
                        self.note(by, MemberState::refused);
                        return Err(error);
                    }
                    _ => {
                        waiting.again(Some(by));
                        refused = Some((by, error));
                    }
                },
                Attempt::Failed(_) => waiting.again(Some(member)),
                Attempt::Yielded => waiting.again(refused.as_ref().map(|(by, _)| *by)),
            }
        }
    }

    fn note(&self, member: usize, change: impl FnOnce(&mut MemberState)) {
        change(&mut self.state.0.members.lock()[member]);
    }

    /// Waits until it is a batch's turn and a member has room.
    ///
    /// # Errors
    /// All members rest, since they failed: each is named.
    async fn place(&self, waiting: &mut Waiting<'_, 'a>) -> Result<Place<'_, 'a>, EmbedError> {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(member) = self.turn_of(waiting.number)? {
                waiting.end();
                return Ok(Place::take(self, member));
            }
            let now = Instant::now();
            let (rests, replying): (Vec<_>, Vec<_>) = {
                let members = self.state.0.members.lock();
                let rests = members.iter().filter_map(|it| it.rests_until(now));
                let servers = self.members.iter().map(|member| member.server());
                let replying = servers.zip(members.iter());
                let replying = replying.filter(|(_, state)| state.is_replying);
                (
                    rests.collect(),
                    replying.map(|(server, _)| server).collect(),
                )
            };
            let rested = async {
                match rests.iter().min() {
                    Some(until) => sleep_until(*until).await,
                    None => std::future::pending().await,
                }
            };
            let replied = async {
                let idle: Vec<_> = replying.iter().map(|it| self.priority.idle(it)).collect();
                if idle.is_empty() {
                    return std::future::pending().await;
                }
                select_all(idle).await;
            };
            tokio::select! {
                () = changed => {}
                () = rested => {}
                () = replied => {}
            }
        }
    }

    /// The member that a waiting batch goes to, if it is its turn; the request then counts as one of
    /// that member.
    fn turn_of(&self, batch: u64) -> Result<Option<usize>, EmbedError> {
        let now = Instant::now();
        let mut members = self.state.0.members.lock();
        self.note_replies(&mut members);
        let queue = self.queue.lock();
        let member = member_for(batch, &queue.1, &members, now);
        if let Some(member) = member {
            members[member].under_way += 1;
        } else if members.iter().all(|member| member.is_resting(now)) {
            return Err(EmbedError::Unavailable(self.failures(&members)));
        }
        Ok(member)
    }

    fn note_replies(&self, members: &mut [MemberState]) {
        for (state, member) in members.iter_mut().zip(&self.members) {
            state.is_replying = self.priority.is_replying(member.server());
        }
    }

    /// What was said of each member's last failure.
    fn failures(&self, members: &[MemberState]) -> String {
        let failures = self.members.iter().zip(members).map(|(member, state)| {
            let why = state.last_failure().unwrap_or("it failed");
            format!("{}: {why}", member.server())
        });
        let failures: Vec<String> = failures.collect();
        format!("no server embeds now: {}", failures.join("; "))
    }

    /// Asks a member, and another one as well if it takes too long. The first answer counts.
    async fn answer(&self, place: Place<'_, 'a>, texts: &[String]) -> Attempt {
        let member = place.member;
        let mut first = pin!(self.attempt(member, texts));
        tokio::select! {
            biased;
            ended = &mut first => return place.settle(ended, texts.len()),
            () = self.overdue(&place, texts.len()) => {}
        }
        tracing::debug!(
            server = self.members[member].server(),
            "asking elsewhere as well"
        );
        loop {
            let second = pin!(self.elsewhere(member, texts));
            match select(first.as_mut(), second).await {
                Either::Left((ended, second)) => {
                    let ended = place.settle(ended, texts.len());
                    return match ended.is_answer() {
                        true => ended,
                        false => second.await,
                    };
                }
                Either::Right((ended, _)) if ended.is_answer() => {
                    place.overtaken(texts.len());
                    return ended;
                }
                // The other one makes a reply now, so that somebody else may have to be asked.
                Either::Right((Attempt::Yielded, _)) => {}
                Either::Right((_, first)) => return place.settle(first.await, texts.len()),
            }
        }
    }

    /// Waits until a request takes longer than it may.
    async fn overdue(&self, place: &Place<'_, 'a>, texts: usize) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let patience = {
                let members = self.state.0.members.lock();
                patience(place.member, texts, &members, self.least_patience)
            };
            let until = patience.and_then(|patience| place.since.checked_add(patience));
            let Some(until) = until else {
                changed.await;
                continue;
            };
            tokio::select! {
                () = changed => {}
                () = sleep_until(until) => return,
            }
        }
    }

    /// Asks another member than one that has the batch already.
    async fn elsewhere(&self, member: usize, texts: &[String]) -> Attempt {
        let mut waiting = Waiting::begin(self);
        waiting.again(Some(member));
        match self.place(&mut waiting).await {
            // The same request twice would help nobody.
            Ok(place) if place.member == member => {
                Attempt::Failed("nobody else is left".to_owned())
            }
            Ok(place) => {
                let ended = self.attempt(place.member, texts).await;
                place.settle(ended, texts.len())
            }
            Err(error) => Attempt::Failed(error.to_string()),
        }
    }

    async fn attempt(&self, by: usize, texts: &[String]) -> Attempt {
        let member = self.members[by];
        tokio::select! {
            answer = member.embed(texts) => match answer {
                Ok(embedded) => Attempt::Answer(embedded),
                Err(EmbedError::Unavailable(why)) => Attempt::Failed(why),
                Err(error) => Attempt::Refused { by, error },
            },
            // Dropping the request is what makes the server stop.
            () = self.priority.busy(member.server()) => Attempt::Yielded,
        }
    }
}

impl Embedder for FleetEmbedder<'_> {
    fn model(&self) -> &EmbeddingModel {
        self.members[0].model()
    }

    fn wrap(&self, text: &str, role: Role) -> String {
        self.members[0].wrap(text, role)
    }

    fn server(&self) -> &str {
        self.members[0].server()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        if self.members.len() == 1 {
            self.alone(texts).boxed()
        } else {
            self.on_any(texts).boxed()
        }
    }

    fn requests_at_once(&self) -> usize {
        REQUESTS_PER_MEMBER * self.members.len()
    }

    fn texts_at_once(&self) -> Option<usize> {
        if self.members.len() == 1 {
            return None;
        }
        let sizes = &self.state.0.sizes;
        let mut members = self.state.0.members.lock().clone();
        self.note_replies(&mut members);
        let mut queue = self.queue.lock().1.clone();
        queue.insert(u64::MAX, None);
        let now = Instant::now();
        if let Some(member) = member_for(u64::MAX, &queue, &members, now) {
            return Some(sizes[member].texts());
        }
        // Whoever takes it later is not kept too long.
        let awake = sizes.iter().zip(&members);
        let awake = awake.filter(|(_, member)| !member.is_resting(now));
        awake.map(|(size, _)| size.texts()).min()
    }
}

/// A batch that waits. Dropping it gives up its place in the queue.
struct Waiting<'f, 'a> {
    fleet: &'f FleetEmbedder<'a>,
    number: u64,
}

impl<'f, 'a> Waiting<'f, 'a> {
    fn begin(fleet: &'f FleetEmbedder<'a>) -> Waiting<'f, 'a> {
        let mut queue = fleet.queue.lock();
        let number = queue.0;
        queue.0 += 1;
        queue.1.insert(number, None);
        drop(queue);
        Waiting { fleet, number }
    }

    /// Waits again, before all that came later.
    fn again(&mut self, failed_by: Option<usize>) {
        self.fleet.queue.lock().1.insert(self.number, failed_by);
    }

    fn end(&mut self) {
        self.fleet.queue.lock().1.remove(&self.number);
        self.fleet.changed.notify_waiters();
    }
}

impl Drop for Waiting<'_, '_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// A request of a member. Dropping it gives the room to another one.
struct Place<'f, 'a> {
    fleet: &'f FleetEmbedder<'a>,
    member: usize,
    since: Instant,
}

impl<'f, 'a> Place<'f, 'a> {
    /// The room of a request that counts as the member's already.
    fn take(fleet: &'f FleetEmbedder<'a>, member: usize) -> Place<'f, 'a> {
        Place {
            fleet,
            member,
            since: Instant::now(),
        }
    }

    /// Takes into account how the request ended, and hands that on.
    fn settle(self, ended: Attempt, texts: usize) -> Attempt {
        let took = self.since.elapsed();
        let shared = &self.fleet.state.0;
        let mut members = shared.members.lock();
        let state = &mut members[self.member];
        match &ended {
            Attempt::Answer(_) => {
                state.answered(texts, took);
                shared.sizes[self.member].learn(texts, took);
            }
            Attempt::Failed(why) => state.failed(why, Instant::now()),
            // Whose fault a refusal is, another one shows.
            Attempt::Refused { .. } | Attempt::Yielded => {}
        }
        ended
    }

    /// Takes into account that another member has answered meanwhile.
    fn overtaken(self, texts: usize) {
        let took = self.since.elapsed();
        let shared = &self.fleet.state.0;
        shared.sizes[self.member].learn(texts, took);
        shared.members.lock()[self.member].overtaken(texts, took, Instant::now());
    }
}

impl Drop for Place<'_, '_> {
    fn drop(&mut self) {
        let mut members = self.fleet.state.0.members.lock();
        let state = &mut members[self.member];
        state.under_way = state.under_way.saturating_sub(1);
        drop(members);
        self.fleet.changed.notify_waiters();
    }
}
