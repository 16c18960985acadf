//! `ollacode template`: lists, shows, uses and makes templates of code.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Error, bail};

use super::args::{TemplateArguments, TemplateCommand};
use super::{CommandEnd, note, print};
use crate::app::App;
use crate::jail::{Jail, WorkspacePath, protected};
use crate::session::create_private_folder;
use crate::templates::capture::{Sample, captured};
use crate::templates::{Library, Template, TemplateOrigin, is_template_name, write_new};
use crate::visible::escape_hidden;

pub async fn run(app: &App, arguments: &TemplateArguments) -> Result<CommandEnd, Error> {
    let jail = Jail::open(&app.workspace.root)?;
    let library = app.templates();
    match &arguments.command {
        TemplateCommand::List { json } => list(&library, &jail, *json)?,
        TemplateCommand::Show { name, json } => show(&library.find(&jail, name)?, *json)?,
        TemplateCommand::New {
            name,
            values,
            dry_run,
        } => make(&library.find(&jail, name)?, values, &jail, *dry_run)?,
        TemplateCommand::From {
            name,
            paths,
            dry_run,
        } => capture(&library, &jail, name, paths, *dry_run)?,
    }
    Ok(CommandEnd::Good)
}

fn list(library: &Library, jail: &Jail, json: bool) -> Result<(), Error> {
    let listed = library.list(jail);
    if json {
        let text = serde_json::to_string(&listed)?;
        return print(|out| writeln!(out, "{text}"));
    }
    let widest = listed.iter().map(|template| template.name.len()).max();
    let width = widest.unwrap_or_default();
    print(|out| {
        for template in &listed {
            let what = template.error.as_ref();
            let what = escape_hidden(what.unwrap_or(&template.manifest.description));
            let origin = template.origin.words();
            writeln!(out, "{:width$}  {what} ({origin})", template.name)?;
        }
        Ok(())
    })
}

fn show(template: &Template, json: bool) -> Result<(), Error> {
    if json {
        let text = serde_json::to_string(template)?;
        return print(|out| writeln!(out, "{text}"));
    }
    let manifest = template.manifest.to_toml();
    print(|out| {
        write!(out, "{}", escape_hidden(&manifest))?;
        for file in &template.files {
            let (path, text) = (escape_hidden(&file.path), escape_hidden(&file.text));
            write!(out, "\n── {path}\n{text}")?;
        }
        Ok(())
    })?;
    let variables = template.manifest.variables.iter();
    let wanted = variables.filter(|(_, variable)| variable.default.is_none());
    let wanted: String = wanted.map(|(name, _)| format!(" {name}=…")).collect();
    let name = &template.name;
    note(&format!("to use it: ollacode template new {name}{wanted}"));
    Ok(())
}

/// Makes the files: all of them, or none.
fn make(
    template: &Template,
    values: &[(String, String)],
    jail: &Jail,
    dry_run: bool,
) -> Result<(), Error> {
    let values: BTreeMap<String, String> = values.iter().cloned().collect();
    let files = template.render(&values)?;
    let mut places = Vec::new();
    for file in &files {
        let path = jail.path(&file.path)?;
        if jail.kind(&path)?.is_some() {
            bail!("`{path}` already exists; nothing was written");
        }
        // Nobody has seen what the repository's template writes, and it would run by itself.
        if template.origin == TemplateOrigin::Repository
            && let Some(found) = protected(&path)
        {
            bail!(
                "`{path}` {}, and a template of the repository makes no such file; nothing was \
                 written. `--dry-run` shows it",
                found.why
            );
        }
        places.push(path);
    }
    if dry_run {
        return print(|out| {
            for file in &files {
                let (path, text) = (escape_hidden(&file.path), escape_hidden(&file.text));
                write!(out, "── {path}\n{text}")?;
            }
            Ok(())
        });
    }
    let new = places.iter().zip(&files);
    let new: Vec<(&WorkspacePath, &str)> = new.map(|(path, file)| (path, &*file.text)).collect();
    write_new(jail, &new).context("nothing was written")?;
    for path in &places {
        note(&format!("created {}", escape_hidden(path.as_str())));
    }
    Ok(())
}

/// Makes a template of the user.
fn capture(
    library: &Library,
    jail: &Jail,
    name: &str,
    paths: &[String],
    dry_run: bool,
) -> Result<(), Error> {
    if !is_template_name(name) {
        bail!("`{name}` cannot name a template: use letters, digits, hyphens and underscores");
    }
    let mut samples = Vec::new();
    for path in paths {
        let found = jail.path(path)?;
        let file = jail.read(&found)?;
        if std::str::from_utf8(&file.bytes).is_err() {
            bail!("`{found}` is no text in UTF-8");
        }
        samples.push(Sample {
            path: found.as_str().to_owned(),
            text: file.text,
        });
    }
    let Some((first, siblings)) = samples.split_first() else {
        bail!("no file is given");
    };
    let template = captured(name, first, siblings)?;
    if dry_run {
        return show(&template, false);
    }
    let Some(folder) = library.user_folder() else {
        bail!("there is no home folder that the template could be written to");
    };
    let folder = folder.join(name);
    if folder.exists() {
        let folder = folder.display();
        bail!("{folder} already exists: choose another name, or delete it first");
    }
    if let Err(error) = write_template(&folder, &template) {
        // What there is of it is no template.
        let _ = fs::remove_dir_all(&folder);
        return Err(error).with_context(|| format!("{} cannot be written", folder.display()));
    }
    let values: Vec<&str> = template
        .manifest
        .variables
        .keys()
        .map(String::as_str)
        .collect();
    note(&format!(
        "the template `{name}` is in {}; it wants {}",
        folder.display(),
        values.join(", ")
    ));
    Ok(())
}

fn write_template(folder: &Path, template: &Template) -> std::io::Result<()> {
    let files = folder.join("files");
    create_private_folder(&files)?;
    for file in &template.files {
        let path = files.join(&file.path);
        if let Some(above) = path.parent() {
            create_private_folder(above)?;
        }
        fs::write(path, &file.text)?;
    }
    fs::write(folder.join("template.toml"), template.manifest.to_toml())
}
