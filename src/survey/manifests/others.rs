//! Mix, Composer, Dart, Stack, Cabal and Dune.

use super::super::draft::{Draft, ManifestFile, line_of};
use super::super::facts::CommandKind::{
    Build, Format, FormatCheck, Lint, OneTest, Run, Test, TypeCheck,
};
use super::super::facts::Ecosystem::{Cabal, Composer, Dart, Dune, Mix, Stack};
use super::super::files::{join, split};
use super::super::tasks::{Runner, TaskBody};
use super::super::yaml::Yaml;
use super::{keys, parsed_json, texts};

pub(super) fn read_mix(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let depends_on = mix_dependencies(draft, file);
    let is_umbrella = file.text.contains("apps_path:");
    if is_umbrella {
        let apps = join(file.folder, "apps");
        let members: Vec<String> = draft.files.folders_in(&apps).map(str::to_owned).collect();
        for member in members {
            if draft.files.has(&join(&member, "mix.exs")) {
                draft.member(&member, "", "mix.exs");
            }
        }
    }
    if draft
        .members
        .iter()
        .any(|member| member.path == file.folder)
    {
        return;
    }
    for (kind, line) in [
        (Build, "mix compile"),
        (Test, "mix test"),
        (OneTest, "mix test {file}"),
        (FormatCheck, "mix format --check-formatted"),
        (Format, "mix format"),
    ] {
        let is_format = matches!(kind, Format | FormatCheck);
        if !is_format || draft.files.has(&join(file.folder, ".formatter.exs")) {
            draft.usual(file, kind, Mix, line);
        }
    }
    for (name, kind, line) in [
        ("credo", Lint, "mix credo"),
        ("dialyxir", TypeCheck, "mix dialyzer"),
        ("phoenix", Run, "mix phx.server"),
    ] {
        if depends_on.contains(&name) {
            draft.set_up(file, kind, Mix, line, name);
        }
    }
}

/// Reads what a project of Mix depends on, its name and version; returns the dependencies.
fn mix_dependencies<'t>(draft: &mut Draft<'_, '_>, file: ManifestFile<'t>) -> Vec<&'t str> {
    let mut depends_on = Vec::new();
    for line in file.text.lines().map(str::trim) {
        // {:name, "~> 1.0"}
        if let Some((_, rest)) = line.split_once("{:")
            && let Some((name, rest)) = rest.split_once(',')
            && rest
                .trim_start()
                .starts_with(['"', '\'', 'p', 'g', 'o', 'i', '>'])
            && name
                .chars()
                .all(|sign| sign == '_' || sign.is_ascii_alphanumeric())
        {
            draft.depends(Mix, name, file.path);
            depends_on.push(name);
        }
        if let Some((_, rest)) = line.split_once("app: :") {
            let end = rest.find(|sign: char| sign != '_' && !sign.is_ascii_alphanumeric());
            draft
                .own
                .insert(rest[..end.unwrap_or(rest.len())].to_owned());
        }
        if let Some((_, version)) = line
            .split_once("elixir: \"")
            .filter(|_| file.folder.is_empty())
        {
            draft.toolchain(
                "Elixir",
                version.split('"').next().unwrap_or_default(),
                file.path,
            );
        }
    }
    depends_on
}

pub(super) fn read_composer(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let Some(manifest) = parsed_json(draft, file) else {
        return;
    };
    let mut packages = Vec::new();
    for section in ["require", "require-dev"] {
        packages.extend(keys(&manifest[section]));
    }
    for name in &packages {
        draft.depends(Composer, name, file.path);
    }
    if file.folder.is_empty() {
        draft.toolchain(
            "PHP",
            manifest["require"]["php"].as_str().unwrap_or_default(),
            file.path,
        );
        draft.licence(manifest["license"].as_str().unwrap_or_default(), file.path);
    }
    for (name, script) in manifest["scripts"].as_object().into_iter().flatten() {
        let script = match script.as_str() {
            Some(script) => script.to_owned(),
            None => texts(script).join("\n"),
        };
        let body = TaskBody {
            // `@name` runs another script.
            script: script.replace("@php ", "php ").replace('@', "composer "),
            path: file.path.to_owned(),
            line: line_of(file.text, &format!("\"{name}\"")),
            what: format!("scripts.{name}"),
            is_hidden: false,
        };
        draft.task(Runner::Composer, file.folder, name, body);
    }
    let has = |name: &str| packages.iter().any(|package| package == name);
    for (package, kind, line) in [
        ("phpunit/phpunit", Test, "vendor/bin/phpunit"),
        (
            "phpunit/phpunit",
            OneTest,
            "vendor/bin/phpunit --filter {name} {file}",
        ),
        ("pestphp/pest", Test, "vendor/bin/pest"),
        (
            "pestphp/pest",
            OneTest,
            "vendor/bin/pest {file} --filter {name}",
        ),
        ("phpstan/phpstan", TypeCheck, "vendor/bin/phpstan analyse"),
        ("squizlabs/php_codesniffer", Lint, "vendor/bin/phpcs"),
        (
            "friendsofphp/php-cs-fixer",
            FormatCheck,
            "vendor/bin/php-cs-fixer fix --dry-run",
        ),
        (
            "friendsofphp/php-cs-fixer",
            Format,
            "vendor/bin/php-cs-fixer fix",
        ),
        ("laravel/pint", FormatCheck, "vendor/bin/pint --test"),
        ("laravel/pint", Format, "vendor/bin/pint"),
        ("laravel/framework", Run, "php artisan serve"),
    ] {
        if has(package) {
            draft.set_up(file, kind, Composer, line, package);
        }
    }
}

pub(super) fn read_pubspec(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let manifest = match Yaml::parse(file.text) {
        Ok(manifest) => manifest,
        Err(error) => return draft.files.unread(file.path, &format!("no YAML: {error}")),
    };
    let mut is_flutter = false;
    for section in ["dependencies", "dev_dependencies"] {
        for (name, _) in manifest.get(section).map(Yaml::entries).unwrap_or_default() {
            is_flutter |= name == "flutter";
            draft.depends(Dart, name, file.path);
        }
    }
    let name = manifest.text_at("name").unwrap_or_default();
    draft.own.insert(name.to_owned());
    for (path, what) in [("lib/main.dart", "program"), ("bin/main.dart", "program")] {
        let path = join(file.folder, path);
        if draft.files.has(&path) {
            draft.entry_point(&path, &format!("{what} {name}"));
        }
    }
    let program = if is_flutter { "flutter" } else { "dart" };
    if draft.files.has_folder(&join(file.folder, "test")) {
        draft.usual(file, Test, Dart, &format!("{program} test"));
        draft.usual(
            file,
            OneTest,
            Dart,
            &format!("{program} test {{file}} --name {{name}}"),
        );
    }
    draft.usual(file, Lint, Dart, &format!("{program} analyze"));
    draft.usual(
        file,
        FormatCheck,
        Dart,
        "dart format --output=none --set-exit-if-changed .",
    );
    draft.usual(file, Format, Dart, "dart format .");
    if is_flutter {
        draft.usual(file, Run, Dart, "flutter run");
    }
}

pub(super) fn read_stack(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let resolver = Yaml::parse(file.text).ok();
    let resolver = resolver
        .as_ref()
        .and_then(|yaml| yaml.text_at("resolver").or(yaml.text_at("snapshot")));
    draft.toolchain("Stackage", resolver.unwrap_or_default(), file.path);
    draft.usual(file, Build, Stack, "stack build");
    draft.usual(file, Test, Stack, "stack test");
    draft.usual(file, OneTest, Stack, "stack test --ta \"--match {name}\"");
}

pub(super) fn read_cabal(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let name = split(file.path).1.trim_end_matches(".cabal");
    let mut is_depending = false;
    for line in file.text.lines() {
        let trimmed = line.trim();
        let lower = trimmed.to_ascii_lowercase();
        let after = lower.strip_prefix("build-depends:");
        is_depending =
            after.is_some() || (is_depending && !trimmed.contains(':') && !trimmed.is_empty());
        if is_depending {
            for package in after.unwrap_or(&lower).split(',') {
                let package = package.split_whitespace().next().unwrap_or_default();
                draft.depends(Cabal, package, file.path);
            }
        }
        if let Some(program) = lower.strip_prefix("executable ") {
            let main = file.text.lines().find_map(|line| {
                let (key, value) = line.trim().split_once(':')?;
                key.eq_ignore_ascii_case("main-is").then(|| value.trim())
            });
            for folder in ["app", "src", "exe", ""] {
                let path = join(&join(file.folder, folder), main.unwrap_or_default());
                let path = path.trim_end_matches('/').replace("//", "/");
                if draft.files.has(&path) {
                    draft.entry_point(&path, &format!("program {}", program.trim()));
                    break;
                }
            }
        }
    }
    draft.own.insert(name.to_owned());
    if draft.files.has(&join(file.folder, "stack.yaml")) || !draft.is_top(Cabal, file.folder) {
        return;
    }
    draft.usual(file, Build, Cabal, "cabal build all");
    if file.text.contains("test-suite") || file.path.ends_with("cabal.project") {
        draft.usual(file, Test, Cabal, "cabal test all");
        draft.usual(
            file,
            OneTest,
            Cabal,
            "cabal test --test-options \"--match {name}\"",
        );
    }
}

pub(super) fn read_dune(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let version = file
        .text
        .lines()
        .find_map(|line| line.trim().strip_prefix("(lang dune "));
    draft.toolchain(
        "Dune",
        version.unwrap_or_default().trim_end_matches(')'),
        file.path,
    );
    let name = file
        .text
        .lines()
        .find_map(|line| line.trim().strip_prefix("(name "));
    let name = name.map(|name| name.trim_end_matches(')'));
    draft.own.extend(name.map(str::to_owned));
    draft.usual(file, Build, Dune, "dune build");
    draft.usual(file, Test, Dune, "dune runtest");
    draft.usual(file, FormatCheck, Dune, "dune build @fmt");
    draft.usual(file, Format, Dune, "dune fmt");
}
