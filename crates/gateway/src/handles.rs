//! How many files and connections the operating system lets the process hold open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::observe::{Event, event};

/// Handles that are left for databases, stored results, other nodes and administration.
const RESERVE: u64 = 512;

/// Raises the limit as far as the process may, and gives how many connections of clients there may be at one time: no more
/// than wanted, and so many that handles are left for all else.
pub fn connections(wanted: usize) -> usize {
    let limit = raised();
    let most = most(wanted, limit);
    if let (true, Some(limit)) = (most < wanted, limit) {
        event(&Event::FewHandles { limit, connections: most });
    }
    most
}

fn most(wanted: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return wanted };
    let room = limit - RESERVE.min(limit / 2);
    usize::try_from(room).map_or(wanted, |room| room.clamp(1, wanted))
}

/// The limit of handles, once it is as high as it may be; none where there is none.
fn raised() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_handles_for_all_else() {
        for (wanted, limit, expected) in [
            (10_000, None, 10_000),
            (10_000, Some(1_048_576), 10_000),
            (10_000, Some(10_512), 10_000),
            (10_000, Some(10_511), 9_999),
            (10_000, Some(1_024), 512),
            (10_000, Some(64), 32),
            (10, Some(64), 10),
            (10, Some(0), 1),
        ] {
            assert_eq!(most(wanted, limit), expected, "{wanted} {limit:?}");
        }
    }
}
