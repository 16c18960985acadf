//! A scripted model.

use super::*;

/// A server that accepts connections, and never answers.
pub(super) const HUNG: &str = "hung:1";

pub(super) enum Line {
    Text(&'static str),
    /// Writes `new.txt`.
    Write,
    /// Never replies; the stream stays open.
    Never,
    /// The server is gone.
    Gone,
}

/// A scripted model, which is also its own connector.
#[derive(Clone)]
pub(super) struct Scripted {
    pub profile: ModelProfile,
    pub script: Arc<Mutex<VecDeque<Line>>>,
    pub server: &'static str,
    /// Where the next connections lead.
    pub servers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl ChatModel for Scripted {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn server(&self) -> &str {
        self.server
    }

    fn reply<'a>(&'a self, _: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        let line = self.script.lock().pop_front();
        let delta = match line.expect("a reply in the script") {
            Line::Never => return stream::pending().boxed(),
            Line::Gone => {
                let gone = Failure::new(FailureCode::ServerUnreachable, "it is gone");
                return stream::iter([Err(ModelError::Failed(gone))]).boxed();
            }
            Line::Text(text) => Delta::Text(text.to_owned()),
            Line::Write => Delta::Call(ToolCall {
                id: "call_1".to_owned(),
                name: "write_file".to_owned(),
                arguments: json!({"path": "new.txt", "content": "new\n"})
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            }),
        };
        stream::iter([Ok(delta), Ok(Delta::Done(Usage::default()))]).boxed()
    }
}

impl Connector for Scripted {
    fn connect<'a>(
        &'a self,
        _: &'a App,
        name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<dyn ChatModel>, Error>> {
        let mut model = self.clone();
        model.server = self.servers.lock().pop_front().unwrap_or_default();
        if let Some(name) = name {
            model.profile.name = name.to_owned();
        }
        async move {
            if model.server == HUNG {
                return std::future::pending().await;
            }
            anyhow::ensure!(model.profile.name != "missing", "there is no such model");
            Ok(Arc::new(model) as Arc<dyn ChatModel>)
        }
        .boxed()
    }
}
