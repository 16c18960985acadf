//! Folders that indexing is measured on: read into memory, copied, and edited.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, ensure};
use ollacode_indexer::Index;
use ollacode_indexer::decode::decode;
use ollacode_indexer::language::{Language, language_of};
use ollacode_indexer::walk::{WalkLimits, skipped_by_content, walk};
use tempfile::TempDir;

use crate::support::sources::{Draw, write_aged};

/// The files of a folder that are indexed, in memory.
pub struct Corpus {
    /// That of its folder.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
    /// In the order of their paths.
    pub files: Vec<Source>,
}

/// A file.
pub struct Source {
    path: String,
    /// What is in it.
    pub text: String,
    /// Its language, if that has a grammar.
    pub language: Option<&'static Language>,
}

impl Corpus {
    /// Reads the files that an index of the folder would have.
    pub fn read(root: &Path) -> Result<Corpus, Error> {
        let root = fs::canonicalize(root).with_context(|| format!("no {}", root.display()))?;
        let mut files = Vec::new();
        for entry in walk(&root, &WalkLimits::default()).entries {
            let bytes = fs::read(root.join(&entry.path))?;
            let text = decode(&bytes).text.into_owned();
            if skipped_by_content(&entry.path, &text).is_none() {
                let language = language_of(&entry.path, &text);
                let path = entry.path;
                files.push(Source {
                    path,
                    text,
                    language,
                });
            }
        }
        ensure!(!files.is_empty(), "no files in {}", root.display());
        let name = root.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        Ok(Corpus { name, root, files })
    }

    /// Writes the files to where they may be changed.
    pub fn copy(&self) -> Result<Workspace, Error> {
        let workspace = Workspace::new()?;
        for source in &self.files {
            write_aged(&workspace.root().join(&source.path), &source.text)?;
        }
        Ok(workspace)
    }

    /// Their size, all together.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|source| source.text.len()).sum()
    }
}

/// A folder with files that may be changed, and with the indexes of them.
pub struct Workspace(TempDir);

impl Workspace {
    /// Makes an empty one.
    pub fn new() -> Result<Workspace, Error> {
        Ok(Workspace(tempfile::tempdir()?))
    }

    /// The folder of the files.
    pub fn root(&self) -> PathBuf {
        self.0.path().join("workspace")
    }

    /// The index of a name, opened anew as by another process.
    pub fn index(&self, name: &str) -> Index {
        Index::new(self.root(), self.0.path().join(name), WalkLimits::default())
    }
}

/// Puts comments into files, at places that look drawn.
pub struct Editor<'a> {
    root: PathBuf,
    files: Vec<(&'a Source, &'static str)>,
    draw: Draw,
}

impl<'a> Editor<'a> {
    /// Starts with the files that have comments.
    pub fn new(corpus: &'a Corpus, workspace: &Workspace) -> Result<Editor<'a>, Error> {
        let with_comments = |source: &'a Source| Some((source, comment_sign(source.language?)?));
        let files: Vec<_> = corpus.files.iter().filter_map(with_comments).collect();
        ensure!(!files.is_empty(), "no files of known languages");
        Ok(Editor {
            root: workspace.root(),
            files,
            draw: Draw::seeded(1),
        })
    }

    /// Saves a comment as a line of one file, and returns the file's path.
    pub fn edit(&mut self, comment: &str) -> Result<String, Error> {
        let (source, sign) = self.files[self.draw.below(self.files.len())];
        let path = self.root.join(&source.path);
        let text = fs::read_to_string(&path)?;
        let before = self.draw.below(text.lines().count() + 1);
        let at: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
        let (head, tail) = text.split_at(at);
        fs::write(&path, format!("{head}{sign} {comment}\n{tail}"))?;
        Ok(source.path.clone())
    }

    /// Draws a number below a limit.
    pub fn draw(&mut self, limit: usize) -> usize {
        self.draw.below(limit)
    }
}

/// What starts a comment up to the end of its line.
fn comment_sign(language: &Language) -> Option<&'static str> {
    match language.name {
        "bash" | "cmake" | "dockerfile" | "elixir" | "graphql" | "hcl" | "julia" | "make"
        | "nix" | "powershell" | "python" | "r" | "ruby" => Some("#"),
        "haskell" | "lua" | "sql" => Some("--"),
        "c" | "cpp" | "csharp" | "dart" | "go" | "java" | "javascript" | "kotlin" | "objc"
        | "protobuf" | "rust" | "scala" | "solidity" | "swift" | "tsx" | "typescript" | "zig" => {
            Some("//")
        }
        _ => None,
    }
}
