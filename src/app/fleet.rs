//! Several servers: who embeds beside the first one, and where a session goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use ollacode_indexer::{EmbedError, Embedder, Events, IndexEvent};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout};

use super::App;
use crate::config::{EmbedModel, ServerSettings};
use crate::engine::ChatActivity;
use crate::model::ChatModel;
use crate::model::fleet::choice::{ModelPresence, server_for_session};
use crate::model::fleet::join::{LeftOut, ProvenEmbedder, probe, same_model, same_vectors};
use crate::model::fleet::{FleetState, Priority};
use crate::model::http::{ClientLimits, KindChoice, ServerError};
use crate::model::server::same_model as same_name;
use crate::model::server::{Server, ServerConfig};

/// How long it is known who may embed: servers come and go, and models are replaced.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Most time of a server for its first text, for which it may have to load the model.
const PROBE_LIMIT: Duration = Duration::from_secs(60);
/// Most time of a server to say what it has.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// What is known of the other servers that embed; clones of an [`App`] share it.
#[derive(Default)]
pub(super) struct EmbeddingServers {
    known: tokio::sync::Mutex<Option<Arc<OtherEmbedders>>>,
    /// Servers of which it was said that they are left out.
    told: Mutex<BTreeSet<String>>,
}

/// The servers that embed beside the first one, and those that do not.
pub struct OtherEmbedders {
    /// The server and the model that they were compared with.
    first: (String, String),
    since: Instant,
    pub(super) members: Vec<Arc<dyn Embedder>>,
    /// Each with the reason.
    pub left_out: Vec<(String, LeftOut)>,
    /// Of the first one and the members.
    pub(super) state: FleetState,
}

impl OtherEmbedders {
    /// The addresses of those that embed.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.server())
    }

    /// Nobody embeds beside a server.
    fn none(first: (String, String)) -> OtherEmbedders {
        OtherEmbedders {
            first,
            since: Instant::now(),
            members: Vec::new(),
            left_out: Vec::new(),
            state: FleetState::of(1),
        }
    }

    /// Whether it is still known who may embed. Once the first server works again, the others are
    /// compared with it.
    fn holds(&self) -> bool {
        let is_unknown = |why: &LeftOut| matches!(why, LeftOut::FirstFailed(_));
        self.since.elapsed() < KNOWN_FOR && !self.left_out.iter().any(|(_, why)| is_unknown(why))
    }
}

impl Priority for ChatActivity {
    fn is_replying(&self, server: &str) -> bool {
        ChatActivity::is_replying(self, server)
    }

    fn busy<'a>(&'a self, server: &'a str) -> BoxFuture<'a, ()> {
        ChatActivity::busy(self, server).boxed()
    }

    fn idle<'a>(&'a self, server: &'a str) -> BoxFuture<'a, ()> {
        ChatActivity::idle(self, server).boxed()
    }
}

impl App {
    /// The servers that may be asked, in the order of the settings.
    pub fn usable_servers(&self) -> impl Iterator<Item = &ServerSettings> {
        let reach = self.settings.reach;
        let servers = self.settings.servers.iter();
        servers.filter(move |server| server.is_within(reach))
    }

    /// The addresses beyond this machine that get texts to embed.
    pub fn embedding_hosts(&self) -> Vec<String> {
        if self.settings.embed_model == EmbedModel::None {
            return Vec::new();
        }
        let away = self
            .usable_servers()
            .filter(|server| server.embed && !server.config.address.is_loopback());
        away.map(ToString::to_string).collect()
    }

    /// What is said at the start of a session about servers that get texts beside that of its model.
    pub fn embedding_note(&self, model: &dyn ChatModel) -> Option<String> {
        if self.settings.embed_model == EmbedModel::None {
            return None;
        }
        let others = self.usable_servers().filter(|server| {
            let address = &server.config.address;
            server.embed && !address.is_loopback() && address.to_string() != model.server()
        });
        let others: Vec<String> = others.map(ToString::to_string).collect();
        let hosts = others.join(", ");
        (!others.is_empty()).then(|| format!("code is sent to {hosts} for embedding"))
    }

    /// Connects to one of the servers. What kind it is, is asked once in a run.
    pub async fn server_at(&self, settings: &ServerSettings) -> Result<Server, ServerError> {
        let address = settings.config.address.to_string();
        if address == self.settings.server.address.to_string() {
            return self.server().await;
        }
        let known = self.server_kinds.lock().get(&address).copied();
        let config = ServerConfig {
            kind: known.map_or(settings.config.kind, KindChoice::Kind),
            ..settings.config.clone()
        };
        let limits = ClientLimits::default().within(self.settings.first_word);
        let server = config.connect(self.settings.reach, limits).await?;
        self.server_kinds.lock().insert(address, server.kind());
        Ok(server)
    }

    /// The first server that embeds: the others must make the same vectors.
    pub async fn embedding_server(&self) -> Result<Server, ServerError> {
        match self.first_to_embed() {
            Some(server) => self.server_at(server).await,
            None => self.server().await,
        }
    }

    /// The first server that embeds; if none may be asked, one that says why.
    pub(super) fn first_to_embed(&self) -> Option<&ServerSettings> {
        let embeds = |server: &&ServerSettings| server.embed;
        let usable = self.usable_servers().find(embeds);
        usable.or_else(|| self.settings.servers.iter().find(embeds))
    }

    /// Who embeds beside the server of an embedder, if there is anything to embed. Servers that may
    /// not are named to `events`, once in a run.
    pub(super) async fn helpers(
        &self,
        first: &dyn Embedder,
        priority: &dyn Priority,
        events: Events<'_>,
    ) -> Arc<OtherEmbedders> {
        let fingerprint = first.model().fingerprint();
        let is_alone = self.usable_servers().filter(|it| it.embed).count() < 2;
        // What is wrong with the index, embedding says.
        if is_alone || matches!(self.index.texts_without_vector(&fingerprint).await, Ok(0)) {
            let first = (first.server().to_owned(), fingerprint);
            return Arc::new(OtherEmbedders::none(first));
        }
        self.other_embedders(first, priority, events).await
    }

    /// Who embeds beside the server of an embedder. Servers that may not are named to `events`, once
    /// in a run.
    pub async fn other_embedders(
        &self,
        first: &dyn Embedder,
        priority: &dyn Priority,
        events: Events<'_>,
    ) -> Arc<OtherEmbedders> {
        let wanted = (first.server().to_owned(), first.model().fingerprint());
        let mut known = self.embedding_servers.known.lock().await;
        let holds = |known: &&Arc<OtherEmbedders>| known.first == wanted && known.holds();
        let others = match known.as_ref().filter(holds) {
            Some(others) => Arc::clone(others),
            None => {
                let found = self.find_embedders(first, priority, wanted).await;
                Arc::clone(known.insert(Arc::new(found)))
            }
        };
        for (server, why) in &others.left_out {
            if self.embedding_servers.told.lock().insert(server.clone()) {
                let message = format!("{server} does not embed: {why}");
                events(IndexEvent::Warning(message));
            }
        }
        others
    }

    async fn find_embedders(
        &self,
        first: &dyn Embedder,
        priority: &dyn Priority,
        wanted: (String, String),
    ) -> OtherEmbedders {
        let name = first.model().name.clone();
        let servers = self
            .usable_servers()
            .filter(|server| server.embed && server.config.address.to_string() != first.server());
        let servers: Vec<&ServerSettings> = servers.collect();
        let mut others = OtherEmbedders::none(wanted);
        if servers.is_empty() {
            return others;
        }
        let compared = self.compare(&name, &servers, priority).await;
        for (server, compared) in servers.iter().zip(compared) {
            match compared {
                Ok(member) => others.members.push(member),
                Err(why) => others.left_out.push((server.to_string(), why)),
            }
        }
        others.state = FleetState::of(1 + others.members.len());
        others
    }

    /// Compares servers with the first one: what they say of the model, then a vector.
    async fn compare(
        &self,
        name: &str,
        servers: &[&ServerSettings],
        priority: &dyn Priority,
    ) -> Vec<Result<Arc<dyn Embedder>, LeftOut>> {
        // As the server says it, not as the index knows it by its weights.
        let first = match self.embedding_server().await {
            Ok(server) => server.embedder(name).await,
            Err(error) => Err(error),
        };
        let first = match first {
            Ok(first) => first,
            Err(error) => {
                let why = LeftOut::FirstFailed(error.to_string());
                return servers.iter().map(|_| Err(why.clone())).collect();
            }
        };
        let first = &first;
        let mut asking = Vec::new();
        for server in servers {
            asking.push(async move {
                let candidate = self.embedder_at(server, name).await?;
                same_model(first.model(), candidate.model())?;
                Ok::<_, LeftOut>(candidate)
            });
        }
        let candidates = join_all(asking).await;
        if candidates.iter().all(Result::is_err) {
            return candidates;
        }
        // Until then it would embed nothing, and nobody may without its vector.
        priority.idle(first.server()).await;
        let ours = &probe_in_time(first, priority).await;
        let mut comparing = Vec::new();
        for candidate in candidates {
            comparing.push(async move {
                let candidate = candidate?;
                let ours = ours.clone().map_err(LeftOut::FirstFailed)?;
                let theirs = probe_in_time(&*candidate, priority).await;
                same_vectors(&ours, &theirs.map_err(LeftOut::Failed)?)?;
                let proven = ProvenEmbedder::new(candidate, ours);
                Ok::<_, LeftOut>(Arc::new(proven) as Arc<dyn Embedder>)
            });
        }
        join_all(comparing).await
    }

    async fn embedder_at(
        &self,
        server: &ServerSettings,
        name: &str,
    ) -> Result<Arc<dyn Embedder>, LeftOut> {
        let connecting = async { self.server_at(server).await?.embedder(name).await };
        match timeout(PROBE_LIMIT, connecting).await {
            Ok(Ok(embedder)) => Ok(Arc::new(embedder) as Arc<dyn Embedder>),
            Ok(Err(error)) => Err(LeftOut::Failed(error.with_hint())),
            Err(_) => Err(LeftOut::Failed(late(PROBE_LIMIT))),
        }
    }

    /// The servers that sessions may use.
    pub fn chat_servers(&self) -> Vec<&ServerSettings> {
        self.usable_servers().filter(|server| server.chat).collect()
    }

    /// The server for a session with a model: where that is in memory, then where it is installed, in
    /// the order of the settings.
    pub(super) async fn server_for(&self, model: &str) -> Result<Server, ServerError> {
        let servers = self.chat_servers();
        if servers.len() < 2 {
            return self.server().await;
        }
        let mut looking = Vec::new();
        for server in &servers {
            looking.push(self.presence(server, model));
        }
        let presences = join_all(looking).await;
        match server_for_session(&presences).and_then(|at| servers.get(at)) {
            Some(server) => self.server_at(server).await,
            // None answers, and the first one says why.
            None => self.server().await,
        }
    }

    /// Whether a server has a model; `None` if it does not say.
    async fn presence(&self, server: &ServerSettings, model: &str) -> Option<ModelPresence> {
        timeout(LOOK_LIMIT, self.look(server, model))
            .await
            .ok()?
            .ok()
    }

    /// Whether a server has a model.
    pub async fn look(
        &self,
        server: &ServerSettings,
        model: &str,
    ) -> Result<ModelPresence, ServerError> {
        let server = self.server_at(server).await?;
        let loaded = server.loaded_models().await?;
        if loaded.iter().any(|loaded| same_name(&loaded.name, model)) {
            return Ok(ModelPresence::Loaded);
        }
        match server.model_summary(model).await {
            Ok(_) => Ok(ModelPresence::Installed),
            Err(ServerError::ModelMissing { .. }) => Ok(ModelPresence::Absent),
            Err(error) => Err(error),
        }
    }
}

/// The vector of the probe, if the server soon makes no reply.
async fn probe_in_time(
    embedder: &dyn Embedder,
    priority: &dyn Priority,
) -> Result<Vec<f32>, String> {
    let probing = async {
        priority.idle(embedder.server()).await;
        probe(embedder).await
    };
    match timeout(PROBE_LIMIT, probing).await {
        Ok(Ok(vector)) => Ok(vector),
        Ok(Err(EmbedError::Unavailable(why))) => Err(why),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(late(PROBE_LIMIT)),
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_without_the_first_server_is_made_again() {
        let mut others = OtherEmbedders::none(("here:1".to_owned(), "f".to_owned()));
        let left_out = |why: LeftOut| ("there:1".to_owned(), why);
        assert!(others.holds());
        others
            .left_out
            .push(left_out(LeftOut::Failed("it is off".to_owned())));
        assert!(others.holds());
        others
            .left_out
            .push(left_out(LeftOut::FirstFailed("it is off".to_owned())));
        assert!(!others.holds());
    }
}
