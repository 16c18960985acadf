use proptest::prelude::*;

use super::*;
use crate::model::budget::part;
use crate::text::tokens::estimate_text;

fn step(text: &str) -> TaskStep {
    TaskStep {
        text: text.to_owned(),
        ..TaskStep::default()
    }
}

fn plan(steps: usize) -> TaskPlan {
    let steps = (1..=steps)
        .map(|number| step(&format!("do {number}")))
        .collect();
    TaskPlan::new(" a task ", steps).unwrap_or_else(|error| panic!("{error}"))
}

fn texts(plan: &TaskPlan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.text.as_str()).collect()
}

fn changed(path: &str) -> ChangedFile {
    ChangedFile {
        path: path.to_owned(),
        lines: Some((3, 1)),
    }
}

#[test]
fn a_plan_has_two_to_twelve_steps_that_say_something() {
    let of = |count: usize| TaskPlan::new("t", vec![step("do it"); count]);
    for count in [0, 1, 13, 40] {
        assert_eq!(of(count), Err(PlanError::Count(count)));
    }
    for count in [2, 12] {
        assert!(of(count).is_ok());
    }
    let empty = TaskPlan::new("t", vec![step("do it"), step(" … ")]);
    assert_eq!(empty, Err(PlanError::Empty(2)));
    let said = PlanError::Count(1).to_string();
    assert_eq!(said, "a plan has 2 to 12 steps, and this one has 1");
}

#[test]
fn what_a_model_wrote_is_tidied() {
    let wild = TaskStep {
        text: "  do\n\nit  now ".to_owned(),
        files: [
            "`./a.rs`",
            "a.rs",
            "../b.rs",
            "/etc/passwd",
            "~/x",
            "",
            "src/c.rs:12",
            ".",
            "src/d.rs (new)",
        ]
        .map(str::to_owned)
        .to_vec(),
        check: "cargo\ttest".to_owned(),
        state: StepState::Done,
        summary: "old".to_owned(),
        changed: vec![changed("a.rs")],
        turns: vec![7],
        tokens: 1,
    };
    let plan = TaskPlan::new(" a task ", vec![wild, step("b")]).expect("a plan");
    let expected = TaskStep {
        text: "do it now".to_owned(),
        files: ["a.rs", "src/c.rs", "src/d.rs"].map(str::to_owned).to_vec(),
        check: "cargo test".to_owned(),
        ..TaskStep::default()
    };
    assert_eq!((plan.task.as_str(), &plan.steps[0]), ("a task", &expected));
}

#[test]
fn steps_are_dropped_and_moved_until_they_begin() {
    let mut plan = plan(4);
    plan.move_step(4, 1).expect("a move");
    assert_eq!(texts(&plan), ["do 4", "do 1", "do 2", "do 3"]);
    plan.drop_step(3).expect("a drop");
    assert_eq!(plan.drop_step(3), Err(PlanError::Dropped(3)));
    plan.steps[0].state = StepState::Done;
    plan.steps[1].state = StepState::InProgress;
    assert_eq!(plan.next(), Some(2));
    assert_eq!(plan.drop_step(1), Err(PlanError::Begun(1)));
    assert_eq!(plan.move_step(4, 2), Err(PlanError::Begun(2)));
    assert_eq!(plan.move_step(2, 4), Err(PlanError::Begun(2)));
    assert_eq!(
        plan.move_step(5, 4),
        Err(PlanError::Missing {
            number: 5,
            count: 4
        })
    );
    assert!(plan.move_step(0, 1).is_err());
    assert_eq!(plan.state_line(), "✓ 1 ▸ 2 – 3 · 4");
    plan.move_step(4, 3).expect("a move");
    assert_eq!(plan.state_line(), "✓ 1 ▸ 2 · 3 – 4");
}

#[test]
fn the_rest_of_a_plan_is_replaced() {
    let mut plan = plan(3);
    plan.steps[0].state = StepState::Done;
    plan.replace_rest(vec![step("new")]).expect("a rest");
    assert_eq!(texts(&plan), ["do 1", "new"]);
    assert_eq!(plan.replace_rest(Vec::new()), Err(PlanError::Count(1)));
    let many = vec![step("new"); 12];
    assert_eq!(plan.replace_rest(many), Err(PlanError::Count(13)));
    assert_eq!(texts(&plan), ["do 1", "new"], "an error changes nothing");
}

#[test]
fn files_outside_the_plan_are_named() {
    let mut plan = plan(2);
    let all = [changed("src/a.rs"), changed("docs/x/b.md"), changed("c.rs")];
    assert!(
        plan.outside(&all).is_empty(),
        "a plan without files allows all"
    );
    plan.steps[0].files = vec!["a.rs".to_owned()];
    plan.steps[1].files = vec!["docs".to_owned()];
    assert_eq!(plan.outside(&all), ["c.rs"]);
    assert_eq!(plan.outside(&[changed("src/ba.rs")]), ["src/ba.rs"]);
    assert!(plan.outside(&[changed("sub/Cargo.lock")]).is_empty());
    plan.steps[1].files = vec!["tests/**/*.rs".to_owned()];
    let all = [changed("tests/x/b.rs"), changed("test.rs")];
    assert_eq!(plan.outside(&all), ["test.rs"]);
    plan.steps[1].files = vec!["*.md".to_owned()];
    assert!(plan.outside(&all).is_empty());
}

#[test]
fn a_step_is_told_with_the_plan_and_little_else() {
    let mut plan = plan(3);
    plan.steps[0].state = StepState::Done;
    plan.steps[0].summary = "It is there.\nMore.".to_owned();
    plan.steps[0].changed = vec![changed("a.rs")];
    plan.steps[1].state = StepState::InProgress;
    plan.steps[1].files = vec!["b.rs".to_owned()];
    plan.steps[1].check = "cargo test".to_owned();
    let message = StepMessage {
        plan: &plan,
        number: 2,
        hint: "use a loop",
        is_interrupted: true,
        window: 8_192,
    };
    let context = message.context();
    for part in [
        "The task: a task\n",
        "✓ step 1: do 1\n▸ step 2: do 2\n· step 3: do 3",
        "- step 1: a.rs +3 −1; It is there.",
    ] {
        assert!(context.contains(part), "{part}\n---\n{context}");
    }
    assert_eq!(
        message.request(),
        "Step 2 of 3: do 2\nFiles: `b.rs`\nCheck: cargo test\nThis step was begun and interrupted: \
         look first at what is there already.\nThe user says: use a loop"
    );
    let anchor = anchor(&plan, 2);
    assert_eq!(
        anchor.trim(),
        "(You are at step 2 of 3: do 2. Plan: ✓ 1 ▸ 2 · 3)"
    );
}

#[test]
fn the_longest_plan_leaves_most_of_a_small_window() {
    let long = |words: usize| "some words ".repeat(words);
    let steps = vec![step(&long(80)); MOST_STEPS];
    let mut plan = TaskPlan::new(&long(3_000), steps).expect("a plan");
    for step in &mut plan.steps[..11] {
        step.state = StepState::Done;
        step.summary = long(100);
        step.changed = (0..30)
            .map(|n| changed(&format!("src/file_{n}.rs")))
            .collect();
    }
    for window in [8_192, 4_096] {
        let message = StepMessage {
            plan: &plan,
            number: 12,
            hint: "",
            is_interrupted: false,
            window,
        };
        let context = message.context();
        let tokens = estimate_text(&context) + estimate_text(&message.request());
        assert!(tokens < part(window, 45), "{tokens} of {window}");
        assert!(
            context.contains("- step 11: "),
            "the last one counts most: {context}"
        );
        let is_small = window < 8_192;
        assert_eq!(context.contains("is left out"), is_small, "{context}");
    }
    assert!(estimate_text(&anchor(&plan, 12)) < 100);
}

#[test]
fn a_plan_as_markdown_has_signs_files_and_checks() {
    let mut plan = plan(3);
    plan.steps[0].state = StepState::Done;
    plan.steps[0].files = vec!["a.rs".to_owned()];
    plan.steps[0].check = "cargo test".to_owned();
    plan.steps[1].state = StepState::Dropped;
    assert_eq!(
        plan.markdown(),
        "**Task**: a task\n\n1. ✓ do 1 (`a.rs`; check: cargo test)\n2. – do 2 (dropped)\n3. · do 3\n"
    );
}

/// What a user may do to a plan.
#[derive(Clone, Debug)]
enum Edit {
    Drop(usize),
    Move(usize, usize),
    Replace(usize),
    /// The next step begins, and ends in this state.
    Run(StepState),
}

fn edit() -> impl Strategy<Value = Edit> {
    let state = prop_oneof![
        Just(StepState::Done),
        Just(StepState::Failed),
        Just(StepState::InProgress)
    ];
    prop_oneof![
        (0_usize..15).prop_map(Edit::Drop),
        (0_usize..15, 0_usize..15).prop_map(|(from, to)| Edit::Move(from, to)),
        (0_usize..14).prop_map(Edit::Replace),
        state.prop_map(Edit::Run),
    ]
}

proptest! {
    #[test]
    fn no_edit_makes_a_plan_too_long_or_moves_what_has_begun(
        steps in 2_usize..=12,
        edits in prop::collection::vec(edit(), 0..30),
    ) {
        let mut plan = plan(steps);
        for (at, edit) in edits.into_iter().enumerate() {
            let begun = plan.steps[..plan.begun()].to_vec();
            let ran = match edit {
                Edit::Drop(number) => {
                    let _ = plan.drop_step(number);
                    false
                }
                Edit::Move(from, to) => {
                    let _ = plan.move_step(from, to);
                    false
                }
                Edit::Replace(count) => {
                    let rest = (0..count).map(|n| step(&format!("new {at} {n}"))).collect();
                    let _ = plan.replace_rest(rest);
                    false
                }
                Edit::Run(state) => {
                    if let Some(next) = plan.next() {
                        plan.steps[next - 1].state = state;
                    }
                    true
                }
            };
            prop_assert!(plan.steps.len() <= MOST_STEPS);
            if !ran {
                prop_assert!(plan.steps.starts_with(&begun));
            }
        }
    }

    #[test]
    fn no_answer_breaks_the_reading_of_a_plan(answer in "[0-9.)#*\\-` \\nStepa-c:、é]{0,200}") {
        let read = plan_in("t", &answer);
        if let Ok(plan) = read {
            prop_assert!((FEWEST_STEPS..=MOST_STEPS).contains(&plan.steps.len()));
        }
        let _ = StepOrder::parse(&answer);
    }
}
