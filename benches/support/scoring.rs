//! What the scorers of labelled sets share: the program for a repository, and means.

use std::path::{Path, PathBuf};

use anyhow::Error;
use ollacode::app::App;
use ollacode::config::{Environment, Flags};

/// Joins the parts as the program does, with settings for a repository. Without a model of Ollama
/// there are no vectors.
pub fn app(root: &Path, data_dir: Option<PathBuf>, model: Option<&str>) -> Result<App, Error> {
    let model = model.unwrap_or("none");
    let flags = Flags::default()
        .with("WORKSPACE_DIR", "PATH", Some(root))
        .with("OLLACODE_DATA_DIR", "--data-dir", data_dir)
        .with("OLLAMA_EMBED_MODEL", "--embed-model", Some(model));
    Ok(App::start(&flags, &Environment::capture()?)?)
}

/// The folder for indexes; nothing if `OLLACODE_DATA_DIR` names one.
pub fn data_dir(temporary: &Path) -> Option<PathBuf> {
    let own = std::env::var_os("OLLACODE_DATA_DIR").is_some_and(|folder| !folder.is_empty());
    (!own).then(|| temporary.to_owned())
}

/// The mean of some numbers; 0 of none.
pub fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0_u32), |(sum, count), it| (sum + it, count + 1));
    sum / f64::from(count.max(1))
}
