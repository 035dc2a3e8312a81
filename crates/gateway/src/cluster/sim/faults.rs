//! What happens to machines, links and the system database.

use std::sync::Arc;
use std::time::Duration;

use nextlink_results::NodeId;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::disk::Disk;
use super::node::Node;
use super::world::{DATABASE, MACHINES, World, lock};
use super::{FAULTS, LEASE, NODES};

/// The machine on which nodes are started that live elsewhere.
const SPARE: usize = MACHINES - 1;

/// Brings about one fault after the other, some at the same time; in the end there are none.
pub(super) async fn all(world: &Arc<World>) {
    let mut running = JoinSet::new();
    let mut busy = [false; MACHINES];
    while world.elapsed() < FAULTS {
        sleep(Duration::from_millis(world.random(50..900))).await;
        while let Some(Ok(machine)) = running.try_join_next() {
            let machine: usize = machine;
            busy[machine] = false;
        }
        let machine = world.random(0..NODES as u64) as usize;
        if std::mem::replace(&mut busy[machine], true) {
            continue;
        }
        // Two of them at one time would be two nodes on one spare machine.
        let twice = world.random(0..12) == 0 && !std::mem::replace(&mut busy[SPARE], true);
        let world = Arc::clone(world);
        running.spawn(async move {
            if twice {
                start_twice(&world, machine).await;
            } else {
                befall(&world, machine).await;
            }
            machine
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a fault does not panic");
    }
}

async fn befall(world: &Arc<World>, machine: usize) {
    let Some(node) = world.process(machine) else { return };
    let id = node.own.id;
    let short = Duration::from_millis(world.random(50..1_200));
    let long = LEASE + Duration::from_millis(world.random(0..1_500));
    let some = if world.random(0..2) == 0 { short } else { long };
    match world.random(0..10) {
        0 | 1 => {
            world.put_process(machine, None);
            node.kill();
            sleep(some).await;
            Node::start(world, machine, id).await;
        }
        2 | 3 => {
            world.put_process(machine, None);
            node.kill();
            world.put_disk(machine, Disk::default());
            sleep(some).await;
            Node::start(world, machine, NodeId::from_bytes(world.bytes())).await;
        }
        4 | 5 => {
            node.pause(true);
            sleep(some).await;
            node.pause(false);
        }
        6 => {
            let other = (machine + 1 + world.random(0..NODES as u64 - 1) as usize) % NODES;
            world.cut(machine, other);
            sleep(some).await;
            world.heal(machine, other);
        }
        7 => {
            world.cut(machine, DATABASE);
            sleep(some).await;
            world.heal(machine, DATABASE);
        }
        8 if world.rules.steps => world.step_clock(long),
        8 => {
            world.halt(true);
            sleep(short).await;
            world.halt(false);
        }
        _ => {
            node.clone().drain().await;
            world.put_process(machine, None);
            node.kill();
            sleep(short).await;
            Node::start(world, machine, id).await;
        }
    }
}

/// A node is started from a copy of its disk while it still runs: as when a machine that was taken for dead comes back.
async fn start_twice(world: &Arc<World>, machine: usize) {
    let Some(node) = world.process(machine) else { return };
    node.pause(true);
    sleep(Duration::from_millis(100)).await;
    let copy = lock(&node.disk).clone();
    world.put_disk(SPARE, copy);
    Node::start(world, SPARE, node.own.id).await;
    node.pause(false);
    sleep(LEASE * 2).await;
    world.put_process(machine, None);
    node.kill();
    world.put_disk(machine, Disk::default());
    Node::start(world, machine, NodeId::from_bytes(world.bytes())).await;
}
