use std::time::Duration;

use ollacode_store::ReplyMarks;

use super::{assert_complete, assert_none_twice, embedded, with_two};
use crate::support::{Fault, ModelServer, wait_until};

fn slow(milliseconds: u64) -> Fault {
    Fault::Delay(Duration::from_millis(milliseconds))
}

#[test]
fn two_servers_embed_at_once_and_the_fast_one_does_more() {
    let fast = ModelServer::with(&[slow(20)]);
    let five_times_slower = ModelServer::with(&[slow(100)]);
    let environment = with_two(&five_times_slower, &fast, 60);
    let output = environment.index();
    assert!(!output.stderr.contains("does not embed"), "{output:#?}");
    let (most, least) = (embedded(&fast), embedded(&five_times_slower));
    assert!(!least.is_empty(), "the slow one takes part");
    assert!(
        most.len() > least.len(),
        "{} texts and {}",
        most.len(),
        least.len()
    );
    assert_none_twice(&[most, least].concat());
    assert_complete(&environment);
}

#[test]
fn what_a_server_that_dies_had_is_embedded_elsewhere() {
    let good = ModelServer::with(&[slow(100)]);
    let dying = ModelServer::with(&[slow(100)]);
    let environment = with_two(&good, &dying, 80);
    let running = environment.start(&["index"]);
    wait_until("texts at both", || {
        !embedded(&good).is_empty() && !embedded(&dying).is_empty()
    });
    dying.set(&[Fault::Down]);
    running.finish().expect_success();
    assert_none_twice(&[embedded(&good), embedded(&dying)].concat());
    assert_complete(&environment);
}

#[test]
fn while_a_server_replies_it_embeds_nothing_and_the_other_one_everything() {
    let chatting = ModelServer::with(&[slow(300)]);
    let other = ModelServer::with(&[slow(300)]);
    let environment = with_two(&chatting, &other, 120);
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
