//! Signals to processes, by name.

use std::process::Command;
use std::time::{Duration, Instant};

/// How long processes may take to stop.
const STOPPING: Duration = Duration::from_secs(5);

/// Sends a signal by its name: `TERM`, `INT`, `STOP`, `CONT`; says whether every process took it.
pub(crate) fn send(name: &str, processes: &[u32]) -> bool {
    let numbers = processes.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    // The shell has a `kill` of its own, so that no package is needed.
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {numbers}")]).status();
    let taken = status.is_ok_and(|status| status.success());
    if taken && name == "STOP" {
        // Threads that are running go on until the system has come to them.
        let since = Instant::now();
        while since.elapsed() < STOPPING && !processes.iter().all(|process| is_stopped(*process)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    taken
}

/// Whether no thread of a process runs any more.
fn is_stopped(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.into_iter().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').next());
        matches!(state, Some("T" | "t" | "Z" | "X" | ""))
    })
}

/// The processes that this one has started and that have not ended.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc can be listed") {
        let name = entry.expect("/proc can be listed").file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while it is looked at.
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Behind the name in parentheses, which may hold anything: state, parent, …
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let (state, parent) = (fields.next(), fields.next());
        if state != Some("Z") && parent.and_then(|parent| parent.parse().ok()) == Some(of) {
            children.push(process);
        }
    }
    children
}
