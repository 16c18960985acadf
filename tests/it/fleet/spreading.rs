use std::time::{Duration, Instant};

use ollacode_store::ReplyMarks;

use super::{assert_complete, assert_none_twice, embedded, with_two};
use crate::support::{Fault, ModelServer, wait_until};

fn slow(milliseconds: u64) -> Fault {
    Fault::Delay(Duration::from_millis(milliseconds))
}

/// A run that is shorter asks for no text twice, since a server has as long to answer.
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

/// Demands that no text was embedded twice by servers in a run that began then.
#[track_caller]
fn assert_none_twice_since(began: Instant, servers: [&ModelServer; 2]) {
    let took = began.elapsed();
    let texts = servers.map(embedded).concat();
    if took < LEAST_PATIENCE {
        assert_none_twice(&texts);
    }
}

#[test]
fn two_servers_embed_at_once_and_the_fast_one_does_more() {
    // So slow that the other one does more on the busiest machine.
    let (fast, slow) = (ModelServer::start(), ModelServer::with(&[slow(1_000)]));
    let environment = with_two(&slow, &fast, 60);
    let began = Instant::now();
    let output = environment.index();
    assert!(!output.stderr.contains("does not embed"), "{output:#?}");
    assert_none_twice_since(began, [&fast, &slow]);
    let (most, least) = (embedded(&fast), embedded(&slow));
    assert!(!least.is_empty(), "the slow one takes part");
    assert!(
        most.len() > least.len(),
        "{} texts and {}",
        most.len(),
        least.len()
    );
    assert_complete(&environment);
}

#[test]
fn what_a_server_that_dies_had_is_embedded_elsewhere() {
    let good = ModelServer::with(&[slow(100)]);
    let dying = ModelServer::with(&[slow(100)]);
    let environment = with_two(&good, &dying, 80);
    let began = Instant::now();
    let running = environment.start(&["index"]);
    wait_until("texts at both", || {
        !embedded(&good).is_empty() && !embedded(&dying).is_empty()
    });
    dying.set(&[Fault::Down]);
    running.finish().expect_success();
    assert_none_twice_since(began, [&good, &dying]);
    assert_complete(&environment);
}

#[test]
fn what_a_server_that_answers_nonsense_had_is_embedded_elsewhere() {
    // An answer that cannot be used, and vectors of a model that was replaced under its name.
    for fault in [Fault::WrongDimension, Fault::OtherVectors] {
        let good = ModelServer::with(&[slow(100)]);
        let wrong = ModelServer::with(&[slow(100)]);
        let environment = with_two(&good, &wrong, 40);
        let running = environment.start(&["index"]);
        wait_until("texts at both", || {
            !embedded(&good).is_empty() && !embedded(&wrong).is_empty()
        });
        wrong.set(&[slow(100), fault]);
        running.finish().expect_success();
        assert_complete(&environment);
    }
}

#[test]
fn while_a_server_replies_it_embeds_nothing_and_the_other_one_everything() {
    // Ten seconds of work, of which the first one is enough to see what follows.
    let chatting = ModelServer::with(&[slow(1_000)]);
    let other = ModelServer::with(&[slow(1_000)]);
    let environment = with_two(&chatting, &other, 60);
    let running = environment.start(&["index"]);
    wait_until("texts at both", || {
        !embedded(&chatting).is_empty() && !embedded(&other).is_empty()
    });
    let marks = ReplyMarks::of(&environment.data_folder().join("ollacode"));
    let reply = marks.mark(&chatting.uri()).expect("a mark");
    // What was on its way to it is there by then.
    let before = other.requests();
    wait_until("requests elsewhere", || other.requests() >= before + 3);
    let texts = chatting.received().len();
    running.finish().expect_success();
    assert_eq!(chatting.received().len(), texts, "it replies");
    drop(reply);
    assert_complete(&environment);
}
