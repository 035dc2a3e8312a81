//! The requests in a batch, in both forms (Part 1 section 11.7, JSON Format section 19).

mod multipart;
mod json;

use std::borrow::Cow;
use std::collections::HashSet;

pub use json::json;
pub use multipart::{boundary, multipart};

/// Longest id that is taken.
const MAX_ID: usize = 256;

/// A request of a batch, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRequest<'b> {
    /// What others refer to it by, and its answer is found by.
    pub id: Option<String>,
    /// The group that is done as a whole.
    pub group: Option<String>,
    /// What must have gone well before: ids of requests or groups.
    pub depends: Vec<String>,
    /// The condition that is to hold instead.
    pub condition: Option<String>,
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Cow<'b, [u8]>,
}

/// What is wrong with a batch, or with a request of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchFault {
    /// It cannot be read.
    Bad(String),
    /// There are more requests than may be.
    TooMany,
    /// It is a change set.
    Changes,
}

/// A request of a batch that cannot be read, though those beside it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What its answer is found by.
    pub id: Option<String>,
    /// What is wrong.
    pub fault: BatchFault,
}

/// What a place in a batch holds.
pub type Place<'b> = Result<BatchRequest<'b>, Unread>;

fn bad(message: impl Into<String>) -> BatchFault {
    BatchFault::Bad(message.into())
}

/// Checks what requests say of each other (JSON Format section 19.1): each id once, groups in one piece, and
/// dependencies on what comes before.
fn check(places: &[Place<'_>]) -> Result<(), BatchFault> {
    let mut known: HashSet<&str> = HashSet::new();
    let mut last: Option<&str> = None;
    for place in places {
        let (id, group, depends) = match place {
            Ok(request) => (&request.id, request.group.as_deref(), request.depends.as_slice()),
            Err(unread) => (&unread.id, None, &[][..]),
        };
        for id in id.as_deref().into_iter().chain(group) {
            if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
                return Err(bad(format!(
                    "Ids of requests and groups have 1 to {MAX_ID} bytes, and no control characters."
                )));
            }
        }
        if let Some(group) = group.filter(|_| last != group)
            && !known.insert(group)
        {
            return Err(bad(format!(
                "The id '{group}' of a group is there already; groups are in one piece."
            )));
        }
        last = group;
        if let Some(name) = depends.iter().find(|name| !known.contains(name.as_str())) {
            let message =
                format!("A request depends on '{name}', but no request or group before it has this id.");
            return Err(bad(message));
        }
        if let Some(id) = id
            && !known.insert(id)
        {
            return Err(bad(format!("The id '{id}' is there twice in the batch.")));
        }
    }
    Ok(())
}
