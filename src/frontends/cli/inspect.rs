//! `ollacode index --inspect FILE`: the chunks of a file.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Error};
use ollacode_indexer::chunk::{FileChunks, chunk_file};
use ollacode_indexer::decode::decode;
use ollacode_indexer::parse::FileParser;
use ollacode_indexer::read_file;
use ollacode_indexer::walk::{relative, skipped_by_content, skipped_by_name};
use ollacode_secrets::{redact, secret_path};
use serde_json::json;

use super::style::{BOLD, DIM, PLAIN, visible_name};
use super::{print, print_json, warn};
use crate::app::App;

/// Maximum file size in bytes.
const MOST: u64 = 1 << 30;

pub fn run(app: &App, file: &Path, as_json: bool) -> Result<(), Error> {
    let full =
        std::fs::canonicalize(file).with_context(|| format!("cannot open {}", file.display()))?;
    let path =
        relative(&app.workspace.root, &full).unwrap_or_else(|| file.to_string_lossy().into_owned());
    if let Some(reason) = secret_path(&path) {
        anyhow::bail!("{path} is never indexed: {reason}");
    }
    let bytes = read_file(&full, MOST).with_context(|| format!("cannot read {path}"))?;
    let text = decode(&bytes).text;
    if let Some(skip) = skipped_by_name(&path).or_else(|| skipped_by_content(&path, &text)) {
        warn(&format!("{path} is not indexed: {}", skip.words()));
    }
    let redacted = redact(&text);
    let cut = chunk_file(&mut FileParser::default(), &path, &redacted.text);
    if let Some(failure) = cut.failure {
        warn(&format!("{path} is chunked by lines: {failure}"));
    }
    if as_json {
        let chunks: Vec<_> = cut
            .chunks
            .iter()
            .map(|chunk| {
                json!({
                    "start_line": chunk.start_line, "end_line": chunk.end_line, "kind": chunk.kind,
                    "symbol": chunk.symbol, "scope": chunk.scope, "characters": chunk.text.chars().count(),
                })
            })
            .collect();
        return print_json(&json!({"path": path, "language": cut.language, "chunks": chunks}));
    }
    print(|out| write(out, &path, &cut))
}

fn write(out: &mut impl Write, path: &str, cut: &FileChunks) -> io::Result<()> {
    writeln!(
        out,
        "{BOLD}{}{PLAIN}  {}, {} chunks",
        visible_name(path),
        cut.language,
        cut.chunks.len()
    )?;
    writeln!(
        out,
        "{DIM}{:>13}  {:>5}  {:<9}  symbol, scope{PLAIN}",
        "lines", "chars", "kind"
    )?;
    for chunk in &cut.chunks {
        let lines = format!("{}-{}", chunk.start_line, chunk.end_line);
        let mut name = chunk
            .symbol
            .as_deref()
            .map(visible_name)
            .unwrap_or_default();
        if !chunk.scope.is_empty() {
            let scope = visible_name(&chunk.scope.join(" > "));
            name = format!("{name}  {DIM}in {scope}{PLAIN}");
        }
        let size = chunk.text.chars().count();
        writeln!(
            out,
            "{lines:>13}  {size:>5}  {:<9}  {}",
            chunk.kind.name(),
            name.trim_start()
        )?;
    }
    Ok(())
}
