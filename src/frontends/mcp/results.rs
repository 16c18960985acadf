//! What a call gave, as clients get it: a text of at most 8 kB, and the same as data.
//!
//! The data have the form that `ollacode search --json`, `related --json` and `map --json` promise.

use ollacode_indexer::SearchResults;
use serde::Serialize;
use serde_json::{Value, json};

use super::folders::IndexFacts;
use crate::frontends::wire::SearchAnswer;
use crate::project_map::MapJson;
use crate::related::RelatedJson;
use crate::text::clip::clipped;
use crate::tools::{Cleaner, Found, FoundDefinition, FoundHits, FoundLine, FoundLines, Reading};

/// Most bytes of a text.
const MOST_TEXT: usize = 8 << 10;
/// Most bytes of data, as JSON. A text of 8 kB has about half of it.
const MOST_DATA: usize = 32 << 10;
/// Longest text within data, in characters.
const LONGEST: usize = 8_000;
/// Longest query that is repeated, in characters.
const LONGEST_QUERY: usize = 200;

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    pub data: Value,
}

/// What a result is about.
pub struct About {
    /// What was searched for; empty where nothing was.
    pub query: String,
    pub took_ms: u64,
    /// The model whose vectors are in the index.
    pub model: Option<String>,
    /// How far the index is; `None` for tools that use none.
    pub index: Option<IndexFacts>,
    /// The name of the workspace, if there are several.
    pub workspace: Option<String>,
}

/// The result for a client.
pub fn answer(reading: Reading, about: &About) -> Answer {
    let Reading {
        text,
        found,
        cleaner,
    } = reading;
    let mut data = found.map_or_else(|| json!({}), |found| data_of(found, about));
    trim(&mut data);
    if let Some(index) = &about.index {
        data["index_complete"] = json!(index.is_complete);
        data["files_to_come"] = json!(index.to_come);
    }
    clean(&mut data, &cleaner);
    if let Some(name) = &about.workspace {
        data["workspace"] = json!(name);
    }
    let mut whole = String::new();
    if let Some(name) = &about.workspace {
        whole.push_str(&format!("Workspace `{name}`.\n"));
    }
    let unfinished = about.index.as_ref().filter(|index| !index.is_complete);
    if let Some(index) = unfinished {
        whole.push_str(&format!("{}\n\n", index.words));
    }
    whole.push_str(&text);
    Answer {
        text: within_bytes(whole, MOST_TEXT),
        data,
    }
}

/// A text without its middle, if it is too long: the cut says how much is left out.
pub fn within_bytes(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let characters = text.chars().count();
    let mut kept = characters * most / text.len();
    loop {
        let cut = clipped(&text, kept);
        if cut.len() <= most || kept == 0 {
            return cut.into_owned();
        }
        kept = kept * 9 / 10;
    }
}

#[derive(Serialize)]
struct Definition<'a> {
    path: &'a str,
    start_line: usize,
    end_line: usize,
    kind: &'static str,
    symbol: &'a str,
    scope: &'a [String],
    signature: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    line: usize,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<&'a str>,
}

fn data_of(found: Found, about: &About) -> Value {
    match found {
        Found::Hits(hits) => hits_data(*hits, about),
        Found::Symbol {
            definitions,
            mentions,
            notes,
            is_cut,
        } => json!({
            "name": shortened(&about.query),
            "definitions": definition_list(&definitions),
            "mentions": line_list(&mentions, false),
            "notes": notes,
            "cut": is_cut,
        }),
        Found::References {
            definitions,
            uses,
            is_cut,
        } => json!({
            "name": shortened(&about.query),
            "definitions": line_list(&definitions, false),
            "uses": line_list(&uses, true),
            "notes": [],
            "cut": is_cut,
        }),
        Found::Outline {
            path,
            lines,
            definitions,
            is_cut,
        } => json!({
            "path": path,
            "lines": lines,
            "definitions": definition_list(&definitions),
            "cut": is_cut,
        }),
        Found::Related { answer, is_cut } => {
            let mut data = json!(RelatedJson::new(&answer));
            data["cut"] = json!(is_cut);
            data
        }
        Found::Lines(lines) => lines_data(lines),
        Found::Map { map, notes } => {
            let is_cut = map.left_out > 0;
            let mut data = json!(MapJson::new(&map, notes));
            data["cut"] = json!(is_cut);
            data
        }
    }
}

fn hits_data(hits: FoundHits, about: &About) -> Value {
    let FoundHits {
        results,
        excerpts,
        left_out,
    } = hits;
    let shown = results.hits.len() - left_out.min(results.hits.len());
    let results = SearchResults {
        hits: results.hits.into_iter().take(shown).collect(),
        ..results
    };
    let query = shortened(&about.query);
    let model = about.model.as_deref();
    let mut data = json!(SearchAnswer::new(
        &query,
        about.took_ms,
        &results,
        model,
        false
    ));
    let mut excerpts = excerpts.into_iter();
    for hit in data["hits"].as_array_mut().into_iter().flatten() {
        // As much as the text shows; hits that it only names have none.
        hit["text"] = json!(excerpts.next().unwrap_or_default());
        if let Some(name) = &about.workspace {
            hit["workspace"] = json!(name);
        }
    }
    data["cut"] = json!(left_out > 0);
    data
}

fn lines_data(lines: FoundLines) -> Value {
    let FoundLines {
        path,
        start_line,
        end_line,
        all,
        text,
    } = lines;
    json!({
        "path": path,
        "start_line": start_line,
        "end_line": end_line,
        "lines": all,
        "text": text,
        "cut": end_line < all,
    })
}

fn definition_list(definitions: &[FoundDefinition]) -> Value {
    let list: Vec<Definition<'_>> = definitions
        .iter()
        .map(|found| Definition {
            path: &found.path,
            start_line: found.start_line,
            end_line: found.end_line,
            kind: found.kind.name(),
            symbol: &found.name,
            scope: &found.scope,
            signature: &found.head,
        })
        .collect();
    json!(list)
}

fn line_list(lines: &[FoundLine], with_scope: bool) -> Value {
    let list: Vec<Line<'_>> = lines
        .iter()
        .map(|found| Line {
            path: &found.path,
            line: found.line,
            text: &found.text,
            within: with_scope.then_some(found.within.as_str()),
        })
        .collect();
    json!(list)
}

/// A query as it is repeated.
fn shortened(query: &str) -> String {
    query.chars().take(LONGEST_QUERY).collect()
}

/// Leaves out the last entries of lists until the data are short enough, and says so. Texts of 8 kB
/// have hardly ever so much data.
fn trim(data: &mut Value) {
    let mut size = data.to_string().len();
    for list in [
        "mentions",
        "uses",
        "hits",
        "files",
        "aside",
        "definitions",
        "notes",
    ] {
        let Some(entries) = data.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        let before = entries.len();
        while size > MOST_DATA
            && let Some(entry) = entries.pop()
        {
            size = size.saturating_sub(entry.to_string().len() + 1);
        }
        if entries.len() < before {
            data["cut"] = json!(true);
        }
    }
}

/// Cleans all texts in data, which may have come from a repository.
fn clean(data: &mut Value, cleaner: &Cleaner) {
    match data {
        Value::String(text) => {
            let clean = cleaner.clean(text);
            *text = match clean.char_indices().nth(LONGEST) {
                Some((end, _)) => format!("{}…", &clean[..end]),
                None => clean,
            };
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| clean(entry, cleaner)),
        Value::Object(fields) => fields.values_mut().for_each(|field| clean(field, cleaner)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_in_its_middle_and_says_so() {
        for text in ["short".to_owned(), "x".repeat(8_192)] {
            assert_eq!(within_bytes(text.clone(), MOST_TEXT), text);
        }
        for line in ["a line of code\n", "日本語の行\n"] {
            let cut = within_bytes(line.repeat(2_000), MOST_TEXT);
            assert!(cut.len() <= MOST_TEXT, "{}", cut.len());
            assert!(cut.len() > MOST_TEXT / 2, "{}", cut.len());
            assert!(cut.contains(" lines left out …"), "{cut}");
            assert!(cut.starts_with(line) && cut.ends_with(line), "{cut}");
        }
    }

    #[test]
    fn data_are_cut_at_the_end_of_their_lists_and_say_so() {
        let entry = json!({"path": "src/a.rs", "line": 1, "text": "x".repeat(100)});
        let mut data = json!({
            "definitions": [entry.clone()],
            "uses": vec![entry; 1_000],
            "cut": false,
        });
        trim(&mut data);
        assert!(data.to_string().len() <= MOST_DATA);
        assert!(data.to_string().len() > MOST_DATA - 1_000);
        assert_eq!(data["definitions"].as_array().map(Vec::len), Some(1));
        assert_eq!(data["cut"], true);
        let mut small = json!({"uses": [1], "cut": false});
        trim(&mut small);
        assert_eq!(small, json!({"uses": [1], "cut": false}));
    }
}
