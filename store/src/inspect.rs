//! Which files the tables consist of, and which of them are damaged.
//!
//! Damage is what a look at the files proves: one is missing, has another length than was written,
//! or another content. What a failed read says proves nothing: it may be about permissions, about
//! memory, about too many open files, or about a query that is wrong.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use futures::FutureExt;
use lance::index::DatasetIndexExt;
use lancedb::Table;

use crate::checksums::{Checksum, Checksums};
use crate::error::{Result, StoreError};
use crate::recovery;
use crate::store::{CHUNKS, Store, StoreFuture, on_thread};
use crate::vectors::table_name;

/// What a file of a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FilePart {
    /// The newest version: the list of all other files.
    Manifest,
    /// Rows of the fragment with this number.
    Rows(u64),
    /// Which rows of this fragment are deleted.
    Deletions(u64),
    /// A part of the index with this name.
    Index(String),
}

/// A file of the newest version of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableFile {
    pub table: String,
    pub part: FilePart,
    /// Path in the folder of the index, with `/`.
    pub path: String,
    /// Its length, if the table knows it.
    pub bytes: Option<u64>,
}

/// A file that is proven to be damaged.
#[derive(Clone, Debug)]
pub struct DamagedFile {
    pub(crate) file: TableFile,
    form: DamageForm,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DamageForm {
    Missing,
    Length {
        expected: Option<u64>,
        found: u64,
    },
    Content,
    /// An index that could not be read, and whose content was never noted.
    Unreadable,
}

impl DamagedFile {
    /// Whether only an index is damaged, which is built anew from the rows.
    pub fn is_index(&self) -> bool {
        matches!(self.file.part, FilePart::Index(_))
    }
}

impl fmt::Display for DamagedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.file.path;
        match self.form {
            DamageForm::Missing => write!(formatter, "`{path}` is missing"),
            DamageForm::Length {
                expected: Some(expected),
                found,
            } => write!(
                formatter,
                "`{path}` has {found} bytes instead of {expected}"
            ),
            DamageForm::Length { found, .. } => write!(formatter, "`{path}` has {found} bytes"),
            DamageForm::Content => write!(formatter, "`{path}` was changed after it was written"),
            DamageForm::Unreadable => write!(formatter, "`{path}` cannot be read"),
        }
    }
}

/// How closely files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// Whether each is there, with its length: no file is read.
    Lengths,
    /// Every byte of the files whose checksum is known; memory is bounded.
    Contents,
}

/// A part of the store that an index speeds up, and that a search can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchPart {
    /// Full text.
    Text,
    /// Look-ups by symbol, path and key.
    LookUps,
    /// Vectors.
    Vectors,
}

impl SearchPart {
    /// Every part.
    pub const ALL: [SearchPart; 3] = [SearchPart::Text, SearchPart::LookUps, SearchPart::Vectors];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            SearchPart::Text => "text",
            SearchPart::LookUps => "look-ups",
            SearchPart::Vectors => "vectors",
        }
    }

    /// Whether a file is of an index that this part reads.
    fn reads(self, file: &TableFile) -> bool {
        let FilePart::Index(name) = &file.part else {
            return false;
        };
        let is_text = name == crate::store::TERMS_INDEX;
        match self {
            SearchPart::Text => is_text,
            SearchPart::LookUps => file.table == CHUNKS && !is_text,
            SearchPart::Vectors => file.table != CHUNKS,
        }
    }
}

impl Store {
    /// Finds the files of the newest versions that are damaged.
    ///
    /// An index that one of the `suspected` parts could not read counts as damaged if there is no
    /// checksum to tell.
    ///
    /// # Errors
    /// If a file cannot be read although it is there: that is no damage.
    pub fn find_damage<'a>(
        &'a self,
        how: Inspection,
        suspected: &'a [SearchPart],
    ) -> StoreFuture<'a, Vec<DamagedFile>> {
        async move {
            let files = self.table_files().await?;
            let (folder, suspected) = (self.inner.folder.clone(), suspected.to_vec());
            let mut damaged = on_thread(move || inspect(&folder, files, how, &suspected)).await?;
            if damaged.is_empty() {
                return Ok(damaged);
            }
            // Another process may have removed an older version meanwhile.
            let files = self.table_files().await?;
            let present: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
            damaged.retain(|damaged| present.contains(damaged.file.path.as_str()));
            Ok(damaged)
        }
        .boxed()
    }

    /// Notes the checksums of files that are new, the smallest first, reading at most so many bytes.
    /// A writing method. Returns whether all are noted.
    pub fn record_checksums(&self, most_bytes: u64) -> StoreFuture<'_, bool> {
        async move {
            let files = self.table_files().await?;
            let folder = self.inner.folder.clone();
            on_thread(move || record(&folder, files, most_bytes)).await
        }
        .boxed()
    }

    /// Whether the checksums of all files are noted.
    pub(crate) async fn are_checksums_noted(&self) -> Result<bool> {
        let files = self.table_files().await?;
        let folder = self.inner.folder.clone();
        on_thread(move || {
            let known = Checksums::read(&folder)?;
            Ok(files.iter().all(|file| known.get(&file.path).is_some()))
        })
        .await
    }

    /// The files of the newest version of every table.
    async fn table_files(&self) -> Result<Vec<TableFile>> {
        let mut files = files_of(&self.inner.folder, CHUNKS, &self.inner.chunks).await?;
        for fingerprint in self.vector_fingerprints().await? {
            let name = table_name(&fingerprint)?;
            if let Some(table) = self.vectors_table(&name).await? {
                files.extend(files_of(&self.inner.folder, &name, &table).await?);
            }
        }
        Ok(files)
    }
}

async fn files_of(folder: &Path, name: &str, table: &Table) -> Result<Vec<TableFile>> {
    let Some(wrapper) = table.dataset() else {
        return Ok(Vec::new());
    };
    let dataset = wrapper.get().boxed().await?;
    let file = |part: FilePart, below: String, bytes: Option<u64>| TableFile {
        table: name.to_owned(),
        part,
        path: format!("{name}.lance/{below}"),
        bytes: bytes.filter(|bytes| *bytes > 0),
    };
    let mut files = Vec::new();
    let version = dataset.version().version;
    let manifests = recovery::manifests(&recovery::table_folder(folder, name))?;
    for (number, entry) in &manifests {
        if *number == version {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push(file(FilePart::Manifest, format!("_versions/{name}"), None));
        }
    }
    for fragment in dataset.fragments().iter() {
        for data in &fragment.files {
            let bytes: Option<u64> = data.file_size_bytes.get().map(Into::into);
            let below = format!("data/{}", data.path);
            files.push(file(FilePart::Rows(fragment.id), below, bytes));
        }
        if let Some(deletions) = &fragment.deletion_file {
            let suffix = deletions.file_type.suffix();
            let (read_version, id) = (deletions.read_version, deletions.id);
            let below = format!("_deletions/{}-{read_version}-{id}.{suffix}", fragment.id);
            files.push(file(FilePart::Deletions(fragment.id), below, None));
        }
    }
    let indices = dataset.load_indices().boxed().await;
    for index in indices.map_err(lancedb::Error::from)?.iter() {
        // The index of an empty table is a definition without files.
        for part in index.files.iter().flatten() {
            let below = format!("_indices/{}/{}", index.uuid, part.path);
            let what = FilePart::Index(index.name.clone());
            files.push(file(what, below, Some(part.size_bytes)));
        }
    }
    Ok(files)
}

fn inspect(
    folder: &Path,
    files: Vec<TableFile>,
    how: Inspection,
    suspected: &[SearchPart],
) -> Result<Vec<DamagedFile>> {
    let known = Checksums::read(folder)?;
    let mut damaged = Vec::new();
    for file in files {
        let checksum = known.get(&file.path);
        let is_suspected = suspected.iter().any(|part| part.reads(&file));
        let mut form = form_of(folder, &file, checksum, how)?;
        // LanceDB relies on what a table says of its data files, not on the files of an index.
        if checksum.is_none() && matches!(file.part, FilePart::Index(_)) {
            form = is_suspected.then(|| form.unwrap_or(DamageForm::Unreadable));
        }
        if let Some(form) = form {
            damaged.push(DamagedFile { file, form });
        }
    }
    Ok(damaged)
}

fn form_of(
    folder: &Path,
    file: &TableFile,
    checksum: Option<Checksum>,
    how: Inspection,
) -> Result<Option<DamageForm>> {
    let path = folder.join(&file.path);
    let unread = |error| StoreError::io("read", &path, error);
    let found = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(DamageForm::Missing));
        }
        Err(error) => return Err(unread(error)),
    };
    let expected = checksum.map(|known| known.bytes).or(file.bytes);
    if expected.map_or(found == 0, |expected| expected != found) {
        return Ok(Some(DamageForm::Length { expected, found }));
    }
    let Some(checksum) = checksum.filter(|_| how == Inspection::Contents) else {
        return Ok(None);
    };
    let is_same = Checksum::of(&path).map_err(unread)? == checksum;
    Ok((!is_same).then_some(DamageForm::Content))
}

fn record(folder: &Path, mut files: Vec<TableFile>, most_bytes: u64) -> Result<bool> {
    let before = Checksums::read(folder)?;
    let mut known = before.clone();
    let present: HashSet<String> = files.iter().map(|file| file.path.clone()).collect();
    known.retain(|path| present.contains(path));
    files.retain(|file| known.get(&file.path).is_none());
    files.sort_by_key(|file| file.bytes);
    let (mut left, mut is_all) = (most_bytes, true);
    for file in files {
        let path = folder.join(&file.path);
        let bytes = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::io("read", &path, error)),
        };
        // What is damaged already must not count as sound later.
        if file.bytes.map_or(bytes == 0, |expected| expected != bytes) {
            continue;
        }
        // One file may be larger than all that is to be read at a time.
        if bytes > left && left < most_bytes {
            is_all = false;
            continue;
        }
        left = left.saturating_sub(bytes);
        let checksum = Checksum::of(&path).map_err(|error| StoreError::io("read", &path, error))?;
        known.insert(file.path, checksum);
    }
    if known != before {
        known.write(folder)?;
    }
    Ok(is_all)
}
