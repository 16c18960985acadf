//! The files of the page. They are part of the program: nothing is fetched from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use super::Server;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The path that is asked for, exactly; the type; the content.
type File = (&'static str, &'static str, &'static [u8]);

const FILES: &[File] = &[
    ("/", HTML, include_bytes!("page/index.html")),
    ("/style.css", STYLE, include_bytes!("page/style.css")),
    ("/api.js", SCRIPT, include_bytes!("page/api.js")),
    ("/app.js", SCRIPT, include_bytes!("page/app.js")),
    ("/approvals.js", SCRIPT, include_bytes!("page/approvals.js")),
    ("/changes.js", SCRIPT, include_bytes!("page/changes.js")),
    ("/complete.js", SCRIPT, include_bytes!("page/complete.js")),
    ("/compose.js", SCRIPT, include_bytes!("page/compose.js")),
    ("/diff.js", SCRIPT, include_bytes!("page/diff.js")),
    ("/dom.js", SCRIPT, include_bytes!("page/dom.js")),
    ("/files.js", SCRIPT, include_bytes!("page/files.js")),
    ("/nodes.js", SCRIPT, include_bytes!("page/nodes.js")),
    ("/notify.js", SCRIPT, include_bytes!("page/notify.js")),
    ("/search.js", SCRIPT, include_bytes!("page/search.js")),
    ("/sessions.js", SCRIPT, include_bytes!("page/sessions.js")),
    ("/state.js", SCRIPT, include_bytes!("page/state.js")),
    ("/system.js", SCRIPT, include_bytes!("page/system.js")),
    ("/view.js", SCRIPT, include_bytes!("page/view.js")),
];

/// The page and its files; there is no other path.
pub fn routes() -> Router<Arc<Server>> {
    let mut routes = Router::new();
    for &(path, content_type, content) in FILES {
        let answer = move || async move {
            ([(CONTENT_TYPE, content_type)], Body::from(content)).into_response()
        };
        routes = routes.route(path, get(answer));
    }
    routes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The largest size of all files together.
    const MOST_BYTES: usize = 80_000;
    /// The only address that may be named: it is the name of a language, and nothing is fetched.
    const SVG: &str = "http://www.w3.org/2000/svg";

    /// Each file: its path and its text.
    fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
        FILES.iter().map(|&(path, _, content)| {
            let text = std::str::from_utf8(content).expect("text");
            (path, text)
        })
    }

    /// The lines of a text that are no comments.
    fn code(text: &str) -> impl Iterator<Item = &str> {
        let comments = ["//", "/*", "*", "<!--"];
        text.lines().filter(move |line| {
            !comments
                .iter()
                .any(|sign| line.trim_start().starts_with(sign))
        })
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/frontends/web/page");
        let entries = fs::read_dir(folder).expect("the folder of the page");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let found: BTreeSet<String> = entries.map(|entry| name(entry.expect("a file"))).collect();
        let served = texts().map(|(path, _)| match path {
            "/" => "index.html".to_owned(),
            path => path.trim_start_matches('/').to_owned(),
        });
        assert_eq!(served.collect::<BTreeSet<String>>(), found);
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for (path, text) in texts() {
            let text = text.replace(SVG, "").to_lowercase();
            for scheme in [
                "http://", "https://", "ws://", "wss://", "\"//", "'//", "(//",
            ] {
                let mut after = text.split(scheme).skip(1);
                let is_address = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric());
                assert!(!after.any(is_address), "{path} has an address: {scheme}…");
            }
            assert!(!text.contains("@import"), "{path}");
        }
    }

    #[test]
    fn the_policy_of_the_page_needs_no_exception() {
        let words = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "javascript:",
            " style=\"",
            " onclick=",
            "<style",
        ];
        for (path, text) in texts() {
            for (line, word) in code(text).flat_map(|line| words.map(|word| (line, word))) {
                assert!(!line.contains(word), "{path} has {word}: {line}");
            }
        }
    }

    #[test]
    fn what_a_file_names_is_served() {
        let served: BTreeSet<&str> = texts().map(|(path, _)| path).collect();
        for (path, text) in texts() {
            for part in text.split(['\'', '"']) {
                let is_file = part.ends_with(".js") || part.ends_with(".css");
                if !is_file || part.contains(char::is_whitespace) {
                    continue;
                }
                let named = part.trim_start_matches("./").trim_start_matches('/');
                let named = format!("/{named}");
                assert!(served.contains(named.as_str()), "{path} names {part}");
            }
        }
    }

    #[test]
    fn the_page_is_small() {
        let size: usize = FILES.iter().map(|(_, _, content)| content.len()).sum();
        assert!(size <= MOST_BYTES, "{size} bytes, at most {MOST_BYTES}");
    }
}
