//! Where files are cut: nothing is lost, nothing is too large, and each chunk knows where it is.

mod any_text;
mod coverage;
mod hostile;
mod linear;
mod names;
mod scopes;
mod sizes;

use ollacode_indexer::Chunk;

/// What a chunk is: `lines kind symbol [scope]`.
fn shape(chunk: &Chunk) -> String {
    let symbol = chunk.symbol.as_deref().unwrap_or("-");
    let scope = chunk.scope.join(" > ");
    format!(
        "{}-{} {} {symbol} [{scope}]",
        chunk.start_line, chunk.end_line, chunk.kind
    )
}
