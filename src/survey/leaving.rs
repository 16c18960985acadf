//! Commands that reach beyond the workspace or change it: what publishes, deploys, pushes, rewrites.
//! A task that runs one of them is not told of, whatever its name is.

use super::classify::is_in;
use super::facts::CommandKind::{self, Format, FormatCheck, Lint};

/// Programs that change other machines, or this one.
const PROGRAMS: &str = "\
    twine ssh scp sftp rsync ftp lftp kubectl helm terraform netlify vercel firebase heroku fly flyctl \
    wrangler semantic-release release-please goreleaser gh glab sudo doas aws gcloud az systemctl \
    shutdown reboot";

/// Programs that publish or deploy if an argument says so.
const PUBLISHERS: &str = "\
    npm pnpm yarn bun npx pnpx bunx lerna changeset changesets nx turbo ng cargo poetry uv uvx hatch flit \
    pdm python python3 gem bundle rake mix dart flutter dotnet nuget docker podman docker-compose mvn \
    mvnw gradle gradlew sbt composer deno jsr vsce ovsx serverless sls cdk pulumi make just task";

/// Parts of such arguments: `deploy`, `docker-push`, `publishToSonatype`.
const WORDS: &[&str] = &["publish", "unpublish", "deploy", "upload", "push", "login"];

/// Commands of git that change branches, tags, or files of the work tree.
const GIT: &str = "\
    push commit tag reset clean checkout restore stash rebase merge switch am cherry-pick revert";

/// What stands before a program.
const BEFORE: &str = "env time exec command nice nohup then do else if while ! cross-env";

/// Programs of which no argument is a command.
const QUIET: &str = "echo printf grep test [ # cd cp mv rm mkdir cat ls touch";

/// Whether a line of shell, which may have several commands, leaves the workspace or changes what git
/// has of it. Texts in quotes are looked at as commands, too: `sh -c 'git push'`.
pub(super) fn leaves(line: &str) -> bool {
    let is_end = |sign: char| ";&|()`\"'{}\n".contains(sign);
    line.split(is_end).any(|command| {
        let words: Vec<&str> = command
            .split_whitespace()
            .skip_while(|word| is_in(BEFORE, word) || word.contains('='))
            .collect();
        let Some((program, arguments)) = words.split_first() else {
            return false;
        };
        let name = program.rsplit('/').next().unwrap_or(program);
        if is_in(QUIET, name) {
            return false;
        }
        is_in(PROGRAMS, name)
            || (name == "git" && arguments.iter().take(4).any(|word| is_in(GIT, word)))
            || (is_in(PUBLISHERS, name) && publishes(arguments))
    })
}

/// Whether the first arguments of a program say that something is published. What follows `test` or
/// `--` is a name.
fn publishes(arguments: &[&str]) -> bool {
    let first = arguments.iter().take(6);
    let first = first.take_while(|word| !matches!(**word, "test" | "nextest" | "t" | "--"));
    let mut before = "";
    first.copied().any(|word| {
        let names_package = is_in("-p --package --filter -F -w --workspace", before);
        before = word;
        let is_name = names_package || word.contains('/') || word.starts_with('-');
        let mut parts = word.split([':', '-', '_', '.']);
        !is_name && parts.any(|part| WORDS.iter().any(|known| is_form_of(part, known)))
    })
}

/// Whether a script does nothing but print: a banner, or a word that there are no tests.
pub(super) fn only_prints(script: &str) -> bool {
    let commands = script.lines().flat_map(|line| line.split("&&"));
    let commands = commands.flat_map(|commands| commands.split(';'));
    let mut commands = commands
        .map(str::trim)
        .filter(|command| !command.is_empty())
        .peekable();
    commands.peek().is_some()
        && commands.all(|command| {
            let program = command.split_whitespace().next().unwrap_or_default();
            is_in("echo printf true : exit", program) && !command.contains('|')
        })
}

/// `publish`, and `publishToSonatype`.
fn is_form_of(part: &str, word: &str) -> bool {
    part.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|sign: char| sign.is_ascii_lowercase()))
}

/// Whether a line puts in what another command prints, unless that is known to be harmless.
pub(super) fn substitutes(line: &str) -> bool {
    let mut after = line.split("$(").skip(1);
    let is_harmless = |rest: &str| {
        let inside = rest.split(')').next().unwrap_or_default();
        matches!(
            inside,
            "nproc" | "getconf _NPROCESSORS_ONLN" | "go list ./..."
        )
    };
    line.contains('`') || after.any(|rest| !is_harmless(rest))
}

/// What a check is for that also mends what it finds: it writes files.
pub(super) fn kind_if_fixing(kind: CommandKind, line: &str) -> CommandKind {
    let fixes = line.split_whitespace().any(|word| {
        let name = word.split('=').next().unwrap_or(word);
        is_in(
            "--fix --write --autocorrect --autocorrect-all --auto-correct",
            name,
        )
    });
    match kind {
        Lint | FormatCheck if fixes => Format,
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_publishes_or_deploys_leaves_the_workspace() {
        for line in [
            "npm run build && npm publish",
            "pnpm lerna publish --yes",
            "npm run deploy:prod",
            "make docker-push",
            "./gradlew publishToSonatype",
            "docker build . && docker push x",
            "X=1 git push --tags",
            "git -c a=b commit -m x",
            "sh -c 'git clean -fdx'",
            "if true; then sudo make install; fi",
            "aws s3 sync dist s3://x",
            "python -m twine upload dist",
        ] {
            assert!(leaves(line), "{line}");
        }
        for line in [
            "npm test",
            "echo git push",
            "cargo test upload",
            "cargo build -p deploy_tools",
            "git diff --exit-code",
            "rm -rf dist && tsc",
            "docker compose run app pytest",
            "pytest tests/test_upload.py",
            "npm run pusher",
            "",
        ] {
            assert!(!leaves(line), "{line}");
        }
    }

    #[test]
    fn what_only_prints_is_told_from_what_does_something() {
        assert!(only_prints("echo \"no tests yet\" && exit 0"));
        assert!(only_prints("echo '***'\n\necho done\n"));
        for script in [
            "",
            "echo a && jest",
            "echo x | sh",
            "echo a; for a in b; do go test; done",
        ] {
            assert!(!only_prints(script), "{script}");
        }
    }

    #[test]
    fn only_harmless_commands_are_put_in() {
        assert!(!substitutes("make -j$(nproc)"));
        assert!(!substitutes("go test $(go list ./...)"));
        assert!(substitutes("pytest $(rm -rf ~)"));
        assert!(substitutes("pytest \"`id`\""));
        assert!(substitutes("make -j$(nproc) $(id)"));
    }

    #[test]
    fn a_check_that_mends_is_no_check() {
        assert_eq!(kind_if_fixing(Lint, "eslint . --fix"), Format);
        assert_eq!(kind_if_fixing(Lint, "pnpm turbo lint -- --fix"), Format);
        assert_eq!(kind_if_fixing(Lint, "eslint --fix-dry-run ."), Lint);
        assert_eq!(
            kind_if_fixing(CommandKind::Test, "npm test -- --fix"),
            CommandKind::Test
        );
    }
}
