//! Signals to processes, by name.

use std::process::Command;

/// Sends a signal by its name: `TERM`, `INT`, `STOP`, `CONT`; says whether every process took it.
pub(crate) fn send(name: &str, processes: &[u32]) -> bool {
    let numbers = processes.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    // The shell has a `kill` of its own, so that no package is needed.
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {numbers}")]).status();
    status.is_ok_and(|status| status.success())
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
