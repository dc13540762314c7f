//! Process statistics from `/proc`: a program's processes, their memory, their CPU time.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::Result;

/// The memory of processes in MiB, with shared pages split between them (`Pss`, `proc_pid_smaps(5)`).
pub(crate) fn memory_of(ids: &[u32]) -> Result<f64> {
    let mut kibibytes = 0.0;
    for id in ids {
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
        kibibytes += field(&rollup, "Pss:").ok_or("no Pss in smaps_rollup")?;
    }
    Ok(kibibytes / 1_024.0)
}

/// The IDs of a process and all its descendants.
pub(crate) fn tree(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // It may have exited in the meantime.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if let Some(parent) = parent {
            parents.push((id, parent));
        }
    }
    let mut found: Vec<u32> = vec![root];
    let mut visited = 0;
    while let Some(parent) = found.get(visited).copied() {
        found.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(id, _)| id),
        );
        visited += 1;
    }
    Ok(found)
}

/// Whether a process has exited; its parent may not have reaped it yet.
pub(crate) fn has_ended(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).map_or(true, |stat| {
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        state.is_some_and(|state| state.starts_with('Z'))
    })
}

/// The CPU time and switches of each thread. A thread that ends takes its counts with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkMeter(BTreeMap<PathBuf, WorkDone>);

/// CPU time and context switches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WorkDone {
    /// Time on a processor.
    pub(crate) busy: Duration,
    /// How often a thread was scheduled or preempted.
    pub(crate) switches: f64,
}

impl WorkMeter {
    /// Reads the counts of these processes' threads.
    pub(crate) fn of(ids: &[u32]) -> Result<Self> {
        let mut work = BTreeMap::new();
        for id in ids {
            for thread in fs::read_dir(format!("/proc/{id}/task"))? {
                let thread = thread?.path();
                // It may have exited in the meantime.
                let (Ok(times), Ok(status)) = (
                    fs::read_to_string(thread.join("schedstat")),
                    fs::read_to_string(thread.join("status")),
                ) else {
                    continue;
                };
                let busy = times.split_whitespace().next().ok_or("no schedstat")?;
                let mut done = WorkDone {
                    busy: Duration::from_nanos(busy.parse()?),
                    switches: 0.0,
                };
                for kind in ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"] {
                    done.switches += field(&status, kind).ok_or("no count of switches")?;
                }
                work.insert(thread, done);
            }
        }
        Ok(Self(work))
    }

    /// The work of the current threads since an earlier reading.
    pub(crate) fn since(&self, earlier: &Self) -> WorkDone {
        let mut all = WorkDone::default();
        for (thread, now) in &self.0 {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            all.busy += now.busy.saturating_sub(before.busy);
            all.switches += now.switches - before.switches;
        }
        all
    }
}

/// The number after a name in one of the kernel's files.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
