//! Reasons to skip a file, found in its name or its content.

use serde::Serialize;

use crate::parts::is_notebook;
use ollacode_secrets::secret_path;

/// The reason why a file is not indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Holds a zero byte, or its name says that it is not text.
    Binary,
    /// Over the size limit.
    TooLarge,
    /// Minified: a few very long lines.
    Minified,
    /// Its beginning says that it is generated.
    Generated,
    /// A lock file of a package manager.
    LockFile,
    /// Its name says that it holds secrets.
    Secret,
    /// It cannot be read: permission denied.
    Unreadable,
    /// It disappeared between listing and reading.
    Vanished,
    /// The name is not valid UTF-8.
    OddName,
    /// A symbolic link, FIFO, socket or device.
    NotAFile,
    /// Beyond the limit on the depth of folders or the number of files.
    OverLimit,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [SkipReason; 11] = [
        SkipReason::Binary,
        SkipReason::TooLarge,
        SkipReason::Minified,
        SkipReason::Generated,
        SkipReason::LockFile,
        SkipReason::Secret,
        SkipReason::Unreadable,
        SkipReason::Vanished,
        SkipReason::OddName,
        SkipReason::NotAFile,
        SkipReason::OverLimit,
    ];

    /// The reason whose [`SkipReason::words`] were recorded.
    pub(crate) fn from_description(words: &str) -> Option<SkipReason> {
        SkipReason::ALL
            .into_iter()
            .find(|skip| skip.words() == words)
    }

    /// A phrase that follows "3 files".
    pub(crate) fn of_files(self) -> &'static str {
        match self {
            SkipReason::Binary => "with binary content",
            SkipReason::Minified => "with minified code",
            SkipReason::Generated => "that are marked as generated",
            SkipReason::LockFile => "that are lock files",
            SkipReason::Unreadable => "that cannot be read",
            SkipReason::Vanished => "that disappeared while they were read",
            SkipReason::NotAFile => "that are links or special files",
            SkipReason::TooLarge
            | SkipReason::Secret
            | SkipReason::OddName
            | SkipReason::OverLimit => self.words(),
        }
    }

    /// A phrase that follows a number in a summary: "3 lock files". It is recorded in the catalog.
    pub fn words(self) -> &'static str {
        match self {
            SkipReason::Binary => "binary",
            SkipReason::TooLarge => "over the size limit",
            SkipReason::Minified => "minified",
            SkipReason::Generated => "generated",
            SkipReason::LockFile => "lock files",
            SkipReason::Secret => "named like secrets",
            SkipReason::Unreadable => "permission denied",
            SkipReason::Vanished => "disappeared while being read",
            SkipReason::OddName => "with names that are not UTF-8",
            SkipReason::NotAFile => "links or special files",
            SkipReason::OverLimit => "beyond the depth or file limit",
        }
    }
}

/// The reason to skip a file that its path alone gives, if there is one.
pub fn skipped_by_name(path: &str) -> Option<SkipReason> {
    if secret_path(path).is_some() {
        return Some(SkipReason::Secret);
    }
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if LOCK_FILES.contains(&name.as_str()) {
        return Some(SkipReason::LockFile);
    }
    if name.contains(".min.") || name.ends_with(".map") || name.ends_with("-min.js") {
        return Some(SkipReason::Minified);
    }
    if name.ends_with(".snap.new") {
        return Some(SkipReason::Generated);
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    BINARY_EXTENSIONS
        .contains(&extension)
        .then_some(SkipReason::Binary)
}

const LOCK_FILES: &[&str] = &[
    "cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pipfile.lock",
    "gemfile.lock",
    "composer.lock",
    "go.sum",
    "go.work.sum",
    "flake.lock",
    "mix.lock",
    "pubspec.lock",
    "podfile.lock",
    "package.resolved",
    "packages.lock.json",
    "gradle.lockfile",
    "conan.lock",
    "module.bazel.lock",
];

const BINARY_EXTENSIONS: &[&str] = &[
    "png",
    "jpg",
    "jpeg",
    "gif",
    "bmp",
    "ico",
    "icns",
    "webp",
    "avif",
    "tif",
    "tiff",
    "svg",
    "psd",
    "mp3",
    "mp4",
    "m4a",
    "wav",
    "ogg",
    "flac",
    "avi",
    "mov",
    "mkv",
    "webm",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "pdf",
    "zip",
    "gz",
    "tgz",
    "bz2",
    "xz",
    "zst",
    "7z",
    "rar",
    "tar",
    "jar",
    "war",
    "class",
    "pyc",
    "pyo",
    "so",
    "o",
    "a",
    "dll",
    "dylib",
    "exe",
    "bin",
    "dat",
    "wasm",
    "rlib",
    "db",
    "sqlite",
    "sqlite3",
    "parquet",
    "arrow",
    "npy",
    "npz",
    "pkl",
    "onnx",
    "gguf",
    "safetensors",
    "pt",
    "pth",
    "h5",
    "xls",
    "xlsx",
    "doc",
    "docx",
    "ppt",
    "pptx",
];

/// What the content says against a file: `text` is all of it, decoded.
pub fn skipped_by_content(path: &str, text: &str) -> Option<SkipReason> {
    // In all of it: an archive may begin with a long text.
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Some(SkipReason::Binary);
    }
    if !is_notebook(path) && is_minified(text) {
        return Some(SkipReason::Minified);
    }
    is_generated(text).then_some(SkipReason::Generated)
}

/// Whether a program squeezed code onto long lines: nearly all of the text is on them, dense with
/// brackets and semicolons. Prose and data have long lines, too, and are kept.
fn is_minified(text: &str) -> bool {
    const LONG: usize = 2_000;
    const SMALLEST: usize = 5_000;
    if text.len() < SMALLEST {
        return false;
    }
    let long: Vec<&str> = text.lines().filter(|line| line.len() > LONG).collect();
    let count = |signs: &[u8]| {
        let bytes = long.iter().flat_map(|line| line.bytes());
        bytes.filter(|byte| signs.contains(byte)).count()
    };
    let length: usize = long.iter().map(|line| line.len()).sum();
    length * 10 > text.len() * 9
        && count(b"(){};=") * 20 > length
        && count(b"();") * 33 > length
        && count(b" ") < count(b"(){};=")
}

/// The markers that generators and code review tools agree on, in the first lines.
fn is_generated(text: &str) -> bool {
    let head = &text.as_bytes()[..text.len().min(8192)];
    let end = memchr::memchr_iter(b'\n', head)
        .nth(9)
        .unwrap_or(head.len().min(2048));
    let head = &head[..end];
    let marker = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    // Spelt in two parts, so that this file is not taken for a generated one.
    marker(concat!("@gener", "ated"))
        || (marker("Code generated") && marker("DO NOT EDIT"))
        || marker("GENERATED CODE - DO NOT MODIFY")
}
