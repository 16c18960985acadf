//! The commands in a text for a shell, as far as the text tells.

use tree_sitter::{Node, Parser};

/// Longest text that is looked into, in bytes.
const LONGEST: usize = 64 << 10;

/// Substitutions in each other are followed no deeper.
const DEEPEST: usize = 100;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// Program and arguments. `None` is a word that is known only when the command runs.
    pub words: Vec<Option<String>>,
    /// Variables that are set for it, or by it, with their values.
    pub assigned: Vec<(String, Option<String>)>,
    /// Where its input comes from.
    pub input: ShellInput,
}

/// Where the input of a command comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellInput {
    /// From nowhere.
    None,
    /// From the command of this number, if it is a single one.
    Pipe(Option<usize>),
    /// It stands in the text; `None` if it is known only when the command runs.
    Text(Option<String>),
    /// From a file.
    File,
}

/// Gives all commands of a text, also those in substitutions; `None` if the text is not understood.
pub fn shell_commands(text: &str) -> Option<Vec<ShellCommand>> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .ok()?;
    let tree = parser.parse(text, None)?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut reader = Reader {
        text,
        found: Vec::new(),
    };
    reader.visit(tree.root_node(), &ShellInput::None, 0)?;
    Some(reader.found)
}

struct Reader<'a> {
    text: &'a str,
    found: Vec<ShellCommand>,
}

impl Reader<'_> {
    /// Takes the commands of a node, which have this input. `None` if it is not understood.
    fn visit(&mut self, node: Node<'_>, input: &ShellInput, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match node.kind() {
            "command" => self.command(node, input, depth),
            "pipeline" => {
                let mut input = input.clone();
                for part in children(node) {
                    self.visit(part, &input, depth + 1)?;
                    let is_one = matches!(part.kind(), "command" | "redirected_statement");
                    let last = self.found.len().checked_sub(1).filter(|_| is_one);
                    input = ShellInput::Pipe(last);
                }
                Some(())
            }
            "redirected_statement" => {
                let redirects = || children(node).filter(|part| part.kind().ends_with("_redirect"));
                let given = redirects()
                    .filter_map(|redirect| self.input_of(redirect))
                    .last();
                let input = given.unwrap_or_else(|| input.clone());
                for part in children(node).filter(|part| !part.kind().ends_with("_redirect")) {
                    self.visit(part, &input, depth + 1)?;
                }
                redirects().try_for_each(|redirect| self.redirect(redirect, depth))
            }
            "declaration_command" => {
                let first = self.text_of(node).split_whitespace().next();
                let words = children(node).filter(|part| part.kind() != "variable_assignment");
                let words = words.map(|word| self.literal(word));
                let words = [first.map(str::to_owned)]
                    .into_iter()
                    .chain(words)
                    .collect();
                self.add(node, words, input.clone(), depth)
            }
            "variable_assignment" => {
                self.add(node, Vec::new(), ShellInput::None, depth)?;
                let assigned = self.assignment(node);
                self.found.last_mut()?.assigned.extend(assigned);
                Some(())
            }
            _ => self.inside(node, input, depth),
        }
    }

    fn inside(&mut self, node: Node<'_>, input: &ShellInput, depth: usize) -> Option<()> {
        children(node).try_for_each(|part| self.visit(part, input, depth + 1))
    }

    fn command(&mut self, node: Node<'_>, input: &ShellInput, depth: usize) -> Option<()> {
        let mut words = Vec::new();
        let mut own = None;
        for part in children(node) {
            match part.kind() {
                "command_name" => {
                    let name = part.named_child(0)?;
                    // What is no plain name is another one when it runs.
                    let name = self
                        .literal(name)
                        .filter(|name| !name.contains(['*', '?', '[']));
                    words.push(name);
                }
                "variable_assignment" => {}
                kind if kind.ends_with("_redirect") => own = self.input_of(part).or(own),
                "subshell" => return None,
                _ => words.push(self.literal(part)),
            }
        }
        self.add(node, words, own.unwrap_or_else(|| input.clone()), depth)
    }

    /// Adds a command, and before it those that its words are made of.
    fn add(
        &mut self,
        node: Node<'_>,
        words: Vec<Option<String>>,
        input: ShellInput,
        depth: usize,
    ) -> Option<()> {
        let mut assigned = Vec::new();
        for part in children(node) {
            if part.kind() == "variable_assignment" {
                assigned.extend(self.assignment(part));
                self.inside(part, &ShellInput::None, depth + 1)?;
            } else {
                self.visit_word(part, depth + 1)?;
            }
        }
        self.found.push(ShellCommand {
            words,
            assigned,
            input,
        });
        Some(())
    }

    fn assignment(&self, node: Node<'_>) -> Option<(String, Option<String>)> {
        let name = self.text_of(node.child_by_field_name("name")?).to_owned();
        let value = match node.child_by_field_name("value") {
            Some(value) => self.literal(value),
            None => Some(String::new()),
        };
        Some((name, value))
    }

    fn visit_word(&mut self, node: Node<'_>, depth: usize) -> Option<()> {
        match node.kind().ends_with("_redirect") {
            true => self.redirect(node, depth),
            false => self.visit(node, &ShellInput::None, depth),
        }
    }

    /// Takes the commands in a redirect, and those that stand behind the beginning of a text.
    fn redirect(&mut self, node: Node<'_>, depth: usize) -> Option<()> {
        for part in children(node) {
            let is_piped = node.kind() == "heredoc_redirect"
                && matches!(
                    part.kind(),
                    "pipeline" | "command" | "redirected_statement" | "list"
                );
            let input = match is_piped {
                true => ShellInput::Pipe(None),
                false => ShellInput::None,
            };
            self.visit(part, &input, depth + 1)?;
        }
        let mut cursor = node.walk();
        let mut arguments = node.children_by_field_name("argument", &mut cursor);
        (node.kind() != "heredoc_redirect" || arguments.next().is_none()).then_some(())
    }

    /// What a redirect gives as input, if it does.
    fn input_of(&self, node: Node<'_>) -> Option<ShellInput> {
        match node.kind() {
            "herestring_redirect" => {
                let text = children(node).last().and_then(|text| self.literal(text));
                Some(ShellInput::Text(text))
            }
            "heredoc_redirect" => {
                let body = children(node).find(|part| part.kind() == "heredoc_body")?;
                let is_plain = children(body).all(|part| part.kind() == "heredoc_content");
                let text = self.text_of(body).to_owned();
                Some(ShellInput::Text(is_plain.then_some(text)))
            }
            "file_redirect" => self
                .text_of(node)
                .starts_with('<')
                .then_some(ShellInput::File),
            _ => None,
        }
    }

    /// What a word says when the text alone is looked at; `None` if it is made when it runs.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        let text = self.text_of(node);
        match node.kind() {
            "word" | "number" | "regex" | "test_operator" | "variable_name" => {
                // Braces stand for more than one word.
                let has_braces = text.contains('{') && text.contains([',', '.']);
                (!has_braces && !text.contains(['$', '`'])).then(|| without_backslashes(text))
            }
            "raw_string" => Some(text.trim_matches('\'').to_owned()),
            "string" => {
                let is_plain = children(node).all(|part| part.kind() == "string_content");
                let inside = text.strip_prefix('"')?.strip_suffix('"')?;
                (is_plain && !inside.contains(['`'])).then(|| without_backslashes(inside))
            }
            "concatenation" => children(node).map(|part| self.literal(part)).collect(),
            _ => None,
        }
    }

    fn text_of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

fn children<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let count = u32::try_from(node.named_child_count()).unwrap_or(u32::MAX);
    (0..count).filter_map(move |at| node.named_child(at))
}

fn without_backslashes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next().filter(|next| *next != '\n')),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of all commands, `?` for those that are not known.
    fn words(text: &str) -> Vec<String> {
        let said = |word: &Option<String>| word.clone().unwrap_or_else(|| "?".to_owned());
        let found = shell_commands(text).expect(text);
        let line = |command: &ShellCommand| command.words.iter().map(said).collect::<Vec<_>>();
        found
            .iter()
            .map(|command| line(command).join(" "))
            .collect()
    }

    fn inputs(text: &str) -> Vec<ShellInput> {
        let found = shell_commands(text).expect(text);
        found.into_iter().map(|command| command.input).collect()
    }

    #[test]
    fn words_are_known_or_not() {
        for (text, expected) in [
            ("ls -l", &["ls -l"][..]),
            ("r\\m \"a b\" 'c'd", &["rm a b cd"]),
            ("$X a", &["? a"]),
            ("a $(b c) `d`", &["b c", "d", "a ? ?"]),
            ("echo $'\\x72m'", &["echo ?"]),
            ("if true; then a; fi; (b); { c; }", &["true", "a", "b", "c"]),
            ("f() { rm x; }; f", &["rm x", "f"]),
            ("a > \"$(b)\"", &["a", "b"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(shell_commands("{rm,x}"), None);
    }

    #[test]
    fn input_and_variables_are_told() {
        let text = |text: &str| ShellInput::Text(Some(text.to_owned()));
        for (line, expected) in [
            ("a | sh", ShellInput::Pipe(Some(0))),
            ("(a; b) | sh", ShellInput::Pipe(None)),
            ("sh < a", ShellInput::File),
            ("sh <<< 'rm x'", text("rm x")),
            ("sh <<'E'\nrm x\nE", text("rm x\n")),
            ("sh <<E\nrm $X\nE", ShellInput::Text(None)),
            ("sh -s", ShellInput::None),
            ("sh 2>&1 > a", ShellInput::None),
            ("cat <<'E' | sh\nrm x\nE", ShellInput::Pipe(None)),
        ] {
            assert_eq!(inputs(line).last(), Some(&expected), "{line}");
        }
        let assigned = |text: &str| {
            let first = shell_commands(text).expect(text).remove(0);
            let said = |(name, value): (String, Option<String>)| {
                format!("{name}={}", value.as_deref().unwrap_or("?"))
            };
            first.assigned.into_iter().map(said).collect::<Vec<_>>()
        };
        assert_eq!(assigned("A=1 B=$x c"), ["A=1", "B=?"]);
        assert_eq!(assigned("A="), ["A="]);
        assert_eq!(assigned("export PATH='x y'"), ["PATH=x y"]);
    }
}
