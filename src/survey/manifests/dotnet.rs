//! Projects and solutions of .NET.

use super::super::draft::{Draft, ManifestFile, is_plain};
use super::super::facts::CommandKind::{Build, Format, FormatCheck, OneTest, Run, Test};
use super::super::facts::Ecosystem::Dotnet;
use super::super::files::{join, resolve, split};
use super::{quoted, xml};

pub(super) fn read_solution(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for text in quoted(file.text) {
        let is_project = ["csproj", "fsproj", "vbproj"]
            .iter()
            .any(|ending| text.ends_with(ending));
        let path = is_project.then(|| resolve(file.folder, text)).flatten();
        if let Some(path) = path.filter(|path| draft.files.has(path)) {
            let (folder, name) = split(&path);
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            draft.member(folder, stem, name);
        }
    }
    usual(draft, file);
}

pub(super) fn read_project(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let elements = match xml::elements(file.text) {
        Ok(elements) => elements,
        Err(error) => return draft.files.unread(file.path, &format!("no XML: {error}")),
    };
    let stem = split(file.path)
        .1
        .rsplit_once('.')
        .map_or("", |(stem, _)| stem);
    draft.own.insert(stem.to_owned());
    let mut runs = false;
    for element in &elements {
        match element.name() {
            "PackageReference" | "FrameworkReference" => {
                draft.depends(
                    Dotnet,
                    element.attribute("Include").unwrap_or_default(),
                    file.path,
                );
            }
            "Project" => {
                let sdk = element.attribute("Sdk").unwrap_or_default();
                draft.depends(Dotnet, sdk, file.path);
                runs |= sdk == "Microsoft.NET.Sdk.Web";
            }
            "OutputType" => runs |= element.text.eq_ignore_ascii_case("exe"),
            "TargetFramework" => draft.toolchain(".NET", &element.text, file.path),
            _ => {}
        }
    }
    if runs {
        let program = join(file.folder, "Program.cs");
        let path = if draft.files.has(&program) {
            program
        } else {
            file.path.to_owned()
        };
        draft.entry_point(&path, &format!("program {stem}"));
        let root = ManifestFile { folder: "", ..file };
        if is_plain(file.folder) {
            draft.usual(root, Run, Dotnet, &run_line(file));
        }
    }
    let solution = |draft: &Draft<'_, '_>| {
        draft
            .manifests
            .keys()
            .any(|path| path.ends_with(".sln") || path.ends_with(".slnx"))
    };
    if !solution(draft) && draft.is_top(Dotnet, file.folder) {
        usual(draft, file);
    }
}

fn run_line(file: ManifestFile<'_>) -> String {
    if file.folder.is_empty() {
        "dotnet run".to_owned()
    } else {
        format!("dotnet run --project {}", file.folder)
    }
}

fn usual(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for (kind, line) in [
        (Build, "dotnet build"),
        (Test, "dotnet test"),
        (OneTest, "dotnet test --filter FullyQualifiedName~{name}"),
        (FormatCheck, "dotnet format --verify-no-changes"),
        (Format, "dotnet format"),
    ] {
        draft.usual(file, kind, Dotnet, line);
    }
}
