//! What a design is made from: the index, the manifests and the files that may be shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use ollacode_indexer::{FileGraph, Freshness, IndexError};
use ollacode_secrets::redact;
use tokio::task::spawn_blocking;

use super::claims::Existing;
use super::outline::{Outline, outline};
use super::parts::parts;
use super::places::FileLines;
use super::source::SourceTree;
use crate::engine::event::TurnEnd;
use crate::engine::jobs::{JobRun, failed};
use crate::jail::is_secret;
use crate::survey::survey;
use crate::text::with_causes;
use crate::tools::ToolContext;

/// What is known of the workspace.
pub(super) struct Project {
    pub tree: SourceTree,
    pub outline: Outline,
    pub existing: Existing,
}

impl Project {
    pub(super) async fn read(job: &JobRun<'_, '_>) -> Result<Project, TurnEnd> {
        let context = Arc::clone(&job.turn.engine.context);
        let graph = graph(job, &context).await?;
        let reading = spawn_blocking(move || {
            let facts = survey(&context.jail, &context.rules);
            let tree = SourceTree::new(&graph, &facts, &context.rules, |path| {
                shown_text(&context, path)
            });
            let outline = outline(&tree, &parts(&tree));
            let existing = existing(&tree);
            Project {
                tree,
                outline,
                existing,
            }
        });
        let read = job.turn.stop.run_until_cancelled(reading).await;
        let read = read.ok_or(TurnEnd::Stopped)?;
        read.map_err(|error| failed(format!("the project could not be read: {error}")))
    }
}

/// The graph of files, once there is an index.
async fn graph(job: &JobRun<'_, '_>, context: &ToolContext) -> Result<Arc<FileGraph>, TurnEnd> {
    let finding = async {
        context.code.wait_for_first_index().await;
        if !context.code.index().exists() {
            return Ok(None);
        }
        let graph = context.code.index().graph(Freshness::Refresh).await?;
        Ok::<_, IndexError>(Some(graph))
    };
    let found = job.turn.stop.run_until_cancelled(finding).await;
    match found.ok_or(TurnEnd::Stopped)? {
        Ok(Some(graph)) => Ok(graph),
        Ok(None) => Err(failed(
            "this folder is not indexed yet: run `ollacode index` first",
        )),
        Err(error) => {
            let why = with_causes(&error);
            Err(failed(format!("the index could not be read: {why}")))
        }
    }
}

fn existing(tree: &SourceTree) -> Existing {
    let mut existing = Existing::default();
    for file in &tree.files {
        existing.add_path(&file.path);
        for definition in &file.definitions {
            existing.add_name(&definition.name);
        }
    }
    for (_, name) in &tree.members {
        existing.add_name(name);
    }
    existing
}

/// The lines of files, as far as they may be shown.
pub(super) async fn lines_of(
    job: &JobRun<'_, '_>,
    paths: BTreeSet<String>,
) -> Result<FileLines, TurnEnd> {
    let context = Arc::clone(&job.turn.engine.context);
    let reading = spawn_blocking(move || {
        let read = paths.into_iter().filter_map(|path| {
            let text = shown_text(&context, &path)?;
            Some((path, text.lines().map(str::to_owned).collect()))
        });
        read.collect::<FileLines>()
    });
    let read = reading.await;
    read.map_err(|error| failed(format!("files could not be read: {error}")))
}

/// The text of a file without secrets, if it may be shown; blocks.
pub(super) fn shown_text(context: &ToolContext, path: &str) -> Option<String> {
    let path = context.jail.path(path).ok()?;
    let file = context.jail.read(&path).ok()?;
    let is_kept = |path| is_secret(path) || context.rules.hides(path.as_str());
    if is_kept(&path) || is_kept(&file.path) {
        return None;
    }
    Some(redact(&file.text).text.into_owned())
}
