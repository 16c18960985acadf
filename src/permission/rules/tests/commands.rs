//! Rules for commands and their network: broad for `deny`, exact for `allow`.

use super::*;

#[test]
fn what_forbids_a_command_is_generous() {
    let rules =
        rules("[[deny]]\ncommand = ['git push', 'curl', [ 'rm', '-rf' ], 'docker * prune']");
    for text in "git push ¦ git push --force ¦ git -C /x push ¦ git -c a=b --no-pager push ¦ \
         git  push ¦ /usr/bin/git push ¦ 'git' push ¦ g\"i\"t push ¦ g\\it push ¦ \
         git pu''sh ¦ GIT push ¦ ls && git push ¦ ls; git push ¦ ls | git push ¦ \
         ls\ngit push ¦ git \\\n push ¦ (git push) ¦ { git push; } ¦ $(git push) ¦ \
         `git push` ¦ FOO=1 git push ¦ env git push ¦ sudo -E git push ¦ \
         timeout 5 git push ¦ bash -c 'git push' ¦ sh -c \"cd x; git push\" ¦ \
         xargs git push ¦ git push > out ¦ git push & ¦ git$IFS'push' ¦ git${IFS}push ¦ \
         npm exec -- git push ¦ git submodule foreach 'git push' ¦ \
         if true; then git push; fi ¦ curl ¦ curl x ¦ /opt/curl x ¦ curl.exe x ¦ \
         find . -exec curl x + ¦ echo $(curl x) ¦ {curl,x} ¦ rm -rf x ¦ \
         docker image prune ¦ docker system prune -a ¦ ls \u{1}; git push ¦ \
         echo 'git push' | sh ¦ echo 'rm -rf src' | sh ¦ echo \"rm -rf x\" | /bin/bash ¦ \
         echo git push | xargs -0 sh -c ¦ printf 'curl x' | dash ¦ \
         echo 'curl x' | cat | head -3 | zsh -s ¦ echo \"rm -rf x\" | env bash ¦ \
         echo 'curl x' | sudo sh ¦ echo 'curl x' | timeout 5 sh ¦ sh <<< 'rm -rf src' ¦ \
         sh <<E\nrm -rf src\nE ¦ cat <<'E' | bash\ngit push\nE ¦ \
         git log --format='git push' -1 | sh ¦ echo 'git push' > x; sh < x ¦ \
         echo \"import os; os.system('git push')\" | python3 ¦ eval 'git push' ¦ \
         alias p='git push'; p ¦ X=curl; $X a ¦ f() { git push; }; f ¦ \
         find . -name x -exec git push ';' ¦ echo x | parallel git push ¦ \
         echo -rf src | xargs rm ¦ bash -c \"$(echo git push)\""
        .split(" ¦ ")
    {
        assert_eq!(row(&rules, &format!("run {text}")), "----", "{text:?}");
    }
    for text in "git status ¦ git log --grep push ¦ echo curl ¦ grep -n curl a.rs ¦ rm x ¦ \
         docker ps ¦ echo 'git push' | cat ¦ grep -n curl a.rs | sort | uniq -c ¦ \
         sh x.sh; echo curl"
        .split(" ¦ ")
    {
        assert_ne!(row(&rules, &format!("run {text}")), "----", "{text:?}");
    }
    let versions = self::rules("[[deny]]\ncommand = 'python'");
    assert_eq!(row(&versions, "run python3.12 x.py"), "----");
    // Trying every way to pass over options would take for ever.
    let many = format!("git {} pull", "-a ".repeat(20_000));
    assert_ne!(row(&rules, &format!("run {many}")), "----");
}

#[test]
fn what_allows_a_command_is_strict() {
    let rules =
        rules("[[allow]]\ncommand = ['cargo test ...', 'make', 'npm run *', ['cat', '**']]");
    for text in "cargo test ¦ cargo test -- a ¦ make ¦ npm run x ¦ cat /etc/hosts ¦ \
         'cargo' test | tail -5 ¦ cargo test && make ¦ cargo test; echo done ¦ \
         npm run x || make"
        .split(" ¦ ")
    {
        let found = row(&rules, &format!("run {text}"));
        assert!(
            matches!(&found[..], "+++-" | "+++r" | "++++"),
            "{text:?}: {found}"
        );
    }
    for text in "cargo build ¦ make x ¦ npm run ¦ npm run x y ¦ ./make ¦ /bin/make ¦ MAKE ¦ \
         FOO=1 make ¦ make; rm x ¦ make && cat x | sh ¦ make > out ¦ make & ¦ make $(x) ¦ \
         make `x` ¦ (make) ¦ env make ¦ make\nmake ¦ make # x ¦ make ~ ¦ cargo -q test ¦ \
         make; git log ¦ make 2>&1 ¦ make; cd x ¦ make <<x ¦ make *"
        .split(" ¦ ")
    {
        let first = &row(&rules, &format!("run {text}"))[..1];
        assert!(matches!(first, "r" | "?"), "{text:?}: {first}");
    }
}

#[test]
fn the_network_is_opened_by_rules() {
    let rules = rules(
        "[allow]\nnetwork = 'cargo fetch ...'\n[ask]\nnetwork = 'npm'\n[deny]\nnetwork = 'pip'\n",
    );
    for (text, without, with_flag) in [
        ("cargo fetch", true, true),
        ("cargo fetch --locked", true, true),
        ("cargo fetch; x", false, true),
        ("npm ci", true, true),
        ("npm ci && cargo fetch", true, true),
        ("x; npm ci", false, true),
        ("sh -c 'npm ci'", false, true),
        ("make", false, true),
        ("pip download x", false, false),
        ("sh -c 'pip download x'", false, false),
    ] {
        assert_eq!(rules.opens_network(text, false), without, "{text}");
        assert_eq!(rules.opens_network(text, true), with_flag, "{text}");
    }
    assert_eq!(row(&rules, "run npm test"), "??+-");
    assert_eq!(row(&rules, "run pip check"), "r++r");
    assert!(rules.asks(&effect("run npm test")) && !rules.asks(&effect("run make")));
    let at = |level| permission(&command("pip check"), Mode::AutoApprove, level, &rules);
    let Permission::Deny(why) = at(Confinement::Landlock) else {
        panic!("nothing keeps it from the network");
    };
    assert_eq!(
        why,
        "the rule `deny network = 'pip'` (config.toml:6) forbids it"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_may_be_denied_is_asked_about_in_every_mode() {
    let rules =
        rules("[[deny]]\ncommand = 'rm'\n[[allow]]\ncommand = ['python3 -c x', 'node -e y']");
    for (text, expected) in [
        ("python -c 'print(1)'", "???-"),
        ("echo cm0gLXJmIHg= | base64 -d | sh", "???-"),
        ("git -c core.pager=x log", "???-"),
        ("sh -c \"$(cat x)\"", "???-"),
        ("python3 -c x", "+++-"),
        ("git -c alias.x='!rm y' x", "----"),
        ("tar cf a b --checkpoint-action=exec=rm", "----"),
        ("cargo test", "?++-"),
        ("python3 x.py", "r++r"),
        ("ls", "++++"),
    ] {
        assert_eq!(row(&rules, &format!("run {text}")), expected, "{text}");
    }
    let why = permission(
        &command("node -e z"),
        Mode::AutoApprove,
        Confinement::Full,
        &rules,
    );
    let expected = "`node -e` runs code that is not shell code, so it is not certain whether the rule \
        `deny command = 'rm'` (config.toml:2) denies it";
    assert_eq!(why, Permission::Ask(expected.to_owned()));
    assert!(rules.asks(&effect("run node -e z")) && !rules.asks(&effect("run make")));
    // Where nothing refuses to execute it, a file can run it, too.
    let at = |text: &str, level| permission(&command(text), Mode::AutoApprove, level, &rules);
    assert!(matches!(
        at("sh x.sh", Confinement::None),
        Permission::Ask(_)
    ));
    assert_eq!(at("sh x.sh", Confinement::Landlock), Permission::Allow);
    let none = self::rules("[[ask]]\ncommand = 'rm'");
    assert_eq!(row(&none, "run python -c 'print(1)'"), "r++r");
}
