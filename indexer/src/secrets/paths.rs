//! Files that are secrets by their name alone.

/// Folders in which everything is secret.
const FOLDERS: &[(&str, &str)] = &[
    (".envs", "environment variables"),
    (".gnupg", "PGP keys"),
    (".password-store", "passwords"),
    (".secrets", "secrets"),
    (".ssh", "SSH keys and hosts"),
];

/// Files that are secret in one folder.
const FILES_OF_FOLDERS: &[(&str, &str, &str)] = &[
    (".aws", "config", "AWS settings"),
    (".azure", "accesstokens.json", "Azure tokens"),
    (".azure", "azureprofile.json", "Azure settings"),
    (".bundle", "config", "RubyGems logins"),
    (".docker", "config.json", "Docker registry logins"),
    (".fly", "config.yml", "Fly tokens"),
    (".huggingface", "token", "Hugging Face token"),
    (".kube", "config", "Kubernetes logins"),
    (".m2", "settings-security.xml", "Maven logins"),
    (".m2", "settings.xml", "Maven logins"),
    (".oci", "config", "Oracle Cloud settings"),
    ("containers", "auth.json", "container registry logins"),
    ("gcloud", "access_tokens.db", "Google Cloud tokens"),
    ("gh", "hosts.yml", "GitHub logins"),
    ("glab-cli", "config.yml", "GitLab logins"),
    ("huggingface", "token", "Hugging Face token"),
    ("rclone", "rclone.conf", "rclone logins"),
];

const FILES: &[(&str, &str)] = &[
    (".boto", "Google Cloud and AWS keys"),
    (".databrickscfg", "Databricks tokens"),
    (".dev.vars", "environment variables"),
    (".dockercfg", "Docker registry logins"),
    (".dockerconfigjson", "Docker registry logins"),
    (".envrc", "environment variables"),
    (".flaskenv", "environment variables"),
    (".git-credentials", "Git passwords"),
    (".htdigest", "password hashes"),
    (".htpasswd", "password hashes"),
    ("htpasswd", "password hashes"),
    (".my.cnf", "MySQL login"),
    (".mylogin.cnf", "MySQL login"),
    (".netrc", "network logins"),
    ("_netrc", "network logins"),
    (".npmrc", "npm tokens"),
    (".pgpass", "PostgreSQL passwords"),
    (".pypirc", "PyPI tokens"),
    (".rclone.conf", "rclone logins"),
    (".s3cfg", "S3 keys"),
    (".sentryclirc", "Sentry token"),
    (".terraformrc", "Terraform tokens"),
    (".vault-pass", "Ansible password"),
    (".vault-token", "Vault token"),
    (".vault_pass", "Ansible password"),
    (".vault_pass.txt", "Ansible password"),
    (
        "application_default_credentials.json",
        "Google Cloud credentials",
    ),
    ("auth.json", "logins"),
    ("gcloud-service-key.json", "Google Cloud credentials"),
    ("gcp-key.json", "Google Cloud credentials"),
    ("kaggle.json", "Kaggle key"),
    ("kubeconfig", "Kubernetes logins"),
    ("local.settings.json", "Azure settings"),
    ("master.key", "Rails key"),
    ("pgpass.conf", "PostgreSQL passwords"),
    ("rclone.conf", "rclone logins"),
    ("terraform.rc", "Terraform tokens"),
];

/// Ends of names.
const ENDINGS: &[(&str, &str)] = &[
    (".jks", "Java key store"),
    (".kdbx", "password database"),
    (".key", "private key"),
    (".keystore", "key store"),
    (".kubeconfig", "Kubernetes logins"),
    (".p12", "key store"),
    (".p8", "private key"),
    (".pem", "key or certificate"),
    (".pfx", "key store"),
    (".ppk", "PuTTY private key"),
    (".tfstate", "Terraform state"),
    (".tfstate.backup", "Terraform state"),
];

/// Ends of names, unless the name says that it is a sample.
const VARIABLES: &[(&str, &str)] = &[
    (".env", "environment variables"),
    (".tfvars", "Terraform variables"),
    (".tfvars.json", "Terraform variables"),
];

/// Endings of data, as opposed to programs that handle credentials.
const DATA: &[&str] = &[
    "",
    "bak",
    "cfg",
    "conf",
    "csv",
    "db",
    "env",
    "ini",
    "json",
    "old",
    "properties",
    "toml",
    "txt",
    "xml",
    "yaml",
    "yml",
];

/// Parts of the name of a file that only shows what the real one looks like.
const SAMPLES: &[&str] = &[
    "default", "defaults", "dist", "example", "sample", "template", "tpl",
];

/// Endings that a file called after an SSH key may have without being one.
const NOT_A_KEY: &[&str] = &[
    "c", "cpp", "go", "h", "java", "js", "md", "py", "pub", "rb", "rs", "ts",
];

/// Says why a file must not be read unasked, if its relative path gives it away.
pub fn secret_path(path: &str) -> Option<&'static str> {
    let path = path.to_lowercase();
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
    let parent = folders.rsplit('/').next().unwrap_or_default();
    let of_folder = folders
        .split('/')
        .find_map(|folder| FOLDERS.iter().find(|(name, _)| *name == folder))
        .map(|(_, reason)| *reason);
    of_folder
        .or_else(|| {
            let mut files = FILES_OF_FOLDERS.iter();
            files
                .find(|(folder, name, _)| *folder == parent && *name == file)
                .map(|row| row.2)
        })
        .or_else(|| {
            FILES
                .iter()
                .find(|(name, _)| *name == file)
                .map(|row| row.1)
        })
        .or_else(|| {
            ENDINGS
                .iter()
                .find(|(ending, _)| file.ends_with(ending))
                .map(|row| row.1)
        })
        .or_else(|| {
            VARIABLES
                .iter()
                .find(|(ending, _)| file.ends_with(ending) && !is_sample(file))
                .map(|row| row.1)
        })
        .or_else(|| by_stem(file))
}

/// Whether a file of variables only shows what the real one looks like.
fn is_sample(file: &str) -> bool {
    // `.env.example.local` is somebody's own again.
    let parts = || file.split(['.', '-', '_']);
    parts().any(|part| SAMPLES.contains(&part)) && parts().next_back() != Some("local")
}

/// Judges names that have many forms.
fn by_stem(file: &str) -> Option<&'static str> {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let stem = file.split('.').next().unwrap_or_default();
    if let Some(rest) = file.strip_prefix(".env") {
        let is_environment = rest.is_empty() || rest.starts_with(['.', '-', '_', '~']);
        return (is_environment && !is_sample(rest)).then_some("environment variables");
    }
    let is_key = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"]
        .iter()
        .any(|name| {
            let rest = file.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        });
    if is_key {
        return (!NOT_A_KEY.contains(&extension)).then_some("SSH private key");
    }
    let is_data = DATA.contains(&extension);
    let is_sample = file.split('.').any(|part| SAMPLES.contains(&part));
    // `credentials-prod.json`, `aws_credentials.yml`, `my-secrets.yaml`.
    let holds = |word: &str| stem.starts_with(word) || stem.ends_with(word);
    if is_data && !is_sample && (holds("credentials") || holds("secrets")) {
        return (stem == "credentials" || !extension.is_empty()).then_some("credentials");
    }
    let is_account = ["service-account", "service_account", "client_secret"]
        .iter()
        .any(|name| file.starts_with(name));
    let is_account = is_account || file.contains("firebase-adminsdk");
    (is_account && extension == "json").then_some("Google Cloud credentials")
}
