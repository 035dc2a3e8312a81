//! A page wherever it lies: here, on the node that the token names, or in a copy.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode};
use nextlink_results::token::Token;
use nextlink_results::{Follows, NodeId, PageError, ResultId, Store, StoredPage};
use tokio::task::JoinSet;

use super::client::{Answer, CallError};
use super::members::Member;
use super::membership::Cluster;
use super::wire::{ROOT, take_page, understand};
use crate::answer::{Refusal, gone};
use crate::observe::{Event, event};

/// How long one call waits for a page that is not written yet: a node that is gone is noticed in between.
const SLICE: Duration = Duration::from_secs(2);
/// The same for the first call: mostly the page is there, and a node that says nothing is not there.
const FIRST_SLICE: Duration = Duration::from_millis(200);
/// Nodes that are asked for a copy at the same time.
const COPIES: usize = 4;
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
        None if token.owner == store.node() => match (wanted.ask_copies(cluster, store).await, own) {
            (Some(page), _) => page,
            (None, own) => own?,
        },
        None => wanted.find(cluster, store, wait).await?,
    };
    if cluster.foreigners.follows(wanted.key, wanted.page) && found.follows == Follows::Page {
        wanted.next().fetch_ahead(cluster, store);
    }
    Ok(found)
}

/// Whether a page that a node cannot give may be good on another one.
fn may_lie_elsewhere(error: &PageError) -> bool {
    match error {
        PageError::Unknown | PageError::OtherGeneration { .. } | PageError::Corrupt(_) | PageError::Io(_) => {
            true
        }
        PageError::NotYet
        | PageError::Expired
        | PageError::NoSuchPage { .. }
        | PageError::SourceFailed { .. }
        | PageError::Incomplete(_) => false,
    }
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
            if let Ok(page) = self.find(&cluster, &store, AHEAD).await {
                // It may have waited too long to be asked for.
                let _ = give.send(page);
            }
        });
    }

    /// Asks the owner, and those with copies where it says nothing for a while, is not there, or cannot read what it has.
    async fn find(
        self,
        cluster: &Arc<Cluster>,
        store: &Arc<Store>,
        wait: Duration,
    ) -> Result<StoredPage, Missing> {
        let known = cluster.members().node(self.owner);
        let doubtful = cluster.suspects.holds(self.owner) || known.is_some_and(|owner| !owner.is_live());
        let hedge = if doubtful { Duration::ZERO } else { cluster.config.hedge() };
        let mut owner = pin!(self.ask_owner(cluster, store, wait));
        let early = tokio::select! {
            biased;
            found = &mut owner => Some(found),
            () = tokio::time::sleep(hedge) => None,
        };
        let failed = match early {
            Some(found) => match self.settled(found) {
                Ok(found) => return found,
                Err(missing) => match self.ask_copies(cluster, store).await {
                    Some(page) => return Ok(page),
                    None => missing,
                },
            },
            None => {
                let mut copies = pin!(self.ask_copies(cluster, store));
                tokio::select! {
                    biased;
                    found = &mut owner => match self.settled(found) {
                        Ok(found) => return found,
                        Err(missing) => match copies.await {
                            Some(page) => return Ok(page),
                            None => missing,
                        },
                    },
                    page = &mut copies => match page {
                        Some(page) => {
                            cluster.suspects.add(self.owner);
                            return Ok(page);
                        }
                        None => match self.settled(owner.await) {
                            Ok(found) => return found,
                            Err(missing) => missing,
                        },
                    },
                }
            }
        };
        if !matches!(failed, Missing::Call(CallError::Unreachable { .. } | CallError::Refused { .. })) {
            return Err(failed);
        }
        // It may have been started anew, or the connection may have been an old one.
        cluster.look().await;
        self.ask_owner(cluster, store, wait).await
    }

    /// What the owner says for good; else why somebody else is to be asked.
    fn settled(self, found: Result<StoredPage, Missing>) -> Result<Result<StoredPage, Missing>, Missing> {
        match found {
            Err(Missing::Page(error)) if !may_lie_elsewhere(&error) => Ok(Err(error.into())),
            Err(missing) => Err(missing),
            Ok(page) => Ok(Ok(page)),
        }
    }

    /// Asks the owner until it gives the page or says why not.
    async fn ask_owner(
        self,
        cluster: &Arc<Cluster>,
        store: &Arc<Store>,
        wait: Duration,
    ) -> Result<StoredPage, Missing> {
        let owner = cluster.member(self.owner).await.ok_or(Missing::NoOwner)?;
        let (deadline, mut slice) = (Instant::now() + wait, FIRST_SLICE);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = match self.ask(cluster, &owner, left.min(slice)).await {
                Ok(answer) => answer,
                Err(error) => {
                    event(&Event::CallFailed { cause: &error.to_string() });
                    cluster.suspects.add(self.owner);
                    return Err(Missing::Call(error));
                }
            };
            cluster.suspects.clear(self.owner);
            slice = SLICE;
            match self.take(cluster, store, answer).await {
                Err(PageError::NotYet) if Instant::now() < deadline => {}
                taken => return Ok(taken?),
            }
        }
    }

    /// Asks the nodes that may have a copy, the likeliest ones at the same time: the first page that comes.
    async fn ask_copies(self, cluster: &Arc<Cluster>, store: &Arc<Store>) -> Option<StoredPage> {
        let members = cluster.members().ranked(self.key.0);
        let others: Vec<_> = members.into_iter().filter(|member| member.facts.id != self.owner).collect();
        for some in others.chunks(COPIES) {
            let mut asked = JoinSet::new();
            for member in some {
                let (cluster, store, member) = (Arc::clone(cluster), Arc::clone(store), Arc::clone(member));
                asked.spawn(async move {
                    match self.ask(&cluster, &member, Duration::ZERO).await {
                        Ok(answer) => self.take(&cluster, &store, answer).await.ok(),
                        Err(error) => {
                            event(&Event::CallFailed { cause: &error.to_string() });
                            None
                        }
                    }
                });
            }
            while let Some(answered) = asked.join_next().await {
                if let Ok(Some(page)) = answered {
                    event(&Event::PageFromCopy);
                    return Some(page);
                }
            }
        }
        None
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
