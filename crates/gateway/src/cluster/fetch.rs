//! A page wherever it lies: here, on the node that the token names, or in a copy.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use nextlink_results::token::Token;
use nextlink_results::{Follows, PageError, Store, StoredPage};

use super::client::{Answer, CallError};
use super::members::{Member, Members};
use super::membership::Cluster;
use super::seek::{Around, Missing, Wanted, may_lie_elsewhere};
use super::succession::Copies;
use super::suspects::Suspects;
use super::wire::{ROOT, take_page, understand};
use crate::answer::{Refusal, gone};
use crate::observe::{Event, event};

/// How long a page that was not asked for is waited for.
const AHEAD: Duration = Duration::from_millis(500);
/// Pages up to this size are opened where they arrive; larger ones on a thread of their own.
const AT_ONCE: usize = 1024 * 1024;

impl From<Missing> for Refusal {
    fn from(missing: Missing) -> Refusal {
        match missing {
            Missing::Page(error) => error.into(),
            Missing::NoOwner => gone("The stored result lies on a node that is not here."),
            Missing::Call(error) => {
                let message = "The node that holds the stored result does not answer; try again.";
                let refusal = Refusal::unavailable("OwnerUnreachable", message, 2).about("$skiptoken");
                Refusal { cause: Some(error.to_string()), ..refusal }
            }
        }
    }
}

/// Gives the page that a token names: from here, from the node that holds the result, or from a copy.
///
/// # Errors
/// [`Missing`].
pub async fn page(
    cluster: Option<&Arc<Cluster>>,
    store: &Arc<Store>,
    token: &Token,
    wait: Duration,
) -> Result<StoredPage, Missing> {
    // A copy grows when its owner says so: nothing is waited for here.
    let copied = cluster.is_some() && store.is_copy(token.result, token.generation);
    let own_wait = if copied { Duration::ZERO } else { wait };
    let own = store.page(token.result, token.generation, token.page, own_wait).await;
    let Some(cluster) = cluster else {
        let elsewhere = token.owner != store.node() && matches!(own, Err(PageError::Unknown));
        return if elsewhere { Err(Missing::NoOwner) } else { Ok(own?) };
    };
    if !own.as_ref().is_err_and(|error| copied || may_lie_elsewhere(error)) {
        return Ok(own?);
    }
    let wanted = Wanted { owner: token.owner, key: (token.result, token.generation), page: token.page };
    let found = match cluster.ahead.take((token.result, token.generation, token.page)).await {
        Some(page) => {
            event(&Event::PageAhead);
            page
        }
        None => {
            let others = Arc::new(Others { cluster: Arc::clone(cluster), store: Arc::clone(store) });
            if token.owner == store.node() {
                match wanted.ask_copies(&others).await {
                    Ok(page) => page,
                    Err(_) => own?,
                }
            } else {
                wanted.find(&others, wait).await?
            }
        }
    };
    if cluster.foreigners.follows(wanted.key, wanted.page) && found.follows == Follows::Page {
        wanted.next().fetch_ahead(cluster, store);
    }
    Ok(found)
}

/// Asks all that may have a copy whether they have this page.
pub async fn ask_copies(cluster: &Arc<Cluster>, store: &Arc<Store>, token: &Token) -> Copies {
    let wanted = Wanted { owner: token.owner, key: (token.result, token.generation), page: token.page };
    let others = Arc::new(Others { cluster: Arc::clone(cluster), store: Arc::clone(store) });
    match wanted.ask_copies(&others).await {
        Ok(_) => Copies::Found,
        Err(silent) => Copies::Silent(silent),
    }
}

/// The other nodes of the cluster, and the keys that open what they send.
struct Others {
    cluster: Arc<Cluster>,
    store: Arc<Store>,
}

impl Around for Others {
    type Page = StoredPage;

    fn members(&self) -> Arc<Members> {
        self.cluster.members()
    }

    fn suspects(&self) -> &Suspects {
        &self.cluster.suspects
    }

    fn hedge(&self) -> Duration {
        self.cluster.config.hedge()
    }

    async fn look(&self) {
        self.cluster.look().await;
    }

    async fn ask(
        &self,
        node: &Member,
        wanted: Wanted,
        wait: Duration,
    ) -> Result<Result<StoredPage, PageError>, CallError> {
        let answer = wanted.ask(&self.cluster, node, wait).await?;
        Ok(wanted.take(&self.cluster, &self.store, answer).await)
    }
}

impl Wanted {
    /// Fetches a page that is likely to be asked for next.
    fn fetch_ahead(self, cluster: &Arc<Cluster>, store: &Arc<Store>) {
        let Some(give) = cluster.ahead.begin((self.key.0, self.key.1, self.page)) else {
            return;
        };
        let others = Arc::new(Others { cluster: Arc::clone(cluster), store: Arc::clone(store) });
        tokio::spawn(async move {
            if let Ok(page) = self.find(&others, AHEAD).await {
                // It may have waited too long to be asked for.
                let _ = give.send(page);
            }
        });
    }

    /// The page that a node has answered, or why it has none.
    async fn take(self, cluster: &Cluster, store: &Store, answer: Answer) -> Result<StoredPage, PageError> {
        if answer.status == StatusCode::OK {
            let page = self.open(cluster, store, answer.body).await?;
            event(&Event::PageFetched);
            return Ok(page);
        }
        let damaged = PageError::Corrupt("the node that holds it answers in another way");
        Err(understand(answer.status, &answer.body).unwrap_or(damaged))
    }

    async fn ask(self, cluster: &Cluster, owner: &Member, wait: Duration) -> Result<Answer, CallError> {
        let (id, generation) = self.key;
        let header = if cluster.foreigners.get(self.key).is_some() { "" } else { "&header=1" };
        let target = format!(
            "{ROOT}/results/{id}/{generation}/pages/{}?wait_ms={}{header}",
            self.page,
            wait.as_millis()
        );
        let now_ms = cluster.clock.now_ms();
        cluster.peers.call(owner, Method::GET, &target, Bytes::new(), now_ms, wait).await
    }

    /// Checks and opens a page that has come.
    async fn open(self, cluster: &Cluster, store: &Store, body: Vec<u8>) -> Result<StoredPage, PageError> {
        let damaged = PageError::Corrupt;
        let (header, sealed) = take_page(body).ok_or(damaged("it was cut on its way"))?;
        let opened = |header: Vec<u8>| {
            let foreign = store.foreign(&header).filter(|foreign| foreign.key() == self.key);
            Ok(cluster.foreigners.keep(foreign.ok_or(damaged("its header cannot be opened"))?))
        };
        let foreign = match header {
            Some(header) => opened(header)?,
            None => cluster.foreigners.get(self.key).ok_or(damaged("its header is not known"))?,
        };
        let page = self.page;
        if sealed.segments.len() <= AT_ONCE {
            return foreign.page(page, sealed);
        }
        let opened = tokio::task::spawn_blocking(move || foreign.page(page, sealed)).await;
        opened.unwrap_or_else(|error| Err(PageError::Io(std::io::Error::other(error))))
    }
}
