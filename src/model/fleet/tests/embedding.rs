use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::super::{FleetEmbedder, FleetState, Priority};

const LONG: Duration = Duration::from_secs(30);

/// A member that does as it is told.
struct Scripted {
    model: EmbeddingModel,
    server: &'static str,
    /// Requests so far.
    asked: watch::Sender<usize>,
    /// Texts that were answered.
    answered: Mutex<Vec<String>>,
    /// Requests that were given up.
    dropped: AtomicUsize,
    /// Answers after which it fails.
    dies_after: Mutex<Option<usize>>,
    /// Whether it gives no vectors for requests with a text.
    refuses: fn(&str) -> bool,
    /// Answers that it may give.
    permits: Semaphore,
}

impl Scripted {
    fn new(server: &'static str) -> Scripted {
        Scripted {
            model: EmbeddingModel {
                name: "m".to_owned(),
                digest: "d".to_owned(),
                weights: None,
                dimension: 1,
                window: 512,
                template: String::new(),
            },
            server,
            asked: watch::Sender::new(0),
            answered: Mutex::default(),
            dropped: AtomicUsize::new(0),
            dies_after: Mutex::new(None),
            refuses: |_| false,
            permits: Semaphore::new(0),
        }
    }

    /// One that answers whatever it is asked.
    fn willing(server: &'static str) -> Scripted {
        let member = Scripted::new(server);
        member.permits.add_permits(1_000_000);
        member
    }

    fn asked(&self) -> usize {
        *self.asked.borrow()
    }

    async fn wait_for_requests(&self, requests: usize) {
        let mut asked = self.asked.subscribe();
        let waiting = asked.wait_for(|asked| *asked >= requests);
        drop(timeout(LONG, waiting).await.expect("it is asked"));
    }

    fn count(&self) -> usize {
        self.answered.lock().len()
    }
}

/// Counts a request that is dropped before its answer.
struct UnderWay<'a>(&'a Scripted, bool);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let UnderWay(member, is_answered) = self;
        if !*is_answered {
            member.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Embedder for Scripted {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, _: Role) -> String {
        text.to_owned()
    }

    fn server(&self) -> &str {
        self.server
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        async move {
            self.asked.send_modify(|asked| *asked += 1);
            let mut under_way = UnderWay(self, false);
            let permit = self.permits.acquire().await.expect("it is never closed");
            permit.forget();
            tokio::task::yield_now().await;
            under_way.1 = true;
            if (*self.dies_after.lock()).is_some_and(|most| self.count() >= most) {
                return Err(EmbedError::Unavailable("it died".to_owned()));
            }
            if texts.iter().any(|text| (self.refuses)(text)) {
                return Err(EmbedError::Invalid("it has no vector".to_owned()));
            }
            self.answered.lock().extend(texts.iter().cloned());
            let number = |text: &String| text.parse().unwrap_or(-1.0);
            Ok(Embedded {
                vectors: texts.iter().map(|text| vec![number(text)]).collect(),
                tokens: None,
            })
        }
        .boxed()
    }
}

/// The server that makes a reply, if one does.
#[derive(Default)]
struct Reply(watch::Sender<&'static str>);

impl Reply {
    async fn wait(&self, holds: impl Fn(&str) -> bool) {
        drop(self.0.subscribe().wait_for(|server| holds(server)).await);
    }
}

impl Priority for Reply {
    fn is_replying(&self, server: &str) -> bool {
        *self.0.borrow() == server
    }

    fn busy<'a>(&'a self, server: &'a str) -> BoxFuture<'a, ()> {
        self.wait(move |replying| replying == server).boxed()
    }

    fn idle<'a>(&'a self, server: &'a str) -> BoxFuture<'a, ()> {
        self.wait(move |replying| replying != server).boxed()
    }
}

fn fleet<'a>(members: &[&'a Scripted], reply: &'a Reply) -> FleetEmbedder<'a> {
    let state = FleetState::of(members.len());
    let members = members.iter().map(|member| *member as &dyn Embedder);
    let mut fleet = FleetEmbedder::new(members.collect(), state, reply);
    // However busy this machine is, nothing is asked twice.
    fleet.least_patience = Duration::MAX;
    fleet
}

fn text(number: usize) -> [String; 1] {
    [number.to_string()]
}

/// Embeds texts one by one, as many at once as the fleet wants; gives the errors.
async fn embed_all(fleet: &FleetEmbedder<'_>, numbers: std::ops::Range<usize>) -> Vec<EmbedError> {
    let one = |number: usize| async move {
        let embedded = fleet.embed(&text(number)).await?;
        assert_eq!(embedded.vectors, [[number as f32]], "text {number}");
        Ok::<(), EmbedError>(())
    };
    let all = stream::iter(numbers).map(one);
    let all = all.buffer_unordered(fleet.requests_at_once());
    let ended: Vec<Result<(), EmbedError>> = timeout(LONG, all.collect()).await.expect("an end");
    ended.into_iter().filter_map(Result::err).collect()
}

/// Every text of all members, sorted; none twice.
#[track_caller]
fn assert_once(members: &[&Scripted], count: usize) {
    let all: Vec<String> = members
        .iter()
        .flat_map(|member| member.answered.lock().clone())
        .collect();
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (count, count), "lost or twice");
}

#[tokio::test]
async fn the_slowest_holds_nobody_up() {
    const TEXTS: usize = 600;
    let (fast, slow, reply) = (
        Scripted::new("fast"),
        Scripted::new("slow"),
        Reply::default(),
    );
    let fleet = fleet(&[&slow, &fast], &reply);
    let embedding = embed_all(&fleet, 0..TEXTS);
    // In each round the fast one answers five times, the slow one once, whatever the clock says.
    let rounds = async {
        let mut rounds = 0;
        while fast.count() + slow.count() < TEXTS {
            rounds += 1;
            let (fast_wanted, slow_wanted) = (fast.count() + 5, slow.count() + 1);
            fast.permits.add_permits(5);
            slow.permits.add_permits(1);
            // At the end there may be nothing left for one of them.
            let is_done = |member: &Scripted, wanted: usize| {
                let is_idle = member.asked() == member.count();
                let is_end = is_idle && fast.asked() + slow.asked() >= TEXTS;
                member.count() >= wanted || is_end
            };
            let is_over = || is_done(&fast, fast_wanted) && is_done(&slow, slow_wanted);
            while !is_over() {
                tokio::task::yield_now().await;
            }
        }
        rounds
    };
    let (errors, rounds) = tokio::join!(embedding, timeout(LONG, rounds));
    assert_eq!(errors, []);
    let least = TEXTS / 6;
    let rounds = rounds.expect("nobody waits for the slow one");
    assert!(
        rounds * 9 <= least * 10,
        "{rounds} rounds, {least} would be the sum"
    );
    assert_once(&[&fast, &slow], TEXTS);
}

#[tokio::test]
async fn what_a_member_that_dies_had_is_done_by_another_one() {
    let (good, bad, reply) = (
        Scripted::willing("good"),
        Scripted::willing("bad"),
        Reply::default(),
    );
    *bad.dies_after.lock() = Some(5);
    let fleet = fleet(&[&good, &bad], &reply);
    assert_eq!(embed_all(&fleet, 0..200).await, []);
    assert_once(&[&good, &bad], 200);
    // Two failures, and what was under way then; after that it rests.
    assert!(bad.asked() <= 5 + 3, "{}", bad.asked());
    assert_eq!(embed_all(&fleet, 200..300).await, []);
    assert!(bad.asked() <= 5 + 3, "{}", bad.asked());
}

#[tokio::test]
async fn when_all_are_dead_each_is_named() {
    let (one, other, reply) = (
        Scripted::willing("one"),
        Scripted::willing("other"),
        Reply::default(),
    );
    *one.dies_after.lock() = Some(0);
    *other.dies_after.lock() = Some(3);
    let fleet = fleet(&[&one, &other], &reply);
    let errors = embed_all(&fleet, 0..20).await;
    assert_eq!(errors.len(), 17);
    let EmbedError::Unavailable(why) = &errors[0] else {
        panic!("{errors:?}");
    };
    for word in ["no server embeds", "one: it died", "other: it died"] {
        assert!(why.contains(word), "{why}");
    }
    // A server alone says what it always said.
    let alone = FleetEmbedder::new(vec![&one], FleetState::of(1), &reply);
    for _ in 0..3 {
        let failed = alone.embed(&text(1)).await;
        assert_eq!(failed, Err(EmbedError::Unavailable("it died".to_owned())));
    }
}

#[tokio::test]
async fn who_takes_too_long_is_asked_no_more_and_the_batch_elsewhere() {
    let (hung, good, reply) = (
        Scripted::new("hung"),
        Scripted::new("good"),
        Reply::default(),
    );
    let mut fleet = fleet(&[&hung, &good], &reply);
    fleet.least_patience = Duration::from_millis(1);
    let (first, second) = (text(1), text(2));
    let answering = async {
        hung.wait_for_requests(1).await;
        good.wait_for_requests(1).await;
        // Nothing is known of anybody yet, so nothing is asked twice.
        assert_eq!((hung.asked(), good.asked()), (1, 1));
        good.permits.add_permits(1);
        good.wait_for_requests(2).await;
        good.permits.add_permits(1);
    };
    let both = async { tokio::join!(fleet.embed(&first), fleet.embed(&second)) };
    let both = timeout(LONG, both);
    let (embedded, ()) = tokio::join!(both, answering);
    let (first, second) = embedded.expect("both are answered");
    assert_eq!(first.expect("vectors").vectors, [[1.0]]);
    assert_eq!(second.expect("vectors").vectors, [[2.0]]);
    assert_eq!(
        hung.dropped.load(Ordering::SeqCst),
        1,
        "its request is given up"
    );
    assert_once(&[&hung, &good], 2);
}

#[tokio::test]
async fn a_batch_of_who_hangs_is_asked_elsewhere_until_somebody_answers() {
    let (hung, good, reply) = (
        Scripted::new("hung"),
        Scripted::new("good"),
        Reply::default(),
    );
    let mut fleet = fleet(&[&hung, &good], &reply);
    fleet.least_patience = Duration::from_millis(1);
    let (first, second) = (text(1), text(2));
    let answering = async {
        good.wait_for_requests(1).await;
        good.permits.add_permits(1);
        good.wait_for_requests(2).await;
        // It replies to a chat before it has answered.
        reply.0.send_replace("good");
        while good.dropped.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        reply.0.send_replace("");
        good.wait_for_requests(3).await;
        good.permits.add_permits(1);
    };
    let both = async { tokio::join!(fleet.embed(&first), fleet.embed(&second), answering) };
    let (first, second, ()) = timeout(LONG, both).await.expect("both are answered");
    assert_eq!(first.expect("vectors").vectors, [[1.0]]);
    assert_eq!(second.expect("vectors").vectors, [[2.0]]);
    assert_once(&[&hung, &good], 2);
}

#[tokio::test]
async fn what_only_one_member_refuses_another_one_embeds() {
    let (mut broken, good, reply) = (
        Scripted::willing("broken"),
        Scripted::willing("good"),
        Reply::default(),
    );
    broken.refuses = |_| true;
    let fleet = fleet(&[&broken, &good], &reply);
    assert_eq!(embed_all(&fleet, 0..200).await, []);
    assert_once(&[&good], 200);
    // Two requests that another one answers, and what was under way until then.
    assert!(broken.asked() <= 8, "{}", broken.asked());
}

#[tokio::test]
async fn what_all_members_refuse_is_the_fault_of_the_text() {
    let (mut one, mut other, reply) = (
        Scripted::willing("one"),
        Scripted::willing("other"),
        Reply::default(),
    );
    one.refuses = |text| text.ends_with('7');
    other.refuses = one.refuses;
    let fleet = fleet(&[&one, &other], &reply);
    let errors = embed_all(&fleet, 0..100).await;
    let refusal = EmbedError::Invalid("it has no vector".to_owned());
    assert_eq!(errors, vec![refusal; 10]);
    assert_once(&[&one, &other], 90);
    // Each of the ten was asked of both, once.
    assert_eq!(one.asked() + other.asked(), 90 + 20);
}

#[tokio::test]
async fn a_reply_holds_back_its_own_server_only() {
    let (chat, other, reply) = (
        Scripted::new("chat"),
        Scripted::willing("other"),
        Reply::default(),
    );
    let fleet = fleet(&[&chat, &other], &reply);
    let first = text(0);
    let mut embedding = fleet.embed(&first);
    assert!(futures::poll!(&mut embedding).is_pending());
    assert_eq!((chat.asked(), other.asked()), (1, 0));
    reply.0.send_replace("chat");
    // What was under way there is given up, and done elsewhere.
    let embedded = timeout(LONG, embedding).await.expect("an answer");
    assert_eq!(embedded.expect("vectors").vectors, [[0.0]]);
    assert_eq!(chat.dropped.load(Ordering::SeqCst), 1);
    assert_eq!(embed_all(&fleet, 1..50).await, []);
    assert_eq!((chat.asked(), other.count()), (1, 50));
    // Afterwards it takes part again.
    reply.0.send_replace("");
    chat.permits.add_permits(1_000);
    assert_eq!(embed_all(&fleet, 50..150).await, []);
    assert!(chat.count() > 0, "it is asked again");
    assert_once(&[&chat, &other], 150);
}

#[tokio::test]
async fn alone_it_waits_for_the_end_of_a_reply() {
    let (only, reply) = (Scripted::new("only"), Reply::default());
    let fleet = fleet(&[&only], &reply);
    let one = text(1);
    let mut embedding = fleet.embed(&one);
    reply.0.send_replace("only");
    assert!(futures::poll!(&mut embedding).is_pending());
    assert_eq!(only.asked(), 0, "a reply goes first");
    reply.0.send_replace("");
    assert!(futures::poll!(&mut embedding).is_pending());
    assert_eq!(only.asked(), 1);
    reply.0.send_replace("only");
    assert!(futures::poll!(&mut embedding).is_pending());
    assert_eq!(only.dropped.load(Ordering::SeqCst), 1);
    only.permits.add_permits(1);
    reply.0.send_replace("");
    let embedded = timeout(LONG, embedding).await.expect("an answer");
    assert_eq!(embedded.expect("vectors").vectors, [[1.0]]);
    assert_eq!((fleet.requests_at_once(), only.asked()), (2, 2));
    assert_eq!(fleet.texts_at_once(), None, "the indexer measures");
}

#[tokio::test]
async fn each_member_has_batches_of_its_own_size() {
    let (one, other, reply) = (
        Scripted::willing("one"),
        Scripted::willing("other"),
        Reply::default(),
    );
    let fleet = fleet(&[&one, &other], &reply);
    assert_eq!(fleet.texts_at_once(), Some(8));
    // The first takes a batch, and has answered at once.
    let eight: Vec<String> = (0..8).map(|number: usize| number.to_string()).collect();
    assert!(fleet.embed(&eight).await.is_ok());
    assert_eq!((one.count(), other.count()), (8, 0));
    // Nothing is known of the other one, so it is the next, with a first batch.
    assert_eq!(fleet.texts_at_once(), Some(8));
    assert!(fleet.embed(&eight).await.is_ok());
    assert_eq!((one.count(), other.count()), (8, 8));
    // Both were quick, as far as the machine let them.
    let texts = fleet.texts_at_once();
    assert!(
        texts.is_some_and(|texts| (4..=16).contains(&texts)),
        "{texts:?}"
    );
}

#[tokio::test]
async fn who_rests_does_not_make_batches_small() {
    let (dead, good, reply) = (
        Scripted::willing("dead"),
        Scripted::new("good"),
        Reply::default(),
    );
    *dead.dies_after.lock() = Some(0);
    let fleet = fleet(&[&dead, &good], &reply);
    good.permits.add_permits(2);
    for number in 0..2 {
        assert!(fleet.embed(&text(number)).await.is_ok());
    }
    assert_eq!(dead.asked(), 2, "it rests");
    let texts = fleet.texts_at_once();
    let (first, second) = (text(2), text(3));
    let (mut first, mut second) = (fleet.embed(&first), fleet.embed(&second));
    assert!(futures::poll!(&mut first).is_pending());
    assert!(futures::poll!(&mut second).is_pending());
    assert_eq!(good.asked(), 4, "it has no room");
    assert_eq!(fleet.texts_at_once(), texts);
}
