//! Telegram's HTML, read as strictly as Telegram does and a little more: what Telegram would drop
//! in silence is an error here too.

/// What Telegram makes of HTML.
#[derive(Default)]
pub struct Shown {
    /// The text without its tags.
    pub text: String,
    /// How many entities it has at most.
    pub entities: usize,
}

/// A tag that is not closed.
struct Open {
    name: String,
    /// Bytes of text before it, or before the last style that began within it.
    since: usize,
}

/// The text of a message in HTML, without its tags; or why Telegram refuses it.
pub fn parse(html: &str) -> Result<String, String> {
    read(html).map(|shown| shown.text)
}

/// The text of a message in HTML, and how many entities it has; or why Telegram refuses it.
pub fn read(html: &str) -> Result<Shown, String> {
    let mut shown = Shown::default();
    let mut open: Vec<Open> = Vec::new();
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        let at = html.len() - rest.len();
        match first {
            '<' => {
                let end = rest
                    .find('>')
                    .ok_or(format!("Unclosed start tag at byte offset {at}"))?;
                if tag(&rest[1..end], &mut open, at)? {
                    shown.entities += begin(&mut open, shown.text.len());
                }
                rest = &rest[end + 1..];
            }
            '>' => return Err(format!("Unescaped \">\" at byte offset {at}")),
            '&' => {
                let (character, length) = entity(rest, at)?;
                shown.text.push(character);
                rest = &rest[length..];
            }
            _ => {
                shown.text.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    match open.last() {
        Some(last) => Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            last.name
        )),
        None => Ok(shown),
    }
}

/// Notes where the tag that was opened last begins, and counts the entities that it makes. One that
/// is bold, italic and so on cuts those in two in which it is: Telegram's do not nest.
fn begin(open: &mut [Open], since: usize) -> usize {
    let is_style = |open: &Open| matches!(open.name.as_str(), "b" | "i" | "s" | "u");
    let Some((newest, outer)) = open.split_last_mut() else {
        return 0;
    };
    newest.since = since;
    // A language belongs to its `pre`.
    let own =
        usize::from(!(newest.name == "code" && outer.last().is_some_and(|it| it.name == "pre")));
    if !is_style(newest) {
        return own;
    }
    let cut = outer
        .iter_mut()
        .filter(|it| is_style(it) && it.since < since);
    own + cut.map(|outer| outer.since = since).count()
}

/// Opens or closes a tag; says whether it opens one.
fn tag(inner: &str, open: &mut Vec<Open>, at: usize) -> Result<bool, String> {
    if let Some(name) = inner.strip_prefix('/') {
        return match open.pop().map(|last| last.name) {
            Some(last) if last == name => Ok(false),
            Some(last) => Err(format!(
                "Unmatched end tag at byte offset {at}, expected \"</{last}>\", found \"</{name}>\""
            )),
            None => Err(format!("Unexpected end tag at byte offset {at}")),
        };
    }
    let (name, attribute) = match inner.split_once(' ') {
        Some((name, attribute)) => (name, Some(attribute)),
        None => (inner, None),
    };
    match (name, attribute) {
        ("b" | "i" | "s" | "u" | "code" | "pre" | "blockquote", None) => {}
        ("a", Some(attribute)) => value(attribute, "href", at).map(drop)?,
        ("code", Some(attribute)) if open.last().is_some_and(|last| last.name == "pre") => {
            if !value(attribute, "class", at)?.starts_with("language-") {
                return Err(format!("A class that is no language at byte offset {at}"));
            }
        }
        _ => {
            return Err(format!(
                "Unsupported start tag \"{inner}\" at byte offset {at}"
            ));
        }
    }
    nests(name, attribute.is_some(), open, at)?;
    open.push(Open {
        name: name.to_owned(),
        since: 0,
    });
    Ok(true)
}

/// Code contains nothing and is in nothing but a quotation; nothing contains itself.
fn nests(name: &str, has_language: bool, open: &[Open], at: usize) -> Result<(), String> {
    let is_code = |name: &str| name == "code" || name == "pre";
    let outer: Vec<&str> = open.iter().map(|it| it.name.as_str()).collect();
    let is_language = name == "code" && has_language && outer.last() == Some(&"pre");
    let is_in_code = outer.iter().any(|outer| is_code(outer)) && !is_language;
    let is_code_inside =
        is_code(name) && !is_language && outer.iter().any(|it| *it != "blockquote");
    let is_wrong_quote = name == "blockquote" && !outer.is_empty();
    if is_in_code || is_code_inside || is_wrong_quote || outer.contains(&name) {
        return Err(format!("\"{name}\" inside {outer:?} at byte offset {at}"));
    }
    Ok(())
}

fn value<'a>(attribute: &'a str, name: &str, at: usize) -> Result<&'a str, String> {
    let value = attribute
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix("=\""))
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|value| !value.contains(['"', '<', '>']));
    let value = value.ok_or(format!("Bad attribute \"{attribute}\" at byte offset {at}"))?;
    let mut rest = value;
    while let Some(next) = rest.find('&') {
        rest = &rest[next..];
        let (_, length) = entity(rest, at)?;
        rest = &rest[length..];
    }
    Ok(value)
}

fn entity(rest: &str, at: usize) -> Result<(char, usize), String> {
    for (entity, character) in [
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
        ("&quot;", '"'),
    ] {
        if rest.starts_with(entity) {
            return Ok((character, entity.len()));
        }
    }
    Err(format!("Unescaped \"&\" at byte offset {at}"))
}
