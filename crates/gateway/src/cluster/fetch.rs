//! A page wherever it lies: here, or on the node that the token names.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode};
use nextlink_results::token::Token;
use nextlink_results::{Follows, NodeId, PageError, ResultId, Store, StoredPage};

use super::client::{Answer, CallError};
use super::members::Member;
use super::membership::Cluster;
use super::wire::{ROOT, take_page, understand};
use crate::answer::{Refusal, gone};
use crate::observe::{Event, event};

/// How long one call waits for a page that is not written yet: a node that is gone is noticed in between.
const SLICE: Duration = Duration::from_secs(2);
/// How long a page that was not asked for is waited for.
const AHEAD: Duration = Duration::from_millis(500);
/// Pages up to this size are opened where they arrive; larger ones on a thread of their own.
const AT_ONCE: usize = 1024 * 1024;

/// Why there is no page.
#[derive(Debug)]
pub enum Missing {
    /// The node that holds the result says why, or this one does.
    Page(PageError),
    /// The node that held the result is none of this cluster.
    NoOwner,
    /// The node that holds the result cannot be asked.
    Call(CallError),
}

impl From<PageError> for Missing {
    fn from(error: PageError) -> Missing {
        Missing::Page(error)
    }
}

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

/// Gives the page that a token names.
///
/// # Errors
/// [`Missing`].
pub async fn page(
    cluster: Option<&Arc<Cluster>>,
    store: &Arc<Store>,
    token: &Token,
    wait: Duration,
) -> Result<StoredPage, Missing> {
    let own = store.page(token.result, token.generation, token.page, wait).await;
    if token.owner == store.node() || !matches!(own, Err(PageError::Unknown)) {
        return Ok(own?);
    }
    let cluster = cluster.ok_or(Missing::NoOwner)?;
    let wanted = Wanted { owner: token.owner, key: (token.result, token.generation), page: token.page };
    let found = match cluster.ahead.take((token.result, token.generation, token.page)).await {
        Some(page) => {
            event(&Event::PageAhead);
            page
        }
        None => wanted.fetch(cluster, store, wait).await?,
    };
    if cluster.foreigners.follows(wanted.key, wanted.page) && found.follows == Follows::Page {
        wanted.next().fetch_ahead(cluster, store);
    }
    Ok(found)
}

/// A page of a result of another node.
#[derive(Clone, Copy)]
struct Wanted {
    owner: NodeId,
    key: (ResultId, u32),
    page: u32,
}

impl Wanted {
    fn next(self) -> Wanted {
        Wanted { page: self.page.saturating_add(1), ..self }
    }

    /// Fetches a page that is likely to be asked for next.
    fn fetch_ahead(self, cluster: &Arc<Cluster>, store: &Arc<Store>) {
        let Some(give) = cluster.ahead.begin((self.key.0, self.key.1, self.page)) else {
            return;
        };
        let (cluster, store) = (Arc::clone(cluster), Arc::clone(store));
        tokio::spawn(async move {
            if let Ok(page) = self.fetch(&cluster, &store, AHEAD).await {
                // It may have waited too long to be asked for.
                let _ = give.send(page);
            }
        });
    }

    /// Asks the owner until it gives the page or says why not.
    async fn fetch(
        self,
        cluster: &Arc<Cluster>,
        store: &Arc<Store>,
        wait: Duration,
    ) -> Result<StoredPage, Missing> {
        let deadline = Instant::now() + wait;
        let mut tried = false;
        loop {
            let owner = cluster.member(self.owner).await.ok_or(Missing::NoOwner)?;
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = match self.ask(cluster, &owner, left.min(SLICE)).await {
                Ok(answer) => answer,
                Err(error) => {
                    event(&Event::CallFailed { cause: &error.to_string() });
                    // It may have been started anew, or the connection may have been an old one.
                    cluster.look().await;
                    if std::mem::replace(&mut tried, true) || matches!(error, CallError::Busy { .. }) {
                        return Err(Missing::Call(error));
                    }
                    continue;
                }
            };
            if answer.status == StatusCode::OK {
                let page = self.open(cluster, store, answer.body).await?;
                event(&Event::PageFetched);
                return Ok(page);
            }
            match understand(answer.status, &answer.body) {
                Some(PageError::NotYet) if Instant::now() < deadline => {}
                Some(error) => return Err(error.into()),
                None => {
                    return Err(PageError::Corrupt("the node that holds it answers in another way").into());
                }
            }
        }
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
    async fn open(
        self,
        cluster: &Cluster,
        store: &Arc<Store>,
        body: Vec<u8>,
    ) -> Result<StoredPage, PageError> {
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
