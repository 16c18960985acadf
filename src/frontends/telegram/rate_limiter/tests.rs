use super::*;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What Telegram received: chat, message, whether it was an edit, text, time.
type Seen = (i64, i32, bool, String, Duration);

/// Runs until everything is sent; `answer` gives the result of each job, which takes 100 ms.
fn run(
    pace: &mut RateLimiter<String>,
    start: Instant,
    mut feed: impl FnMut(&mut RateLimiter<String>, Duration),
    mut answer: impl FnMut(&SendJob<String>, Duration) -> Option<SendOutcome<String>>,
) -> Vec<Seen> {
    let mut now = start;
    let mut seen: Vec<Seen> = Vec::new();
    let mut flights: Vec<(Instant, i64, SendOutcome<String>)> = Vec::new();
    let mut number = 0;
    for _ in 0..200_000 {
        feed(pace, now - start);
        flights.sort_by_key(|flight| flight.0);
        while flights.first().is_some_and(|flight| flight.0 <= now) {
            let (_, chat, outcome) = flights.remove(0);
            pace.done(chat, now, outcome);
        }
        match pace.next(now) {
            NextSend::Send(job) => {
                let time = now - start;
                let outcome = answer(&job, time).unwrap_or_else(|| {
                    number += i32::from(job.edits.is_none());
                    let message = job.edits.unwrap_or(number);
                    seen.push((
                        job.chat,
                        message,
                        job.edits.is_some(),
                        job.payload.clone(),
                        time,
                    ));
                    SendOutcome::Shown(message)
                });
                flights.push((now + Duration::from_millis(100), job.chat, outcome));
                continue;
            }
            NextSend::Idle
                if flights.is_empty() && pace.is_empty() && now - start > seconds(20) =>
            {
                return seen;
            }
            NextSend::Wait(until) => assert!(until > now),
            NextSend::Idle => {}
        }
        now += Duration::from_millis(20);
    }
    panic!("it never ends");
}

fn check_rates(seen: &[Seen]) {
    for (index, (chat, _, edit, _, time)) in seen.iter().enumerate() {
        let before = &seen[..index];
        let within = |span: u64| move |other: &&Seen| *time - other.4 < seconds(span);
        let all = before.iter().filter(within(1)).count();
        assert!(all < 30, "{all} in a second");
        let group = before
            .iter()
            .filter(within(60))
            .filter(|other| other.0 == *chat);
        assert!(*chat > 0 || group.count() < 20, "more than 20 a minute");
        let edits = before
            .iter()
            .filter(within(2))
            .filter(|other| other.0 == *chat && other.2);
        assert!(!edit || edits.count() == 0, "two edits in 2 s");
    }
}

#[test]
fn the_first_text_goes_out_at_once_and_the_last_one_always() {
    let mut pace = RateLimiter::new(SendRates::default());
    let mut step = 0;
    let seen = run(
        &mut pace,
        Instant::now(),
        |pace, time| {
            // A token every 50 ms for 10 s.
            while step <= 200 && time >= Duration::from_millis(50) * step {
                let stage = if step == 200 {
                    MessageStage::Final
                } else {
                    MessageStage::Draft
                };
                pace.show(7, 1, stage, format!("text {step}"));
                step += 1;
            }
        },
        |_, _| None,
    );
    check_rates(&seen);
    assert_eq!((seen[0].2, seen[0].4), (false, Duration::ZERO));
    assert_eq!(seen.last().map(|seen| seen.3.as_str()), Some("text 200"));
    assert!(seen.len() <= 7, "{seen:?}");
}

#[test]
fn unchanged_text_is_skipped() {
    let mut pace = RateLimiter::new(SendRates::default());
    let start = Instant::now();
    pace.show(7, 1, MessageStage::Draft, "a".to_owned());
    assert!(matches!(pace.next(start), NextSend::Send(_)));
    pace.show(7, 1, MessageStage::Final, "a".to_owned());
    assert_eq!(pace.next(start), NextSend::Idle, "one is on its way");
    pace.done(7, start, SendOutcome::Shown(3));
    assert_eq!(pace.next(start + seconds(9)), NextSend::Idle);
    assert!(pace.is_empty());
}

#[test]
fn what_was_never_sent_can_be_taken_back() {
    let mut pace = RateLimiter::new(SendRates::default());
    let start = Instant::now();
    pace.show(7, 1, MessageStage::Draft, "a".to_owned());
    assert!(pace.withdraw(7, 1) && pace.is_empty());
    pace.show(7, 2, MessageStage::Draft, "b".to_owned());
    assert!(matches!(pace.next(start), NextSend::Send(_)));
    assert!(!pace.withdraw(7, 2), "it is on its way");
    pace.done(7, start, SendOutcome::Shown(3));
    assert!(!pace.withdraw(7, 2), "it is shown");
}

#[test]
fn a_message_that_was_deleted_is_sent_again() {
    let mut pace = RateLimiter::new(SendRates::default());
    let start = Instant::now();
    pace.show(7, 1, MessageStage::Draft, "a".to_owned());
    assert!(matches!(pace.next(start), NextSend::Send(_)));
    pace.done(7, start, SendOutcome::Shown(3));
    pace.show(7, 1, MessageStage::Final, "b".to_owned());
    let edit = pace.next(start + seconds(9));
    assert!(matches!(
        edit,
        NextSend::Send(SendJob { edits: Some(3), .. })
    ));
    pace.done(7, start + seconds(9), SendOutcome::Gone);
    let again = pace.next(start + seconds(18));
    assert!(
        matches!(again, NextSend::Send(SendJob { edits: None, .. })),
        "{again:?}"
    );
}

#[test]
fn retry_after_is_obeyed_and_only_the_newest_state_follows() {
    let mut pace = RateLimiter::new(SendRates::default());
    let mut blocked = Vec::new();
    let mut fed = 0;
    let seen = run(
        &mut pace,
        Instant::now(),
        |pace, time| {
            while fed < 12 && time >= seconds(fed) {
                let stage = if fed == 11 {
                    MessageStage::Final
                } else {
                    MessageStage::Draft
                };
                pace.show(7, 1, stage, format!("text {fed}"));
                fed += 1;
            }
        },
        |_, time| {
            let is_first = blocked.is_empty() && time > seconds(3);
            is_first.then(|| {
                blocked.push(time);
                SendOutcome::RetryAfter(seconds(35))
            })
        },
    );
    let after: Vec<&Seen> = seen.iter().filter(|seen| seen.4 > blocked[0]).collect();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].3, "text 11");
    assert!(after[0].4 >= blocked[0] + seconds(35));
}

#[test]
fn two_chats_that_are_held_back_hold_back_all() {
    let mut pace = RateLimiter::new(SendRates::default());
    let start = Instant::now();
    for chat in 1..=3 {
        pace.show(chat, 1, MessageStage::Final, "a".to_owned());
    }
    for _ in 0..2 {
        let NextSend::Send(job) = pace.next(start) else {
            panic!("nothing");
        };
        pace.done(job.chat, start, SendOutcome::RetryAfter(seconds(10)));
    }
    assert_eq!(pace.next(start), NextSend::Wait(start + seconds(10)));
    assert!(pace.is_blocked(99, start));
}

#[test]
fn what_is_refused_is_replaced_and_what_is_lost_is_sent_again() {
    let mut pace = RateLimiter::new(SendRates::default());
    for (place, text) in [(1, "<b>"), (2, "second"), (3, "gone")] {
        pace.show(7, place, MessageStage::Final, text.to_owned());
    }
    let mut tries = 0;
    let seen = run(
        &mut pace,
        Instant::now(),
        |_, _| {},
        |job, _| {
            tries += 1;
            match (job.payload.as_str(), tries) {
                ("<b>", _) => Some(SendOutcome::Instead("plain".to_owned())),
                (_, 2 | 3) => Some(SendOutcome::Unreachable),
                ("gone", _) => Some(SendOutcome::Refused),
                _ => None,
            }
        },
    );
    let texts: Vec<&str> = seen.iter().map(|seen| seen.3.as_str()).collect();
    assert_eq!(texts, ["plain", "second"]);
}

#[test]
fn a_flood_of_200_keeps_the_rates_and_loses_nothing() {
    for chats in [
        vec![7],
        vec![-7],
        (1..=50).collect(),
        (-40..=-1).collect::<Vec<i64>>(),
    ] {
        let mut pace = RateLimiter::new(SendRates::default());
        for index in 0..200_u64 {
            let chat = chats[index as usize % chats.len()];
            pace.show(chat, index, MessageStage::Final, format!("message {index}"));
        }
        let seen = run(&mut pace, Instant::now(), |_, _| {}, |_, _| None);
        check_rates(&seen);
        assert_eq!(seen.len(), 200);
        for chat in &chats {
            let mut expected = (0..200).filter(|index| chats[index % chats.len()] == *chat);
            for seen in seen.iter().filter(|seen| seen.0 == *chat) {
                let index = expected.next().expect("one more");
                assert_eq!(seen.3, format!("message {index}"), "the order is kept");
            }
        }
    }
}

#[test]
fn a_draft_cannot_overtake_or_undo_what_is_final() {
    let mut pace = RateLimiter::new(SendRates::default());
    pace.show(7, 1, MessageStage::Final, "end".to_owned());
    pace.show(7, 1, MessageStage::Draft, "late".to_owned());
    let NextSend::Send(job) = pace.next(Instant::now()) else {
        panic!("nothing");
    };
    assert_eq!(job.payload, "end");
    for outcome in [SendOutcome::RetryAfter(seconds(1)), SendOutcome::Shown(3)] {
        pace.show(7, 1, MessageStage::Draft, "late".to_owned());
        pace.done(7, Instant::now(), outcome);
        let later = Instant::now() + seconds(60);
        if let NextSend::Send(job) = pace.next(later) {
            assert_eq!(job.payload, "end");
        }
    }
    assert!(pace.is_empty());
}

mod random {
    use proptest::prelude::*;

    use super::*;

    /// Milliseconds since the start, chat, place, and the result of the request.
    fn steps() -> impl Strategy<Value = Vec<(u64, i64, MessageSlot, u8)>> {
        let chat = prop::sample::select(vec![1, 2, 3, -1, -2]);
        prop::collection::vec((0..30_000_u64, chat, 0..4_u64, any::<u8>()), 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_happens_rates_hold_and_every_last_text_arrives(mut steps in steps()) {
            steps.sort_unstable();
            let mut expected: BTreeMap<(i64, MessageSlot), String> = BTreeMap::new();
            let mut luck = steps.iter().map(|step| step.3).collect::<Vec<_>>().into_iter();
            let mut steps = steps.into_iter().enumerate().peekable();
            let mut messages: BTreeMap<(i64, MessageSlot), i32> = BTreeMap::new();
            let mut blocked: BTreeMap<i64, Duration> = BTreeMap::new();
            let mut screen: BTreeMap<(i64, MessageSlot), String> = BTreeMap::new();
            let mut pace = RateLimiter::new(SendRates::default());
            let mut sent: Vec<Seen> = Vec::new();
            let feed = |pace: &mut RateLimiter<String>, time: Duration| {
                while let Some((index, step)) = steps.next_if(|(_, step)| Duration::from_millis(step.0) <= time) {
                    let text = format!("text {index}");
                    pace.show(step.1, step.2, MessageStage::Final, text.clone());
                    // A late draft changes nothing.
                    pace.show(step.1, step.2, MessageStage::Draft, "late".to_owned());
                    expected.insert((step.1, step.2), text);
                }
            };
            let seen = run(&mut pace, Instant::now(), feed, |job, time| {
                let until = blocked.get(&job.chat).copied().unwrap_or_default();
                assert!(time >= until, "`retry_after` was not obeyed");
                let key = (job.chat, job.place);
                sent.push((job.chat, 0, job.edits.is_some(), String::new(), time));
                assert_eq!(job.edits, messages.get(&key).copied());
                assert_ne!(screen.get(&key), Some(&job.payload), "unchanged");
                match luck.next().unwrap_or_default() {
                    200..=220 => {
                        blocked.insert(job.chat, time + seconds(7));
                        return Some(SendOutcome::RetryAfter(seconds(7)));
                    }
                    221.. => return Some(SendOutcome::Unreachable),
                    _ => {}
                }
                screen.insert(key, job.payload.clone());
                let number = i32::try_from(key.0 * 100).unwrap_or_default() + key.1 as i32;
                messages.insert(key, number);
                Some(SendOutcome::Shown(number))
            });
            prop_assert!(seen.is_empty());
            check_rates(&sent);
            prop_assert_eq!(screen, expected);
        }
    }
}
