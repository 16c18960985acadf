//! The number of the rules by which files become chunks.

/// The number of the rules by which files are skipped, redacted, chunked and labelled.
///
/// Add one to it whenever the same file may become other chunks than before: after a change of the
/// chunker, of a query, of the table of languages, of a grammar's version, of the rules for secrets
/// or for skipped content, or of the columns of a chunk. The catalog records with each file by
/// which rules it was chunked, and files with another number are chunked again, once, while
/// searches use what there is. Other changes of these sources need no new number.
///
/// A test compares the chunks of a sample with those recorded beside the test.
pub(crate) const CHUNK_RULES: u32 = 6;

#[cfg(test)]
mod tests;
