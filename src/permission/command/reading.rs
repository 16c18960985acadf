//! Programs that only read.

use super::rules::{
    KnownCommand, ParsedArguments, files, may_be_read, nothing, paths, rule, texts,
};

/// Commands that read without approval. Options that write, follow links, run programs, read lists
/// of files or never end are left out.
pub(super) const RULES: &[KnownCommand] = &[
    rule(&["pwd"], "LP", "", &[], nothing),
    rule(&["true"], "", "", &[], nothing),
    rule(&["false"], "", "", &[], nothing),
    rule(&["whoami"], "", "", &[], nothing),
    rule(&["uname"], "amnprsv", "", &[], nothing),
    rule(&["nproc"], "", "", &[], nothing),
    rule(&["basename"], "", "", &[], texts),
    rule(&["dirname"], "", "", &[], texts),
    rule(&["which"], "a", "", &[], names),
    rule(&["command", "-v"], "", "", &[], names),
    rule(&["ls"], "1ABCFGRSUXacdfghiklmnopqrstuvx", "", LS, paths),
    rule(
        &["tree"],
        "adfiphsDCFn",
        "LIP",
        &["--dirsfirst", "--noreport"],
        paths,
    ),
    rule(&["du"], "achkms", "d", &["--max-depth="], paths),
    rule(
        &["cat"],
        "AETbenstv",
        "",
        &["--number", "--show-all"],
        paths,
    ),
    rule(&["tac"], "", "", &[], paths),
    rule(&["nl"], "", "bw", &[], paths),
    rule(
        &["head"],
        "0123456789qv",
        "cn",
        &["--bytes=", "--lines="],
        paths,
    ),
    rule(
        &["tail"],
        "0123456789qv",
        "cn",
        &["--bytes=", "--lines="],
        paths,
    ),
    rule(
        &["wc"],
        "Lclmw",
        "",
        &["--bytes", "--chars", "--lines", "--words"],
        paths,
    ),
    rule(
        &["file"],
        "bi",
        "",
        &["--brief", "--mime", "--mime-type"],
        paths,
    ),
    rule(&["stat"], "t", "c", &["--format=", "--terse"], paths),
    rule(
        &["sort"],
        "bdfghinrsuVM",
        "kt",
        &["--numeric-sort", "--reverse", "--unique"],
        paths,
    ),
    rule(&["uniq"], "cdiu", "", &["--count"], nothing),
    rule(&["cut"], "s", "bcdf", &["--delimiter=", "--fields="], paths),
    rule(&["tr"], "cds", "", &[], texts),
    rule(
        &["diff"],
        "bBiqsuwy",
        "U",
        &["--brief", "--unified="],
        named_files,
    ),
    rule(
        &["grep"],
        "0123456789EFGHILPachilnoqrsvwxz",
        "ABCem",
        GREP,
        grep,
    ),
    rule(&["rg"], "FHINPSUcilnosvwx", "ABCegmt", RIPGREP, ripgrep),
];

const LS: &[&str] = &[
    "--all",
    "--almost-all",
    "--classify",
    "--color",
    "--color=",
    "--directory",
    "--group-directories-first",
    "--human-readable",
    "--recursive",
    "--reverse",
    "--size",
    "--sort=",
    "--time-style=",
];

const GREP: &[&str] = &[
    "--after-context=",
    "--before-context=",
    "--color",
    "--color=",
    "--context=",
    "--count",
    "--exclude-dir ",
    "--exclude-dir=",
    "--extended-regexp",
    "--files-with-matches",
    "--fixed-strings",
    "--ignore-case",
    "--include ",
    "--include=",
    "--invert-match",
    "--line-number",
    "--max-count=",
    "--only-matching",
    "--recursive",
    "--regexp=",
    "--word-regexp",
];

const RIPGREP: &[&str] = &[
    "--after-context ",
    "--after-context=",
    "--before-context ",
    "--before-context=",
    "--case-sensitive",
    "--color ",
    "--color=",
    "--context ",
    "--context=",
    "--count",
    "--files",
    "--files-with-matches",
    "--fixed-strings",
    "--glob ",
    "--glob=",
    "--heading",
    "--ignore-case",
    "--line-number",
    "--max-count ",
    "--max-count=",
    "--max-depth ",
    "--max-depth=",
    "--multiline",
    "--no-heading",
    "--only-matching",
    "--regexp ",
    "--regexp=",
    "--smart-case",
    "--sort ",
    "--sort=",
    "--type ",
    "--type=",
    "--word-regexp",
];

/// File extensions of code, which the rules for secrets do not check.
const CODE: &[&str] = &[
    "c", "cc", "cpp", "cs", "css", "ex", "exs", "go", "h", "hpp", "html", "java", "js", "jsx",
    "kt", "lua", "md", "mjs", "php", "proto", "py", "rb", "rs", "scala", "scss", "sql", "svelte",
    "swift", "ts", "tsx", "vue",
];

/// Extensions of other text files: files that are judged by name, and hardly folders.
const TEXTS: &[&str] = &["json", "lock", "rst", "toml", "txt", "xml", "yaml", "yml"];

/// Types of ripgrep that hold nothing but code.
const TYPES: &[&str] = &[
    "c",
    "cpp",
    "cs",
    "csharp",
    "css",
    "elixir",
    "go",
    "html",
    "java",
    "js",
    "kotlin",
    "lua",
    "markdown",
    "md",
    "php",
    "py",
    "python",
    "rust",
    "scala",
    "sql",
    "swift",
    "ts",
    "typescript",
];

fn names<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let is_name = |operand: &&str| !operand.contains('/');
    arguments.operands.iter().all(is_name).then(Vec::new)
}

/// Operands that certainly are not folders.
fn named_files<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let paths = files(&arguments.operands)?;
    are_named_files(&paths).then_some(paths)
}

/// A search in a folder would show the secret files in it, so it must be limited to files of code.
///
/// `--exclude` is not allowed: before `--include`, it lets in all files that neither names.
fn grep<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let paths = searched(arguments)?;
    let is_recursive = arguments.has(&["r", "--recursive"]);
    (!is_recursive || are_code(arguments.values(&["--include"]))).then_some(paths)
}

/// The same for ripgrep, which searches folders by itself.
fn ripgrep<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    if arguments.has(&["--files"]) {
        return files(&arguments.operands);
    }
    let paths = searched(arguments)?;
    let reads_input = arguments.piped && paths.is_empty();
    let globs = arguments.values(&["g", "--glob"]);
    // Types are narrowed by globs that exclude, and by no others.
    let mut globs = globs.filter(|glob| !glob.starts_with('!')).peekable();
    let mut types = arguments.values(&["t", "--type"]).peekable();
    let is_narrow = match (globs.peek(), types.peek()) {
        (Some(_), _) => are_code(globs),
        (None, Some(_)) => types.all(|name| TYPES.contains(&name)),
        (None, None) => !paths.is_empty() && are_named_files(&paths),
    };
    (reads_input || is_narrow).then_some(paths)
}

/// What a search reads: the operands, without the pattern if that is one.
fn searched<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let operands = arguments.operands.as_slice();
    if arguments.has(&["e", "--regexp"]) {
        return files(operands);
    }
    files(operands.split_first()?.1)
}

/// Whether there are globs, and all are for files of code: `*.rs`.
fn are_code<'a>(globs: impl Iterator<Item = &'a str>) -> bool {
    let mut globs = globs.peekable();
    let is_code = |glob: &str| {
        let ending = glob.strip_prefix("*.");
        ending.is_some_and(|ending| CODE.contains(&ending))
    };
    globs.peek().is_some() && globs.all(is_code)
}

fn are_named_files(paths: &[&str]) -> bool {
    paths.iter().all(|path| {
        let ending = path.rsplit_once('.').map(|(_, ending)| ending);
        ending.is_some_and(|ending| CODE.contains(&ending) || TEXTS.contains(&ending))
    })
}

/// Tests of `find` that have a value.
const FIND_VALUES: &[&str] = &[
    "-iname",
    "-ipath",
    "-maxdepth",
    "-mindepth",
    "-mmin",
    "-mtime",
    "-name",
    "-path",
    "-size",
    "-type",
];

/// Tests and actions of `find` that have none.
const FIND_FLAGS: &[&str] = &["-a", "-empty", "-not", "-o", "-print", "-prune"];

/// `find src -name '*.rs'`: names only, by tests that are listed.
pub(super) fn find(arguments: &[String]) -> Option<Vec<&str>> {
    let mut words = arguments.iter().map(String::as_str).peekable();
    let mut folders = Vec::new();
    while let Some(folder) = words.next_if(|word| !word.starts_with('-')) {
        folders.push(may_be_read(folder).then_some(folder)?);
    }
    while let Some(word) = words.next() {
        if FIND_VALUES.contains(&word) {
            words.next()?;
        } else if !FIND_FLAGS.contains(&word) {
            return None;
        }
    }
    Some(folders)
}

/// `sed -n 10,20p src/main.rs`: lines by their numbers.
pub(super) fn sed(arguments: &[String]) -> Option<Vec<&str>> {
    let [option, script, operands @ ..] = arguments else {
        return None;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let lines = script.strip_suffix('p')?;
    let is_range = match lines.split_once(',') {
        Some((from, to)) => is_number(from) && (to == "$" || is_number(to)),
        None => lines == "$" || is_number(lines),
    };
    let operands: Vec<_> = operands.iter().map(String::as_str).collect();
    let has_options = operands.iter().any(|operand| operand.starts_with('-'));
    if option != "-n" || !is_range || has_options {
        return None;
    }
    files(&operands)
}
