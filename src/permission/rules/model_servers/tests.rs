use super::super::file::parse_user;
use super::*;

#[track_caller]
fn parsed(text: &str) -> (Vec<ModelServer>, Vec<String>) {
    let (user, problems) = parse_user(text, &"config.toml", None);
    let problems = problems.into_iter();
    let said = problems.map(|problem| format!("{}: {}", problem.line, problem.what));
    (user.model_servers, said.collect())
}

fn plain(url: &str) -> ModelServer {
    ModelServer {
        url: Url::parse(url).expect("an address"),
        name: None,
        kind: "auto",
        key_env: None,
        chat: true,
        embed: true,
    }
}

#[test]
fn servers_are_read_in_their_order() {
    let (servers, problems) = parsed(
        "[[server]]\nurl = 'http://gpu.lan:11434'\n\n[[server]]\nurl = 'https://api.example.org/v1'\n\
         name = 'big-one'\nkind = 'openai'\nkey_env = 'BIG_KEY'\nroles = ['chat']\n\n[[server]]\n\
         url = 'http://127.0.0.1:8080'\nkind = 'llama-server'\nkey_env = '_K'\nroles = ['embed']\n",
    );
    assert_eq!(problems, Vec::<String>::new());
    let expected = [
        plain("http://gpu.lan:11434"),
        ModelServer {
            name: Some("big-one".to_owned()),
            kind: "openai",
            key_env: Some("BIG_KEY".to_owned()),
            embed: false,
            ..plain("https://api.example.org/v1")
        },
        ModelServer {
            kind: "llama-server",
            key_env: Some("_K".to_owned()),
            chat: false,
            ..plain("http://127.0.0.1:8080")
        },
    ];
    assert_eq!(servers, expected);
}

/// A text with one mistake, its line, and what is said of it.
const WRONG: &[(&str, usize, &str)] = &[
    ("server = 1\n", 1, "must be a list of tables"),
    (
        "[server]\nurl = 'http://a'\n",
        1,
        "must be a list of tables",
    ),
    ("[[server]]\nname = 'a'\n", 1, "needs `url"),
    ("[[server]]\nurl = 'a:11434'\n", 2, "must be an address"),
    ("[[server]]\nurl = 'ftp://a'\n", 2, "must be an address"),
    (
        "[[server]]\nurl = 'http://a?b=c'\n",
        2,
        "must be an address",
    ),
    (
        "[[server]]\nurl = 'http://b:c@a'\n",
        2,
        "user name or password",
    ),
    (
        "[[server]]\nurl = 'http://a'\nkeyenv = 'A'\n",
        3,
        "did you mean `key_env`?",
    ),
    (
        "[[server]]\nurl = 'http://a'\nkind = 'gpt'\n",
        3,
        "must be one of `auto`",
    ),
    (
        "[[server]]\nurl = 'https://a'\nkey_env = 'sk-1'\n",
        3,
        "never written here",
    ),
    (
        "[[server]]\nurl = 'http://a'\nkey_env = 'K'\n",
        3,
        "only over `https://`",
    ),
    (
        "[[server]]\nurl = 'http://a'\nroles = []\n",
        3,
        "list of `chat` and `embed`",
    ),
    (
        "[[server]]\nurl = 'http://a'\nroles = ['chat', 'x']\n",
        3,
        "list of `chat`",
    ),
    (
        "[[server]]\nurl = 'http://a'\nname = ''\n",
        3,
        "letters, digits",
    ),
    (
        "[[server]]\nurl = 'http://a'\n[[server]]\nurl = 'http://a'\n",
        3,
        "there already",
    ),
    (
        "[[server]]\nurl = 'http://a'\nname = 'x'\n[[server]]\nurl = 'http://b'\nname = 'x'\n",
        4,
        "the name `x` already",
    ),
    (
        "[[servers]]\nurl = 'http://a'\n",
        1,
        "did you mean `server`?",
    ),
];

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, line, words) in WRONG {
        let (_, problems) = parsed(text);
        let [problem] = problems.as_slice() else {
            panic!("one problem is wanted of {text:?}: {problems:?}");
        };
        let line = format!("{line}: ");
        assert!(problem.starts_with(&line), "{text:?}: {problem}");
        assert!(problem.contains(words), "{text:?}: {problem}");
    }
}

#[test]
fn there_is_an_end_to_the_servers() {
    let many: String = (0..=MOST_SERVERS)
        .map(|number| format!("[[server]]\nurl = 'http://gpu{number}'\n"))
        .collect();
    let (servers, problems) = parsed(&many);
    assert_eq!((servers.len(), problems.len()), (MOST_SERVERS, 1));
}
