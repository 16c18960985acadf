//! Files that hold secrets, by their paths alone: the table of their names, and what becomes of
//! each class of them.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use table::{GROUPS, GROUPS_BUT_SAMPLES};

/// What becomes of a file that holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretClass {
    /// All of it is secret: it looks empty to commands, is not indexed, and is read only if the
    /// user allows that.
    Hidden,
    /// Builds read it, and most of it are settings: it is read as any file, and its secret values
    /// are taken out of whatever leaves.
    Masked,
}

/// One kind of files.
struct SecretPathGroup {
    class: SecretClass,
    /// What is in them.
    what: &'static str,
    /// Names in lower case, as `name`, `folder/name` or `folder/`; a name may hold one `*`.
    names: &'static str,
}

/// A row of the table.
struct SecretPathRow {
    /// The folder that the file must be in.
    folder: Option<&'static str>,
    is_but_samples: bool,
    class: SecretClass,
    what: &'static str,
}

/// The rows by what is looked up.
#[derive(Default)]
struct SecretPathTable {
    folders: HashMap<&'static str, SecretPathRow>,
    exact: HashMap<&'static str, Vec<SecretPathRow>>,
    /// Those with a `*`, each with what goes before and after it.
    wild: Vec<(&'static str, &'static str, SecretPathRow)>,
}

static TABLE: LazyLock<SecretPathTable> = LazyLock::new(|| {
    let mut table = SecretPathTable::default();
    let groups = GROUPS.iter().map(|group| (group, false));
    let but_samples = GROUPS_BUT_SAMPLES.iter().map(|group| (group, true));
    for (group, is_but_samples) in groups.chain(but_samples) {
        for text in group.names.split_ascii_whitespace() {
            let (folder, name) = match text.rsplit_once('/') {
                Some((folder, name)) => (Some(folder), name),
                None => (None, text),
            };
            let row = SecretPathRow {
                folder,
                is_but_samples,
                class: group.class,
                what: group.what,
            };
            match folder {
                Some(folder) if name.is_empty() => {
                    table.folders.insert(folder, row);
                }
                _ => match name.split_once('*') {
                    Some((start, end)) => table.wild.push((start, end, row)),
                    None => table.exact.entry(name).or_default().push(row),
                },
            }
        }
    }
    table
});

impl SecretPathRow {
    /// Whether it is about a file, the name of which fits.
    fn is_of(&self, folder: &str, file: &str) -> bool {
        self.folder.is_none_or(|of| of == folder) && !(self.is_but_samples && is_sample(file))
    }
}

/// Endings of data, as opposed to programs that handle credentials.
const DATA: &[&str] = &[
    "",
    "bak",
    "cfg",
    "conf",
    "csv",
    "db",
    "env",
    "ini",
    "json",
    "old",
    "properties",
    "toml",
    "txt",
    "xml",
    "yaml",
    "yml",
];

/// Parts of the name of a file that only shows what the real one looks like.
const SAMPLES: &[&str] = &[
    "default", "defaults", "dist", "example", "sample", "template", "tpl",
];

/// Endings that a file called after an SSH key may have without being one.
const NOT_A_KEY: &[&str] = &[
    "c", "cpp", "go", "h", "java", "js", "md", "py", "pub", "rb", "rs", "ts",
];

/// Says why a file must not be read unasked, if its relative path gives it away.
pub fn secret_path(path: &str) -> Option<&'static str> {
    let (class, what) = secret_class(path)?;
    (class == SecretClass::Hidden).then_some(what)
}

/// Says which values of a file are taken out of whatever leaves, though it may be read unasked.
pub fn masked_path(path: &str) -> Option<&'static str> {
    let (class, what) = secret_class(path)?;
    (class == SecretClass::Masked).then_some(what)
}

/// Judges a file by its relative path: what becomes of it, and what is in it.
pub fn secret_class(path: &str) -> Option<(SecretClass, &'static str)> {
    let path = path.to_lowercase();
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
    let parent = folders.rsplit('/').next().unwrap_or_default();
    let of_folder = folders
        .split('/')
        .find_map(|folder| TABLE.folders.get(folder));
    let exact = || {
        let mut rows = TABLE.exact.get(file).into_iter().flatten();
        rows.find(|row| row.is_of(parent, file))
    };
    let wild = || {
        let fits = |start: &str, end: &str| {
            let rest = file.strip_prefix(start);
            rest.is_some_and(|rest| rest.ends_with(end))
        };
        let rows = TABLE.wild.iter();
        let mut rows = rows.filter(|(start, end, _)| fits(start, end));
        rows.find(|(_, _, row)| row.is_of(parent, file))
            .map(|(_, _, row)| row)
    };
    of_folder
        .or_else(exact)
        .map(|row| (row.class, row.what))
        .or_else(|| by_stem(file).map(|what| (SecretClass::Hidden, what)))
        .or_else(|| wild().map(|row| (row.class, row.what)))
}

/// Whether a file only shows what the real one looks like.
fn is_sample(file: &str) -> bool {
    // `.env.example.local` is somebody's own again.
    let parts = || file.split(['.', '-', '_']);
    parts().any(|part| SAMPLES.contains(&part)) && parts().next_back() != Some("local")
}

/// Judges names that have many forms.
fn by_stem(file: &str) -> Option<&'static str> {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    if let Some(rest) = file.strip_prefix(".env") {
        let is_environment = rest.is_empty() || rest.starts_with(['.', '-', '_', '~']);
        return (is_environment && !is_sample(rest)).then_some("environment variables");
    }
    let is_key = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"]
        .iter()
        .any(|name| {
            let rest = file.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        });
    if is_key {
        return (!NOT_A_KEY.contains(&extension)).then_some("SSH private key");
    }
    let is_dotted = file.starts_with('.');
    let stem = file.trim_start_matches('.').split('.').next();
    let stem = stem.unwrap_or_default();
    let is_data = DATA.contains(&extension) || (is_dotted && extension == stem);
    let is_sample = file.split('.').any(|part| SAMPLES.contains(&part));
    // `credentials-prod.json`, `aws_credentials.yml`, `my-secrets.yaml`, `.secrets`.
    let holds = |word: &str| stem.starts_with(word) || stem.ends_with(word);
    if is_data && !is_sample && (holds("credentials") || holds("secrets")) {
        let is_whole = stem == "credentials" || is_dotted || !extension.is_empty();
        return is_whole.then_some("credentials");
    }
    let is_account = [
        "service-account",
        "service_account",
        "serviceaccount",
        "client_secret",
    ]
    .iter()
    .any(|name| file.starts_with(name));
    let is_account = is_account || file.contains("firebase-adminsdk");
    (is_account && extension == "json").then_some("Google Cloud credentials")
}
