use rooms::{Room, Span};

fn span(from: u32, to: u32) -> Span {
    Span::new(from, to).expect("a span")
}

fn free(room: &Room, open: (u32, u32), at_least: u32) -> Vec<(u32, u32)> {
    let spans = room.free_spans(span(open.0, open.1), at_least);
    spans.into_iter().map(|span| (span.from(), span.to())).collect()
}

fn room(bookings: &[(u32, u32)]) -> Room {
    let mut room = Room::new("Elm");
    for (at, (from, to)) in bookings.iter().enumerate() {
        room.book(&format!("p{at}"), span(*from, *to));
    }
    room
}

#[test]
fn a_room_without_bookings_is_free_all_day() {
    assert_eq!(free(&room(&[]), (480, 1080), 30), [(480, 1080)]);
    assert_eq!(free(&room(&[]), (480, 500), 30), []);
    assert_eq!(free(&room(&[]), (480, 510), 30), [(480, 510)]);
}

#[test]
fn gaps_are_found_whatever_the_order() {
    let room = room(&[(900, 960), (540, 600), (700, 720)]);
    assert_eq!(
        free(&room, (480, 1080), 1),
        [(480, 540), (600, 700), (720, 900), (960, 1080)]
    );
    assert_eq!(free(&room, (480, 1080), 100), [(600, 700), (720, 900), (960, 1080)]);
    assert_eq!(free(&room, (480, 1080), 101), [(720, 900), (960, 1080)]);
}

#[test]
fn bookings_within_others_do_not_end_them() {
    let room = room(&[(500, 800), (510, 520), (600, 650), (790, 820)]);
    assert_eq!(free(&room, (480, 1080), 1), [(480, 500), (820, 1080)]);
}

#[test]
fn bookings_that_touch_leave_no_gap() {
    let room = room(&[(600, 660), (540, 600)]);
    assert_eq!(free(&room, (540, 720), 0), [(660, 720)]);
}

#[test]
fn what_is_outside_is_cut_off() {
    let across = room(&[(0, 500), (1000, 1400)]);
    assert_eq!(free(&across, (480, 1080), 1), [(500, 1000)]);
    let outside = room(&[(0, 100), (1300, 1400)]);
    assert_eq!(free(&outside, (480, 1080), 1), [(480, 1080)]);
    let around = room(&[(0, 1400)]);
    assert_eq!(free(&around, (480, 1080), 0), []);
    let later = room(&[(500, 520), (1200, 1300), (1100, 1150)]);
    assert_eq!(free(&later, (480, 1080), 1), [(480, 500), (520, 1080)]);
}

#[test]
fn cancelled_bookings_do_not_count() {
    let mut room = room(&[(540, 600), (700, 720)]);
    assert_eq!(room.cancel("p0"), 1);
    assert_eq!(free(&room, (480, 1080), 1), [(480, 700), (720, 1080)]);
}

#[test]
fn what_is_free_is_free() {
    let room = room(&[(540, 610), (600, 700), (650, 655), (880, 900)]);
    for span in room.free_spans(span(480, 1080), 0) {
        assert!(room.is_free(span), "{span}");
    }
    assert_eq!(room.bookings().count(), 4, "the bookings stay");
}
