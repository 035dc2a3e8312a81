//! Where a page is looked for, and in which order: here, at its owner, in copies. How nodes are asked is for others to
//! say, so that the order can be tried on a network that is none.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nextlink_results::{NodeId, PageError, ResultId};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::CallError;
use super::members::{Member, Members};
use super::suspects::Suspects;
use crate::observe::{Event, event};

/// How long one call waits for a page that is not written yet: a node that is gone is noticed in between.
const SLICE: Duration = Duration::from_secs(2);
/// The same for the first call: mostly the page is there, and a node that says nothing is not there.
const FIRST_SLICE: Duration = Duration::from_millis(200);
/// Nodes that are asked for a copy at the same time.
const COPIES: usize = 4;

/// A page of a result that may lie on another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The node that the link names.
    pub owner: NodeId,
    /// The result and its execution.
    pub key: (ResultId, u32),
    /// The page.
    pub page: u32,
}

/// Why a node has no page.
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

/// The other nodes, as a search asks them.
pub trait Around: Send + Sync + 'static {
    /// A page that is checked and opened.
    type Page: Send + 'static;

    /// The other nodes as they are known now.
    fn members(&self) -> Arc<Members>;

    /// Those that did not answer just now.
    fn suspects(&self) -> &Suspects;

    /// How long an owner may be silent before others are asked, too.
    fn hedge(&self) -> Duration;

    /// Looks who is there.
    fn look(&self) -> impl Future<Output = ()> + Send;

    /// Asks one node for a page, and waits so long for one that is not written yet.
    fn ask(
        &self,
        node: &Member,
        wanted: Wanted,
        wait: Duration,
    ) -> impl Future<Output = Result<Result<Self::Page, PageError>, CallError>> + Send;
}

/// Whether a page that a node cannot give may be good on another one.
pub fn may_lie_elsewhere(error: &PageError) -> bool {
    match error {
        // Without a power cut no copy is longer than what it is a copy of.
        PageError::Unknown
        | PageError::OtherGeneration { .. }
        | PageError::Corrupt(_)
        | PageError::Io(_)
        | PageError::Incomplete(_) => true,
        PageError::NotYet
        | PageError::Expired
        | PageError::NoSuchPage { .. }
        | PageError::SourceFailed { .. } => false,
    }
}

impl Wanted {
    /// The page behind it.
    pub fn next(self) -> Wanted {
        Wanted { page: self.page.saturating_add(1), ..self }
    }

    /// Asks the owner, and those with copies where it says nothing for a while, is not there, or cannot read what it has.
    ///
    /// # Errors
    /// [`Missing`].
    pub async fn find<A: Around>(self, around: &Arc<A>, wait: Duration) -> Result<A::Page, Missing> {
        let known = around.members().node(self.owner);
        let doubtful = around.suspects().holds(self.owner) || known.is_some_and(|owner| !owner.is_live());
        let hedge = if doubtful { Duration::ZERO } else { around.hedge() };
        let mut owner = pin!(self.ask_owner(around, wait));
        let early = tokio::select! {
            biased;
            found = &mut owner => Some(found),
            () = tokio::time::sleep(hedge) => None,
        };
        let missing = match early {
            Some(found) => match settled(found)? {
                Ok(page) => return Ok(page),
                Err(why) => match self.ask_copies(around).await {
                    Ok(page) => return Ok(page),
                    Err(_) => why,
                },
            },
            None => {
                let mut copies = pin!(self.ask_copies(around));
                tokio::select! {
                    biased;
                    found = &mut owner => match settled(found)? {
                        Ok(page) => return Ok(page),
                        Err(why) => match copies.await {
                            Ok(page) => return Ok(page),
                            Err(_) => why,
                        },
                    },
                    found = &mut copies => match found {
                        Ok(page) => {
                            around.suspects().add(self.owner);
                            return Ok(page);
                        }
                        Err(_) => match settled(owner.await)? {
                            Ok(page) => return Ok(page),
                            Err(why) => why,
                        },
                    },
                }
            }
        };
        if !matches!(missing, Missing::Call(CallError::Unreachable { .. } | CallError::Refused { .. })) {
            return Err(missing);
        }
        // It may have been started anew, or the connection may have been an old one.
        around.look().await;
        self.ask_owner(around, wait).await
    }

    /// Asks the owner until it gives the page or says why not.
    async fn ask_owner<A: Around>(self, around: &Arc<A>, wait: Duration) -> Result<A::Page, Missing> {
        let owner = match around.members().node(self.owner) {
            Some(owner) => owner,
            None => {
                // It may have come just now.
                around.look().await;
                around.members().node(self.owner).ok_or(Missing::NoOwner)?
            }
        };
        let (deadline, mut slice) = (Instant::now() + wait, FIRST_SLICE);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = match around.ask(&owner, self, left.min(slice)).await {
                Ok(answer) => answer,
                Err(error) => {
                    event(&Event::CallFailed { cause: &error.to_string() });
                    around.suspects().add(self.owner);
                    return Err(Missing::Call(error));
                }
            };
            around.suspects().clear(self.owner);
            slice = SLICE;
            match answer {
                Err(PageError::NotYet) if Instant::now() < deadline => {}
                answer => return Ok(answer?),
            }
        }
    }

    /// Asks the nodes that may have a copy, the likeliest ones at the same time: the first page that comes, or those
    /// that did not answer.
    ///
    /// # Errors
    /// There is none, as far as nodes answer.
    pub async fn ask_copies<A: Around>(self, around: &Arc<A>) -> Result<A::Page, Vec<NodeId>> {
        let mut members = around.members().ranked(self.key.0);
        members.retain(|member| member.facts.id != self.owner);
        // Nodes that were here long ago keep nobody waiting.
        members.sort_by_key(|member| !member.is_live());
        let mut silent = Vec::new();
        for some in members.chunks(COPIES) {
            let mut asked = JoinSet::new();
            for member in some {
                let (around, member) = (Arc::clone(around), Arc::clone(member));
                asked.spawn(async move {
                    let answer = around.ask(&member, self, Duration::ZERO).await;
                    (member.facts.id, answer)
                });
            }
            while let Some(answered) = asked.join_next().await {
                match answered {
                    Ok((_, Ok(Ok(page)))) => {
                        event(&Event::PageFromCopy);
                        return Ok(page);
                    }
                    // It has it, and cannot give it now.
                    Ok((node, Err(_) | Ok(Err(PageError::Io(_))))) => silent.push(node),
                    Ok((_, Ok(Err(_)))) | Err(_) => {}
                }
            }
        }
        Err(silent)
    }
}

/// What the owner says for good; else why somebody else is to be asked.
fn settled<P>(found: Result<P, Missing>) -> Result<Result<P, Missing>, Missing> {
    match found {
        Err(Missing::Page(error)) if !may_lie_elsewhere(&error) => Err(error.into()),
        found => Ok(found),
    }
}
