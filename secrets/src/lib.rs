//! The one detector of secrets: in what is indexed, sent, logged or kept.
//!
//! A single search over the text finds the words that secrets come with, and
//! the rules that own a word look only around it. So text without secrets
//! costs one pass, whatever the number of rules.

mod paths;
mod rules;
mod values;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use memchr::{memchr_iter, memmem};
use regex::Regex;

pub use paths::{SecretClass, masked_path, secret_class, secret_path};
use rules::{RULES, SecretPosition, SecretRule};
pub use values::secret_values;

/// Bytes that a rule sees from its anchor on: a hostile line cannot make the search quadratic.
const REACH: usize = 1024;

/// Longest key block, in bytes.
const BLOCK_REACH: usize = 64 * 1024;

/// Taking a secret out may give its neighbour the boundary that it lacked; once or twice at most.
const MAX_PASSES: usize = 8;

/// A secret that was found: the rule, and the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule, as the text now shows it.
    pub rule: &'static str,
    /// Line on which the secret starts, from 1.
    pub line: u32,
}

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<'text> {
    /// Has the lines of the original; borrowed if nothing was found.
    pub text: Cow<'text, str>,
    /// In the order of their lines.
    pub findings: Vec<Finding>,
}

/// Replaces each secret by `[redacted: <rule>]` and keeps the line breaks.
pub fn redact(text: &str) -> Redacted<'_> {
    let mut redacted = Redacted {
        text: Cow::Borrowed(text),
        findings: Vec::new(),
    };
    for _ in 0..MAX_PASSES {
        let secrets = DETECTOR.secrets(&redacted.text);
        if secrets.is_empty() {
            break;
        }
        redacted.findings.extend(findings(&redacted.text, &secrets));
        redacted.text = Cow::Owned(without(&redacted.text, &secrets));
    }
    redacted.findings.sort_by_key(|finding| finding.line);
    redacted
}

/// Names of the rules, each once.
pub fn rules() -> impl Iterator<Item = &'static str> {
    let is_first = |(index, rule): &(usize, &SecretRule)| {
        RULES[..*index].iter().all(|seen| seen.name != rule.name)
    };
    RULES
        .iter()
        .enumerate()
        .filter(is_first)
        .map(|(_, rule)| rule.name)
}

static DETECTOR: LazyLock<Detector> = LazyLock::new(Detector::new);

/// A place in a text that a rule calls a secret.
struct Secret {
    range: Range<usize>,
    /// Index in the table.
    rule: usize,
}

/// Rules whose anchors begin alike.
struct AnchorGroup {
    /// The shortest of the anchors, which is where the others begin.
    prefix: &'static str,
    members: Vec<(&'static str, usize)>,
}

/// The rules, ready to be searched for.
struct Detector {
    /// The prefixes of all groups.
    prefixes: Regex,
    /// Sorted by prefix; none is the beginning of another.
    groups: Vec<AnchorGroup>,
    /// Compiled when first needed: most rules never are.
    patterns: Vec<OnceLock<Regex>>,
}

impl Detector {
    fn new() -> Detector {
        let mut anchors: Vec<(&'static str, usize)> = RULES
            .iter()
            .enumerate()
            .flat_map(|(index, rule)| rule.anchors.iter().map(move |anchor| (*anchor, index)))
            .collect();
        anchors.sort_unstable();
        let mut groups: Vec<AnchorGroup> = Vec::new();
        for (anchor, rule) in anchors {
            match groups.last_mut() {
                Some(group) if anchor.starts_with(group.prefix) => {
                    group.members.push((anchor, rule));
                }
                _ => groups.push(AnchorGroup {
                    prefix: anchor,
                    members: vec![(anchor, rule)],
                }),
            }
        }
        let prefixes: Vec<String> = groups
            .iter()
            .map(|group| regex::escape(group.prefix))
            .collect();
        let prefixes = compiled(&prefixes.join("|"));
        Detector {
            prefixes,
            groups,
            patterns: RULES.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// All secrets in the order of the text, without overlaps.
    fn secrets(&self, text: &str) -> Vec<Secret> {
        let mut found = Vec::new();
        // Where each rule is done: it has nothing more to say inside its own find. Most texts are paths
        // without an anchor.
        let mut done: Vec<usize> = Vec::new();
        let mut from = 0;
        while let Some(anchor) = self.prefixes.find_at(text, from) {
            let start = anchor.start();
            done.resize(RULES.len(), 0);
            // Another anchor may begin inside this one. Anchors are ASCII, so this is a boundary.
            from = start + 1;
            let rest = &text[start..];
            for &(word, rule) in self.members(anchor.as_str()) {
                if start < done[rule] || !rest.starts_with(word) {
                    continue;
                }
                if let Some(range) = self.secret_at(text, start, rule) {
                    done[rule] = range.end;
                    found.push(Secret { range, rule });
                }
            }
        }
        merged(found)
    }

    fn members(&self, prefix: &str) -> &[(&'static str, usize)] {
        match self
            .groups
            .binary_search_by(|group| group.prefix.cmp(prefix))
        {
            Ok(index) => &self.groups[index].members,
            Err(_) => &[],
        }
    }

    /// The secret that a rule finds at an anchor.
    fn secret_at(&self, text: &str, anchor: usize, index: usize) -> Option<Range<usize>> {
        let rule = &RULES[index];
        let start = match rule.place {
            SecretPosition::Inside(lead) => text.floor_char_boundary(anchor.saturating_sub(lead)),
            _ => anchor,
        };
        if matches!(rule.place, SecretPosition::Token) && !stands_alone(text, start) {
            return None;
        }
        let end = text.floor_char_boundary(text.len().min(anchor + REACH));
        let pattern = self.patterns[index].get_or_init(|| compiled(&whole_pattern(rule)));
        let captures = pattern.captures(&text[start..end])?;
        let all = captures.get(0)?;
        let value = captures.get(1).unwrap_or(all);
        let all = start + all.start()..start + all.end();
        let mut value = start + value.start()..start + value.end();
        match rule.place {
            SecretPosition::Block => return block_after(text, all),
            SecretPosition::Inside(_)
                if !all.contains(&anchor) || !begins_alone(text, all.start..anchor) =>
            {
                return None;
            }
            _ => {}
        }
        // One that goes on beyond what is seen is judged by what is: it may be as long as the text,
        // and may be refused at each anchor in it.
        let is_cut = value.end == end && end < text.len();
        let goes_on = text
            .as_bytes()
            .get(value.end)
            .is_some_and(u8::is_ascii_alphanumeric);
        if goes_on && !is_cut || !(rule.check)(&text[value.clone()]) {
            return None;
        }
        if is_cut {
            value.end += token_length(&text[end..]);
        }
        Some(value)
    }
}

fn whole_pattern(rule: &SecretRule) -> String {
    match rule.place {
        SecretPosition::Inside(_) => rule.pattern.to_owned(),
        _ => {
            let anchors: Vec<String> = rule
                .anchors
                .iter()
                .map(|anchor| regex::escape(anchor))
                .collect();
            format!("^(?:{})(?:{})", anchors.join("|"), rule.pattern)
        }
    }
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a test compiles every pattern of the table")
}

/// Whether no letter or digit goes before; those of an escape such as `\n` or `%20` are none.
fn stands_alone(text: &str, start: usize) -> bool {
    let before = &text.as_bytes()[..start];
    let in_word = before.last().is_some_and(u8::is_ascii_alphanumeric);
    !in_word || ends_with_escape(before)
}

/// The same for a find that may begin with digits: it takes those of an escape for its own.
fn begins_alone(text: &str, mut lead: Range<usize>) -> bool {
    stands_alone(text, lead.start) || lead.any(|at| ends_with_escape(&text.as_bytes()[..at]))
}

/// Whether a text ends with a character as URLs (`%20`), JSON and programs (`\n`, `\x22`,
/// `\u0022`) write it.
fn ends_with_escape(text: &[u8]) -> bool {
    match text {
        [.., b'\\', b'n' | b'r' | b't' | b'0'] => true,
        [.., b'%', a, b] | [.., b'\\', b'x', a, b] => are_hex(&[*a, *b]),
        [.., b'\\', b'u', a, b, c, d] => are_hex(&[*a, *b, *c, *d]),
        _ => false,
    }
}

fn are_hex(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

/// How far a secret that is longer than what its rule saw goes on.
fn token_length(rest: &str) -> usize {
    rest.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_+/=.-".contains(byte))
        .count()
}

/// The body of a key behind its first mark; nothing if no key is there.
fn block_after(text: &str, mark: Range<usize>) -> Option<Range<usize>> {
    let start = mark.end;
    // PuTTY counts its lines.
    if let Some(count) = text[mark.clone()].strip_prefix("Private-Lines: ") {
        let count = count.trim().parse().ok()?;
        let lines = text[start..].split_inclusive('\n').take(count);
        let length: usize = lines.map(str::len).sum();
        let is_redacted = text[start..].starts_with("[redacted: ");
        return (length > 0 && !is_redacted).then(|| start..start + length);
    }
    let reach = text.floor_char_boundary(text.len().min(start + BLOCK_REACH));
    let within = &text[start..reach];
    let end = memmem::find(within.as_bytes(), b"---- END ");
    let end = memmem::find(within.as_bytes(), b"-----END ").or(end);
    if let Some(end) = end
        && is_enclosed(&within[..end])
    {
        return Some(start..start + end);
    }
    let limit = end.unwrap_or(within.len());
    let mut end = 0;
    for (row, line) in within[..limit].split_inclusive('\n').enumerate() {
        if row > 0 && !is_key_line(line) {
            break;
        }
        end += line.len();
    }
    if limit == within.len() {
        let unended = unended_body(text, &mark, within);
        if unended > 0 {
            return Some(start..start + unended);
        }
    }
    let has_key = base64_runs(&within[..end]).any(|run| run.len() >= 20 && rules::is_mixed(run));
    has_key.then(|| start..start + end)
}

/// How long the body of a key is whose second mark is missing: the first one is a line of its own, and
/// lines without a blank follow.
fn unended_body(text: &str, mark: &Range<usize>, within: &str) -> usize {
    let starts_line = text[..mark.start].ends_with('\n') || mark.start == 0;
    let Some(rest) = within
        .strip_prefix('\n')
        .or_else(|| within.strip_prefix("\r\n"))
    else {
        return 0;
    };
    if !starts_line {
        return 0;
    }
    let is_body = |line: &&str| {
        let line = line.trim_end();
        if line.starts_with("[redacted: ") {
            return false;
        }
        !line.is_empty() && !line.contains(|c: char| c.is_whitespace() || "(){}\"'`;".contains(c))
    };
    let body: usize = rest
        .split_inclusive('\n')
        .take_while(is_body)
        .map(str::len)
        .sum();
    if body == 0 {
        0
    } else {
        within.len() - rest.len() + body
    }
}

/// Whether what stands between the marks of a key is one, whatever it looks like: on lines of its
/// own, or in one string with the marks. What a program puts together there is code.
fn is_enclosed(body: &str) -> bool {
    let bare = |line: &str| line.trim_matches(is_around_key).len();
    let has_text = body
        .lines()
        .any(|line| bare(line) > 0 && !line.contains("[redacted: "));
    match (body.split_once('\n'), body.rsplit_once('\n')) {
        (Some((first, _)), Some((_, last))) => has_text && bare(first) == 0 && bare(last) == 0,
        _ => {
            has_text
                && bare(&body.replace("\\n", "")) > 0
                && !body.contains(['"', '\'', '`', '{', '%'])
        }
    }
}

/// What stands around the lines of a key in programs and comments.
fn is_around_key(character: char) -> bool {
    character.is_whitespace() || "\"'`#/*+\\,;>|.()".contains(character)
}

/// Whether a line may belong to a key, also when it is a string or a comment of a program.
fn is_key_line(line: &str) -> bool {
    let line = line.trim_matches(is_around_key);
    let is_header = line.split_once(": ").is_some_and(|(name, _)| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
    });
    is_header || line.bytes().all(|byte| is_base64(byte) || byte == b'\\')
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn base64_runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !u8::try_from(c).is_ok_and(is_base64))
}

/// Sorts, and joins what overlaps under the name of the earlier rule.
fn merged(mut found: Vec<Secret>) -> Vec<Secret> {
    found.sort_by_key(|secret| (secret.range.start, secret.range.end));
    let mut merged: Vec<Secret> = Vec::with_capacity(found.len());
    for secret in found {
        match merged.last_mut() {
            Some(last) if secret.range.start < last.range.end => {
                last.range.end = last.range.end.max(secret.range.end);
                last.rule = last.rule.min(secret.rule);
            }
            _ => merged.push(secret),
        }
    }
    merged
}

fn findings(text: &str, secrets: &[Secret]) -> Vec<Finding> {
    let mut breaks = 0;
    let mut counted = 0;
    secrets
        .iter()
        .map(|secret| {
            breaks += memchr_iter(b'\n', &text.as_bytes()[counted..secret.range.start]).count();
            counted = secret.range.start;
            let line = u32::try_from(breaks + 1).unwrap_or(u32::MAX);
            Finding {
                rule: RULES[secret.rule].name,
                line,
            }
        })
        .collect()
}

fn without(text: &str, secrets: &[Secret]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for secret in secrets {
        out.push_str(&text[end..secret.range.start]);
        push_redacted(
            &mut out,
            &text[secret.range.clone()],
            RULES[secret.rule].name,
        );
        end = secret.range.end;
    }
    out.push_str(&text[end..]);
    out
}

/// Puts a marker in place of a secret, in each line that has a part of it.
fn push_redacted(out: &mut String, secret: &str, name: &str) {
    let is_one_line = !secret.contains('\n');
    for line in secret.split_inclusive('\n') {
        if is_one_line || line.contains(char::is_alphanumeric) {
            let text = line.trim();
            let indent = line.len() - line.trim_start().len();
            out.push_str(&line[..indent]);
            out.push_str("[redacted: ");
            out.push_str(name);
            out.push(']');
            out.push_str(&line[indent + text.len()..]);
        } else {
            out.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests;
