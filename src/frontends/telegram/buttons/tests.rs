use super::*;

const USUAL_LIFE: Duration = Duration::from_secs(600);

const CHOICES: [ButtonChoice; 5] = [
    ButtonChoice::Once,
    ButtonChoice::Session,
    ButtonChoice::Deny,
    ButtonChoice::Option(0),
    ButtonChoice::Option(255),
];

fn bound(user: u64) -> QuestionBinding {
    QuestionBinding {
        user,
        chat: user as i64,
        session: "20261121-143005-k3x9".to_owned(),
        hash: "00ff".to_owned(),
    }
}

fn desk() -> Buttons {
    Buttons::new([7; 32], USUAL_LIFE)
}

#[test]
fn data_fits_and_the_first_press_counts() {
    let mut buttons = desk();
    let now = Instant::now();
    buttons.last = u64::MAX - 1;
    let question = buttons.ask(bound(7), now);
    let data: Vec<String> = CHOICES
        .iter()
        .map(|choice| buttons.data(question, *choice).expect("it is open"))
        .collect();
    assert!(data.iter().all(|data| data.len() <= 64), "{data:?}");
    let first = buttons.press(&data[1], 7, 7, now);
    assert_eq!(
        first,
        Press::Answer {
            question,
            bound: bound(7),
            choice: ButtonChoice::Session
        }
    );
    for data in &data {
        assert_eq!(
            buttons.press(data, 7, 7, now),
            Press::Answered(ButtonChoice::Session)
        );
    }
    assert_eq!(buttons.data(question, ButtonChoice::Once), None);
}

#[test]
fn presses_of_others_and_forged_ones_do_nothing() {
    let mut buttons = desk();
    let now = Instant::now();
    let mine = buttons.ask(bound(7), now);
    let theirs = buttons.ask(bound(8), now);
    let (yes, no) = (ButtonChoice::Once, ButtonChoice::Deny);
    let data = buttons.data(mine, yes).expect("it is open");
    let refusal = buttons.data(mine, no).expect("it is open");
    let other = buttons.data(theirs, yes).expect("it is open");
    assert_eq!(buttons.press(&data, 8, 7, now), Press::Foreign);
    assert_eq!(buttons.press(&data, 7, -5, now), Press::Foreign);
    let seal = |data: &str| data[data.len() - SEAL_DIGITS..].to_owned();
    let process = &data[..PROCESS_DIGITS];
    for forged in [
        String::new(),
        "y".to_owned(),
        "....".to_owned(),
        format!("{process}.1.y.{}", "0".repeat(SEAL_DIGITS)),
        format!("{process}.1.y.{}", seal(&refusal)),
        format!("{process}.1.y.{}", seal(&other)),
        format!("{process}.2.y.{}", seal(&data)),
        format!("{process}.3.y.{}", seal(&data)),
        format!("{process}.1.o00.{}", seal(&data)),
        format!("{data}.x"),
        data.to_uppercase(),
        data[..data.len() - 1].to_owned(),
        "é".repeat(32),
    ] {
        assert_eq!(buttons.press(&forged, 7, 7, now), Press::Forged, "{forged}");
    }
    assert!(matches!(
        buttons.press(&data, 7, 7, now),
        Press::Answer { .. }
    ));
}

#[test]
fn every_changed_digit_is_noticed() {
    let mut buttons = desk();
    let now = Instant::now();
    let question = buttons.ask(bound(7), now);
    let data = buttons
        .data(question, ButtonChoice::Once)
        .expect("it is open");
    for index in 0..data.len() {
        for digit in "0123456789abcdefysn.".chars() {
            let changed = format!("{}{digit}{}", &data[..index], &data[index + 1..]);
            if changed != data {
                let press = buttons.press(&changed, 7, 7, now);
                assert!(
                    matches!(press, Press::Forged | Press::BeforeRestart),
                    "{changed}"
                );
            }
        }
    }
}

#[test]
fn questions_expire() {
    let mut buttons = desk();
    let now = Instant::now();
    let late = buttons.ask(bound(7), now);
    let data = buttons.data(late, ButtonChoice::Once).expect("it is open");
    let later = now + Duration::from_secs(599);
    let fresh = buttons.ask(bound(7), later);
    buttons.withdraw(late);
    assert_eq!(buttons.press(&data, 7, 7, later), Press::Expired);
    // Also if nobody withdrew it before the press.
    let data = buttons.data(fresh, ButtonChoice::Once).expect("it is open");
    assert_eq!(
        buttons.press(&data, 7, 7, later + USUAL_LIFE),
        Press::Expired
    );
    assert_eq!(buttons.press(&data, 7, 7, later), Press::Expired);
}

#[test]
fn old_buttons_are_dead_after_a_restart() {
    let now = Instant::now();
    let mut before = Buttons::new(secret().expect("a secret"), USUAL_LIFE);
    let mut after = Buttons::new(secret().expect("a secret"), USUAL_LIFE);
    let question = before.ask(bound(7), now);
    let data = before
        .data(question, ButtonChoice::Once)
        .expect("it is open");
    after.ask(bound(7), now);
    assert_eq!(after.press(&data, 7, 7, now), Press::BeforeRestart);
}

#[test]
fn what_is_bound_differs_seals_differ() {
    let buttons = desk();
    let one = buttons.seal(QuestionId(1), ButtonChoice::Once, &bound(7));
    for other in [
        QuestionBinding {
            hash: "00fe".to_owned(),
            ..bound(7)
        },
        QuestionBinding {
            session: String::new(),
            ..bound(7)
        },
        QuestionBinding {
            chat: 1,
            ..bound(7)
        },
        QuestionBinding {
            user: 1,
            ..bound(7)
        },
    ] {
        assert_ne!(buttons.seal(QuestionId(1), ButtonChoice::Once, &other), one);
    }
}

#[test]
fn much_is_asked_and_little_is_kept() {
    let mut buttons = desk();
    let now = Instant::now();
    let first = buttons.ask(bound(7), now);
    let data = buttons.data(first, ButtonChoice::Once).expect("it is open");
    buttons.withdraw(first);
    for _ in 0..1_000 {
        let question = buttons.ask(bound(7), now);
        buttons.withdraw(question);
    }
    assert_eq!(buttons.closed.len(), MOST_ANSWERED);
    assert_eq!(buttons.press(&data, 7, 7, now), Press::Expired);
}
