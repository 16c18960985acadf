//! Children that stay: what is said over their pipes, and how they end.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::*;

/// Time in which every child here ends by itself.
const LONG: Duration = Duration::from_secs(60);

impl Place {
    fn serve(&self, command: &str) -> Served {
        let served = self
            .sandbox
            .serve(command, &CommandAccess::default(), 1_000);
        served.expect("the shell starts")
    }
}

#[tokio::test]
async fn a_child_that_stays_answers_over_its_pipes() {
    let place = Place::new();
    let mut served = place.serve("cat");
    let mut input = served.input.take().expect("its input");
    let mut lines = BufReader::new(served.output.take().expect("its output")).lines();
    for line in ["one", "two"] {
        let text = format!("{line}\n");
        input
            .write_all(text.as_bytes())
            .await
            .expect("it takes input");
        let answer = lines.next_line().await.expect("it can be read");
        assert_eq!(answer.as_deref(), Some(line));
    }
    drop(input);
    let end = served.stop(LONG).await.expect("its end");
    assert_eq!((end.exit, end.errors.text.as_str()), (Exit::Code(0), ""));
    assert_eq!(lines.next_line().await.expect("the end"), None);
}

#[tokio::test]
async fn a_child_that_stays_ends_with_its_input() {
    let place = Place::new();
    let served = place.serve("sleep 1000 & echo $! > pid; cat; exit 3");
    let grandchild = place.process("pid").await;
    let end = served.stop(LONG).await.expect("its end");
    assert_eq!(end.exit, Exit::Code(3));
    is_gone(grandchild).await;
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let place = Place::new();
    let served = place.serve("trap '' TERM; echo $$ > shell; while :; do sleep 1000; done");
    let shell = place.process("shell").await;
    let end = served.stop(Duration::from_millis(50)).await;
    assert_eq!(end.expect("its end").exit, Exit::Stopped);
    is_gone(shell).await;
}

#[tokio::test]
async fn a_dropped_child_leaves_nothing() {
    let place = Place::new();
    let served = place.serve(&format!(
        "{DAEMON} sh -c 'sleep 1000 & echo $! > grandchild; echo $$ > child; cat'"
    ));
    let child = place.process("child").await;
    let grandchild = place.process("grandchild").await;
    let daemon = place.process("pid").await;
    assert!(is_alive(child) && is_alive(grandchild) && is_alive(daemon));
    drop(served);
    for process in [child, grandchild, daemon] {
        is_gone(process).await;
    }
}

#[tokio::test]
async fn of_long_errors_the_end_is_kept_and_the_cut_is_seen() {
    let place = Place::new();
    let served = place.serve("seq 1 10000 >&2; cat");
    let all = 48_894;
    until("all errors are read", || {
        (served.errors().bytes == all).then_some(())
    })
    .await;
    let errors = served.errors();
    assert!(errors.text.starts_with("… 47,"), "{}", errors.text);
    assert!(errors.text.ends_with("\n9999\n10000\n"), "{}", errors.text);
    assert!(errors.text.len() < 1_100, "{}", errors.text.len());
    assert!(errors.left_out >= all - 1_000, "{}", errors.left_out);
    let end = served.stop(LONG).await.expect("its end");
    assert_eq!((end.exit, end.errors), (Exit::Code(0), errors));
}

/// Starts a program, and gives what it writes until it ends.
async fn output_of(
    place: &Place,
    argv: &[&str],
    variables: &[(&str, &str)],
) -> (String, ServedEnd) {
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    let variables: Vec<(String, OsString)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
        .collect();
    let program = ServedProgram {
        argv: &argv,
        variables: &variables,
    };
    let served = place
        .sandbox
        .serve_program(program, &CommandAccess::default(), 1_000);
    let mut served = served.expect("the shell starts");
    let mut output = served.output.take().expect("its output");
    let mut text = String::new();
    output.read_to_string(&mut text).await.expect("its words");
    (text, served.stop(LONG).await.expect("its end"))
}

#[tokio::test]
async fn no_shell_reads_the_words_of_a_program() {
    let place = Place::new();
    let words = [
        "a b",
        "$HOME",
        "`id`",
        "it's",
        "\"",
        "-x",
        "",
        "*",
        "a;b|c",
        "한국어",
        "\\n",
    ];
    let argv: Vec<&str> = ["printf", "[%s]"].into_iter().chain(words).collect();
    let (text, end) = output_of(&place, &argv, &[]).await;
    let expected: String = words.iter().map(|word| format!("[{word}]")).collect();
    assert_eq!(text, expected);
    assert_eq!((end.exit, end.errors.text.as_str()), (Exit::Code(0), ""));
}

#[tokio::test]
async fn a_program_has_its_variables_once() {
    let place = Place::with_variables(&[("LANG", "C"), ("USER", "somebody")]);
    let variables = [("TOKEN", "a $b 'c'"), ("LANG", "de")];
    let (text, _) = output_of(&place, &["env"], &variables).await;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let of = |name: &str| {
        let lines = lines.iter().filter(|line| line.starts_with(name));
        lines.copied().collect::<Vec<_>>()
    };
    assert_eq!(of("TOKEN="), ["TOKEN=a $b 'c'"]);
    assert_eq!(of("LANG="), ["LANG=de"]);
    assert_eq!(of("USER="), ["USER=somebody"]);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said() {
    let place = Place::new();
    let (text, end) = output_of(&place, &["there-is-no-such-program", "a"], &[]).await;
    assert_eq!((text.as_str(), end.exit), ("", Exit::Code(127)));
    let said = &end.errors.text;
    assert!(said.contains("there-is-no-such-program"), "{said}");
    assert!(said.contains("not found"), "{said}");
}

#[tokio::test]
async fn a_child_that_cannot_start_is_an_error() {
    let place = Place::new();
    let nul = place
        .sandbox
        .serve("cat\0", &CommandAccess::default(), 1_000);
    assert!(matches!(nul, Err(RunError::Start { .. })));
}
