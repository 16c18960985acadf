//! What is sent where, and what is taken from answers.

use hyper::Request;
use object_store::client::HttpRequestBody;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

/// A server that gives one answer to everything.
async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(any()).respond_with(answer);
    mock.mount(&server).await;
    server
}

async fn sent(connector: &Connector, uri: &str) -> Result<HttpResponse, HttpError> {
    let request = Request::builder().method("GET").uri(uri);
    let request = request.body(HttpRequestBody::empty());
    connector.call(request.expect("a request")).await
}

fn offline() -> Connector {
    Connector::new(NetworkScope::LoopbackOnly, false).expect("a client")
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = server(ResponseTemplate::new(200)).await;
    let moved = ResponseTemplate::new(301).insert_header("location", other.uri());
    let first = server(moved.set_body_string("<html>sesame</html>")).await;
    let answer = sent(&offline(), &first.uri()).await.expect("an answer");
    assert_eq!(answer.status(), 301);
    let said = answer.into_body().bytes().await.expect("a body");
    assert!(said.is_empty(), "{said:?}");
    let requests = other.received_requests().await.expect("they are recorded");
    assert!(requests.is_empty(), "{requests:?}");
}

#[tokio::test]
async fn an_answer_is_bounded_and_an_error_keeps_its_code_only() {
    let long = vec![0; usize::try_from(MOST_BYTES).expect("it fits") + 1];
    let long = server(ResponseTemplate::new(200).set_body_bytes(long)).await;
    let answer = sent(&offline(), &long.uri()).await.expect("an answer");
    let read = answer.into_body().bytes().await;
    assert!(read.is_err_and(|error| error.to_string().contains("more than")));
    let error = "<Error><Code>AccessDenied</Code><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>";
    let denied = server(ResponseTemplate::new(403).set_body_string(error)).await;
    let answer = sent(&offline(), &denied.uri()).await.expect("an answer");
    assert_eq!(answer.status(), 403);
    let read = answer.into_body().bytes().await.expect("a body");
    assert_eq!(read.as_ref(), b"AccessDenied");
}

#[tokio::test]
async fn the_clock_of_the_server_is_noted() {
    let connector = offline();
    assert_eq!(connector.clock_difference(), None);
    let late = Timestamp::now() + SignedDuration::from_mins(20);
    let late = late.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let server = server(ResponseTemplate::new(200).insert_header("date", late)).await;
    sent(&connector, &server.uri()).await.expect("an answer");
    let ahead = connector.clock_difference().expect("it is noted").as_secs();
    assert!((1_190..=1_200).contains(&ahead), "{ahead} s");
}

#[test]
fn of_an_error_only_its_code_is_repeated() {
    let s3 = "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>The \
              request signature</Message><AWSAccessKeyId>AKIAEXAMPLE</AWSAccessKeyId></Error>";
    assert_eq!(error_words(s3), "SignatureDoesNotMatch");
    let google = "{\"error\": \"invalid_grant\", \"error_description\": \"sesame\"}";
    assert_eq!(error_words(google), "invalid_grant");
    for other in [
        "",
        "<html>sesame</html>",
        "{\"error\": {\"code\": 403}}",
        "<Code>",
    ] {
        assert_eq!(error_words(other), "", "{other}");
    }
    assert_eq!(error_words("<Code>a\u{1b}[2Jb</Code>"), "a[2Jb");
}

#[test]
fn where_a_request_may_go() {
    let cases = [
        // Address; whether it is called, with `--offline`, without encryption.
        ("http://127.0.0.1:9000/b", [true, true, true]),
        ("http://localhost:9000/b", [true, true, true]),
        ("https://s3.example.org/b", [true, false, true]),
        ("http://s3.example.org/b", [false, false, true]),
        ("http://169.254.170.2/credentials", [true, false, true]),
        ("http://127.0.0.1.example.org/", [false, false, true]),
    ];
    for (address, expected) in cases {
        let url = Url::parse(address).expect("an address");
        let (any, offline) = (NetworkScope::Any, NetworkScope::LoopbackOnly);
        let called = [(any, false), (offline, false), (any, true)].map(|(scope, plain)| {
            let connector = Connector::new(scope, plain).expect("a client");
            connector.client_for(&url).is_ok()
        });
        assert_eq!(called, expected, "{address}");
    }
}
