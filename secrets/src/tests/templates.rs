//! Every rule takes out the secrets that are its own, and nothing else.

use super::super::{Finding, RULES, compiled, redact, rules, whole_pattern};
use super::{parts, planted};

/// A rule, and a line with its secret between `<<` and `>>`.
pub(super) const PLANTED: &[(&str, &str)] = &[
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
