//! `pom.xml`, Gradle's build files, `build.sbt`.

use super::super::draft::{Draft, ManifestFile};
use super::super::facts::CommandKind::{Build, Format, FormatCheck, Lint, OneTest, Run, Test};
use super::super::facts::Ecosystem::{Gradle, Maven, Sbt};
use super::super::files::{join, resolve};
use super::{quoted, xml};

pub(super) fn read_pom(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let elements = match xml::elements(file.text) {
        Ok(elements) => elements,
        Err(error) => return draft.files.unread(file.path, &format!("no XML: {error}")),
    };
    let mut has_modules = false;
    let mut plugins = Vec::new();
    for element in &elements {
        match element.path.as_str() {
            "project/artifactId" => {
                draft.own.insert(element.text.clone());
            }
            "project/modules/module" => {
                if let Some(folder) = resolve(file.folder, &element.text) {
                    has_modules = true;
                    draft.member(&folder, "", "pom.xml");
                }
            }
            "project/properties/maven.compiler.release" | "project/properties/java.version"
                if file.folder.is_empty() =>
            {
                draft.toolchain("Java", &element.text, file.path);
            }
            "project/licenses/license/name" if file.folder.is_empty() => {
                draft.licence(&element.text, file.path);
            }
            path if path.ends_with("/dependency/artifactId") => {
                draft.depends(Maven, &element.text, file.path);
            }
            path if path.ends_with("/plugin/artifactId") => plugins.push(element.text.as_str()),
            _ => {}
        }
    }
    let is_member = draft
        .members
        .iter()
        .any(|member| member.path == file.folder);
    if is_member || !draft.is_top(Maven, file.folder) {
        return;
    }
    let maven = if draft.files.has(&join(file.folder, "mvnw")) {
        "./mvnw"
    } else {
        "mvn"
    };
    draft.usual(file, Build, Maven, &format!("{maven} compile"));
    draft.usual(file, Test, Maven, &format!("{maven} test"));
    let one = if has_modules {
        "test -pl {package} -am -Dtest={name} -Dsurefire.failIfNoSpecifiedTests=false"
    } else {
        "test -Dtest={name}"
    };
    draft.usual(file, OneTest, Maven, &format!("{maven} {one}"));
    for (plugin, kind, goal) in [
        ("spotless-maven-plugin", FormatCheck, "spotless:check"),
        ("spotless-maven-plugin", Format, "spotless:apply"),
        ("maven-checkstyle-plugin", Lint, "checkstyle:check"),
        ("spring-boot-maven-plugin", Run, "spring-boot:run"),
        ("quarkus-maven-plugin", Run, "quarkus:dev"),
    ] {
        if plugins.contains(&plugin) {
            draft.set_up(file, kind, Maven, &format!("{maven} {goal}"), plugin);
        }
    }
}

fn gradle(draft: &Draft<'_, '_>) -> &'static str {
    if draft.files.has("gradlew") {
        "./gradlew"
    } else {
        "gradle"
    }
}

pub(super) fn read_settings(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut is_including = false;
    for line in file.text.lines().map(str::trim) {
        is_including |= line.starts_with("include");
        if !is_including || line.starts_with("includeBuild") {
            is_including = false;
            continue;
        }
        for project in quoted(line) {
            let folder = project.trim_start_matches(':').replace(':', "/");
            if let Some(folder) = resolve(file.folder, &folder) {
                let name = project.trim_start_matches(':');
                draft.member(&folder, name, "build.gradle");
                draft.pending.push(join(&folder, "build.gradle.kts"));
            }
        }
        // A list may go on in the next line.
        is_including = line.ends_with([',', '(']);
    }
    usual_gradle(draft, file);
}

pub(super) fn read_gradle(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for line in file
        .text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
    {
        for text in quoted(line) {
            // `group:name:version`, or the name of a plugin.
            let mut parts = text.split(':');
            match (parts.next(), parts.next()) {
                (Some(_), Some(name)) => draft.depends(Gradle, name, file.path),
                (Some(name), None) if line.contains("id") => draft.depends(Gradle, name, file.path),
                _ => {}
            }
        }
    }
    usual_gradle(draft, file);
    let gradle = gradle(draft);
    for (sign, kind, task) in [
        ("spotless", FormatCheck, "spotlessCheck"),
        ("spotless", Format, "spotlessApply"),
        ("detekt", Lint, "detekt"),
        ("ktlint", Lint, "ktlintCheck"),
        ("checkstyle", Lint, "checkstyleMain"),
        ("org.springframework.boot", Run, "bootRun"),
    ] {
        if file.text.contains(sign) && file.folder.is_empty() {
            draft.set_up(file, kind, Gradle, &format!("{gradle} {task}"), sign);
        }
    }
    let is_application = file.text.lines().map(str::trim).any(|line| {
        matches!(
            line,
            "application"
                | "id 'application'"
                | "id(\"application\")"
                | "apply plugin: 'application'"
        )
    });
    if is_application && file.folder.is_empty() {
        draft.set_up(file, Run, Gradle, &format!("{gradle} run"), "application");
    }
}

fn usual_gradle(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let is_member = draft
        .members
        .iter()
        .any(|member| member.path == file.folder);
    if is_member || !draft.is_top(Gradle, file.folder) {
        return;
    }
    let gradle = gradle(draft);
    draft.usual(file, Build, Gradle, &format!("{gradle} assemble"));
    draft.usual(file, Test, Gradle, &format!("{gradle} test"));
    let has_members = file.text.contains("include");
    let one = if has_members {
        ":{package}:test"
    } else {
        "test"
    };
    draft.usual(
        file,
        OneTest,
        Gradle,
        &format!("{gradle} {one} --tests {{name}}"),
    );
}

pub(super) fn read_sbt(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for line in file.text.lines().filter(|line| line.contains('%')) {
        // "org.scalatest" %% "scalatest" % "3.2" % Test
        let names = quoted(line);
        for pair in names.windows(2) {
            if pair[0].contains('.') && !pair[0].starts_with(|sign: char| sign.is_ascii_digit()) {
                draft.depends(Sbt, pair[1], file.path);
            }
        }
    }
    for line in file.text.lines() {
        if let Some((_, version)) = line.split_once("scalaVersion")
            && let Some(version) = quoted(version).first()
            && file.folder.is_empty()
        {
            draft.toolchain("Scala", version, file.path);
        }
        if let Some((_, folder)) = line
            .split_once("project.in(file(")
            .or_else(|| line.split_once("in file("))
            && let Some(folder) = quoted(folder)
                .first()
                .and_then(|folder| resolve(file.folder, folder))
        {
            draft.member(&folder, "", "build.sbt");
        }
    }
    if !draft.is_top(Sbt, file.folder) {
        return;
    }
    for (kind, line) in [
        (Build, "sbt compile"),
        (Test, "sbt test"),
        (OneTest, "sbt \"testOnly *{name}\""),
        (Run, "sbt run"),
    ] {
        draft.usual(file, kind, Sbt, line);
    }
    if draft.files.has(&join(file.folder, ".scalafmt.conf")) {
        draft.usual(file, FormatCheck, Sbt, "sbt scalafmtCheckAll");
        draft.usual(file, Format, Sbt, "sbt scalafmtAll");
    }
}
