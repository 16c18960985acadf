//! One file of all packs, for machines that reach no common store.
//!
//! `ollavec1`, then for each pack the folder of its model, its name, the number of its bytes in eight
//! bytes, and these; at the end `end.............` and the number of packs.

use std::collections::HashSet;
use std::path::{Path as FilePath, PathBuf};

use futures::{StreamExt, stream};
use object_store::path::Path;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};

use super::Inner;
use super::error::SharedError;
use super::pack::{MOST_BYTES, file_name, pack_of_file};
use super::report::{ExportReport, ImportReport};
use super::requests::ListedPack;
use super::upkeep::{LONGEST_LISTING, WholePack, check_whole, name_bad};

const MAGIC: &[u8; 8] = b"ollavec1";
const FOLDER_BYTES: usize = 16;
const NAME_BYTES: usize = 32;
const END: &[u8; FOLDER_BYTES] = b"end.............";
/// Packs that are read at once: 32 MB.
const PACKS_AT_ONCE: usize = 4;
/// How often packs are listed at most, if some are merged meanwhile.
const LISTINGS: usize = 4;

impl Inner {
    pub(super) async fn write_archive(&self, path: &FilePath) -> Result<ExportReport, SharedError> {
        if fs::try_exists(path).await.map_err(failed(path))? {
            return Err(unusable(path, "exists already; choose another name"));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let partial = PathBuf::from(partial);
        let written = self.write_packs(&partial).await;
        let report = match written {
            Ok(report) => report,
            Err(error) => {
                // What is left of it helps nobody.
                let _ = fs::remove_file(&partial).await;
                return Err(error);
            }
        };
        fs::rename(&partial, path).await.map_err(failed(path))?;
        Ok(report)
    }

    async fn write_packs(&self, path: &FilePath) -> Result<ExportReport, SharedError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(path).await.map_err(failed(path))?;
        let mut file = BufWriter::new(file);
        let mut report = ExportReport::default();
        file.write_all(MAGIC).await.map_err(failed(path))?;
        for folder in self.model_folders().await? {
            if !is_folder(folder.filename().unwrap_or_default().as_bytes()) {
                continue;
            }
            let mut seen = HashSet::new();
            for _ in 0..LISTINGS {
                let mut packs = self.requests.list(&folder, LONGEST_LISTING).await?;
                packs.retain(|pack| seen.insert(pack.name.clone()));
                let out = (&mut file, path);
                // What is gone was merged meanwhile into a pack that is listed only now.
                if self.write_model(&folder, &packs, out, &mut report).await? {
                    break;
                }
            }
        }
        file.write_all(END).await.map_err(failed(path))?;
        let count = report.packs.to_le_bytes();
        file.write_all(&count).await.map_err(failed(path))?;
        file.flush().await.map_err(failed(path))?;
        let file = file.into_inner();
        file.sync_all().await.map_err(failed(path))?;
        report.bytes = file.metadata().await.map_err(failed(path))?.len();
        Ok(report)
    }

    /// Writes some packs of a model; returns whether none of them was gone.
    async fn write_model(
        &self,
        folder: &Path,
        packs: &[ListedPack],
        (file, path): (&mut BufWriter<File>, &FilePath),
        report: &mut ExportReport,
    ) -> Result<bool, SharedError> {
        let model = folder.filename().unwrap_or_default().as_bytes();
        let reads: Vec<_> = packs.iter().map(|pack| self.whole(pack)).collect();
        let mut reads = stream::iter(reads).buffered(PACKS_AT_ONCE).enumerate();
        let mut is_whole = true;
        while let Some((number, read)) = reads.next().await {
            let name = &packs[number].name;
            match read? {
                WholePack::Sound { head, bytes } => {
                    let length = (bytes.len() as u64).to_le_bytes();
                    for part in [model, name.as_bytes(), &length, &bytes] {
                        file.write_all(part).await.map_err(failed(path))?;
                    }
                    report.packs += 1;
                    report.vectors += head.keys.len() as u64;
                }
                WholePack::Flawed { flaw, writer } => {
                    name_bad(&mut report.bad, name, writer, &flaw);
                }
                WholePack::Gone => is_whole = false,
            }
        }
        Ok(is_whole)
    }

    pub(super) async fn read_archive(&self, path: &FilePath) -> Result<ImportReport, SharedError> {
        self.must_write()?;
        let file = File::open(path).await.map_err(failed(path))?;
        let mut file = BufReader::new(file);
        let mut magic = [0; MAGIC.len()];
        let has_magic = file.read_exact(&mut magic).await.is_ok() && magic == *MAGIC;
        if !has_magic {
            return Err(unusable(path, "is not an export of a shared cache"));
        }
        let mut report = ImportReport::default();
        while let Some(entry) = read_entry(&mut file, path).await? {
            self.import_pack(entry, &mut report).await?;
        }
        Ok(report)
    }

    async fn import_pack(
        &self,
        entry: ArchiveEntry,
        report: &mut ImportReport,
    ) -> Result<(), SharedError> {
        let folder = self.models_folder().join(entry.folder);
        match check_whole(entry.bytes, &entry.name) {
            WholePack::Sound { head, bytes } => {
                let path = folder.join(file_name(&entry.name));
                if self.requests.put(&path, bytes.into()).await? {
                    report.added += 1;
                    report.vectors += head.keys.len() as u64;
                } else {
                    report.present += 1;
                }
            }
            WholePack::Flawed { flaw, writer } => {
                name_bad(&mut report.bad, &entry.name, writer, &flaw);
            }
            WholePack::Gone => {}
        }
        Ok(())
    }
}

struct ArchiveEntry {
    folder: String,
    name: String,
    bytes: Vec<u8>,
}

/// The next pack of an archive; `None` at its end.
async fn read_entry(
    file: &mut BufReader<File>,
    path: &FilePath,
) -> Result<Option<ArchiveEntry>, SharedError> {
    let cut = |_| unusable(path, "ends early; the packs before that were added");
    let damaged = || unusable(path, "is damaged; the packs before that were added");
    let mut folder = [0; FOLDER_BYTES];
    file.read_exact(&mut folder).await.map_err(cut)?;
    if folder == *END {
        file.read_u64_le().await.map_err(cut)?;
        return Ok(None);
    }
    let mut name = [0; NAME_BYTES];
    file.read_exact(&mut name).await.map_err(cut)?;
    let length = file.read_u64_le().await.map_err(cut)?;
    let name = std::str::from_utf8(&name)
        .map_err(|_| damaged())?
        .to_owned();
    let is_name = pack_of_file(&file_name(&name)).is_some();
    if !is_folder(&folder) || !is_name || length > MOST_BYTES as u64 {
        return Err(damaged());
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact(&mut bytes).await.map_err(cut)?;
    Ok(Some(ArchiveEntry {
        folder: String::from_utf8_lossy(&folder).into_owned(),
        name,
        bytes,
    }))
}

/// Whether a name is one of the folder of a model.
fn is_folder(name: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    name.len() == FOLDER_BYTES && name.iter().all(is_digit)
}

fn unusable(path: &FilePath, why: &str) -> SharedError {
    SharedError::File {
        path: path.to_owned(),
        why: why.to_owned(),
        source: None,
    }
}

fn failed(path: &FilePath) -> impl Fn(std::io::Error) -> SharedError {
    let path = path.to_owned();
    move |source| SharedError::File {
        path: path.clone(),
        why: "cannot be read or written".to_owned(),
        source: Some(source),
    }
}
