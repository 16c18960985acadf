//! Children that stay: what is said over their pipes, and how they end.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

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

#[tokio::test]
async fn a_child_that_cannot_start_is_an_error() {
    let place = Place::new();
    let nul = place
        .sandbox
        .serve("cat\0", &CommandAccess::default(), 1_000);
    assert!(matches!(nul, Err(RunError::Start { .. })));
}
