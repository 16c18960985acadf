use super::*;
use crate::benchmark::advice::advice;
use crate::benchmark::compare::compare;
use crate::benchmark::machine::Machine;
use crate::benchmark::placement::ModelMemory;
use crate::benchmark::report::{ServerFacts, TaskResult};

fn spread(values: &[f64]) -> Option<Spread> {
    Spread::of(values)
}

fn able() -> ModelResult {
    let task = |name: &str, why: Option<&str>| TaskResult {
        name: name.to_owned(),
        state: if why.is_some() {
            TaskState::Failed
        } else {
            TaskState::Passed
        },
        why: why.map(str::to_owned),
        replies: 2,
        seconds: 1.5,
    };
    ModelResult {
        name: "able:8b".to_owned(),
        parameters: "8.2B".to_owned(),
        quantization: "Q4_K_M".to_owned(),
        window: 16_384,
        load_seconds: Some(3.2),
        memory: Some(ModelMemory {
            bytes: 6_100_000_000,
            gpu_bytes: 6_100_000_000,
        }),
        speed: vec![
            SpeedResult {
                prompt_tokens: 1_031,
                first_token_seconds: spread(&[0.85]),
                cached_first_token_seconds: spread(&[0.085]),
                prompt_tokens_per_second: spread(&[1_200.0, 1_210.4, 1_300.0]),
                reply_tokens_per_second: spread(&[42.1]),
            },
            SpeedResult {
                prompt_tokens: 4_120,
                first_token_seconds: spread(&[3.4]),
                reply_tokens_per_second: spread(&[39.0, 40.9, 41.0]),
                ..SpeedResult::default()
            },
        ],
        notes: vec!["prompts of 14606 tokens were left out: one would take about 90 s".to_owned()],
        tasks: vec![
            task("call-arguments", None),
            task("edit-search-replace", None),
            task("find-definition", None),
            task(
                "edit-diff",
                Some("the change was not made by a diff in the reply"),
            ),
        ],
        calls: CallCounts {
            made: 24,
            in_text: 3,
            failed: 2,
            broken: 0,
        },
        ..ModelResult::default()
    }
}

fn weak() -> ModelResult {
    ModelResult {
        name: "weak:1b".to_owned(),
        window: 8_192,
        memory: Some(ModelMemory {
            bytes: 1_000_000_000,
            gpu_bytes: 0,
        }),
        warning: Some(
            "it runs on the CPU, though this machine has a graphics card (NVIDIA): Ollama's log says \
             why"
                .to_owned(),
        ),
        tasks: vec![TaskResult::default(), TaskResult::default()],
        ..ModelResult::default()
    }
}

fn run(models: Vec<ModelResult>) -> BenchmarkRun {
    BenchmarkRun {
        id: "20261121-143005".to_owned(),
        tasks_from: "workspace".to_owned(),
        machine: Machine {
            cpu: Some("Xeon".to_owned()),
            cores: 2,
            memory: Some(8_000_000_000),
            ..Machine::default()
        },
        server: ServerFacts {
            is_here: true,
            ..ServerFacts::default()
        },
        advice: advice(&models),
        models,
        ..BenchmarkRun::default()
    }
}

fn text_of(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes everything");
    let text = String::from_utf8_lossy(&out).into_owned();
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn a_run_is_a_table_and_a_line_of_advice() {
    let text = text_of(|out| write_run(out, &run(vec![able(), weak()])));
    insta::assert_snapshot!(text);
    for line in text.lines() {
        assert!(width(line) <= 80, "{line}");
    }
}

#[test]
fn a_model_that_cannot_be_used_says_why() {
    let failed = ModelResult {
        name: "large:70b".to_owned(),
        failure: Some("it needs more memory than there is".to_owned()),
        ..ModelResult::default()
    };
    let text = text_of(|out| write_run(out, &run(vec![failed])));
    assert!(text.contains("failed   it needs more memory"), "{text}");
    assert!(!text.contains("calls"), "{text}");
}

#[test]
fn a_comparison_shows_what_changed_and_how() {
    let mut slower = able();
    slower.speed[0].reply_tokens_per_second = spread(&[21.0]);
    slower.tasks[3].state = TaskState::Passed;
    let comparison = compare(&run(vec![able()]), &run(vec![slower]));
    let text = text_of(|out| write_comparison(out, &comparison));
    insta::assert_snapshot!(text);
    let same = compare(&run(vec![able(), weak()]), &run(vec![able()]));
    let text = text_of(|out| write_comparison(out, &same));
    assert!(text.contains("no difference beyond the spread"), "{text}");
    assert!(text.contains("in one of both only: weak:1b"), "{text}");
}
