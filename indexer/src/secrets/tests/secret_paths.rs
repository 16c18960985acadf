//! Files that are secret by their names, and those that only sound like it.

use super::super::secret_path;

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
        ".databrickscfg", ".my.cnf", "infra/local.settings.json", "ansible/.vault_pass",
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
    ];
    for path in paths {
        assert_eq!(secret_path(path), None, "{path}");
    }
}
