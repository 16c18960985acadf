//! A scripted stand-in of Ollama over real HTTP, with vectors that mean something.
//!
//! A text's vector adds up a direction for each of its words, so that texts with words in common
//! are near; of [`SYNONYMS`] both words have one direction, which no full-text index knows.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::block_on;

/// A model with vectors of 64 numbers; its name is on no card, so texts are sent as they are.
pub const MODEL: &str = "bag-of-words";
/// Another model, with vectors of 32 numbers.
pub const OTHER_MODEL: &str = "small-bag";
/// Numbers in a vector of [`MODEL`].
pub const DIMENSION: usize = 64;
/// Words that mean the same to the models.
pub const SYNONYMS: &[(&str, &str)] = &[("automobile", "car"), ("physician", "doctor")];

/// What the client sends to find out whether a failure is the text's fault.
const PROBE: &str = "probe";

/// Something that goes wrong; what it says of texts makes their whole request fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The server has no models: 404 wherever one is named.
    ModelMissing,
    /// Texts over so many characters are longer than the window: 400.
    TooLong(usize),
    /// Texts with a marker crash the model: 500.
    Crash(&'static str),
    /// Texts with a marker have vectors that are no numbers: 400.
    NotANumber(&'static str),
    /// Vectors of texts with a marker have a null among their numbers.
    Null(&'static str),
    /// Every request to embed fails: 500.
    Down,
    /// No request to embed is answered.
    Hang,
    /// Vectors are narrower than the model says.
    WrongDimension,
    /// Vectors have half the numbers, as the server says.
    Narrow,
    /// Vectors are those of another text.
    OtherVectors,
    /// Every answer with vectors takes so long.
    Delay(Duration),
    /// The models were published anew, with these weights if they are other ones.
    PublishedAnew(Option<char>),
}

#[derive(Default)]
struct Script {
    faults: Vec<Fault>,
    requests: usize,
    received: Vec<String>,
    embedded: Vec<String>,
    authorizations: Vec<Option<String>>,
}

#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

/// The server; it runs on a thread of its own, so a test may block.
pub struct ModelServer {
    server: MockServer,
    script: Scripted,
}

impl ModelServer {
    /// Starts a server that works.
    pub fn start() -> ModelServer {
        let script = Scripted::default();
        let server = block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let builder = MockServer::builder()
                .listener(listener)
                .disable_request_recording();
            let server = builder.start().await;
            Mock::given(any())
                .respond_with(script.clone())
                .mount(&server)
                .await;
            server
        });
        ModelServer { server, script }
    }

    /// Starts a server on which things go wrong.
    pub fn with(faults: &[Fault]) -> ModelServer {
        let server = ModelServer::start();
        server.set(faults);
        server
    }

    /// Replaces what goes wrong from now on.
    pub fn set(&self, faults: &[Fault]) {
        self.script.lock().faults = faults.to_vec();
    }

    /// Its address, for `OLLAMA_HOST`.
    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// How many requests to embed came.
    pub fn requests(&self) -> usize {
        self.script.lock().requests
    }

    /// Every text that came, as often as it came, whether or not it was embedded.
    pub fn received(&self) -> Vec<String> {
        self.script.lock().received.clone()
    }

    /// Every text that was embedded, as often as it was.
    pub fn embedded(&self) -> Vec<String> {
        self.script.lock().embedded.clone()
    }

    /// The keys of all requests, those to look something up included.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        self.script.lock().authorizations.clone()
    }

    /// How many texts were embedded more than once.
    pub fn embedded_twice(&self) -> usize {
        let embedded = self.embedded();
        let distinct: HashSet<&String> = embedded.iter().collect();
        embedded.len() - distinct.len()
    }
}

impl Scripted {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the models were published anew, and with which weights.
    fn published_anew(&self) -> Option<Option<char>> {
        self.lock().faults.iter().find_map(|fault| match fault {
            Fault::PublishedAnew(weights) => Some(*weights),
            _ => None,
        })
    }

    fn embed(&self, body: &Value) -> ResponseTemplate {
        let texts: Vec<String> = match &body["input"] {
            Value::String(text) => vec![text.clone()],
            Value::Array(texts) => texts
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => return refusal(400, "invalid input type"),
        };
        let Some(model) = Model::named(body) else {
            return not_found(body);
        };
        let mut script = self.lock();
        script.requests += 1;
        let real = texts.iter().filter(|text| *text != PROBE);
        script.received.extend(real.clone().cloned());
        if let Some(refusal) = refused(&script.faults, &texts) {
            return refusal;
        }
        script.embedded.extend(real.cloned());
        let faults = &script.faults;
        let is_narrow = [Fault::WrongDimension, Fault::Narrow]
            .iter()
            .any(|fault| faults.contains(fault));
        let width = if is_narrow {
            model.dimension / 2
        } else {
            model.dimension
        };
        let vectors: Vec<Value> = texts
            .iter()
            .map(|text| vector_json(faults, text, width))
            .collect();
        let answer = ResponseTemplate::new(200).set_body_json(json!({
            "model": model.name, "embeddings": vectors, "prompt_eval_count": texts.len(),
        }));
        let delay = faults.iter().find_map(|fault| match fault {
            Fault::Delay(delay) => Some(*delay),
            _ => None,
        });
        match delay {
            Some(delay) => answer.set_delay(delay),
            None => answer,
        }
    }
}

impl Respond for Scripted {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = request.body_json().unwrap_or(Value::Null);
        let authorization = request.headers.get("authorization");
        let authorization = authorization.and_then(|it| it.to_str().ok().map(str::to_owned));
        self.lock().authorizations.push(authorization);
        let missing = self.lock().faults.contains(&Fault::ModelMissing);
        match request.url.path() {
            "/api/version" => answer(json!({"version": "0.33.0"})),
            "/api/tags" if missing => answer(json!({"models": []})),
            "/api/tags" => {
                let anew = self.published_anew();
                answer(json!({"models": MODELS.map(|model| model.listed(anew))}))
            }
            "/api/ps" => answer(json!({"models": []})),
            "/api/show" | "/api/embed" if missing => not_found(&body),
            "/api/show" => match Model::named(&body) {
                Some(mut model) => {
                    if self.lock().faults.contains(&Fault::Narrow) {
                        model.dimension /= 2;
                    }
                    answer(model.shown(self.published_anew()))
                }
                None => not_found(&body),
            },
            "/api/embed" => self.embed(&body),
            _ => ResponseTemplate::new(404).set_body_string("404 page not found"),
        }
    }
}

/// A model that the server has.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    digest: &'static str,
    weights: char,
    dimension: usize,
}

const MODELS: [Model; 2] = [
    Model {
        name: MODEL,
        digest: "sha256:aaaa",
        weights: '1',
        dimension: DIMENSION,
    },
    Model {
        name: OTHER_MODEL,
        digest: "sha256:bbbb",
        weights: '2',
        dimension: DIMENSION / 2,
    },
];

impl Model {
    fn named(body: &Value) -> Option<Model> {
        let name = body["model"].as_str()?;
        let name = name.strip_suffix(":latest").unwrap_or(name);
        MODELS.into_iter().find(|model| model.name == name)
    }

    fn listed(self, anew: Option<Option<char>>) -> Value {
        let digest = anew.map_or(self.digest.to_owned(), |_| format!("{}cccc", self.digest));
        json!({
            "name": format!("{}:latest", self.name), "model": format!("{}:latest", self.name),
            "digest": digest, "size": 1_000, "details": {"family": "bag"},
            "capabilities": ["embedding"],
        })
    }

    fn shown(self, anew: Option<Option<char>>) -> Value {
        let weights = anew
            .flatten()
            .unwrap_or(self.weights)
            .to_string()
            .repeat(64);
        json!({
            "modelfile": format!("# Modelfile\nFROM /models/blobs/sha256-{weights}\nPARAMETER x 1\n"),
            "capabilities": ["embedding"],
            "details": {"family": "bag"},
            "model_info": {
                "general.architecture": "bag",
                "bag.context_length": 2048,
                "bag.embedding_length": self.dimension,
            },
        })
    }
}

fn answer(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn refusal(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": message}))
}

fn not_found(body: &Value) -> ResponseTemplate {
    let model = body["model"].as_str().unwrap_or_default();
    refusal(
        404,
        &format!("model \"{model}\" not found, try pulling it first"),
    )
}

/// What the server says instead of an answer, if something of the request goes wrong.
fn refused(faults: &[Fault], texts: &[String]) -> Option<ResponseTemplate> {
    let any_has = |marker: &str| texts.iter().any(|text| text.contains(marker));
    faults.iter().find_map(|fault| match *fault {
        Fault::Hang => Some(refusal(500, "late").set_delay(Duration::from_secs(3_600))),
        Fault::Down => Some(refusal(500, "model runner has unexpectedly stopped")),
        Fault::TooLong(limit) if texts.iter().any(|text| text.chars().count() > limit) => {
            Some(refusal(400, "the input length exceeds the context length"))
        }
        Fault::Crash(marker) if any_has(marker) => Some(refusal(
            500,
            "do embedding request: Post \"http://127.0.0.1:1/embedding\": EOF",
        )),
        Fault::NotANumber(marker) if any_has(marker) => {
            Some(refusal(400, "embedding contains NaN or Inf values"))
        }
        _ => None,
    })
}

fn vector_json(faults: &[Fault], text: &str, dimension: usize) -> Value {
    let text = match faults.contains(&Fault::OtherVectors) {
        true => "something else",
        false => text,
    };
    let mut vector = json!(vector(text, dimension));
    let is_null = |fault: &Fault| matches!(fault, Fault::Null(marker) if text.contains(marker));
    if faults.iter().any(is_null) {
        vector[0] = Value::Null;
    }
    vector
}

/// The vector of a text: the same for the same words, in any order.
pub(super) fn vector(text: &str, dimension: usize) -> Vec<f64> {
    let mut vector = vec![0.0; dimension];
    for word in words(text) {
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == word);
        let word = synonym.map_or(word.as_str(), |(_, known)| *known);
        // Two directions a word: with one, in few dimensions, different words often coincide.
        for salt in [b'a', b'b'] {
            let hash = word
                .bytes()
                .chain([salt])
                .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
                });
            let index = usize::try_from(hash >> 33).unwrap_or_default() % dimension;
            vector[index] += if hash & (1 << 20) == 0 { 1.0 } else { -1.0 };
        }
    }
    let length = vector
        .iter()
        .map(|value: &f64| value * value)
        .sum::<f64>()
        .sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
        return vector;
    }
    vector.iter().map(|value| value / length).collect()
}

/// The words of a text in lower case, identifiers split.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        if word.chars().next_back().is_some_and(char::is_lowercase) && character.is_uppercase() {
            words.push(std::mem::take(&mut word).to_lowercase());
        }
        if character.is_alphanumeric() {
            word.push(character);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word).to_lowercase());
        }
    }
    words.push(word.to_lowercase());
    words.retain(|word| !word.is_empty());
    words
}
