//! Paths in outputs as paths of the workspace. Many tools print absolute ones (rustfmt, eslint), or
//! those of the folder in which they run.

/// An output in which what is below the root is named relative to it.
pub fn without_root(output: &str, root: &str) -> String {
    let root = root.trim_end_matches('/');
    let mut text = String::new();
    let mut rest = output;
    if !root.is_empty() {
        let start = format!("{root}/");
        while let Some((before, behind)) = rest.split_once(&start) {
            text.push_str(before);
            // `/app/` in `src/app/a.js` is no root.
            let is_inside = text.ends_with(|sign: char| {
                sign.is_alphanumeric() || matches!(sign, '_' | '-' | '.' | '/' | '~' | '@')
            });
            if is_inside && !text.ends_with("file://") {
                text.push_str(&start);
            }
            rest = behind;
        }
    }
    text.push_str(rest);
    text
}

/// A path that a command names which ran in a folder, relative to the root of the workspace.
pub(super) fn in_workspace(path: &str, folder: &str, changed: &[String]) -> String {
    let is_changed = |path: &str| changed.iter().any(|known| known == path);
    let below = format!("{folder}/{path}");
    let is_below = path
        .strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'));
    let is_whole = folder.is_empty()
        || path.starts_with(['/', '\\'])
        || is_changed(path)
        || (is_below && !is_changed(&below));
    match is_whole {
        true => path.to_owned(),
        false => below,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_root_is_relative() {
        for (output, expected) in [
            ("Diff in /w/app/src/a.rs:1:", "Diff in src/a.rs:1:"),
            (
                "/w/app/src/a.js\n  1:1  error  x",
                "src/a.js\n  1:1  error  x",
            ),
            ("at f (file:///w/app/a.js:1:2)", "at f (file://a.js:1:2)"),
            ("(/w/app/a.js:1) /w/app/b.js", "(a.js:1) b.js"),
            ("src/w/app/a.js", "src/w/app/a.js"),
            ("/w/apple/a.js in /w/app", "/w/apple/a.js in /w/app"),
            ("é/w/app/a /w/app/é", "é/w/app/a é"),
        ] {
            assert_eq!(without_root(output, "/w/app"), expected, "{output}");
            assert_eq!(without_root(output, "/w/app/"), expected, "{output}");
        }
        assert_eq!(without_root("/a/b", "/"), "/a/b");
    }

    #[test]
    fn a_path_of_a_folder_is_one_of_the_workspace() {
        let changed = ["web/src/a.ts".to_owned(), "web/web/c.ts".to_owned()];
        for (path, folder, expected) in [
            ("src/a.ts", "", "src/a.ts"),
            ("src/a.ts", "web", "web/src/a.ts"),
            ("src/b.ts", "web", "web/src/b.ts"),
            ("web/src/a.ts", "web", "web/src/a.ts"),
            ("web/src/b.ts", "web", "web/src/b.ts"),
            ("web/c.ts", "web", "web/web/c.ts"),
            ("/usr/lib/a.ts", "web", "/usr/lib/a.ts"),
        ] {
            assert_eq!(in_workspace(path, folder, &changed), expected, "{path}");
        }
    }
}
