//! Folders of build output, dependencies and caches, which are excluded without an ignore file.
//!
//! A name alone is enough only if it has no other meaning; otherwise an entry beside or in the
//! folder has to show what it is.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

use crate::folder::{FileKind, Folder};

/// A kind of folder that is filled by tools.
struct GeneratedFolder {
    name: &'static str,
    /// One of these is beside it, unless there are none.
    beside: &'static [&'static str],
    /// Or one of these is in it.
    inside: &'static [&'static str],
}

const fn always(name: &'static str) -> GeneratedFolder {
    GeneratedFolder {
        name,
        beside: &[],
        inside: &[],
    }
}

const fn beside(name: &'static str, beside: &'static [&'static str]) -> GeneratedFolder {
    GeneratedFolder {
        name,
        beside,
        inside: &[],
    }
}

const fn inside(name: &'static str, inside: &'static [&'static str]) -> GeneratedFolder {
    GeneratedFolder {
        name,
        beside: &[],
        inside,
    }
}

const GRADLE: &[&str] = &["build.gradle", "build.gradle.kts"];

const FILLED: &[GeneratedFolder] = &[
    always("node_modules"),
    always("bower_components"),
    always("jspm_packages"),
    always("__pycache__"),
    always("site-packages"),
    always("elm-stuff"),
    always("DerivedData"),
    beside(
        "target",
        &["Cargo.toml", "pom.xml", "build.sbt", "project.clj"],
    ),
    beside("dist", &["package.json", "pyproject.toml", "setup.py"]),
    beside("build", GRADLE),
    inside(
        "build",
        &["build.ninja", "asset-manifest.json", "bdist.linux-x86_64"],
    ),
    inside("out", &["build.ninja", "_next"]),
    beside("Pods", &["Podfile"]),
    beside("_build", &["mix.exs", "dune-project", "rebar.config"]),
    beside("deps", &["mix.exs"]),
    beside("dist-newstyle", &["cabal.project"]),
    beside("zig-out", &["build.zig"]),
    beside("zig-cache", &["build.zig"]),
    inside("htmlcov", &["index.html"]),
    inside("coverage", &["lcov.info"]),
];

/// Folders that all of these names in them give away, whatever they are called.
const MARKED: &[&[&str]] = &[
    // Packages that npm, pnpm, yarn, Bower, Cargo, Composer and Bundler have put there.
    &[".package-lock.json"],
    &[".modules.yaml"],
    &[".yarn-integrity"],
    &[".bower.json"],
    &[".cargo-checksum.json"],
    &["autoload.php", "composer"],
    &["cache", "gems", "specifications"],
    // What Python notes of an installed package.
    &["METADATA", "RECORD"],
    &["PKG-INFO", "SOURCES.txt"],
    // A bare git repository, and what CVS notes of a folder.
    &["HEAD", "objects", "refs"],
    &["Entries", "Repository", "Root"],
    // An index of ours, a data folder of ours, and the stores of others.
    &["chunks.lance", "state.db"],
    &["embeddings.db", "indexes"],
    &["_transactions", "_versions"],
    &["chroma.sqlite3"],
    // Pages that Sphinx and Doxygen have written.
    &[".buildinfo", "objects.inv"],
    &["doxygen.css", "index.html"],
];

/// Folders that one of these names gives away, unless people write in them, too.
const MARKED_UNLESS_WRITTEN: &[&str] = &[
    "pyvenv.cfg",
    "conda-meta",
    "CMakeCache.txt",
    ".ninja_log",
    "lcov-report",
];

/// Installed packages of Python have a folder of this ending beside them.
const INSTALLED: &str = ".dist-info";

/// Files at the root of a project that people write.
const WRITTEN: &[&str] = &[
    ".git",
    "CMakeLists.txt",
    "Cargo.toml",
    "README.md",
    "meson.build",
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
];

/// Whether what is in a folder says that tools have filled it.
pub(crate) fn is_marked(names: &HashMap<OsString, FileKind>) -> bool {
    let has = |name: &&str| names.contains_key(OsStr::new(name));
    if MARKED.iter().any(|marks| marks.iter().all(&has)) {
        return true;
    }
    let is_installed = || {
        let is_info = |name: &OsString| name.to_str().is_some_and(|name| name.ends_with(INSTALLED));
        names.keys().any(is_info)
    };
    (MARKED_UNLESS_WRITTEN.iter().any(has) || is_installed()) && !WRITTEN.iter().any(has)
}

/// What marks a folder that holds what can be made again, by the convention of bford.info/cachedir.
const CACHE_MARK: &str = "CACHEDIR.TAG";
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether a folder is filled by tools; `is_beside` tells whether a name is beside it.
pub(crate) fn is_filled(above: &Folder, name: &str, is_beside: impl Fn(&str) -> bool) -> bool {
    FILLED
        .iter()
        .filter(|filled| filled.name == name)
        .any(|filled| match (filled.beside, filled.inside) {
            ([], []) => true,
            ([], inside) => above.folder(OsStr::new(name)).is_ok_and(|folder| {
                inside
                    .iter()
                    .any(|name| folder.stat(OsStr::new(name)).is_ok())
            }),
            (beside, _) => beside.iter().any(|name| is_beside(name)),
        })
}

/// Whether a folder says of itself that it is a cache.
pub(crate) fn is_cache(folder: &Folder, has: impl Fn(&str) -> bool) -> bool {
    let read = || folder.read(CACHE_MARK, 1 << 16);
    has(CACHE_MARK) && read().is_ok_and(|bytes| bytes.starts_with(CACHE_SIGNATURE))
}
