//! The table of what counts as a secret: one line or two a rule.
//!
//! Most of the shapes are published by those who hand the keys out. A rule for
//! a key without a shape of its own needs the name it is assigned to.

use SecretPosition::{Block, Inside, Token, Value};

/// One kind of secret.
pub(super) struct SecretRule {
    /// Stands in for the secret, so it must say what was there.
    pub name: &'static str,
    /// ASCII words, one of which is in every match: only around them is the pattern tried.
    pub anchors: &'static [&'static str],
    /// For `Inside` the whole, else what follows the anchor. Group 1, if any, is the secret.
    pub pattern: &'static str,
    /// Has the last word on what the pattern found.
    pub check: fn(&str) -> bool,
    pub place: SecretPosition,
}

/// Where a secret is, seen from its anchor.
#[derive(Clone, Copy)]
pub(super) enum SecretPosition {
    /// It begins with the anchor, and no letter or digit goes before but those of an escape.
    Token,
    /// The anchor is in the name or the marker before it.
    Value,
    /// It begins up to so many bytes before the anchor.
    Inside(usize),
    /// It is what follows the line of the anchor, for as long as that looks like a key.
    Block,
}

const fn rule(
    name: &'static str,
    place: SecretPosition,
    anchors: &'static [&'static str],
    pattern: &'static str,
    check: fn(&str) -> bool,
) -> SecretRule {
    SecretRule {
        name,
        anchors,
        pattern,
        check,
        place,
    }
}

/// Parts of names that hold secrets, in the ways they are written.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "password", "Password", "PASSWORD", "passwd", "Passwd", "PASSWD", "passphrase", "Passphrase",
    "PASSPHRASE", "secret", "Secret", "SECRET", "token", "Token", "TOKEN", "api_key", "api-key",
    "apikey", "apiKey", "ApiKey", "Api-Key", "API-Key", "API_KEY", "APIKEY", "access_key",
    "access-key", "accessKey", "AccessKey", "ACCESS_KEY", "private_key", "private-key",
    "privateKey", "PrivateKey", "PRIVATE_KEY", "auth_key", "authKey", "AuthKey", "AUTH_KEY",
    "account_key", "accountKey", "ACCOUNT_KEY", "encryption_key", "encryptionKey",
    "ENCRYPTION_KEY", "signing_key", "signingKey", "SIGNING_KEY",
];

/// Of two rules that find the same text, the earlier one names it.
#[rustfmt::skip]
pub(super) static RULES: &[SecretRule] = &[
    // Clouds.
    rule("aws-access-key-id", Token, &["AKIA", "ASIA", "ABIA", "ACCA"], "[A-Z2-7]{16}", anything),
    rule("aws-secret-access-key", Value,
        &["secret_access_key", "SECRET_ACCESS_KEY", "secretAccessKey", "SecretAccessKey",
          "aws_secret_key", "AWS_SECRET_KEY", "awsSecretKey", "secret-access-key"],
        r#"["'`]?\]?[ \t]{0,8}[:=,>]{1,2}[ \t]{0,8}["'`]?([A-Za-z0-9/+]{40})"#, is_mixed),
    rule("gcp-api-key", Token, &["AIza"], "[A-Za-z0-9_-]{35}", anything),
    rule("gcp-private-key-id", Value, &["\"private_key_id\""],
        r#"[ \t]{0,8}:[ \t]{0,8}"([0-9a-f]{40})""#, anything),
    rule("google-oauth-client-secret", Token, &["GOCSPX-"], "[A-Za-z0-9_-]{28}", anything),
    rule("google-oauth-token", Token, &["ya29."], "[A-Za-z0-9_-]{30,}", has_digit),
    rule("google-refresh-token", Token, &["1//0"], "[A-Za-z0-9_-]{40,}", is_mixed),
    rule("firebase-messaging-key", Token, &["APA91b"], "[A-Za-z0-9_-]{100,}", anything),
    rule("azure-storage-key", Value,
        &["AccountKey", "account_key", "accountKey", "ACCOUNT_KEY", "STORAGE_KEY",
          "storage_key"],
        r#"["'`]?[ \t]{0,8}[:=][ \t]{0,8}["'`]?([A-Za-z0-9+/]{86}==)"#, anything),
    rule("azure-shared-access-key", Value, &["SharedAccessKey"], "=([A-Za-z0-9+/]{43}=)", anything),
    rule("azure-sas-signature", Value, &["?sig=", "&sig=", ";sig="],
        "([A-Za-z0-9%+/]{43,90}(?:%3[Dd]|=))", anything),
    rule("azure-client-secret", Inside(4), &["Q~"],
        r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", anything),
    rule("digitalocean-token", Token, &["dop_v1_", "doo_v1_", "dor_v1_"], "[a-f0-9]{64}", anything),
    rule("heroku-api-key", Token, &["HRKU-"], "[A-Za-z0-9_-]{36,}", has_digit),
    rule("heroku-api-key", Value, &["HEROKU_API_KEY", "heroku_api_key"],
        r#"["'`]?[ \t]{0,8}[:=][ \t]{0,8}["'`]?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"#,
        anything),
    rule("cloudflare-key", Value, &["CLOUDFLARE_", "cloudflare_", "CF_API_", "X-Auth-Key"],
        r#"[A-Za-z_]{0,24}["'`]?[ \t]{0,8}[:=][ \t]{0,8}["'`]?([A-Za-z0-9_-]{37,40})"#,
        looks_random),
    rule("cloudflare-origin-key", Token, &["v1.0-"], "[0-9a-f]{24}-[0-9a-f]{146}", anything),
    rule("databricks-token", Token, &["dapi"], "[0-9a-f]{32}(?:-[0-9])?", anything),
    rule("planetscale-token", Token, &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        "[A-Za-z0-9_.-]{32,}", anything),
    rule("supabase-token", Token, &["sbp_"], "[a-f0-9]{40}", anything),
    rule("supabase-secret-key", Token, &["sb_secret_"], "[A-Za-z0-9_-]{20,}", has_digit),
    rule("netlify-token", Token, &["nfp_"], "[A-Za-z0-9]{36,}", has_digit),
    rule("fly-token", Token, &["fm1_", "fm2_", "fm1r_", "fm1a_", "fo1_"],
        "[A-Za-z0-9+/=_-]{40,}", is_mixed),
    rule("alibaba-access-key-id", Token, &["LTAI"], "[A-Za-z0-9]{20}", has_digit),
    // Source code and packages.
    rule("github-token", Token, &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        "[A-Za-z0-9]{36,}", anything),
    rule("github-fine-grained-token", Token, &["github_pat_"], "[A-Za-z0-9_]{60,}", anything),
    rule("gitlab-token", Token,
        &["glpat-", "glptt-", "glrt-", "gldt-", "glft-", "glcbt-", "glimt-", "glagent-",
          "gloas-", "glsoat-", "glffct-"],
        r"[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]+)*", anything),
    rule("gitlab-runner-token", Token, &["GR1348941"], "[A-Za-z0-9_-]{20,}", anything),
    rule("bitbucket-app-password", Token, &["ATBB"], "[A-Za-z0-9_=.-]{28,}", is_mixed),
    rule("atlassian-token", Token, &["ATATT3", "ATCTT3"], "[A-Za-z0-9_=-]{50,}", anything),
    rule("npm-token", Token, &["npm_"], "[A-Za-z0-9]{36}", anything),
    rule("npm-registry-password", Value, &["_authToken", "_password", "_auth"],
        r#"[ \t]{0,4}=[ \t]{0,4}["']?([A-Za-z0-9+/_.-]{16,}={0,2})"#, looks_random),
    rule("pypi-token", Token, &["pypi-AgE"], "[A-Za-z0-9_-]{50,}", anything),
    rule("rubygems-key", Token, &["rubygems_"], "[a-f0-9]{48}", anything),
    rule("crates-io-token", Token, &["cio"], "[A-Za-z0-9]{32}", is_mixed),
    rule("docker-hub-token", Token, &["dckr_pat_", "dckr_oat_"], "[A-Za-z0-9_-]{27,}", anything),
    rule("nuget-key", Token, &["oy2"], "[a-z0-9]{43}", has_digit),
    rule("artifactory-key", Token, &["AKCp"], "[A-Za-z0-9]{60,}", has_digit),
    rule("terraform-cloud-token", Inside(14), &[".atlasv1."],
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}", anything),
    rule("pulumi-token", Token, &["pul-"], "[a-f0-9]{40}", anything),
    rule("circleci-token", Token, &["CCIPAT_", "CCIPRJ_"], "[A-Za-z0-9_]{40,}", anything),
    rule("buildkite-token", Token, &["bkua_"], "[a-f0-9]{40}", anything),
    rule("sourcegraph-token", Token, &["sgp_"], "(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}", anything),
    rule("postman-key", Token, &["PMAK-"], "[a-f0-9]{24}-[a-f0-9]{34}", anything),
    // Chat and mail.
    rule("slack-token", Token,
        &["xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xoxe.xoxb-",
          "xoxe.xoxp-"],
        "[A-Za-z0-9-]{10,}", has_digit),
    rule("slack-app-token", Token, &["xapp-"],
        "[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[a-z0-9]{32,}", anything),
    rule("slack-webhook", Value, &["hooks.slack.com/"],
        "(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,})", has_digit),
    rule("discord-webhook", Value, &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        "[0-9]{15,21}/([A-Za-z0-9_-]{60,})", anything),
    rule("discord-bot-token", Value,
        &["discord", "Discord", "DISCORD", ".login(", ".run(", "Bot "],
        r#"(?:[^\n"'`]{0,24}[ \t"'`=:(,])?["'`]?([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})"#,
        is_mixed),
    rule("telegram-bot-token", Inside(13), &[":AA"],
        "(?:bot)?[0-9]{8,10}:(AA[A-Za-z0-9_-]{33})", anything),
    rule("twilio-api-key", Token,
        &["SK0", "SK1", "SK2", "SK3", "SK4", "SK5", "SK6", "SK7", "SK8", "SK9", "SKa",
          "SKb", "SKc", "SKd", "SKe", "SKf"],
        "[0-9a-f]{31}", anything),
    rule("sendgrid-key", Token, &["SG."], r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", anything),
    rule("mailgun-key", Token, &["key-"], "[0-9a-f]{32}", has_digit),
    rule("mailchimp-key", Inside(32),
        &["-us1", "-us2", "-us3", "-us4", "-us5", "-us6", "-us7", "-us8", "-us9"],
        "[0-9a-f]{32}-us[0-9]{1,2}", anything),
    rule("brevo-key", Token, &["xkeysib-"], "[a-f0-9]{64}-[A-Za-z0-9]{16}", anything),
    rule("postmark-token", Value, &["X-Postmark-", "x-postmark-", "POSTMARK_", "postmark_"],
        r#"[A-Za-z_-]{0,24}["'`]?[ \t]{0,8}[:=,][ \t]{0,8}["'`]?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"#,
        anything),
    // Money.
    rule("stripe-key", Token, &["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
        "[A-Za-z0-9]{16,}", has_digit),
    rule("stripe-webhook-secret", Token, &["whsec_"], "[A-Za-z0-9+/]{32,}={0,2}", anything),
    rule("square-token", Token, &["sq0atp-", "sq0csp-"], "[A-Za-z0-9_-]{22,43}", anything),
    rule("square-token", Token, &["EAAA"], "[A-Za-z0-9_-]{60}", is_mixed),
    rule("braintree-token", Token, &["access_token$"],
        r"(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}", anything),
    rule("shopify-token", Token, &["shpat_", "shpca_", "shppa_", "shpss_", "shpua_"],
        "[a-fA-F0-9]{32}", anything),
    // Model providers.
    rule("anthropic-key", Token, &["sk-ant-"], "[A-Za-z0-9_-]{24,}", has_digit),
    rule("openrouter-key", Token, &["sk-or-v1-"], "[0-9a-f]{64}", anything),
    rule("openai-key", Token, &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"],
        "[A-Za-z0-9_-]{40,}", has_digit),
    rule("openai-key", Token, &["sk-"], "[A-Za-z0-9]{32,}", has_digit),
    rule("hugging-face-token", Token, &["hf_", "api_org_"], "[A-Za-z0-9]{34}", has_both_cases),
    rule("replicate-token", Token, &["r8_"], "[A-Za-z0-9]{37}", has_digit),
    rule("groq-key", Token, &["gsk_"], "[A-Za-z0-9]{52}", has_digit),
    rule("xai-key", Token, &["xai-"], "[A-Za-z0-9]{70,}", has_digit),
    rule("perplexity-key", Token, &["pplx-"], "[A-Za-z0-9]{40,}", has_digit),
    rule("nvidia-key", Token, &["nvapi-"], "[A-Za-z0-9_-]{60,}", has_digit),
    rule("langsmith-key", Token, &["lsv2_pt_", "lsv2_sk_"], "[a-f0-9]{32}_[a-f0-9]{10}", anything),
    rule("pinecone-key", Token, &["pcsk_"], "[A-Za-z0-9_]{50,}", has_digit),
    // Watching and working.
    rule("datadog-key", Value,
        &["DD_API_KEY", "DD_APP_KEY", "DD_APPLICATION_KEY", "DATADOG_", "datadog_"],
        r#"[A-Za-z_]{0,24}["'`]?[ \t]{0,8}[:=][ \t]{0,8}["'`]?([0-9a-f]{40}|[0-9a-f]{32})"#,
        has_digit),
    rule("new-relic-key", Token, &["NRAK-"], "[A-Z0-9]{27}", anything),
    rule("new-relic-key", Inside(36), &["NRAL"], "[0-9a-f]{36}NRAL", anything),
    rule("sentry-token", Token, &["sntrys_"], "[A-Za-z0-9+/=_]{40,}", is_mixed),
    rule("sentry-token", Token, &["sntryu_"], "[a-f0-9]{64}", anything),
    rule("grafana-token", Token, &["glsa_"], "[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}", anything),
    rule("grafana-token", Token, &["glc_"], "[A-Za-z0-9+/]{32,}={0,2}", is_mixed),
    rule("grafana-token", Token, &["eyJrIjoi"], "[A-Za-z0-9]{40,}={0,2}", anything),
    rule("pagerduty-token", Value, &["Token token="],
        r#"["'\\]{0,2}([A-Za-z0-9_+-]{20})"#, has_digit),
    rule("posthog-key", Token, &["phx_"], "[A-Za-z0-9]{40,}", has_digit),
    rule("vault-token", Token, &["hvs.", "hvb.", "hvr."], "[A-Za-z0-9_-]{24,}", has_digit),
    rule("doppler-token", Token, &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        r"(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}", anything),
    rule("1password-token", Token, &["ops_eyJ"], "[A-Za-z0-9+/=_-]{100,}", anything),
    rule("tailscale-key", Token, &["tskey-"],
        "[a-z]{2,10}-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{8,})?", has_digit),
    rule("linear-key", Token, &["lin_api_", "lin_oauth_"], "[A-Za-z0-9]{40,64}", anything),
    rule("notion-token", Token, &["secret_"], "[A-Za-z0-9]{43}", is_mixed),
    rule("notion-token", Token, &["ntn_"], "[A-Za-z0-9]{40,}", has_digit),
    rule("figma-token", Token, &["figd_"], "[A-Za-z0-9_-]{38,}", has_digit),
    rule("mapbox-token", Token, &["sk.eyJ"], r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}", anything),
    // Not of one provider.
    rule("private-key", Block, &["-----BEGIN "],
        "[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", anything),
    rule("private-key", Block, &["---- BEGIN "],
        "[A-Z0-9 ]{0,40}PRIVATE KEY ----", anything),
    rule("putty-private-key", Block, &["Private-Lines: "], r"[0-9]{1,4}\r?\n", anything),
    rule("age-secret-key", Token, &["AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1"],
        "[0-9A-Z]{58,}", anything),
    rule("json-web-token", Token, &["eyJ"],
        r"[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?", anything),
    rule("url-password", Value, &["://"],
        r#"[A-Za-z0-9._%+~-]{0,64}:([^\s/@"'`<>(){}\[\]\\|,]{3,})@[A-Za-z0-9\[]"#, is_password),
    rule("authorization-header", Value, &["Authorization", "authorization", "AUTHORIZATION"],
        r#"["'`]?\]?[ \t]{0,4}[:=,>]{1,2}[ \t]{0,4}[bf]?["'`]?(?i:basic|bearer|token|apikey|bot)[ \t]{1,4}([A-Za-z0-9+/._~-]{12,}={0,2})"#,
        is_credential),
    rule("bearer-token", Value, &["Bearer ", "bearer "],
        "[ \t]{0,4}([A-Za-z0-9+/._~-]{20,}={0,2})", looks_random),
    rule("named-secret", Value, NAMES,
        r#"[A-Za-z0-9_-]{0,32}["'`]?\]?[ \t]{0,8}(?::[ \t]{0,4}[A-Za-z&'? ]{1,24}=|:=|=>|={1,3}|:|,|\()[ \t]{0,8}[bru]{0,2}["'`]([A-Za-z0-9+/=_.~!@#$%^&*:;?-]{20,})(?:["'`]|$)"#,
        looks_random),
    rule("named-secret", Value, NAMES,
        r#"[A-Za-z0-9_-]{0,32}(?:=|:[ \t]{1,8})([A-Za-z0-9+/_~%-]{20,}={0,2})(?:[\s"'`&#]|$)"#,
        looks_random),
];

fn anything(_: &str) -> bool {
    true
}

fn has_digit(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
}

fn has_both_cases(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a value has digits and letters of both cases, as words and hashes have not.
pub(super) fn is_mixed(value: &str) -> bool {
    has_digit(value) && has_both_cases(value)
}

/// Whether what follows `Basic` or `Bearer` is more than a word.
fn is_credential(value: &str) -> bool {
    (has_digit(value) || value.ends_with('=')) && !is_placeholder(value)
}

/// Whether the password of a URL is one, and not a word for one.
fn is_password(value: &str) -> bool {
    const STAND_INS: &[&str] = &[
        "admin",
        "foo",
        "bar",
        "guest",
        "mypassword",
        "pass",
        "passwd",
        "password",
        "postgres",
        "pwd",
        "root",
        "secret",
        "test",
        "token",
        "user",
        "pw",
        "mysql",
        "changeme",
    ];
    let first = value.bytes().next();
    let one_letter = value.bytes().all(|byte| Some(byte) == first);
    // A format argument, or a variable that something fills in.
    let filled_in = value.starts_with(['$', ':', '#', '*']) || value.starts_with("%s");
    let stand_in = STAND_INS
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    !(one_letter || filled_in || stand_in || is_placeholder(value))
}

fn is_placeholder(value: &str) -> bool {
    const SIGNS: &[&str] = &[
        "...",
        "****",
        "change-me",
        "change_me",
        "changeme",
        "dummy",
        "example",
        "insert-",
        "insert_",
        "placeholder",
        "redacted",
        "xxxx",
        "your-",
        "your_",
    ];
    let value = value.to_ascii_lowercase();
    SIGNS.iter().any(|sign| value.contains(sign))
}

/// Whether a value that a name calls a secret was drawn, not written.
///
/// Words joined by `_`, `-` or capitals change the class of their characters
/// seldom; a drawn value does so at every second one.
fn looks_random(value: &str) -> bool {
    #[derive(PartialEq, Clone, Copy)]
    enum CharacterClass {
        Lower,
        Upper,
        Digit,
        Sign,
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    if value.len() < 20 || digits < 2 || !letters || entropy(value) < 3.5 {
        return false;
    }
    if is_placeholder(value) || is_uuid(value) || value.contains("://") || value.starts_with('/') {
        return false;
    }
    let mut changes = 0;
    let mut kept = 0;
    let mut previous = None;
    for byte in value.bytes().filter(|byte| !b"_-./:".contains(byte)) {
        let class = match byte {
            b'a'..=b'z' => CharacterClass::Lower,
            b'A'..=b'Z' => CharacterClass::Upper,
            b'0'..=b'9' => CharacterClass::Digit,
            _ => CharacterClass::Sign,
        };
        // A capital and what follows may be one word.
        let word = previous == Some(CharacterClass::Upper) && class == CharacterClass::Lower;
        changes += usize::from(previous.is_some_and(|previous| previous != class) && !word);
        kept += 1;
        previous = Some(class);
    }
    changes * 4 >= kept
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Bits a character, by how often each occurs.
pub(super) fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    let mut length = 0.0_f64;
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
        length += 1.0;
    }
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}
