//! CMake, Meson, Swift and Zig.

use super::super::draft::{Draft, ManifestFile};
use super::super::facts::CommandKind::{Build, Format, FormatCheck, OneTest, Run, Test};
use super::super::facts::Ecosystem::{CMake, Meson, Swift, Zig};
use super::super::files::join;
use super::quoted;

/// What stands in the brackets of each call of a function, its name in small letters.
fn calls<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let (Some(begin), Some(rest)) = (line.get(..name.len()), line.get(name.len()..)) else {
            continue;
        };
        let Some(arguments) = rest.trim_start().strip_prefix('(') else {
            continue;
        };
        if begin.eq_ignore_ascii_case(name) {
            found.push(arguments.split(')').next().unwrap_or(arguments).trim());
        }
    }
    found
}

fn first_word(text: &str) -> &str {
    text.split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_matches('"')
}

pub(super) fn read_cmake(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for package in calls(file.text, "find_package") {
        draft.depends(CMake, first_word(package), file.path);
    }
    for declared in calls(file.text, "FetchContent_Declare") {
        draft.depends(CMake, first_word(declared), file.path);
    }
    for program in calls(file.text, "add_executable") {
        let mut words = program.split_whitespace();
        let name = words.next().unwrap_or_default();
        let main = words
            .map(|word| join(file.folder, word))
            .find(|path| draft.files.has(path));
        if let Some(main) = main.filter(|_| !name.contains("test") && !name.contains('$')) {
            draft.entry_point(&main, &format!("program {name}"));
        }
    }
    if !draft.is_top(CMake, file.folder) {
        return;
    }
    let presets = draft.files.has(&join(file.folder, "CMakePresets.json"));
    let version = calls(file.text, "cmake_minimum_required")
        .first()
        .copied()
        .unwrap_or_default();
    draft.toolchain(
        "CMake",
        version.trim_start_matches("VERSION").trim(),
        file.path,
    );
    draft.usual(file, Build, CMake, "cmake -B build && cmake --build build");
    if presets {
        draft.set_up(
            file,
            Build,
            CMake,
            "cmake --preset default && cmake --build --preset default",
            "project",
        );
    }
    let has_tests = [
        "enable_testing",
        "add_test",
        "gtest_discover_tests",
        "catch_discover_tests",
    ]
    .iter()
    .any(|call| !calls(file.text, call).is_empty())
        || calls(file.text, "include").contains(&"CTest");
    if has_tests {
        draft.usual(
            file,
            Test,
            CMake,
            "ctest --test-dir build --output-on-failure",
        );
        draft.usual(
            file,
            OneTest,
            CMake,
            "ctest --test-dir build --output-on-failure -R {name}",
        );
    }
}

pub(super) fn read_meson(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for dependency in calls(file.text, "dependency") {
        draft.depends(
            Meson,
            quoted(dependency).first().copied().unwrap_or_default(),
            file.path,
        );
    }
    if !draft.is_top(Meson, file.folder) {
        return;
    }
    draft.usual(
        file,
        Build,
        Meson,
        "meson setup build && meson compile -C build",
    );
    let below = join(file.folder, "");
    let is_meson = |path: &&str| path.starts_with(&below) && path.ends_with("meson.build");
    let all: Vec<String> = draft
        .files
        .all()
        .map(|(path, _)| path)
        .filter(is_meson)
        .take(50)
        .map(str::to_owned)
        .collect();
    let has_tests = all.iter().any(|path| {
        let text = draft.files.read(path);
        text.is_some_and(|text| !calls(&text, "test").is_empty())
    });
    if has_tests {
        draft.usual(file, Test, Meson, "meson test -C build");
        draft.usual(file, OneTest, Meson, "meson test -C build {name}");
    }
}

pub(super) fn read_swift(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for line in file.text.lines() {
        if let Some((_, version)) = line.split_once("swift-tools-version:") {
            draft.toolchain("Swift", version, file.path);
        }
        if line.contains(".package(") {
            let address = quoted(line).into_iter().find(|text| text.contains('/'));
            let name = address.and_then(|address| address.rsplit('/').next());
            draft.depends(
                Swift,
                name.unwrap_or_default().trim_end_matches(".git"),
                file.path,
            );
        }
    }
    let targets: Vec<String> = draft
        .files
        .folders_in(&join(file.folder, "Sources"))
        .map(str::to_owned)
        .collect();
    for folder in targets {
        let main = join(&folder, "main.swift");
        if draft.files.has(&main) {
            draft.entry_point(&main, "program");
        }
    }
    draft.usual(file, Build, Swift, "swift build");
    if draft.files.has_folder(&join(file.folder, "Tests")) || file.text.contains(".testTarget") {
        draft.usual(file, Test, Swift, "swift test");
        draft.usual(file, OneTest, Swift, "swift test --filter {name}");
    }
    if file.text.contains(".executable") {
        draft.usual(file, Run, Swift, "swift run");
    }
}

pub(super) fn read_zig(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for (path, what) in [("src/main.zig", "program"), ("src/root.zig", "library")] {
        let path = join(file.folder, path);
        if draft.files.has(&path) {
            draft.entry_point(&path, what);
        }
    }
    draft.usual(file, Build, Zig, "zig build");
    if file.text.contains("step(\"test\"") {
        draft.usual(file, Test, Zig, "zig build test");
    }
    draft.usual(file, OneTest, Zig, "zig test {file} --test-filter {name}");
    if file.text.contains("step(\"run\"") {
        draft.usual(file, Run, Zig, "zig build run");
    }
    draft.usual(file, FormatCheck, Zig, "zig fmt --check .");
    draft.usual(file, Format, Zig, "zig fmt .");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_whatever_their_letters() {
        let text =
            "Find_Package(Qt6 REQUIRED)\n  add_test( a b )\n# find_package(X)\nadd_testing(c)\n";
        assert_eq!(calls(text, "find_package"), ["Qt6 REQUIRED"]);
        assert_eq!(calls(text, "add_test"), ["a b"]);
        assert_eq!(calls("é(x)", "add"), Vec::<&str>::new());
    }
}
