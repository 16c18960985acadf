//! Opening places: credentials, addresses, `--offline`.

use std::ffi::OsStr;
use std::sync::{Weak, mpsc};
use std::time::Duration;

use parking_lot::Mutex;

use super::open::in_time;
use super::*;
use crate::model::http::NetworkScope;

const KEYS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIACANARYCANARY"),
    ("AWS_SECRET_ACCESS_KEY", "canary-of-a-secret"),
];

/// An address, the variables of the environment, and where requests go.
type Opened<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

/// An address, the variables, what may be called, and words of the error.
type Refused<'a> = (
    &'a str,
    &'a [(&'a str, &'a str)],
    NetworkScope,
    &'a [&'a str],
);

fn variables(cloud: Cloud, given: &[(&str, &str)]) -> CloudVariables {
    let given = given.iter();
    let given = given.map(|(name, value)| (OsStr::new(*name), OsStr::new(*value)));
    CloudVariables::of(cloud, given)
}

fn opened(address: &str, given: &[(&str, &str)], scope: NetworkScope) -> Result<OpenPlace, String> {
    let location = CacheLocation::parse_address(address).expect("an address");
    let CacheLocation::Bucket { cloud, .. } = location else {
        panic!("{address} is no bucket");
    };
    let opened = open(&location, &variables(cloud, given), scope);
    opened.map_err(|error| error.to_string())
}

fn with_keys<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [KEYS, more].concat()
}

#[test]
fn a_bucket_is_opened_with_the_credentials_of_the_environment() {
    let cases: &[Opened<'_>] = &[
        (
            "s3://team/vectors",
            with_keys(&[]),
            "https://s3.us-east-1.amazonaws.com/",
        ),
        (
            "s3://team",
            with_keys(&[("AWS_REGION", "eu-central-1"), ("AWS_SESSION_TOKEN", "x")]),
            "https://s3.eu-central-1.amazonaws.com/",
        ),
        (
            "s3://team",
            with_keys(&[
                ("AWS_ENDPOINT_URL", "https://one.example.org"),
                ("AWS_ENDPOINT_URL_S3", "https://two.example.org"),
            ]),
            "https://two.example.org/",
        ),
        (
            "s3://team",
            with_keys(&[
                ("AWS_ENDPOINT_URL", "http://minio.lan:9000"),
                ("AWS_ALLOW_HTTP", "true"),
            ]),
            "http://minio.lan:9000/",
        ),
        (
            "az://container",
            vec![
                ("AZURE_STORAGE_ACCOUNT_NAME", "team"),
                ("AZURE_STORAGE_ACCOUNT_KEY", "c2VzYW1lc2VzYW1l"),
            ],
            "https://team.blob.core.windows.net/",
        ),
        (
            "az://container",
            vec![
                ("AZURE_STORAGE_ACCOUNT_NAME", "team"),
                ("AZURE_CLIENT_ID", "me"),
                ("AZURE_TENANT_ID", "us"),
                ("AZURE_CLIENT_SECRET", "canary-of-a-secret"),
            ],
            "https://team.blob.core.windows.net/",
        ),
        (
            "gs://team",
            vec![
                ("GOOGLE_SKIP_SIGNATURE", "true"),
                ("GOOGLE_BEARER_TOKEN", "sesame-sesame"),
            ],
            "https://storage.googleapis.com/",
        ),
    ];
    for (address, given, expected) in cases {
        let place = opened(address, given, NetworkScope::Any);
        let place = place.unwrap_or_else(|error| panic!("{address}: {error}"));
        let found = place.address.as_ref().map(url::Url::as_str);
        assert_eq!(found, Some(*expected), "{address}");
        assert!(place.leaves_machine(), "{address}");
        let shown = format!("{place:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("CANARY"),
            "{shown}"
        );
    }
}

#[track_caller]
fn assert_refused(cases: &[Refused<'_>]) {
    for (address, given, scope, expected) in cases {
        let error = opened(address, given, *scope).expect_err(address);
        for words in *expected {
            assert!(error.contains(words), "`{words}` is not in: {error}");
        }
        assert!(!error.to_lowercase().contains("canary"), "{error}");
    }
}

#[test]
fn a_bucket_of_s3_that_cannot_be_opened_is_said_without_secrets() {
    let keys = with_keys(&[]);
    let plain = with_keys(&[("AWS_ENDPOINT_URL", "http://minio.lan:9000")]);
    let broken = with_keys(&[("AWS_ENDPOINT_URL", "minio.lan:9000")]);
    let with_user = with_keys(&[("AWS_ENDPOINT_URL", "https://me:canary@minio.lan")]);
    let offline = NetworkScope::LoopbackOnly;
    let cases: &[Refused<'_>] = &[
        (
            "s3://team",
            &[],
            NetworkScope::Any,
            &["no credentials", "`AWS_ACCESS_KEY_ID`"],
        ),
        (
            "s3://team",
            &[("AWS_PROFILE", "team")],
            NetworkScope::Any,
            &[
                "`AWS_PROFILE` is set",
                "aws configure export-credentials --format env",
            ],
        ),
        (
            "s3://team",
            &[("AWS_ACCESS_KEY_ID", "AKIACANARY")],
            NetworkScope::Any,
            &["no credentials"],
        ),
        (
            "s3://team",
            keys.as_slice(),
            offline,
            &["is not this machine", "--offline"],
        ),
        (
            "s3://team",
            plain.as_slice(),
            NetworkScope::Any,
            &[
                "`AWS_ENDPOINT_URL` begins with `http://`",
                "AWS_ALLOW_HTTP=true",
            ],
        ),
        (
            "s3://team",
            broken.as_slice(),
            NetworkScope::Any,
            &["`AWS_ENDPOINT_URL` is not an address"],
        ),
        (
            "s3://team",
            with_user.as_slice(),
            NetworkScope::Any,
            &["`AWS_ENDPOINT_URL` is not an address"],
        ),
    ];
    assert_refused(cases);
}

#[test]
fn a_bucket_elsewhere_that_cannot_be_opened_is_said_without_secrets() {
    assert_refused(&[
        (
            "gs://team",
            &[],
            NetworkScope::Any,
            &["`GOOGLE_APPLICATION_CREDENTIALS`"],
        ),
        (
            "gs://team",
            &[("GOOGLE_SERVICE_ACCOUNT_KEY", "\"canary-of-a-secret\"")],
            NetworkScope::Any,
            &["cannot be opened"],
        ),
        (
            "gs://team",
            &[("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")],
            NetworkScope::Any,
            &["cannot be opened", "/nowhere/key.json"],
        ),
        (
            "gs://team",
            &[("GOOGLE_APPLICATION_CREDENTIALS", "{\"key\": \"canary\"}")],
            NetworkScope::Any,
            &["cannot be opened"],
        ),
        (
            "az://container",
            &[],
            NetworkScope::Any,
            &["`AZURE_STORAGE_ACCOUNT_NAME`"],
        ),
        // Half a client: the library would ask the metadata service of the network.
        (
            "az://container",
            &[
                ("AZURE_STORAGE_ACCOUNT_NAME", "team"),
                ("AZURE_CLIENT_SECRET", "canary-of-a-secret"),
            ],
            NetworkScope::Any,
            &["no credentials", "`AZURE_TENANT_ID`"],
        ),
    ]);
}

#[test]
fn a_server_on_this_machine_is_opened_offline() {
    for endpoint in [
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "http://[::1]:9000",
    ] {
        let given = with_keys(&[("AWS_ENDPOINT_URL", endpoint)]);
        let place = opened("s3://team", &given, NetworkScope::LoopbackOnly).expect(endpoint);
        assert!(!place.leaves_machine(), "{endpoint}");
    }
}

#[test]
fn a_folder_needs_no_credentials_and_works_offline() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = CloudVariables::default();
    let at = |path: PathBuf| {
        open(
            &CacheLocation::Folder(path),
            &none,
            NetworkScope::LoopbackOnly,
        )
    };
    let place = at(folder.path().to_owned()).expect("it opens");
    assert!(!place.leaves_machine() && place.address.is_none());
    let gone = at(folder.path().join("gone"));
    assert!(matches!(gone, Err(OpenError::NoFolder(_))), "{gone:?}");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let file = at(folder.path().join("file"));
    assert!(matches!(file, Err(OpenError::NotAFolder(_))), "{file:?}");
    let below = at(folder.path().join("file/below"));
    assert!(matches!(below, Err(OpenError::Setup { .. })), "{below:?}");
}

#[test]
fn a_disk_that_hangs_is_not_waited_for() {
    let hanging = Mutex::new(Weak::new());
    let (end, wait) = mpsc::channel::<()>();
    let hangs = move || wait.recv().is_ok();
    let first = in_time(&hanging, Duration::from_millis(10), hangs);
    assert_eq!(first, None);
    // Longer than a test may take.
    let limit = Duration::from_secs(600);
    assert_eq!(in_time(&hanging, limit, || 1), None, "nothing is begun");
    drop(end);
    while in_time(&hanging, limit, || 1).is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn variables_show_their_names_only() {
    let given = with_keys(&[
        ("AWS_SESSION_TOKEN", "canary"),
        ("AZURE_X", "other"),
        ("AWS_EMPTY", " "),
    ]);
    let shown = format!("{:?}", variables(Cloud::S3, &given));
    assert_eq!(
        shown,
        "[\"AWS_ACCESS_KEY_ID\", \"AWS_SECRET_ACCESS_KEY\", \"AWS_SESSION_TOKEN\"]"
    );
}
