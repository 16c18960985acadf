mod reading;
mod serving;

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::permission::CommandRisk;
use crate::permission::command::risk;

const PATIENT: RunLimits = RunLimits {
    timeout: Duration::from_secs(60),
    output: 10_000,
};

/// A folder, and a sandbox in it.
struct Place {
    folder: TempDir,
    sandbox: Arc<Sandbox>,
}

impl Place {
    fn new() -> Place {
        Place::with_variables(&[])
    }

    fn with_variables(variables: &[(&str, &str)]) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let home = Some(folder.path());
        let base = CommandEnvironment::from_variables(variables, home, folder.path());
        let sandbox = Arc::new(Sandbox::new(folder.path().to_owned(), base));
        Place { folder, sandbox }
    }

    async fn run(&self, command: &str) -> RunOutput {
        let stop = CancellationToken::new();
        let output = self
            .sandbox
            .run(command, &CommandAccess::default(), &PATIENT, &stop)
            .await;
        output.expect("the shell starts")
    }

    /// Waits for a process to write its number into a file, which is gone afterwards.
    async fn process(&self, file: &str) -> u32 {
        let path = self.folder.path().join(file);
        let text = until("a process writes its number", || {
            let text = fs::read_to_string(&path).ok()?;
            text.ends_with('\n').then_some(text)
        });
        let text = text.await;
        text.trim().parse().expect("a number")
    }
}

/// Looks again and again, for a bounded time, until there is something.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{what}: not yet");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_alive(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| {
        let state = status.rsplit_once(") ").map(|(_, rest)| rest);
        state.is_some_and(|state| !state.starts_with(['Z', 'X']))
    })
}

async fn is_gone(process: u32) {
    until("a process is gone", || (!is_alive(process)).then_some(())).await;
}

/// Starts something in the background that leaves the session twice, and whose parents are gone.
/// It writes its number into the file `pid`.
const DAEMON: &str = "S=$(command -v setsid); $S sh -c \
    \"$S sh -c 'echo \\$\\$ > pid; exec sleep 300' > /dev/null 2>&1 &\" &\n\
    until [ -s pid ]; do :; done\n";

#[tokio::test]
async fn a_command_ends_as_it_ends() {
    let place = Place::new();
    for (command, exit) in [
        ("true", Exit::Code(0)),
        ("exit 3", Exit::Code(3)),
        ("false || exit 255", Exit::Code(255)),
        ("kill -9 $$", Exit::Signal(9)),
        ("there-is-no-such-program", Exit::Code(127)),
        ("if", Exit::Code(2)),
        ("", Exit::Code(0)),
        ("-x", Exit::Code(127)),
    ] {
        assert_eq!(place.run(command).await.exit, exit, "{command:?}");
    }
}

#[tokio::test]
async fn output_and_errors_are_apart() {
    let place = Place::new();
    let output = place.run("echo out; echo err >&2; printf 한국어").await;
    assert_eq!(output.stdout.text, "out\n한국어");
    assert_eq!(output.stderr.text, "err\n");
    assert_eq!((output.stdout.bytes, output.stdout.left_out), (13, 0));
    assert!(output.took < PATIENT.timeout);
}

#[tokio::test]
async fn a_command_runs_in_the_folder_without_input_and_without_terminal() {
    let place = Place::new();
    let output = place
        .run("pwd -P; cat; umask; [ -t 0 ] || echo no terminal")
        .await;
    let folder = place.folder.path().canonicalize().expect("a real path");
    let expected = format!("{}\n0022\nno terminal\n", folder.display());
    assert_eq!(output.stdout.text, expected);
    let script = "read -r id name state parent group session rest < /proc/$$/stat\n\
        [ $$ = $session ] && [ $$ = $group ] && echo own session\n\
        (exec 3<> /dev/tty) 2> /dev/null || echo no terminal";
    let output = place.run(script).await;
    assert_eq!(output.stdout.text, "own session\nno terminal\n");
}

#[tokio::test]
async fn a_command_sees_no_variable_but_those_that_are_listed() {
    let token = [
        ("GITHUB_TOKEN", "ghp_canary"),
        ("OLLAMA_API_KEY", "canary"),
        ("OLLACODE_SERVER_KEY", "canary"),
    ];
    let place = Place::with_variables(&token);
    let output = place.run("env | cut -d= -f1 | sort | tr '\\n' ' '").await;
    let own = ["PWD", "OLDPWD", "SHLVL", "_"];
    let mut names = output.stdout.text.split_whitespace().collect::<Vec<_>>();
    names.retain(|name| !own.contains(name));
    assert_eq!(names, ["HOME", "LANG", "OLLACODE_RUN", "PATH", "TERM"]);
    let output = place.run("env; cat /proc/$$/environ").await;
    assert!(!output.stdout.text.contains("canary"), "{output:?}");
}

#[tokio::test]
async fn much_output_stays_small() {
    let place = Place::new();
    let output = place
        .run("echo begin; head -c 52428800 /dev/zero | tr '\\0' x; echo; echo end")
        .await;
    let CapturedOutput {
        text,
        bytes,
        left_out,
    } = output.stdout;
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(bytes, 52_428_800 + 11);
    assert!(text.starts_with("begin\nxxx") && text.ends_with("xxx\nend\n"));
    assert!(text.len() < PATIENT.output + 100, "{}", text.len());
    assert!(left_out >= bytes - PATIENT.output as u64);
    assert!(text.contains("\n… 52,4"), "{text}");
}

#[tokio::test]
async fn bytes_that_are_no_text_do_no_harm() {
    let place = Place::new();
    let output = place
        .run("head -c 100000 /dev/urandom; head -c 50000 /dev/zero >&2")
        .await;
    for captured in [output.stdout, output.stderr] {
        assert!(captured.text.len() < PATIENT.output + 100);
        let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!captured.text.contains(hidden));
        assert!(captured.left_out > 0);
    }
}

#[tokio::test]
async fn what_cannot_start_is_an_error() {
    let place = Place::new();
    let stop = CancellationToken::new();
    let nul = place
        .sandbox
        .run("echo a\0b", &CommandAccess::default(), &PATIENT, &stop)
        .await;
    assert!(matches!(nul, Err(RunError::Start { .. })), "{nul:?}");
    let base = CommandEnvironment::from_variables([], None, Path::new("/"));
    let nowhere = Sandbox::new(place.folder.path().join("gone"), base);
    let error = nowhere
        .run("ls", &CommandAccess::default(), &PATIENT, &stop)
        .await
        .expect_err("no folder");
    assert!(error.to_string().contains("gone"), "{error}");
}

#[tokio::test]
async fn a_timeout_kills_what_left_the_session_twice() {
    let place = Place::new();
    let limits = RunLimits {
        timeout: Duration::from_secs(2),
        ..PATIENT
    };
    let command = format!("{DAEMON} echo started; sleep 300");
    let stop = CancellationToken::new();
    let output = place
        .sandbox
        .run(&command, &CommandAccess::default(), &limits, &stop)
        .await;
    let output = output.expect("the shell starts");
    assert_eq!(output.exit, Exit::TimedOut);
    assert_eq!(output.stdout.text, "started\n");
    is_gone(place.process("pid").await).await;
}

#[tokio::test]
async fn nothing_outlives_a_command_that_ends_by_itself() {
    let place = Place::new();
    let output = place.run(&format!("{DAEMON} echo done")).await;
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(output.stdout.text, "done\n");
    is_gone(place.process("pid").await).await;
}

#[tokio::test]
async fn a_daemon_that_hides_its_mark_is_found_by_its_output() {
    let place = Place::new();
    let hidden = DAEMON
        .replace("$S sh", "$S env -i sh")
        .replace("> /dev/null 2>&1", "");
    let output = place.run(&format!("{hidden} echo done")).await;
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(output.stdout.text, "done\n");
    is_gone(place.process("pid").await).await;
}

#[tokio::test]
async fn a_pipe_that_stays_open_holds_nobody_up() {
    let place = Place::new();
    let hidden = DAEMON
        .replace("$S sh", "$S env -i sh")
        .replace("> /dev/null 2>&1", "3>&1 > /dev/null 2>&1");
    let output = place.run(&format!("{hidden} echo done")).await;
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(output.stdout.text, "done\n");
    assert!(output.took < Duration::from_secs(20));
    // It did all it can to get away, and did: only confinement stops that.
    let daemon = place.process("pid").await;
    place.run(&format!("kill -9 {daemon}")).await;
    is_gone(daemon).await;
}

#[tokio::test]
async fn a_command_can_be_stopped() {
    let place = Place::new();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (sandbox, stop) = (Arc::clone(&place.sandbox), stop.clone());
        let command = format!("{DAEMON} echo $$ > shell; sleep 300");
        async move {
            sandbox
                .run(&command, &CommandAccess::default(), &PATIENT, &stop)
                .await
        }
    });
    let shell = place.process("shell").await;
    stop.cancel();
    let output = running.await.expect("no panic").expect("the shell starts");
    assert_eq!(output.exit, Exit::Stopped);
    is_gone(shell).await;
    is_gone(place.process("pid").await).await;

    let output = place
        .sandbox
        .run("echo x > late", &CommandAccess::default(), &PATIENT, &stop)
        .await;
    assert_eq!(output.expect("nothing starts").exit, Exit::Stopped);
    assert!(!place.folder.path().join("late").exists());
}

#[tokio::test]
async fn a_dropped_run_leaves_nothing() {
    let place = Place::new();
    let running = tokio::spawn({
        let sandbox = Arc::clone(&place.sandbox);
        let command = format!("{DAEMON} echo $$ > shell; sleep 300");
        async move {
            let stop = CancellationToken::new();
            sandbox
                .run(&command, &CommandAccess::default(), &PATIENT, &stop)
                .await
        }
    });
    let shell = place.process("shell").await;
    running.abort();
    assert!(running.await.expect_err("aborted").is_cancelled());
    is_gone(shell).await;
    is_gone(place.process("pid").await).await;
}

#[tokio::test]
async fn runs_leave_each_other_alone() {
    let (first, second) = (Place::new(), Place::new());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (sandbox, stop) = (Arc::clone(&first.sandbox), stop.clone());
        let command = format!("{DAEMON} echo $$ > shell; sleep 300");
        async move {
            sandbox
                .run(&command, &CommandAccess::default(), &PATIENT, &stop)
                .await
        }
    });
    let shell = first.process("shell").await;
    let daemon = first.process("pid").await;
    assert_eq!(second.run("true").await.exit, Exit::Code(0));
    assert!(is_alive(shell) && is_alive(daemon));
    stop.cancel();
    let output = running.await.expect("no panic").expect("the shell starts");
    assert_eq!(output.exit, Exit::Stopped);
    is_gone(daemon).await;
}

/// Makes a repository of two commits, the last one signed, whose configuration names a program
/// wherever Git knows one; each leaves its name in the file `ran`.
const HOSTILE_REPOSITORY: &str = r#"
set -e
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a
git init -q .
printf '%s\n' '* filter=evil diff=evil' > .gitattributes
echo one > a.txt
git add .
git commit -qm one
git tag v1
tree=$(git rev-parse 'HEAD^{tree}')
git hash-object -t commit -w --stdin > signed <<END
tree $tree
parent $(git rev-parse HEAD)
author a <a> 1700000000 +0000
committer a <a> 1700000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 
 iQEzBAABCAAdFiEE
 -----END PGP SIGNATURE-----

two
END
git update-ref HEAD $(cat signed)
here=$(pwd)
mkdir hooks
for name in alias command external filter fsmonitor gpg pager ssh textconv hooks/post-index-change; do
    printf '#!/bin/sh\necho %s >> %s/ran\ncat\n' $name "$here" > $name
    chmod +x $name
done
mkdir -p .git/info
cp .gitattributes .git/info/attributes
cat >> .git/config <<END
[alias]
    log = !$here/alias
[core]
    alternateRefsCommand = $here/command
    fsmonitor = $here/fsmonitor
    hooksPath = $here/hooks
    pager = $here/pager
    sshCommand = $here/ssh
[diff]
    external = $here/external
[diff "evil"]
    command = $here/external
    textconv = $here/textconv
[filter "evil"]
    clean = $here/filter
    smudge = $here/filter
[format]
    pretty = %h %G?
[gpg]
    program = $here/gpg
[log]
    showSignature = true
[pretty]
    evil = %G?
[extensions]
    partialClone = origin
[remote "origin"]
    url = ssh://localhost/x
    promisor = true
END
git config core.repositoryformatversion 1
touch -d 2020-01-01 a.txt
rm -f ran
"#;

#[tokio::test]
async fn a_repository_cannot_make_known_commands_run_its_programs() {
    let place = Place::new();
    if place.run("git --version").await.exit != Exit::Code(0) {
        return;
    }
    let made = place.run(HOSTILE_REPOSITORY).await;
    assert_eq!(made.exit, Exit::Code(0), "{made:?}");
    let ran = place.folder.path().join("ran");
    let run = async |command: &str| {
        let output = place.run(command).await;
        let programs = fs::read_to_string(&ran).unwrap_or_default();
        let _ = fs::remove_file(&ran);
        (output, programs)
    };
    for command in [
        "git log",
        "git log --oneline --graph --decorate --all -5",
        "git log --stat",
        "git log --numstat --follow -- a.txt",
        "git log --format='%h %an %s' --name-status",
        "git --no-pager log",
        "git show --stat HEAD",
        "git show --name-only HEAD~1",
        "git show -s",
        "git ls-files",
        "git rev-parse --abbrev-ref HEAD",
        "git branch -a -vv",
        "git branch --list",
        "git tag -l --sort=-creatordate",
        "git describe --tags --always",
    ] {
        assert_eq!(risk(command), CommandRisk::KnownSafe, "{command}");
        let (output, programs) = run(command).await;
        assert_eq!(output.exit, Exit::Code(0), "{command}: {output:?}");
        assert_eq!(programs, "", "{command}");
    }
    // What is asked does run them: this repository is hostile, and users may have hooks.
    for (year, command, program) in [
        (2001, "git status", "filter"),
        (2002, "git diff", "filter"),
        (2003, "git log -p", "textconv"),
        (2004, "git log --show-signature", "gpg"),
        (2005, "git blame a.txt", "textconv"),
    ] {
        assert_ne!(risk(command), CommandRisk::KnownSafe, "{command}");
        // A file whose time is another one than Git knows is read again.
        let command = format!("touch -d {year}-01-01 a.txt; {command}");
        let (_, programs) = run(&command).await;
        assert!(programs.contains(program), "{command}: {programs:?}");
    }
    // A commit that is not there would be fetched.
    let lost = "rm -f .git/objects/$(git rev-parse v1 | sed 's,^..,&/,')";
    assert_eq!(place.run(lost).await.exit, Exit::Code(0));
    let (_, programs) = run("git log").await;
    assert_eq!(programs, "");
}
