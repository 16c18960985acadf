//! Commands that read what they are given.

use super::*;

impl Place {
    async fn run_with(&self, command: &str, input: &[u8], limits: &RunLimits) -> RunOutput {
        let (access, stop) = (CommandAccess::default(), CancellationToken::new());
        let output = self
            .sandbox
            .run_with_input(command, &access, limits, input.to_vec(), &stop)
            .await;
        output.expect("the shell starts")
    }
}

#[tokio::test]
async fn a_command_reads_its_input_and_sees_its_end() {
    let place = Place::new();
    let output = place
        .run_with("cat; echo end", b"one\ntwo\n", &PATIENT)
        .await;
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(output.stdout.text, "one\ntwo\nend\n");
    assert_eq!(place.sandbox.live().text(), "");
}

#[tokio::test]
async fn an_input_that_nobody_reads_holds_nothing_up() {
    let place = Place::new();
    let long = vec![b'x'; 4 << 20];
    for (command, code) in [("exit 2", 2), ("head -c 1 >/dev/null; exit 3", 3)] {
        let output = place.run_with(command, &long, &PATIENT).await;
        assert_eq!(output.exit, Exit::Code(code), "{command}");
    }
}

#[tokio::test]
async fn a_command_that_hangs_is_killed_with_its_input_pending() {
    let place = Place::new();
    let limits = RunLimits {
        timeout: Duration::from_millis(100),
        output: 1_000,
    };
    let long = vec![b'x'; 4 << 20];
    let output = place.run_with("sleep 1000", &long, &limits).await;
    assert_eq!(output.exit, Exit::TimedOut);
}

#[tokio::test]
async fn a_long_input_and_a_long_output_do_not_wait_for_each_other() {
    let place = Place::new();
    let long = vec![b'x'; 4 << 20];
    let output = place.run_with("cat", &long, &PATIENT).await;
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(output.stdout.bytes, 4 << 20);
    assert!(output.stdout.text.len() < 11_000);
}
