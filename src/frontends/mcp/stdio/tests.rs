use rmcp::model::ServerResult;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, Lines, duplex};

use super::*;

/// A transport, and what its client writes and reads.
struct Connection {
    transport: LineTransport<DuplexStream, DuplexStream>,
    to: DuplexStream,
    from: Lines<BufReader<DuplexStream>>,
    ended: CancellationToken,
}

fn connection() -> Connection {
    let (to, input) = duplex(4 << 20);
    let (output, from) = duplex(4 << 20);
    let ended = CancellationToken::new();
    Connection {
        transport: LineTransport::new(input, output, ended.clone()),
        to,
        from: BufReader::new(from).lines(),
        ended,
    }
}

impl Connection {
    async fn write(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.to.write_all(line.as_bytes()).await.expect("room");
    }

    /// The line that comes next.
    async fn line(&mut self) -> Value {
        let line = self.from.next_line().await.expect("a line");
        serde_json::from_str(&line.expect("a line")).expect("JSON")
    }

    /// The id of the request that comes next.
    async fn request(&mut self) -> RequestId {
        let message = self.transport.receive().await.expect("a message");
        request_id(&message).expect("a request").clone()
    }

    async fn answer(&mut self, id: RequestId) {
        let answer = ServerJsonRpcMessage::response(ServerResult::empty(()), id);
        self.transport.send(answer).await.expect("it is written");
    }
}

fn ping(id: i64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "ping"})
}

fn pong(id: i64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {}})
}

fn cancel(id: i64) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
}

#[tokio::test]
async fn what_is_no_request_is_answered_and_what_follows_is_read() {
    let mut client = connection();
    client
        .to
        .write_all(b"not json\n\xff\n")
        .await
        .expect("room");
    let broken = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": "x"});
    client.write(&broken).await;
    client.write(&json!("x".repeat(LONGEST_LINE))).await;
    client.write(&ping(1)).await;
    let id = client.request().await;
    client.answer(id).await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(client.line().await);
    }
    assert!(lines.contains(&pong(1)), "{lines:?}");
    let errors = lines.iter().filter(|line| line["error"]["code"] == -32600);
    let mut ids: Vec<Option<&Value>> = errors.map(|line| line.get("id")).collect();
    ids.sort_by_key(|id| id.is_some());
    assert_eq!(ids, [None, Some(&json!(7))]);
}

#[tokio::test]
async fn a_batch_is_answered_in_one_line() {
    let mut client = connection();
    let broken = json!({"id": 3, "method": 1});
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    client.write(&json!([ping(1), broken, note, ping(2)])).await;
    client.write(&ping(4)).await;
    let first = client.request().await;
    let note = client.transport.receive().await.expect("a message");
    assert_eq!(request_id(&note), None);
    let second = client.request().await;
    let alone = client.request().await;
    for id in [second, alone, first] {
        client.answer(id).await;
    }
    assert_eq!(client.line().await, pong(4));
    let Value::Array(answers) = client.line().await else {
        panic!("the answers to a batch are an array");
    };
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["id"], 3);
    assert_eq!(answers[1..], [pong(2), pong(1)]);
}

#[tokio::test]
async fn a_cancelled_request_does_not_hold_up_its_batch() {
    let mut client = connection();
    client.write(&json!([ping(1), ping(2)])).await;
    let first = client.request().await;
    client.request().await;
    client.answer(first).await;
    client.write(&cancel(2)).await;
    client.transport.receive().await.expect("the notification");
    assert_eq!(client.line().await, json!([pong(1)]));
    client.transport.close().await.expect("it is closed");
    assert_eq!(client.transport.output.pending.lock().size(), 0);
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused() {
    let mut client = connection();
    client.write(&ping(1)).await;
    client.write(&ping(1)).await;
    client.write(&json!([ping(1)])).await;
    client.write(&ping(2)).await;
    let first = client.request().await;
    let second = client.request().await;
    assert_ne!(first, second);
    let refused = client.line().await;
    assert_eq!(refused["error"]["code"], -32600);
    let refused = client.line().await;
    assert_eq!(refused[0]["id"], 1);
    client.answer(first).await;
    assert_eq!(client.line().await, pong(1));
}

#[tokio::test]
async fn no_more_is_taken_in_than_can_be_answered() {
    let mut client = connection();
    for id in 0..100 {
        client.write(&ping(id)).await;
    }
    let mut taken = Vec::new();
    for _ in 0..MOST_WAITING {
        taken.push(client.request().await);
    }
    {
        let mut next = Box::pin(client.transport.receive());
        assert!(futures::poll!(&mut next).is_pending());
        assert!(futures::poll!(&mut next).is_pending());
    }
    let one = taken.pop().expect("a request");
    client.answer(one).await;
    client.request().await;
}

#[tokio::test]
async fn the_end_of_the_input_is_told() {
    let mut client = connection();
    // The last line lacks its end.
    let last = ping(1).to_string();
    client.to.write_all(last.as_bytes()).await.expect("room");
    client.to.shutdown().await.expect("an end");
    let id = client.request().await;
    assert!(!client.ended.is_cancelled());
    assert!(client.transport.receive().await.is_none());
    assert!(client.ended.is_cancelled());
    client.answer(id).await;
    client.transport.close().await.expect("it is closed");
    assert_eq!(client.line().await, pong(1));
}
