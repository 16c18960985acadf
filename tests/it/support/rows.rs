//! What an index holds, read back through the store.

use std::path::Path;

use ollacode_store::{ChunkRow, OpenMode, OpenOptions, Result, Store};

use super::block_on;
use super::environment::Environment;

impl Environment {
    /// Every row of the only index, in order.
    #[track_caller]
    pub fn rows(&self) -> Vec<ChunkRow> {
        match rows_in(&self.index_folder()) {
            Ok(rows) => rows,
            Err(error) => panic!("the rows cannot be read: {error:?}"),
        }
    }

    /// Every row, or nothing while there is no index or it is being made.
    pub fn try_rows(&self) -> Option<Vec<ChunkRow>> {
        match self.index_folders().as_slice() {
            [folder] => rows_in(folder).ok(),
            _ => None,
        }
    }

    /// The rows that a machine without an index would make of the workspace as it is.
    #[track_caller]
    pub fn rows_of_a_clean_build(&mut self) -> Vec<ChunkRow> {
        let data = self.data_folder();
        let data = data
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let clean = self.outside().join("clean");
        if clean.exists() {
            std::fs::remove_dir_all(&clean).expect("the last clean build goes");
        }
        self.use_data_folder("clean");
        let model = self.replace_model("none");
        self.index();
        let rows = self.rows();
        self.replace_model(&model);
        self.use_data_folder(&data);
        rows
    }
}

/// Every row of an index, in order.
pub fn rows_in(index: &Path) -> Result<Vec<ChunkRow>> {
    block_on(async {
        let store = Store::open(index, OpenOptions::new(OpenMode::Read)).await?;
        let mut paths: Vec<String> = store
            .path_keys()
            .await?
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        paths.sort();
        paths.dedup();
        let mut rows = store.chunks_of_paths(&paths).await?;
        // Parts of one huge line share their place.
        rows.sort_by(|left, right| place(left).cmp(&place(right)));
        Ok(rows)
    })
}

fn place(row: &ChunkRow) -> (&str, u32, u32, &str) {
    (
        &row.chunk.path,
        row.chunk.start_line,
        row.chunk.end_line,
        &row.chunk.text,
    )
}

/// The paths of rows, each once.
pub fn paths(rows: &[ChunkRow]) -> Vec<&str> {
    let mut paths: Vec<&str> = rows.iter().map(|row| row.chunk.path.as_str()).collect();
    paths.dedup();
    paths
}

/// Demands that an index holds what a clean build would.
///
/// Places are compared first: a difference there is told in a line.
#[track_caller]
pub fn assert_same_rows(actual: &[ChunkRow], expected: &[ChunkRow], when: &str) {
    let places = |rows: &[ChunkRow]| -> Vec<String> {
        let shown = |row: &ChunkRow| {
            let chunk = &row.chunk;
            format!("{}:{}-{}", chunk.path, chunk.start_line, chunk.end_line)
        };
        rows.iter().map(shown).collect()
    };
    assert_eq!(
        places(actual),
        places(expected),
        "the places of the rows {when}"
    );
    for (actual, expected) in actual.iter().zip(expected) {
        assert_eq!(actual, expected, "a row {when}");
    }
}
