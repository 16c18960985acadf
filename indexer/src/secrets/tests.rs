//! Secrets are planted from templates, so that none stands in this file:
//! `|` parts what a scanner would see, and `{class:n}` is drawn.

use proptest::prelude::*;

use super::*;

/// A rule, and a line with its secret between `<<` and `>>`.
const PLANTED: &[(&str, &str)] = &[
    ("aws-access-key-id", "key: <<AK|IA{base32:16}>>"),
    (
        "aws-secret-access-key",
        "aws_secret_access_key = <<{mixed:40}>>",
    ),
    (
        "aws-secret-access-key",
        "\"SecretAccessKey\": \"<<{mixed:40}>>\",",
    ),
    ("gcp-api-key", "const KEY = '<<AI|za{mixed:35}>>';"),
    (
        "gcp-private-key-id",
        "  \"private_key_id\": \"<<{hex:40}>>\",",
    ),
    ("google-oauth-client-secret", "<<GOC|SPX-{mixed:28}>>"),
    ("google-oauth-token", "t=<<ya|29.{mixed:60}>>"),
    ("google-refresh-token", "refresh: <<1/|/0{mixed:60}>>"),
    (
        "firebase-messaging-key",
        "AAAAbcdefgh:<<APA|91b{mixed:134}>>",
    ),
    (
        "azure-storage-key",
        "AccountName=a;Account|Key=<<{mixed:86}==>>;EndpointSuffix=b",
    ),
    (
        "azure-shared-access-key",
        "Shared|AccessKey=<<{mixed:43}=>>",
    ),
    (
        "azure-sas-signature",
        "https://a.net/b?se=2030-01-01&sig=<<{mixed:43}%3D>>",
    ),
    ("azure-client-secret", "id <<{mixed:3}8Q|~{mixed:34}>>"),
    ("digitalocean-token", "<<dop_|v1_{hex:64}>>"),
    ("heroku-api-key", "<<HR|KU-{hex:36}>>"),
    (
        "heroku-api-key",
        "HEROKU_API_KEY=<<{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}>>",
    ),
    ("cloudflare-key", "CLOUDFLARE_API_EMAIL_KEY: <<{mixed:40}>>"),
    ("cloudflare-origin-key", "<<v1|.0-{hex:24}-{hex:146}>>"),
    ("databricks-token", "<<da|pi{hex:32}>>"),
    ("planetscale-token", "<<pscale|_tkn_{mixed:43}>>"),
    ("supabase-token", "<<sb|p_{hex:40}>>"),
    ("supabase-secret-key", "<<sb_|secret_{mixed:31}>>"),
    ("netlify-token", "<<nf|p_{mixed:36}>>"),
    ("fly-token", "FlyV1 <<fm|2_{mixed:120}>>"),
    ("alibaba-access-key-id", "<<LT|AI{mixed:20}>>"),
    (
        "github-token",
        "git clone https://<<gh|p_{mixed:36}>>@github.com/a/b",
    ),
    ("github-token", "// token: <<gh|o_{mixed:36}>>"),
    ("github-token", "\\n<<gh|s_{mixed:36}>>\\n"),
    (
        "github-fine-grained-token",
        "<<github|_pat_{mixed:22}_{mixed:59}>>",
    ),
    ("gitlab-token", "<<gl|pat-{mixed:20}>>"),
    ("gitlab-runner-token", "<<GR|1348941{mixed:20}>>"),
    ("bitbucket-app-password", "<<AT|BB{mixed:32}>>"),
    ("atlassian-token", "<<ATA|TT3{mixed:180}>>"),
    ("npm-token", "<<npm|_{mixed:36}>>"),
    (
        "npm-registry-password",
        "//registry.npmjs.org/:_authToken=<<{mixed:36}>>",
    ),
    (
        "pypi-token",
        "password = <<py|pi-AgEIcHlwaS5vcmc{mixed:140}>>",
    ),
    ("rubygems-key", "<<ruby|gems_{hex:48}>>"),
    ("crates-io-token", "<<ci|o{mixed:32}>>"),
    (
        "docker-hub-token",
        "docker login -p <<dckr|_pat_{mixed:27}>>",
    ),
    ("nuget-key", "<<oy|2{lower:43}>>"),
    ("artifactory-key", "<<AK|Cp{mixed:69}>>"),
    (
        "terraform-cloud-token",
        "<<{mixed:14}.atl|asv1.{mixed:67}>>",
    ),
    ("pulumi-token", "<<pu|l-{hex:40}>>"),
    ("circleci-token", "<<CCI|PAT_{mixed:22}_{hex:40}>>"),
    ("buildkite-token", "<<bk|ua_{hex:40}>>"),
    ("sourcegraph-token", "<<sg|p_{hex:16}_{hex:40}>>"),
    ("postman-key", "<<PM|AK-{hex:24}-{hex:34}>>"),
    ("slack-token", "<<xo|xb-{digit:12}-{digit:12}-{mixed:24}>>"),
    (
        "slack-app-token",
        "<<xa|pp-1-{upper:11}-{digit:13}-{hex:64}>>",
    ),
    (
        "slack-webhook",
        "https://hooks.sl|ack.com/services/<<T{upper:8}/B{upper:8}/{mixed:24}>>",
    ),
    (
        "discord-webhook",
        "https://discord.com/api/web|hooks/{digit:18}/<<{mixed:68}>>",
    ),
    (
        "discord-bot-token",
        "client.login('<<M{mixed:25}.{mixed:6}.{mixed:38}>>')",
    ),
    (
        "discord-bot-token",
        "DISCORD_TOKEN=<<M{mixed:25}.{mixed:6}.{mixed:38}>>",
    ),
    (
        "telegram-bot-token",
        "https://api.telegram.org/bot{digit:10}:<<A|A{mixed:33}>>/getMe",
    ),
    (
        "telegram-bot-token",
        "TELEGRAM_BOT_TOKEN={digit:10}:<<A|A{mixed:33}>>",
    ),
    ("twilio-api-key", "<<S|K{hex:32}>>"),
    ("sendgrid-key", "<<S|G.{mixed:22}.{mixed:43}>>"),
    ("mailgun-key", "<<ke|y-{hex:32}>>"),
    ("mailchimp-key", "<<{hex:32}-u|s12>>"),
    ("brevo-key", "<<xkey|sib-{hex:64}-{mixed:16}>>"),
    (
        "postmark-token",
        "X-Postmark-Server-Token: <<{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}>>",
    ),
    ("stripe-key", "<<sk_|live_{mixed:24}>>"),
    ("stripe-key", "<<rk_|test_{mixed:99}>>"),
    ("stripe-webhook-secret", "<<wh|sec_{mixed:32}>>"),
    ("square-token", "<<sq0|csp-{mixed:43}>>"),
    ("square-token", "<<EA|AA{mixed:60}>>"),
    (
        "braintree-token",
        "<<access|_token$production${lower:16}${hex:32}>>",
    ),
    ("shopify-token", "<<shp|at_{hex:32}>>"),
    (
        "anthropic-key",
        "ANTHROPIC_API_KEY=<<sk-|ant-api03-{mixed:93}-AA>>",
    ),
    ("openrouter-key", "<<sk-|or-v1-{hex:64}>>"),
    ("openai-key", "<<sk-|proj-{mixed:74}T3BlbkFJ{mixed:74}>>"),
    ("openai-key", "openai.api_key = \"<<sk|-{mixed:48}>>\""),
    ("hugging-face-token", "<<h|f_{mixed:34}>>"),
    ("replicate-token", "<<r|8_{mixed:37}>>"),
    ("groq-key", "<<gs|k_{mixed:52}>>"),
    ("xai-key", "<<xa|i-{mixed:80}>>"),
    ("perplexity-key", "<<pp|lx-{mixed:48}>>"),
    ("nvidia-key", "<<nv|api-{mixed:64}>>"),
    ("langsmith-key", "<<lsv2|_pt_{hex:32}_{hex:10}>>"),
    ("pinecone-key", "<<pc|sk_{mixed:6}_{mixed:63}>>"),
    ("datadog-key", "DD_API_KEY=<<{hex:32}>>"),
    ("new-relic-key", "<<NR|AK-{upper:27}>>"),
    ("new-relic-key", "license: <<{hex:36}NR|AL>>"),
    ("sentry-token", "<<sntr|ys_{mixed:120}>>"),
    ("sentry-token", "<<sntr|yu_{hex:64}>>"),
    ("grafana-token", "<<gl|sa_{mixed:32}_{hex:8}>>"),
    (
        "pagerduty-token",
        "Authorization: Token token=<<{mixed:20}>>",
    ),
    ("posthog-key", "<<ph|x_{mixed:43}>>"),
    ("vault-token", "<<hv|s.{mixed:90}>>"),
    ("doppler-token", "<<dp.|pt.{mixed:43}>>"),
    ("1password-token", "<<ops|_eyJ{mixed:250}>>"),
    ("tailscale-key", "<<ts|key-auth-{mixed:12}-{mixed:32}>>"),
    ("linear-key", "<<lin|_api_{mixed:40}>>"),
    ("notion-token", "<<sec|ret_{mixed:43}>>"),
    ("notion-token", "<<nt|n_{mixed:46}>>"),
    ("figma-token", "<<fi|gd_{mixed:40}>>"),
    ("mapbox-token", "<<sk|.eyJ{mixed:60}.{mixed:22}>>"),
    (
        "private-key",
        "-----BEGIN RSA PRIV|ATE KEY-----<<\\n{mixed:64}\\n{mixed:20}==\\n>>-----END RSA PRIV|ATE KEY-----",
    ),
    ("putty-private-key", "Private-Li|nes: 1\n<<{mixed:64}>>\n"),
    ("age-secret-key", "<<AGE-SE|CRET-KEY-1{upper:58}>>"),
    (
        "json-web-token",
        "cookie: <<ey|J{mixed:33}.ey|J{mixed:70}.{mixed:43}>>",
    ),
    (
        "url-password",
        "DATABASE_URL=postgres://app:<<hunter22>>@db.internal:5432/app",
    ),
    ("url-password", "redis://:<<p{mixed:8}>>@cache/0"),
    (
        "authorization-header",
        "Authorization: Basic <<{mixed:22}==>>",
    ),
    (
        "authorization-header",
        "headers['Authorization'] = 'Bearer <<{mixed:40}>>'",
    ),
    ("bearer-token", "curl -H \"X: Bearer <<{mixed:40}>>\""),
    ("named-secret", "let client_secret = \"<<{mixed:32}>>\";"),
    ("named-secret", "const API_KEY: &str = \"<<{hex:32}>>\";"),
    ("named-secret", "  password: '<<{mixed:24}>>'"),
    ("named-secret", "export MY_APP_TOKEN=<<{mixed:40}>>"),
    ("named-secret", "{\"accessKey\": \"<<{mixed:30}>>\"}"),
    ("named-secret", "config['secret'] = `<<{mixed:30}>>`"),
    (
        "named-secret",
        "GET /v1/items?api_key=<<{mixed:32}>>&page=2",
    ),
];

/// Lines that must stay as they are.
const HARMLESS: &[&str] = &[
    "fn check_password(password: &str, hash: &str) -> Result<bool, PasswordError> {",
    "let token = self.next_token()?; // the token after the secret keyword",
    "commit 135abbc98a69be3eed04d646e06655ecf9a52f1f",
    "checksum = \"b3f1d6d4bb3f3f7a7ab8a5bd3f6a0a86b1f5b0e8e1a3e3b9f0f8d4a4c7b6a5d4\"",
    "\"integrity\": \"sha512-Kq5dfTPdDvk3mVE1jlVMVoVe+7V5NQJ5Yk4Yd9tRr5Fl2u8Xn1Qw3Zb7Lc0Ms6A==\",",
    "id = \"6f1c2d3e-4b5a-4978-8c6d-5e4f3a2b1c0d\"",
    "client_secret = \"6f1c2d3e-4b5a-4978-8c6d-5e4f3a2b1c0d\"",
    "password = \"correct horse battery staple 99\"",
    "token_kind: \"SyntaxTokenKind::LeftParenthesis2\",",
    "const TOKEN_URL: &str = \"https://example.org/oauth2/v2.0/token1\";",
    "api_key = os.environ[\"SERVICE_API_KEY_2024\"]",
    "api_key: ${SERVICE_API_KEY}",
    "password: \"{{ vault_database_password_2 }}\"",
    "secret: your-32-character-secret-key-0000",
    "token = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxx1234\"",
    "access_token = \"oauth2_access_token_v2_refresh\"",
    "postgres://user:password@localhost/db",
    "https://user:${PASSWORD}@host/path",
    "https://<user>:<password>@host/path",
    "amqp://guest:guest@localhost:5672/",
    "format!(\"{scheme}://{user}:{password}@{host}\")",
    "mysql://root:****@127.0.0.1/test",
    "http://localhost:8080/@scope/package",
    "git@github.com:owner/repository.git",
    "Authorization: Bearer <token>",
    "headers[\"Authorization\"] = f\"Bearer {token}\"",
    "Basic authentication needs a password",
    ".task-list-item, .sk-fading-circle { color: red }",
    "asyncio.run(main(), debug=True)",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----",
    "const BEGIN: &str = \"-----BEGIN PRIVATE KEY-----\";\nconst END: &str = \"-----END PRIVATE KEY-----\";",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq3v1Xy2Zk7Wm5Tn8Qp4Rb6Sc9Ld0Me1Nf2Og3Ph me@host",
    "hf_hub_download(repo_id=\"org/model\", filename=\"config.json\")",
    "npm_config_registry=https://registry.npmjs.org/",
    "secret_name = \"projects/my-project/secrets/my-secret\"",
    "csrf_token=\"{% csrf_token %}\"",
    "key-value pairs, and the key-0 that comes first",
    "GET /a%20task-0123456789abcdef0123456789abcdef01?b=%3Ddesk-0123456789abcdef0123456789abcdef01",
    "\"C:\\new\\task-0123456789abcdef0123456789abcdef01\"",
    "\"\\u0022risk-0123456789abcdef0123456789abcdef01\\u0022 and \\x22monkey-0123456789abcdef0123456789abcdef\"",
];

/// Expands a template.
fn planted(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let drawn = after.split_once('}').and_then(|(spec, rest)| {
            let (class, count) = spec.split_once(':')?;
            Some((class, count.parse::<u64>().ok()?, rest))
        });
        match drawn {
            Some((class, count, after)) => {
                out.push_str(&draw(class, count));
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.replace('|', "")
}

/// Characters of a class, always the same ones.
fn draw(class: &str, count: u64) -> String {
    let alphabet: &[u8] = match class {
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "digit" => b"1234567890",
        "hex" => b"0123456789abcdef",
        "lower" => b"abcdefghijklmnopqrstuvwxyz0123456789",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "mixed" => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        _ => panic!("no class {class}"),
    };
    let mut state = count + 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let index = usize::try_from(state >> 33).unwrap_or_default() % alphabet.len();
            char::from(alphabet[index])
        })
        .collect()
}

/// What is before, in and behind the secret of a template.
fn parts(template: &str) -> (String, String, String) {
    let (before, rest) = template
        .split_once("<<")
        .expect("a template marks its secret");
    let (secret, after) = rest.split_once(">>").expect("a template marks its secret");
    (planted(before), planted(secret), planted(after))
}

#[test]
fn every_pattern_compiles_and_has_ascii_anchors() {
    for rule in RULES {
        compiled(&whole_pattern(rule));
        assert!(!rule.anchors.is_empty(), "{}", rule.name);
        assert!(
            rule.anchors
                .iter()
                .all(|anchor| anchor.is_ascii() && anchor.len() > 1)
        );
    }
    assert!(rules().count() >= 45);
}

#[test]
fn every_rule_takes_out_its_secret_and_nothing_else() {
    for &(rule, template) in PLANTED {
        let (before, secret, after) = parts(template);
        let text = format!("first line\n{before}{secret}{after}\nlast line\n");
        let redacted = redact(&text);
        let expected = format!("first line\n{before}[redacted: {rule}]{after}\nlast line\n");
        assert_eq!(redacted.text, expected, "{text}");
        let line = 2 + u32::from(before.contains('\n'));
        assert_eq!(redacted.findings, [Finding { rule, line }], "{text}");
    }
    for rule in rules() {
        assert!(
            PLANTED.iter().any(|(planted, _)| *planted == rule),
            "{rule} has no example"
        );
    }
}

#[test]
fn ordinary_text_is_borrowed() {
    for text in HARMLESS {
        let redacted = redact(text);
        assert_eq!(redacted.text, *text);
        assert!(matches!(redacted.text, Cow::Borrowed(_)));
        assert!(redacted.findings.is_empty());
    }
}

#[test]
fn a_key_block_keeps_its_lines() {
    for indent in ["", "    ", "# ", "\t// "] {
        for newline in ["\n", "\r\n"] {
            let body = planted("{mixed:64}");
            let lines = [
                "before",
                "-----BEGIN EC PRIVATE KEY-----",
                "Proc-Type: 4,ENCRYPTED",
                "",
                &body,
                "aB3=",
                "-----END EC PRIVATE KEY-----",
                "after",
            ];
            let text = lines
                .map(|line| format!("{indent}{line}{newline}"))
                .concat();
            let redacted = redact(&text);
            assert!(!redacted.text.contains(&body[..16]), "{}", redacted.text);
            assert!(!redacted.text.contains("aB3="), "{}", redacted.text);
            assert!(
                redacted
                    .text
                    .starts_with(&format!("{indent}before{newline}"))
            );
            assert!(redacted.text.ends_with(&format!("{indent}after{newline}")));
            assert_eq!(redacted.text.lines().count(), lines.len());
            assert_eq!(redacted.text.matches(newline).count(), lines.len());
            assert_eq!(
                redacted.findings,
                [Finding {
                    rule: "private-key",
                    line: 2
                }]
            );
        }
    }
}

#[test]
fn a_key_block_without_end_stops_at_what_is_no_key() {
    let body = planted("{mixed:64}");
    let text = format!("-----BEGIN PRIVATE KEY-----\n{body}\n{body}\nfn main() {{}}\n");
    let redacted = redact(&text);
    let expected = "-----BEGIN PRIVATE KEY-----\n[redacted: private-key]\n\
                    [redacted: private-key]\nfn main() {}\n";
    assert_eq!(redacted.text, expected);
}

#[test]
fn the_special_rule_names_what_a_general_one_finds_too() {
    let token = planted("gh|p_{mixed:36}");
    let redacted = redact(&token);
    assert_eq!(redacted.text, "[redacted: github-token]");
    let text = format!("password = \"{token}\"");
    assert_eq!(
        redact(&text).text,
        "password = \"[redacted: github-token]\""
    );
}

/// How a character before a token may be written.
const ESCAPES: &[&str] = &[
    "%20", "%3D", "%3d", "\\u0022", "\\u003D", "\\u003d", "\\x22", "\\x3D", "\\n", "\\r", "\\t",
];

/// What only looks like that: too short, too long, or no number.
const NO_ESCAPES: &[&str] = &[
    "20", "%2", "%2g", "%200", "u0022", "\\u022", "\\u00220", "\\u00g2", "x22", "\\x2", "\\x2g",
    "\\x220", "n", "\\nn", "\\a", "\\N",
];

#[test]
fn an_escape_goes_before_a_token_and_is_no_part_of_its_word() {
    let token = planted("gh|p_{mixed:36}");
    for escape in ESCAPES {
        let text = format!("before{escape}{token}{escape}after");
        let expected = format!("before{escape}[redacted: github-token]{escape}after");
        assert_eq!(redact(&text).text, expected, "{text}");
    }
    for letters in NO_ESCAPES {
        let text = format!("before {letters}{token} after");
        assert_eq!(redact(&text).text, text);
    }
}

#[test]
fn an_escape_before_digits_is_none_of_them() {
    let secret = planted("A|A{mixed:33}");
    for digits in 8..=10 {
        let bot = draw("digit", digits);
        for escape in ESCAPES {
            let text = format!("before{escape}{bot}:{secret}");
            let expected = format!("before{escape}{bot}:[redacted: telegram-bot-token]");
            assert_eq!(redact(&text).text, expected, "{text}");
        }
    }
}

#[test]
fn a_secret_beyond_the_reach_of_its_rule_goes_whole() {
    let token = planted("ey|J{mixed:30}.ey|J{mixed:5000}.{mixed:400}");
    assert_eq!(
        redact(&format!("a {token} b")).text,
        "a [redacted: json-web-token] b"
    );
}

#[test]
fn a_hostile_line_is_searched_in_linear_time() {
    let text = "sk-".repeat(100_000) + &"token=".repeat(50_000) + &"-eyJ".repeat(50_000);
    assert!(redact(&text).findings.len() < 10);
}

#[test]
fn paths_that_are_secret() {
    #[rustfmt::skip]
    let paths = [
        ".env", "a/.ENV", ".env.local", ".env.production", ".env-prod", ".envrc", "tls/server.pem",
        "server.key", "id_rsa", "keys/id_ed25519", "id_ed25519_work", "id_rsa.old", ".netrc",
        "_netrc", ".npmrc", "web/.npmrc", ".pypirc", "credentials", "credentials.json",
        "credentials.yml", "config/credentials.yml.enc.bak", "kubeconfig", ".kube/config",
        "home/.docker/config.json", ".aws/credentials", ".ssh/config", "x/.ssh/known/hosts",
        ".gnupg/pubring.kbx", "a.p12", "a.pfx", "a.jks", "a.keystore", "a.kdbx", ".htpasswd",
        ".git-credentials", ".pgpass", "secrets.yml", "Secrets.YAML", "secrets.json",
        "secrets.toml", "secrets.env", "prod.tfvars", "terraform.tfstate",
        "terraform.tfstate.backup", "service-account.json", "service-account-prod.json",
        ".vault-token",
    ];
    for path in paths {
        assert!(secret_path(path).is_some(), "{path}");
    }
}

#[test]
fn paths_that_are_not() {
    #[rustfmt::skip]
    let paths = [
        ".env.example", ".env.sample", ".env.template", ".env.dist", ".env.local.example",
        ".environment", "environment.ts", "id_rsa.pub", "id_ed25519.pub", "id_rsa_test.go",
        "credentials.rs", "src/credentials.py", "credentials/mod.rs", "credentials.test.ts",
        "secrets.rs", "secrets.py", "secrets", "secrets/mod.rs", "credentials.example.json",
        "keyboard.rs", "monkey.rs", "src/config.json", "config", "docker/config.json",
        "service-account.ts", "public.pub", "README.md", "Cargo.lock", "tfvars.go", "ssh/config",
        "src/key", "package.json", "",
    ];
    for path in paths {
        assert_eq!(secret_path(path), None, "{path}");
    }
}

/// Pieces of text that come close to secrets, and secrets.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..PLANTED.len()).prop_map(|index| {
            let (before, secret, after) = parts(PLANTED[index].1);
            format!("{before}{secret}{after}")
        }),
        (0..PLANTED.len()).prop_map(|index| parts(PLANTED[index].1).1),
        (0..RULES.len()).prop_map(|index| RULES[index].anchors[0].to_owned()),
        (0..HARMLESS.len()).prop_map(|index| HARMLESS[index].to_owned()),
        "[ \n\r\"'=:@/._|é-]{0,4}",
        "[A-Za-z0-9]{0,40}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn lines_stay_and_nothing_is_found_twice(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let once = redact(&text);
        prop_assert_eq!(once.text.matches('\n').count(), text.matches('\n').count());
        prop_assert_eq!(matches!(once.text, Cow::Borrowed(_)), once.findings.is_empty());
        let twice = redact(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.findings.is_empty());
        prop_assert_eq!(redact(&text), once);
    }
}
