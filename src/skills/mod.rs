//! Skills: instructions for a kind of task, as a folder with `SKILL.md` and further files, in the format
//! of agentskills.io. The user starts one as `/NAME`. They are texts without power: nothing in one is
//! run, none gives a permission, and `allowed-tools` is ignored.
//!
//! In reading order: `front_matter` reads the head of a file; `library` finds skills (`places`: where to
//! look; `reading`: within limits) of the user, of the repository, and of this program (`shipped`);
//! `arguments` fills in what the user typed; `instructions` is what a model gets; `skeleton` is the
//! beginning of a new one.

mod arguments;
mod front_matter;
mod instructions;
mod library;
mod places;
mod reading;
mod shipped;
mod skeleton;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use arguments::SkillCall;
pub use front_matter::Manifest;
pub use instructions::{Room, cleaned, is_told, told_section, without_skill_section};
pub use library::{Library, ListedSkill, Skill, SkillFile, SkillFolder, SkillList, ToldSkill};
pub use places::{REPOSITORY_FOLDER, UserFolders};
pub(crate) use reading::read_bounded;
pub use skeleton::skeleton;

/// The file of a skill.
pub const SKILL_FILE: &str = "SKILL.md";
/// Longest `SKILL.md`, and longest further file that is shown, in bytes.
pub const MOST_BYTES: usize = 64 << 10;

/// Whose a skill is; the first counts before the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillOrigin {
    /// In a folder of the user's.
    User,
    /// In the workspace or above it; whoever wrote the repository wrote it.
    Repository,
    /// Part of this program.
    Shipped,
}

impl SkillOrigin {
    pub fn words(self) -> &'static str {
        match self {
            SkillOrigin::User => "yours",
            SkillOrigin::Repository => "of this repository",
            SkillOrigin::Shipped => "part of ollacode",
        }
    }
}

/// Why a skill, or a file of it, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkillError {
    #[error("there is no skill `{name}`{}", among(.known))]
    Unknown { name: String, known: Vec<String> },
    /// It is there, but wrong.
    #[error("the skill `{name}` cannot be used: {why}")]
    Unusable { name: String, why: String },
    /// It does not fit the context window.
    #[error(
        "the skill `{name}` has about {tokens} tokens with its arguments, and at most {most} have room \
         in this context window; nothing of it was sent"
    )]
    TooLong {
        name: String,
        tokens: u32,
        most: u32,
    },
    /// It has no such file.
    #[error("the skill `{name}` has no file `{file}`{}", among(.known))]
    NoFile {
        name: String,
        file: String,
        known: Vec<String>,
    },
}

fn among(known: &[String]) -> String {
    if known.is_empty() {
        return String::new();
    }
    format!("; there are: {}", known.join(", "))
}

/// Whether a text can be the name of a skill, which is also the name of its folder.
pub fn is_skill_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len())
        && name.bytes().all(is_sign)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// What the name of a skill may be, in messages.
pub const NAME_RULE: &str = "a name has at most 64 small letters, digits and single hyphens, with none \
                             at its beginning or end";
