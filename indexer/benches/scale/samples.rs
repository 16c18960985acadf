//! What the measures need to know about a corpus, read from its index once and kept beside it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;

use anyhow::{Context, Error, ensure};
use ollacode_store::{ChunkView, OpenMode, OpenOptions, Store};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::embedder::hash;
use crate::place::{Place, runtime};

/// Chunks that are kept as samples.
const SAMPLES: usize = 200;
/// Shorter and longer chunks are not.
const SAMPLE_BYTES: std::ops::Range<usize> = 120..4_000;

/// Samples of an index, and filters that let a part of it pass.
#[derive(Serialize, Deserialize)]
pub struct Samples {
    /// Chunks with a symbol, at places that look drawn.
    pub chunks: Vec<Sample>,
    /// Languages and globs, with what they are.
    pub filters: Vec<Narrowing>,
}

/// A chunk with a symbol.
#[derive(Serialize, Deserialize)]
pub struct Sample {
    /// Path of the file.
    pub path: String,
    /// First line, from 1.
    pub line: u32,
    /// What it defines.
    pub symbol: String,
    /// Its lines.
    pub text: String,
}

/// A filter of a search.
#[derive(Serialize, Deserialize)]
pub struct Narrowing {
    /// What passes, in words.
    pub what: String,
    /// Names of languages.
    pub languages: Vec<String>,
    /// Globs on paths.
    pub globs: Vec<String>,
}

/// The file of each text, by the hash of the text; that of the least path if there are several.
#[derive(Default, Serialize, Deserialize)]
pub struct TextFiles {
    paths: Vec<String>,
    /// By hash.
    texts: Vec<(u64, u32)>,
}

impl TextFiles {
    /// A file that has a text as one of its chunks.
    pub fn path(&self, text: &str) -> Option<&str> {
        let wanted = hash(text.as_bytes());
        let found = self.texts.binary_search_by_key(&wanted, |(hash, _)| *hash);
        let (_, path) = self.texts[found.ok()?];
        Some(&self.paths[usize::try_from(path).ok()?])
    }

    /// Reads what [`write`] has kept.
    pub fn read(place: &Place) -> Result<TextFiles, Error> {
        read_json(texts_file(place))
    }
}

impl Samples {
    /// Reads what [`write`] has kept.
    pub fn read(place: &Place) -> Result<Samples, Error> {
        place.must_be_filled()?;
        read_json(samples_file(place))
    }

    /// A sample; those after the last begin again with the first.
    pub fn chunk(&self, number: usize) -> &Sample {
        &self.chunks[number % self.chunks.len()]
    }

    /// A query for a sample: its symbol, words of it, a line, or a question.
    pub fn query(&self, number: usize) -> String {
        let sample = self.chunk(number);
        let words = spoken(&sample.symbol);
        let query = match number % 4 {
            0 => sample.symbol.clone(),
            1 => words,
            2 => longest_line(&sample.text),
            _ => format!("where is {words} used with {}", some_words(&sample.text, 5)),
        };
        query.trim().to_owned()
    }
}

/// The words of an identifier.
fn spoken(symbol: &str) -> String {
    let mut spoken = String::new();
    for character in symbol.chars() {
        if character == '_' {
            spoken.push(' ');
            continue;
        }
        if character.is_uppercase() && spoken.ends_with(char::is_lowercase) {
            spoken.push(' ');
        }
        spoken.extend(character.to_lowercase());
    }
    spoken.trim().to_owned()
}

fn longest_line(text: &str) -> String {
    let longest = text.lines().map(str::trim).max_by_key(|line| line.len());
    longest.unwrap_or_default().chars().take(120).collect()
}

/// Longer words of a text.
pub fn some_words(text: &str, most: usize) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| word.len() > 4).take(most).collect();
    words.join(" ").to_lowercase()
}

/// Opens the store of the index to read from it.
pub async fn open_store(place: &Place) -> Result<Store, Error> {
    let options = OpenOptions::new(OpenMode::Read);
    Ok(Store::open(&place.index_folder(), options).await?)
}

/// Reads the whole index, and keeps samples of it.
pub fn write(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let mut survey = Survey::default();
    runtime()?.block_on(async {
        let snapshot = open_store(place).await?.snapshot().await?;
        let mut scan = snapshot.scan().await?;
        while let Some(batch) = scan.next_batch().await? {
            batch.each(&mut |chunk| survey.take(chunk))?;
        }
        Ok::<(), Error>(())
    })?;
    let samples = survey.samples();
    ensure!(
        !samples.chunks.is_empty(),
        "no chunk of the corpus has a symbol"
    );
    write_json(samples_file(place), &samples)?;
    write_json(texts_file(place), &survey.text_files())
}

/// What was seen of an index so far.
#[derive(Default)]
struct Survey {
    /// The number of each path.
    paths: HashMap<String, u32>,
    texts: Vec<(u64, u32)>,
    /// Chunks by language.
    languages: BTreeMap<String, usize>,
    /// By a hash, so that they are from anywhere.
    chosen: BTreeMap<u64, Sample>,
}

impl Survey {
    fn take(&mut self, chunk: &ChunkView<'_>) {
        let number = match self.paths.get(chunk.path) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
                self.paths.insert(chunk.path.to_owned(), number);
                number
            }
        };
        self.texts.push((hash(chunk.text.as_bytes()), number));
        *self.languages.entry(chunk.language.to_owned()).or_default() += 1;
        // A symbol of signs alone would be a query without words.
        let is_word = |symbol: &&str| symbol.len() > 3 && symbol.contains(char::is_alphabetic);
        let Some(symbol) = chunk.symbol.filter(is_word) else {
            return;
        };
        if SAMPLE_BYTES.contains(&chunk.text.len()) {
            let place = format!("{}:{}", chunk.path, chunk.start_line);
            let sample = Sample {
                path: chunk.path.to_owned(),
                line: chunk.start_line,
                symbol: symbol.to_owned(),
                text: chunk.text.to_owned(),
            };
            self.chosen.insert(scattered(&place), sample);
            if self.chosen.len() > SAMPLES {
                self.chosen.pop_last();
            }
        }
    }

    /// The samples, and filters by language and by path.
    fn samples(&mut self) -> Samples {
        let mut filters = self.languages();
        filters.extend(self.globs());
        let chosen = std::mem::take(&mut self.chosen);
        Samples {
            chunks: chosen.into_values().collect(),
            filters,
        }
    }

    /// The language of the most chunks, and the one nearest to a twentieth of them.
    fn languages(&self) -> Vec<Narrowing> {
        let all = self.texts.len();
        let common = self.languages.iter().max_by_key(|(_, chunks)| **chunks);
        let rare = self
            .languages
            .iter()
            .min_by_key(|(_, chunks)| (20 * **chunks).abs_diff(all));
        let found = common.into_iter().chain(rare);
        let narrowings = found.map(|(name, chunks)| Narrowing {
            what: format!("language {name}, {} of chunks", percent(*chunks, all)),
            languages: vec![name.clone()],
            globs: Vec::new(),
        });
        narrowings.collect()
    }

    /// A folder with about a hundredth of the files, and folders with about half of them.
    fn globs(&self) -> Vec<Narrowing> {
        let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
        let mut letters: BTreeMap<char, usize> = BTreeMap::new();
        for path in self.paths.keys() {
            if let Some((folder, _)) = path.split_once('/') {
                *folders.entry(folder).or_default() += 1;
                *letters.entry(first_letter(folder)).or_default() += 1;
            }
        }
        let all = self.paths.len();
        let mut found = Vec::new();
        let folder = folders
            .iter()
            .min_by_key(|(_, files)| (100 * **files).abs_diff(all));
        if let Some((folder, files)) = folder {
            found.push((format!("{folder}/**"), *files));
        }
        let mut sum = 0;
        let sums: Vec<(char, usize)> = letters
            .into_iter()
            .map(|(letter, files)| {
                sum += files;
                (letter, sum)
            })
            .collect();
        let half = sums
            .iter()
            .min_by_key(|(_, files)| (2 * *files).abs_diff(all));
        if let Some((letter, files)) = half {
            found.push((format!("[0-{letter}]*/**"), *files));
        }
        let narrowing = |(glob, files): (String, usize)| Narrowing {
            what: format!("glob {glob}, {} of files", percent(files, all)),
            languages: Vec::new(),
            globs: vec![glob],
        };
        found.into_iter().map(narrowing).collect()
    }

    fn text_files(self) -> TextFiles {
        let mut paths = vec![String::new(); self.paths.len()];
        for (path, number) in self.paths {
            if let Some(place) = usize::try_from(number)
                .ok()
                .and_then(|at| paths.get_mut(at))
            {
                *place = path;
            }
        }
        let path = |number: u32| usize::try_from(number).ok().and_then(|at| paths.get(at));
        let mut texts = self.texts;
        texts.sort_unstable_by(|left, right| {
            let by_path = || path(left.1).cmp(&path(right.1));
            left.0.cmp(&right.0).then_with(by_path)
        });
        texts.dedup_by_key(|(hash, _)| *hash);
        TextFiles { paths, texts }
    }
}

/// A hash whose order is none.
fn scattered(text: &str) -> u64 {
    hash(text.as_bytes()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The first letter of a folder's name; all that a class of letters would misread is `z`.
fn first_letter(folder: &str) -> char {
    let first = folder.chars().next().unwrap_or('z');
    if first.is_ascii_alphanumeric() {
        first
    } else {
        'z'
    }
}

fn percent(part: usize, all: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / all.max(1) as f64)
}

fn samples_file(place: &Place) -> PathBuf {
    place.work.join("samples.json")
}

fn texts_file(place: &Place) -> PathBuf {
    place.work.join("texts.json")
}

fn write_json(path: PathBuf, value: &impl Serialize) -> Result<(), Error> {
    let file = File::create(&path).with_context(|| format!("create `{}`", path.display()))?;
    Ok(serde_json::to_writer(BufWriter::new(file), value)?)
}

fn read_json<T: DeserializeOwned>(path: PathBuf) -> Result<T, Error> {
    let file = File::open(&path).with_context(|| format!("open `{}`", path.display()))?;
    Ok(serde_json::from_reader(BufReader::new(file))?)
}
