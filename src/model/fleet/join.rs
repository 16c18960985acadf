//! Who may embed beside the first server: only who makes the same vectors.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};

/// What every server is asked to embed before it gets any other text.
pub const PROBE: &str = "fn probe(text: &str) -> bool {\n    text.starts_with(\"probe\")\n}\n";

/// The least cosine of two vectors of the same text by the same model: 16-bit arithmetic on other
/// hardware stays above it, other quantisations of the weights do not.
const LEAST_COSINE: f64 = 0.9999;

/// Why a server does not embed, as the end of a sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LeftOut {
    /// It does not answer, or lacks the model.
    #[error("{0}")]
    Failed(String),
    /// There is nothing to compare it with, since the first server failed.
    #[error("the first server failed: {0}")]
    FirstFailed(String),
    /// Its model of that name is another one.
    #[error("its `{model}` is another version (digest {theirs}, not {ours})")]
    OtherDigest {
        model: String,
        theirs: String,
        ours: String,
    },
    /// Its vectors have another length.
    #[error("its vectors have {theirs} dimensions, not {ours}")]
    OtherDimension { theirs: usize, ours: usize },
    /// It rejects texts that fit the others.
    #[error("its window has {theirs} tokens, not {ours}")]
    SmallerWindow { theirs: usize, ours: usize },
    /// It makes another vector of the same text.
    #[error("its vectors differ (cosine {cosine:.5})")]
    OtherVectors { cosine: f64 },
}

/// Compares what servers say of their model; asks nothing.
pub fn same_model(ours: &EmbeddingModel, theirs: &EmbeddingModel) -> Result<(), LeftOut> {
    if ours.digest != theirs.digest {
        return Err(LeftOut::OtherDigest {
            model: theirs.name.clone(),
            theirs: short(&theirs.digest),
            ours: short(&ours.digest),
        });
    }
    if ours.dimension != theirs.dimension {
        return Err(LeftOut::OtherDimension {
            theirs: theirs.dimension,
            ours: ours.dimension,
        });
    }
    // Texts are split to fit the first one.
    if theirs.window < ours.window {
        return Err(LeftOut::SmallerWindow {
            theirs: theirs.window,
            ours: ours.window,
        });
    }
    Ok(())
}

/// The vector of [`PROBE`].
///
/// # Errors
/// As for any text; an answer without a vector is [`EmbedError::Invalid`].
pub async fn probe(embedder: &dyn Embedder) -> Result<Vec<f32>, EmbedError> {
    let text = [embedder.wrap(PROBE, Role::Document)];
    let vectors = embedder.embed(&text).await?.vectors;
    let nothing = || EmbedError::Invalid("it has no vector".to_owned());
    vectors.into_iter().next().ok_or_else(nothing)
}

/// Compares the vectors of [`PROBE`], which have unit length.
pub fn same_vectors(ours: &[f32], theirs: &[f32]) -> Result<(), LeftOut> {
    if ours.len() != theirs.len() {
        let (theirs, ours) = (theirs.len(), ours.len());
        return Err(LeftOut::OtherDimension { theirs, ours });
    }
    let products = ours.iter().zip(theirs);
    let cosine: f64 = products
        .map(|(our, their)| f64::from(*our) * f64::from(*their))
        .sum();
    if cosine >= LEAST_COSINE {
        Ok(())
    } else {
        Err(LeftOut::OtherVectors { cosine })
    }
}

/// A server that shows with each request that it still makes the same vectors: its model may be
/// replaced under the same name at any time, and its vectors are kept as those of the first server.
pub struct ProvenEmbedder {
    embedder: Arc<dyn Embedder>,
    /// The vector of [`PROBE`] on the first server.
    expected: Vec<f32>,
}

impl ProvenEmbedder {
    pub fn new(embedder: Arc<dyn Embedder>, expected: Vec<f32>) -> ProvenEmbedder {
        ProvenEmbedder { embedder, expected }
    }

    async fn embed_proven(&self, texts: &[String]) -> Result<Embedded, EmbedError> {
        let mut texts = texts.to_vec();
        texts.push(self.embedder.wrap(PROBE, Role::Document));
        let mut vectors = self.embedder.embed(&texts).await?.vectors;
        if vectors.len() != texts.len() {
            let what = format!("it has {} vectors for {} texts", vectors.len(), texts.len());
            return Err(EmbedError::Invalid(what));
        }
        let proof = vectors.pop().unwrap_or_default();
        same_vectors(&self.expected, &proof)
            .map_err(|why| EmbedError::Unavailable(why.to_string()))?;
        // Its count of tokens has those of the proof.
        let tokens = None;
        Ok(Embedded { vectors, tokens })
    }
}

impl Embedder for ProvenEmbedder {
    fn model(&self) -> &EmbeddingModel {
        self.embedder.model()
    }

    fn wrap(&self, text: &str, role: Role) -> String {
        self.embedder.wrap(text, role)
    }

    fn server(&self) -> &str {
        self.embedder.server()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        self.embed_proven(texts).boxed()
    }
}

/// The beginning of a digest.
fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    fn model(digest: &str, dimension: usize) -> EmbeddingModel {
        EmbeddingModel {
            name: "m".to_owned(),
            digest: digest.to_owned(),
            weights: None,
            dimension,
            window: 512,
            template: String::new(),
        }
    }

    #[test]
    fn the_model_must_be_the_same() {
        let ours = model("a", 2);
        assert_eq!(same_model(&ours, &model("a", 2)), Ok(()));
        let said = |theirs| same_model(&ours, &theirs).expect_err("another").to_string();
        assert_eq!(
            said(model("b", 2)),
            "its `m` is another version (digest b, not a)"
        );
        assert_eq!(said(model("a", 3)), "its vectors have 3 dimensions, not 2");
        let windows = |window| EmbeddingModel {
            window,
            ..model("a", 2)
        };
        assert_eq!(said(windows(511)), "its window has 511 tokens, not 512");
        assert_eq!(same_model(&ours, &windows(513)), Ok(()));
    }

    /// Turns every vector by an angle, which is set.
    struct Turned {
        model: EmbeddingModel,
        angle: Mutex<f32>,
    }

    impl Embedder for Turned {
        fn model(&self) -> &EmbeddingModel {
            &self.model
        }

        fn wrap(&self, text: &str, _: Role) -> String {
            text.to_owned()
        }

        fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
            let angle = *self.angle.lock();
            let vectors = vec![vec![angle.cos(), angle.sin()]; texts.len()];
            let tokens = Some(1);
            async move { Ok(Embedded { vectors, tokens }) }.boxed()
        }
    }

    #[tokio::test]
    async fn a_model_that_is_replaced_under_its_name_embeds_no_more() {
        let turned = Arc::new(Turned {
            model: model("a", 2),
            angle: Mutex::new(0.01),
        });
        let proven = ProvenEmbedder::new(turned.clone(), vec![1.0, 0.0]);
        let texts = ["a".to_owned(), "b".to_owned()];
        let embedded = proven.embed(&texts).await.expect("vectors");
        assert_eq!(embedded.vectors.len(), 2, "without the proof");
        assert_eq!(embedded.tokens, None);
        *turned.angle.lock() = 0.5;
        let failed = proven.embed(&texts).await;
        let Err(EmbedError::Unavailable(why)) = &failed else {
            panic!("{failed:?}");
        };
        assert!(why.starts_with("its vectors differ"), "{why}");
    }

    #[test]
    fn vectors_may_differ_by_the_arithmetic_and_by_no_more() {
        let ours = [1.0, 0.0];
        assert_eq!(same_vectors(&ours, &[1.0, 0.0]), Ok(()));
        let turned = |angle: f32| [angle.cos(), angle.sin()];
        assert_eq!(same_vectors(&ours, &turned(0.01)), Ok(()));
        assert!(same_vectors(&ours, &turned(0.02)).is_err());
        assert!(same_vectors(&ours, &[-1.0, 0.0]).is_err());
        assert!(same_vectors(&ours, &[f32::NAN, 0.0]).is_err());
        assert!(same_vectors(&ours, &[1.0]).is_err());
        assert!(same_vectors(&ours, &[]).is_err());
    }
}
