//! Which files of a workspace are indexed, and why the others are not.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use crate::secrets::redact;
pub use crate::skip::{Skip, skipped_by_content, skipped_by_name};
use ignore::overrides::OverrideBuilder;
use ignore::{DirEntry, WalkBuilder, WalkState};

/// Limits of a walk.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Larger files are skipped, in bytes.
    pub file_size: u64,
    /// Deepest folder, counted from the workspace.
    pub depth: usize,
    /// Most files; a workspace with more is cut there, and the report says so.
    pub files: usize,
    /// Globs of what is skipped besides, as in an ignore file.
    pub exclude: Vec<String>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_size: 1 << 20,
            depth: 64,
            files: 1_000_000,
            exclude: Vec::new(),
        }
    }
}

/// A file as the walk sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// From the top of the workspace, with `/`.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_ns: i64,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walked {
    /// Files that may be indexed, by path.
    pub entries: Vec<Entry>,
    /// Files that may not, counted by reason.
    pub skipped: BTreeMap<Skip, usize>,
    /// Paths skipped because their name says that they hold secrets.
    pub secrets: Vec<String>,
    /// Folders that were walked, from the top, for the watcher.
    pub folders: Vec<PathBuf>,
    /// What could not be listed: a message each.
    pub errors: Vec<String>,
}

/// Lists the files of a workspace.
///
/// Ignore files count inside the workspace only, also outside git; links are not followed.
pub fn walk(root: &Path, limits: &Limits) -> Walked {
    let found = Mutex::new(Walked::default());
    builder(root, limits).build_parallel().run(|| {
        let mut local = Local {
            walked: Walked::default(),
            into: &found,
        };
        Box::new(move |entry| {
            local.walked.visit(root, entry, limits);
            WalkState::Continue
        })
    });
    let mut walked = found
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    walked.entries.sort_unstable();
    // Which files are beyond the limit must not depend on which thread was first.
    let beyond = walked.entries.len().saturating_sub(limits.files);
    if beyond > 0 {
        walked.entries.truncate(limits.files);
        walked.skipped.insert(Skip::OverLimit, beyond);
    }
    walked.secrets.sort_unstable();
    walked.folders.sort_unstable();
    walked.errors.sort_unstable();
    walked
}

/// Looks at a few paths only, by the rules of [`walk`].
///
/// A path that is gone, ignored or skipped is not among the entries.
pub fn entries_of(root: &Path, paths: &[String], limits: &Limits) -> Walked {
    // Ignore rules come from every folder on the way down; a walk that enters
    // only those folders reads them the same way as a whole one.
    let wanted: HashSet<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let on_the_way: HashSet<PathBuf> = wanted
        .iter()
        .flat_map(|path| path.ancestors().map(Path::to_owned))
        .collect();
    let mut walked = Walked::default();
    let mut builder = builder(root, limits);
    builder.filter_entry(move |entry| {
        let path = entry.path();
        let covered = || path.ancestors().any(|ancestor| wanted.contains(ancestor));
        is_shown(entry) && (on_the_way.contains(path) || covered())
    });
    for entry in builder.build() {
        walked.visit(root, entry, limits);
    }
    walked.entries.sort_unstable();
    walked
}

/// A walk below a folder by the rules of the index.
pub fn builder(root: &Path, limits: &Limits) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder
        .hidden(false)
        .parents(false)
        .require_git(false)
        .git_global(false)
        .follow_links(false)
        .max_depth(Some(limits.depth))
        .threads(
            std::thread::available_parallelism()
                .map_or(2, usize::from)
                .min(8),
        )
        .add_custom_ignore_filename(".ollacodeignore")
        .filter_entry(is_shown);
    let mut excluded = OverrideBuilder::new(root);
    for glob in &limits.exclude {
        // One that means nothing here excludes nothing.
        let _ = excluded.add(&format!("!{glob}"));
    }
    if let Ok(excluded) = excluded.build() {
        builder.overrides(excluded);
    }
    builder
}

/// A thread's part of the result, handed over when the thread ends.
struct Local<'walk> {
    walked: Walked,
    into: &'walk Mutex<Walked>,
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        let part = std::mem::take(&mut self.walked);
        let mut all = self
            .into
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        all.entries.extend(part.entries);
        all.secrets.extend(part.secrets);
        all.folders.extend(part.folders);
        all.errors.extend(part.errors);
        for (skip, count) in part.skipped {
            *all.skipped.entry(skip).or_default() += count;
        }
    }
}

impl Walked {
    fn visit(&mut self, root: &Path, entry: Result<DirEntry, ignore::Error>, limits: &Limits) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.fail(&error),
        };
        let Some(kind) = entry.file_type() else {
            return;
        };
        if kind.is_dir() {
            // The walk does not enter a folder at the greatest depth.
            if entry.depth() >= limits.depth {
                self.skip(Skip::OverLimit);
            }
            self.folders.push(entry.into_path());
            return;
        }
        if !kind.is_file() {
            return self.skip(Skip::NotAFile);
        }
        let Some(path) = relative(root, entry.path()) else {
            return self.skip(Skip::OddName);
        };
        let in_path = redact(&path);
        if !in_path.findings.is_empty() {
            self.secrets.push(in_path.text.into_owned());
            return self.skip(Skip::Secret);
        }
        if let Some(skip) = skipped_by_name(&path) {
            if skip == Skip::Secret {
                self.secrets.push(path);
            }
            return self.skip(skip);
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.fail(&error),
        };
        if metadata.len() > limits.file_size {
            return self.skip(Skip::TooLarge);
        }
        let modified_ns = modified_ns(&metadata);
        self.entries.push(Entry {
            path,
            size: metadata.len(),
            modified_ns,
        });
    }

    fn skip(&mut self, skip: Skip) {
        *self.skipped.entry(skip).or_default() += 1;
    }

    fn fail(&mut self, error: &ignore::Error) {
        match error.io_error().map(std::io::Error::kind) {
            Some(std::io::ErrorKind::NotFound) => self.skip(Skip::Vanished),
            Some(std::io::ErrorKind::PermissionDenied) => self.skip(Skip::Unreadable),
            _ => self.errors.push(error.to_string()),
        }
    }
}

/// A path from the top of the workspace with `/`, if it is valid UTF-8.
pub fn relative(root: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(root).ok()?.to_str()?;
    Some(if std::path::MAIN_SEPARATOR == '/' {
        relative.to_owned()
    } else {
        relative.replace(std::path::MAIN_SEPARATOR, "/")
    })
}

/// Time of the last change in nanoseconds since 1970; 0 where the system does not say.
pub fn modified_ns(metadata: &Metadata) -> i64 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

/// Hidden files are out, but for those in which projects keep what people ask about.
pub fn is_shown(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    // An odd name is let through so that it is counted.
    let Some(name) = entry.file_name().to_str() else {
        return true;
    };
    !name.starts_with('.') || is_known_hidden(name)
}

fn is_known_hidden(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        ".github",
        ".gitlab",
        ".gitlab-ci.yml",
        ".circleci",
        ".travis.yml",
        ".cargo",
        ".config",
        ".devcontainer",
        ".storybook",
        ".husky",
        ".ci",
        ".buildkite",
        ".editorconfig",
        ".gitattributes",
        ".gitmodules",
        ".dockerignore",
        ".clang-format",
        ".clang-tidy",
        ".golangci.yml",
        ".golangci.yaml",
        ".pre-commit-config.yaml",
        ".goreleaser.yml",
        ".goreleaser.yaml",
        ".readthedocs.yml",
        ".readthedocs.yaml",
        ".rubocop.yml",
        ".babelrc",
        ".swiftlint.yml",
        ".flake8",
        ".pylintrc",
        ".coveragerc",
        ".credo.exs",
        ".formatter.exs",
        ".rustfmt.toml",
        ".clippy.toml",
        // Secret files are let through so that they are counted as such, and never read.
        ".npmrc",
        ".pypirc",
        ".netrc",
        ".aws",
        ".ssh",
        ".kube",
        ".docker",
        ".htpasswd",
        ".git-credentials",
        ".pgpass",
        ".gnupg",
        ".password-store",
        ".azure",
        ".m2",
        ".my.cnf",
        ".s3cfg",
        ".vault-token",
        ".dockercfg",
        ".terraformrc",
        "_netrc",
    ];
    KNOWN.contains(&name)
        || [
            ".eslintrc",
            ".prettierrc",
            ".stylelintrc",
            ".env",
            ".mocharc",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}
