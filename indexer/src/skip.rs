//! What speaks against indexing a file: its name or its content.

use serde::Serialize;

use crate::parts::is_notebook;
use ollacode_secrets::secret_path;

/// Why a file is not indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Holds a zero byte, or its name says that it is not text.
    Binary,
    /// Over the size limit.
    TooLarge,
    /// Squeezed onto a few long lines for machines.
    Minified,
    /// Says of itself that a program wrote it.
    Generated,
    /// Pinned versions.
    LockFile,
    /// Its name says that it holds secrets.
    Secret,
    /// Permission denied.
    Unreadable,
    /// Gone between listing and reading.
    Vanished,
    /// The name is not valid UTF-8.
    OddName,
    /// A link, FIFO, socket or device.
    NotAFile,
    /// Beyond the depth or number of files that are indexed.
    OverLimit,
}

impl Skip {
    /// Every reason.
    pub const ALL: [Skip; 11] = [
        Skip::Binary,
        Skip::TooLarge,
        Skip::Minified,
        Skip::Generated,
        Skip::LockFile,
        Skip::Secret,
        Skip::Unreadable,
        Skip::Vanished,
        Skip::OddName,
        Skip::NotAFile,
        Skip::OverLimit,
    ];

    /// The reason that was recorded in words.
    pub(crate) fn of_words(words: &str) -> Option<Skip> {
        Skip::ALL.into_iter().find(|skip| skip.words() == words)
    }

    /// What follows "3 files".
    pub(crate) fn of_files(self) -> &'static str {
        match self {
            Skip::Binary => "with binary content",
            Skip::Minified => "of minified code",
            Skip::Generated => "that say that they are generated",
            Skip::LockFile => "of pinned versions",
            Skip::Unreadable => "that cannot be read",
            Skip::Vanished => "that vanished while they were read",
            Skip::NotAFile => "that are links or special files",
            Skip::TooLarge | Skip::Secret | Skip::OddName | Skip::OverLimit => self.words(),
        }
    }

    /// In words, for a summary.
    pub fn words(self) -> &'static str {
        match self {
            Skip::Binary => "binary",
            Skip::TooLarge => "over the size limit",
            Skip::Minified => "minified",
            Skip::Generated => "generated",
            Skip::LockFile => "pinned versions",
            Skip::Secret => "named like secrets",
            Skip::Unreadable => "permission denied",
            Skip::Vanished => "vanished while reading",
            Skip::OddName => "not named in UTF-8",
            Skip::NotAFile => "links or special files",
            Skip::OverLimit => "beyond the depth or file limit",
        }
    }
}

/// What a name alone says against a file.
pub fn skipped_by_name(path: &str) -> Option<Skip> {
    if secret_path(path).is_some() {
        return Some(Skip::Secret);
    }
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if LOCK_FILES.contains(&name.as_str()) {
        return Some(Skip::LockFile);
    }
    if name.contains(".min.") || name.ends_with(".map") || name.ends_with("-min.js") {
        return Some(Skip::Minified);
    }
    if name.ends_with(".snap.new") {
        return Some(Skip::Generated);
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    BINARY_EXTENSIONS
        .contains(&extension)
        .then_some(Skip::Binary)
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
pub fn skipped_by_content(path: &str, text: &str) -> Option<Skip> {
    // In all of it: an archive may begin with a long text.
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Some(Skip::Binary);
    }
    if !is_notebook(path) && is_minified(text) {
        return Some(Skip::Minified);
    }
    is_generated(text).then_some(Skip::Generated)
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
    marker(concat!("@gener", "ated")) || (marker("Code generated") && marker("DO NOT EDIT"))
}
