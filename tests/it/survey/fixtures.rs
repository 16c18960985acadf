//! Small projects, and the first command of some kinds that each of them has.

use ollacode::survey::CommandKind::{
    self, Build, FormatCheck, Lint, OneTest, Run, Test, TypeCheck,
};

use super::Project;

pub const FIXTURES: &[(&str, &Project)] = &[
    (
        "cargo_workspace",
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/old\"]\n\n[workspace.package]\nlicense = \"MIT\"\nrust-version = \"1.80\"\n",
            ),
            ("Cargo.lock", ""),
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.85\"\n"),
            (
                "crates/core/Cargo.toml",
                "[package]\nname = \"example-core\"\n\n[dependencies]\ntokio = \"1\"\n\n[dev-dependencies]\nproptest = \"1\"\n",
            ),
            ("crates/core/src/lib.rs", "pub fn a() {}\n"),
            (
                "crates/cli/Cargo.toml",
                "[package]\nname = \"example\"\n\n[dependencies]\nexample-core = { path = \"../core\" }\nclap = \"4\"\n",
            ),
            ("crates/cli/src/main.rs", "fn main() {}\n"),
            ("crates/cli/tests/run.rs", "#[test]\nfn a() {}\n"),
            ("crates/old/Cargo.toml", "[package]\nname = \"old\"\n"),
            (
                ".github/workflows/ci.yml",
                "on: [push]\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo test --workspace\n      - run: cargo clippy --workspace -- -D warnings\n      - run: cargo install cargo-deny\n",
            ),
        ],
    ),
    (
        "cargo_single",
        &[
            (
                "Cargo.toml",
                "[package]\nname = \"one\"\n[dependencies]\naxum = \"0.8\"\n",
            ),
            ("src/main.rs", "fn main() {}\n"),
        ],
    ),
    (
        "go_module",
        &[
            (
                "go.mod",
                "module example.org/thing/v2\n\ngo 1.23\n\nrequire (\n\tgithub.com/spf13/cobra v1.8.0\n\tgithub.com/stretchr/testify v1.9.0 // indirect\n)\n",
            ),
            ("go.sum", ""),
            (".golangci.yml", "linters: {}\n"),
            ("cmd/thing/main.go", "package main\n\nfunc main() {}\n"),
            ("thing.go", "package thing\n"),
            ("thing_test.go", "package thing\n"),
        ],
    ),
    (
        "go_workspace",
        &[
            ("go.work", "go 1.22\n\nuse (\n\t./api\n\t./worker\n)\n"),
            ("api/go.mod", "module example.org/api\n"),
            ("api/main.go", "package main\n"),
            ("worker/go.mod", "module example.org/worker\n"),
            ("worker/worker.go", "package worker\n"),
        ],
    ),
    (
        "npm_vitest",
        &[
            (
                "package.json",
                "{\n  \"name\": \"site\",\n  \"main\": \"src/index.ts\",\n  \"scripts\": {\n    \"build\": \"vite build\",\n    \"test\": \"vitest run\",\n    \"lint\": \"eslint .\",\n    \"dev\": \"vite\"\n  },\n  \"dependencies\": {\"react\": \"19\"},\n  \"devDependencies\": {\"vitest\": \"3\", \"typescript\": \"5\"}\n}\n",
            ),
            ("package-lock.json", "{}"),
            ("tsconfig.json", "{}"),
            ("src/index.ts", "export const a = 1;\n"),
            ("src/index.test.ts", "test('a', () => {});\n"),
            (".nvmrc", "22\n"),
        ],
    ),
    (
        "pnpm_monorepo",
        &[
            (
                "package.json",
                "{\"private\": true, \"packageManager\": \"pnpm@9.1.0\", \"scripts\": {\"test\": \"pnpm -r test\"}}",
            ),
            (
                "pnpm-workspace.yaml",
                "packages:\n  - packages/*\n  - '!packages/old'\n",
            ),
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
            (
                "packages/web/package.json",
                "{\"name\": \"@a/web\", \"scripts\": {\"build\": \"next build\", \"test\": \"jest\"}, \"dependencies\": {\"next\": \"15\", \"@a/ui\": \"workspace:*\"}, \"devDependencies\": {\"jest\": \"29\"}}",
            ),
            (
                "packages/ui/package.json",
                "{\"name\": \"@a/ui\", \"scripts\": {\"lint\": \"biome lint .\"}}",
            ),
            ("packages/ui/index.js", "export {};\n"),
            ("packages/old/package.json", "{\"name\": \"old\"}"),
        ],
    ),
    (
        "bun",
        &[
            (
                "package.json",
                "{\"name\": \"b\", \"scripts\": {\"start\": \"bun run index.ts\"}, \"dependencies\": {\"hono\": \"4\"}}",
            ),
            ("bun.lock", "{}"),
            ("index.ts", "export {};\n"),
            ("index.test.ts", "export {};\n"),
        ],
    ),
    (
        "deno",
        &[
            (
                "deno.jsonc",
                "{\n  // tasks\n  \"tasks\": {\"dev\": \"deno run main.ts\", \"test\": \"deno test -A\"},\n  \"imports\": {\"hono\": \"npm:hono@4\"},\n}\n",
            ),
            ("main.ts", "export {};\n"),
        ],
    ),
    (
        "python_uv",
        &[
            (
                "pyproject.toml",
                "[project]\nname = \"tool\"\nrequires-python = \">=3.12\"\nlicense = \"MIT\"\ndependencies = [\"fastapi>=0.110\"]\n\n[project.scripts]\ntool = \"tool.cli:main\"\n\n[dependency-groups]\ndev = [\"pytest\", \"mypy\"]\n\n[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\n\n[tool.ruff]\nline-length = 100\n",
            ),
            ("uv.lock", ""),
            ("src/tool/cli.py", "def main(): pass\n"),
            ("tests/test_cli.py", "def test_a(): pass\n"),
        ],
    ),
    (
        "python_poetry",
        &[
            (
                "pyproject.toml",
                "[tool.poetry]\nname = \"p\"\n\n[tool.poetry.dependencies]\npython = \"^3.11\"\nDjango = \"^5\"\n\n[tool.poetry.group.dev.dependencies]\npytest = \"^8\"\nblack = \"*\"\n",
            ),
            ("poetry.lock", ""),
            ("p/__init__.py", ""),
            ("tests/test_p.py", "def test_p(): pass\n"),
        ],
    ),
    (
        "python_tox",
        &[
            ("setup.py", "from setuptools import setup\nsetup()\n"),
            (
                "setup.cfg",
                "[metadata]\nname = x\n\n[options]\ninstall_requires =\n    click>=8\n\n[tool:pytest]\ntestpaths = tests\n",
            ),
            (
                "tox.ini",
                "[tox]\nenvlist = py312, lint\n\n[testenv]\ncommands = pytest {posargs}\n\n[testenv:lint]\ncommands = flake8 src\n",
            ),
            ("src/x.py", "x = 1\n"),
            ("tests/test_x.py", "def test_x(): pass\n"),
            (
                ".github/workflows/test.yml",
                "jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pip install tox\n      - run: tox -e py\n      - run: tox -e lint\n",
            ),
        ],
    ),
    (
        "python_nox_hatch",
        &[
            (
                "pyproject.toml",
                "[project]\nname = \"h\"\n\n[tool.hatch.envs.lint]\ndependencies = [\"ruff\"]\n\n[tool.hatch.envs.lint.scripts]\ncheck = \"ruff check .\"\nfmt = [\"ruff format .\"]\n",
            ),
            (
                "noxfile.py",
                "import nox\n\n@nox.session\ndef tests(session):\n    session.install(\"pytest\")\n    session.run(\"pytest\", \"-q\")\n\n@nox.session\ndef lint(session):\n    session.run(\"ruff\", \"check\", \".\")\n",
            ),
            ("h.py", "h = 1\n"),
        ],
    ),
    (
        "django",
        &[
            (
                "manage.py",
                "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
            ),
            (
                "requirements.txt",
                "# web\nDjango==5.0\npsycopg[binary]>=3\n-r more.txt\n",
            ),
            ("shop/settings.py", "DEBUG = True\n"),
            ("shop/tests.py", "a = 1\n"),
        ],
    ),
];

/// The best command of a kind in a small project; empty if there must be none.
pub const WANTED: &[(&str, CommandKind, &str)] = &[
    ("cargo_workspace", Test, "cargo test --workspace"),
    ("cargo_workspace", Build, "cargo build --workspace"),
    ("cargo_workspace", OneTest, "cargo test -p {package} {name}"),
    (
        "cargo_workspace",
        Lint,
        "cargo clippy --workspace -- -D warnings",
    ),
    ("cargo_workspace", FormatCheck, "cargo fmt --all --check"),
    ("cargo_single", Test, "cargo test"),
    ("cargo_single", OneTest, "cargo test {name}"),
    ("cargo_single", Run, "cargo run"),
    ("go_module", Test, "go test ./..."),
    ("go_module", OneTest, "go test ./{package} -run {name}"),
    ("go_module", Lint, "golangci-lint run"),
    ("go_module", Run, "go run ./cmd/thing"),
    ("go_workspace", Test, "api: go test ./..."),
    ("npm_vitest", Test, "npm test"),
    ("npm_vitest", Build, "npm run build"),
    ("npm_vitest", Lint, "npm run lint"),
    ("npm_vitest", OneTest, "npm test -- {file} -t \"{name}\""),
    ("npm_vitest", TypeCheck, "npx tsc --noEmit"),
    ("npm_vitest", Run, "npm run dev"),
    ("pnpm_monorepo", Test, "pnpm test"),
    ("pnpm_monorepo", Build, "packages/web: pnpm run build"),
    (
        "pnpm_monorepo",
        OneTest,
        "packages/web: pnpm test {file} -t \"{name}\"",
    ),
    ("pnpm_monorepo", Lint, "packages/ui: pnpm run lint"),
    ("bun", Test, "bun test"),
    ("bun", Run, "bun run start"),
    ("deno", Test, "deno task test"),
    ("deno", Run, "deno task dev"),
    ("deno", Lint, "deno lint"),
    ("python_uv", Test, "uv run pytest"),
    ("python_uv", OneTest, "uv run pytest {file} -k {name}"),
    ("python_uv", Lint, "uv run ruff check ."),
    ("python_uv", TypeCheck, "uv run mypy ."),
    ("python_uv", Run, "uv run tool"),
    ("python_poetry", Test, "poetry run pytest"),
    ("python_poetry", FormatCheck, "poetry run black --check ."),
    ("python_tox", Test, "tox -e py"),
    ("python_tox", Lint, "tox -e lint"),
    ("python_nox_hatch", Test, "nox -s tests"),
    ("python_nox_hatch", Lint, "nox -s lint"),
    ("django", Test, "python3 manage.py test"),
    ("django", Run, "python3 manage.py runserver"),
];
