//! Hostile commands: tables, and their combinations with harmless commands.
//!
//! A line of a table has several commands, separated by `¦`: they write, run a program, read
//! outside or a secret, leave the machine, hide, or are not known well enough.

use std::collections::BTreeSet;

use super::super::{parts, paths, remembered, risk};
use crate::permission::{CommandRisk, Confinement, Effect, Mode, Permission, Rules, permission};

/// What the shell does besides running plain words.
const SHELL: &str = r#"
cat a.rs >b.rs ¦ cat a.rs>b.rs ¦ cat a.rs >|b.rs ¦ cat a.rs >&b.rs ¦ cat a.rs 1>b.rs ¦ cat a.rs &>>b.rs ¦ >b.rs ¦ <a.rs
>b.rs cat a.rs ¦ cat<>a.rs ¦ cat 0<a.rs ¦ cat {fd}>b.rs ¦ echo x >.git/hooks/pre-commit ¦ echo x>>.envrc ¦ ls 3>&1 ¦ ls >/dev/null
ls >/dev/tcp/127.0.0.1/80 ¦ cat </dev/tcp/127.0.0.1/80 ¦ exec 3<>/dev/tcp/127.0.0.1/80 ¦ echo x >/dev/udp/127.0.0.1/53
cat <<X ¦ cat <<'X' ¦ cat <<-X ¦ cat << X ¦ cat <<<x ¦ sh <<<id ¦ cat <<"$(id)" ¦ wc -l <<X
ls $(id) ¦ ls $( id ) ¦ ls "$(id)" ¦ ls a$(id)b ¦ ls `id` ¦ ls "`id`" ¦ ls a`id`b ¦ $(echo ls) ¦ `echo ls` ¦ "$(echo ls)"
ls <(id) ¦ cat >(id) ¦ diff <(id) a.rs ¦ ls $((a[$(id)])) ¦ ls $[1] ¦ ls ${x:-$(id)} ¦ ls ${x@P} ¦ ls ${!x} ¦ ls $x ¦ ls $1 ¦ ls $$
ls $@ ¦ ls $'\x2f' ¦ ls $"x" ¦ $'\x6c\x73' ¦ l''s$IFS-la ¦ cat$IFS/etc/passwd ¦ {ls,-la} ¦ {cat,/etc/passwd} ¦ cat {.,}env
IFS=x ls ¦ PATH=. ls ¦ PATH=.:/usr/bin git log ¦ LD_PRELOAD=./x.so cat a.rs ¦ GIT_DIR=x git log ¦ GIT_PAGER=id git log ¦ PAGER=id git log
GIT_EXTERNAL_DIFF=id git log --stat ¦ GIT_SSH_COMMAND=id git log ¦ GIT_CONFIG_COUNT=1 git log ¦ RIPGREP_CONFIG_PATH=x rg x a.rs ¦ A=1 B=2 ls
LS_COLORS=x ls ¦ a=b ¦ a+=b ls ¦ a[0]=b ls ¦ HOME=/ ls ¦ ENV=x sh ¦ BASH_ENV=x bash ¦ CDPATH=/ ls ¦ TMPDIR=/ sort a.rs
ls& ¦ ls & ¦ ls &id ¦ ls & id ¦ (ls) ¦ ( ls ) ¦ {ls;} ¦ { ls;} ¦ ! ls ¦ !ls ¦ !! ¦ ^ls^id ¦ ls !$ ¦ ls "!!" ¦ coproc ls ¦ ls |& cat
if ls; then id; fi ¦ for x in a; do id; done ¦ while ls; do id; done ¦ case a in a) id;; esac ¦ until ls; do id; done ¦ select x in a; do id; done
f() { id; }; f ¦ function ls { id; }; ls ¦ ls() { id; } ¦ alias ls=id ¦ unalias ls ¦ hash -p ./x ls ¦ enable -f ./x.so ls ¦ trap id EXIT
set -x ¦ shopt -s extglob ¦ declare -n a=b ¦ typeset a=b ¦ local a ¦ readonly a=b ¦ unset PATH ¦ export A=1 ¦ source a.rs ¦ . a.rs ¦ . ./x
eval ls ¦ exec ls ¦ builtin ls ¦ command ls ¦ command -p ls ¦ command -V ls ¦ [[ -v a[$(id)] ]] ¦ [ -f a.rs ] ¦ test -f a.rs ¦ ((1)) ¦ let a=1
ls # x ¦ #x ¦ ls \ -la ¦ l\s ¦ \ls ¦ ls\;id ¦ ls -\la ¦ "l"\s ¦ ls "a\"; id" ¦ ls 'a ¦ ls "a ¦ ls a' ¦ ls ''' ¦ ls """ ¦ ls '"
ls ;; id ¦ ls ;& id ¦ ls | ¦ | ls ¦ && ls ¦ ls && ¦ ls || ¦ ; ¦ ls ; ; id ¦ ls &&& id ¦ ls |||| id ¦ ls ;id; ¦ ls &; id
read x ¦ mapfile x ¦ printf -v PATH . ¦ printf %s x ¦ cd .. ¦ cd / && ls ¦ cd src; ls ¦ pushd / ¦ popd ¦ umask 0 ¦ ulimit -c 0 ¦ kill 1 ¦ wait
time ls ¦ fc -s ¦ history -w x ¦ bind -x x ¦ complete -C id ls ¦ logout ¦ exit 1 ¦ return ¦ break ¦ jobs -x id ¦ fg ¦ bg ¦ disown ¦ suspend
"#;

/// Globs, home folders, and what is outside, secret or ours.
const PLACES: &str = r#"
cat * ¦ cat .* ¦ cat .e* ¦ cat ?env ¦ cat .[e]nv ¦ cat .[!x]nv ¦ cat .en[[:alpha:]] ¦ cat @(.env) ¦ cat +(.)env ¦ ls -d */ ¦ grep x * ¦ wc -l *.rs
cat ~ ¦ cat ~/x ¦ cat ~root/x ¦ cat ~+/x ¦ cat ~-/x ¦ ls a=~ ¦ ls a:~/b ¦ cat "~/x" ¦ cat '~root' ¦ ls ~ ¦ find ~ -name x ¦ grep x ~/y
cat / ¦ cat /etc/shadow ¦ cat //etc/passwd ¦ cat /./etc/passwd ¦ cat "/etc/passwd" ¦ cat '/etc'/passwd ¦ cat /"etc"/passwd ¦ ls /root ¦ ls -- /
cat .. ¦ cat ../x ¦ cat ./../x ¦ cat a/../../x ¦ cat a/.. ¦ cat ..//x ¦ cat ".."/x ¦ cat .'.'/x ¦ cat "."./x ¦ cat '../x' ¦ ls -R .. ¦ ls ../..
cat '..\x' ¦ cat 'a\..\b' ¦ cat '\\host\x' ¦ head -n 1 ../x ¦ tail -n 1 ../x ¦ wc -c ../x ¦ sort ../x ¦ cut -c1 ../x ¦ nl ../x ¦ tac ../x ¦ file ../x
stat ../x ¦ du .. ¦ tree .. ¦ diff ../a.rs b.rs ¦ diff a.rs ../b.rs ¦ grep x ../y ¦ grep -e x ../y ¦ grep --regexp=x ../y ¦ rg x ../y.rs ¦ rg -e x ../y.rs
rg -t rust x .. ¦ rg --files .. ¦ rg --files / ¦ find .. ¦ find / ¦ find a ../b -name x ¦ sed -n 1p ../x ¦ sed -n '$p' /etc/passwd ¦ uniq /etc/passwd
cat /proc/self/environ ¦ cat /proc/1/root/x ¦ cat /dev/stdin ¦ cat /dev/fd/0 ¦ cat /proc/self/fd/3 ¦ ls /proc/self/root ¦ head -c 9 /dev/sda ¦ cat /run/x
head -5c /etc/passwd ¦ head -9999c .env ¦ head -5qc /etc/passwd ¦ head -5vc ../x ¦ tail -5c /etc/passwd ¦ tail -9999c .env ¦ ls | head -5c .env
cat .env ¦ cat ./.env ¦ cat .ENV ¦ cat .Env.local ¦ cat a/.env ¦ cat .env.production ¦ cat .e''nv ¦ cat ".env" ¦ head .env ¦ grep x .env ¦ wc .env
cat id_rsa ¦ cat .ssh/id_ed25519 ¦ cat key.pem ¦ cat KEY.PEM ¦ cat .netrc ¦ cat .npmrc ¦ cat .pypirc ¦ cat credentials ¦ cat .aws/credentials
cat kubeconfig ¦ cat .git-credentials ¦ cat server.key ¦ cat credentials.json ¦ diff .env a.rs ¦ rg x .env ¦ rg x key.pem ¦ sort .env ¦ sed -n 1p .env
cat .git/config ¦ cat .GIT/config ¦ cat a/.git/HEAD ¦ ls .git ¦ ls -la .git/hooks ¦ find .git -name x ¦ cat .ollacode/config.toml ¦ ls .OLLACODE ¦ wc .git/index
grep -r x . ¦ grep -rn x ¦ grep -R x . ¦ grep -r x --include=* ¦ grep -r x --include='*' ¦ grep -r x --include=.env ¦ grep -r x --include='.*' .
grep -rn x --include='*.pem' . ¦ grep -r x --exclude=a --include='*.rs' . ¦ grep -dr x . ¦ grep -drecurse x . ¦ grep --recursiv x . ¦ grep -r x src
rg x ¦ rg x . ¦ rg -. x ¦ rg --hidden x ¦ rg -u x ¦ rg -uuu x ¦ rg --no-ignore x ¦ rg x -g '*' ¦ rg x -g '.env' ¦ rg x -g '*.{rs,env}' ¦ rg x -t all
rg x -T rust ¦ rg --type-add 'x:*' -t x y ¦ rg x -t json ¦ rg --iglob '*.env' x ¦ rg -L x a.rs ¦ rg --follow x a.rs ¦ rg -f .env a.rs ¦ rg --ignore-file .env x a.rs
"#;

/// Options of harmless programs that write, run, follow links or never end, and other spellings of
/// them.
const OPTIONS: &str = r#"
find . -exec id + ¦ find . -exec id {} + ¦ find . -ex'ec' id + ¦ find . -"exec" id + ¦ find . -execdir id + ¦ find . -ok id + ¦ find . -okdir id +
find . -delete ¦ find . -name x -delete ¦ find . "-delete" ¦ find . -fprint x ¦ find . -fprint0 x ¦ find . -fprintf x y ¦ find . -fls x ¦ find . -ls
find -L . ¦ find -H a ¦ find . -follow ¦ find -files0-from x ¦ find . -newer /etc/passwd ¦ find . -samefile /x ¦ find . -printf x ¦ find -D exec . ¦ find . -lname x
find . -type f -a -delete ¦ find . -not -delete ¦ find . -maxdepth 1 -exec id + ¦ find . -print -quit ¦ find . -regex x ¦ find . -name x , -delete
rg --pre id x a.rs ¦ rg --pre=id x a.rs ¦ rg --pre-glob '*' --pre id x a.rs ¦ rg --hostname-bin id x a.rs ¦ rg -z x a.rs ¦ rg --search-zip x a.rs ¦ rg --pr id x a.rs
grep -f .env a.rs ¦ grep -nf .env a.rs ¦ grep --file=.env a.rs ¦ grep --fil=x a.rs ¦ grep -D read x a.rs ¦ grep --devices=read x a.rs ¦ grep --exclude-from=.env x a.rs
sort -o x a.rs ¦ sort -ox a.rs ¦ sort a.rs -o x ¦ sort -uo x a.rs ¦ sort --output=x a.rs ¦ sort --output x a.rs ¦ sort --outp=x a.rs ¦ sort --compress-program=id a.rs
sort --compress-prog=id a.rs ¦ sort --files0-from=x ¦ sort -T / a.rs ¦ sort -S 1 --compress-program id a.rs ¦ sort --random-source=.env a.rs ¦ sort -R a.rs
sed -n 1w a ¦ sed -n '1w x' a ¦ sed -n '1e' a ¦ sed -n '1e id' a ¦ sed -n 1,2w a ¦ sed -n 1W a ¦ sed -n 1r/etc/passwd a ¦ sed -n 1R/etc/passwd a ¦ sed -n 's/a/b/w x' a
sed -n 's/a/id/e' a ¦ sed -i 1d a ¦ sed -ni 1p a ¦ sed -n -i 1p a ¦ sed --in-place 1d a ¦ sed -n 1p a -i ¦ sed -n -f x a ¦ sed -n 1p -e 1w a ¦ sed -ne 1p a ¦ sed 1d a
sed -n '1p;w x' a ¦ sed -n '1p
w x' a ¦ sed -n 1p -s a ¦ sed -n --expression=w a ¦ sed -n 1,p a ¦ sed -n /x/p a ¦ sed -n 'p' a ¦ sed -nE 1p a ¦ sed --sandbox 1p a ¦ sed -n 1,2,3p a
tree -o x ¦ tree -ox ¦ tree -Po x y ¦ tree -Io x y ¦ tree -aPo x y ¦ tree -l ¦ tree -R -o x ¦ tree --fromfile .env ¦ tree -H x -o y ¦ tree --gitfile=.env ¦ tree -Pl x ¦ tree -PoP x y z ¦ tree -IoI x y z
tail -f a.rs ¦ tail -F a.rs ¦ tail -5f a.rs ¦ tail --follow a.rs ¦ tail --retry a.rs ¦ tail --pid=1 a.rs ¦ head --lin=5 a.rs ¦ wc --files0-from=.env ¦ du --files0-from=.env
du -X .env ¦ du -L src ¦ du -D src ¦ ls -L src ¦ ls -H src ¦ ls --dereference src ¦ ls --hyperlink src ¦ file -f .env ¦ file -m x a ¦ file -C -m x ¦ file -z a ¦ file -p a
file -L a ¦ stat -L a ¦ stat -f a ¦ stat --printf=x a ¦ uniq a.rs b.rs ¦ uniq -c a.rs b.rs ¦ nl --x a ¦ cut --output-delimiter=x -f1 a ¦ diff -r . a ¦ diff -N a.rs b.rs
diff --to-file=/etc/passwd a.rs ¦ diff --from-file=.env a.rs ¦ diff -l a.rs b.rs ¦ diff --paginate a.rs b.rs ¦ diff --line-format=x a.rs b.rs ¦ diff -x x src lib
which ./x ¦ which /bin/x ¦ command -v ./x ¦ uname --x ¦ pwd x ¦ whoami x ¦ nproc --x ¦ true x ¦ basename --x ¦ date ¦ date -s 1 ¦ hostname ¦ id ¦ env ¦ printenv
tr -x a b ¦ cat --x ¦ cat -x a ¦ head -z a ¦ tail -s 1 a ¦ wc -x a ¦ ls -w 1 ¦ ls -T 1 ¦ ls -I x ¦ ls -D ¦ ls --zero ¦ ls --indicator-style=x ¦ tac -s x a
"#;

/// Git: programs of the repository's choice, other folders, writes, and contents by revision.
const GIT: &str = r#"
git -c core.pager=id log ¦ git -ccore.pager=id log ¦ git -c alias.log=!id log ¦ git --config-env=core.pager=X log ¦ git -C / log ¦ git -C/ log ¦ git -C src log
git --git-dir=x log ¦ git --git-dir x log ¦ git --work-tree=/ ls-files ¦ git --work-tree / ls-files ¦ git --exec-path=. log ¦ git --exec-path . log ¦ git -p log
git --paginate log ¦ git --bare log ¦ git --namespace=x log ¦ git --super-prefix=x log ¦ git --attr-source=x log ¦ git --literal-pathspecs log ¦ git --no-pager -c a=b log
git log -p ¦ git log -u ¦ git log --patch ¦ git log --patc ¦ git log -U3 ¦ git log --unified=3 ¦ git log -5 -p ¦ git log -5p ¦ git log --patch-with-stat ¦ git log --cc ¦ git log -c
git log --ext-diff ¦ git log --ext ¦ git log --textconv ¦ git log --textc ¦ git log --output=x ¦ git log --output x ¦ git log --outp=x ¦ git log --out=x ¦ git log -S x ¦ git log -Gx
git log -L1,2:a.rs ¦ git log -L :f:a.rs ¦ git log --show-signature ¦ git log --show-sig ¦ git log --format=%G? ¦ git log --format=%GG ¦ git log --format=%h%GK ¦ git log --format=%+G?
git log --format=%-GG ¦ git log '--format=% G?' ¦ git log --format='%h %+GS' ¦ git log '--pretty=format:%-G?' ¦ git log --pretty=x ¦ git log --pretty x ¦ git log --format x
git log --format='%(trailers:key=x)' ¦ git log --format=%(describe) ¦ git log --word-diff ¦ git log --color-words ¦ git log --submodule=diff ¦ git log --submodule ¦ git log --check
git log --no-index a b ¦ git log --remerge-diff ¦ git log -m ¦ git log --raw -p ¦ git log --notes=x ¦ git log --mailmap ¦ git log --stdin ¦ git log --exec=id ¦ git log --x
git log /etc ¦ git log ../x ¦ git log -- ../x ¦ git log -- /etc ¦ git log :/x ¦ git log HEAD:.env ¦ git log -- ':(top)x' ¦ git log -O.env ¦ git log --anchored=x ¦ git log -w -p
git show ¦ git show HEAD ¦ git show HEAD:.env ¦ git show HEAD:src/a.rs ¦ git show --stat HEAD:.env ¦ git show :.env ¦ git show -s HEAD:.env ¦ git show --stat -p ¦ git show --textconv
git show --stat --ext-diff ¦ git show --name-only --output=x ¦ git show --no-patch --patch ¦ git show -s --format=%+G? ¦ git show --show-signature -s ¦ git show --sta ¦ git show HEAD -- .env
git diff --ext-diff ¦ git diff --no-index / a ¦ git diff --output=x ¦ git diff --textconv ¦ git diff -O.env ¦ git diff ../a ../b ¦ git diff --no-inde .env a ¦ git difftool ¦ git difftool -x id
git ls-files -o ¦ git ls-files -m ¦ git ls-files -X .env ¦ git ls-files --exclude-from=.env ¦ git ls-files --others ¦ git ls-files --modifie ¦ git ls-files --recurse-submodules ¦ git ls-files -d
git ls-files --exclude-per-directory=x ¦ git ls-files --eol ¦ git ls-files --resolve-undo ¦ git ls-files ../x ¦ git rev-parse --parseopt ¦ git rev-parse --sq-quote x ¦ git rev-parse HEAD:.env
git rev-parse --git-dir=x ¦ git rev-parse --local-env-vars ¦ git rev-parse --resolve-git-dir / ¦ git branch x ¦ git branch -d x ¦ git branch -D x ¦ git branch -m x ¦ git branch -f x HEAD
git branch -M x ¦ git branch -c x ¦ git branch -u x ¦ git branch --edit-description ¦ git branch --set-upstream-to=x ¦ git branch -av x ¦ git branch --format=%(x) ¦ git branch --unset-upstream
git tag x ¦ git tag -a x -m y ¦ git tag -d x ¦ git tag -s x ¦ git tag -v x ¦ git tag -n5 x ¦ git tag -f x ¦ git tag -F .env x ¦ git tag --format=%(x) ¦ git describe --dirty ¦ git describe --broken
git describe --exact-match --dirty=x ¦ git config -l ¦ git config x.y z ¦ git config --edit ¦ git config --file=x a.b c ¦ git add . ¦ git commit -m x ¦ git commit --amend ¦ git checkout . ¦ git switch x
git restore . ¦ git reset --hard ¦ git clean -fdx ¦ git stash ¦ git stash list -p ¦ git merge x ¦ git rebase -x id ¦ git rebase -i HEAD ¦ git cherry-pick x ¦ git revert x ¦ git am x ¦ git apply x
git push ¦ git push --force ¦ git push --receive-pack=id ¦ git pull ¦ git fetch ¦ git fetch --upload-pack=id ¦ git clone x ¦ git ls-remote ext::id ¦ git ls-remote --upload-pack=id . ¦ git remote -v
git remote add x y ¦ git remote update ¦ git submodule update ¦ git submodule foreach id ¦ git filter-branch --tree-filter id ¦ git bisect run id ¦ git grep -Oid x ¦ git grep --open-files-in-pager=id x
git grep x ¦ git grep --no-index x / ¦ git archive HEAD ¦ git archive --remote=x HEAD ¦ git archive --exec=id --remote=. HEAD ¦ git bundle create x HEAD ¦ git format-patch HEAD ¦ git send-email x
git gc ¦ git fsck ¦ git prune ¦ git repack ¦ git reflog expire --all ¦ git update-ref x y ¦ git update-index x ¦ git symbolic-ref x y ¦ git replace a b ¦ git notes add ¦ git worktree add x ¦ git init
git cat-file -p HEAD:.env ¦ git cat-file --textconv HEAD:a ¦ git cat-file --filters HEAD:a ¦ git cat-file --batch ¦ git hash-object -w x ¦ git mv a b ¦ git rm a ¦ git mergetool ¦ git web--browse x
git help log ¦ git help -w log ¦ git log --help ¦ git instaweb ¦ git gui ¦ gitk ¦ git credential fill ¦ git daemon ¦ git shell ¦ git upload-pack . ¦ git http-fetch x ¦ git x ¦ git ¦ git -h ¦ git --x
"#;

/// Programs that run others, interpreters, and whatever writes or leaves the machine.
const PROGRAMS: &str = r#"
env ls ¦ env -i ls ¦ env A=1 ls ¦ env -S 'ls' ¦ xargs ls ¦ ls | xargs cat ¦ ls | xargs -I{} id ¦ timeout 5 ls ¦ nice ls ¦ ionice ls ¦ nohup ls ¦ setsid ls ¦ stdbuf -o0 ls ¦ sudo ls ¦ doas ls
su -c ls ¦ chroot . ls ¦ unshare ls ¦ nsenter -t 1 ls ¦ strace ls ¦ ltrace ls ¦ gdb ls ¦ script -c ls ¦ watch ls ¦ parallel ls ¦ flock x ls ¦ taskset 1 ls ¦ chrt 1 ls ¦ prlimit ls ¦ systemd-run ls
busybox ls ¦ toybox ls ¦ ls | sh ¦ ls | bash ¦ ls | sudo sh ¦ cat a.rs | python3 ¦ echo id | sh ¦ sh a ¦ sh -c ls ¦ bash -lc ls ¦ dash a ¦ zsh -c ls ¦ fish -c ls ¦ ksh a ¦ pwsh -c ls
python3 a.py ¦ python3 -c 1 ¦ python -m http.server ¦ perl -e 1 ¦ perl a ¦ ruby -e 1 ¦ node -e 1 ¦ node a.js ¦ php -r 1 ¦ lua a ¦ deno run a ¦ bun a ¦ Rscript a ¦ tclsh a ¦ osascript -e 1 ¦ java A ¦ go run .
awk 1 a.rs ¦ awk 'BEGIN{system("id")}' ¦ awk '{print > "x"}' a ¦ awk '{print | "sh"}' a ¦ awk -f x a ¦ gawk -i inplace 1 a ¦ mawk 1 a ¦ sed s/a/b/ a ¦ sed p a ¦ ed a ¦ ex -c q a ¦ vi a ¦ vim -c ':!id' a ¦ emacs a ¦ nano a
less a.rs ¦ more a.rs ¦ most a.rs ¦ man ls ¦ man -P id ls ¦ info ls ¦ view a ¦ tee x ¦ ls | tee x ¦ ls | tee -a x ¦ ls | dd of=x ¦ dd if=a of=b ¦ cp a b ¦ mv a b ¦ rm a ¦ rm -rf / ¦ rmdir a ¦ mkdir a ¦ touch a ¦ ln -s / a
install a b ¦ truncate -s 0 a ¦ shred a ¦ split a ¦ csplit a 1 ¦ chmod +x a ¦ chown x a ¦ chgrp x a ¦ chattr +i a ¦ setfacl x a ¦ mknod x p ¦ mkfifo x ¦ mount a b ¦ umount a ¦ unlink a ¦ rename a b c ¦ patch -p1 ¦ sponge a
tar xf a.tar ¦ tar cf a.tar . ¦ tar xf a --to-command=id ¦ tar cf x . --checkpoint-action=exec=id ¦ tar -I id -xf a ¦ unzip a ¦ zip -T -TT id x a ¦ gzip a ¦ gunzip a ¦ xz a ¦ 7z x a ¦ cpio -i ¦ ar x a ¦ rsync a b ¦ rsync -e id a b:
curl x ¦ curl http://127.0.0.1 ¦ curl -o x y ¦ curl -K x ¦ wget x ¦ nc x 1 ¦ ncat -e id x 1 ¦ socat - exec:id ¦ ssh x ¦ ssh -oProxyCommand=id x ¦ scp a b: ¦ sftp x ¦ telnet x ¦ ftp x ¦ ping x ¦ dig x ¦ nslookup x ¦ host x ¦ openssl s_client x
make ¦ make -f x ¦ cmake . ¦ ninja ¦ cargo build ¦ cargo test ¦ cargo run ¦ cargo --version ¦ cargo metadata ¦ rustc a.rs ¦ npm test ¦ npm run x ¦ npx x ¦ yarn ¦ pnpm i ¦ pip install x ¦ pytest ¦ go test ¦ go vet ¦ mvn x ¦ gradle x ¦ bundle exec x ¦ gcc a.c
docker run x ¦ podman run x ¦ kubectl exec x ¦ helm x ¦ terraform apply ¦ ansible x ¦ vagrant up ¦ gh pr create ¦ aws s3 ls ¦ gcloud x ¦ az x ¦ crontab -e ¦ at now ¦ systemctl x ¦ service x ¦ launchctl x ¦ screen x ¦ tmux x ¦ ./ls ¦ src/ls ¦ /tmp/ls
jq . a.json ¦ jq env a.json ¦ jq -f x a ¦ yq -i x a ¦ column a ¦ xxd a b ¦ od a ¦ strings a ¦ bat a ¦ fd x ¦ fd x -x id ¦ ag --pager id x ¦ ack --pager=id x ¦ locate x ¦ xdg-open a ¦ open a ¦ say x ¦ wall x ¦ write x ¦ mail x ¦ logger x ¦ sqlite3 a
"#;

/// Invisible and look-alike characters, in place of one character of a command.
const HIDDEN: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "\u{b}",
    "\u{c}",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{34f}",
    "\u{61c}",
    "\u{1160}",
    "\u{180e}",
    "\u{2000}",
    "\u{2009}",
    "\u{200b}",
    "\u{200d}",
    "\u{200e}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{202f}",
    "\u{2060}",
    "\u{2066}",
    "\u{3000}",
    "\u{3164}",
    "\u{fe0f}",
    "\u{feff}",
    "\u{ffa0}",
    "\u{e0020}",
    "\u{ff1b}",
    "\u{37e}",
    "\u{ff5c}",
    "\u{2215}",
];

/// Words and letters that look like known ones.
const ALIKE: &[&str] = &[
    "\u{217c}s",
    "l\u{455}",
    "\u{441}at a.rs",
    "c\u{430}t a.rs",
    "ｌｓ",
    "ｃat a.rs",
    "gi\u{442} log",
    "\u{261}it log",
    "ca\u{3c4} a.rs",
    "LS",
    "Cat a.rs",
    "GIT log",
    "git LOG",
    "ls\u{301}",
    "cat \u{2024}env",
    "cat \u{ff0e}env",
    "cat \u{ff0e}\u{ff0e}/x",
    "cat ..\u{2215}x",
    "cat ..\u{ff0f}x",
    "ls \u{2010}la",
    "ls \u{2013}la",
    "ls \u{ff0d}la",
    "find . \u{2013}delete",
    "git log \u{2014}all",
    "“ls”",
    "ls ‘a’",
    "ls \u{ff07}a\u{ff07}",
    "ls \u{ff04}(id)",
    "ls ｜ sh",
    "ls ＆＆ id",
];

const HARMLESS: &[&str] = &[
    "ls",
    "ls -la src",
    "pwd",
    "cat a.rs",
    "cat 'a b.rs'",
    "head -n 5 a.rs",
    "tail -5 a.rs",
    "wc -l a.rs",
    "sort a.rs",
    "grep -n x a.rs",
    "grep -rn x --include='*.rs' src",
    "rg x a.rs",
    "rg -t rust x",
    "find . -name '*.rs'",
    "sed -n 1,5p a.rs",
    "diff -u a.rs b.rs",
    "git log --oneline",
    "git show --stat HEAD",
    "git ls-files",
    "git branch -a",
    "git tag -l",
    "ls | wc -l",
    "cat a.rs | head -5",
    "git log | head -3",
];

/// Text before and after a command.
const AROUND: &[(&str, &str)] = &[
    ("", "\nid"),
    ("", "\r\nid"),
    ("", "\rid"),
    ("", ";id"),
    ("", "; id"),
    ("", " && id"),
    ("", "&&id"),
    ("", " || id"),
    ("", " & id"),
    ("", "&"),
    ("", " | sh"),
    ("", "|sh"),
    ("", " |& sh"),
    ("", " | tee x"),
    ("", " | xargs id"),
    ("", " > x"),
    ("", ">x"),
    ("", " >> x"),
    ("", " 2>x"),
    ("", " &>x"),
    ("", " < /etc/passwd"),
    ("", " <<X\nid\nX"),
    ("", " <<< x"),
    ("", " $(id)"),
    ("", " `id`"),
    ("", " \"$(id)\""),
    ("", " <(id)"),
    ("", " >(id)"),
    ("", " $HOME"),
    ("", " ${x}"),
    ("", " $'x'"),
    ("", " ~/x"),
    ("", " *"),
    ("", " ?"),
    ("", " [a]"),
    ("", " {a,b}"),
    ("", " '"),
    ("", " \""),
    ("", " \\"),
    ("", " #x"),
    ("", " \u{202e}"),
    ("", "\u{200b}"),
    ("", "\0"),
    ("id;", ""),
    ("id && ", ""),
    ("id | ", ""),
    ("id\n", ""),
    ("id & ", ""),
    ("PATH=. ", ""),
    ("A= ", ""),
    ("LD_PRELOAD=./x ", ""),
    ("env ", ""),
    ("sudo ", ""),
    ("xargs ", ""),
    ("timeout 9 ", ""),
    ("nice ", ""),
    ("time ", ""),
    ("exec ", ""),
    ("eval ", ""),
    ("command ", ""),
    ("! ", ""),
    ("( ", " )"),
    ("{ ", "; }"),
    ("$( ", " )"),
    ("`", "`"),
    ("./", ""),
    ("sh -c \"", "\""),
    ("if ", "; then id; fi"),
    ("for x in a; do ", "; done"),
    ("x() { ", "; }"),
    ("<x ", ""),
    (">x ", ""),
];

/// Every command of the tables: those that are written out, and those that are put together.
fn commands() -> (BTreeSet<String>, BTreeSet<String>) {
    let tables = [SHELL, PLACES, OPTIONS, GIT, PROGRAMS].join("¦\n");
    // A table's line ends a command, but for the one that has a line feed of its own.
    let tables = tables.replace("'1p\nw x'", "'1p\u{1}w x'");
    let written = tables.split(['¦', '\n']).map(str::trim);
    let written = written.filter(|command| !command.is_empty());
    let mut written: BTreeSet<String> = written
        .map(|command| command.replace('\u{1}', "\n"))
        .collect();
    written.extend(ALIKE.iter().map(|command| (*command).to_owned()));
    let mut made = BTreeSet::new();
    for harmless in HARMLESS {
        for (before, behind) in AROUND {
            made.insert(format!("{before}{harmless}{behind}"));
        }
        for hidden in HIDDEN {
            made.insert(format!("{harmless}{hidden}id"));
            made.insert(format!("{harmless} 'x{hidden}y'"));
            made.insert(format!("{hidden}{harmless}"));
            made.insert(harmless.replacen(' ', hidden, 1) + *hidden);
        }
    }
    (written, made)
}

#[test]
fn no_hostile_command_runs_unasked() {
    let (written, made) = commands();
    assert!(written.len() >= 980, "{} are written", written.len());
    assert!(made.len() >= 4_500, "{} are made", made.len());
    let all = || written.iter().chain(&made);
    let through = all().filter(|command| risk(command) == CommandRisk::KnownSafe);
    let through: Vec<&String> = through.collect();
    assert!(through.is_empty(), "{} run: {through:#?}", through.len());
    for command in all() {
        assert_eq!(paths(command), Vec::<String>::new(), "{command:?}");
        let effect = Effect::Command {
            text: command.clone(),
            risk: risk(command),
            network: false,
            tool: None,
        };
        // Unasked, it runs at most where it can change nothing, and only at the level `full`.
        for (mode, level, is_tried) in [
            (Mode::Ask, Confinement::Full, true),
            (Mode::Plan, Confinement::Full, true),
            (Mode::Ask, Confinement::Landlock, false),
            (Mode::Plan, Confinement::None, false),
        ] {
            let found = permission(&effect, mode, level, &Rules::default());
            let runs = found == Permission::Allow || (found == Permission::ReadOnly && !is_tried);
            assert!(!runs, "{command:?} in {mode:?} at {level:?}: {found:?}");
        }
    }
}

#[test]
fn what_cannot_be_seen_is_not_understood() {
    for harmless in HARMLESS {
        assert_eq!(risk(harmless), CommandRisk::KnownSafe, "{harmless:?}");
        for hidden in HIDDEN {
            for spoilt in [
                format!("{harmless}{hidden}"),
                format!("{harmless} '{hidden}'"),
            ] {
                assert!(parts(&spoilt).is_none(), "{spoilt:?}");
                assert_eq!(remembered(&spoilt), None, "{spoilt:?}");
            }
        }
    }
}
