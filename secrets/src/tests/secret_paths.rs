//! Files that are secret by their names, and those that only sound like it.

use super::super::{masked_path, secret_path};

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
        ".vault-token", "prod.env", "docker/DB.env", ".env~", ".env.bak", ".envs/.production/.django",
        ".dev.vars", ".flaskenv", ".config/rclone/rclone.conf", "auth.json", "config/master.key",
        "config/credentials/production.key", ".config/gcloud/access_tokens.db", ".m2/settings.xml",
        ".config/gcloud/application_default_credentials.json", ".bundle/config", ".cargo/credentials.toml",
        ".databrickscfg", ".my.cnf", "infra/local.settings.json", "ansible/.vault_pass", ".secrets",
        "app/.credentials", ".secrets.toml", "terraform.rc", ".terraformrc", ".cargo/credentials",
        ".sentryclirc", ".s3cfg", ".boto", ".clasprc.json", "my-firebase-adminsdk-x1.json",
        "serviceAccountKey.json", "kubeconfig.yaml", ".vscode/sftp.json", "playwright/.auth/me.json",
        "a/.zsh_history", "client.ovpn", "terraform.tfstate.1700000000.backup", ".dev.vars.production",
        "vault_password.txt", ".pg_service.conf", "release.jks", "token.txt",
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
        "src/key", "package.json", "", "example.tfvars", "example.env", "docs/sample.env", "auth.ts",
        "src/auth/config.json", "bundle/config", "env", ".env.d.ts.example", "settings.xml",
        ".secrets.baseline", "src/tokens.json", "token.rs", "sftp.ts", "auth/index.ts", "cookies.py",
        "android/app/debug.keystore", "history.txt", ".dev.vars.example",
    ];
    for path in paths {
        assert_eq!(secret_path(path), None, "{path}");
    }
}

#[test]
fn paths_of_settings_with_secrets_in_them() {
    #[rustfmt::skip]
    let paths = [
        ".yarnrc.yml", "android/key.properties", "gradle.properties", "local.properties", "NuGet.Config",
        "pip.conf", ".condarc", "bunfig.toml", ".bunfig.toml", "sentry.properties", "wp-config.php",
        "config/database.yml", "google-services.json", "appsettings.json", "appsettings.Production.json",
        "src/main/resources/application-prod.yml", "web.config", ".cargo/config.toml", "k8s/db-secret.yaml",
        "GoogleService-Info.plist", "app/etc/env.php", "wrangler.toml", "uv.toml", "parameters.yml",
    ];
    for path in paths {
        assert!(masked_path(path).is_some(), "{path}");
        assert_eq!(secret_path(path), None, "{path}");
    }
    #[rustfmt::skip]
    let others = [
        "wp-config-sample.php", "database.example.yml", "appsettings.template.json", "config.toml",
        "application.rs", "src/application.ts", "package.json", "app.config.ts", ".env", "settings.gradle",
    ];
    for path in others {
        assert_eq!(masked_path(path), None, "{path}");
    }
}
