//! The cache of vectors that a team shares, in a folder and on a real server of S3.

mod commands;
mod failing;
mod settings;
mod sharing;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::environment::hits_of;
use crate::support::s3_server::{BUCKET, Credentials, READER, S3Server, WRITER, s3_server};
use crate::support::samples::write_samples;
use crate::support::{Environment, ModelServer};

/// Where a test shares vectors.
enum TestPlace {
    Folder(TempDir),
    S3(S3Server),
}

impl TestPlace {
    fn folder() -> TestPlace {
        TestPlace::Folder(tempfile::tempdir().expect("a folder"))
    }

    /// `None` where there is no server of S3, which is said.
    #[track_caller]
    fn s3() -> Option<TestPlace> {
        s3_server().map(TestPlace::S3)
    }

    /// The value of the setting.
    fn address(&self) -> String {
        match self {
            TestPlace::Folder(folder) => folder.path().display().to_string(),
            TestPlace::S3(_) => format!("s3://{BUCKET}/vectors"),
        }
    }

    /// A member of the team: a home, a data folder and a workspace of their own.
    fn member(&self, server: &ModelServer, credentials: Credentials, writes: bool) -> Environment {
        let mut environment = Environment::on(server)
            .with("OLLACODE_SHARED_CACHE", &self.address())
            .with("OLLACODE_SHARED_CACHE_WRITE", &writes.to_string());
        if let TestPlace::S3(s3) = self {
            for (name, value) in s3.variables(credentials) {
                environment.set(name, &value);
            }
        }
        environment
    }

    fn writer(&self, server: &ModelServer) -> Environment {
        self.member(server, WRITER, true)
    }

    /// Has credentials with which nothing can be written.
    fn reader(&self, server: &ModelServer) -> Environment {
        self.member(server, READER, false)
    }

    /// The names of all files of the cache, without those that are being written.
    fn files(&self) -> BTreeSet<PathBuf> {
        let folder = match self {
            TestPlace::Folder(folder) => folder.path().to_owned(),
            TestPlace::S3(s3) => s3.objects(),
        };
        let mut found = BTreeSet::new();
        add_files(&folder, &mut found);
        found
    }
}

fn add_files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a plain name");
        // The server's own files begin with a dot; unfinished ones of a folder have a `#`.
        if name.starts_with('.') || name.contains('#') {
            continue;
        }
        if path.is_dir() {
            add_files(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// Makes each of these functions a test with a folder, and one with a server of S3.
macro_rules! with_each_place {
    ($($scenario:ident),* $(,)?) => {
        mod with_a_folder {
            $(#[test]
            fn $scenario() {
                super::$scenario(&crate::shared_cache::TestPlace::folder());
            })*
        }

        mod with_s3 {
            $(#[test]
            fn $scenario() {
                if let Some(place) = crate::shared_cache::TestPlace::s3() {
                    super::$scenario(&place);
                }
            })*
        }
    };
}
use with_each_place;

/// A workspace whose files are about different things, so that no two texts are equally near to a query.
fn fill(environment: &Environment) {
    write_samples(environment);
    let gear = "/// Shifts the gear of the automobile when the clutch is pressed.\n\
                pub fn shift_gear(clutch: bool, speed: u32) -> u32 {\n    \
                if clutch { speed / 20 } else { 0 }\n}\n";
    environment.write("src/gear.rs", gear);
    let bread = "def knead_dough(flour, water):\n    \"\"\"Kneads the dough until it is smooth.\"\"\"\n    \
                 return flour + water * 0.7\n";
    environment.write("kitchen/bread.py", bread);
    let tide = "// Predicts the height of the tide from the moon.\n\
                function tideHeight(moonPhase, harbour) {\n  \
                return harbour.mean + Math.cos(moonPhase) * harbour.range;\n}\n";
    environment.write("sea/tide.js", tide);
}

/// Path and lines of each hit, best first.
fn places_of_hits(environment: &Environment, query: &str) -> Vec<String> {
    let answer = environment.search_json(query);
    let place = |hit: &serde_json::Value| {
        let path = hit["path"].as_str().expect("a path");
        format!("{path}:{}-{}", hit["start_line"], hit["end_line"])
    };
    hits_of(&answer).iter().map(place).collect()
}
