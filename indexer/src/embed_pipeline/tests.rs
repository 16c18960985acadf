//! The last stage by itself.

use futures::future::BoxFuture;

use super::*;
use crate::embed::{Embedded, EmbeddingModel};
use crate::refresh::tests::{Workspace, quiet, refresh, rows_in};

/// A model that is never asked.
struct Unasked(EmbeddingModel);

impl Embedder for Unasked {
    fn model(&self) -> &EmbeddingModel {
        &self.0
    }

    fn wrap(&self, text: &str, _: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, _: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        async { Err(EmbedError::Unavailable("not here".to_owned())) }.boxed()
    }
}

#[test]
fn progress_counts_every_text_wherever_its_vectors_come_from() {
    let report = EmbedReport {
        embedded: 1,
        from_cache: 2,
        from_shared: 4,
        failed: 8,
    };
    assert_eq!(report.done(), 15);
}

/// A chat may stream for an hour, in which the model answers nothing.
#[tokio::test(flavor = "multi_thread")]
async fn vectors_are_committed_whether_others_follow_or_not() {
    let workspace = Workspace::with_files(1);
    let index = workspace.index();
    refresh(&index).await;
    let rows = rows_in(&workspace.index_folder()).await;
    let (_, key) = rows.first().expect("a row").clone();
    let embedder = Unasked(EmbeddingModel {
        name: "words".to_owned(),
        digest: "1".to_owned(),
        weights: None,
        dimension: 2,
        window: 512,
        template: String::new(),
    });
    let fingerprint = embedder.model().fingerprint();
    let missing = async || {
        let missing = index.texts_without_vector(&fingerprint).await;
        missing.expect("a count")
    };
    let before = missing().await;
    let (to_writer, outcomes) = mpsc::channel(1);
    let vectors = EmbedOutcome::Vectors {
        key,
        vectors: vec![vec![1.0, 0.0]],
        source: VectorSource::Server,
    };
    assert!(to_writer.send(vectors).await.is_ok());
    let at_once = BatchTimes {
        put_after: Duration::ZERO,
        commit_after: Duration::from_millis(1),
    };
    let caches = Caches {
        local: None,
        shared: None,
    };
    let events: Events<'_> = &quiet;
    let writing = index.write_vectors(&embedder, &caches, outcomes, events, 1, at_once);
    let committed = async {
        while missing().await == before {
            tokio::task::yield_now().await;
        }
        drop(to_writer);
    };
    let both = async { tokio::join!(writing, committed) };
    let ended = timeout(Duration::from_secs(60), both).await;
    let (report, ()) = ended.expect("the vector is committed, though nothing follows");
    assert_eq!(report.expect("a report").embedded, 1);
    assert_eq!(missing().await, before - 1);
}
