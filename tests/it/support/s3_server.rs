//! A real server of S3, started for a test: VersityGW, which keeps objects as files in a folder.
//!
//! `OLLACODE_TEST_S3` names its program; `.ci/run` builds it and sets the variable where `CI` is set. Where
//! it is not set, tests that need it are skipped, which is said. What is named must work.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpRequest, HttpRequestBody};
use serde_json::json;
use tempfile::TempDir;

use super::{block_on, wait_for};

/// The bucket that the server has.
pub const BUCKET: &str = "team";

const REGION: &str = "us-east-1";

/// An id of a key and its secret.
pub type Credentials = (&'static str, &'static str);

/// May do everything.
pub const WRITER: Credentials = ("writer-of-the-team", "secret-of-the-writer");
/// May list and get objects of the bucket.
pub const READER: Credentials = ("reader-of-the-team", "secret-of-the-reader");

/// The server, with a bucket. It ends when it is dropped.
pub struct S3Server {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// A server that runs, or `None` where its program is not installed, which is said on stderr.
#[track_caller]
pub fn s3_server() -> Option<S3Server> {
    let Some(program) = std::env::var_os("OLLACODE_TEST_S3") else {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Past the capture of the test harness: it is said even if the test succeeds.
        let _ = writeln!(
            std::io::stderr(),
            "s3: `{test}` is skipped: OLLACODE_TEST_S3 names no server of S3 (see docs/development.md)"
        );
        return None;
    };
    let program = PathBuf::from(program);
    assert!(
        program.is_absolute() && program.exists(),
        "OLLACODE_TEST_S3 is {}, which does not exist: see docs/development.md",
        program.display()
    );
    let server = S3Server::start(&program);
    server.put(&format!("/{BUCKET}"), String::new());
    server.put(&format!("/{BUCKET}?policy="), policy().to_string());
    Some(server)
}

/// What the reader may do.
fn policy() -> serde_json::Value {
    let allow = |action: &str, resource: String| {
        json!({
            "Effect": "Allow", "Principal": {"AWS": [READER.0]},
            "Action": [action], "Resource": [resource],
        })
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [
            allow("s3:GetObject", format!("arn:aws:s3:::{BUCKET}/*")),
            allow("s3:ListBucket", format!("arn:aws:s3:::{BUCKET}")),
        ],
    })
}

impl S3Server {
    fn start(program: &Path) -> S3Server {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["data", "accounts"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let account = json!({
            "access": READER.0, "secret": READER.1, "role": "user",
            "userID": 0, "groupID": 0, "projectID": 0,
        });
        let accounts = json!({"accessAccounts": {READER.0: account}});
        let file = folder.path().join("accounts/users.json");
        fs::write(file, accounts.to_string()).expect("the accounts");
        // Between the choice of a port and its use, another process may take it.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = free.local_addr().expect("its address").port();
            drop(free);
            let mut child = Command::new(program)
                .env_clear()
                .env("ROOT_ACCESS_KEY", WRITER.0)
                .env("ROOT_SECRET_KEY", WRITER.1)
                .args(["--quiet", "--region", REGION])
                .args(["--port", &format!("127.0.0.1:{port}")])
                .arg("--iam-dir")
                .arg(folder.path().join("accounts"))
                .arg("posix")
                .arg(folder.path().join("data"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the server of S3 starts");
            let is_up = wait_for("the server of S3", || {
                let is_up = TcpStream::connect(("127.0.0.1", port)).is_ok();
                let has_ended = child.try_wait().expect("its state").is_some();
                (is_up || has_ended).then_some(is_up && !has_ended)
            });
            if is_up {
                return S3Server {
                    child,
                    folder,
                    port,
                };
            }
        }
        panic!("the server of S3 ends at once: {}", program.display());
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The variables with which a program uses it.
    pub fn variables(&self, credentials: Credentials) -> [(&'static str, String); 4] {
        [
            ("AWS_ACCESS_KEY_ID", credentials.0.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", credentials.1.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", self.address()),
        ]
    }

    /// The folder in which it keeps the objects of the bucket, as files.
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("data").join(BUCKET)
    }

    /// Ends it, as a crash would.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signed request, which must succeed.
    #[track_caller]
    fn put(&self, path: &str, body: String) {
        let credential = AwsCredential {
            key_id: WRITER.0.to_owned(),
            secret_key: WRITER.1.to_owned(),
            token: None,
        };
        let request = hyper::Request::builder().method("PUT");
        let request = request.uri(format!("{}{path}", self.address()));
        let request = request.body(HttpRequestBody::from(body.clone()));
        let mut request: HttpRequest = request.expect("a request");
        let signer = AwsAuthorizer::new(&credential, "s3", REGION);
        signer
            .try_authorize(&mut request, None)
            .expect("a signature");
        let (parts, _) = request.into_parts();
        let status = block_on(async {
            let client = reqwest::Client::builder().no_proxy().build();
            let request = client.expect("a client").put(parts.uri.to_string());
            let sent = request.headers(parts.headers).body(body).send().await;
            sent.expect("an answer").status()
        });
        assert!(status.is_success(), "PUT {path}: {status}");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.stop();
    }
}
