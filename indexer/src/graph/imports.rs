//! Import lines, by patterns of lines in one table, and the files that they lead to.
//!
//! A full parser per language would find a little more; what it missed is joined by the names that
//! files share.

mod read;
mod resolve;
mod rust;
#[cfg(test)]
mod tests;

pub(super) use resolve::{Manifests, Paths};

/// Most imports of a file, and bytes of one.
const MOST: usize = 400;
const LONGEST: usize = 240;

/// What an import names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    /// With `/` between its parts; may begin with `../`.
    pub text: String,
    pub base: Base,
    /// Place of its row in [`TABLE`].
    row: u8,
}

/// Where an import is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Base {
    /// From the folder of the importing file.
    Folder,
    /// From any folder of the workspace, the nearest first.
    Anywhere,
    /// The one, then the other.
    FolderThenAnywhere,
    /// All files of a folder.
    Package,
    /// A path of Go, which begins with the name of a module.
    GoPackage,
    /// From the root of a crate of Rust.
    Crate,
    /// From the module of the file, so many modules further up.
    Module(u8),
    /// A crate of Rust, or a module of the same one.
    CrateOrModule,
}

/// How a language imports.
struct ImportForm {
    languages: &'static [&'static str],
    /// What may follow the text of an import in the path of its file.
    endings: &'static [&'static str],
    /// How many of the last parts may be names in the file.
    names: usize,
    /// How many of the first parts may be missing in the path: namespaces.
    missing: usize,
    /// Reads the imports of a text.
    read: fn(&str, &mut Found<'_>),
}

const SCRIPTS: &[&str] = &[
    "",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".vue",
    ".svelte",
    ".d.ts",
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.jsx",
    "/index.mjs",
];

const fn form(
    languages: &'static [&'static str],
    endings: &'static [&'static str],
    read: fn(&str, &mut Found<'_>),
) -> ImportForm {
    ImportForm {
        languages,
        endings,
        names: 0,
        missing: 0,
        read,
    }
}

/// Every language whose imports are read.
static TABLE: &[ImportForm] = &[
    form(&["rust"], &[], rust::read),
    ImportForm {
        names: 1,
        ..form(
            &["python"],
            &[".py", "/__init__.py", ".pyi", "/__init__.pyi"],
            read::python,
        )
    },
    form(
        &["javascript", "typescript", "tsx", "vue", "svelte"],
        SCRIPTS,
        read::script,
    ),
    form(&["go"], &[], read::go),
    ImportForm {
        names: 2,
        ..form(
            &["java", "kotlin", "scala"],
            &[".java", ".kt", ".scala"],
            read::java,
        )
    },
    form(&["c", "cpp", "objc"], &[""], read::c),
    form(&["ruby"], &["", ".rb"], read::ruby),
    ImportForm {
        missing: 3,
        ..form(&["php"], &[".php", ""], read::php)
    },
    form(&["dart"], &[""], read::dart),
    form(&["lua"], &[".lua", "/init.lua"], read::lua),
    form(&["haskell"], &[".hs"], read::haskell),
    ImportForm {
        missing: 2,
        ..form(&["elixir"], &[".ex", ".exs"], read::elixir)
    },
    form(&["zig"], &[""], read::zig),
    form(&["protobuf"], &[""], read::quoted_import),
    form(&["solidity"], &[""], read::quoted_import),
    form(&["css"], &["", ".css", ".scss", ".less"], read::css),
    form(&["bash"], &[""], read::bash),
    form(&["julia", "r"], &[""], read::included),
    form(&["ocaml"], &[".ml", ".mli"], read::ocaml),
];

/// The imports of a file so far.
pub(super) struct Found<'a> {
    row: u8,
    imports: &'a mut Vec<Import>,
}

impl Found<'_> {
    fn add(&mut self, text: &str, base: Base) {
        let text = text.trim().trim_end_matches('/');
        if self.imports.len() < MOST && text.len() <= LONGEST {
            self.imports.push(Import {
                text: text.to_owned(),
                base,
                row: self.row,
            });
        }
    }
}

/// Adds the imports of a text, which is a part of a file.
pub(super) fn read_imports(language: &str, text: &str, imports: &mut Vec<Import>) {
    let speaks = |form: &ImportForm| form.languages.contains(&language);
    let Some(at) = TABLE.iter().position(speaks) else {
        return;
    };
    let Ok(row) = u8::try_from(at) else {
        return;
    };
    (TABLE[at].read)(text, &mut Found { row, imports });
}
