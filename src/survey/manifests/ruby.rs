//! `Gemfile`, gemspecs and `Rakefile`.

use super::super::draft::{Draft, ManifestFile, line_of};
use super::super::facts::CommandKind::{Format, FormatCheck, Lint, OneTest, Run, Test};
use super::super::facts::Ecosystem::Bundler;
use super::super::files::join;
use super::super::tasks::{Runner, TaskBody};
use super::quoted;

pub(super) fn read_gemfile(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut gems = Vec::new();
    for line in file.text.lines().map(str::trim) {
        if line.starts_with("gem ") || line.starts_with("gem(") {
            gems.extend(quoted(line).first().copied());
        } else if line.starts_with("ruby ") && file.folder.is_empty() {
            draft.toolchain(
                "Ruby",
                quoted(line).first().copied().unwrap_or_default(),
                file.path,
            );
        }
    }
    for gem in &gems {
        draft.depends(Bundler, gem, file.path);
    }
    let is_there = |name: &str| draft.files.has(&join(file.folder, name));
    let has_spec = draft.files.has_folder(&join(file.folder, "spec"));
    let has_rspec = gems.iter().any(|gem| gem.starts_with("rspec")) || is_there(".rspec");
    let has_rails = gems.contains(&"rails") && is_there("bin/rails");
    let has_rackup = is_there("config.ru");
    let test_folder = ["test"]
        .iter()
        .any(|name| draft.files.has_folder(&join(file.folder, name)));
    if has_rspec && has_spec {
        draft.set_up(file, Test, Bundler, "bundle exec rspec", "rspec");
        draft.set_up(
            file,
            OneTest,
            Bundler,
            "bundle exec rspec {file} -e \"{name}\"",
            "rspec",
        );
    }
    if has_rails {
        draft.set_up(file, Run, Bundler, "bin/rails server", "rails");
        if test_folder {
            draft.set_up(file, Test, Bundler, "bin/rails test", "rails");
            draft.set_up(
                file,
                OneTest,
                Bundler,
                "bin/rails test {file} -n {name}",
                "rails",
            );
        }
    } else if test_folder
        && gems
            .iter()
            .any(|gem| matches!(*gem, "minitest" | "test-unit"))
    {
        let line = "bundle exec ruby -Ilib -Itest {file} -n {name}";
        draft.set_up(file, OneTest, Bundler, line, "minitest");
    }
    if has_rackup && !has_rails {
        draft.entry_point(&join(file.folder, "config.ru"), "program of Rack");
        draft.usual(file, Run, Bundler, "bundle exec rackup");
    }
    for (gem, kind, line) in [
        ("rubocop", Lint, "bundle exec rubocop"),
        ("rubocop", Format, "bundle exec rubocop -x"),
        ("standard", Lint, "bundle exec standardrb"),
        ("rufo", FormatCheck, "bundle exec rufo --check ."),
    ] {
        if gems.contains(&gem) {
            draft.set_up(file, kind, Bundler, line, gem);
        }
    }
}

pub(super) fn read_gemspec(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for line in file.text.lines().map(str::trim) {
        let names = quoted(line);
        let Some(first) = names.first() else {
            continue;
        };
        if line.contains("add_dependency")
            || line.contains("add_runtime_dependency")
            || line.contains("add_development_dependency")
        {
            draft.depends(Bundler, first, file.path);
        } else if line.contains(".name ")
            || line.starts_with("Gem::Specification.new '")
            || line.starts_with("Gem::Specification.new(\"")
        {
            draft.own.insert((*first).to_owned());
            let library = join(file.folder, &format!("lib/{}.rb", first.replace('-', "/")));
            if draft.files.has(&library) {
                draft.entry_point(&library, &format!("library {first}"));
            }
        } else if line.contains("required_ruby_version") && file.folder.is_empty() {
            draft.toolchain("Ruby", first, file.path);
        } else if line.contains(".license ") && file.folder.is_empty() {
            draft.licence(first, file.path);
        }
    }
}

/// Tasks of rake: `task :name`, `task name: :other`, and those that libraries make.
pub(super) fn read_rakefile(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut namespaces = 0_usize;
    let mut default = None;
    for line in file.text.lines() {
        let code = line.trim();
        let is_outer = !line.starts_with([' ', '\t']);
        if is_outer && code.starts_with("namespace ") {
            namespaces += 1;
        }
        if !is_outer {
            continue;
        }
        let made = [
            ("Rake::TestTask.new", "test"),
            ("Minitest::TestTask.create", "test"),
            ("RSpec::Core::RakeTask.new", "spec"),
            ("RuboCop::RakeTask.new", "rubocop"),
        ]
        .into_iter()
        .find(|(call, _)| code.contains(call));
        if let Some((call, usual)) = made {
            let name = symbol(code.split_once(call).map_or("", |(_, rest)| rest)).unwrap_or(usual);
            add(draft, file, name, "", call);
        } else if let Some(rest) = code.strip_prefix("task") {
            let rest = rest.trim_start_matches('(').trim();
            let (name, needs) = task(rest);
            match name {
                Some("default") => default = needs.map(str::to_owned),
                // Of a project without specs it makes a document.
                Some("spec") if !draft.files.has_folder(&join(file.folder, "spec")) => {}
                Some(name) => add(draft, file, name, needs.unwrap_or_default(), code),
                None => {}
            }
        }
    }
    if let Some(name) = default.filter(|_| namespaces < 1_000) {
        let body = TaskBody {
            script: format!("rake {name}"),
            path: file.path.to_owned(),
            line: line_of(file.text, "default"),
            what: format!("default target {name}"),
            is_hidden: true,
        };
        draft.task(Runner::Rake, file.folder, "", body);
    }
}

fn add(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, name: &str, needs: &str, sign: &str) {
    let script = if needs.is_empty() {
        String::new()
    } else {
        format!("rake {needs}")
    };
    let body = TaskBody {
        script,
        path: file.path.to_owned(),
        line: line_of(file.text, sign),
        what: format!("task {name}"),
        is_hidden: false,
    };
    draft.task(Runner::Rake, file.folder, name, body);
}

/// The name in `:name`, `(:name)`, `'name'`, `:'name'`.
fn symbol(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['(', ' ']);
    let text = text.strip_prefix(':')?.trim_start_matches(['"', '\'']);
    let end = text.find(|sign: char| !sign.is_ascii_alphanumeric() && !"_:".contains(sign));
    Some(&text[..end.unwrap_or(text.len())]).filter(|name| !name.is_empty())
}

/// The name of a task and the first one that it needs: `default: :test`, `:test => :spec`, `:spec`.
fn task(text: &str) -> (Option<&str>, Option<&str>) {
    if let Some((name, rest)) = text.split_once(": ")
        && name
            .chars()
            .all(|sign| sign == '_' || sign.is_ascii_alphanumeric())
    {
        let needs = symbol(rest).or_else(|| listed(rest));
        return (Some(name), needs);
    }
    let needs = text
        .split_once("=>")
        .and_then(|(_, rest)| symbol(rest).or_else(|| listed(rest)));
    (symbol(text), needs)
}

/// The first of `%i[a b]`, `%w[a b]` or `[:a, :b]`.
fn listed(text: &str) -> Option<&str> {
    let inside = text.split_once('[')?.1;
    let inside = inside.trim_start_matches(':');
    let end = inside.find(|sign: char| !sign.is_ascii_alphanumeric() && !"_:".contains(sign))?;
    Some(&inside[..end]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_and_what_they_need_are_read() {
        for (text, name, needs) in [
            ("default: :test", Some("default"), Some("test")),
            ("default: :spec)", Some("default"), Some("spec")),
            (":spec) { ruby '-S rspec' }", Some("spec"), None),
            (":default => [:spec, :lint]", Some("default"), Some("spec")),
            ("all: %i[test build]", Some("all"), Some("test")),
            ("'doc' => ['doc:api']", None, None),
        ] {
            let (found, needed) = task(text);
            assert_eq!(found, name, "{text}");
            if text != "'doc' => ['doc:api']" {
                assert_eq!(needed, needs, "{text}");
            }
        }
    }
}
