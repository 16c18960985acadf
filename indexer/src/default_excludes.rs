//! Folders that nobody has written, though nobody has said that they are to be left out.
//!
//! A name alone is enough only where it never means anything else; otherwise something beside or
//! in the folder has to say what it is.

use std::ffi::OsStr;

use crate::folder::Folder;

/// A folder that tools fill.
struct Filled {
    name: &'static str,
    /// One of these is beside it, unless there are none.
    beside: &'static [&'static str],
    /// Or one of these is in it.
    inside: &'static [&'static str],
}

const fn always(name: &'static str) -> Filled {
    Filled {
        name,
        beside: &[],
        inside: &[],
    }
}

const fn beside(name: &'static str, beside: &'static [&'static str]) -> Filled {
    Filled {
        name,
        beside,
        inside: &[],
    }
}

const fn inside(name: &'static str, inside: &'static [&'static str]) -> Filled {
    Filled {
        name,
        beside: &[],
        inside,
    }
}

const ENVIRONMENT: &[&str] = &["pyvenv.cfg"];
const GRADLE: &[&str] = &["build.gradle", "build.gradle.kts"];

const FILLED: &[Filled] = &[
    always("node_modules"),
    always("bower_components"),
    always("jspm_packages"),
    always("__pycache__"),
    always("site-packages"),
    always("elm-stuff"),
    always("DerivedData"),
    inside("venv", ENVIRONMENT),
    inside("env", ENVIRONMENT),
    inside("virtualenv", ENVIRONMENT),
    beside(
        "target",
        &["Cargo.toml", "pom.xml", "build.sbt", "project.clj"],
    ),
    beside("dist", &["package.json", "pyproject.toml", "setup.py"]),
    beside("build", GRADLE),
    inside(
        "build",
        &[
            "CMakeCache.txt",
            "build.ninja",
            "asset-manifest.json",
            "bdist.linux-x86_64",
        ],
    ),
    inside("out", &["CMakeCache.txt", "build.ninja"]),
    beside("Pods", &["Podfile"]),
    beside("_build", &["mix.exs", "dune-project", "rebar.config"]),
    beside("deps", &["mix.exs"]),
    beside("dist-newstyle", &["cabal.project"]),
    beside("zig-out", &["build.zig"]),
    beside("zig-cache", &["build.zig"]),
    inside("htmlcov", &["index.html"]),
    inside("coverage", &["lcov-report", "lcov.info"]),
];

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
