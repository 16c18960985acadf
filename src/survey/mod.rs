//! What the manifests of a project say of it: languages, frameworks, members, and the commands that
//! build and test it, each with its evidence.
//!
//! Tables and readers of manifests only: no index, no model, nothing is run. Files are hostile input:
//! number, size and depth are limited, links are not followed, and what cannot be read is listed in
//! [`Facts::unread`]. The same files give the same facts, in the same order.

mod facts;

mod tables;

mod frameworks;
mod languages;

mod files;
pub(crate) mod yaml;

mod classify;
mod leaving;
mod programs;
mod shell;

mod commands;
mod draft;
mod tasks;

mod ci;
mod layout;
mod manifests;

mod markdown;

pub use facts::{
    CommandKind, Ecosystem, EntryPoint, Evidence, Facts, Found, Framework, FrameworkKind,
    LanguageShare, Manifest, Member, ProjectCommand, TestLayout,
};

pub(crate) use draft::is_plain;

use crate::jail::Jail;
use crate::permission::Rules;
use draft::{Draft, shown};
use files::Files;

/// Depth of the folders that [`survey_quickly`] looks into: those of CI files are at two.
const QUICK_DEPTH: usize = 3;

/// Surveys a workspace. Blocks, and reads manifests only.
///
/// Never fails: what cannot be read is listed in [`Facts::unread`], with the reason.
pub fn survey(jail: &Jail, rules: &Rules) -> Facts {
    facts_of(Files::of(jail, rules, None))
}

/// Surveys the upper folders of a workspace: enough for its commands. What is deeper is not looked at,
/// so that large workspaces take hardly longer, unless tens of thousands of files are near the root.
pub fn survey_quickly(jail: &Jail, rules: &Rules) -> Facts {
    facts_of(Files::of(jail, rules, Some(QUICK_DEPTH)))
}

fn facts_of(files: Files<'_>) -> Facts {
    let ci = ci::read(&files);
    let mut facts = {
        let mut draft = Draft::new(&files);
        draft.used_by_ci.clone_from(&ci.managers);
        manifests::read_all(&mut draft);
        draft.add_tasks();
        ci::add(&mut draft, &ci);
        layout::toolchains(&mut draft);
        assembled(draft)
    };
    facts.ci = ci.services;
    facts.unread = files.into_unread();
    facts
}

/// The facts of a draft that has read everything.
fn assembled(mut draft: Draft<'_, '_>) -> Facts {
    let frameworks = frameworks::frameworks(&draft.dependencies, &draft.own);
    let (generated, vendored) = layout::folders(draft.files);
    let manifests = draft.manifests.iter().map(|(path, ecosystem)| Manifest {
        path: shown(path),
        ecosystem: *ecosystem,
    });
    let languages = languages::shares(draft.files);
    let mut commands = std::mem::take(&mut draft.commands).ranked(&languages);
    for command in &mut commands {
        command.runs = draft.run_by(&command.folder, &command.line);
    }
    Facts {
        manifests: manifests.collect(),
        tests: layout::tests(draft.files, &frameworks),
        frameworks,
        package_managers: layout::package_managers(&draft),
        ci: Vec::new(),
        licence: layout::licence(&draft),
        generated,
        vendored,
        instructions: layout::instructions(draft.files),
        unread: Vec::new(),
        members: draft.members.into_iter().collect(),
        entry_points: draft.entry_points.into_iter().collect(),
        toolchains: draft.toolchains.into_iter().collect(),
        commands,
        languages,
    }
}
