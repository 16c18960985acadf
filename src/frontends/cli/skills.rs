//! `ollacode skills`: lists, shows and makes skills.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Error, bail};

use super::args::{SkillsArguments, SkillsCommand};
use super::style::visible_name;
use super::{CommandEnd, note, print};
use crate::app::App;
use crate::conversation::commands::taken;
use crate::conversation::skills::{facts, remark};
use crate::jail::{Expected, Jail};
use crate::session::create_private_folder;
use crate::skills::{
    Library, NAME_RULE, REPOSITORY_FOLDER, SKILL_FILE, Skill, is_skill_name, skeleton,
};
use crate::visible::escape_hidden;

pub async fn run(app: &App, arguments: &SkillsArguments) -> Result<CommandEnd, Error> {
    let jail = Jail::open(&app.workspace.root)?;
    let library = app.skills();
    match &arguments.command {
        SkillsCommand::List { json } => list(&library, &jail, *json)?,
        SkillsCommand::Show { name, json } => {
            let name = name.trim_start_matches('/');
            show(&library.find(&jail, name)?, *json)?;
        }
        SkillsCommand::New { name, repository } => {
            let name = name.trim_start_matches('/');
            make(&library, &jail, name, *repository)?;
        }
    }
    Ok(CommandEnd::Good)
}

fn list(library: &Library, jail: &Jail, json: bool) -> Result<(), Error> {
    let list = library.list(jail);
    if json {
        let text = serde_json::to_string(&list)?;
        return print(|out| writeln!(out, "{text}"));
    }
    let names = list.skills.iter().map(|skill| visible_name(&skill.name));
    let width = names.map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    print(|out| {
        for skill in &list.skills {
            let remark = remark(skill);
            let what = match remark.is_empty() {
                true => &skill.manifest.description,
                false => &remark,
            };
            let (name, what) = (visible_name(&skill.name), visible_name(what));
            writeln!(out, "{name:width$}  {what} ({})", skill.origin.words())?;
        }
        Ok(())
    })?;
    list.notes
        .iter()
        .for_each(|text| note(&escape_hidden(text)));
    Ok(())
}

fn show(skill: &Skill, json: bool) -> Result<(), Error> {
    if json {
        let text = serde_json::to_string(skill)?;
        return print(|out| writeln!(out, "{text}"));
    }
    print(|out| {
        let (name, what) = (&skill.name, visible_name(&skill.manifest.description));
        writeln!(out, "{name}: {what}\n")?;
        for (name, value) in facts(skill) {
            writeln!(out, "{name}: {}", visible_name(&value))?;
        }
        writeln!(out, "\n{}", escape_hidden(&skill.body))
    })?;
    if taken(&skill.name).is_none() {
        let hint = skill.manifest.argument_hint.as_deref().unwrap_or_default();
        let line = format!("/{} {}", skill.name, visible_name(hint));
        note(&format!("to use it in a chat: {}", line.trim_end()));
    }
    Ok(())
}

/// Makes a skill that can be used, to be filled in; never over one that exists.
fn make(library: &Library, jail: &Jail, name: &str, repository: bool) -> Result<(), Error> {
    if !is_skill_name(name) {
        let name = visible_name(name);
        bail!("`{name}` cannot name a skill: {NAME_RULE}");
    }
    if let Some(why) = taken(name) {
        bail!("{why}");
    }
    let text = skeleton(name);
    let file = match repository {
        true => {
            let folder = jail.path(&format!("{REPOSITORY_FOLDER}/{name}"))?;
            if jail.kind(&folder)?.is_some() {
                bail!("`{folder}` already exists: choose another name, or edit it");
            }
            let file = jail.path(&format!("{folder}/{SKILL_FILE}"))?;
            jail.write(&file, text.as_bytes(), Expected::Absent)?;
            file.to_string()
        }
        false => {
            let Some(folder) = library.user_folder() else {
                bail!("there is no home folder that the skill could be written to");
            };
            let folder = folder.join(name);
            if fs::symlink_metadata(&folder).is_ok() {
                let folder = folder.display();
                bail!("{folder} already exists: choose another name, or edit it");
            }
            let file = folder.join(SKILL_FILE);
            write(&file, &text).with_context(|| format!("cannot write {}", file.display()))?;
            file.display().to_string()
        }
    };
    note(&format!(
        "made {}: edit it, then /{name} uses it in a chat",
        escape_hidden(&file)
    ));
    let counts = library.find(jail, name).map(|skill| skill.place);
    if counts.as_ref().is_ok_and(|place| *place != file) {
        note("another skill of this name counts before it: `ollacode skills list` shows which");
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        create_private_folder(folder)?;
    }
    let mut new = fs::File::create_new(file)?;
    new.write_all(text.as_bytes())
}
