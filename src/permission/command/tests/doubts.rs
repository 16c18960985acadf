//! Commands whose text does not show what they execute need approval if a rule denies a command.

use super::super::doubt;

const DOUBTFUL: &str = "git -c alias.x='!rm -rf y' x ¦ git -c core.pager='rm x' log ¦ git grep -Orm x ¦ \
    git grep -O x ¦ git log --ext-diff -p ¦ git lol ¦ git $X ¦ git rebase -x rm HEAD~1 ¦ \
    GIT_EXTERNAL_DIFF=./x git diff ¦ GIT_SSH_COMMAND=x git fetch ¦ PAGER=x man ls ¦ PATH=.:$PATH ls ¦ \
    LD_PRELOAD=./x.so ls ¦ export EDITOR=x ¦ BASH_ENV=x bash y.sh ¦ env PAGER=x git log ¦ env -S 'a b' ¦ \
    $X a ¦ $(echo rm) a ¦ `echo rm` a ¦ ${X}m a ¦ r$X a ¦ \"$X\" a ¦ /b?n/rm x ¦ {rm,x} ¦ $'r\\x6d' x ¦ \
    eval \"$X\" ¦ eval $(echo x | base64 -d) ¦ sh -c \"$(cat x)\" ¦ bash -c \"$X\" ¦ sh -c '$X y' ¦ \
    sh -c 'eval \"$1\"' _ x ¦ bash -lc \"$(x)\" ¦ echo cm0gLXJmIHg= | base64 -d | sh ¦ cat x | sh ¦ \
    curl x | bash -s -- a ¦ printf '\\162\\155 x' | sh ¦ printf '%sm x' r | sh ¦ echo $X | sh ¦ \
    sh <<E\n$X y\nE ¦ sh <<< \"$X\" ¦ bash <(echo x) ¦ source <(echo x) ¦ . /dev/stdin <<< x ¦ \
    python -c 'print(1)' ¦ python3.12 -c x ¦ python3 -Ic x ¦ python3 <<'E'\nimport os\nE ¦ \
    echo x | python3 ¦ echo x | python3 - ¦ perl -e 'x' ¦ perl -pi -e 's/a/b/' y ¦ ruby -e x ¦ node -e x ¦ \
    node --eval=x ¦ php -r x ¦ lua -e x ¦ cat x.js | node ¦ awk 'BEGIN{system(\"rm x\")}' ¦ \
    awk '{print | \"sh\"}' x ¦ awk '{\"date\" | getline d}' x ¦ awk \"$X\" y ¦ gawk 'BEGIN { system(x) }' ¦ \
    sed '1e rm x' y ¦ sed 's/.*/rm x/e' y ¦ sed -n -e '$!{e id' -e '}' y ¦ sed \"$X\" y ¦ \
    find . -exec {} ';' ¦ find . -exec $X ';' ¦ find . -exec sh -c \"$X\" ';' ¦ find . -ok \"$X\" ';' ¦ \
    xargs -I{} {} x ¦ xargs -I % sh -c % ¦ xargs sh -c \"$X\" ¦ echo x | xargs -I{} {} ¦ cat x | parallel ¦ \
    make -f - ¦ make -f - <<'E'\nx:\n\trm y\nE ¦ echo x | make -f- ¦ make --eval 'x:;rm y' ¦ make SHELL=./x ¦ \
    tar cf a b --checkpoint=1 --checkpoint-action=exec=x ¦ tar xf a --to-command=x ¦ tar -I x -xf a ¦ \
    tar --use-compress-program=x -xf a ¦ ssh -o ProxyCommand=x y ¦ ssh -oProxyCommand=x y ¦ scp -S x a b ¦ \
    rsync -e x a b:c ¦ vim -es -c '!x' ¦ vim +'!x' y ¦ nvim --cmd '!x' ¦ emacs --batch --eval x ¦ ed x ¦ \
    sort --compress-program=x a ¦ split --filter=x a ¦ rg --pre x y ¦ fd -x x ¦ go test -exec x ¦ \
    cargo --config x test ¦ npm --script-shell=x test ¦ npx -c x ¦ timeout 5 $X ¦ sudo $X ¦ nice python -c x ¦ \
    env python3 -c x ¦ busybox sh -c \"$X\" ¦ exec $X ¦ command $X ¦ trap \"$X\" EXIT ¦ alias x=\"$Y\" ¦ \
    (cat x) | sh ¦ { cat x; } | bash ¦ if $X; then y; fi ¦ f() { $1 x; }; f rm ¦ echo \"$(sh -c \"$X\")\" ¦ \
    socat - EXEC:x ¦ tmux new x ¦ at now ¦ a 'b ¦ for x in rm; do $x y; done ¦ \
    cat <<'E' | sh\nrm x\nE";

const CLEAR: &str = "cargo test ¦ cargo test --workspace 2>&1 | tail -20 ¦ npm test ¦ make ¦ make -j4 all ¦ \
    make -f other.mk ¦ python3 x.py ¦ python3 -m pytest -q ¦ python3 --version ¦ node x.js ¦ sh x.sh ¦ \
    bash scripts/check.sh a b ¦ bash -c 'ls -l' ¦ sh -c 'cd x && ls' ¦ echo ls | sh ¦ sh <<'E'\nls\nE ¦ \
    sh <<< 'ls x' ¦ bash -euo pipefail x.sh ¦ ls | grep x ¦ grep -rn \"$X\" src ¦ echo $X ¦ echo \"$(date)\" ¦ \
    git status ¦ git commit -m 'a $b' ¦ git add -A && git commit -m x ¦ git log --oneline -5 ¦ git checkout x ¦ \
    awk '{print $1}' x ¦ awk -F: -v a=b '{print $2}' x ¦ sed -i 's/a/b/' x ¦ sed -n '1,5p' x ¦ \
    sed -e 's/e/f/g' -e '/x/d' y ¦ sed 's|a|e|' x ¦ sed '/begin/,/end/d' x ¦ find . -name '*.rs' ¦ \
    find . -name '*.o' -exec ls -l {} + ¦ ls | xargs wc -l ¦ ls | xargs -I{} cp {} x ¦ timeout 60 cargo test ¦ \
    env RUST_LOG=debug cargo test ¦ RUST_BACKTRACE=1 cargo test ¦ CI=1 npm test ¦ GIT_AUTHOR_NAME=x git commit ¦ \
    GIT_PAGER=cat git log ¦ tar xzf a.tgz ¦ tar -czf a.tgz b ¦ cp a b ¦ mkdir -p x && touch x/y ¦ ./x.sh ¦ \
    for f in *.rs; do wc -l $f; done ¦ while IFS= read -r x; do echo $x; done < y ¦ if [ -f x ]; then ls; fi ¦ \
    cat <<'E' > x\nrm y\nE ¦ ls > x 2>/dev/null ¦ X=$(ls); echo $X ¦ test -f x || exit 1 ¦ \
    rustfmt src/main.rs ¦ go test ./... ¦ sort -u a ¦ ssh host ls ¦ vim -es x ¦ diff <(ls a) <(ls b) ¦ time make ¦ \
    nohup cargo build & ¦ [ a = b ] && ls ¦ cd x; ls ¦ export A=b ¦ jq '.a | .b' x.json ¦ tee x < y";

#[test]
fn what_text_does_not_tell_is_doubted() {
    let is_clear = |text: &&str| doubt(text, true).is_none() || doubt(text, false).is_none();
    let texts = DOUBTFUL.split(" ¦ ").map(str::trim_start);
    assert_eq!(texts.filter(is_clear).collect::<Vec<&str>>(), [""; 0]);
}

#[test]
fn ordinary_commands_are_clear() {
    for text in CLEAR.split(" ¦ ") {
        let text = text.trim_start();
        assert_eq!(doubt(text, true), None, "{text:?}");
    }
}

#[test]
fn files_that_run_are_doubted_where_nothing_holds_them_back() {
    for text in [
        "sh x.sh",
        "./x",
        "make",
        "python3 x.py",
        "cargo test",
        "awk -f x y",
        "sed -f x y",
    ] {
        assert_eq!(doubt(text, true), None, "{text}");
        assert!(doubt(text, false).is_some(), "{text}");
    }
    for text in [
        "ls -l",
        "git commit -m x",
        "mkdir x && cp a x",
        "rustfmt a.rs",
    ] {
        assert_eq!(doubt(text, false), None, "{text}");
    }
}

#[test]
fn everyday_work_is_seldom_doubted() {
    for list in [
        include_str!("../../../../tests/it/attacks/building.txt"),
        include_str!("../../../../tests/it/attacks/reading.txt"),
    ] {
        let doubted = list.lines().filter(|line| doubt(line, true).is_some());
        let doubted: Vec<&str> = doubted.collect();
        assert!(doubted.len() * 20 <= list.lines().count(), "{doubted:#?}");
    }
}
