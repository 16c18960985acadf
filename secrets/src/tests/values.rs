//! The values of files of secrets, by format; and what is no secret though it stands in one.

use super::super::secret_values;

/// What a file holds and what is a secret of it.
#[track_caller]
fn check(path: &str, text: &str, secrets: &[&str], harmless: &[&str]) {
    let found = secret_values(path, text);
    for secret in secrets {
        assert!(
            found.iter().any(|value| value == secret),
            "{path}: {secret:?} is not in {found:?}"
        );
    }
    for word in harmless {
        assert!(
            !found.iter().any(|value| value == word),
            "{path}: {word:?} is in {found:?}"
        );
    }
}

#[test]
fn variables() {
    check(
        "services/api/.env",
        "# a comment\nexport DB_PASSWORD=hunter2\nTOKEN='a b c d'\nA=yellow-canary-7\nB=\"two\\nlines-of-it\"\n\
         SHORT=abc\nPIN=493817\nURL=postgres://me:pw4me@host/db # why\nKEY=`tick-3-tock`\n\
         PLAIN=swordfish9 # a comment\nSECRET=swordfish\n\
         MODE=production\nDEBUG=true\nPORT=8080\nHOST=localhost\nN=1\nAPI=http://localhost:3000\n\
         REF=${OTHER}\nREGION=us-east-1\nVERSION=v1.22.3\nLOG_FILE=/var/log/app.log\nDB_PASSWORD_FILE=/run/secrets/db\n\
         APP_NAME=my-shop\nDB_USER=postgres\nPASSWORD_X=changeme\n",
        &[
            "hunter2",
            "a b c d",
            "yellow-canary-7",
            "two\\nlines-of-it",
            "two\nlines-of-it",
            "lines-of-it",
            "493817",
            "postgres://me:pw4me@host/db",
            "pw4me",
            "tick-3-tock",
            "swordfish9",
            "swordfish",
        ],
        &[
            "abc",
            "production",
            "true",
            "8080",
            "localhost",
            "1",
            "http://localhost:3000",
            "${OTHER}",
            "us-east-1",
            "v1.22.3",
            "/var/log/app.log",
            "/run/secrets/db",
            "my-shop",
            "postgres",
            "changeme",
            "two",
        ],
    );
    check(
        ".env",
        "KEY=\"-----BEGIN PRIVATE KEY-----\nfirst-line-of-it\nsecond-line+1\n-----END PRIVATE KEY-----\"\nA=after-it-9\n",
        &["first-line-of-it", "second-line+1", "after-it-9"],
        &["-----BEGIN PRIVATE KEY-----"],
    );
}

#[test]
fn settings_and_scripts_are_no_secrets() {
    check(
        ".envrc",
        "use flake\nlayout python3\nPATH_add bin\nMAIL=me@example.com\nOPTIONS=--max-old=4096\nexport A=yellow-canary-7\n",
        &["yellow-canary-7"],
        &[
            "use flake",
            "layout python3",
            "PATH_add bin",
            "me@example.com",
            "--max-old=4096",
        ],
    );
}

#[test]
fn password_files() {
    check(
        ".netrc",
        "machine api.example.com login me password hunter2\nmachine b\n  login you\n  password swordfish\n",
        &["hunter2", "swordfish"],
        &["api.example.com", "me", "login"],
    );
    check(
        "a/.pgpass",
        "db.host:5432:shop:me:pa\\:ss1\n*:*:*:*:hunter2\n",
        &["pa:ss1", "pa\\:ss1", "hunter2"],
        &["db.host", "shop", "5432"],
    );
    check(
        ".htpasswd",
        "me:$apr1$x7$Qz9\nyou:{SHA}abc123=\n",
        &["$apr1$x7$Qz9", "{SHA}abc123="],
        &["me"],
    );
    check(
        ".git-credentials",
        "https://me:hunter2%21@github.com\n",
        &["hunter2%21", "hunter2!"],
        &["github.com"],
    );
    check(
        "config/master.key",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0\n",
        &["0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
        &[],
    );
    check(
        ".vault_pass",
        "correct horse battery\n",
        &["correct horse battery"],
        &[],
    );
}

#[test]
fn ini() {
    check(
        ".aws/credentials",
        "[default]\naws_access_key_id = AKIAQ7EXAMPLE7Q\naws_secret_access_key = wJalr/XUt+nFEMI7bPx\nregion = eu-west-1\n",
        &["AKIAQ7EXAMPLE7Q", "wJalr/XUt+nFEMI7bPx"],
        &["eu-west-1", "default"],
    );
    check(
        ".npmrc",
        "//registry.npmjs.org/:_authToken=np-1a2b3c\nsave-exact=true\n",
        &["np-1a2b3c"],
        &["true"],
    );
    check(
        ".pypirc",
        "[pypi]\nusername = __token__\npassword = pypi-x1y2\n",
        &["pypi-x1y2"],
        &["__token__"],
    );
    check(
        ".my.cnf",
        "[client]\nuser=root\npassword=\"hunter2\"\nport=3306\n",
        &["hunter2"],
        &["root", "3306"],
    );
}

#[test]
fn json() {
    check(
        "credentials.json",
        r#"{"type": "service_account", "project_id": "my-project", "private_key": "-----BEGIN PRIVATE KEY-----\nabcd1234efgh\n-----END PRIVATE KEY-----\n", "nested": {"list": ["yellow-canary"], "n": 7, "on": true}, "token_uri": "https://oauth2.example.com/token"}"#,
        &["abcd1234efgh", "yellow-canary"],
        &[
            "service_account",
            "7",
            "true",
            "https://oauth2.example.com/token",
        ],
    );
    check(
        ".docker/config.json",
        r#"{"auths": {"registry.example.com": {"auth": "bWU6aHVudGVyMg=="}}, "credsStore": "desktop"}"#,
        &["bWU6aHVudGVyMg==", "hunter2"],
        &["desktop", "registry.example.com"],
    );
    check(
        "terraform.tfstate",
        r#"{"version": 4, "resources": [{"type": "aws_instance", "instances": [{"attributes": {"password": "hunter2", "id": "i-0a1b2c", "tags": "web-server", "master_key": "yellow-canary"}}]}]}"#,
        &["hunter2", "yellow-canary"],
        &["aws_instance", "web-server", "4"],
    );
}

#[test]
fn yaml() {
    check(
        "secrets.yml",
        "production:\n  database:\n    password: hunter2\n    host: db\n  tokens:\n    - yellow-canary\n    - \"blue-canary\"\n  \
         map: {a: red-canary-1, b: 'green-canary'}\n  list: [pink-canary-2, \"grey-canary\"]\n  key: |\n    line-one-9\n    line-two-9\n  \
         folded: >-\n    folded-text-5\n  enabled: true\n  port: 5432\n- bare-item-42\n",
        &[
            "hunter2",
            "yellow-canary",
            "blue-canary",
            "red-canary-1",
            "green-canary",
            "pink-canary-2",
            "grey-canary",
            "line-one-9",
            "line-two-9",
            "folded-text-5",
            "bare-item-42",
        ],
        &["db", "true", "5432"],
    );
    check(
        ".kube/config",
        "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: https://10.0.0.1:6443\n  name: production-cluster\nusers:\n- \
         name: admin-user\n  user:\n    token: abc123def456\n    client-key-data: c2VjcmV0LWtleS1kYXRh\n",
        &["abc123def456", "c2VjcmV0LWtleS1kYXRh", "secret-key-data"],
        &[
            "v1",
            "Config",
            "https://10.0.0.1:6443",
            "production-cluster",
            "admin-user",
        ],
    );
}

#[test]
fn other_formats() {
    check(
        ".m2/settings.xml",
        "<settings><servers><server><id>x</id><username>me</username><password>hunter2</password></server></servers></settings>",
        &["hunter2"],
        &["me", "x"],
    );
    check(
        "credentials.csv",
        "User name,Password,Access key ID\nme,hunter2,AKIA1234567\n",
        &["hunter2", "AKIA1234567"],
        &["me"],
    );
    check(
        "prod.tfvars",
        "db_password = \"hunter2\"\ninstance_type = \"t3.micro\"\n",
        &["hunter2"],
        &["t3.micro"],
    );
    check(
        "id_rsa",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabcdEFGH1234\n-----END OPENSSH PRIVATE KEY-----\n",
        &["abcdEFGH1234"],
        &[],
    );
}

#[test]
fn settings_with_secrets_in_them() {
    for (path, text, secrets, harmless) in MASKED {
        check(path, text, secrets, harmless);
    }
}

type Case = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

#[rustfmt::skip]
const MASKED: &[Case] = &[
    ("android/key.properties", "storePassword=hunter2\nkeyPassword=swordfish\nkeyAlias=upload\nstoreFile=../a.jks\n",
        &["hunter2", "swordfish"], &["upload", "../a.jks"]),
    ("gradle.properties", "org.gradle.jvmargs=-Xmx4g\nandroid.useAndroidX=true\nnexusPassword=yellow-canary\n",
        &["yellow-canary"], &["-Xmx4g", "true"]),
    (".yarnrc.yml", "nodeLinker: node-modules\nnpmRegistries:\n  \"https://npm.example.com\":\n    npmAuthToken: yellow-canary\n",
        &["yellow-canary"], &["node-modules"]),
    ("nuget.config", "<configuration><packageSources><add key=\"x\" value=\"https://n.example.com/v3\"/></packageSources>\
        <packageSourceCredentials><x><add key=\"Username\" value=\"builder\"/>\
        <add key=\"ClearTextPassword\" value=\"yellow&amp;canary\"/></x></packageSourceCredentials></configuration>",
        &["yellow&canary"], &["builder", "https://n.example.com/v3"]),
    ("pip.conf", "[global]\nindex-url = https://me:hunter2@pypi.example.com/simple\ntimeout = 60\n",
        &["hunter2"], &["60", "me"]),
    (".condarc", "channels:\n  - https://conda.example.com/t/tk-0a1b2c3d4e5f6a7b8c9d/main\n  - conda-forge\n",
        &["tk-0a1b2c3d4e5f6a7b8c9d"], &["conda-forge", "main"]),
    ("bunfig.toml", "[install.scopes]\nmyorg = { token = \"yellow-canary\", url = \"https://n.example.com\" }\n",
        &["yellow-canary"], &["https://n.example.com"]),
    ("wp-config.php", "<?php\ndefine( 'DB_NAME', 'shop' );\ndefine( 'DB_PASSWORD', 'yellow canary' );\n\
        define('AUTH_KEY', 'a-b c#d|e f');\n$table_prefix = 'wp_';\n",
        &["yellow canary", "a-b c#d|e f"], &["shop", "wp_"]),
    ("config/database.yml", "production:\n  adapter: postgresql\n  username: shop\n  password: yellow-canary\n\
        test:\n  username: tester\n  password: tester\nstaging:\n  password: <%= ENV['DB_PASSWORD'] %>\n",
        &["yellow-canary"], &["postgresql", "shop", "tester", "<%= ENV['DB_PASSWORD'] %>"]),
    ("appsettings.Production.json", "{\"ConnectionStrings\": {\"Default\": \"Server=db;User Id=shop;Password=yellow-canary;\"},\
        \"Jwt\": {\"Key\": \"swordfish-7\"}, \"Logging\": {\"LogLevel\": {\"Default\": \"Information\"}}}",
        &["yellow-canary", "swordfish-7"], &["Information", "shop", "db"]),
    ("web.config", "<configuration>\n<connectionStrings><add name=\"c\" connectionString=\"Data Source=db;Password=yellow-canary\"/>\
        </connectionStrings></configuration>", &["yellow-canary"], &["db"]),
    ("google-services.json", "{\"project_info\": {\"project_id\": \"my-shop\"}, \"client\": [{\"api_key\": [{\"current_key\": \"AIx-1234\"}]}]}",
        &["AIx-1234"], &["my-shop"]),
    ("GoogleService-Info.plist", "<plist><dict><key>API_KEY</key><string>AIx-1234</string>\n<key>PROJECT_ID</key><string>my-shop</string></dict></plist>",
        &["AIx-1234"], &["my-shop"]),
    ("application-prod.yml", "spring:\n  datasource:\n    url: jdbc:postgresql://db/shop\n    password: yellow-canary\n  profiles: prod\n",
        &["yellow-canary"], &["prod", "jdbc:postgresql://db/shop"]),
    ("sentry.properties", "defaults.org=acme\nauth.token=yellow-canary\n", &["yellow-canary"], &["acme"]),
    (".cargo/config.toml", "[registries.a]\nindex = \"https://a.example.com\"\ntoken = \"yellow-canary\"\n[build]\ntarget-dir = \"out\"\n",
        &["yellow-canary"], &["out"]),
];

#[test]
fn any_text_is_read() {
    for text in [
        "",
        "=",
        ":",
        "\"",
        "a=\"",
        "a: |",
        "[",
        "{\"a\"",
        "<a",
        "- - -",
        "é=ü: 'x",
        "a='\n\n'",
    ] {
        for path in [
            ".env",
            "x.json",
            "a.yml",
            ".netrc",
            ".pgpass",
            "settings.xml",
            "a.csv",
        ] {
            let _ = secret_values(path, text);
        }
    }
}
