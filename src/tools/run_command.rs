//! `run_command`: a command in the workspace's folder.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::secrets::redact;

use super::secret_values::{secret_values, without_values};
use super::{
    Permitted, Prepared, Running, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking,
    files, shown,
};
use crate::jail::{EntryKind, Jail, JailError, classify, is_secret};
use crate::message::ToolCall;
use crate::model::{Parameter, ParameterKind, ToolSpec};
use crate::permission::command::{
    git_targets, needs_network, paths, remembered, replaces_files, risk, writes_git,
};
use crate::permission::{CommandRisk, Confinement, Effect, Preview, Rules};
use crate::sandbox::confine::GitAccess;
use crate::sandbox::{Access, Captured, Exit, RunLimits, RunOutput, WorkspaceAccess};
use crate::visible::{neutral, visible};

/// How long a command may take if the call does not say so, in seconds,
const USUAL: usize = 120;
/// and at most.
const LONGEST: usize = 600;
/// Said where a command failed for want of the network.
const NO_NETWORK: &str = "(commands have no network here; the user can open it by starting \
    ollacode with --network, or by a rule for it in config.toml)\n";
/// Said where a command failed since git's folder is closed to it.
const NO_GIT: &str = "(`.git` is open only to a command that is git alone, such as \
    `git add -A && git commit -m text`; its hooks and config never)\n";
/// Said where a command may have failed in silence since it could not write.
const NO_WRITING: &str = "(it ran unasked, with the workspace read-only)\n";
/// Bytes that are kept of the output, and as many of the errors.
const OUTPUT: usize = 8 << 10;

static SPEC: ToolSpec = ToolSpec {
    name: "run_command",
    aliases: &[
        "run_bash_command",
        "bash",
        "shell",
        "execute_command",
        "run_shell_command",
    ],
    description: "Run a shell command in the workspace, without input: build, test, git.",
    parameters: &[
        Parameter {
            name: "command",
            aliases: &["cmd", "script"],
            kind: ParameterKind::Text,
            description: "As typed in bash",
            required: true,
        },
        Parameter {
            name: "timeout",
            aliases: &["timeout_seconds"],
            kind: ParameterKind::Integer,
            description: "Seconds; 120 by default, 600 at most",
            required: false,
        },
    ],
};

/// The tool.
pub(super) struct RunCommand;

impl Tool for RunCommand {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Prepared, ToolError>> {
        async move {
            let command = arguments::text(call, "command")?.to_owned();
            if command.trim().is_empty() {
                return Err(ToolError::TellModel("`command` is empty".to_owned()));
            }
            if command.contains('\0') {
                let text = "`command` has a NUL in it, which no shell takes";
                return Err(ToolError::TellModel(text.to_owned()));
            }
            let seconds = arguments::number(call, "timeout").unwrap_or(USUAL);
            let limits = RunLimits {
                timeout: Duration::from_secs(seconds.min(LONGEST) as u64),
                output: OUTPUT,
            };
            Ok(Prepared {
                what: shown::narrow(&shown::name(&redact(command.trim()).text), 100).into_owned(),
                effects: effects(&command, context),
                preview: Preview::Command(visible(&command).into_owned()),
                remember: remembered(&command).map(|words| in_words(&words)),
                run: Box::new(move |running| run(command, limits, running).boxed()),
            })
        }
        .boxed()
    }
}

/// What a command would do, as far as it is known.
fn effects(command: &str, context: &ToolContext) -> Vec<Effect> {
    let jail = &context.jail;
    let risk = risk_here(command, jail, &context.rules);
    let mut effects = vec![Effect::Command {
        text: command.to_owned(),
        risk,
        network: context.sandbox.opens_network(),
    }];
    // Rules for reading hold for what it reads, too.
    if risk == CommandRisk::KnownSafe {
        let paths = paths(command).into_iter();
        let paths = paths.filter_map(|path| jail.path(&path).ok());
        effects.extend(paths.flat_map(|path| files::reading(jail, &path)));
    }
    effects.extend(protected_targets(command));
    effects
}

/// What git writes by name that is protected is judged like an edit of it.
fn protected_targets(command: &str) -> impl Iterator<Item = Effect> {
    git_targets(command).into_iter().filter_map(|path| {
        let runs_later = Some(classify(&path)?);
        Some(Effect::Write { path, runs_later })
    })
}

/// What is known of a command in this workspace: one that reads through a link may read anything,
/// and a search may find what a rule keeps back.
fn risk_here(command: &str, jail: &Jail, rules: &Rules) -> CommandRisk {
    let known = risk(command);
    let paths = || paths(command);
    let leads_out = || paths().iter().any(|path| may_lead_out(jail, path));
    let finds_kept = || {
        let searches = command.split(' ').any(|word| matches!(word, "grep" | "rg"));
        (searches && paths().is_empty() && rules.may_hide_below("."))
            || paths().iter().any(|path| may_find_kept(jail, rules, path))
    };
    if known == CommandRisk::KnownSafe && (leads_out() || finds_kept()) {
        CommandRisk::Unknown
    } else {
        known
    }
}

/// Whether a path is a folder in which there could be something that a rule keeps back.
fn may_find_kept(jail: &Jail, rules: &Rules, path: &str) -> bool {
    let real = jail.path(path).and_then(|path| jail.resolve(&path));
    let Ok(real) = real else {
        return false;
    };
    matches!(jail.kind(&real), Ok(Some(EntryKind::Folder))) && rules.may_hide_below(real.as_str())
}

/// Whether a path leads out of the workspace, or to a secret, when its links are followed.
fn may_lead_out(jail: &Jail, path: &str) -> bool {
    match jail.path(path).and_then(|path| jail.resolve(&path)) {
        Ok(real) => is_secret(&real),
        Err(JailError::NotFound(_) | JailError::NotAFolder(_)) => false,
        Err(_) => true,
    }
}

/// An argument vector on a line, so that no two look alike.
fn in_words(words: &[String]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_./=:@%+,-".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    let line = words.iter().map(quoted).collect::<Vec<_>>().join(" ");
    format!("running `{line}`")
}

async fn run(
    command: String,
    limits: RunLimits,
    running: Running<'_>,
) -> Result<ToolOutput, ToolError> {
    let sandbox = &running.context.sandbox;
    let access = access(&command, &running);
    match sandbox.run(&command, access, &limits, running.stop).await {
        Ok(output) => {
            let jail = running.context.jail.clone();
            let values = blocking(move || secret_values(&jail)).await?;
            let mut written = written(&output, &limits, &values);
            if access.git == GitAccess::ReadOnly && misses_git(&output) {
                written.text.push_str(NO_GIT);
            }
            if !access.network && misses_network(&command, &output) {
                written.text.push_str(NO_NETWORK);
            }
            if running.permitted != Permitted::ReadOnly {
                return Ok(written);
            }
            if misses_writing(&output) {
                return Err(ToolError::NeedsWriting(Box::new(written)));
            }
            if output.exit != Exit::Code(0) || command.contains("/dev/null") {
                written.text.push_str(NO_WRITING);
            }
            Ok(written)
        }
        Err(error) => Err(ToolError::TellModel(shown::with_causes(&error))),
    }
}

/// How far a command may go, given how it came to run.
fn access(command: &str, running: &Running<'_>) -> Access {
    let (sandbox, permitted) = (&running.context.sandbox, running.permitted);
    let is_known = risk(command) == CommandRisk::KnownSafe;
    let only_reads = permitted == Permitted::ReadOnly
        || (is_known && sandbox.confinement() == Confinement::Full);
    if only_reads {
        return Access {
            workspace: WorkspaceAccess::ReadOnly,
            ..Access::default()
        };
    }
    let replaces = replaces_files(command);
    let names_protected = protected_targets(command).next().is_some();
    let rules = &running.context.rules;
    Access {
        network: rules.opens_network(command, sandbox.opens_network()),
        git: match writes_git(command) {
            true => GitAccess::WriteButHooksAndConfig,
            false => GitAccess::ReadOnly,
        },
        workspace: WorkspaceAccess::ReadWrite,
        // Unasked, it is what a rule allows by name.
        auto_executed: match permitted {
            Permitted::Approved => replaces || names_protected,
            Permitted::Unasked => names_protected && !replaces,
            Permitted::ReadOnly => false,
        },
    }
}

/// Whether a command failed for want of writing, whatever it exits with: `make 2>&1 | tail` is
/// fine with that. A message has the words behind a colon or a number; a text that is searched
/// for them seldom has.
fn misses_writing(output: &RunOutput) -> bool {
    const SIGNS: &[&str] = &[
        ": read-only file system",
        "] read-only file system",
        "erofs: ",
        "os error 30",
        "errno 30",
        "attempt to write a readonly database",
    ];
    let said = format!("{}\n{}", output.stdout.text, output.stderr.text).to_lowercase();
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// Whether a command failed since `.git` is read-only for it.
fn misses_git(output: &RunOutput) -> bool {
    let said = &output.stderr.text;
    output.exit != Exit::Code(0) && said.contains(".git") && said.contains("Read-only file system")
}

/// Whether a command failed for want of the network, as far as that can be told.
fn misses_network(command: &str, output: &RunOutput) -> bool {
    const SIGNS: &[&str] = &[
        "could not resolve",
        "couldn't resolve",
        "name resolution",
        "name or service not known",
        "network is unreachable",
        "no such host",
        "getaddrinfo",
        "nodename nor servname",
        "enotfound",
        "eai_again",
    ];
    let said = format!("{}\n{}", output.stdout.text, output.stderr.text).to_lowercase();
    let has_failed = output.exit != Exit::Code(0);
    has_failed && (needs_network(command) || SIGNS.iter().any(|sign| said.contains(sign)))
}

fn written(output: &RunOutput, limits: &RunLimits, values: &[(String, String)]) -> ToolOutput {
    let ended = match output.exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(signal) => format!("killed by signal {signal}"),
        Exit::TimedOut => format!("killed after {} s", limits.timeout.as_secs()),
        Exit::Stopped => "stopped by the user".to_owned(),
    };
    let mut text = format!("{ended}, {:.1} s\n", output.took.as_secs_f32());
    if output.exit == Exit::TimedOut {
        text.push_str("(give a longer timeout, or do less at once; nothing may wait for input)\n");
    }
    let mut detail = String::new();
    for (name, captured) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let clean = clean(captured, values);
        if !clean.is_empty() {
            text.push_str(&format!("{name}:\n{}", neutral(&clean)));
            detail.push_str(&clean);
        }
    }
    if detail.is_empty() {
        text.push_str("no output\n");
    }
    for set_aside in &output.set_aside {
        let now = match &set_aside.now {
            Some(now) => format!("it is in {} now", shown::name(now)),
            None => "it had to be removed".to_owned(),
        };
        let said = format!(
            "({} was taken out of the workspace again, since it runs later, and commands may not \
             make such files; {now}. write_file can make it, and the user is asked)\n",
            shown::name(&set_aside.path),
        );
        text.push_str(&said);
        detail.push_str(&said);
    }
    ToolOutput {
        text,
        summary: ended,
        detail,
        sources: Vec::new(),
    }
}

/// What was captured without secrets, with a line break at its end.
fn clean(captured: &Captured, values: &[(String, String)]) -> String {
    let text = without_values(&captured.text, values);
    let mut text = shown::without_secrets(&text).0.into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::permission::{Confinement, Mode, Permission, permission};
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
        let effects = effects("cat kept/a.rs", bench.context());
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

    #[test]
    fn words_with_spaces_are_told_apart() {
        let words = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            in_words(&words)
        };
        assert_eq!(words(&["cargo", "test"]), "running `cargo test`");
        assert_ne!(words(&["git", "log x"]), words(&["git", "log", "x"]));
        assert_eq!(words(&["a", "it's", ""]), "running `a 'it'\\''s' ''`");
    }
}
