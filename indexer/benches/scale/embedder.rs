//! An embedder in the process, whose vectors lie as those of models do: near those of the same
//! package and file, of the same words, and all of them near a common direction.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};

use crate::samples::{Samples, TextFiles};

/// Lengths of the parts of a vector before it is normalized.
const COMMON: f32 = 0.5;
const PACKAGE: f32 = 0.35;
const FILE: f32 = 0.35;
const WORDS: f32 = 0.6;
const OWN: f32 = 0.4;
/// How far the vector of a query is from that of the chunk that it was made of.
const OFF: f32 = 0.6;

/// Directions that a word adds to the vector of its text.
const DIRECTIONS: usize = 16;
/// Shorter words are in every text.
const SHORTEST_WORD: usize = 4;

/// The embedder.
pub struct ClusteredVectors {
    model: EmbeddingModel,
    files: TextFiles,
    queries: HashMap<String, Vec<f32>>,
}

impl ClusteredVectors {
    /// For the texts of an index, with the files that they are from.
    pub fn for_texts(dimension: usize, files: TextFiles) -> ClusteredVectors {
        ClusteredVectors {
            model: model(dimension),
            files,
            queries: HashMap::new(),
        }
    }

    /// For queries: those made of samples are near them.
    pub fn for_queries(dimension: usize, samples: &Samples) -> ClusteredVectors {
        let queries = samples.chunks.iter().enumerate().map(|(number, sample)| {
            let vector = vector_of(dimension, &sample.path, &sample.text);
            let query = samples.query(number);
            (query.clone(), near(vector, hash(query.as_bytes())))
        });
        ClusteredVectors {
            model: model(dimension),
            queries: queries.collect(),
            files: TextFiles::default(),
        }
    }

    /// The vector of a query, or of the text of a chunk with its head.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        if let Some(vector) = self.queries.get(text.trim()) {
            return vector.clone();
        }
        let dimension = self.model.dimension;
        if let Some(path) = self.files.path(text) {
            return vector_of(dimension, path, text);
        }
        // The head is a line before the text.
        let body = text.split_once('\n').map_or(text, |(_, body)| body);
        vector_of(dimension, self.files.path(body).unwrap_or_default(), body)
    }
}

/// The model that all of them are.
pub fn model(dimension: usize) -> EmbeddingModel {
    EmbeddingModel {
        weights: None,
        name: "clustered-vectors".to_owned(),
        digest: "1".to_owned(),
        dimension,
        // No chunk is longer, so that each has one vector.
        window: 1 << 20,
        template: String::new(),
    }
}

impl Embedder for ClusteredVectors {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, _role: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        let vectors = texts.iter().map(|text| self.vector(text)).collect();
        let tokens = None;
        ready(Ok(Embedded { vectors, tokens })).boxed()
    }
}

/// The vector of a chunk's text, by the path of a file that has it.
pub fn vector_of(dimension: usize, path: &str, text: &str) -> Vec<f32> {
    let mut vector = words(dimension, text);
    let length = length(&vector);
    if length > 0.0 {
        scale(&mut vector, WORDS / length);
    }
    let package = path.split('/').next().unwrap_or_default();
    add_direction(&mut vector, 0, COMMON);
    add_direction(&mut vector, hash(package.as_bytes()), PACKAGE);
    add_direction(&mut vector, hash(path.as_bytes()), FILE);
    add_direction(&mut vector, hash(text.as_bytes()), OWN);
    normalized(vector)
}

/// A vector not far from another.
fn near(mut vector: Vec<f32>, seed: u64) -> Vec<f32> {
    add_direction(&mut vector, seed, OFF);
    normalized(vector)
}

/// The sum of some directions of each word.
fn words(dimension: usize, text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimension];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| word.len() >= SHORTEST_WORD) {
        let mut draw = Draw(hash(word.as_bytes()));
        for _ in 0..DIRECTIONS {
            let drawn = draw.number();
            let place = usize::try_from(drawn >> 33).unwrap_or(0) % dimension;
            vector[place] += if drawn & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
    vector
}

/// Adds a direction of a length that depends on a seed only.
fn add_direction(vector: &mut [f32], seed: u64, length: f32) {
    // A value drawn evenly from -32,768 to 32,767 is 18,918 in the mean square.
    let scale = length / (18_918.0 * (vector.len() as f32).sqrt());
    let mut draw = Draw(seed);
    for places in vector.chunks_mut(4) {
        let drawn = draw.number().to_le_bytes();
        for (place, bytes) in places.iter_mut().zip(drawn.chunks_exact(2)) {
            *place += f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) * scale;
        }
    }
}

fn normalized(mut vector: Vec<f32>) -> Vec<f32> {
    let length = length(&vector);
    scale(&mut vector, 1.0 / length.max(f32::MIN_POSITIVE));
    vector
}

fn scale(vector: &mut [f32], factor: f32) {
    for value in vector {
        *value *= factor;
    }
}

fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

/// The sum of products, in eight sums that are made at once.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (left, right) in left.chunks(8).zip(right.chunks(8)) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}

/// Numbers that look drawn and are the same in every run (SplitMix64).
struct Draw(u64);

impl Draw {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// A hash that is the same in every run (FNV-1a).
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
