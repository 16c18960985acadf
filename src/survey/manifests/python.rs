//! `pyproject.toml`, `setup.py`, requirements, `Pipfile`, `manage.py`.

use serde_json::Value;

use super::super::draft::{Draft, ManifestFile, is_plain};
use super::super::facts::CommandKind::{
    self, Build, Format, FormatCheck, Lint, OneTest, Run, Test, TypeCheck,
};
use super::super::facts::Ecosystem::Python;
use super::super::files::{join, resolve, split};
use super::{expand, keys, parsed_toml, python_tools, quoted, texts};

/// Lock files and tables, and what stands before a command of the project.
const RUNNERS: &[(&str, &str, &str)] = &[
    ("uv.lock", "uv", "uv run "),
    ("poetry.lock", "poetry", "poetry run "),
    ("pdm.lock", "pdm", "pdm run "),
    ("Pipfile", "pipenv", "pipenv run "),
    ("pixi.lock", "pixi", "pixi run "),
];

/// The interpreter in a folder: what runs commands there brings its own.
fn interpreter(draft: &Draft<'_, '_>, folder: &str) -> String {
    match python_runner(draft, folder) {
        "" => "python3".to_owned(),
        runner => format!("{runner}python"),
    }
}

/// What stands before a command of the project in a folder: `uv run `, or nothing. Of several lock
/// files the one that CI uses counts.
pub(in crate::survey) fn python_runner(draft: &Draft<'_, '_>, folder: &str) -> &'static str {
    let mut here = Some(folder);
    while let Some(at) = here {
        let found: Vec<_> = RUNNERS
            .iter()
            .filter(|(lock, _, _)| draft.files.has(&join(at, lock)))
            .collect();
        let used = found
            .iter()
            .find(|(_, manager, _)| draft.used_by_ci.contains(*manager));
        if let Some(&&(_, _, runner)) = used.or(found.first()) {
            return runner;
        }
        let text = draft.files.read(&join(at, "pyproject.toml"));
        let has = |table: &str| {
            text.as_ref()
                .is_some_and(|text| text.lines().any(|line| line.starts_with(table)))
        };
        if has("[tool.poetry") {
            return "poetry run ";
        }
        if has("[tool.uv") {
            return "uv run ";
        }
        if has("[tool.pdm.dev-dependencies") {
            return "pdm run ";
        }
        here = (!at.is_empty()).then(|| split(at).0);
    }
    ""
}

pub(super) fn read_pyproject(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let Some(manifest) = parsed_toml(draft, file) else {
        return;
    };
    let project = &manifest["project"];
    let poetry = &manifest["tool"]["poetry"];
    for name in [&project["name"], &poetry["name"]] {
        draft.own.extend(name.as_str().map(normal));
    }
    if file.folder.is_empty() {
        let python = project["requires-python"]
            .as_str()
            .or(poetry["dependencies"]["python"].as_str());
        draft.toolchain("Python", python.unwrap_or_default(), file.path);
        let licence = project["license"]
            .as_str()
            .or(project["license"]["text"].as_str());
        draft.licence(
            licence.or(poetry["license"].as_str()).unwrap_or_default(),
            file.path,
        );
    }
    let members = texts(&manifest["tool"]["uv"]["workspace"]["members"]);
    for member in expand(draft, file.folder, &members) {
        if draft.files.has(&join(&member, "pyproject.toml")) {
            draft.member(&member, "", "pyproject.toml");
        }
    }
    let dependencies = dependencies(&manifest);
    for name in &dependencies {
        draft.depends(Python, name, file.path);
    }
    scripts(draft, file, &manifest);
    commands(draft, file, &manifest, &dependencies);
}

/// The names of all dependencies, whatever they are for.
fn dependencies(manifest: &Value) -> Vec<String> {
    let mut lists = vec![
        &manifest["project"]["dependencies"],
        &manifest["tool"]["uv"]["dev-dependencies"],
    ];
    for groups in [
        &manifest["project"]["optional-dependencies"],
        &manifest["dependency-groups"],
        &manifest["tool"]["pdm"]["dev-dependencies"],
    ] {
        lists.extend(
            groups
                .as_object()
                .into_iter()
                .flatten()
                .map(|(_, list)| list),
        );
    }
    for (_, environment) in manifest["tool"]["hatch"]["envs"]
        .as_object()
        .into_iter()
        .flatten()
    {
        lists.push(&environment["dependencies"]);
        lists.push(&environment["extra-dependencies"]);
    }
    let mut names: Vec<String> = lists
        .into_iter()
        .flat_map(texts)
        .map(|text| requirement(&text))
        .collect();
    let poetry = &manifest["tool"]["poetry"];
    names.extend(
        keys(&poetry["dependencies"])
            .iter()
            .map(|name| normal(name)),
    );
    names.extend(
        keys(&poetry["dev-dependencies"])
            .iter()
            .map(|name| normal(name)),
    );
    for (_, group) in poetry["group"].as_object().into_iter().flatten() {
        names.extend(keys(&group["dependencies"]).iter().map(|name| normal(name)));
    }
    names.retain(|name| !name.is_empty() && name != "python");
    names
}

/// The name in a requirement: `Django[argon2]>=4; python_version > "3"`.
fn requirement(text: &str) -> String {
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
    let end = text.find(|sign: char| !is_name(sign)).unwrap_or(text.len());
    normal(&text[..end])
}

/// A name as the package index compares it.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

fn scripts(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, manifest: &Value) {
    let tables = [
        &manifest["project"]["scripts"],
        &manifest["tool"]["poetry"]["scripts"],
    ];
    let mut names = Vec::new();
    for (name, target) in tables.into_iter().filter_map(Value::as_object).flatten() {
        let target = target.as_str().unwrap_or_default();
        let module = target
            .split(':')
            .next()
            .unwrap_or_default()
            .replace('.', "/");
        let places = ["src/", ""].iter().flat_map(|above| {
            [
                format!("{above}{module}.py"),
                format!("{above}{module}/__init__.py"),
            ]
        });
        let mut places = places.map(|place| join(file.folder, &place));
        let path = places.find(|place| draft.files.has(place));
        draft.entry_point(
            path.as_deref().unwrap_or(file.path),
            &format!("program {name}"),
        );
        names.push(name.clone());
    }
    if let [name] = names.as_slice()
        && is_plain(name)
    {
        let runner = python_runner(draft, file.folder);
        draft.set_up(file, Run, Python, &format!("{runner}{name}"), "scripts");
    }
}

/// Commands of tools that have settings or are depended on.
fn commands(
    draft: &mut Draft<'_, '_>,
    file: ManifestFile<'_>,
    manifest: &Value,
    dependencies: &[String],
) {
    let tool = &manifest["tool"];
    let depends_on = |name: &str| dependencies.iter().any(|known| known == name);
    let runner = python_runner(draft, file.folder);
    let pytest_set_up = tool["pytest"].is_object();
    if pytest_set_up || depends_on("pytest") {
        let what = if pytest_set_up {
            "tool.pytest"
        } else {
            "pytest"
        };
        add_pytest(draft, file, what);
    } else {
        add_unittest(draft, file);
    }
    let rows: &[(&str, CommandKind, &str)] = &[
        ("ruff", Lint, "ruff check ."),
        ("ruff", FormatCheck, "ruff format --check ."),
        ("ruff", Format, "ruff format ."),
        ("black", FormatCheck, "black --check ."),
        ("black", Format, "black ."),
        ("isort", FormatCheck, "isort --check ."),
        ("flake8", Lint, "flake8"),
        ("pylint", Lint, "pylint ."),
        ("mypy", TypeCheck, "mypy"),
        ("pyright", TypeCheck, "pyright"),
        ("basedpyright", TypeCheck, "basedpyright"),
    ];
    for (name, kind, line) in rows {
        let is_set_up = tool[*name].is_object();
        if !is_set_up && !depends_on(name) {
            continue;
        }
        // Without settings, mypy wants to be told what to check.
        let needs_path = *name == "mypy"
            && tool["mypy"]["files"].is_null()
            && tool["mypy"]["packages"].is_null();
        let path = if needs_path { " ." } else { "" };
        let what = if is_set_up {
            format!("tool.{name}")
        } else {
            (*name).to_owned()
        };
        draft.set_up(file, *kind, Python, &format!("{runner}{line}{path}"), &what);
    }
    if manifest["build-system"].is_object() {
        let build = match runner {
            "uv run " => "uv build",
            "poetry run " => "poetry build",
            "pdm run " => "pdm build",
            _ => "python3 -m build",
        };
        draft.set_up(file, Build, Python, build, "[build-system]");
    }
    python_tools::add_tox_table(draft, file, &tool["tox"]);
    python_tools::add_hatch(draft, file, &tool["hatch"]["envs"]);
}

pub(super) fn add_pytest(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, what: &str) {
    let runner = python_runner(draft, file.folder);
    let pytest = if runner.is_empty() {
        "python3 -m pytest".to_owned()
    } else {
        format!("{runner}pytest")
    };
    draft.depends(Python, "pytest", file.path);
    draft.set_up(file, Test, Python, &pytest, what);
    draft.set_up(
        file,
        OneTest,
        Python,
        &format!("{pytest} {{file}} -k {{name}}"),
        what,
    );
}

/// Where there are files of tests, but no pytest.
fn add_unittest(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let start = join(file.folder, "");
    let is_test = |path: &str| {
        let name = split(path).1;
        path.starts_with(&start) && name.starts_with("test") && name.ends_with(".py")
    };
    let uses_pytest = [
        "conftest.py",
        "tests/conftest.py",
        "test/conftest.py",
        "pytest.ini",
        "manage.py",
    ]
    .iter()
    .any(|name| draft.files.has(&join(file.folder, name)));
    if uses_pytest || !draft.files.all().any(|(path, _)| is_test(path)) {
        return;
    }
    let python = interpreter(draft, file.folder);
    let folder = ["tests", "test"]
        .into_iter()
        .find(|name| draft.files.has_folder(&join(file.folder, name)));
    let line = match folder {
        Some(folder) => format!("{python} -m unittest discover -s {folder} -t ."),
        None => format!("{python} -m unittest"),
    };
    draft.usual(file, Test, Python, &line);
    draft.usual(
        file,
        OneTest,
        Python,
        &format!("{python} -m unittest {{file}} -k {{name}}"),
    );
}

pub(super) fn read_setup_py(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut depends_on_pytest = false;
    for name in quoted(file.text).into_iter().take(500).map(requirement) {
        if !name.is_empty() && !name.contains(' ') {
            depends_on_pytest |= name == "pytest";
            draft.depends(Python, &name, file.path);
        }
    }
    if depends_on_pytest {
        add_pytest(draft, file, "pytest");
    } else if !draft.files.has(&join(file.folder, "pyproject.toml")) {
        add_unittest(draft, file);
    }
}

pub(super) fn read_requirements(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for line in file.text.lines().take(2_000) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '-']) || line.contains("://") {
            continue;
        }
        let name = requirement(line);
        if name.is_empty() {
            continue;
        }
        if name == "pytest" {
            add_pytest(draft, file, line);
        }
        draft.depends(Python, &name, file.path);
    }
}

pub(super) fn read_pipfile(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let Some(manifest) = parsed_toml(draft, file) else {
        return;
    };
    for section in ["packages", "dev-packages"] {
        for name in keys(&manifest[section]) {
            if normal(&name) == "pytest" {
                add_pytest(draft, file, "pytest");
            }
            draft.depends(Python, &normal(&name), file.path);
        }
    }
}

pub(super) fn read_manage(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    if !file.text.contains("django") && !file.text.contains("DJANGO") {
        return;
    }
    let python = interpreter(draft, file.folder);
    draft.entry_point(file.path, "program of Django");
    draft.set_up(
        file,
        Test,
        Python,
        &format!("{python} manage.py test"),
        "django",
    );
    draft.set_up(
        file,
        OneTest,
        Python,
        &format!("{python} manage.py test {{package}} -k {{name}}"),
        "django",
    );
    draft.set_up(
        file,
        Run,
        Python,
        &format!("{python} manage.py runserver"),
        "django",
    );
    // Its settings are a module that `manage.py` names.
    let settings = quoted(file.text)
        .into_iter()
        .find(|text| text.ends_with(".settings"));
    let path = settings.map(|module| format!("{}.py", module.replace('.', "/")));
    if let Some(path) = path.and_then(|path| resolve(file.folder, &path))
        && draft.files.has(&path)
    {
        draft.entry_point(&path, "settings of Django");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_have_names() {
        for (text, name) in [
            ("Django[argon2]>=4 ; python_version > '3'", "django"),
            ("scikit_learn==1", "scikit-learn"),
            ("pytest", "pytest"),
            (">=3", ""),
        ] {
            assert_eq!(requirement(text), name, "{text}");
        }
    }
}
