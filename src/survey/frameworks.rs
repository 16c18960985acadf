//! Frameworks, and the names of dependencies that tell of them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Ecosystem::{
    self, Bundler, CMake, Cabal, Cargo, Composer, Dart, Dotnet, Go, Maven, Mix, Npm, Python, Swift,
};
use super::facts::Framework;
use super::facts::FrameworkKind::{
    self, CommandLine, Data, Database, Game, Interface, Mobile, Runtime, Test, Web,
};
use super::files::split;

/// A framework. Dependencies of JavaScript are those of npm, whoever installs them; those of Java,
/// Kotlin and Scala are those of Maven, without their group.
pub(super) struct Row {
    pub name: &'static str,
    pub kind: FrameworkKind,
    pub ecosystem: Ecosystem,
    /// One of these is enough. `spring-boot*` stands for all that begin so.
    pub dependencies: &'static [&'static str],
}

macro_rules! rows {
    ($($ecosystem:ident $kind:ident $name:literal [$($dependency:literal),*];)*) => {
        /// The frameworks that are told of.
        pub(super) const FRAMEWORKS: &[Row] = &[$(Row {
            name: $name,
            kind: $kind,
            ecosystem: $ecosystem,
            dependencies: &[$($dependency),*],
        }),*];
    };
}

rows! {
    Cargo Web "axum" ["axum"];
    Cargo Web "Actix Web" ["actix-web"];
    Cargo Web "Rocket" ["rocket"];
    Cargo Web "warp" ["warp"];
    Cargo Web "poem" ["poem"];
    Cargo Web "tonic" ["tonic"];
    Cargo Web "hyper" ["hyper"];
    Cargo Runtime "Tokio" ["tokio"];
    Cargo Runtime "async-std" ["async-std"];
    Cargo Runtime "smol" ["smol"];
    Cargo Interface "Leptos" ["leptos"];
    Cargo Interface "Yew" ["yew"];
    Cargo Interface "Dioxus" ["dioxus"];
    Cargo Interface "Tauri" ["tauri"];
    Cargo Interface "egui" ["eframe", "egui"];
    Cargo Interface "Iced" ["iced"];
    Cargo Interface "Ratatui" ["ratatui"];
    Cargo Game "Bevy" ["bevy"];
    Cargo Database "SQLx" ["sqlx"];
    Cargo Database "Diesel" ["diesel"];
    Cargo Database "SeaORM" ["sea-orm"];
    Cargo CommandLine "clap" ["clap"];
    Cargo Data "Polars" ["polars"];
    Cargo Data "Candle" ["candle-core"];
    Cargo Test "Criterion" ["criterion"];
    Cargo Test "proptest" ["proptest"];
    Cargo Test "insta" ["insta"];

    Go Web "Gin" ["github.com/gin-gonic/gin"];
    Go Web "Echo" ["github.com/labstack/echo*"];
    Go Web "Fiber" ["github.com/gofiber/fiber*"];
    Go Web "chi" ["github.com/go-chi/chi*"];
    Go Web "Gorilla Mux" ["github.com/gorilla/mux"];
    Go Web "gRPC" ["google.golang.org/grpc"];
    Go Database "GORM" ["gorm.io/gorm"];
    Go Database "Ent" ["entgo.io/ent"];
    Go Database "sqlx" ["github.com/jmoiron/sqlx"];
    Go CommandLine "Cobra" ["github.com/spf13/cobra"];
    Go CommandLine "urfave/cli" ["github.com/urfave/cli*"];
    Go Interface "Bubble Tea" ["github.com/charmbracelet/bubbletea*"];
    Go Runtime "controller-runtime" ["sigs.k8s.io/controller-runtime"];
    Go Test "Testify" ["github.com/stretchr/testify"];
    Go Test "Ginkgo" ["github.com/onsi/ginkgo*"];

    Npm Web "Next.js" ["next"];
    Npm Web "Nuxt" ["nuxt"];
    Npm Web "Remix" ["@remix-run/react", "@remix-run/node"];
    Npm Web "SvelteKit" ["@sveltejs/kit"];
    Npm Web "Astro" ["astro"];
    Npm Web "Express" ["express"];
    Npm Web "Fastify" ["fastify"];
    Npm Web "Koa" ["koa"];
    Npm Web "NestJS" ["@nestjs/core"];
    Npm Web "Hono" ["hono"];
    Npm Web "tRPC" ["@trpc/server"];
    Npm Web "Apollo Server" ["@apollo/server", "apollo-server"];
    Npm Interface "React" ["react"];
    Npm Interface "Vue" ["vue"];
    Npm Interface "Svelte" ["svelte"];
    Npm Interface "Angular" ["@angular/core"];
    Npm Interface "SolidJS" ["solid-js"];
    Npm Interface "Preact" ["preact"];
    Npm Interface "Lit" ["lit"];
    Npm Interface "Electron" ["electron"];
    Npm Interface "Tailwind CSS" ["tailwindcss"];
    Npm Mobile "React Native" ["react-native"];
    Npm Mobile "Expo" ["expo"];
    Npm Mobile "Ionic" ["@ionic/core", "@ionic/angular", "@ionic/react"];
    Npm Database "Prisma" ["prisma", "@prisma/client"];
    Npm Database "Drizzle" ["drizzle-orm"];
    Npm Database "TypeORM" ["typeorm"];
    Npm Database "Sequelize" ["sequelize"];
    Npm Database "Mongoose" ["mongoose"];
    Npm Runtime "Vite" ["vite"];
    Npm Runtime "Turborepo" ["turbo"];
    Npm Runtime "Nx" ["nx"];
    Npm Game "Phaser" ["phaser"];
    Npm Game "three.js" ["three"];
    Npm Test "Jest" ["jest"];
    Npm Test "Vitest" ["vitest"];
    Npm Test "Mocha" ["mocha"];
    Npm Test "AVA" ["ava"];
    Npm Test "Jasmine" ["jasmine", "jasmine-core"];
    Npm Test "Playwright" ["@playwright/test"];
    Npm Test "Cypress" ["cypress"];

    Python Web "Django" ["django"];
    Python Web "Django REST framework" ["djangorestframework"];
    Python Web "Flask" ["flask"];
    Python Web "FastAPI" ["fastapi"];
    Python Web "Starlette" ["starlette"];
    Python Web "aiohttp" ["aiohttp"];
    Python Web "Tornado" ["tornado"];
    Python Web "Sanic" ["sanic"];
    Python Web "Litestar" ["litestar"];
    Python Web "Scrapy" ["scrapy"];
    Python Interface "Streamlit" ["streamlit"];
    Python Interface "Gradio" ["gradio"];
    Python Interface "Textual" ["textual"];
    Python Interface "Qt" ["pyqt5", "pyqt6", "pyside6"];
    Python Database "SQLAlchemy" ["sqlalchemy"];
    Python Database "SQLModel" ["sqlmodel"];
    Python Runtime "Celery" ["celery"];
    Python Runtime "Airflow" ["apache-airflow"];
    Python CommandLine "Click" ["click"];
    Python CommandLine "Typer" ["typer"];
    Python Data "pandas" ["pandas"];
    Python Data "NumPy" ["numpy"];
    Python Data "PyTorch" ["torch"];
    Python Data "TensorFlow" ["tensorflow"];
    Python Data "scikit-learn" ["scikit-learn"];
    Python Data "Transformers" ["transformers"];
    Python Data "Pydantic" ["pydantic"];
    Python Game "pygame" ["pygame"];
    Python Test "pytest" ["pytest"];
    Python Test "Hypothesis" ["hypothesis"];

    Maven Web "Spring Boot" ["spring-boot*", "org.springframework.boot"];
    Maven Web "Quarkus" ["quarkus*", "io.quarkus"];
    Maven Web "Micronaut" ["micronaut*", "io.micronaut.application"];
    Maven Web "Ktor" ["ktor*", "io.ktor.plugin"];
    Maven Web "Play" ["play", "com.typesafe.play"];
    Maven Web "Vert.x" ["vertx-core"];
    Maven Web "http4s" ["http4s*"];
    Maven Database "Hibernate" ["hibernate-core"];
    Maven Runtime "Akka" ["akka-actor*"];
    Maven Runtime "Pekko" ["pekko-actor*"];
    Maven Runtime "ZIO" ["zio"];
    Maven Runtime "Cats Effect" ["cats-effect"];
    Maven Data "Apache Spark" ["spark-core*", "spark-sql*"];
    Maven Mobile "Android" ["com.android.application", "com.android.library"];
    Maven Interface "Jetpack Compose" ["compose-bom", "org.jetbrains.compose"];
    Maven Test "JUnit" ["junit*"];
    Maven Test "TestNG" ["testng"];
    Maven Test "Mockito" ["mockito*"];
    Maven Test "ScalaTest" ["scalatest*"];
    Maven Test "MUnit" ["munit*"];
    Maven Test "Kotest" ["kotest*"];
    Maven Test "Spock" ["spock-core"];

    Dotnet Web "ASP.NET Core" ["Microsoft.NET.Sdk.Web", "Microsoft.AspNetCore*"];
    Dotnet Interface "Blazor" ["Microsoft.NET.Sdk.BlazorWebAssembly"];
    Dotnet Interface "Avalonia" ["Avalonia"];
    Dotnet Mobile "MAUI" ["Microsoft.Maui*"];
    Dotnet Database "Entity Framework" ["Microsoft.EntityFrameworkCore*"];
    Dotnet Test "xUnit" ["xunit*"];
    Dotnet Test "NUnit" ["NUnit"];
    Dotnet Test "MSTest" ["MSTest*"];

    Bundler Web "Rails" ["rails"];
    Bundler Web "Sinatra" ["sinatra"];
    Bundler Web "Hanami" ["hanami"];
    Bundler Web "Roda" ["roda"];
    Bundler Database "Active Record" ["activerecord"];
    Bundler Database "Sequel" ["sequel"];
    Bundler Runtime "Sidekiq" ["sidekiq"];
    Bundler Interface "Jekyll" ["jekyll"];
    Bundler Test "RSpec" ["rspec", "rspec-rails"];
    Bundler Test "Minitest" ["minitest"];
    Bundler Test "test-unit" ["test-unit"];

    Mix Web "Phoenix" ["phoenix"];
    Mix Web "Plug" ["plug", "plug_cowboy"];
    Mix Web "Phoenix LiveView" ["phoenix_live_view"];
    Mix Database "Ecto" ["ecto", "ecto_sql"];
    Mix Runtime "Oban" ["oban"];
    Mix Runtime "Nerves" ["nerves"];
    Mix Web "Ash" ["ash"];

    Composer Web "Laravel" ["laravel/framework"];
    Composer Web "Symfony" ["symfony/framework-bundle", "symfony/symfony"];
    Composer Web "Slim" ["slim/slim"];
    Composer Web "Drupal" ["drupal/core"];
    Composer Database "Doctrine" ["doctrine/orm"];
    Composer Test "PHPUnit" ["phpunit/phpunit"];
    Composer Test "Pest" ["pestphp/pest"];

    Dart Mobile "Flutter" ["flutter"];
    Dart Web "shelf" ["shelf"];
    Dart Interface "Riverpod" ["flutter_riverpod", "riverpod"];
    Dart Test "package:test" ["test"];

    Swift Web "Vapor" ["vapor"];
    Swift Web "Hummingbird" ["hummingbird"];
    Swift Runtime "SwiftNIO" ["swift-nio"];
    Swift CommandLine "ArgumentParser" ["swift-argument-parser"];

    CMake Interface "Qt" ["Qt5", "Qt6"];
    CMake Test "GoogleTest" ["GTest", "googletest"];
    CMake Test "Catch2" ["Catch2"];
    CMake Data "OpenCV" ["OpenCV"];
    CMake Game "SDL" ["SDL2", "SDL3"];

    Cabal Web "Servant" ["servant-server"];
    Cabal Web "Yesod" ["yesod"];
    Cabal Test "Hspec" ["hspec"];
    Cabal Test "Tasty" ["tasty"];
}

/// A dependency that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dependency {
    pub ecosystem: Ecosystem,
    pub name: String,
    /// The manifest.
    pub path: String,
}

/// The ecosystem under which frameworks are listed.
fn family(ecosystem: Ecosystem) -> Ecosystem {
    match ecosystem {
        Ecosystem::Pnpm | Ecosystem::Yarn | Ecosystem::Bun | Ecosystem::Deno => Npm,
        Ecosystem::Gradle | Ecosystem::Sbt => Maven,
        Ecosystem::Stack => Cabal,
        Ecosystem::Meson => CMake,
        other => other,
    }
}

fn names(pattern: &str, dependency: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => dependency.starts_with(start),
        None => pattern == dependency,
    }
}

/// The frameworks of some dependencies, by name. The project's own packages are none: `own` has
/// their names.
pub(super) fn frameworks(
    dependencies: &BTreeSet<Dependency>,
    own: &BTreeSet<String>,
) -> Vec<Framework> {
    let mut found: BTreeMap<&str, Framework> = BTreeMap::new();
    for dependency in dependencies {
        if own.contains(&dependency.name) {
            continue;
        }
        let ecosystem = family(dependency.ecosystem);
        let is_told = |row: &&Row| {
            let mut told = row.dependencies.iter();
            row.ecosystem == ecosystem && told.any(|pattern| names(pattern, &dependency.name))
        };
        for row in FRAMEWORKS.iter().filter(is_told) {
            let framework = Framework {
                name: row.name.to_owned(),
                kind: row.kind,
                evidence: dependency.path.clone(),
            };
            let depth = |framework: &Framework| {
                let path = framework.evidence.clone();
                (
                    split(&path).0.matches('/').count() + usize::from(path.contains('/')),
                    path,
                )
            };
            let known = found.entry(row.name).or_insert_with(|| framework.clone());
            if depth(&framework) < depth(known) {
                *known = framework;
            }
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_eighty_frameworks_are_known_and_none_twice() {
        assert!(FRAMEWORKS.len() >= 80);
        let names: BTreeSet<(&str, Ecosystem)> = FRAMEWORKS
            .iter()
            .map(|row| (row.name, row.ecosystem))
            .collect();
        assert_eq!(names.len(), FRAMEWORKS.len());
        assert!(FRAMEWORKS.iter().all(|row| !row.dependencies.is_empty()));
    }

    #[test]
    fn a_framework_is_told_by_the_highest_manifest_and_is_not_the_project_itself() {
        let dependency = |name: &str, path: &str| Dependency {
            ecosystem: Ecosystem::Yarn,
            name: name.to_owned(),
            path: path.to_owned(),
        };
        let all = BTreeSet::from([
            dependency("react", "a/package.json"),
            dependency("react", "package.json"),
            dependency("express", "package.json"),
        ]);
        let own = BTreeSet::from(["express".to_owned()]);
        let found = frameworks(&all, &own);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].name.as_str(), found[0].evidence.as_str()),
            ("React", "package.json")
        );
    }
}
