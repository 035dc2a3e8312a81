//! Who goes on with a result that is lost, and where: the rules by which all nodes decide alike.

use std::time::Duration;

use nextlink_results::token::Token;
use nextlink_results::{
    Continues, CreateError, Generation, Incomplete, NodeId, PageError, Recovery, ResultState,
};

use super::seek::Missing;
use crate::answer::{Refusal, gone};

/// Times that a node tries to be the one that goes on with a result.
const CLAIMS: u32 = 5;
/// Time between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// What those say that may have a copy of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copies {
    /// One has it.
    Found,
    /// None of those that answer; these do not.
    Silent(Vec<NodeId>),
}

/// What a node does to go on with a result.
pub trait Executions: Sync {
    /// This node.
    fn here(&self) -> NodeId;

    /// Whether another process has taken this node over.
    fn is_fenced(&self) -> bool;

    /// Looks which nodes there are.
    fn look(&self) -> impl Future<Output = ()> + Send;

    /// Whether another node's lease is not over, as far as is known.
    fn is_live(&self, node: NodeId) -> bool;

    /// All executions of the result; none where the system database does not answer.
    fn generations(&self) -> impl Future<Output = Option<Vec<Generation>>> + Send;

    /// Asks all that may have a copy whether they have the page.
    fn ask_copies(&self) -> impl Future<Output = Copies> + Send;

    /// Executes the request again behind the last execution that is known, and stores the rest of the result; gives the
    /// number of the execution.
    fn execute(
        &self,
        lost: &Generation,
        known: u32,
    ) -> impl Future<Output = Result<Result<u32, CreateError>, Refusal>> + Send;
}

/// What is to be done for a page that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is the first page of another execution.
    Elsewhere {
        /// Whose execution that is.
        owner: NodeId,
        /// Its number.
        generation: u32,
    },
    /// Whoever has it may come back.
    Wait,
    /// The system database knows nothing of the result: it has expired, or its owner could not say that it is there.
    Unregistered,
    /// It is gone for good; why.
    Gone(&'static str),
    /// This node goes on with the execution at that place of the list, behind the last one that is known.
    Execute {
        /// The lost one.
        lost: usize,
        /// The last one.
        known: u32,
    },
}

/// Decides what is to be done for a page that nobody has, from all that the system database knows of its result.
pub fn step(all: &[Generation], at: Continues, here: NodeId, fenced: bool) -> Step {
    if let Some(found) = all.iter().find(|one| one.row.continues == Some(at)) {
        return Step::Elsewhere { owner: found.row.owner, generation: found.row.generation };
    }
    let Some(lost) = all.iter().position(|one| one.row.generation == at.generation) else {
        return Step::Unregistered;
    };
    let Generation { row, live, .. } = &all[lost];
    // A result that failed has the pages that were written before.
    let never_written = row.state == ResultState::Failed && at.page >= row.pages;
    let owner_comes_back = *live && !never_written && row.owner != here;
    if owner_comes_back || fenced {
        return Step::Wait;
    }
    if row.recovery == Recovery::None {
        return Step::Gone("The stored result was lost, and it cannot be gone on with.");
    }
    let known = all.iter().map(|one| one.row.generation).max().unwrap_or_default();
    Step::Execute { lost, known }
}

/// Whether a page is to be had of nobody, as far as nodes tell.
fn is_lost(token: &Token, missing: &Missing) -> bool {
    match missing {
        Missing::NoOwner | Missing::Call(_) => true,
        Missing::Page(error) => match error {
            PageError::Unknown | PageError::OtherGeneration { .. } => true,
            // What is damaged is not passed over in silence.
            PageError::Corrupt(_) | PageError::Io(_) => false,
            PageError::Incomplete(why) => !matches!(why, Incomplete::Damaged),
            // The source failed when it was to go on: nobody has read any of that.
            PageError::SourceFailed { .. } => token.generation > 1 && token.page == 0,
            PageError::NotYet | PageError::Expired | PageError::NoSuchPage { .. } => false,
        },
    }
}

/// The token for the page of the execution that goes on for a lost one: one that there is already, or a new one, if
/// none was `executed` for this request.
///
/// # Errors
/// 410 for what is gone for good, 503 for what may come back.
pub async fn go_on<E: Executions>(
    executions: &E,
    token: &Token,
    why: Missing,
    executed: &mut bool,
) -> Result<Token, Refusal> {
    if !is_lost(token, &why) {
        return Err(why.into());
    }
    let at = Continues { generation: token.generation, page: token.page };
    let here = executions.here();
    let first = |owner, generation| Token { owner, generation, page: 0, ..token.clone() };
    for attempt in 0..CLAIMS {
        let Some(all) = executions.generations().await else {
            return Err(undecided(why));
        };
        match step(&all, at, here, executions.is_fenced()) {
            Step::Elsewhere { owner, generation } => return Ok(first(owner, generation)),
            Step::Wait => return Err(undecided(why)),
            Step::Gone(message) => return Err(gone(message)),
            Step::Unregistered => {
                if matches!(why, Missing::Call(_)) {
                    executions.look().await;
                    if executions.is_live(token.owner) {
                        return Err(undecided(why));
                    }
                }
                return Err(gone("The stored result has expired."));
            }
            Step::Execute { .. } if *executed => return Err(undecided(why)),
            Step::Execute { lost, known } => {
                // Only now that the lease is over nobody is given a copy any more.
                match executions.ask_copies().await {
                    Copies::Found => return Ok(token.clone()),
                    Copies::Silent(silent) if may_come_back(executions, &all[lost], &silent).await => {
                        return Err(undecided(why));
                    }
                    Copies::Silent(_) => {}
                }
                match executions.execute(&all[lost], known).await? {
                    Ok(generation) => {
                        *executed = true;
                        return Ok(first(here, generation));
                    }
                    Err(CreateError::Claimed) => tokio::time::sleep(PAUSE * (attempt + 1)).await,
                    Err(error) => return Err(not_stored(&error)),
                }
            }
        }
    }
    Err(undecided(why))
}

/// Whether a node that lives may have a copy, and cannot be asked.
async fn may_come_back<E: Executions>(executions: &E, lost: &Generation, silent: &[NodeId]) -> bool {
    let held: Vec<NodeId> = silent.iter().copied().filter(|node| lost.row.replicas.contains(node)).collect();
    if held.is_empty() {
        return false;
    }
    executions.look().await;
    held.into_iter().any(|node| executions.is_live(node))
}

fn not_stored(error: &CreateError) -> Refusal {
    let message = "The stored result was lost, and its rest cannot be stored now; try again.";
    let refusal = Refusal::unavailable("NotStored", message, 5).about("$skiptoken");
    Refusal { cause: Some(error.to_string()), ..refusal }
}

/// Nobody gives the page now, and it is not known whether somebody will: never a word of good.
fn undecided(why: Missing) -> Refusal {
    let cause = match why {
        Missing::Call(_) => return why.into(),
        Missing::NoOwner => "its owner is none of the cluster".to_owned(),
        Missing::Page(error) => error.to_string(),
    };
    let message = "Nobody can give this page of the stored result now; try again.";
    let refusal = Refusal::unavailable("OwnerUnreachable", message, 2).about("$skiptoken");
    Refusal { cause: Some(cause), ..refusal }
}

#[cfg(test)]
mod tests {
    use nextlink_results::{ResultId, ResultRow};

    use super::*;

    fn node(byte: u8) -> NodeId {
        NodeId::from_bytes([byte; 16])
    }

    fn execution(generation: u32, owner: u8, live: bool, change: impl Fn(&mut ResultRow)) -> Generation {
        let mut row = ResultRow {
            id: ResultId::from_bytes([7; 16]),
            generation,
            owner: node(owner),
            state: ResultState::Complete,
            user: String::new(),
            source: String::new(),
            recovery: Recovery::Key,
            pages: 9,
            rows: 90,
            bytes: 900,
            created_ms: 1,
            expires_ms: 2,
            absolute_ms: 3,
            replicas: vec![node(3)],
            continues: None,
        };
        change(&mut row);
        Generation { row, live, header: Vec::new().into() }
    }

    #[test]
    fn one_rule_for_all_nodes() {
        let at = Continues { generation: 1, page: 4 };
        let whole = |_: &mut ResultRow| {};
        let failed = |row: &mut ResultRow| (row.state, row.pages) = (ResultState::Failed, 4);
        let failed_later = |row: &mut ResultRow| (row.state, row.pages) = (ResultState::Failed, 5);
        let for_good = |row: &mut ResultRow| row.recovery = Recovery::None;
        let after = |row: &mut ResultRow| row.continues = Some(at);
        let other = |row: &mut ResultRow| row.continues = Some(Continues { page: 5, ..at });
        let execute = |known| Step::Execute { lost: 0, known };
        let (here, lost) = (2, || execution(1, 1, false, whole));
        let rows: Vec<(&str, Vec<Generation>, bool, Step)> = vec![
            ("expired", vec![], false, Step::Unregistered),
            ("its owner lives", vec![execution(1, 1, true, whole)], false, Step::Wait),
            ("it failed there", vec![execution(1, 1, true, failed)], false, execute(1)),
            ("it failed behind that", vec![execution(1, 1, true, failed_later)], false, Step::Wait),
            (
                "it failed behind that and is lost",
                vec![execution(1, 1, false, failed_later)],
                false,
                execute(1),
            ),
            ("it is this node's", vec![execution(1, here, true, whole)], false, execute(1)),
            ("its owner is lost", vec![lost()], false, execute(1)),
            ("this node is fenced", vec![lost()], true, Step::Wait),
            (
                "it cannot be found again",
                vec![execution(1, 1, false, for_good)],
                false,
                Step::Gone("The stored result was lost, and it cannot be gone on with."),
            ),
            (
                "somebody goes on",
                vec![lost(), execution(2, 3, false, after)],
                true,
                Step::Elsewhere { owner: node(3), generation: 2 },
            ),
            ("elsewhere", vec![lost(), execution(2, 3, true, other)], false, execute(2)),
        ];
        for (what, all, fenced, expected) in rows {
            assert_eq!(step(&all, at, node(here), fenced), expected, "{what}");
        }
    }
}
