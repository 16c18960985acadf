//! The reviewed table of protected names: for the file tools, for commands and for git.

use super::ProtectedClass::{self, AutoExecuted, Instructions, RunByUser};

/// Names that are protected for one reason.
pub(super) struct ProtectedNames {
    pub class: ProtectedClass,
    /// The end of a sentence that begins with the file.
    pub why: &'static str,
    /// Names in lower case, separated by white space. Each is a name at any depth, or a folder and
    /// a name in it: `.github/workflows`. A name may have one `*`. Everything below counts too.
    pub names: &'static str,
}

/// Folders that package managers and build tools fill with third-party files. Nobody opens, enters
/// or pushes them, so that only git's own names count there.
pub(super) const GENERATED: &str = "node_modules bower_components site-packages vendor target";

/// Folders that builds and tests fill; their content is not built separately.
pub(super) const OUTPUT: &str = "__fixtures__ __tests__ build coverage deriveddata dist fixture \
    fixtures out output pkg temp test testdata tests tmp";

/// Build files that no build writes: a command that writes one changes what the project runs next
/// time.
pub(super) const BUILD_FILES: &str = "binding.gyp build.gradle build.gradle.kts build.rs composer.json \
    package.json settings.gradle settings.gradle.kts setup.py";

/// The reason for git's own names, which count in [`GENERATED`] folders too: a shell prompt that
/// shows the branch runs git in every folder.
pub(super) const GIT: &str = "belongs to git: hooks and settings in it run commands";

pub(super) const GROUPS: &[ProtectedNames] = &[
    // Also as a file, which says where git's folder is; the name that some disks give it besides;
    // repositories without a work tree.
    ProtectedNames {
        class: AutoExecuted,
        why: GIT,
        names: ".git git~1 *.git/config *.git/hooks",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "contains git or Mercurial settings, which can run programs",
        names: ".gitattributes .gitconfig .gitmodules .config/git .hg/hgrc .hg/hgrc-not-shared",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "belongs to ollacode: it decides what needs approval and what runs",
        names: ".ollacode",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "contains hooks, which git runs automatically",
        names: ".githooks .git-hooks .husky .huskyrc* .lefthook* lefthook.yml \
            lefthook.yaml lefthook.json lefthook.toml lefthook-local.* .pre-commit-config.yaml \
            .pre-commit-config.yml .pre-commit-hooks.yaml prek.toml .overcommit.yml \
            .simple-git-hooks* captainhook.json hk.pkl .trunk",
    },
    // Tasks, interpreters, language servers and extensions that an editor starts when it opens a
    // folder or a file.
    ProtectedNames {
        class: AutoExecuted,
        why: "is read by editors, which run commands from it",
        names: ".vscode *.code-workspace .devcontainer .devcontainer.json .idea .fleet .zed .vs \
            .theia .helix .nova .externaltoolbuilders *.sublime-project .dir-locals.el \
            .dir-locals-2.el .emacs .emacs.d .vim .vimrc _vimrc .gvimrc .exrc .nvimrc .nvim.lua \
            .lvimrc .config/nvim .config/helix .clangd .luarc.json .luarc.jsonc \
            rust-analyzer.toml .rust-analyzer.toml .pylintrc pylintrc",
    },
    // Servers, hooks and permissions of other agents.
    ProtectedNames {
        class: AutoExecuted,
        why: "is read by code agents, which run commands from it",
        names: ".mcp.json mcp.json .claude .claude.json .cursor .gemini .codex .qwen .opencode \
            opencode.json opencode.jsonc .windsurf .roo .kiro .continue .amazonq .augment .trae \
            .aider.conf.yml .crush .crush.json crush.json .goose",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "is read by a build server, which runs commands from it",
        names: ".github/workflows .github/actions .gitea/workflows .gitea/actions \
            .forgejo/workflows .forgejo/actions .gitlab-ci.yml .gitlab-ci.yaml .gitlab/ci \
            .circleci .appveyor.yml appveyor.yml .travis.yml .travis.yaml azure-pipelines*.yml \
            azure-pipelines*.yaml .azure-pipelines .azuredevops bitbucket-pipelines.yml \
            jenkinsfile jenkinsfile.* .drone.* .woodpecker .woodpecker.yml .woodpecker.yaml \
            .buildkite .cirrus.yml .cirrus.star .semaphore .teamcity .tekton .builds .build.yml \
            cloudbuild.yaml cloudbuild.yml buildspec.yml buildspec.yaml codemagic.yaml \
            bitrise.yml wercker.yml netlify.toml vercel.json",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "runs when a shell or a session starts",
        names: ".bashrc .bash_aliases .bash_login .bash_logout .bash_profile .bash_completion \
            .profile .login .logout .cshrc .tcshrc .kshrc .mkshrc .zshrc .zshenv .zlogin \
            .zlogout .zprofile config.fish .config/fish .config/nushell .inputrc .xinitrc \
            .xprofile .xsession .xsessionrc .pam_environment .tmux.conf .screenrc \
            .config/autostart .config/systemd .config/environment.d .local/bin \
            library/launchagents",
    },
    // Tools that run these on `cd`; what they load in turn (a flake, a dev shell) is the same.
    ProtectedNames {
        class: AutoExecuted,
        why: "sets the environment of programs, often when a shell enters the folder",
        names: ".env* .direnv .direnvrc .autoenv* flake.nix shell.nix devenv.nix devbox.json",
    },
    // Files that put another program in the place of the one that was asked for, for every use of
    // a tool: also by an editor in the background.
    ProtectedNames {
        class: AutoExecuted,
        why: "decides which programs a tool runs",
        names: ".cargo rust-toolchain rust-toolchain.toml .tool-versions mise.toml .mise.toml \
            mise.*.toml .mise.*.toml .mise .config/mise .asdfrc .prototools .npmrc .yarnrc \
            .yarnrc.yml .yarn/releases .yarn/plugins .pnpmfile.cjs .pnpmfile.mjs bunfig.toml \
            .bundle/config .gemrc pip.conf pip.ini .pypirc .condarc .mvn mvnw mvnw.cmd gradlew \
            gradlew.bat gradle/wrapper gradle-wrapper.properties .jvmopts .sbtopts .bazelrc \
            .buckconfig tools/bazel .terraformrc terraform.rc .curlrc .wgetrc",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "runs whenever an interpreter or a debugger starts here",
        names: "sitecustomize.py usercustomize.py .rprofile .renviron .ghci .gdbinit .lldbinit",
    },
    ProtectedNames {
        class: AutoExecuted,
        why: "contains keys or settings for logins",
        names: ".ssh .gnupg .aws/config .aws/credentials .kube/config .docker/config.json",
    },
    ProtectedNames {
        class: RunByUser,
        why: "runs when the project is built or tested",
        names: "makefile makefile.* gnumakefile *.mk justfile .justfile taskfile.* rakefile \
            build.rs build.gradle build.gradle.kts settings.gradle settings.gradle.kts \
            gradle.properties pom.xml build.xml build.sbt cmakelists.txt cmakepresets.json \
            meson.build sconstruct wscript configure.ac build.zig package.swift mix.exs \
            magefile.go earthfile dockerfile dockerfile.* containerfile docker-compose*.yml \
            docker-compose*.yaml compose.yml compose.yaml vagrantfile procfile ansible.cfg \
            default.nix .terraform",
    },
    ProtectedNames {
        class: RunByUser,
        why: "can contain scripts that package managers run",
        names: "package.json pnpm-workspace.yaml deno.json deno.jsonc lerna.json nx.json \
            turbo.json binding.gyp .pnp.cjs .pnp.loader.mjs composer.json gemfile gems.rb \
            *.gemspec node_modules/.bin",
    },
    ProtectedNames {
        class: RunByUser,
        why: "is Python code that runs in tests, in builds or whenever Python starts",
        names: "setup.py conftest.py noxfile.py tox.ini fabfile.py dodo.py manage.py \
            *.pth",
    },
    ProtectedNames {
        class: RunByUser,
        why: "is a script that the project's tools run",
        names: "*.config.js *.config.cjs *.config.mjs *.config.ts *.config.cts *.config.mts \
            .*rc.js .*rc.cjs .*rc.mjs gulpfile.* gruntfile.* .irbrc .pryrc .ocamlinit \
            .eslintrc .eslintrc.json .babelrc .lintstagedrc",
    },
    // Their own commands write these folders all the time.
    ProtectedNames {
        class: RunByUser,
        why: "belongs to a version control system, which reads settings from it",
        names: ".hg .svn .jj .bzr _darcs .pijul",
    },
    ProtectedNames {
        class: Instructions,
        why: "is read as instructions by later sessions of code agents",
        names: "agents.md agents.override.md agent.md ollacode.md ollacode.local.md claude.md \
            claude.local.md gemini.md qwen.md codex.md crush.md warp.md skill.md .rules \
            .cursorrules .windsurfrules .clinerules .roorules .goosehints .junie .agents .agent \
            .github/copilot-instructions.md .github/instructions .github/prompts \
            .github/chatmodes .github/agents .github/skills",
    },
];
