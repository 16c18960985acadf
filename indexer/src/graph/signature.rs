//! The line that defines a name, without the body behind it.

use memchr::memmem;
use ollacode_store::ChunkKind;

/// Longest signature, in characters.
const LONGEST: usize = 120;

/// How lines of comments begin. A `#` without a space begins definitions of C, too.
const COMMENTS: [&str; 8] = ["//", "/*", "*", "--", "# ", ";;", "\"\"\"", "'''"];

/// Where a name is defined in the text of a chunk.
pub(super) struct Place {
    /// Lines before it.
    pub line: u32,
    /// Where its line begins, in bytes.
    pub start: usize,
}

/// Words before the name that they define.
const DEFINING: [&str; 17] = [
    "fn",
    "func",
    "def",
    "defp",
    "function",
    "fun",
    "sub",
    "class",
    "struct",
    "enum",
    "trait",
    "interface",
    "protocol",
    "record",
    "object",
    "module",
    "mod",
];

/// The line that defines a name, from a byte on: else the first that has it as a whole word and is no
/// comment.
pub(super) fn find(text: &str, name: &str, from: usize) -> Option<Place> {
    if name.is_empty() {
        return None;
    }
    let finder = memmem::Finder::new(name);
    let mut at = from;
    let mut first = None;
    while let Some(found) = text.get(at..).and_then(|rest| finder.find(rest.as_bytes())) {
        let start = at + found;
        let end = start + name.len();
        let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let is_whole = !ends_in_word(&text[..start]) && !begins_with_word(&text[end..]);
        if is_whole && !is_comment(&text[line_start..]) {
            if defines(&text[line_start..start], &text[end..]) {
                return Some(place(text, line_start));
            }
            first.get_or_insert(line_start);
        }
        at = end;
    }
    first.map(|line_start| place(text, line_start))
}

fn place(text: &str, start: usize) -> Place {
    let before = memchr::memchr_iter(b'\n', &text.as_bytes()[..start]).count();
    Place {
        line: u32::try_from(before).unwrap_or(u32::MAX),
        start,
    }
}

/// Whether a name is defined between these parts of its line, not only used.
fn defines(before: &str, after: &str) -> bool {
    let lead = before.trim_end();
    let word = lead.rsplit(|sign: char| !is_word(sign)).next();
    let is_named = lead.len() < before.len() && word.is_some_and(|word| DEFINING.contains(&word));
    // A method of Go names its receiver first.
    let is_method = before.starts_with("func (") && lead.ends_with(')');
    let rest = after.trim_start_matches([' ', '\t']);
    let is_assigned = rest.starts_with('=') && !rest.starts_with("==");
    is_named || is_method || (before.is_empty() && is_assigned)
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_word)
}

fn begins_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(is_word)
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t']);
    COMMENTS.iter().any(|begin| line.starts_with(begin))
}

/// A definition that begins a text, up to its body or the end of its line; in one line.
pub(super) fn signature(text: &str) -> String {
    let mut shown = String::new();
    let mut depth = 0i32;
    let mut length = 0;
    let mut is_spaced = true;
    for sign in text.trim_start().chars() {
        match sign {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' | ';' | '\n' | '\r' if depth <= 0 => break,
            _ => {}
        }
        if sign.is_whitespace() {
            if is_spaced {
                continue;
            }
            shown.push(' ');
        } else {
            shown.push(sign);
        }
        is_spaced = sign.is_whitespace();
        length += 1;
        if length == LONGEST {
            shown.push('…');
            return shown;
        }
    }
    let end = shown.trim_end().trim_end_matches([':', ',']).trim_end();
    let end = end.strip_suffix("=>").unwrap_or(end).trim_end();
    let end = end.strip_suffix('=').unwrap_or(end).trim_end();
    end.to_owned()
}

/// What a definition is that does not name its chunk, by its line.
pub(super) fn kind(signature: &str, chunk: ChunkKind) -> ChunkKind {
    const WORDS: &[(&str, ChunkKind)] = &[
        ("fn", ChunkKind::Function),
        ("func", ChunkKind::Function),
        ("def", ChunkKind::Function),
        ("function", ChunkKind::Function),
        ("fun", ChunkKind::Function),
        ("sub", ChunkKind::Function),
        ("defp", ChunkKind::Function),
        ("class", ChunkKind::Class),
        ("object", ChunkKind::Class),
        ("struct", ChunkKind::Struct),
        ("record", ChunkKind::Struct),
        ("union", ChunkKind::Struct),
        ("enum", ChunkKind::Enum),
        ("interface", ChunkKind::Interface),
        ("protocol", ChunkKind::Interface),
        ("trait", ChunkKind::Trait),
        ("impl", ChunkKind::Impl),
        ("mod", ChunkKind::Module),
        ("module", ChunkKind::Module),
        ("namespace", ChunkKind::Module),
        ("type", ChunkKind::Type),
        ("typedef", ChunkKind::Type),
        ("macro_rules", ChunkKind::Macro),
        ("#define", ChunkKind::Macro),
        ("const", ChunkKind::Constant),
        ("static", ChunkKind::Variable),
        ("let", ChunkKind::Variable),
        ("var", ChunkKind::Variable),
        ("val", ChunkKind::Variable),
    ];
    let words = signature.split(|sign: char| !is_word(sign) && sign != '#');
    for word in words.take(6) {
        // `const fn`, `static int`: what follows says more.
        if let Some((_, kind)) = WORDS.iter().find(|(known, _)| *known == word)
            && !(["const", "static"].contains(&word) && signature.contains('('))
        {
            return *kind;
        }
    }
    match (signature.contains('('), chunk) {
        (true, ChunkKind::Class | ChunkKind::Impl | ChunkKind::Interface | ChunkKind::Trait) => {
            ChunkKind::Method
        }
        (true, _) => ChunkKind::Function,
        (false, ChunkKind::Class | ChunkKind::Struct | ChunkKind::Enum | ChunkKind::Interface) => {
            ChunkKind::Property
        }
        (false, ChunkKind::Section | ChunkKind::Rule | ChunkKind::Table | ChunkKind::Text) => chunk,
        (false, _) => ChunkKind::Variable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_end_before_the_body() {
        for (text, expected) in [
            (
                "pub fn dial(host: &str) -> Conn {\n    x\n}",
                "pub fn dial(host: &str) -> Conn",
            ),
            (
                "fn long(\n    one: u8,\n    two: u8,\n) -> u8 {\n",
                "fn long( one: u8, two: u8, ) -> u8",
            ),
            (
                "def parse(text: str, *, strict=False) -> Tree:\n    pass",
                "def parse(text: str, *, strict=False) -> Tree",
            ),
            ("class Server:\n", "class Server"),
            (
                "export const route = async (request) => {\n",
                "export const route = async (request)",
            ),
            ("func (c *Context) Next() {\n", "func (c *Context) Next()"),
            ("int main(void)\n{\n", "int main(void)"),
            ("    pub name: String,\n", "pub name: String"),
            ("", ""),
        ] {
            assert_eq!(signature(text), expected);
        }
        let long = signature(&"a ".repeat(500));
        assert_eq!(long.chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_name_is_found_where_it_is_defined() {
        let text = "/// `dial` connects.\nfn dialer() {}\nfn dial() {}\n";
        let place = find(text, "dial", 0).expect("it is there");
        assert_eq!(place.line, 2);
        assert!(text[place.start..].starts_with("fn dial()"));
        assert!(find(text, "absent", 0).is_none());
        assert!(find(text, "", 0).is_none());
        assert!(find("größe größen", "größen", 0).is_some());
        for (text, name, line) in [
            (
                "    return self.d.get(k)\n\n    def get(self, k):\n",
                "get",
                2,
            ),
            ("if r := Ctx(c); r {\n}\nfunc Ctx(c int) {}\n", "Ctx", 2),
            ("mx.Use(a)\nfunc (mx *Mux) Use(a int) {}\n", "Use", 1),
            ("builtin_str = str\nstr = str\n", "str", 1),
            ("if a == str {\n}\nint str;\n", "str", 0),
            ("int get() {\n  get = 3;\n}\n", "get", 0),
        ] {
            let found = find(text, name, 0).map(|place| place.line);
            assert_eq!(found, Some(line), "{text}");
        }
    }

    #[test]
    fn kinds_are_read_from_the_line() {
        assert_eq!(
            kind("pub const fn one()", ChunkKind::Impl),
            ChunkKind::Function
        );
        assert_eq!(
            kind("const MOST: usize = 3", ChunkKind::Block),
            ChunkKind::Constant
        );
        assert_eq!(kind("void run()", ChunkKind::Class), ChunkKind::Method);
        assert_eq!(
            kind("pub name: String", ChunkKind::Struct),
            ChunkKind::Property
        );
    }
}
