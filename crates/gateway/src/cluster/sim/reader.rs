//! A reader: it follows links over nodes at random, and tells the oracle what it is given.

use std::sync::Arc;
use std::time::Duration;

use nextlink_results::token::Token;
use tokio::time::sleep;

use super::disk::Page;
use super::world::{MACHINES, World};
use super::{FAULTS, Node};

pub(super) async fn reader(world: Arc<World>) {
    while world.elapsed() < FAULTS {
        sleep(Duration::from_millis(world.random(0..400))).await;
        let machine = world.random(0..MACHINES as u64) as usize;
        if let Some(Some(link)) = world.client(machine, Node::query).await {
            read(&world, link).await;
        }
    }
}

/// Follows links to the end, and some of them again.
async fn read(world: &Arc<World>, mut link: Token) {
    let mut before = Vec::new();
    loop {
        sleep(Duration::from_millis(world.random(1..350))).await;
        let Some((page, given)) = patiently(world, &link).await else {
            world.oracle.count(|sums| sums.gone += 1);
            return;
        };
        before.push(link.clone());
        if page.is_last() {
            break;
        }
        if world.random(0..4) == 0 {
            let again = &before[world.random(0..before.len() as u64) as usize];
            let machine = world.random(0..MACHINES as u64) as usize;
            let _ = once(world, machine, again).await;
        }
        let first_row = given.first_row + 1;
        link = Token { owner: page.writer, page: given.page + 1, first_row, ..given };
    }
    world.oracle.count(|sums| sums.whole += 1);
}

/// Asks until somebody gives the page; `None` where it is gone for good.
async fn patiently(world: &Arc<World>, link: &Token) -> Option<(Page, Token)> {
    loop {
        let machine = world.random(0..MACHINES as u64) as usize;
        match once(world, machine, link).await {
            Some(Ok(given)) => return Some(given),
            Some(Err(410)) => return None,
            Some(Err(503)) | None => sleep(Duration::from_millis(world.random(20..150))).await,
            Some(Err(other)) => {
                world.oracle.wrong(format!("{link:?}: status {other}"));
                return None;
            }
        }
    }
}

/// Asks one node; `None` where nobody answers, else the page or the status of an error.
async fn once(world: &Arc<World>, machine: usize, link: &Token) -> Option<Result<(Page, Token), u16>> {
    let asked = link.clone();
    let given = world.client(machine, move |node| node.page(asked)).await?;
    Some(match given {
        Ok((page, token, anew)) => {
            world.oracle.given(link, &page, anew, !world.rules.steps);
            Ok((page, token))
        }
        Err(refusal) => Err(refusal.status.as_u16()),
    })
}
