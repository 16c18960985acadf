//! Git commands that only read, whatever the repository's configuration says.
//!
//! That configuration may come from an archive, and can name programs. For log, show (without a
//! patch), ls-files and similar commands, the environment of known-safe commands switches them off.
//! `status`, `diff`, `blame` and patches run filters and converters with names that the repository
//! chooses; these cannot be switched off, so they are not known to be safe.

mod created;
pub(super) mod effects;
pub(super) mod loss;

use super::rules::{KnownCommand, ParsedArguments, is_below, nothing, rule, texts};
use super::words::ArgumentVector;

pub(super) const READING: &[KnownCommand] = &[
    rule(&["git", "--version"], "", "", &[], nothing),
    rule(&["git", "log"], HISTORY_FLAGS, "n", HISTORY, history),
    rule(&["git", "show"], HISTORY_FLAGS, "n", HISTORY, commit),
    rule(&["git", "ls-files"], "c", "", &["--cached"], revisions),
    rule(&["git", "rev-parse"], "q", "", REV_PARSE, revisions),
    rule(
        &["git", "describe"],
        "",
        "",
        &["--abbrev=", "--all", "--always", "--long", "--tags"],
        revisions,
    ),
    rule(&["git", "branch"], "arv", "", BRANCH, branches),
    rule(
        &["git", "tag"],
        "0123456789ln",
        "",
        &["--list", "--sort="],
        tags,
    ),
];

/// The same and more, for a trusted repository: further arguments add no power to what was allowed.
pub(super) const TRUSTED: &[KnownCommand] = &[
    rule(&["git", "status"], "bsuv", "", STATUS, revisions),
    rule(&["git", "diff"], "bwsp", "U", DIFF, revisions),
    rule(&["git", "blame"], "ew", "L", &[], revisions),
    rule(&["git", "log"], "0123456789ips", "nU", HISTORY, history),
    rule(&["git", "show"], "0123456789ips", "nU", HISTORY, history),
];

/// Whether a vector only reads, in a trusted repository.
pub(super) fn only_reads(vector: &ArgumentVector) -> bool {
    TRUSTED.iter().any(|rule| rule.allows(vector).is_some())
}

const HISTORY_FLAGS: &str = "0123456789is";

/// Options that show no patch, search no text in one, check no signature and write no file.
const HISTORY: &[&str] = &[
    "--abbrev-commit",
    "--after=",
    "--all",
    "--author=",
    "--before=",
    "--branches",
    "--committer=",
    "--date-order",
    "--date=",
    "--decorate",
    "--decorate=",
    "--first-parent",
    "--follow",
    "--format=",
    "--graph",
    "--grep=",
    "--max-count=",
    "--merges",
    "--name-only",
    "--name-status",
    "--no-color",
    "--no-decorate",
    "--no-merges",
    "--no-patch",
    "--numstat",
    "--oneline",
    "--pretty=",
    "--reverse",
    "--shortstat",
    "--since=",
    "--skip=",
    "--stat",
    "--summary",
    "--tags",
    "--topo-order",
    "--until=",
];

/// Options of `git show` with which it shows no patch.
const NO_PATCH: &[&str] = &[
    "--name-only",
    "--name-status",
    "--no-patch",
    "--numstat",
    "--shortstat",
    "--stat",
    "--summary",
    "s",
];

const REV_PARSE: &[&str] = &[
    "--abbrev-ref",
    "--is-inside-work-tree",
    "--short",
    "--short=",
    "--show-prefix",
    "--show-toplevel",
    "--verify",
];

const BRANCH: &[&str] = &[
    "--all",
    "--contains",
    "--list",
    "--merged",
    "--no-color",
    "--no-merged",
    "--remotes",
    "--show-current",
    "--sort=",
];

const STATUS: &[&str] = &["--branch", "--porcelain", "--short", "--untracked-files="];

const DIFF: &[&str] = &[
    "--cached",
    "--name-only",
    "--name-status",
    "--no-color",
    "--numstat",
    "--shortstat",
    "--staged",
    "--stat",
];

/// Revisions and paths of the repository. With a `:`, a revision is a file's content.
fn revisions<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let is_known = |operand: &&str| *operand != "-" && !operand.contains(':') && is_below(operand);
    // Git opens paths of the repository without following links.
    arguments.operands.iter().all(is_known).then(Vec::new)
}

fn history<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let mut formats = arguments.values(&["--format", "--pretty"]);
    formats
        .all(is_known_format)
        .then(|| revisions(arguments))
        .flatten()
}

fn commit<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    arguments
        .has(NO_PATCH)
        .then(|| history(arguments))
        .flatten()
}

/// Formats that run nothing. Other names may be defined by the repository.
fn is_known_format(format: &str) -> bool {
    let names = [
        "oneline",
        "short",
        "medium",
        "full",
        "fuller",
        "reference",
        "raw",
    ];
    let is_own = format.contains('%') || format.starts_with("format:");
    // `%G?`, also as `%-G?`, runs a program that checks signatures.
    names.contains(&format) || (is_own && !format.contains('G') && !format.contains("%("))
}

/// Without an option to list, an operand would be a new branch.
fn branches<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    if arguments.has(&["--contains", "--list", "--merged", "--no-merged"]) {
        return texts(arguments);
    }
    nothing(arguments)
}

fn tags<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    if arguments.has(&["l", "--list"]) {
        return texts(arguments);
    }
    nothing(arguments)
}
