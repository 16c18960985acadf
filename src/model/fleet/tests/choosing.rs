use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::super::choice::*;

const SECOND: Duration = Duration::from_secs(1);

/// A member that needs so many milliseconds for a text.
fn member(milliseconds: u64, under_way: usize) -> MemberState {
    let mut member = MemberState::default();
    if milliseconds > 0 {
        member.answered(10, Duration::from_millis(10 * milliseconds));
    }
    member.under_way = under_way;
    member
}

fn queue(batches: &[(u64, Option<usize>)]) -> Queue {
    batches.iter().copied().collect()
}

#[test]
fn a_batch_goes_where_it_is_answered_first() {
    let now = Instant::now();
    let one = queue(&[(7, None)]);
    for (members, expected) in [
        // Of whom nothing is known, the first takes the first batch, the second the second.
        (vec![member(0, 0), member(0, 0)], Some(0)),
        (vec![member(0, 1), member(0, 0)], Some(1)),
        // The second request of a fast one is answered before the first of a slow one.
        (vec![member(50, 0), member(10, 1)], Some(1)),
        (vec![member(50, 0), member(10, 2)], Some(0)),
        (vec![member(15, 0), member(10, 1)], Some(0)),
        (vec![member(50, 2), member(10, 2)], None),
        (Vec::new(), None),
    ] {
        assert_eq!(member_for(7, &one, &members, now), expected, "{members:?}");
    }
    assert_eq!(member_for(8, &one, &[member(0, 0)], now), None);
}

#[test]
fn what_failed_is_the_first_again_and_goes_to_another_member() {
    let now = Instant::now();
    let members = [member(10, 1), member(10, 2)];
    let waiting = queue(&[(3, Some(0)), (9, None)]);
    // There is room at the member that failed it only, which the next batch takes.
    assert_eq!(member_for(3, &waiting, &members, now), None);
    assert_eq!(member_for(9, &waiting, &members, now), Some(0));
    let members = [member(10, 2), member(10, 1)];
    assert_eq!(member_for(3, &waiting, &members, now), Some(1));
    assert_eq!(member_for(9, &waiting, &members, now), None);
}

#[test]
fn two_failures_in_a_row_are_a_minute_of_rest() {
    let now = Instant::now();
    let one = queue(&[(0, None)]);
    let mut members = [member(0, 0), member(0, 0)];
    members[0].failed("a", now);
    members[0].answered(1, SECOND);
    members[0].failed("b", now);
    assert!(!members[0].is_resting(now), "one failure after an answer");
    members[0].failed("c", now);
    assert_eq!(members[0].last_failure(), Some("c"));
    assert_eq!(member_for(0, &one, &members, now), Some(1));
    assert!(members[0].is_resting(now + REST - SECOND));
    assert!(!members[0].is_resting(now + REST));
    // Then one more failure is enough.
    members[0].failed("d", now + REST);
    assert!(members[0].is_resting(now + REST));
    // A batch that the other one failed goes to it all the same, if nobody else is left.
    let failed = queue(&[(0, Some(1))]);
    assert_eq!(member_for(0, &failed, &members, now), Some(1));
}

#[test]
fn who_replies_to_a_chat_gets_nothing() {
    let now = Instant::now();
    let mut members = [member(1, 0), member(9, 0)];
    members[0].is_replying = true;
    assert_eq!(member_for(0, &queue(&[(0, None)]), &members, now), Some(1));
}

#[test]
fn patience_is_five_times_what_is_usual() {
    let patience = |members: &[MemberState]| patience(0, 10, members, LEAST_PATIENCE);
    // Nothing is known of the others.
    assert_eq!(patience(&[member(100, 1)]), None);
    assert_eq!(patience(&[member(100, 1), member(0, 0)]), None);
    let seconds = |seconds: u64| Some(Duration::from_secs(seconds));
    // As slow as its peer, of unknown speed, faster.
    assert_eq!(patience(&[member(200, 1), member(200, 0)]), seconds(10));
    assert_eq!(patience(&[member(0, 1), member(200, 0)]), seconds(10));
    assert_eq!(patience(&[member(20, 1), member(200, 0)]), seconds(10));
    // It is always slower; but not without end.
    assert_eq!(patience(&[member(600, 1), member(200, 0)]), seconds(30));
    assert_eq!(patience(&[member(9_000, 1), member(200, 0)]), seconds(50));
    // Quick servers are not asked twice because of a hiccup.
    assert_eq!(patience(&[member(1, 1), member(1, 0)]), seconds(5));
    // The median of all peers.
    let many = [
        member(1, 1),
        member(100, 0),
        member(200, 0),
        member(7_000, 0),
    ];
    assert_eq!(patience(&many), seconds(10));
}

/// Any state of a member at a time.
fn states(now: Instant) -> impl Strategy<Value = Vec<MemberState>> {
    let one = (0..=REQUESTS_PER_MEMBER, any::<bool>(), 0..4_u32, 0..200_u64);
    let one = one.prop_map(move |(under_way, is_replying, failures, milliseconds)| {
        let mut member = member(milliseconds, under_way);
        member.is_replying = is_replying;
        for _ in 0..failures {
            member.failed("it failed", now);
        }
        member
    });
    prop::collection::vec(one, 0..5)
}

proptest! {
    #[test]
    fn each_batch_has_a_place_of_its_own_and_no_room_is_left_unused(
        members in states(Instant::now()),
        failed_by in prop::collection::vec(prop::option::of(0..5_usize), 0..12),
    ) {
        let now = Instant::now();
        let waiting: Queue = (0..).zip(failed_by).collect();
        let mut given = vec![0; members.len()];
        let mut without = Vec::new();
        for (batch, failed_by) in &waiting {
            match member_for(*batch, &waiting, &members, now) {
                Some(member) => {
                    given[member] += 1;
                    let only = |(at, state): (usize, &MemberState)| {
                        Some(at) == *failed_by || state.is_resting(now)
                    };
                    let is_only = members.iter().enumerate().all(only);
                    prop_assert!(Some(member) != *failed_by || is_only);
                }
                None => without.push(*failed_by),
            }
        }
        for (at, state) in members.iter().enumerate() {
            let closed = state.is_replying || state.is_resting(now);
            let room = if closed { 0 } else { REQUESTS_PER_MEMBER - state.under_way };
            prop_assert!(given[at] <= room, "member {at} has room for {room}");
            // Who still waits was failed by those that have room.
            let has_room = given[at] < room;
            prop_assert!(!has_room || without.iter().all(|failed_by| *failed_by == Some(at)));
        }
    }
}

#[test]
fn a_session_goes_where_the_model_is() {
    use ModelPresence::{Absent, Installed, Loaded};
    for (presences, expected) in [
        (vec![Some(Installed), Some(Loaded), Some(Loaded)], Some(1)),
        (vec![Some(Absent), Some(Installed)], Some(1)),
        (vec![None, Some(Absent)], Some(1)),
        (vec![Some(Installed), Some(Installed)], Some(0)),
        (vec![None, None], None),
        (Vec::new(), None),
    ] {
        assert_eq!(server_for_session(&presences), expected, "{presences:?}");
    }
}
