//! A command that a rule denies is not executed, by whatever it is started.

use std::fs;

use super::{ChatServer, Environment, Reply, environment, is_full, results, run};

fn with_rules(server: &ChatServer) -> Environment {
    let environment = environment(server);
    let settings = environment.outside().join("config/ollacode/config.toml");
    fs::create_dir_all(settings.parent().expect("a folder")).expect("folders");
    fs::write(
        settings,
        "[[deny]]\ncommand = ['rm', 'git push', 'touch -d ...']\n",
    )
    .expect("rules");
    environment.write("kept", "kept\n");
    environment
}

/// Files whose text runs what is denied, with how they are run: nothing in the command tells.
const FILES: &[(&str, &str, &str)] = &[
    ("a.sh", "rm -f kept\n", "sh a.sh"),
    (
        "b.sh",
        "#!/bin/sh\n/bin/rm -f kept\n",
        "chmod +x b.sh; ./b.sh",
    ),
    (
        "c.sh",
        "#!/usr/bin/env rm\n",
        "chmod +x c.sh; cp kept k2; ./c.sh k2; [ -e c.sh ] && echo held",
    ),
    ("d.sh", "ln -s /bin/rm q; ./q -f kept\n", "sh d.sh"),
    ("e.sh", "cp /bin/rm q; chmod +x q; ./q -f kept\n", "sh e.sh"),
    (
        "f.sh",
        "echo kept | xargs rm -f; env rm -f kept; nice rm -f kept\n",
        "sh f.sh",
    ),
    (
        "g.sh",
        "$(echo cm0= | base64 -d) -f kept; exec -a ls rm -f kept\n",
        "bash g.sh",
    ),
    (
        "h.sh",
        "eval $(printf '\\162\\155') -f kept; find kept -exec rm -f {} ';'\n",
        "sh h.sh",
    ),
    ("Makefile", "all:\n\trm -f kept\n", "make"),
    (
        "i.py",
        "import os\nos.system('r' 'm -f kept')\nos.execv('/bin/rm', ['ls', '-f', 'kept'])\n",
        "python3 i.py",
    ),
    (
        "j.awk",
        "BEGIN { system(\"rm -f kept\") }\n",
        "awk -f j.awk",
    ),
    (
        "k.sh",
        "sed '1e rm -f kept' kept; tar cf t kept --checkpoint=1 --checkpoint-action=exec='rm -f kept'\n",
        "sh k.sh",
    ),
    (
        "l.sh",
        "git -c alias.x='!rm -f kept' x; git grep -O'rm -f kept' --no-index kept\n",
        "sh l.sh",
    ),
    (
        "m.sh",
        "/lib64/ld-linux-x86-64.so.2 /bin/rm -f kept\n",
        "sh m.sh",
    ),
    (
        "n.pl",
        "system('rm', '-f', 'kept'); exec {'/bin/rm'} 'x', '-f', 'kept';\n",
        "perl n.pl",
    ),
];

#[test]
fn what_is_denied_is_not_executed() {
    if !is_full("what_is_denied_is_not_executed") {
        return;
    }
    for (name, text, command) in FILES {
        let server = ChatServer::start(vec![run(command), Reply::text("Done.")]);
        let environment = with_rules(&server);
        environment.write(name, text);
        let said = results(&environment, &[], &server);
        assert_eq!(environment.read("kept"), "kept\n", "{name}: {said:#?}");
    }
}

#[test]
fn it_is_said_and_the_rest_works() {
    if !is_full("it_is_said_and_the_rest_works") {
        return;
    }
    let server = ChatServer::start(vec![
        run("sh a.sh"),
        run("sh b.sh"),
        run("sh c.sh"),
        run("python3 -c 'print(1)'"),
        Reply::text("Done."),
    ]);
    let environment = with_rules(&server);
    environment.write("a.sh", "rm kept; echo after\n");
    environment.write(
        "b.sh",
        "git push origin main; git --version; rmdir x; mkdir x; ls -d x\n",
    );
    environment.write(
        "c.sh",
        "touch -d 2001-01-01 kept; touch new && echo touched\n",
    );
    let said = results(&environment, &[], &server);
    assert!(
        said[0].contains("was not executed: a rule denies it"),
        "{}",
        said[0]
    );
    assert!(said[0].contains("after"), "{}", said[0]);
    assert!(
        said[1].contains("`git push origin main` was not executed"),
        "{}",
        said[1]
    );
    assert!(
        said[1].contains("git version") && said[1].contains("\nx\n"),
        "{}",
        said[1]
    );
    assert!(said[2].contains("touched"), "{}", said[2]);
    assert!(
        said[2].contains("`touch -d 2001-01-01 kept` was not executed"),
        "{}",
        said[2]
    );
    // Nobody can be asked here.
    assert!(
        said[3].contains("Denied: the user must approve this"),
        "{}",
        said[3]
    );
}
