//! Packages, units and installers agree with each other and with the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use ollacode::frontends::cli::args::Arguments;
use serde_json::Value;

use crate::support::Environment;
use crate::support::generated::read;

/// What `packaging/stage` and `packaging/packages` make, as manifests name it.
const MADE: [&str; 9] = [
    "target/package/NOTICES.txt",
    "target/package/THIRD-PARTY.html",
    "target/package/completions",
    "target/package/completions/_ollacode",
    "target/package/completions/ollacode.bash",
    "target/package/completions/ollacode.fish",
    "target/package/man",
    "target/package/man/ollacode.1.gz",
    "target/package/ollacode",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A TOML file.
fn settings(file: &str) -> Value {
    toml::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array();
    list.unwrap_or_else(|| panic!("no list: {value}"))
}

/// Source and destination of the files in the package for Debian.
fn deb_assets() -> Vec<(String, String)> {
    let manifest = settings("Cargo.toml");
    let assets = list(&manifest["package"]["metadata"]["deb"]["assets"]).iter();
    let pair = |asset: &Value| (text(&asset[0]).to_owned(), text(&asset[1]).to_owned());
    assets.map(pair).collect()
}

/// The same for RPM.
fn rpm_assets() -> Vec<(String, String)> {
    let manifest = settings("Cargo.toml");
    let assets = list(&manifest["package"]["metadata"]["generate-rpm"]["assets"]).iter();
    let pair = |asset: &Value| {
        let part = |key: &str| text(&asset[key]).to_owned();
        (part("source"), part("dest"))
    };
    assets.map(pair).collect()
}

/// Asserts that a file of a manifest is in the tree, or is made by our scripts.
#[track_caller]
fn assert_source(name: &str) {
    if let Some(folder) = name.strip_suffix("/*.service") {
        assert!(!units_in(folder).is_empty(), "{name} is nothing");
    } else if let Some(kind) = name.strip_prefix("target/package/installed-by-") {
        let script = read("packaging/packages");
        assert!(script.contains(&format!(" {kind}")), "{name} is not made");
    } else {
        let exists = MADE.contains(&name) || root().join(name).exists();
        assert!(exists, "{name} does not exist and is not made");
    }
}

fn units_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder of the units");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut units: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .collect();
    units.sort();
    units
}

#[test]
fn files_that_packages_take_exist() {
    for (source, _) in deb_assets().into_iter().chain(rpm_assets()) {
        assert_source(&source);
    }
    let dist = &settings("dist-workspace.toml")["dist"];
    for name in list(&dist["include"]) {
        assert_source(text(name));
    }
    let steps = text(&dist["github-build-setup"]);
    let steps = root().join(".github/workflows").join(steps);
    assert!(steps.exists(), "{} does not exist", steps.display());
    let stage = read("packaging/stage");
    for name in MADE {
        let name = name.trim_start_matches("target/package/");
        let name = name.trim_end_matches(".gz");
        assert!(stage.contains(name), "packaging/stage makes no {name}");
    }
}

/// Both packages put the same files to the same places, but for those that distributions keep elsewhere.
#[test]
fn deb_and_rpm_install_the_same() {
    let path = |(source, folder): (String, String)| {
        let name = source.rsplit('/').next().unwrap_or(&source);
        let is_folder = folder.ends_with('/');
        let path = if is_folder { folder + name } else { folder };
        let path = path.trim_start_matches('/');
        path.replace("vendor-completions", "site-functions")
    };
    let deb: BTreeSet<String> = deb_assets().into_iter().map(path).collect();
    let rpm = rpm_assets().into_iter().map(path);
    // Debian has it as the file `copyright`, which cargo-deb makes of `license-file`.
    let rpm: BTreeSet<String> = rpm.filter(|path| !path.contains("/licenses/")).collect();
    assert_eq!(deb, rpm);
}

#[test]
fn units_run_commands_and_flags_that_exist() {
    let program = Arguments::command();
    let units = units_in("packaging/systemd");
    let mut started = BTreeSet::new();
    for unit in &units {
        let text = fs::read_to_string(unit).expect("a unit");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/env "));
        let line = line.unwrap_or_else(|| panic!("{} starts nothing", unit.display()));
        let line: Vec<String> = line
            .split(' ')
            .map(|word| word.replace("%f", "/work"))
            .collect();
        let arguments = program.clone().try_get_matches_from(&line);
        let matches = arguments.unwrap_or_else(|error| panic!("{}: {error}", unit.display()));
        started.insert(matches.subcommand_name().expect("a command").to_owned());
        for section in ["[Unit]", "[Service]", "[Install]"] {
            assert!(text.contains(section), "{} lacks {section}", unit.display());
        }
    }
    let expected = ["index", "telegram", "web"].map(str::to_owned);
    assert_eq!(started, BTreeSet::from(expected));
    let index = read("packaging/systemd/ollacode-index@.service");
    assert!(index.contains("ollacode index --watch "));
}

/// It would make a folder of a name that does not end in `.tar`.
#[test]
fn the_root_of_the_smoke_test_is_an_archive() {
    let run = read("packaging/smoke/run");
    let lines: Vec<&str> = run
        .lines()
        .filter(|line| line.contains(".part\" >"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("mmdebstrap --format=tar "), "{lines:?}");
}

#[test]
fn the_scripts_call_commands_that_exist() {
    let program = Arguments::command();
    let stage = read("packaging/stage");
    for line in stage
        .lines()
        .filter_map(|line| line.strip_prefix("\"$program\" "))
    {
        let line = line.split('>').next().unwrap_or_default().trim();
        let words = ["ollacode"].into_iter().chain(line.split(' '));
        let arguments = program.clone().try_get_matches_from(words);
        assert!(arguments.is_ok(), "`ollacode {line}`: {arguments:?}");
    }
}

/// Licences that one tool accepts are those that the other one does.
#[test]
fn licences_are_accepted_alike() {
    let about = settings("packaging/about.toml");
    let deny = settings("deny.toml");
    assert_eq!(about["accepted"], deny["licenses"]["allow"]);
    assert_eq!(about["targets"], deny["graph"]["targets"]);
}

#[test]
fn packages_make_what_doctor_and_version_expect() {
    for script in ["packaging/deb/postinst", "packaging/rpm/post_install"] {
        let text = read(script);
        assert!(
            text.contains("cp /usr/share/ollacode/apparmor /etc/apparmor.d/ollacode"),
            "{script}"
        );
        assert!(text.contains("/etc/apparmor.d/abi/4.0"), "{script}");
    }
    let profile = read("packaging/apparmor/ollacode");
    for line in [
        "abi <abi/4.0>,",
        "profile /usr/bin/ollacode flags=(unconfined) {",
        "  userns,",
    ] {
        assert!(profile.lines().any(|found| found == line), "{line}");
    }
    let page = read("docs/commands.md");
    for word in [
        "deb",
        "rpm",
        "aur",
        "nix",
        "homebrew",
        "cargo",
        "container",
        "archive",
    ] {
        assert!(
            page.contains(&format!("`{word}`")),
            "docs/commands.md lacks {word}"
        );
    }
}

/// The address is a placeholder: no second place may need a change when it is decided.
#[test]
fn the_address_of_the_repository_is_in_one_place() {
    let manifest = settings("Cargo.toml");
    let address = text(&manifest["workspace"]["package"]["repository"]);
    let mut files = vec!["dist-workspace.toml".to_owned(), "README.md".to_owned()];
    let mut pending = ["packaging", ".github", "docs"]
        .map(|name| root().join(name))
        .to_vec();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root()).expect("below the root");
            let name = name.to_str().expect("a plain name").to_owned();
            match path.is_dir() {
                true => pending.push(path),
                false => files.push(name),
            }
        }
    }
    for file in files {
        let bytes = fs::read(root().join(&file)).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(address), "{file} names {address}, too");
    }
    assert_eq!(read("Cargo.toml").matches(address).count(), 1);
}

/// The workflow is what dist makes of its settings: a change of one needs `dist generate`.
#[test]
fn the_workflow_fits_the_settings_of_dist() {
    let workflow = read(".github/workflows/release.yml");
    let dist = &settings("dist-workspace.toml")["dist"];
    let version = text(&dist["cargo-dist-version"]);
    assert!(workflow.contains(&format!("/v{version}/cargo-dist-installer.sh")));
    let commits = dist["github-action-commits"].as_object();
    for (action, commit) in commits.expect("a table") {
        let line = format!("{action}@{}", text(commit));
        assert!(workflow.contains(&line), "{line}");
    }
    for line in workflow
        .lines()
        .filter(|line| line.contains("uses: actions/"))
    {
        let commit = line.rsplit('@').next().unwrap_or_default();
        assert_eq!(commit.len(), 40, "{line} is not pinned");
    }
    // The words of the step; its keys are in quotes there.
    let steps = read("packaging/build-setup.yml");
    let (_, script) = steps.split_once("run: |\n").expect("a script");
    for line in script.lines() {
        assert!(workflow.contains(line.trim()), "release.yml lacks `{line}`");
    }
}

#[test]
fn the_version_says_what_the_program_is() {
    let environment = Environment::new();
    let short = environment.run(&["--version"]).expect_success();
    let version = concat!("ollacode ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(short.stdout, version);
    for arguments in [["--version", "--verbose"].as_slice(), &["-vV"]] {
        let long = environment.run(arguments).expect_success();
        let lines: Vec<&str> = long.stdout.lines().collect();
        assert_eq!(format!("{}\n", lines[0]), version);
        let fields = lines[1..].iter().map(|line| line.split_once(": "));
        let fields: Vec<_> = fields.map(|field| field.expect("a field")).collect();
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["commit", "target", "profile", "installed by"]);
        assert!(
            fields.iter().all(|(_, value)| !value.is_empty()),
            "{fields:?}"
        );
        assert_ne!(fields[1].1, "unknown");
    }
}
