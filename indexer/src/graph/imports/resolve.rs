//! From what an import names to files.

use std::collections::HashMap;

use super::{Base, Import, TABLE};
use crate::graph::role::FileRole;

/// Files with the same end of their path that are compared.
const MOST_ALIKE: usize = 200;

/// Folders that sources stand in, left out of imports.
const ROOTS: [&str; 6] = ["src", "lib", "source", "include", "python", "app"];

/// What the manifests of a workspace call its parts.
#[derive(Clone, Debug, Default)]
pub(in crate::graph) struct Manifests {
    /// The folder and the name of each module of Go.
    go_modules: Vec<(String, String)>,
    /// The name of each crate of Rust, and the folder of its sources.
    crates: Vec<(String, String)>,
}

impl Manifests {
    /// Takes in a part of a file, if it is of a manifest.
    pub(in crate::graph) fn read(&mut self, path: &str, text: &str) {
        let folder = folder_of(path);
        match path.rsplit('/').next() {
            Some("go.mod") => {
                let name = go_module(text).map(str::to_owned);
                let folder = folder.to_owned();
                self.go_modules.extend(name.map(|name| (folder, name)));
            }
            Some("Cargo.toml") => {
                let name = crate_name(text).map(|name| name.replace('-', "_"));
                let sources = joined(folder, "/src");
                self.crates.extend(name.map(|name| (name, sources)));
            }
            _ => {}
        }
    }

    fn sorted(mut self) -> Manifests {
        // The longest names first: one may be in the folder of another.
        self.go_modules.sort_by(|one, other| {
            let length = other.1.len().cmp(&one.1.len());
            length.then_with(|| one.cmp(other))
        });
        self.crates.sort();
        self
    }
}

fn go_module(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.trim().strip_prefix("module "))?;
    let name = line.split_whitespace().next()?;
    Some(name.trim_matches('"'))
}

fn crate_name(text: &str) -> Option<&str> {
    let (_, package) = text.split_once("[package]")?;
    let lines = package.lines().skip(1);
    let settings = lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='));
    let mut names = settings.filter(|(key, _)| key.trim() == "name");
    names.next()?.1.split('"').nth(1)
}

/// The files of a workspace, to be found by what imports say.
pub(in crate::graph) struct Paths<'a> {
    paths: &'a [(String, FileRole)],
    exact: HashMap<&'a str, u32>,
    /// By the last two parts of the path, and by the last one.
    by_end: HashMap<&'a str, Vec<u32>>,
    /// By folder, without tests; the folders also by their last part.
    by_folder: HashMap<&'a str, Vec<u32>>,
    folders_by_name: HashMap<&'a str, Vec<&'a str>>,
    manifests: Manifests,
}

impl<'a> Paths<'a> {
    /// `paths` are sorted.
    pub(in crate::graph) fn new(
        paths: &'a [(String, FileRole)],
        manifests: Manifests,
    ) -> Paths<'a> {
        let mut all = Paths {
            paths,
            exact: HashMap::with_capacity(paths.len()),
            by_end: HashMap::new(),
            by_folder: HashMap::new(),
            folders_by_name: HashMap::new(),
            manifests: manifests.sorted(),
        };
        for (id, (path, role)) in (0..).zip(paths) {
            all.exact.insert(path, id);
            let (end, name) = (end_of(path), end_of(path).rsplit('/').next());
            all.by_end.entry(end).or_default().push(id);
            if let Some(name) = name.filter(|name| name.len() < end.len()) {
                all.by_end.entry(name).or_default().push(id);
            }
            if *role != FileRole::Test && *role != FileRole::Document {
                all.by_folder.entry(folder_of(path)).or_default().push(id);
            }
        }
        let mut folders: Vec<&str> = all.by_folder.keys().copied().collect();
        folders.sort_unstable();
        for folder in folders {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            all.folders_by_name.entry(name).or_default().push(folder);
        }
        all
    }

    /// The files that an import of a file leads to: one, or all of a package.
    pub(in crate::graph) fn resolve(&self, importer: u32, import: &Import) -> Vec<u32> {
        let path = self.path(importer);
        let text = import.text.as_str();
        let found = match import.base {
            Base::Folder => self.in_folder(folder_of(path), text, import),
            Base::Anywhere => self.anywhere(path, text, import),
            Base::FolderThenAnywhere => self
                .in_folder(folder_of(path), text, import)
                .or_else(|| self.anywhere(path, text, import)),
            Base::Package => return self.package(path, text),
            Base::GoPackage => return self.go_package(path, text),
            Base::Crate => crate_root(path).and_then(|root| self.module(root, text, false)),
            Base::Module(up) => self.rust_module(path, text, up),
            Base::CrateOrModule => self
                .rust_module(path, text, 0)
                .or_else(|| self.other_crate(text)),
        };
        found.into_iter().filter(|file| *file != importer).collect()
    }

    fn path(&self, file: u32) -> &'a str {
        &self.paths[file as usize].0
    }

    /// From a folder on; the last parts may be names.
    fn in_folder(&self, folder: &str, text: &str, import: &Import) -> Option<u32> {
        let form = &TABLE[usize::from(import.row)];
        let whole = normal(folder, text)?;
        shortened(&whole, form.names).find_map(|whole| {
            let mut ends = form.endings.iter();
            ends.find_map(|end| self.exact.get(joined(whole, end).as_str()).copied())
        })
    }

    fn anywhere(&self, importer: &str, text: &str, import: &Import) -> Option<u32> {
        let form = &TABLE[usize::from(import.row)];
        let text = text.trim_start_matches("./");
        if text.is_empty() || text.starts_with("..") {
            return None;
        }
        for whole in shortened(text, form.names) {
            let mut rest = whole;
            for _ in 0..=form.missing {
                let mut ends = form.endings.iter();
                let found =
                    ends.find_map(|end| self.nearest(importer, &format!("{rest}{end}"), rest));
                if found.is_some() {
                    return found;
                }
                match rest.split_once('/') {
                    // A name alone is too little, where parts may be missing.
                    Some((_, shorter)) if shorter.contains('/') => rest = shorter,
                    _ => break,
                }
            }
        }
        None
    }

    /// Of the files whose path ends so, the one that is nearest to a file.
    fn nearest(&self, importer: &str, end: &str, name: &str) -> Option<u32> {
        let alike = self.by_end.get(end_of(end))?.iter().take(MOST_ALIKE);
        let fits = |file: &u32| {
            let path = self.path(*file);
            let before = path.strip_suffix(end);
            before.is_some_and(|before| {
                let is_whole = before.is_empty() || before.ends_with('/');
                is_whole && (name.contains('/') || is_above(before, importer))
            })
        };
        let key = |file: &u32| {
            let path = self.path(*file);
            (
                shared_folders(path, importer),
                std::cmp::Reverse(path.len()),
            )
        };
        // Of equals the first: `max_by_key` would take the last.
        let mut best: Option<u32> = None;
        for file in alike.copied().filter(fits) {
            if best.is_none_or(|best| key(&file) > key(&best)) {
                best = Some(file);
            }
        }
        best
    }

    /// The files of the nearest folder whose path ends so.
    fn package(&self, importer: &str, text: &str) -> Vec<u32> {
        let name = text.rsplit('/').next().unwrap_or(text);
        let folders = self.folders_by_name.get(name).into_iter().flatten();
        let fits = |folder: &&&str| {
            let before = folder.strip_suffix(text);
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let mut best: Option<&str> = None;
        for folder in folders.filter(fits).take(MOST_ALIKE) {
            let key = |folder: &str| shared_folders(folder, importer);
            if best.is_none_or(|best| key(folder) > key(best)) {
                best = Some(*folder);
            }
        }
        best.map_or_else(Vec::new, |folder| self.files_in(folder))
    }

    fn files_in(&self, folder: &str) -> Vec<u32> {
        self.by_folder.get(folder).cloned().unwrap_or_default()
    }

    fn go_package(&self, importer: &str, text: &str) -> Vec<u32> {
        for (folder, module) in &self.manifests.go_modules {
            let Some(inside) = text.strip_prefix(module.as_str()) else {
                continue;
            };
            if inside.is_empty() || inside.starts_with('/') {
                let inside = inside.trim_start_matches('/');
                let whole = if inside.is_empty() {
                    folder.clone()
                } else {
                    joined(folder, &format!("/{inside}"))
                };
                return self.files_in(&whole);
            }
        }
        // Without its `go.mod`: host, owner and repository are not folders.
        let mut parts = text.splitn(4, '/');
        let host = parts.next().unwrap_or_default();
        match parts.nth(2) {
            Some(inside) if host.contains('.') && self.manifests.go_modules.is_empty() => {
                self.package(importer, inside)
            }
            _ => Vec::new(),
        }
    }

    /// A module of Rust below a folder: the longest beginning of the path that is a file.
    fn module(&self, folder: &str, text: &str, with_own: bool) -> Option<u32> {
        let parts = text.split('/').filter(|part| !part.is_empty()).count();
        if parts > 0 {
            for whole in shortened(text, parts - 1) {
                let path = normal(folder, whole)?;
                for end in [".rs", "/mod.rs"] {
                    if let Some(file) = self.exact.get(joined(&path, end).as_str()) {
                        return Some(*file);
                    }
                }
            }
        }
        if !with_own || folder.is_empty() {
            return None;
        }
        let own = [".rs", "/mod.rs", "/lib.rs", "/main.rs"].into_iter();
        own.map(|end| joined(folder, end))
            .find_map(|path| self.exact.get(path.as_str()).copied())
    }

    fn rust_module(&self, path: &str, text: &str, up: u8) -> Option<u32> {
        let own = module_folder(path);
        let mut folder = own.as_str();
        for _ in 0..up {
            folder = folder_of(folder);
        }
        self.module(folder, text, up > 0)
    }

    fn other_crate(&self, text: &str) -> Option<u32> {
        let (name, inside) = text.split_once('/').unwrap_or((text, ""));
        let mut named = self
            .manifests
            .crates
            .iter()
            .filter(|(known, _)| known == name);
        named.find_map(|(_, sources)| {
            let own = ["/lib.rs", "/main.rs"].map(|end| joined(sources, end));
            let own = || {
                own.iter()
                    .find_map(|path| self.exact.get(path.as_str()).copied())
            };
            self.module(sources, inside, false).or_else(own)
        })
    }
}

/// The last two parts of a path.
fn end_of(path: &str) -> &str {
    let mut slashes = path.rmatch_indices('/');
    match slashes.nth(1) {
        Some((at, _)) => &path[at + 1..],
        None => path,
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path with an end that may begin with `/`.
fn joined(path: &str, end: &str) -> String {
    let end = if path.is_empty() {
        end.trim_start_matches('/')
    } else {
        end
    };
    format!("{path}{end}")
}

/// A path from a folder on, without `.` and `..`; `None` if it leads out of the workspace.
fn normal(folder: &str, text: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A path, then the same without its last part, and so on so many times.
fn shortened(path: &str, names: usize) -> impl Iterator<Item = &str> {
    let mut next = Some(path);
    let all = std::iter::from_fn(move || {
        let path = next?;
        next = path.rsplit_once('/').map(|(rest, _)| rest);
        Some(path)
    });
    all.take(names + 1)
}

/// The folder of the modules of a file of Rust.
fn module_folder(path: &str) -> String {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let name = stem.rsplit('/').next().unwrap_or(stem);
    if ["mod", "lib", "main"].contains(&name) {
        folder_of(path).to_owned()
    } else {
        stem.to_owned()
    }
}

/// The folder of the sources of the crate that a file belongs to.
fn crate_root(path: &str) -> Option<&str> {
    if let Some(at) = path.rfind("/src/") {
        return Some(&path[..at + "/src".len()]);
    }
    path.starts_with("src/").then_some("src")
}

/// How many folders two paths begin with in common.
fn shared_folders(one: &str, other: &str) -> usize {
    let [one, other] = [one, other].map(|path| folder_of(path).split('/'));
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// Whether a folder, written with `/` behind it, is around a file, or holds the sources of one that
/// is.
fn is_above(folder: &str, path: &str) -> bool {
    let outer = ROOTS.iter().find_map(|root| {
        let outer = folder.strip_suffix('/')?.strip_suffix(root)?;
        (outer.is_empty() || outer.ends_with('/')).then_some(outer)
    });
    path.starts_with(folder) || outer.is_some_and(|outer| path.starts_with(outer))
}
