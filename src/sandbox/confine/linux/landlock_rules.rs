//! Landlock rules for files, sockets and signals.

use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::super::{GitAccess, SandboxPolicy};
use super::mount_plan::{MountKind, MountPlan};
use super::repository::WorktreeRepository;
use super::{ConfinementFailure, FailureStep};

/// The newest kernel ABI used; older ones restrict fewer rights.
const NEWEST: ABI = ABI::V9;

/// Usable devices, if those of the host are visible.
const DEVICES: [&str; 7] = [
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
];

/// Keeps this process permanently from creating names and writing files itself, except in the open
/// folders. Reading, executing and removing are not affected.
pub fn leave_names_to_supervisor(open: &[PathBuf]) -> Result<(), ConfinementFailure> {
    let names = AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::Refer
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSym
        | AccessFs::MakeFifo
        | AccessFs::MakeChar
        | AccessFs::MakeBlock;
    let restrict = || -> Result<RulesetStatus, RulesetError> {
        let restricted = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(names)?
            .create()?
            .add_rules(path_beneath_rules(open, names))?
            .restrict_self()?;
        Ok(restricted.ruleset)
    };
    let status = restrict().map_err(io::Error::other);
    match status.step("leave names to the supervisor")? {
        RulesetStatus::NotEnforced => Err(io::Error::other("this kernel has no Landlock"))
            .step("leave names to the supervisor"),
        _ => Ok(()),
    }
}

/// The Landlock rules.
#[derive(Debug)]
pub struct LandlockRules {
    /// The oldest sufficient kernel ABI.
    oldest: ABI,
    listed: Vec<PathBuf>,
    readable: Vec<PathBuf>,
    writable: Vec<PathBuf>,
    connects: bool,
}

impl LandlockRules {
    /// Rules for a command with a planned view. They repeat its restrictions.
    pub fn for_view(plan: &MountPlan) -> LandlockRules {
        let (readable, writable): (Vec<_>, Vec<_>) = plan
            .places
            .iter()
            .partition(|(_, place)| matches!(place, MountKind::Readable { .. }));
        let paths = |places: Vec<(&PathBuf, &MountKind)>, more: &str| {
            let paths = places.into_iter().map(|(path, _)| path.clone());
            paths.chain([PathBuf::from(more)]).collect()
        };
        LandlockRules {
            // The first one lets no file move to another folder.
            oldest: ABI::V2,
            listed: vec![PathBuf::from("/")],
            readable: paths(readable, "/proc"),
            writable: paths(writable, "/dev"),
            // What there is of a network is the command's own, or was allowed.
            connects: true,
        }
    }

    /// Rules for a command that sees everything.
    pub fn for_system(
        bounds: &SandboxPolicy,
        repository: Option<&WorktreeRepository>,
    ) -> LandlockRules {
        let mut readable = bounds.readable.clone();
        readable.push(PathBuf::from("/proc"));
        let mut writable = bounds.writable.clone();
        if let Some(repository) = repository {
            match bounds.git {
                GitAccess::ReadOnly => readable.push(repository.common.clone()),
                _ => writable.push(repository.common.clone()),
            }
        }
        writable.push(bounds.root.clone());
        writable.push(bounds.temporary.join("tmp"));
        writable.push(bounds.cache.clone());
        writable.extend(DEVICES.map(PathBuf::from));
        LandlockRules {
            // The second one lets files be emptied.
            oldest: ABI::V3,
            listed: Vec::new(),
            readable,
            writable,
            connects: bounds.network,
        }
    }

    /// Restricts this process and its children permanently.
    pub fn apply(&self) -> Result<(), ConfinementFailure> {
        let status = self.restrict().map_err(io::Error::other);
        let status = status.step("restrict files by Landlock")?;
        if status == RulesetStatus::NotEnforced {
            let error = io::Error::other("this kernel does not offer it");
            return Err(error).step("restrict files by Landlock");
        }
        Ok(())
    }

    fn restrict(&self) -> Result<RulesetStatus, RulesetError> {
        // Files are made, but no devices.
        let devices = AccessFs::MakeChar | AccessFs::MakeBlock;
        let all = AccessFs::from_all(NEWEST);
        let listing: BitFlags<AccessFs> = AccessFs::ReadDir.into();
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(self.oldest))?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(all)?
            .scope(Scope::from_all(NEWEST))?;
        if !self.connects {
            ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
        }
        let restricted = ruleset
            .create()?
            .add_rules(path_beneath_rules(&self.listed, listing))?
            .add_rules(path_beneath_rules(
                &self.readable,
                AccessFs::from_read(NEWEST),
            ))?
            .add_rules(path_beneath_rules(&self.writable, all & !devices))?
            .restrict_self()?;
        Ok(restricted.ruleset)
    }
}
