//! When each step of a start is reached, by its system calls. Tracing slows down the app and the floor
//! alike.

use std::path::Path;
use std::process::{Command, Stdio};

use tokio::runtime::Runtime;

use crate::computer::Computer;
use crate::{Figures, Options, Result};

/// Longer than a start takes under tracing.
const TRACE_TIMEOUT: &str = "3";

/// The process that performs a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProcessKind {
    /// The program's own process.
    Program,
    /// The process that draws the page.
    Page,
    /// Any.
    Any,
}

/// The first or the last of several matching calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Last,
}

/// The steps: name, process, matching call, and the text that identifies it in the trace.
const STEPS: [(&str, ProcessKind, Which, &str); 8] = [
    (
        "libraries loaded, display reached",
        ProcessKind::Program,
        Which::First,
        "X11-unix",
    ),
    (
        "keychain and vault open, vault read",
        ProcessKind::Any,
        Which::Last,
        "vault.stronghold\"",
    ),
    (
        "the window's network process starts",
        ProcessKind::Any,
        Which::First,
        "/WebKitNetworkProcess\"",
    ),
    (
        "the page's process starts",
        ProcessKind::Any,
        Which::First,
        "/WebKitWebProcess\"",
    ),
    (
        "its libraries loaded",
        ProcessKind::Page,
        Which::First,
        "X11-unix",
    ),
    (
        "its graphics ready",
        ProcessKind::Page,
        Which::First,
        "fonts.conf",
    ),
    (
        "the first font found",
        ProcessKind::Page,
        Which::First,
        ".ttf\"",
    ),
    (
        "the last font found",
        ProcessKind::Page,
        Which::Last,
        ".ttf\"",
    ),
];

/// Traces both programs in turn.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let empty = computer.user("empty")?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let mut rows = STEPS.map(|(step, ..)| Figures::of(step));
    for _ in 0..options.rounds {
        for (program, data, is_ours) in [
            (&options.bare, &empty, false),
            (&options.ours, &signed_in, true),
        ] {
            let trace = trace(program, data)?;
            for (row, (_, process_kind, which, has)) in rows.iter_mut().zip(STEPS) {
                let figures = if is_ours {
                    &mut row.ours
                } else {
                    &mut row.floor
                };
                figures.extend(mark_reached(&trace, process_kind, which, has));
            }
        }
    }
    Ok(rows.into())
}

fn trace(program: &Path, data: &Path) -> Result<String> {
    let file = data.join("trace");
    // `timeout` ends it, so the exit code carries no information.
    Command::new("timeout")
        .arg(TRACE_TIMEOUT)
        .args(["strace", "-f", "--seccomp-bpf", "-ttt", "-s", "200"])
        .args(["-e", "trace=execve,connect,openat", "-o"])
        .arg(&file)
        .arg(program)
        .env("XDG_DATA_HOME", data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok(std::fs::read_to_string(file)?)
}

/// When a step was reached, in milliseconds from the start.
fn mark_reached(trace: &str, process_kind: ProcessKind, which: Which, has: &str) -> Option<f64> {
    let calls = || {
        trace
            .lines()
            .filter(|line| !line.contains("ENOENT"))
            .filter_map(|line| {
                let (process, rest) = line.split_once(' ')?;
                let (at, call) = rest.trim_start().split_once(' ')?;
                Some((process, at.parse::<f64>().ok()?, call))
            })
    };
    let (program, begun, _) = calls().next()?;
    let page = calls().find(|(_, _, call)| call.contains("/WebKitWebProcess\""));
    let mut wanted = calls().filter(|(process, _, call)| {
        let is_its_process = match process_kind {
            ProcessKind::Program => *process == program,
            ProcessKind::Page => page.is_some_and(|(page, ..)| *process == page),
            ProcessKind::Any => true,
        };
        is_its_process && call.contains(has)
    });
    let (_, at, _) = match which {
        Which::First => wanted.next(),
        Which::Last => wanted.next_back(),
    }?;
    Some((at - begun) * 1_000.0)
}
