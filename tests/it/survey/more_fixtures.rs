//! More small projects: the JVM, .NET, Ruby, Elixir, C++ and others.

use ollacode::survey::CommandKind::{self, Build, Format, FormatCheck, Lint, OneTest, Run, Test};

use super::Project;

pub const FIXTURES: &[(&str, &Project)] = &[
    (
        "maven_modules",
        &[
            (
                "pom.xml",
                "<project>\n  <artifactId>parent</artifactId>\n  <modules><module>core</module><module>../outside</module></modules>\n  <build><plugins><plugin><artifactId>spotless-maven-plugin</artifactId></plugin></plugins></build>\n</project>\n",
            ),
            ("mvnw", "#!/bin/sh\n"),
            (
                "core/pom.xml",
                "<project><artifactId>core</artifactId><dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId></dependency></dependencies></project>",
            ),
            ("core/src/main/java/A.java", "class A {}\n"),
            ("core/src/test/java/ATest.java", "class ATest {}\n"),
        ],
    ),
    (
        "gradle_kotlin",
        &[
            (
                "settings.gradle.kts",
                "rootProject.name = \"g\"\ninclude(\":app\",\n    \":lib:core\")\n",
            ),
            (
                "build.gradle.kts",
                "plugins {\n    id(\"org.springframework.boot\") version \"3.2.0\" apply false\n}\n",
            ),
            ("gradlew", "#!/bin/sh\n"),
            (
                "app/build.gradle.kts",
                "dependencies {\n    implementation(\"io.ktor:ktor-server-core:2.3\")\n    testImplementation(\"org.junit.jupiter:junit-jupiter:5\")\n}\n",
            ),
            ("app/src/main/kotlin/Main.kt", "fun main() {}\n"),
            ("lib/core/build.gradle.kts", ""),
        ],
    ),
    (
        "sbt",
        &[
            (
                "build.sbt",
                "scalaVersion := \"3.3.1\"\nlibraryDependencies += \"org.scalatest\" %% \"scalatest\" % \"3.2.18\" % Test\n",
            ),
            (".scalafmt.conf", "version = 3.8.0\n"),
            ("src/main/scala/A.scala", "class A\n"),
        ],
    ),
    (
        "dotnet_solution",
        &[
            (
                "App.sln",
                "Project(\"{FAE0}\") = \"App\", \"src\\App\\App.csproj\", \"{1}\"\nEndProject\n",
            ),
            (
                "src/App/App.csproj",
                "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include=\"xunit\" Version=\"2\" /></ItemGroup></Project>",
            ),
            ("src/App/Program.cs", "var a = 1;\n"),
        ],
    ),
    (
        "ruby_rspec",
        &[
            (
                "Gemfile",
                "source 'https://rubygems.org'\nruby '3.3.0'\ngem 'sinatra'\ngem 'rspec'\ngem \"rubocop\", require: false\n",
            ),
            ("Gemfile.lock", ""),
            (
                "Rakefile",
                "require 'rspec/core/rake_task'\nRSpec::Core::RakeTask.new(:spec)\ntask default: :spec\n",
            ),
            (".rspec", "--color\n"),
            ("config.ru", "run A\n"),
            ("lib/a.rb", "A = 1\n"),
            ("spec/a_spec.rb", "describe A\n"),
            (
                ".github/workflows/ci.yml",
                "jobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: bundle install\n      - run: bundle exec rake\n",
            ),
        ],
    ),
    (
        "elixir_umbrella",
        &[
            (
                "mix.exs",
                "defmodule U.MixProject do\n  def project do\n    [apps_path: \"apps\", deps: [{:credo, \"~> 1.7\"}], elixir: \"~> 1.16\"]\n  end\nend\n",
            ),
            (".formatter.exs", "[]\n"),
            ("mix.lock", ""),
            (
                "apps/web/mix.exs",
                "defmodule W do\n  def project do\n    [app: :web, deps: deps()]\n  end\n  defp deps do\n    [\n      {:phoenix, \"~> 1.7\"},\n      {:ecto_sql, \"~> 3.11\"}\n    ]\n  end\nend\n",
            ),
            ("apps/web/lib/web.ex", "defmodule Web do\nend\n"),
            ("apps/web/test/web_test.exs", "1\n"),
        ],
    ),
    (
        "swift_package",
        &[
            (
                "Package.swift",
                "// swift-tools-version:5.9\nlet package = Package(name: \"S\", dependencies: [\n    .package(url: \"https://example.org/vapor/vapor.git\", from: \"4.0.0\"),\n], targets: [.executableTarget(name: \"S\"), .testTarget(name: \"STests\")])\n",
            ),
            ("Sources/S/main.swift", "print(1)\n"),
            ("Tests/STests/ATests.swift", "import XCTest\n"),
        ],
    ),
    (
        "cmake_ctest",
        &[
            (
                "CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.20)\nproject(x CXX)\nfind_package(GTest REQUIRED)\nadd_executable(x src/main.cpp)\nenable_testing()\nadd_subdirectory(lib)\n",
            ),
            ("lib/CMakeLists.txt", "add_library(y y.cpp)\n"),
            ("src/main.cpp", "int main() {}\n"),
            ("src/x.h", "#pragma once\n"),
            ("third_party/z/z.cpp", "int z;\n"),
        ],
    ),
    (
        "meson",
        &[
            (
                "meson.build",
                "project('m', 'c')\nexecutable('m', 'm.c')\nsubdir('tests')\n",
            ),
            ("tests/meson.build", "test('a', exe)\n"),
            ("m.c", "int main(void) { return 0; }\n"),
        ],
    ),
    (
        "php_composer",
        &[
            (
                "composer.json",
                "{\"require\": {\"php\": \"^8.2\", \"laravel/framework\": \"^11\"}, \"require-dev\": {\"phpunit/phpunit\": \"^11\"}, \"scripts\": {\"test\": [\"@lint\", \"phpunit\"], \"lint\": \"phpcs\"}}",
            ),
            ("composer.lock", "{}"),
            ("app/A.php", "<?php\n"),
            ("tests/ATest.php", "<?php\n"),
        ],
    ),
    (
        "zig",
        &[
            (
                "build.zig",
                "pub fn build(b: *B) void {\n    _ = b.step(\"test\", \"tests\");\n    _ = b.step(\"run\", \"run\");\n}\n",
            ),
            ("src/main.zig", "pub fn main() void {}\n"),
        ],
    ),
    (
        "flutter",
        &[
            (
                "pubspec.yaml",
                "name: f\ndependencies:\n  flutter:\n    sdk: flutter\n",
            ),
            ("lib/main.dart", "void main() {}\n"),
            ("test/a_test.dart", "void main() {}\n"),
        ],
    ),
    (
        "haskell_stack",
        &[
            ("stack.yaml", "resolver: lts-22.0\n"),
            (
                "h.cabal",
                "name: h\nexecutable h\n  main-is: Main.hs\n  build-depends: base, servant-server\n",
            ),
            ("app/Main.hs", "main = pure ()\n"),
        ],
    ),
    (
        "just_and_task",
        &[
            (
                "justfile",
                "set shell := [\"bash\"]\nx := \"1\"\n\n# all tests\ntest: build\n    cargo test\n\nbuild:\n    cargo build\n\none NAME:\n    cargo test {{NAME}}\n",
            ),
            (
                "Taskfile.yml",
                "version: '3'\ntasks:\n  lint:\n    cmds:\n      - cargo clippy\n  check:\n    deps: [lint]\n",
            ),
            ("Cargo.toml", "[package]\nname = \"j\"\n"),
            ("src/lib.rs", "pub fn a() {}\n"),
        ],
    ),
    (
        "bazel",
        &[
            ("MODULE.bazel", "module(name = \"b\")\n"),
            ("BUILD.bazel", "cc_binary(name = \"b\")\n"),
            ("b.cc", "int main() {}\n"),
        ],
    ),
    (
        "gitlab_circle_azure",
        &[
            (
                ".gitlab-ci.yml",
                "stages: [test, deploy]\nvariables:\n  FLAGS: -q\n.base:\n  before_script:\n    - pip install pytest\n  script:\n    - pytest $FLAGS\nunit:\n  extends: .base\n  stage: test\nship:\n  stage: deploy\n  script:\n    - pytest --ship\n",
            ),
            (
                ".circleci/config.yml",
                "jobs:\n  build:\n    working_directory: ~/project\n    steps:\n      - checkout\n      - run: mypy src\n      - run:\n          name: lint\n          command: |\n            ruff check . && curl https://example.org\n      - run: pytest << parameters.flags >>\n",
            ),
            (
                "azure-pipelines.yml",
                "variables:\n  where: src\nsteps:\n- script: black --check $(where)\n- bash: |\n    echo $(token)\n    pytest $(unknown)\n",
            ),
            ("pyproject.toml", "[project]\nname = \"g\"\n"),
            ("src/g.py", "g = 1\n"),
        ],
    ),
];

/// The best command of a kind in a small project; empty if there must be none.
pub const WANTED: &[(&str, CommandKind, &str)] = &[
    ("maven_modules", Test, "./mvnw test"),
    ("maven_modules", FormatCheck, "./mvnw spotless:check"),
    ("maven_modules", Build, "./mvnw compile"),
    ("gradle_kotlin", Test, "./gradlew test"),
    ("gradle_kotlin", Build, "./gradlew assemble"),
    ("gradle_kotlin", Run, "./gradlew bootRun"),
    ("sbt", Test, "sbt test"),
    ("sbt", FormatCheck, "sbt scalafmtCheckAll"),
    ("dotnet_solution", Test, "dotnet test"),
    ("dotnet_solution", Run, "dotnet run --project src/App"),
    ("ruby_rspec", Test, "bundle exec rake"),
    (
        "ruby_rspec",
        OneTest,
        "bundle exec rspec {file} -e \"{name}\"",
    ),
    ("ruby_rspec", Lint, "bundle exec rubocop"),
    ("elixir_umbrella", Test, "mix test"),
    ("elixir_umbrella", Lint, "mix credo"),
    (
        "elixir_umbrella",
        FormatCheck,
        "mix format --check-formatted",
    ),
    ("swift_package", Test, "swift test"),
    ("swift_package", Run, "swift run"),
    (
        "cmake_ctest",
        Test,
        "ctest --test-dir build --output-on-failure",
    ),
    (
        "cmake_ctest",
        Build,
        "cmake -B build && cmake --build build",
    ),
    ("meson", Test, "meson test -C build"),
    ("php_composer", Test, "composer test"),
    ("php_composer", Lint, "composer lint"),
    ("php_composer", Run, "php artisan serve"),
    ("zig", Test, "zig build test"),
    ("zig", Format, "zig fmt ."),
    ("flutter", Test, "flutter test"),
    ("flutter", Lint, "flutter analyze"),
    ("haskell_stack", Test, "stack test"),
    ("just_and_task", Test, "just test"),
    ("just_and_task", Build, "just build"),
    ("just_and_task", Lint, "task lint"),
    ("bazel", Test, ""),
    ("bazel", Build, ""),
    ("gitlab_circle_azure", Test, "pytest -q"),
    ("gitlab_circle_azure", Lint, "ruff check ."),
    ("gitlab_circle_azure", FormatCheck, "black --check src"),
];
