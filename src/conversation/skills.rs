//! Skills in a conversation: `/skills`, and lines that start one.

use anyhow::{Error, ensure};
use tokio::task::spawn_blocking;

use super::Conversation;
use super::commands::{CommandScope, ParsedInput, SkillCommand, parse, taken};
use super::reply::CommandReply;
use super::workspaces::OpenWorkspace;
use crate::engine::Question;
use crate::jail::Jail;
use crate::retrieval::fenced;
use crate::skills::{ListedSkill, Skill, SkillCall, SkillList, SkillOrigin};
use crate::visible::escape_hidden;

/// Most skills in a report: more are listed by `ollacode skills list`.
const MOST_LISTED: usize = 60;

impl OpenWorkspace {
    /// The skills that can be started by their names, by name. Looks at the disk.
    pub async fn skill_commands(&self) -> Vec<SkillCommand> {
        let (library, root) = (self.app.skills(), self.root().to_owned());
        let reading = spawn_blocking(move || {
            let list = Jail::open(&root).map(|jail| library.list(&jail));
            SkillCommand::of(&list.unwrap_or_default())
        });
        // That can only fail by a panic; then there are none.
        reading.await.unwrap_or_default()
    }
}

impl Conversation {
    /// How a line is understood, with the skills of the workspace. Looks at the disk if it begins with `/`
    /// and is no command.
    pub async fn understand<'a>(&self, text: &'a str, place: CommandScope) -> ParsedInput<'a> {
        match parse(text, place, &[]) {
            found @ ParsedInput::Command(..) => found,
            found if !text.trim_start().starts_with('/') => found,
            _ => parse(text, place, &self.workspace().skill_commands().await),
        }
    }

    /// The question that a text is: one that starts a skill, if it names one.
    pub async fn question(&self, text: String, place: CommandScope) -> Question {
        let skill = match self.understand(&text, place).await {
            ParsedInput::Skill(skill) => Some(skill),
            _ => None,
        };
        Question {
            text: skill.as_ref().map_or(text, SkillCall::line),
            skill,
            ..Question::default()
        }
    }

    /// The skills, or one of them.
    pub(super) async fn skills(&mut self, name: &str) -> Result<CommandReply, Error> {
        let library = self.workspace.app.skills();
        let name = name.trim_start_matches('/').to_owned();
        let root = self.workspace.root().to_owned();
        let reading = spawn_blocking(move || -> Result<String, Error> {
            let jail = Jail::open(&root)?;
            if name.is_empty() {
                return Ok(list_report(&library.list(&jail)));
            }
            ensure!(name.len() <= 200, "a name of a skill is not that long");
            Ok(skill_report(&library.find(&jail, &name)?))
        });
        let text = reading.await??;
        Ok(CommandReply::Report(escape_hidden(&text).into_owned()))
    }
}

/// What is to be said of a skill in a list beside its description; empty if nothing.
pub fn remark(skill: &ListedSkill) -> String {
    if let Some(error) = &skill.error {
        return error.clone();
    }
    match skill.hidden_by {
        Some(SkillOrigin::User) => return "yours of this name counts before it".to_owned(),
        Some(_) => return "the one of this repository counts before it".to_owned(),
        None => {}
    }
    taken(&skill.name).unwrap_or_default()
}

/// What the front matter of a skill says, with where it is: name and value of each row.
pub fn facts(skill: &Skill) -> Vec<(&'static str, String)> {
    let manifest = &skill.manifest;
    let mut rows = vec![("whose", skill.origin.words().to_owned())];
    if !skill.place.is_empty() {
        rows.push(("file", skill.place.clone()));
    }
    let optional = [
        ("license", &manifest.license),
        ("compatibility", &manifest.compatibility),
    ];
    let given = optional.into_iter();
    rows.extend(given.filter_map(|(name, value)| Some((name, value.clone()?))));
    for (key, value) in &manifest.metadata {
        rows.push(("metadata", format!("{key}: {value}")));
    }
    if !manifest.allowed_tools.is_empty() {
        let tools = manifest.allowed_tools.join(" ");
        rows.push((
            "allowed-tools",
            format!("{tools} (ignored: a skill gives no permission)"),
        ));
    }
    if manifest.is_for_user_only {
        rows.push(("models", "are not told of it".to_owned()));
    }
    if let Some(why) = taken(&skill.name) {
        rows.push(("cannot be started", why));
    }
    for file in &skill.files {
        rows.push(("has", format!("{} ({} bytes)", file.path, file.bytes)));
    }
    rows
}

fn list_report(list: &SkillList) -> String {
    let mut text = String::new();
    for origin in [
        SkillOrigin::User,
        SkillOrigin::Repository,
        SkillOrigin::Shipped,
    ] {
        let skills = list.skills.iter().filter(|skill| skill.origin == origin);
        let rows: Vec<String> = skills.map(row).collect();
        if rows.is_empty() {
            continue;
        }
        text.push_str(&format!("**{}**\n\n", heading(origin)));
        for row in rows.iter().take(MOST_LISTED) {
            text.push_str(row);
        }
        if let Some(more) = rows.len().checked_sub(MOST_LISTED + 1) {
            text.push_str(&format!("- … {} more\n", more + 1));
        }
        text.push('\n');
    }
    for note in &list.notes {
        text.push_str(&format!("{note}\n\n"));
    }
    text.push_str("`/NAME` starts one, with what it is to work on behind it.\n");
    text
}

fn heading(origin: SkillOrigin) -> &'static str {
    match origin {
        SkillOrigin::User => "Yours",
        SkillOrigin::Repository => "Of this repository (text without power)",
        SkillOrigin::Shipped => "Part of ollacode",
    }
}

fn row(skill: &ListedSkill) -> String {
    let remark = remark(skill);
    if !remark.is_empty() {
        let remark = as_text(skill.origin, &remark);
        return format!("- `{}`: {remark}\n", skill.name.replace('`', "'"));
    }
    let shown = SkillCommand::from(skill);
    let typed = format!("/{} {}", shown.name, shown.argument.replace('`', "'"));
    let help = as_text(skill.origin, &shown.help);
    format!("- `{}`: {help}\n", typed.trim_end())
}

/// A line in Markdown. What a repository says stands between backticks, of which there are none in it:
/// else it could show pictures and links.
fn as_text(origin: SkillOrigin, text: &str) -> String {
    match origin {
        SkillOrigin::Repository => format!("`{}`", text.replace('`', "'")),
        SkillOrigin::User | SkillOrigin::Shipped => text.to_owned(),
    }
}

fn skill_report(skill: &Skill) -> String {
    let description = as_text(skill.origin, &skill.manifest.description);
    let mut text = format!("**{}**: {description}\n\n", skill.name);
    for (name, value) in facts(skill) {
        let value = as_text(skill.origin, &value);
        text.push_str(&format!("- {name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", fenced(&skill.body, "markdown")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::Manifest;

    fn listed(name: &str, origin: SkillOrigin, error: Option<&str>) -> ListedSkill {
        ListedSkill {
            name: name.to_owned(),
            origin,
            place: String::new(),
            error: error.map(str::to_owned),
            hidden_by: None,
            manifest: Manifest {
                description: "Tidies.".to_owned(),
                argument_hint: Some("[path]".to_owned()),
                ..Manifest::default()
            },
        }
    }

    #[test]
    fn a_report_says_whose_they_are_and_what_is_wrong() {
        let mut hidden = listed("tidy", SkillOrigin::Repository, None);
        hidden.hidden_by = Some(SkillOrigin::User);
        let mut pictured = listed("tidy-up", SkillOrigin::Repository, None);
        pictured.manifest.description = "![x](http://a.b/`x`)".to_owned();
        let list = SkillList {
            skills: vec![
                listed("broken", SkillOrigin::Repository, Some("it has no end")),
                listed("review", SkillOrigin::Repository, None),
                listed("tidy", SkillOrigin::User, None),
                hidden,
                pictured,
            ],
            notes: vec!["one is left out".to_owned()],
        };
        assert_eq!(
            list_report(&list),
            "**Yours**\n\n- `/tidy [path]`: Tidies.\n\n\
             **Of this repository (text without power)**\n\n\
             - `broken`: `it has no end`\n\
             - `review`: `/review is a command of ollacode: rename the skill`\n\
             - `tidy`: `yours of this name counts before it`\n\
             - `/tidy-up [path]`: `![x](http://a.b/'x')`\n\n\
             one is left out\n\n\
             `/NAME` starts one, with what it is to work on behind it.\n"
        );
    }

    #[test]
    fn many_are_cut_visibly() {
        let skill = |number: usize| listed(&format!("s-{number}"), SkillOrigin::User, None);
        let list = SkillList {
            skills: (0..70).map(skill).collect(),
            notes: Vec::new(),
        };
        let report = list_report(&list);
        assert!(
            report.contains("`/s-59 [path]`: Tidies.\n- … 10 more\n"),
            "{report}"
        );
    }
}
