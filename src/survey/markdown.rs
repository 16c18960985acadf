//! The facts as Markdown, for people and models.

use super::facts::{CommandKind, Facts, Found, ProjectCommand};

/// Most names in a line,
const MOST_NAMES: usize = 12;
/// and most commands of a kind.
const MOST_COMMANDS: usize = 6;

impl Facts {
    /// The facts as Markdown: a line for each kind, and a table of the commands with where they
    /// stand.
    pub fn to_markdown(&self) -> String {
        let mut lines = Vec::new();
        let languages = self.languages.iter().map(|language| {
            let files = if language.files == 1 { "file" } else { "files" };
            format!(
                "{} {} % ({} {files})",
                language.name, language.percent, language.files
            )
        });
        push(&mut lines, "Languages", languages.collect());
        let manifests = self.manifests.iter().map(|manifest| code(&manifest.path));
        push(&mut lines, "Manifests", manifests.collect());
        let members = self.members.iter().map(|member| {
            let folder = member.path.rsplit('/').next().unwrap_or(&member.path);
            match member.name == folder {
                true => code(&member.path),
                false => format!("{} ({})", code(&member.path), member.name),
            }
        });
        push(&mut lines, "Members", members.collect());
        let entries = self.entry_points.iter();
        let entries = entries.map(|entry| format!("{} ({})", code(&entry.path), entry.what));
        push(&mut lines, "Entry points", entries.collect());
        let frameworks = self.frameworks.iter();
        let frameworks =
            frameworks.map(|found| format!("{} ({})", found.name, code(&found.evidence)));
        push(&mut lines, "Frameworks", frameworks.collect());
        push(
            &mut lines,
            "Package managers",
            found(&self.package_managers),
        );
        push(&mut lines, "Toolchains", found(&self.toolchains));
        push(&mut lines, "CI", found(&self.ci));
        push(&mut lines, "Licence", found(self.licence.as_slice()));
        push(
            &mut lines,
            "Generated",
            self.generated.iter().map(|path| code(path)).collect(),
        );
        push(
            &mut lines,
            "Vendored",
            self.vendored.iter().map(|path| code(path)).collect(),
        );
        let mut tests: Vec<String> = self.tests.folders.iter().map(|path| code(path)).collect();
        tests.extend(self.tests.patterns.iter().map(|pattern| code(pattern)));
        tests.extend(self.tests.frameworks.iter().cloned());
        push(&mut lines, "Tests", tests);
        push(
            &mut lines,
            "Instructions",
            self.instructions.iter().map(|path| code(path)).collect(),
        );
        push(&mut lines, "Not read", self.unread.clone());
        lines.extend(self.command_table());
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    fn command_table(&self) -> Vec<String> {
        if self.commands.is_empty() {
            return vec!["- Commands: none were found".to_owned()];
        }
        let mut lines = vec![
            String::new(),
            "| for | command | in | known from |".to_owned(),
            "|---|---|---|---|".to_owned(),
        ];
        for kind in CommandKind::ALL {
            lines.extend(self.commands(kind).take(MOST_COMMANDS).map(row));
        }
        lines
    }
}

fn row(command: &ProjectCommand) -> String {
    let folder = if command.folder.is_empty() {
        ".".to_owned()
    } else {
        code(&command.folder)
    };
    let evidence = command.evidence.iter().take(2).map(|evidence| {
        let line = evidence
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        format!(
            "{} ({})",
            code(&format!("{}{line}", evidence.path)),
            cell(&evidence.what)
        )
    });
    let more = match command.evidence.len().saturating_sub(2) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "| {} | {} | {} | {}{more} |",
        command.kind.words(),
        cell(&code(&command.line)),
        cell(&folder),
        evidence.collect::<Vec<_>>().join(", "),
    )
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

fn found(all: &[Found]) -> Vec<String> {
    let all = all.iter();
    all.map(|found| format!("{} ({})", found.name, code(&found.path)))
        .collect()
}

fn push(lines: &mut Vec<String>, title: &str, mut names: Vec<String>) {
    if names.is_empty() {
        return;
    }
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    lines.push(format!("- {title}: {}", names.join(", ")));
}
