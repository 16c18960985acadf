//! Commands as models ask for them.

use serde_json::{Value, json};

use super::judged::{effects, risk_here};
use super::*;
use crate::permission::{CommandRisk, Confinement, Effect, Mode, Permission, Preview, permission};
use crate::tools::ToolOutput;
use crate::tools::tests_support::{Bench, call};

async fn run(bench: &Bench, arguments: Value) -> ToolOutput {
    bench.call(&call("run_command", arguments)).await.unwrap()
}

#[tokio::test]
async fn output_errors_and_exit_code_are_apart() {
    let bench = Bench::new();
    let command = "echo out; echo err >&2; exit 3";
    let output = run(&bench, json!({"command": command})).await;
    assert!(output.text.starts_with("exit code 3, "), "{}", output.text);
    assert!(
        output.text.ends_with("stdout:\nout\nstderr:\nerr\n"),
        "{}",
        output.text
    );
    assert_eq!(output.summary, "exit code 3");
    assert_eq!(output.detail, "out\nerr\n");
    let output = run(&bench, json!({"command": "true"})).await;
    assert!(output.text.ends_with("no output\n"), "{}", output.text);
}

#[tokio::test]
async fn it_runs_in_the_workspace() {
    let bench = Bench::new();
    bench.file("here.txt", "");
    let output = run(&bench, json!({"command": "ls"})).await;
    assert!(output.text.contains("here.txt"), "{}", output.text);
}

#[tokio::test]
async fn it_runs_in_the_folder_that_is_asked_for() {
    let bench = Bench::new();
    bench.file("keep.txt", "");
    bench.file("build/a b/gone.txt", "");
    let arguments = json!({"command": "rm -rf *", "cwd": "build"});
    let prepared = bench
        .prepare(&call("run_command", arguments))
        .await
        .unwrap();
    let text = "cd ./build && rm -rf *";
    assert_eq!(prepared.what, text);
    assert_eq!(prepared.preview, Preview::Command(text.to_owned()));
    assert!(matches!(&prepared.effects[0], Effect::Command { text: judged, .. } if judged == text));
    bench.file("build/a b/here.txt", "");
    let output = run(
        &bench,
        json!({"command": "false; ls", "cwd": "./build/a b/"}),
    )
    .await;
    assert!(output.text.contains("here.txt"), "{}", output.text);
    bench.run(prepared).await.unwrap();
    assert!(bench.content("keep.txt").is_some());
    assert!(bench.content("build/a b/gone.txt").is_none());
    for root in ["", ".", "/", bench.root().to_str().unwrap()] {
        let output = run(&bench, json!({"command": "ls", "cwd": root})).await;
        assert!(output.text.contains("keep.txt"), "{}", output.text);
    }
    // Rules see the command itself, wherever it runs and whatever it goes on with.
    let ruled = Bench::new().ruled("[[deny]]\ncommand = 'rm'\n");
    ruled.file("build/a", "");
    for command in ["rm -rf *", "ls; rm -rf *", "ls || rm -rf *"] {
        let arguments = json!({"command": command, "cwd": "build"});
        let prepared = ruled
            .prepare(&call("run_command", arguments))
            .await
            .unwrap();
        let judged = permission(
            &prepared.effects[0],
            Mode::AutoApprove,
            Confinement::Full,
            &ruled.context().rules,
        );
        assert!(
            matches!(judged, Permission::Deny(_)),
            "{command}: {judged:?}"
        );
    }
    for outside in ["..", "/etc", "missing", "keep.txt", "~"] {
        let arguments = json!({"command": "ls", "cwd": outside});
        bench.refused(&call("run_command", arguments)).await;
    }
}

#[tokio::test]
async fn nothing_runs_where_the_folder_has_gone() {
    for command in [
        "touch made",
        "false || touch made",
        "false; touch made",
        "touch made &",
    ] {
        let bench = Bench::new();
        bench.file("build/a", "");
        let arguments = json!({"command": command, "cwd": "build"});
        let prepared = bench
            .prepare(&call("run_command", arguments))
            .await
            .unwrap();
        std::fs::remove_dir_all(bench.root().join("build")).unwrap();
        bench.run(prepared).await.unwrap();
        assert!(bench.content("made").is_none(), "{command}");
    }
}

#[tokio::test]
async fn a_timeout_that_is_too_long_is_said() {
    let bench = Bench::new();
    let output = run(&bench, json!({"command": "true", "timeout": 9000})).await;
    assert!(
        output.text.contains("3600 s, the maximum, not 9000 s"),
        "{}",
        output.text
    );
    let output = run(&bench, json!({"command": "true", "timeout": 900})).await;
    assert!(!output.text.contains("timeout"), "{}", output.text);
}

#[tokio::test]
async fn time_has_a_limit() {
    let output = run(&Bench::new(), json!({"command": "sleep 30", "timeout": 1})).await;
    assert!(
        output.text.starts_with("killed after 1 s"),
        "{}",
        output.text
    );
    assert!(output.text.contains("longer timeout"), "{}", output.text);
}

#[tokio::test]
async fn output_has_a_limit_that_shows() {
    let output = run(&Bench::new(), json!({"command": "seq 1 20000"})).await;
    assert!(output.text.contains("left out"), "{}", output.summary);
    assert!(output.text.contains("\n20000\n"));
    assert!(output.text.len() < OUTPUT + 500);
}

#[tokio::test]
async fn secrets_and_markers_do_not_reach_the_model() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let command = format!("echo 'token={token} <|im_start|>'");
    let output = run(&Bench::new(), json!({"command": command})).await;
    assert!(!output.text.contains(&token), "{}", output.text);
    assert!(!output.detail.contains(&token), "{}", output.detail);
    assert!(!output.text.contains("<|im_start|>"), "{}", output.text);
}

#[tokio::test]
async fn what_is_shown_is_what_runs() {
    let bench = Bench::new();
    let asked = call("run_command", json!({"command": "rm \u{202e}x"}));
    let prepared = bench.prepare(&asked).await.unwrap();
    assert_eq!(
        prepared.preview,
        Preview::Command("rm \\u{202e}x".to_owned())
    );
    assert!(!matches!(
        prepared.effects[0],
        Effect::Command {
            risk: CommandRisk::KnownSafe,
            ..
        }
    ));
    assert!(
        bench
            .prepare(&call("run_command", json!({"command": " "})))
            .await
            .is_err()
    );
    let tests = call("run_command", json!({"command": "cargo test"}));
    let prepared = bench.prepare(&tests).await.unwrap();
    assert_eq!(prepared.remember.as_deref(), Some("running `cargo test`"));
    // Only where it is fully confined is such a command remembered as it stands.
    let python = call("run_command", json!({"command": "python3 -m pytest"}));
    assert_eq!(bench.prepare(&python).await.unwrap().remember, None);
}

#[tokio::test]
async fn what_rules_keep_is_not_read_by_commands() {
    let bench = Bench::new().ruled("[[deny]]\nread = 'kept/**'\n");
    bench.file("kept/a.rs", "fn kept() {}\n");
    bench.file("open/a.rs", "fn open() {}\n");
    let (jail, rules) = (&bench.context().jail, &bench.context().rules);
    for (command, expected) in [
        ("rg -t rust kept", CommandRisk::Unknown),
        ("rg -t rust kept .", CommandRisk::Unknown),
        ("rg -t rust kept open", CommandRisk::KnownSafe),
        ("cat open/a.rs", CommandRisk::KnownSafe),
    ] {
        assert_eq!(risk_here(command, jail, rules), expected, "{command}");
    }
    let line = CommandLine {
        text: "cat kept/a.rs".to_owned(),
        limits: RunLimits {
            timeout: Duration::from_secs(1),
            output: OUTPUT,
        },
        tool: None,
    };
    let effects = effects(&line, bench.context()).await;
    assert!(effects[1..].iter().all(|effect| matches!(
        permission(effect, Mode::AutoApprove, Confinement::None, rules),
        Permission::Deny(_)
    )));
    assert!(effects.len() > 1);
    let grep = call("grep_search", json!({"regex": "fn"}));
    let output = bench.call(&grep).await.unwrap();
    assert!(output.text.contains("open()") && !output.text.contains("kept()"));
}

#[cfg(unix)]
#[tokio::test]
async fn reading_through_a_link_asks() {
    let bench = Bench::new();
    bench.file("a.txt", "");
    bench.file(".env", "A=1\n");
    std::os::unix::fs::symlink("/etc", bench.root().join("link")).unwrap();
    std::os::unix::fs::symlink(".env", bench.root().join("harmless")).unwrap();
    let risk = |command: &str| {
        let context = bench.context();
        risk_here(command, &context.jail, &context.rules)
    };
    assert_eq!(risk("cat a.txt"), CommandRisk::KnownSafe);
    assert_eq!(risk("cat missing.txt"), CommandRisk::KnownSafe);
    for command in [
        "cat link/passwd",
        "ls link",
        "ls link/",
        "cat harmless",
        "cat .env",
        "cat ../a.txt",
    ] {
        assert_ne!(risk(command), CommandRisk::KnownSafe, "{command}");
    }
}
