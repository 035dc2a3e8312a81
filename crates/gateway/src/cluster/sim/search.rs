//! The search for a page on a node, and what follows when nobody has it: the product's own, on a network that is none.

use std::sync::Arc;
use std::time::Duration;

use nextlink_results::token::Token;
use nextlink_results::{Continues, CreateError, Generation, NodeId, PageError};
use nextlink_system::Nodes as _;
use tokio::time::Instant;

use super::disk::{Key, Page, ROWS, Read};
use super::node::Node;
use super::world::{World, lock};
use super::{HEDGE, WAIT};
use crate::answer::Refusal;
use crate::cluster::client::CallError;
use crate::cluster::members::{Member, Members};
use crate::cluster::seek::{Around, Missing, Wanted, may_lie_elsewhere};
use crate::cluster::succession::{Copies, Executions, go_on};
use crate::cluster::suspects::Suspects;

/// As in the product.
const HOPS: usize = 8;

/// A page, the link that it is now the page of, and whether that is of another execution than the one asked for.
pub(super) type Given = Result<(Page, Token, bool), Refusal>;

impl Node {
    /// Gives the page of a link, in the order of the product.
    pub(super) async fn page(self: Arc<Self>, mut token: Token) -> Given {
        let (mut anew, mut executed) = (false, false);
        for _ in 0..HOPS {
            let at = Continues { generation: token.generation, page: token.page };
            let continuation = lock(&self.disk).continuation(token.result, at, self.own.id);
            if let Some(generation) = continuation {
                (token, anew) = (Token { owner: self.own.id, generation, page: 0, ..token }, true);
                continue;
            }
            let missing = match self.fetch(&token).await {
                Ok(page) => {
                    self.note(|| format!("gives {page:?} for {token:?}"));
                    return Ok((page, token, anew));
                }
                Err(missing) => missing,
            };
            let lost = Lost { node: &self, token: &token };
            let next = go_on(&lost, &token, missing, &mut executed).await?;
            anew |= next.generation != token.generation;
            token = next;
        }
        Err(crate::answer::gone("The stored result was lost again and again."))
    }

    async fn fetch(self: &Arc<Self>, token: &Token) -> Result<Page, Missing> {
        let key = (token.result, token.generation);
        let copied = lock(&self.disk).entries.get(&key).is_some_and(|entry| entry.owner != self.own.id);
        let own = self.read(key, token.page, if copied { Duration::ZERO } else { WAIT }).await;
        if !own.as_ref().is_err_and(|error| copied || may_lie_elsewhere(error)) {
            return Ok(own?);
        }
        let wanted = Wanted { owner: token.owner, key, page: token.page };
        if token.owner == self.own.id {
            return match wanted.ask_copies(self).await {
                Ok(page) => Ok(page),
                Err(_) => Ok(own?),
            };
        }
        wanted.find(self, WAIT).await
    }

    /// Reads a page here, and waits for one that is not written yet.
    pub(super) async fn read(&self, key: Key, number: u32, wait: Duration) -> Result<Page, PageError> {
        let until = Instant::now() + wait;
        loop {
            let read = Read { at: Instant::now(), by: self.own.registration, sure: self.lease.is_sure() };
            let page = lock(&self.disk).page(key, number, read);
            match page {
                Err(PageError::NotYet) if Instant::now() < until => {
                    self.sleep(Duration::from_millis(25)).await
                }
                page => return page,
            }
        }
    }
}

impl Around for Node {
    type Page = Page;

    fn members(&self) -> Arc<Members> {
        Arc::clone(&lock(&self.members).1)
    }

    fn suspects(&self) -> &Suspects {
        &self.suspects
    }

    fn hedge(&self) -> Duration {
        HEDGE
    }

    async fn look(&self) {
        let asked = Instant::now();
        if let Ok(roll) = self.world.ask(self, |world| world.system.roll()).await {
            self.take_roll(&roll, asked);
        }
    }

    async fn ask(
        &self,
        node: &Member,
        wanted: Wanted,
        wait: Duration,
    ) -> Result<Result<Page, PageError>, CallError> {
        let ask = move |target: Arc<Node>| async move { target.read(wanted.key, wanted.page, wait).await };
        self.world.call(self, node, wait, ask).await
    }
}

/// A page that nobody has, on a node that may go on with its result.
struct Lost<'a> {
    node: &'a Arc<Node>,
    token: &'a Token,
}

impl Executions for Lost<'_> {
    fn here(&self) -> NodeId {
        self.node.own.id
    }

    fn is_fenced(&self) -> bool {
        self.node.lease.is_fenced()
    }

    async fn look(&self) {
        Around::look(&**self.node).await;
    }

    fn is_live(&self, node: NodeId) -> bool {
        self.node.members().node(node).is_some_and(|member| member.is_live())
    }

    async fn generations(&self) -> Option<Vec<Generation>> {
        let (registry, id) = (Arc::clone(&self.node.registry), self.token.result);
        self.node.world.ask(self.node, move |_| registry.generations(id)).await.ok()
    }

    async fn ask_copies(&self) -> Copies {
        let Token { result, generation, owner, page, .. } = *self.token;
        let wanted = Wanted { owner, key: (result, generation), page };
        match wanted.ask_copies(self.node).await {
            Ok(_) => Copies::Found,
            Err(_) if self.node.world.rules.forget_the_silent => Copies::Silent(Vec::new()),
            Err(silent) => Copies::Silent(silent),
        }
    }

    async fn execute(&self, _: &Generation, known: u32) -> Result<Result<u32, CreateError>, Refusal> {
        let node = self.node;
        if !node.may_store() {
            return Ok(Err(CreateError::NotAny));
        }
        let key = (self.token.result, known + 1);
        let at = Continues { generation: self.token.generation, page: self.token.page };
        let entry = node.lay_down(key, u32::try_from(self.token.first_row).unwrap_or(ROWS), Some(at));
        let (registry, row, boot) = (Arc::clone(&node.registry), entry.row(key), node.own.boot);
        let always = node.world.rules.claim_always;
        let claim = move |world: &World| {
            let (roll, before) = (world.system.roll()?, registry.generations(row.id)?);
            let won = if always {
                registry.insert(&row, b"header").is_ok()
            } else {
                registry.claim(&row, b"header", known)?
            };
            if won {
                world.note(|| format!("claimed: {row:?}"));
                world.oracle.registered(&row, boot, &roll, Some(&before));
            }
            Ok(won)
        };
        match node.world.ask(node, claim).await {
            Ok(true) => {
                lock(&node.disk).entries.insert(key, entry);
                let writing = Arc::clone(node);
                node.spawn(async move { writing.write(key, None).await });
                Ok(Ok(key.1))
            }
            Ok(false) => Ok(Err(CreateError::Claimed)),
            Err(error) => Ok(Err(CreateError::Registry(error))),
        }
    }
}
