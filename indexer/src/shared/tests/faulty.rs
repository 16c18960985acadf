//! A store that fails as stores do.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures::future::{BoxFuture, pending, ready};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, stream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};
use parking_lot::Mutex;
use tokio::time::sleep;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// 503.
    Busy,
    /// 403.
    Denied,
    /// 403 to who writes.
    WritesDenied,
    Clock,
    NoBucket,
    /// No request is answered.
    Hangs,
    /// Listings are answered, and nothing else.
    ReadsHang,
    /// Reads begin, and never end.
    ReadsStall,
    /// Each read takes a tenth of a second.
    SlowReads,
    /// A listing has no end.
    EndlessListing,
    /// A listing has no end, and each of its entries takes a tenth of a second.
    SlowListing,
    /// Whatever a request for a new file says, an old one is overwritten.
    IgnoresConditions,
    /// A request for a new file is not understood.
    NoConditions,
}

const TENTH: Duration = Duration::from_millis(100);

/// A file that is no pack.
fn other_file(number: usize) -> Result<ObjectMeta> {
    Ok(ObjectMeta {
        location: Path::from(format!("team/v1/model/{number}.txt")),
        last_modified: SystemTime::UNIX_EPOCH.into(),
        size: 1,
        e_tag: None,
        version: None,
    })
}

/// A file, and the answer to who reads it.
type Refused = (Path, fn() -> Error);

/// A store in memory with a fault.
#[derive(Debug)]
pub struct FaultyStore {
    inner: InMemory,
    fault: Mutex<Fault>,
    /// A file that is listed and cannot be read.
    refused: Mutex<Option<Refused>>,
    /// A file that is written after the first listing.
    late: Mutex<Option<Path>>,
    pub puts: AtomicUsize,
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FaultyStore")
    }
}

impl FaultyStore {
    pub fn new(fault: Fault) -> Arc<FaultyStore> {
        Arc::new(FaultyStore {
            inner: InMemory::new(),
            fault: Mutex::new(fault),
            refused: Mutex::default(),
            late: Mutex::default(),
            puts: AtomicUsize::new(0),
        })
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock() = fault;
    }

    /// From now on a file cannot be read.
    pub fn refuse(&self, file: &Path, answer: fn() -> Error) {
        *self.refused.lock() = Some((file.clone(), answer));
    }

    /// Leaves a file out of the next listing.
    pub fn hide_once(&self, file: &Path) {
        *self.late.lock() = Some(file.clone());
    }

    /// Fails to read the file that is refused.
    fn refusal(&self, file: &Path) -> Result<()> {
        match &*self.refused.lock() {
            Some((refused, answer)) if refused == file => Err(answer()),
            _ => Ok(()),
        }
    }

    /// Fails, hangs, or lets a request through.
    async fn meet(&self, is_listing: bool) -> Result<()> {
        let fault = *self.fault.lock();
        match fault {
            Fault::Busy => Err(Error::Generic {
                store: "S3",
                source: "503 Service Unavailable: SlowDown".into(),
            }),
            Fault::Denied => Err(Error::PermissionDenied {
                path: "packs".to_owned(),
                source: "403 Forbidden: AccessDenied".into(),
            }),
            Fault::Clock => Err(Error::PermissionDenied {
                path: "packs".to_owned(),
                source: "403 Forbidden: <Code>RequestTimeTooSkewed</Code>".into(),
            }),
            Fault::NoBucket => Err(Error::NotFound {
                path: "packs".to_owned(),
                source: "404 Not Found: <Code>NoSuchBucket</Code>".into(),
            }),
            Fault::Hangs => pending().await,
            Fault::ReadsHang if !is_listing => pending().await,
            Fault::SlowReads if !is_listing => {
                sleep(TENTH).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn write(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        self.meet(false).await?;
        self.puts.fetch_add(1, Ordering::SeqCst);
        let fault = *self.fault.lock();
        if fault == Fault::WritesDenied {
            return Err(Error::PermissionDenied {
                path: "a pack".to_owned(),
                source: "403 Forbidden: AccessDenied".into(),
            });
        }
        if options.mode == PutMode::Create {
            match fault {
                Fault::IgnoresConditions => options.mode = PutMode::Overwrite,
                Fault::NoConditions => {
                    return Err(Error::NotImplemented {
                        operation: "put_opts".to_owned(),
                        implementer: "FaultyStore".to_owned(),
                    });
                }
                _ => {}
            }
        }
        self.inner.put_opts(location, payload, options).await
    }
}

// What `async_trait` makes of the methods, without its macro.
impl ObjectStore for FaultyStore {
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
        self.write(location, payload, options).boxed()
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
        async move {
            self.meet(false).await?;
            self.refusal(location)?;
            let mut answer = self.inner.get_opts(location, options).await?;
            if *self.fault.lock() == Fault::ReadsStall {
                let first: Result<_> = Ok("some".into());
                let first = stream::iter([first]);
                answer.payload = GetResultPayload::Stream(first.chain(stream::pending()).boxed());
            }
            Ok(answer)
        }
        .boxed()
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let fault = *self.fault.lock();
        match fault {
            Fault::Hangs => return stream::pending().boxed(),
            Fault::EndlessListing => return stream::iter((0..).map(other_file)).boxed(),
            Fault::SlowListing => {
                let slowly = |found: Result<ObjectMeta>| async move {
                    sleep(TENTH).await;
                    found
                };
                return stream::iter((0..).map(other_file)).then(slowly).boxed();
            }
            _ => {}
        }
        // Whatever else is wrong is said at once.
        match self.meet(true).now_or_never() {
            Some(Err(error)) => stream::iter([Err(error)]).boxed(),
            _ => {
                let late = self.late.lock().take();
                let is_there = move |found: &Result<ObjectMeta>| {
                    let location = found.as_ref().ok().map(|found| &found.location);
                    ready(location.is_none() || location != late.as_ref())
                };
                self.inner.list(prefix).filter(is_there).boxed()
            }
        }
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
        async move {
            self.meet(true).await?;
            self.inner.list_with_delimiter(prefix).await
        }
        .boxed()
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
