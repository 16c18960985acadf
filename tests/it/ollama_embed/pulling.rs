//! Pulling a model: its progress, an error inside, and an end without success.

use ollacode::model::ollama::PullProgress;

use super::*;

/// Pulls from a server that answers with these lines.
async fn pull(lines: &str) -> (Result<(), ServerError>, Vec<PullProgress>) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(lines, "application/x-ndjson");
    Mock::given(method("POST"))
        .and(path("/api/pull"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let mut steps = Vec::new();
    let outcome = client(&server.uri())
        .pull("m", &mut |step| steps.push(step))
        .await;
    (outcome, steps)
}

#[tokio::test]
async fn a_pull_adds_up_its_layers() {
    let (outcome, steps) = pull(concat!(
        "{\"status\":\"pulling manifest\"}\n",
        "{\"status\":\"pulling a\",\"digest\":\"sha256:a\",\"total\":100}\n",
        "{\"status\":\"pulling b\",\"digest\":\"sha256:b\",\"total\":50,\"completed\":50}\n",
        "{\"status\":\"pulling a\",\"digest\":\"sha256:a\",\"total\":100,\"completed\":30}\n",
        "{\"status\":\"success\"}\n",
    ))
    .await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let bytes: Vec<_> = steps
        .iter()
        .map(|step| (step.completed, step.total))
        .collect();
    assert_eq!(bytes, [(0, 0), (0, 100), (50, 150), (80, 150), (80, 150)]);
    assert_eq!(steps[4].status, "success");
}

#[tokio::test]
async fn an_error_inside_a_pull_is_one() {
    let (outcome, _) = pull(concat!(
        "{\"status\":\"pulling manifest\"}\n",
        "{\"error\":\"pull model manifest: file does not exist\"}\n",
    ))
    .await;
    let error = outcome.expect_err("the server reported an error");
    assert!(error.to_string().contains("file does not exist"), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("ollama.com/library"))
    );
}

#[tokio::test]
async fn a_pull_without_success_is_incomplete() {
    for lines in [
        "",
        "{\"status\":\"verifying sha256 digest\"}\n",
        "{\"status\":\"succ",
    ] {
        let (outcome, _) = pull(lines).await;
        assert!(
            matches!(outcome, Err(ServerError::Incomplete)),
            "{lines}: {outcome:?}"
        );
    }
}
