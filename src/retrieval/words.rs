//! Search while somebody types: by words and names only, at once.

use ollacode_indexer::{IndexError, SearchRequest, SearchResults};

use super::{CodeIndex, not_indexed};

impl CodeIndex {
    /// Searches without an embedding model, and without waiting for a folder that is being indexed.
    pub async fn search_words(&self, request: &SearchRequest) -> Result<SearchResults, IndexError> {
        if !self.index.exists() {
            return Ok(not_indexed());
        }
        let answer = self.index.search(request, None, &|_| {}).await?;
        Ok(self.checked(answer))
    }
}
