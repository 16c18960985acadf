//! What git shows of changes, for questions about them: the last commit, what is not committed, what
//! is new since a branch. The git command line tells it, in the sandbox, and starts no other program.

mod range;
#[cfg(test)]
mod tests;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::closed_output::without_closed;
use super::hidden_files::is_closed_path;
use super::render::{self, OutputPage};
use super::{ToolContext, git_versions};
use crate::message::Source;
use crate::permission::{CommandRisk, Effect, Mode, Permission, permission};
use crate::sandbox::{CapturedOutput, Exit, RunLimits};
use crate::text::tokens::estimate_text;

pub use range::{Day, GitRange};

/// Bytes of its output that are kept.
const MOST_BYTES: usize = 2 << 20;
/// Commits that are named.
const MOST_COMMITS: u32 = 20;
/// Files that git does not track which are named.
const MOST_UNTRACKED: usize = 1_000;
/// Fewest tokens of a file's diff that are worth showing.
const FEWEST_TOKENS: u32 = 60;

/// Exit codes of the script.
const NO_REPOSITORY: i32 = 63;
const NO_REVISION: i32 = 64;
const NO_COMMIT: i32 = 65;
const SHORT_HISTORY: i32 = 66;

/// Clears the filters of the repository, which git would start to compare files, and keeps git in the
/// folder: neither another work tree nor a repository around it is read.
const SETTINGS: &str = r#"export GIT_WORK_TREE=. GIT_CEILING_DIRECTORIES="${PWD%/*}"
while IFS= read -r key; do
[ -n "$key" ] || continue
export "GIT_CONFIG_KEY_$GIT_CONFIG_COUNT=$key" "GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT="
GIT_CONFIG_COUNT=$((GIT_CONFIG_COUNT + 1))
done <<KEYS
$(git config --name-only --get-regexp '^filter\.')
KEYS
export GIT_CONFIG_COUNT
changes() {
git -c core.quotePath=false -c diff.suppressBlankEmpty=false diff --no-ext-diff --no-textconv --no-color -M --submodule=short \
--ignore-submodules=all --src-prefix=a/ --dst-prefix=b/ "$@" --
}"#;

/// Branches that others are made from.
const MAIN_BRANCHES: &str = "main master trunk develop origin/HEAD origin/main origin/master";

/// What git shows of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitChanges {
    /// In a line: `Uncommitted changes: 2 files, +10 −3`.
    pub summary: String,
    /// The commits, if the range has some, and the files, a line each.
    pub files: String,
    /// As much of the diff as has room.
    pub diff: String,
    /// The changed lines in it.
    pub sources: Vec<Source>,
    /// Files that git does not track, if the range has them.
    pub untracked: Vec<String>,
    /// Whether the diff is not whole.
    pub is_cut: bool,
}

/// Why there are no changes to show, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoChanges {
    /// Nothing is different.
    #[error("{0}")]
    Nothing(String),
    /// They cannot be read.
    #[error("{0}")]
    Unread(String),
}

/// What git shows of a range, in so many tokens. Git may take as long as `patience`.
pub async fn git_changes(
    context: &ToolContext,
    range: &GitRange,
    (tokens, patience): (u32, Duration),
    stop: &CancellationToken,
) -> Result<GitChanges, NoChanges> {
    let unread = |why: &str| NoChanges::Unread(why.to_owned());
    if !context.jail.root().join(".git").exists() {
        return Err(unread("this folder is not a git repository"));
    }
    if is_denied(context) {
        return Err(unread("a rule denies git"));
    }
    // A line that no file has tells where a part begins.
    let mark = format!("== {:016x}", RandomState::new().build_hasher().finish());
    let script = script(range, &mark);
    let limits = RunLimits {
        timeout: patience,
        output: MOST_BYTES,
    };
    let output = git_versions::run(context, &script, &limits, stop).await;
    let output = output.ok_or_else(|| unread("git could not be run"))?;
    if output.exit != Exit::Code(0) {
        return Err(NoChanges::Unread(why_not(range, output.exit, patience)));
    }
    // What old versions of secret files hold is to be known before the rest is shown.
    git_versions::learn(&script, context).await;
    let separator = format!("{mark}\n");
    let mut parts = uncut(&output.stdout).split(&separator).skip(1);
    let mut part = || parts.next().unwrap_or_default();
    let (commits, counts, untracked, diff) = (part(), part(), part(), part());
    let is_closed = |path: &str| is_closed_path(&context.jail, &context.rules, path);
    let diff = without_closed(diff, is_closed);
    let clean = |text: &str| render::without_secrets(text).0.into_owned();
    let parts = [commits, counts, untracked, diff.as_str()].map(clean);
    rendered(range, &parts, tokens).ok_or_else(|| NoChanges::Nothing(nothing(range)))
}

/// An output up to where something of it is left out: the lines behind may be of a file that is closed
/// and whose name is in what is left out.
fn uncut(output: &CapturedOutput) -> &str {
    match output.text.find("\n… ") {
        Some(at) if output.left_out > 0 => &output.text[..=at],
        _ => &output.text,
    }
}

/// Whether a rule denies what is run.
fn is_denied(context: &ToolContext) -> bool {
    let effect = Effect::Command {
        text: "git diff".to_owned(),
        risk: CommandRisk::Unknown,
        network: false,
        tool: None,
    };
    let confinement = context.sandbox.confinement();
    let judged = permission(&effect, Mode::AutoApprove, confinement, &context.rules);
    matches!(judged, Permission::Deny(_))
}

/// Finds two commits, or the second and the common ancestor of both.
fn between(from: &str, to: &str, from_base: bool) -> String {
    let base = match from_base {
        true => format!("git merge-base '{from}' \"$to\""),
        false => format!("git rev-parse -q --verify '{from}^{{commit}}'"),
    };
    format!("to=$(git rev-parse -q --verify '{to}^{{commit}}') && base=$({base})")
}

/// What is different for a range.
struct RangeScript {
    /// Finds the base.
    base: String,
    /// Prints the commits, if that is not empty.
    commits: String,
    /// What git compares.
    compared: &'static str,
    /// Whether files that git does not track belong to it.
    has_new: bool,
}

fn range_script(range: &GitRange) -> RangeScript {
    const LOG: &str = "git log --no-decorate --no-show-signature --no-color --date=short";
    let log_since = format!("{LOG} -n {MOST_COMMITS} --format='%h %s' ${{since:-$base..HEAD}}");
    let (base, commits, compared, has_new) = match range {
        GitRange::Uncommitted => ("base=$head".to_owned(), String::new(), "$base", true),
        GitRange::Staged => (
            "base=$head".to_owned(),
            String::new(),
            "--cached $base",
            false,
        ),
        GitRange::LastCommits(number) => (
            format!(
                "[ \"$head\" = \"$none\" ] && exit {NO_COMMIT}\n\
                 base=$(git rev-parse -q --verify 'HEAD~{number}^{{commit}}') || base=$none\n\
                 [ \"$base\" = \"$none\" ] && \
                 [ \"$(git rev-parse --is-shallow-repository)\" = true ] && exit {SHORT_HISTORY}"
            ),
            format!("{LOG} -n {number} --format='%h %ad %an%n%w(0,4,4)%B'"),
            "$base HEAD",
            false,
        ),
        GitRange::Since(revision) => (
            match revision {
                Some(name) => format!(
                    "base=$(git merge-base '{name}' HEAD) || \
                     base=$(git rev-parse -q --verify '{name}^{{commit}}')"
                ),
                None => format!(
                    "for name in {MAIN_BRANCHES}; do base=$(git merge-base $name HEAD) && break; done"
                ),
            },
            log_since,
            "$base",
            true,
        ),
        GitRange::Between {
            from,
            to,
            from_base,
        } => (
            between(from, to, *from_base),
            format!("{LOG} -n {MOST_COMMITS} --format='%h %s' \"$base..$to\""),
            "$base $to",
            false,
        ),
        GitRange::SinceDay(day) => (
            format!(
                "base=$(git rev-list -1 --before='{}' $head --)\n\
                 [ -n \"$base\" ] || {{ base=$none; since=HEAD; }}",
                day.date()
            ),
            log_since,
            "$base",
            true,
        ),
    };
    RangeScript {
        base,
        commits,
        compared,
        has_new,
    }
}

/// Prints the commits, the numbers of changed lines, the files that are not tracked and the diff, each
/// behind a mark.
fn script(range: &GitRange, mark: &str) -> String {
    let untracked = format!(
        "git -c core.quotePath=false ls-files --others --exclude-standard | head -n {MOST_UNTRACKED}"
    );
    let RangeScript {
        base,
        commits,
        compared,
        has_new,
    } = range_script(range);
    let untracked = if has_new { untracked.as_str() } else { ":" };
    let commits = match commits.as_str() {
        "" => ":",
        commits => commits,
    };
    format!(
        "{SETTINGS}\n\
         git rev-parse --git-dir >/dev/null || exit {NO_REPOSITORY}\n\
         none=$(git hash-object -t tree /dev/null)\n\
         head=$(git rev-parse -q --verify HEAD) || head=$none\n\
         {base}\n\
         [ -n \"$base\" ] || exit {NO_REVISION}\n\
         echo '{mark}'; {commits}\n\
         echo '{mark}'; changes --numstat {compared}\n\
         echo '{mark}'; {untracked}\n\
         echo '{mark}'; changes {compared}\n"
    )
}

fn why_not(range: &GitRange, exit: Exit, patience: Duration) -> String {
    match (exit, range) {
        (Exit::Code(NO_REPOSITORY), _) => {
            "git cannot read the repository of this folder".to_owned()
        }
        (Exit::Code(NO_COMMIT), _) => "there is no commit yet".to_owned(),
        (Exit::Code(SHORT_HISTORY), _) => {
            "this clone has no older commits to compare with: its history is cut off".to_owned()
        }
        (Exit::Code(NO_REVISION), GitRange::Since(Some(name))) => {
            format!("there is no revision `{name}`")
        }
        (Exit::Code(NO_REVISION), GitRange::Between { from, to, .. }) => {
            format!("there are no revisions `{from}` and `{to}` that could be compared")
        }
        (Exit::Code(NO_REVISION), _) => {
            "there is no main branch that this one could be compared with".to_owned()
        }
        (Exit::TimedOut, _) => format!("git took more than {} s", patience.as_secs()),
        _ => "git failed".to_owned(),
    }
}

/// What is said where nothing is different.
fn nothing(range: &GitRange) -> String {
    match range {
        GitRange::Uncommitted => "there are no uncommitted changes".to_owned(),
        GitRange::Staged => "nothing is staged".to_owned(),
        GitRange::LastCommits(_) => "the last commit changed nothing".to_owned(),
        GitRange::Since(Some(name)) => format!("nothing was changed since `{name}`"),
        GitRange::Since(None) => "nothing was changed on this branch".to_owned(),
        GitRange::Between { from, to, .. } => {
            format!("nothing is different between `{from}` and `{to}`")
        }
        GitRange::SinceDay(day) => format!("nothing was changed since {}", day.words()),
    }
}

fn title(range: &GitRange) -> String {
    match range {
        GitRange::Uncommitted => "Uncommitted changes".to_owned(),
        GitRange::Staged => "Staged changes".to_owned(),
        GitRange::LastCommits(1) => "The last commit".to_owned(),
        GitRange::LastCommits(number) => format!("The last {number} commits"),
        GitRange::Since(Some(name)) => format!("Changes since `{name}`, committed or not"),
        GitRange::Since(None) => "Changes of this branch, committed or not".to_owned(),
        GitRange::Between { from, to, .. } => format!("Changes from `{from}` to `{to}`"),
        GitRange::SinceDay(day) => format!("Changes since {}, committed or not", day.words()),
    }
}

/// A file with its added and removed lines; `None` where these are not text.
type FileCount<'a> = (&'a str, Option<(u64, u64)>);

/// The parts of the output as they are shown; `None` if nothing is different.
fn rendered(range: &GitRange, parts: &[String; 4], tokens: u32) -> Option<GitChanges> {
    let [commits, counts, untracked, diff] = parts;
    let counts: Vec<FileCount<'_>> = counts.lines().filter_map(file_count).collect();
    let untracked: Vec<&str> = untracked.lines().collect();
    if counts.is_empty() && untracked.is_empty() && commits.trim().is_empty() {
        return None;
    }
    let sums = counts.iter().filter_map(|(_, lines)| *lines);
    let (added, removed) = sums.fold((0, 0), |sum, (added, removed)| {
        (sum.0 + added, sum.1 + removed)
    });
    let files = render::count(counts.len(), "file", "files");
    let mut summary = format!("{}: {files}, +{added} −{removed}", title(range));
    if !untracked.is_empty() {
        let new = render::count(untracked.len(), "file", "files");
        let at_least = match untracked.len() {
            MOST_UNTRACKED => "at least ",
            _ => "",
        };
        summary.push_str(&format!(", and {at_least}{new} that git does not track"));
    }
    let mut page = OutputPage::new(usize::MAX).within(tokens / 3);
    for line in commits.lines() {
        page.push(&render::narrow(line, render::WIDEST));
    }
    for (path, lines) in &counts {
        let lines = match lines {
            Some((added, removed)) => format!("+{added} −{removed}"),
            None => "binary".to_owned(),
        };
        page.push(&format!("{}  {lines}", render::name(path)));
    }
    for path in &untracked {
        page.push(&format!("{}  not tracked", render::name(path)));
    }
    let left_out = page.left_out();
    let mut files = page.into_text();
    if left_out > 0 {
        let lines = render::count(left_out, "more line", "more lines");
        files.push_str(&format!("… {lines} …\n"));
    }
    let room = tokens.saturating_sub(estimate_text(&files));
    let is_cut = estimate_text(diff) > room;
    let diff = fitting(diff, room);
    Some(GitChanges {
        untracked: untracked.iter().map(|path| (*path).to_owned()).collect(),
        is_cut,
        summary,
        sources: sources(&diff),
        files,
        diff,
    })
}

/// Reads a line such as `10\t3\tsrc/a.rs`.
fn file_count(line: &str) -> Option<FileCount<'_>> {
    let mut parts = line.splitn(3, '\t');
    let (added, removed, path) = (parts.next()?, parts.next()?, parts.next()?);
    Some((path, added.parse().ok().zip(removed.parse().ok())))
}

/// As much of a diff as has room: of each file the same, unless it needs less.
fn fitting(diff: &str, tokens: u32) -> String {
    let mut files = by_file(diff);
    let most = usize::try_from((tokens / FEWEST_TOKENS).max(1)).unwrap_or(usize::MAX);
    let left_out = files.len().saturating_sub(most);
    files.truncate(most);
    let cost = |line: &String| estimate_text(line) + 1;
    let sizes: Vec<u32> = files
        .iter()
        .map(|file| file.iter().map(cost).sum())
        .collect();
    let mut text = String::new();
    for (lines, share) in files.iter().zip(shares(&sizes, tokens)) {
        let (mut left, mut shown) = (share, 0);
        for line in lines {
            let Some(rest) = left.checked_sub(cost(line)) else {
                break;
            };
            (left, shown) = (rest, shown + 1);
            text.push_str(line);
            text.push('\n');
        }
        if shown < lines.len() {
            let more = render::count(lines.len() - shown, "more line", "more lines");
            text.push_str(&format!("… {more} of this file …\n"));
        }
    }
    if left_out > 0 {
        let more = render::count(left_out, "more file", "more files");
        text.push_str(&format!("… {more} …\n"));
    }
    text
}

/// The lines of each file of a diff.
fn by_file(diff: &str) -> Vec<Vec<String>> {
    const BEGINNINGS: [&str; 4] = [
        "diff --git ",
        "diff --cc ",
        "diff --combined ",
        "[redacted: changes of ",
    ];
    let mut files: Vec<Vec<String>> = Vec::new();
    for line in diff.lines() {
        let begins = BEGINNINGS.iter().any(|start| line.starts_with(start));
        let line = render::narrow(line, render::WIDEST).into_owned();
        match files.last_mut() {
            Some(file) if !begins => file.push(line),
            _ => files.push(vec![line]),
        }
    }
    files
}

/// Tokens for each part: all that a small one needs, and the same for each of the large ones.
fn shares(sizes: &[u32], tokens: u32) -> Vec<u32> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|at| sizes[*at]);
    let mut shares = vec![0; sizes.len()];
    let mut left = tokens;
    for (done, at) in order.into_iter().enumerate() {
        let others = u32::try_from(sizes.len() - done).unwrap_or(u32::MAX);
        shares[at] = sizes[at].min(left / others);
        left -= shares[at];
    }
    shares
}

/// The lines of the new versions that a diff shows.
fn sources(diff: &str) -> Vec<Source> {
    let mut found: Vec<Source> = Vec::new();
    let mut path: Option<&str> = None;
    let mut is_in_hunk = false;
    let mut before = "";
    for line in diff.lines() {
        if before.starts_with("--- ") && line.starts_with("+++ ") {
            path = line
                .strip_prefix("+++ b/")
                .map(|path| path.trim_end_matches('\t'));
            is_in_hunk = false;
        } else if let (Some(start), Some(path)) = (hunk_start(line), path) {
            is_in_hunk = true;
            found.push(Source {
                path: path.to_owned(),
                start_line: start,
                end_line: start.saturating_sub(1),
                symbol: None,
            });
        } else if line.starts_with([' ', '+'])
            && is_in_hunk
            && let Some(source) = found.last_mut()
        {
            source.end_line += 1;
        } else if !line.starts_with(['-', '\\']) {
            is_in_hunk = false;
        }
        before = line;
    }
    found.retain(|source| source.start_line > 0 && source.end_line >= source.start_line);
    found
}

/// The first line of the new version in `@@ -1,2 +3,4 @@`.
fn hunk_start(line: &str) -> Option<u32> {
    let (_, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}
