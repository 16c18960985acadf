//! What stands for the model where there is none: every request fails with the reason.

use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::{ChatModel, ChatRequest, Delta, ModelError, ModelProfile};
use crate::failure::Failure;

/// The window that is assumed; nothing is ever sent.
const WINDOW: u32 = 8_192;

/// No model, for work that can do without one.
pub struct AbsentModel {
    profile: ModelProfile,
    why: Failure,
}

impl AbsentModel {
    pub fn new(why: Failure) -> AbsentModel {
        AbsentModel {
            profile: ModelProfile {
                // A session without a name of a model is resumed with the one of the settings.
                name: String::new(),
                window: WINDOW,
                tools: true,
                vision: false,
                weak: false,
                thinks_in_text: false,
                remote: None,
            },
            why,
        }
    }
}

impl ChatModel for AbsentModel {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn reply<'a>(&'a self, _: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        let error = ModelError::Failed(self.why.clone());
        stream::iter([Err(error)]).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureCode;

    #[tokio::test]
    async fn every_request_fails_with_the_reason() {
        let why = Failure::new(FailureCode::ServerUnreachable, "Ollama does not answer");
        let model = AbsentModel::new(why.clone());
        let request = ChatRequest {
            messages: &[],
            tools: &[],
            format: None,
            without_thoughts: false,
            reply_tokens: None,
        };
        let told: Vec<_> = model.reply(request).collect().await;
        assert_eq!(told, [Err(ModelError::Failed(why))]);
    }
}
