//! The table of files that hold secrets. What has many forms (`.env.local`, `id_rsa.old`,
//! `aws-credentials.yml`) is judged in `by_stem`.
//!
//! A file is hidden where all of it is secret and no build needs it. It is masked where a build
//! reads it, or where most of it are settings.

use super::SecretClass::{self, Hidden, Masked};
use super::SecretPathGroup;

const fn group(class: SecretClass, what: &'static str, names: &'static str) -> SecretPathGroup {
    SecretPathGroup { class, what, names }
}

/// Names that say enough.
#[rustfmt::skip]
pub(super) const GROUPS: &[SecretPathGroup] = &[
    // Whole folders.
    group(Hidden, "environment variables", ".envs/"),
    group(Hidden, "PGP keys", ".gnupg/"),
    group(Hidden, "passwords", ".password-store/"),
    group(Hidden, "secrets", ".secrets/"),
    group(Hidden, "SSH keys and hosts", ".ssh/"),
    group(Hidden, "logins of browsers", ".auth/"),
    // Keys and key stores.
    group(Masked, "key store that everybody has", "debug.keystore"),
    group(Hidden, "private key", "*.key *.p8 *.skr *.pkr"),
    group(Hidden, "key or certificate", "*.pem"),
    group(Hidden, "key store", "*.p12 *.pkcs12 *.pfx *.keystore *.jceks *.bks *.keychain *.keychain-db"),
    group(Hidden, "Java key store", "*.jks"),
    group(Hidden, "PuTTY private key", "*.ppk"),
    group(Hidden, "password database", "*.kdb *.kdbx *.psafe3 *.agilekeychain *.opvault key3.db key4.db logins.json"),
    group(Hidden, "wallet", "wallet.dat"),
    group(Hidden, "Rails key", "master.key"),
    group(Hidden, "VPN login", "*.ovpn"),
    // Variables.
    group(Hidden, "environment variables", ".dev.vars .envrc .flaskenv .runtimeconfig.json"),
    // Passwords and tokens alone in a file.
    group(Hidden, "password", ".password .passwords .passwd password.txt passwords.txt .pwd"),
    group(Hidden, "token", ".secret secret.txt .token .tokens token.txt tokens.txt .apikey apikey.txt api_key.txt api-key.txt"),
    group(Hidden, "password hashes", ".htdigest .htpasswd htpasswd proftpdpasswd"),
    group(Hidden, "Ansible password",
        ".vault-pass .vault_pass .vault_pass.txt .vault-password .vault_password vault_pass.txt \
         vault_password vault_password.txt vault-password.txt .ansible_vault_password"),
    group(Hidden, "Vault token", ".vault-token"),
    // Logins of programs.
    group(Hidden, "network logins", ".netrc _netrc .authinfo .curlrc _curlrc .wgetrc .smbcredentials"),
    group(Hidden, "mail logins", ".msmtprc .fetchmailrc .offlineimaprc .mbsyncrc"),
    group(Hidden, "Git passwords", ".git-credentials"),
    group(Hidden, "GitHub logins", "gh/hosts.yml .config/hub"),
    group(Hidden, "GitLab logins", "glab-cli/config.yml"),
    group(Hidden, "npm tokens", ".npmrc"),
    group(Hidden, "PyPI tokens", ".pypirc"),
    group(Hidden, "Maven logins", ".m2/settings-security.xml .m2/settings.xml"),
    group(Hidden, "RubyGems logins", ".bundle/config"),
    group(Hidden, "Hex login", ".hex/hex.config hex.config"),
    group(Hidden, "logins", "auth.json auth.toml"),
    group(Hidden, "Docker registry logins", ".docker/config.json .dockercfg .dockerconfigjson"),
    group(Hidden, "container registry logins", "containers/auth.json"),
    group(Hidden, "Kubernetes logins", ".kube/config kubeconfig kubeconfig.yml kubeconfig.yaml kubeconfig-* *.kubeconfig"),
    group(Hidden, "Terraform tokens", ".terraformrc terraform.rc"),
    group(Hidden, "Terraform state", "*.tfstate *.tfstate.backup terraform.tfstate.*"),
    group(Hidden, "AWS settings", ".aws/config"),
    group(Hidden, "S3 keys", ".s3cfg .passwd-s3fs .mc/config.json"),
    group(Hidden, "Google Cloud and AWS keys", ".boto"),
    group(Hidden, "Google Cloud tokens", "gcloud/access_tokens.db"),
    group(Hidden, "Google Cloud credentials",
        "application_default_credentials.json gcloud-service-key.json gcp-key.json"),
    group(Hidden, "Google Apps Script login", ".clasprc.json"),
    group(Hidden, "Azure tokens", ".azure/accesstokens.json"),
    group(Hidden, "Azure settings", ".azure/azureprofile.json local.settings.json *.publishsettings"),
    group(Hidden, "Oracle Cloud settings", ".oci/config"),
    group(Hidden, "DigitalOcean tokens", ".tugboat doctl/config.yaml"),
    group(Hidden, "Fly tokens", ".fly/config.yml"),
    group(Hidden, "Stripe keys", "stripe/config.toml"),
    group(Hidden, "Databricks tokens", ".databrickscfg"),
    group(Hidden, "Snowflake login", ".snowsql/config"),
    group(Hidden, "Hugging Face token", ".huggingface/token huggingface/token"),
    group(Hidden, "Kaggle key", "kaggle.json"),
    group(Hidden, "rclone logins", ".rclone.conf rclone.conf rclone/rclone.conf"),
    group(Hidden, "Sentry token", ".sentryclirc"),
    group(Hidden, "MySQL login", ".my.cnf .mylogin.cnf"),
    group(Hidden, "PostgreSQL passwords", ".pgpass pgpass.conf .pg_service.conf"),
    group(Hidden, "FTP logins",
        ".ftpconfig .remote-sync.json sftp-config.json .vscode/sftp.json recentservers.xml \
         sitemanager.xml filezilla.xml .idea/webservers.xml"),
    group(Hidden, "cookies", "cookies.txt"),
    group(Hidden, "what was typed",
        ".bash_history .zsh_history .sh_history .mysql_history .psql_history .sqlite_history \
         .rediscli_history .dbshell"),
];

/// Names that say enough unless a part of them says that it is a sample.
#[rustfmt::skip]
pub(super) const GROUPS_BUT_SAMPLES: &[SecretPathGroup] = &[
    group(Hidden, "environment variables", "*.env .dev.vars.*"),
    group(Hidden, "Terraform variables", "*.tfvars *.tfvars.json"),
    // Package managers.
    group(Masked, "Yarn settings", ".yarnrc .yarnrc.yml"),
    group(Masked, "Bun settings", "bunfig.toml .bunfig.toml"),
    group(Masked, "pip settings", "pip.conf pip.ini uv.toml"),
    group(Masked, "Conda settings", ".condarc condarc"),
    group(Masked, "Cargo settings", ".cargo/config .cargo/config.toml"),
    group(Masked, "NuGet settings", "nuget.config"),
    group(Masked, "Maven settings", "maven-settings.xml ci_settings.xml ci-settings.xml .mvn/settings.xml"),
    group(Masked, "RubyGems settings", ".gemrc"),
    group(Masked, "Leiningen settings", "profiles.clj"),
    // Builds.
    group(Masked, "Gradle settings", "gradle.properties local.properties"),
    group(Masked, "signing settings",
        "key.properties keys.properties keystore.properties signing.properties release.properties \
         signing.gradle"),
    group(Masked, "Sentry settings", "sentry.properties"),
    group(Masked, "Firebase settings", "google-services.json googleservice-info.plist"),
    group(Masked, "Amplify settings", "team-provider-info.json"),
    group(Masked, "Cloudflare settings", "wrangler.toml"),
    // Frameworks.
    group(Masked, "WordPress settings", "wp-config.php wp-config-local.php"),
    group(Masked, "PHP settings",
        "config.inc.php configuration.php localsettings.php settings.local.php env.php parameters.yml \
         parameters.yaml"),
    group(Masked, "Django settings", "local_settings.py settings_local.py"),
    group(Masked, "Rails settings", "database.yml database.yaml secret_token.rb mongoid.yml storage.yml"),
    group(Masked, "Spring settings",
        "application.properties application-*.properties application.yml application-*.yml \
         application.yaml application-*.yaml bootstrap.yml bootstrap.properties"),
    group(Masked, ".NET settings",
        "appsettings.json appsettings.*.json web.config web.*.config app.config connectionstrings.config"),
    group(Masked, "dbt settings", "profiles.yml"),
    group(Masked, "Kubernetes secrets", "secret.yml secret.yaml *-secret.yml *-secret.yaml"),
    group(Masked, "database logins", "datasources.xml datasources.local.xml ormconfig.json"),
    group(Masked, "tokens", "token.json"),
];
