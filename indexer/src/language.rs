//! The table of languages: file names, grammars and outline queries.
//!
//! To add a language: a grammar in `Cargo.toml`, a row here, a query in
//! `queries/`, a fixture in `tests/fixtures/`.

use std::sync::OnceLock;

use tree_sitter_language::LanguageFn;

use crate::parse::OutlineQuery;

/// A language that the indexer parses.
pub struct Language {
    /// Name of the language in hits, filters and the store.
    pub name: &'static str,
    /// Other names that `--lang` accepts.
    pub aliases: &'static [&'static str],
    /// File name endings, without the dot.
    pub extensions: &'static [&'static str],
    /// Whole file names. `Dockerfile.*` stands for all that begin so.
    pub file_names: &'static [&'static str],
    /// The tree-sitter grammar.
    pub grammar: LanguageFn,
    /// Source of the query that says what a definition is.
    pub query: &'static str,
    compiled: OnceLock<OutlineQuery>,
}

impl Language {
    /// The compiled query; a process compiles it once, when it first meets the language.
    ///
    /// # Panics
    /// If the query does not compile, which a test over the whole table rules out.
    pub fn outline_query(&self) -> &OutlineQuery {
        self.compiled.get_or_init(|| {
            OutlineQuery::compile(&self.grammar.into(), self.query)
                .unwrap_or_else(|error| panic!("query of {}: {error}", self.name))
        })
    }

    fn has_file_name(&self, name: &str) -> bool {
        // `Dockerfile.dockerignore` lists what a build leaves out.
        let begins_so = |start: &str| name.starts_with(start) && !name.ends_with(".dockerignore");
        self.file_names.iter().any(|known| {
            let start = known.strip_suffix('*');
            start.map_or(*known == name, begins_so)
        })
    }

    fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name) || self.extensions.contains(&name)
    }
}

/// The name given to files that have no grammar.
pub const PLAIN_TEXT: &str = "text";

macro_rules! languages {
    ($($name:literal $aliases:expr, $extensions:expr, $file_names:expr, $grammar:path, $query:literal;)*) => {
        const COUNT: usize = [$($name),*].len();

        /// Every language with a grammar, by name.
        pub static LANGUAGES: [Language; COUNT] = [$(Language {
            name: $name,
            aliases: &$aliases,
            extensions: &$extensions,
            file_names: &$file_names,
            grammar: $grammar,
            query: include_str!(concat!("../queries/", $query, ".scm")),
            compiled: OnceLock::new(),
        }),*];
    };
}

languages! {
    "bash" ["shell"], ["sh", "bash", "zsh", "ksh", "bats"], [".bashrc", ".zshrc", ".profile", ".bash_profile", "PKGBUILD"], tree_sitter_bash::LANGUAGE, "bash";
    "c" [], ["c", "h"], [], tree_sitter_c::LANGUAGE, "c";
    "cmake" [], ["cmake"], ["CMakeLists.txt"], tree_sitter_cmake::LANGUAGE, "cmake";
    "cpp" ["c++"], ["cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "ipp", "tpp", "inl", "cu", "cuh", "ino"], [], tree_sitter_cpp::LANGUAGE, "cpp";
    "csharp" ["c#"], ["cs", "csx"], [], tree_sitter_c_sharp::LANGUAGE, "csharp";
    "css" [], ["css"], [], tree_sitter_css::LANGUAGE, "css";
    "dart" [], ["dart"], [], tree_sitter_dart::LANGUAGE, "dart";
    "dockerfile" ["docker"], ["dockerfile", "containerfile"], ["Dockerfile", "Dockerfile.*", "dockerfile", "Containerfile", "Containerfile.*"], tree_sitter_containerfile::LANGUAGE, "dockerfile";
    "elixir" [], ["ex", "exs"], [], tree_sitter_elixir::LANGUAGE, "elixir";
    "go" ["golang"], ["go"], [], tree_sitter_go::LANGUAGE, "go";
    "graphql" [], ["graphql", "graphqls", "gql"], [], tree_sitter_graphql::LANGUAGE, "graphql";
    "haskell" [], ["hs"], [], tree_sitter_haskell::LANGUAGE, "haskell";
    "hcl" ["terraform"], ["tf", "tofu", "tfvars", "hcl", "nomad"], [], tree_sitter_hcl::LANGUAGE, "hcl";
    "html" [], ["html", "htm", "xhtml"], [], tree_sitter_html::LANGUAGE, "html";
    "java" [], ["java"], [], tree_sitter_java::LANGUAGE, "java";
    "javascript" [], ["js", "mjs", "cjs", "jsx"], [], tree_sitter_javascript::LANGUAGE, "javascript";
    "json" [], ["json", "jsonc", "json5", "webmanifest"], [".babelrc", ".eslintrc", ".prettierrc"], tree_sitter_json::LANGUAGE, "json";
    "julia" [], ["jl"], [], tree_sitter_julia::LANGUAGE, "julia";
    "kotlin" [], ["kt", "kts"], [], tree_sitter_kotlin_ng::LANGUAGE, "kotlin";
    "lua" [], ["lua"], [], tree_sitter_lua::LANGUAGE, "lua";
    "make" ["makefile"], ["mk", "make"], ["Makefile", "makefile", "GNUmakefile", "Makefile.am", "Makefile.common", "Makefile.in", "Makefile.inc", "Kbuild"], tree_sitter_make::LANGUAGE, "make";
    "markdown" [], ["md", "markdown", "mdx"], [], tree_sitter_md::LANGUAGE, "markdown";
    "nix" [], ["nix"], [], tree_sitter_nix::LANGUAGE, "nix";
    "objc" ["objective-c", "objectivec"], ["m", "mm"], [], tree_sitter_objc::LANGUAGE, "objc";
    "ocaml" [], ["ml"], [], tree_sitter_ocaml::LANGUAGE_OCAML, "ocaml";
    "ocaml_interface" ["ocaml"], ["mli"], [], tree_sitter_ocaml::LANGUAGE_OCAML_INTERFACE, "ocaml_interface";
    "php" [], ["php", "phtml"], [], tree_sitter_php::LANGUAGE_PHP, "php";
    "powershell" ["pwsh"], ["ps1", "psm1", "psd1"], [], tree_sitter_powershell::LANGUAGE, "powershell";
    "protobuf" [], ["proto"], [], tree_sitter_proto::LANGUAGE, "protobuf";
    "python" [], ["py", "pyi", "pyw"], ["SConstruct", "SConscript"], tree_sitter_python::LANGUAGE, "python";
    "r" [], ["r"], [".Rprofile"], tree_sitter_r::LANGUAGE, "r";
    "ruby" [], ["rb", "rake", "gemspec", "ru"], ["Rakefile", "Gemfile", "Podfile", "Vagrantfile"], tree_sitter_ruby::LANGUAGE, "ruby";
    "rust" [], ["rs"], [], tree_sitter_rust::LANGUAGE, "rust";
    "scala" [], ["scala", "sc", "sbt"], [], tree_sitter_scala::LANGUAGE, "scala";
    "solidity" [], ["sol"], [], tree_sitter_solidity::LANGUAGE, "solidity";
    "sql" [], ["sql", "ddl"], [], tree_sitter_sequel::LANGUAGE, "sql";
    "swift" [], ["swift"], [], tree_sitter_swift::LANGUAGE, "swift";
    "toml" [], ["toml"], [], tree_sitter_toml_ng::LANGUAGE, "toml";
    "tsx" ["typescript"], ["tsx"], [], tree_sitter_typescript::LANGUAGE_TSX, "typescript";
    "typescript" [], ["ts", "mts", "cts"], [], tree_sitter_typescript::LANGUAGE_TYPESCRIPT, "typescript";
    "yaml" [], ["yaml", "yml"], [".clang-format", ".clang-tidy"], tree_sitter_yaml::LANGUAGE, "yaml";
    "zig" [], ["zig"], [], tree_sitter_zig::LANGUAGE, "zig";
}

/// Finds the language of a file by its name, or by the interpreter that its first line names.
pub fn language_of(path: &str, text: &str) -> Option<&'static Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let by_name = LANGUAGES
        .iter()
        .find(|language| language.has_file_name(name));
    if by_name.is_some() {
        return by_name;
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => by_extension(extension, text),
        _ => by_interpreter(text),
    }
}

fn by_extension(extension: &str, text: &str) -> Option<&'static Language> {
    let extension = extension.to_ascii_lowercase();
    let extension = match extension.as_str() {
        // `.h` is C++ as often as C; the C grammar turns a class into an error.
        "h" if looks_like_objc(text) => "m",
        "h" if looks_like_cpp(text) => "hpp",
        // MATLAB and Octave have this ending as well, and no grammar here.
        "m" if !text.trim().is_empty() && !looks_like_objc(text) => return None,
        other => other,
    };
    LANGUAGES
        .iter()
        .find(|language| language.extensions.contains(&extension))
}

fn looks_like_cpp(text: &str) -> bool {
    has_line_with(
        text,
        &[
            "class ",
            "namespace ",
            "template <",
            "template<",
            "using ",
            "public:",
            "private:",
        ],
    )
}

fn looks_like_objc(text: &str) -> bool {
    has_line_with(
        text,
        &[
            "#import ",
            "@import ",
            "@interface ",
            "@implementation ",
            "@protocol ",
        ],
    )
}

/// Whether a line begins with one of these words.
fn has_line_with(text: &str, openings: &[&str]) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| openings.iter().any(|opening| line.starts_with(opening)))
}

fn by_interpreter(text: &str) -> Option<&'static Language> {
    let first = text.lines().next()?.strip_prefix("#!")?;
    let program = first
        .split_whitespace()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .find(|word| *word != "env" && !word.starts_with('-'))?;
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let name = match program {
        "node" | "deno" | "bun" => "javascript",
        "dash" => "bash",
        "runghc" | "runhaskell" => "haskell",
        "Rscript" => "r",
        other => other,
    };
    LANGUAGES.iter().find(|language| language.answers_to(name))
}

/// The names in the store that a `--lang` argument stands for, or nothing for an unknown name.
pub fn languages_named(name: &str) -> Vec<&'static str> {
    let name = name.to_ascii_lowercase();
    if name == PLAIN_TEXT {
        return vec![PLAIN_TEXT];
    }
    LANGUAGES
        .iter()
        .filter(|language| language.answers_to(&name))
        .map(|language| language.name)
        .collect()
}
