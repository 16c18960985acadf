//! A folder that several people write to.
//!
//! This program makes its files private. Those of a team have the rights of the folder that they are in,
//! from the moment at which others see them.

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use rustix::fs::{Mode, OFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Read and write for all, without execution.
const FILE_RIGHTS: u32 = 0o666;
/// All rights of a folder, with those that its entries inherit.
const FOLDER_RIGHTS: u32 = 0o7777;

/// Threads that may wait for the disk: more than the reads that are under way at once, and far fewer than
/// there are for all files. On a disk of a network that is gone, they wait until it is back.
const MOST_THREADS: usize = 64;

/// The folder. It exists when it is opened, and is never created.
#[derive(Debug)]
pub(super) struct TeamFolder {
    inner: LocalFileSystem,
    root: PathBuf,
    threads: Arc<Semaphore>,
}

impl TeamFolder {
    pub fn open(path: &FilePath) -> Result<TeamFolder> {
        let inner = LocalFileSystem::new_with_prefix(path)?;
        // As the inner one does it.
        let root = fs::canonicalize(path).map_err(|error| failure(&Path::default(), error))?;
        let threads = Arc::new(Semaphore::new(MOST_THREADS));
        Ok(TeamFolder {
            inner,
            root,
            threads,
        })
    }
}

/// One of the threads, for as long as it is needed: longer than for whoever gave up waiting.
async fn thread_of(threads: Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    let permit = threads.acquire_owned().await;
    permit.map_err(|error| failure(&Path::default(), io::Error::other(error)))
}

impl fmt::Display for TeamFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.root.display())
    }
}

// The signatures are as `async_trait` writes them, a macro that is not a dependency of ours.
impl ObjectStore for TeamFolder {
    fn put_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> BoxFuture<'async_trait, Result<PutResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let file = self.inner.path_to_filesystem(location)?;
            let root = self.root.clone();
            let is_new = match options.mode {
                PutMode::Create => true,
                PutMode::Overwrite => false,
                PutMode::Update(_) => return self.inner.put_opts(location, payload, options).await,
            };
            let thread = thread_of(Arc::clone(&self.threads)).await?;
            let published = tokio::task::spawn_blocking(move || {
                let published = publish(&root, &file, &payload, is_new);
                drop(thread);
                published
            });
            match published.await? {
                Ok(()) => Ok(PutResult {
                    e_tag: None,
                    version: None,
                    extensions: Default::default(),
                }),
                Err(error) => Err(failure(location, error)),
            }
        })
    }

    fn put_multipart_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        options: PutMultipartOptions,
    ) -> BoxFuture<'async_trait, Result<Box<dyn MultipartUpload>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.put_multipart_opts(location, options)
    }

    fn get_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        options: GetOptions,
    ) -> BoxFuture<'async_trait, Result<GetResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let thread = thread_of(Arc::clone(&self.threads)).await?;
            let (inner, location) = (self.inner.clone(), location.clone());
            let got = tokio::spawn(async move {
                let got = inner.get_opts(&location, options).await;
                drop(thread);
                got
            });
            got.await?
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.inner.list(prefix);
        let (root, threads) = (self.root.clone(), Arc::clone(&self.threads));
        let prefix = prefix.cloned().unwrap_or_default();
        let folder = match prefix.as_ref() {
            "" => Ok(root.clone()),
            _ => self.inner.path_to_filesystem(&prefix),
        };
        let checked = async move {
            let (folder, thread) = (folder?, thread_of(threads).await?);
            let checked = tokio::task::spawn_blocking(move || {
                let checked = refuse_links(&root, &folder);
                drop(thread);
                checked
            });
            checked.await?.map_err(|error| failure(&prefix, error))?;
            Ok::<_, Error>(listed)
        };
        stream::once(checked).try_flatten().boxed()
    }

    fn list_with_delimiter<'life0, 'life1, 'async_trait>(
        &'life0 self,
        prefix: Option<&'life1 Path>,
    ) -> BoxFuture<'async_trait, Result<ListResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        from: &'life1 Path,
        to: &'life2 Path,
        options: CopyOptions,
    ) -> BoxFuture<'async_trait, Result<()>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.copy_opts(from, to, options)
    }
}

fn failure(location: &Path, error: io::Error) -> Error {
    let (path, kind) = (location.to_string(), error.kind());
    let source = Box::new(error);
    match kind {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::PermissionDenied { path, source }
        }
        // The writer then overwrites what it would not have replaced.
        io::ErrorKind::Unsupported => Error::NotSupported { source },
        _ => Error::Generic {
            store: "folder",
            source,
        },
    }
}

/// Writes a file beside its place, and then gives it its name, so that nobody sees half of it.
fn publish(root: &FilePath, file: &FilePath, payload: &PutPayload, is_new: bool) -> io::Result<()> {
    let rights = fs::metadata(root)?.permissions().mode();
    let folder = file.parent().unwrap_or(root);
    make_folders(root, folder, rights & FOLDER_RIGHTS)?;
    let staged = staged(file)?;
    let written = write(&staged, payload, rights & FILE_RIGHTS);
    let published = written.and_then(|()| match is_new {
        // Unlike a rename, this fails if there is a file.
        true => fs::hard_link(&staged, file).map_err(without_links),
        false => fs::rename(&staged, file),
    });
    // After a rename it is not there any more.
    let _ = fs::remove_file(&staged);
    published
}

/// What a link that cannot be made means where a file was just written: there are no links.
fn without_links(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::StorageFull => error,
        _ => io::Error::new(io::ErrorKind::Unsupported, error),
    }
}

/// A name beside a file that listings leave out: they take a `#` with digits for an unfinished file.
fn staged(file: &FilePath) -> io::Result<PathBuf> {
    let mut number = [0; 8];
    getrandom::fill(&mut number).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = file.as_os_str().to_owned();
    name.push(format!("#{}", u64::from_le_bytes(number)));
    Ok(PathBuf::from(name))
}

fn write(file: &FilePath, payload: &PutPayload, rights: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut open = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    for bytes in payload {
        open.write_all(bytes)?;
    }
    give(&open, FILE_RIGHTS, rights)?;
    open.sync_all()
}

/// Gives a file or folder the rights among `all`, unless it has them: some disks know no others.
fn give(open: &File, all: u32, rights: u32) -> io::Result<()> {
    let found = open.metadata()?.permissions().mode();
    if found & all == rights {
        return Ok(());
    }
    open.set_permissions(Permissions::from_mode(rights))
}

/// Makes what is missing of a folder below the root, with the rights of the root.
fn make_folders(root: &FilePath, folder: &FilePath, rights: u32) -> io::Result<()> {
    let below = folder
        .ancestors()
        .take_while(|above| *above != root && above.starts_with(root));
    let below: Vec<&FilePath> = below.collect();
    for folder in below.into_iter().rev() {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // Whoever made it, also if it was killed before it got here. Another user's is not ours to change,
        // and whether it can be written to shows next.
        let _ = give(&open_without_links(folder)?, FOLDER_RIGHTS, rights);
    }
    Ok(())
}

/// Fails if there is a link in a folder, or on the way to it: a listing would leave with it, as far as it
/// leads. A folder that is missing has none.
fn refuse_links(root: &FilePath, folder: &FilePath) -> io::Result<()> {
    let refuse = |path: &FilePath| {
        let words = format!(
            "{} is a link, which a shared cache must not have",
            path.display()
        );
        Err(io::Error::other(words))
    };
    let way = folder.ancestors().take_while(|above| *above != root);
    for folder in way {
        if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) {
            return refuse(folder);
        }
    }
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let kind = match entry.file_type() {
                // Removed since: some disks have to be asked again.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                kind => kind?,
            };
            if kind.is_symlink() {
                return refuse(&entry.path());
            }
            if kind.is_dir() {
                pending.push(entry.path());
            }
        }
    }
    Ok(())
}

/// A link that another member put there would lead to a folder of ours, and give its rights away.
fn open_without_links(folder: &FilePath) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty());
    opened.map(File::from).map_err(|error| {
        let error = io::Error::from(error);
        let path = folder.display();
        let words =
            format!("{path} cannot be opened as a folder, which must not be a link: {error}");
        io::Error::new(error.kind(), words)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use object_store::ObjectStoreExt;

    use super::*;

    fn mode(path: &FilePath) -> u32 {
        let found = fs::metadata(path).expect("it is there");
        found.permissions().mode() & FOLDER_RIGHTS
    }

    #[tokio::test]
    async fn files_have_the_rights_of_the_folder_and_are_never_replaced_unasked() {
        for (rights, of_files) in [(0o2775, 0o664), (0o755, 0o644), (0o700, 0o600)] {
            let folder = tempfile::tempdir().expect("a folder");
            let set = fs::set_permissions(folder.path(), Permissions::from_mode(rights));
            set.expect("rights");
            let store = TeamFolder::open(folder.path()).expect("a store");
            let name = Path::from("model/a.pack");
            let create = || PutOptions::from(PutMode::Create);
            let one = store.put_opts(&name, "one".into(), create()).await;
            one.expect("it is written");
            let two = store.put_opts(&name, "two".into(), create()).await;
            assert!(matches!(two, Err(Error::AlreadyExists { .. })), "{two:?}");
            let got = store.get(&name).await.expect("it is there");
            assert_eq!(got.bytes().await.expect("bytes").as_ref(), b"one");
            store
                .put(&name, "three".into())
                .await
                .expect("it is replaced");
            assert_eq!(mode(&folder.path().join("model/a.pack")), of_files);
            assert_eq!(mode(&folder.path().join("model")), rights);
            let entries = fs::read_dir(folder.path().join("model")).expect("a folder");
            let names: BTreeSet<_> = entries
                .map(|entry| entry.expect("one").file_name())
                .collect();
            assert_eq!(names, BTreeSet::from(["a.pack".into()]), "nothing is left");
        }
    }

    #[tokio::test]
    async fn rights_are_not_given_through_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let private = tempfile::tempdir().expect("a folder");
        for (path, rights) in [(folder.path(), 0o2775), (private.path(), 0o700)] {
            fs::set_permissions(path, Permissions::from_mode(rights)).expect("rights");
        }
        let link = folder.path().join("model");
        std::os::unix::fs::symlink(private.path(), link).expect("a link");
        let store = TeamFolder::open(folder.path()).expect("a store");
        let put = store.put(&Path::from("model/a.pack"), "one".into()).await;
        let error = put.expect_err("it is a link");
        assert!(error.to_string().contains("must not be a link"), "{error}");
        assert_eq!(mode(private.path()), 0o700);
        assert_eq!(fs::read_dir(private.path()).expect("a folder").count(), 0);
    }

    #[tokio::test]
    async fn a_listing_does_not_leave_through_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        fs::write(other.path().join("private.pack"), "private").expect("a file");
        let store = TeamFolder::open(folder.path()).expect("a store");
        let list = |asked: &str| {
            let listed = store.list(Some(&Path::from(asked)));
            listed.try_collect::<Vec<ObjectMeta>>()
        };
        let listed = list("model").await.expect("a missing one is empty");
        assert!(listed.is_empty(), "{listed:?}");
        let put = store.put(&Path::from("model/a.pack"), "one".into()).await;
        put.expect("it is written");
        let listed = list("model").await.expect("one file");
        assert_eq!(listed.len(), 1, "{listed:?}");
        for (link, asked) in [("model/out", "model"), ("elsewhere", "elsewhere")] {
            let link = folder.path().join(link);
            std::os::unix::fs::symlink(other.path(), &link).expect("a link");
            let error = list(asked).await.expect_err(asked);
            assert!(error.to_string().contains("is a link"), "{error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn threads_that_wait_for_a_disk_do_not_add_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(TeamFolder::open(folder.path()).expect("a store"));
        // To open it lasts until there is a writer.
        let pipe = folder.path().join("a.pack");
        let (kind, mode) = (rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR);
        let made = rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0);
        made.expect("a pipe");
        let reads: Vec<_> = (0..=MOST_THREADS)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.get(&Path::from("a.pack")).await.is_ok() })
            })
            .collect();
        while store.threads.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        for read in reads {
            read.abort();
            assert!(read.await.is_err(), "it was given up");
        }
        let left = store.threads.available_permits();
        let mut both = OpenOptions::new();
        let both = both.read(true).write(true).open(&pipe).expect("it opens");
        while store.threads.available_permits() < MOST_THREADS {
            tokio::task::yield_now().await;
        }
        drop(both);
        assert_eq!(left, 0, "threads whose readers had given up");
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("gone");
        assert!(TeamFolder::open(&gone).is_err());
        assert!(!gone.exists());
    }
}
