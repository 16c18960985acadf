//! Other versions of secret files that git has: a command can print them without a name
//! (`git archive | tar xO`), so their values are collected from the history itself.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use ollacode_secrets::secret_class;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::ToolContext;
use crate::permission::Confinement;
use crate::sandbox::{CommandAccess, Exit, RunLimits, RunOutput, WorkspaceAccess};

/// How far a walk goes; the bytes are those of names, and of contents.
const LIMITS: RunLimits = RunLimits {
    timeout: Duration::from_secs(3),
    output: 16 << 20,
};

/// Most versions of secret files that are read.
const MOST_VERSIONS: usize = 1_000;

/// Most commits behind which nothing is looked for a second time.
const MOST_TIPS: usize = 1_000;

/// Endings of files that are never secret by name; most of a history are such.
const PASSED_OVER: &str = "rs|c|cc|cpp|h|hpp|go|java|kt|swift|js|jsx|ts|tsx|css|scss|html|md|rst|svg|png|jpg|gif|snap|lock";

/// Said once where the history is too long.
const TOO_LONG: &str = "(the git history is too long to be scanned for secrets: what git prints \
    of old versions of secret files may contain some)\n";

/// How far the history was looked through.
#[derive(Default)]
pub struct GitVersions(Mutex<HistoryState>);

#[derive(Default)]
struct HistoryState {
    /// Whether it was looked through at all.
    once: bool,
    /// The commits that were the newest then.
    tips: Vec<String>,
    /// The versions that were read.
    versions: HashSet<String>,
}

/// What a walk through the history found.
struct HistoryWalk {
    tips: Vec<String>,
    /// The ids of versions of secret files, with their paths.
    versions: Vec<(String, String)>,
    /// Whether the walk came to the end.
    is_whole: bool,
}

/// Takes in what the history holds of secret files, as far as a command can have shown it. Gives
/// what is to be said if that is not all of it.
///
/// The history is walked once, and what was added to it when git may have run since.
pub(super) async fn learn(command: &str, context: &ToolContext) -> &'static str {
    let mut looked = context.git_versions.0.lock().await;
    let is_known = looked.once && !command.contains("git");
    if is_known || !context.jail.root().join(".git").exists() {
        return "";
    }
    let Some(mut walked) = walk(context, &looked.tips).await else {
        return "";
    };
    let is_new = |(id, _): &(String, String)| !looked.versions.contains(id);
    walked.versions.retain(is_new);
    read(context, &walked.versions).await;
    let ids = walked.versions.into_iter().map(|(id, _)| id);
    looked.versions.extend(ids);
    looked.tips = walked.tips;
    looked.once = true;
    if walked.is_whole { "" } else { TOO_LONG }
}

/// Walks through what is not reached from the commits that are `known`.
async fn walk(context: &ToolContext, known: &[String]) -> Option<HistoryWalk> {
    let known: Vec<String> = known.iter().map(|id| format!("^{id}")).collect();
    let walk = format!(
        "git rev-parse --all HEAD 2>/dev/null | sort -u | head -n {MOST_TIPS}; \
         printf '%s\\n' {} | git rev-list --objects --in-commit-order --all --reflog \
         --indexed-objects --stdin 2>/dev/null | LC_ALL=C grep -aE '^[0-9a-f]+ .' \
         | LC_ALL=C grep -avE '\\.({PASSED_OVER})$'",
        known.join(" ")
    );
    let output = run(context, &walk, &LIMITS, &CancellationToken::new()).await?;
    let mut walked = HistoryWalk {
        tips: Vec::new(),
        versions: Vec::new(),
        is_whole: output.exit != Exit::TimedOut && output.stdout.left_out == 0,
    };
    for line in output.stdout.text.lines() {
        match line.split_once(' ') {
            None if is_id(line) => walked.tips.push(line.to_owned()),
            Some((id, path)) if is_id(id) && secret_class(path).is_some() => {
                walked.versions.push((id.to_owned(), path.to_owned()));
            }
            _ => {}
        }
    }
    walked.is_whole &= walked.versions.len() <= MOST_VERSIONS;
    walked.versions.truncate(MOST_VERSIONS);
    Some(walked)
}

/// Reads versions and takes in their values.
async fn read(context: &ToolContext, versions: &[(String, String)]) {
    if versions.is_empty() {
        return;
    }
    let paths: HashMap<&str, &str> = versions
        .iter()
        .map(|(id, path)| (id.as_str(), path.as_str()))
        .collect();
    // A line that no file has tells where a version begins.
    let mark = format!("== {:016x} ", RandomState::new().build_hasher().finish());
    let ids: Vec<&str> = versions.iter().map(|(id, _)| id.as_str()).collect();
    let contents = format!(
        "printf '%s\\n' {} | git cat-file --batch-check='%(objectname) %(objecttype) %(objectsize)' \
         | while read id kind size; do if [ \"$kind\" = blob ] && [ \"$size\" -le 65536 ]; then \
         echo $id; fi; done | git cat-file --batch='{mark}%(objectname)'",
        ids.join(" ")
    );
    let never = CancellationToken::new();
    let Some(output) = run(context, &contents, &LIMITS, &never).await else {
        return;
    };
    let contents = output.stdout.text.split(mark.as_str()).skip(1);
    let contents = contents.filter_map(|part| part.split_once('\n'));
    let versions: Vec<(String, String)> = contents
        .filter_map(|(id, text)| Some(((*paths.get(id)?).to_owned(), text.to_owned())))
        .collect();
    let jail = context.jail.clone();
    let _ = super::blocking(move || jail.learn_versions(versions)).await;
}

/// Runs a command of ours, which changes nothing; git starts no other program in it.
pub(super) async fn run(
    context: &ToolContext,
    command: &str,
    limits: &RunLimits,
    stop: &CancellationToken,
) -> Option<RunOutput> {
    let access = CommandAccess {
        workspace: match context.sandbox.confinement() {
            Confinement::Full => WorkspaceAccess::ReadOnly,
            _ => WorkspaceAccess::ReadWrite,
        },
        harmless_git: true,
        ..CommandAccess::default()
    };
    let ran = context.sandbox.run(command, &access, limits, stop);
    ran.await.ok()
}

fn is_id(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
