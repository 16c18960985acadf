//! The values of every kind of secret file are found in copies.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const VALUE: &str = "yellow-canary-42";

/// Files, and how a value stands in them: `$` is the value.
#[rustfmt::skip]
const KINDS: &[(&str, &str)] = &[
    (".env", "DB_PASSWORD=$\n"),
    ("a/.env.production", "export API_TOKEN='$'\n"),
    (".envrc", "export SECRET=$\n"),
    (".secrets", "TOKEN=$\n"),
    (".netrc", "machine a login b password $\n"),
    (".pgpass", "db:5432:shop:me:$\n"),
    (".my.cnf", "[client]\nuser=me\npassword=$\n"),
    (".htpasswd", "me:$\n"),
    (".npmrc", "//registry.npmjs.org/:_authToken=$\n"),
    (".pypirc", "[pypi]\nusername = a\npassword = $\n"),
    (".boto", "[Credentials]\ngs_secret_access_key = $\n"),
    (".s3cfg", "[default]\nsecret_key = $\n"),
    (".sentryclirc", "[auth]\ntoken=$\n"),
    (".vault-token", "$\n"),
    (".clasprc.json", "{\"token\": {\"refresh_token\": \"$\"}}"),
    (".cargo/credentials.toml", "[registry]\ntoken = \"$\"\n"),
    ("auth.json", "{\"http-basic\": {\"a.com\": {\"username\": \"b\", \"password\": \"$\"}}}"),
    ("home/.docker/config.json", "{\"auths\": {\"a.com\": {\"identitytoken\": \"$\"}}}"),
    (".kube/config", "users:\n- name: a\n  user:\n    token: $\n"),
    (".terraformrc", "credentials \"app.terraform.io\" {\n  token = \"$\"\n}\n"),
    ("prod.tfvars", "db_password = \"$\"\n"),
    ("terraform.tfstate", "{\"resources\": [{\"attributes\": {\"password\": \"$\"}}]}"),
    ("config/secrets.yml", "production:\n  secret_key_base: $\n"),
    ("config/master.key", "$\n"),
    ("service-account.json", "{\"type\": \"service_account\", \"private_key_id\": \"$\"}"),
    (".m2/settings.xml", "<settings><server><password>$</password></server></settings>"),
    ("key.properties", "storePassword=$\n"),
    ("gradle.properties", "nexusPassword=$\n"),
    ("local.properties", "sdk.dir=/opt/sdk\nMAPS_API_KEY=$\n"),
    (".yarnrc.yml", "npmAuthToken: $\n"),
    ("nuget.config", "<configuration><add key=\"ClearTextPassword\" value=\"$\" /></configuration>"),
    ("pip.conf", "[global]\nindex-url = https://me:$@a.com/simple\n"),
    (".condarc", "channels:\n  - https://me:$@a.com/main\n"),
    ("bunfig.toml", "[install]\nregistry = { url = \"https://a.com\", token = \"$\" }\n"),
    ("sentry.properties", "auth.token=$\n"),
    ("wp-config.php", "<?php\ndefine( 'DB_PASSWORD', '$' );\n"),
    ("config/database.yml", "production:\n  password: $\n"),
    ("google-services.json", "{\"client\": [{\"api_key\": [{\"current_key\": \"$\"}]}]}"),
    ("appsettings.Development.json", "{\"ConnectionStrings\": {\"a\": \"Server=b;Password=$;\"}}"),
    ("k8s/db-secret.yaml", "kind: Secret\nstringData:\n  password: $\n"),
];

#[test]
fn no_kind_of_file_gives_its_value_away() {
    for (path, text) in KINDS {
        let world = World::new();
        let place = world.at("root").join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("folders");
        let text = text.replace('$', VALUE);
        fs::write(place, &text).expect("a file");
        let values = world.jail.secret_values();
        let reversed: String = text
            .lines()
            .map(|line| line.chars().rev().collect::<String>() + "\n")
            .collect();
        let escaped: String = text.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        let copies = [
            format!("cp: {VALUE}"),
            text.to_uppercase(),
            reversed,
            escaped,
            format!("{:?}", text.as_bytes()),
            STANDARD.encode(&text),
            STANDARD.encode(STANDARD.encode(&text)),
            text,
        ];
        for copy in copies {
            let clean = values.hide_all(&copy);
            let expected = format!("[redacted: value in {path}]");
            assert!(clean.contains(&expected), "{path}: {copy}\n{clean}");
            assert!(!clean.contains(VALUE), "{path}: {clean}");
        }
    }
}
