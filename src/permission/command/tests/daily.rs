//! Everyday reading commands: almost none may need approval.

use std::collections::BTreeSet;

use super::super::{paths, risk};
use crate::permission::CommandRisk;

/// Several commands per line, separated by `¦`.
const READING: &str = r#"
ls ¦ ls -l ¦ ls -la ¦ ls -lah ¦ ls -a src ¦ ls -lt ¦ ls -lS target ¦ ls -R src ¦ ls -1 tests ¦ ls -d src ¦ ls --all ¦ ls src tests docs ¦ ls -la .github/workflows ¦ ls -lrt src
ls -la 'my documents' ¦ ls "src/a b" ¦ ls -la ./src/ ¦ ls --color=never src ¦ ls --sort=size ¦ ls -i Cargo.toml ¦ pwd ¦ pwd && ls -la ¦ ls; pwd ¦ ls src 2 ¦ tree -L 2 ¦ tree -a -L 3 src ¦ tree -d
tree -I target -L 2 ¦ tree --dirsfirst src ¦ du -sh . ¦ du -sh target ¦ du -h -d 1 ¦ du -h --max-depth=1 src ¦ du -a src | sort -rn | head -20
cat README.md ¦ cat ./README.md ¦ cat Cargo.toml package.json ¦ cat -n src/main.rs ¦ cat -A src/main.rs ¦ cat .gitignore ¦ cat .github/workflows/ci.yml ¦ cat src/a/b/c/d.rs ¦ cat "docs/a b.md"
cat .env.example ¦ cat -- -odd-name.txt ¦ cat src/lib.rs src/main.rs | wc -l ¦ cat Makefile | head -30 ¦ cat data.csv | cut -d, -f2 | sort | uniq -c | sort -rn ¦ tac log.txt | head ¦ nl -ba src/main.rs
head src/main.rs ¦ head -20 src/main.rs ¦ head -n 20 src/main.rs ¦ head -n20 src/main.rs ¦ head -c 100 data.bin ¦ head --lines=5 a.txt ¦ head -n 5 a.rs b.rs ¦ head -n -5 a.rs ¦ head -1 Cargo.toml
tail src/main.rs ¦ tail -20 log.txt ¦ tail -n 20 log.txt ¦ tail -n +20 src/main.rs ¦ tail -c 100 log.txt ¦ tail -q -n 1 a b ¦ tail --lines=3 a.txt ¦ head -40 src/main.rs | tail -10 ¦ cat a.rs | tail -n 5
sed -n 10,20p src/main.rs ¦ sed -n '10,20p' src/main.rs ¦ sed -n 5p a.rs ¦ sed -n '$p' a.rs ¦ sed -n '100,$p' src/main.rs ¦ sed -n 1,80p src/lib.rs | grep -n fn ¦ cat a.rs | sed -n 3,4p
wc -l src/main.rs ¦ wc README.md ¦ wc -w docs/guide.md ¦ wc -c data.bin ¦ wc -l src/a.rs src/b.rs ¦ ls src | wc -l ¦ find . -name '*.rs' | wc -l ¦ git ls-files | wc -l ¦ cat a.txt | wc --lines
sort names.txt ¦ sort -u names.txt ¦ sort -rn counts.txt ¦ sort -t, -k2 data.csv ¦ sort -k 2,2n data.txt ¦ sort --reverse a.txt ¦ sort names.txt | uniq -c ¦ sort -h sizes.txt ¦ cut -d: -f1 a.txt ¦ cut -c1-10 a.txt | sort
uniq -c ¦ ls | uniq ¦ tr a-z A-Z ¦ cat a.txt | tr -d '\r' ¦ cat a.txt | tr -s ' ' | cut -d ' ' -f 2 ¦ basename src/main.rs .rs ¦ dirname src/a/main.rs ¦ file src/main.rs ¦ file -b data.bin ¦ stat Cargo.toml ¦ stat -c %s Cargo.toml
diff a.rs b.rs ¦ diff -u src/a.rs src/b.rs ¦ diff -q a.json b.json ¦ diff -y a.txt b.txt ¦ diff -w a.rs b.rs ¦ diff -U 1 old.md new.md ¦ diff --brief a.toml b.toml ¦ diff -u a.rs b.rs | head -50
which cargo ¦ which -a python3 ¦ command -v node ¦ uname -a ¦ nproc ¦ whoami ¦ true ¦ echo done ¦ echo '--- src' && ls src ¦ ls docs || echo 'no docs' ¦ echo "two words"; ls ¦ which rg grep
grep main src/main.rs ¦ grep -n 'fn main' src/main.rs ¦ grep -in todo src/lib.rs ¦ grep -c use src/lib.rs ¦ grep -A 3 -B 2 impl src/lib.rs ¦ grep -C2 struct src/lib.rs ¦ grep -v '^#' Makefile ¦ grep -E 'a|b' a.txt
grep -F '[x]' a.txt ¦ grep -w id src/a.rs src/b.rs ¦ grep -o 'v[0-9.]*' CHANGELOG.md ¦ grep -l foo a.rs b.rs ¦ grep -e one -e two a.txt ¦ grep -m 1 version Cargo.toml ¦ grep -x exact a.txt ¦ grep -nP '\bfoo\b' a.rs
grep -rn --include='*.rs' unwrap src ¦ grep -rl --include='*.py' import . ¦ grep -r --include='*.ts' --include='*.tsx' useState src ¦ grep -rn 'TODO' --include='*.go' --exclude-dir=vendor . ¦ grep --color=never -n x a.rs
ls | grep test ¦ git log --oneline | grep -i fix ¦ cat a.log | grep -v DEBUG | tail -50 ¦ find src -name '*.rs' | grep -v test | sort ¦ git branch -a | grep feature ¦ cat Cargo.lock | grep -A 2 serde
rg main src/main.rs ¦ rg -n 'fn \w+' src/lib.rs ¦ rg -i todo README.md ¦ rg -t rust unwrap ¦ rg -trust -n unwrap src ¦ rg --type py 'def ' ¦ rg -g '*.ts' useState ¦ rg -g '*.rs' -g '!target' panic ¦ rg -c -t go func
rg -l -t js require src ¦ rg -t rust -A 3 'impl Drop' ¦ rg --files ¦ rg --files src ¦ rg --files | wc -l ¦ rg --files -g '*.toml' ¦ rg -w -t py self app ¦ rg -F -t rust 'a.b(' ¦ rg -U -t rust 'struct' ¦ rg -o -t md 'http' docs
cat a.log | rg ERROR ¦ git log | rg -i revert ¦ ls -R | rg main ¦ rg --no-heading -n -t rust spawn ¦ rg -S -t rust Foo ¦ rg -e one -e two a.txt ¦ rg -t rust -m 3 use src ¦ rg --max-count=1 -t c include
find . ¦ find . -name '*.rs' ¦ find src -type f ¦ find . -type d -maxdepth 2 ¦ find . -iname '*readme*' ¦ find . -name '*.py' -not -path './venv/*' ¦ find . -size +1M ¦ find . -mtime -1 ¦ find src tests -name '*.rs' | sort
find . -type f -empty ¦ find . -maxdepth 1 -type f ¦ find . -path ./target -prune -o -name '*.rs' -print ¦ find . -name Cargo.toml -o -name package.json ¦ find docs -mindepth 1 -type d ¦ find . -type f | head -100
git log ¦ git log --oneline ¦ git log --oneline -10 ¦ git log -n 5 ¦ git log -5 --stat ¦ git log --graph --oneline --all ¦ git log --oneline -- src/main.rs ¦ git log --author=Ann --since='1 week ago' ¦ git log --grep=fix -i
git log main..HEAD --oneline ¦ git log --format='%h %an %s' -20 ¦ git log --pretty=oneline ¦ git log --pretty=format:'%h %ad %s' --date=short ¦ git log --name-only -3 ¦ git log --merges ¦ git log --no-merges --oneline -15 ¦ git log v1.0..v1.1
git log --follow --oneline src/lib.rs ¦ git log --decorate --oneline ¦ git log --oneline | head -20 ¦ git log --oneline | wc -l ¦ git --no-pager log -3 ¦ git log --reverse --oneline ¦ git log --shortstat -2 ¦ git log -1 --format=%H
git show --stat ¦ git show --stat HEAD ¦ git show --name-only HEAD~1 ¦ git show --name-status v1.0 ¦ git show -s HEAD ¦ git show -s --format=%B HEAD ¦ git show --no-patch main ¦ git show --numstat abc1234
git ls-files ¦ git ls-files src ¦ git ls-files -c ¦ git ls-files | head ¦ git ls-files | grep -c rs ¦ git rev-parse HEAD ¦ git rev-parse --short HEAD ¦ git rev-parse --abbrev-ref HEAD ¦ git rev-parse --show-toplevel ¦ git rev-parse --is-inside-work-tree
git branch ¦ git branch -a ¦ git branch -vv ¦ git branch -r ¦ git branch --show-current ¦ git branch --list 'feature/*' ¦ git branch --merged ¦ git branch --contains HEAD ¦ git branch --sort=-committerdate ¦ git tag ¦ git tag -l ¦ git tag -l 'v1.*'
git tag --sort=-creatordate ¦ git tag -n ¦ git tag | tail -5 ¦ git describe ¦ git describe --tags ¦ git describe --tags --always ¦ git describe --tags --abbrev=0 ¦ git --version ¦ git status ¦ git diff ¦ git diff --stat ¦ git blame src/main.rs ¦ git show HEAD
"#;

/// Those that need approval, because git runs filters that the repository chooses.
const ASKED: &[&str] = &[
    "git status",
    "git diff",
    "git diff --stat",
    "git blame src/main.rs",
    "git show HEAD",
];

#[test]
fn reading_is_hardly_ever_asked_about() {
    let commands = READING.split(['¦', '\n']).map(str::trim);
    let commands: BTreeSet<&str> = commands.filter(|command| !command.is_empty()).collect();
    assert!(commands.len() >= 260, "{} commands", commands.len());
    let asked = commands.iter().copied();
    let asked = asked.filter(|command| risk(command) != CommandRisk::KnownSafe);
    let asked: Vec<&str> = asked.collect();
    assert!(
        asked.len() * 100 <= commands.len() * 2,
        "{} of {}: {asked:#?}",
        asked.len(),
        commands.len()
    );
    assert!(asked.iter().all(|it| ASKED.contains(it)), "{asked:#?}");
    for command in &commands {
        // In a terminal at the confinement `full` they are still not asked about in `auto-edit`.
        assert_ne!(risk(command), CommandRisk::NeedsNetworkOrGit, "{command}");
        for path in paths(command) {
            assert!(!path.starts_with(['/', '~']), "{command}: {path}");
        }
    }
}
