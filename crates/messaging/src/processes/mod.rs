//! A process for each part: copies of this one, which begin together and report what they did.

pub(crate) mod broker;
pub(crate) mod connections;
pub(crate) mod framed;
pub(crate) mod manager;
pub(crate) mod pipe;
pub(crate) mod ring;

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use concbench_model::process::{Child, REPLIED, fork_child, forker, pipe};
use concbench_model::{ModelError, bind};
use concbench_sys::cpu_time;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize};

use crate::ends::Told;
use crate::lane::{Outcome, Part};
use crate::plan::{MessagingError, Result};
use crate::tally::Wrong;

/// What a process says first: it is ready to begin.
const READY: u8 = b'r';
/// How long the others may take to end by themselves once one part has failed: what has broken first is looked for.
const GRACE: Duration = Duration::from_secs(1);

/// What a process reports.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    told: std::result::Result<Told, Trouble>,
    cpu_ns: u64,
}

/// Why it has nothing to tell.
#[derive(Debug, Serialize, Deserialize)]
enum Trouble {
    Wrong(Wrong),
    Other(String),
}

/// A part that runs in a process of its own.
struct Running {
    who: &'static str,
    child: Child,
    reports: File,
    heard: Vec<u8>,
}

/// Runs every part in a process of its own.
///
/// # Errors
///
/// What the channel did wrong; else which process ended before its work was done; else what the first to fail says.
pub(crate) fn run(parts: Vec<Part>) -> Result<Outcome> {
    let forker = forker()?;
    let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
    let (go, told_to_go) = pipe()?;
    let mut told_to_go = Some(told_to_go);
    let mut running: Vec<Running> = Vec::with_capacity(parts.len());
    for number in 0..parts.len() {
        let (reports, report) = pipe()?;
        let who = parts[number].as_ref().map_or("a part", |part| part.who);
        let child = fork_child(&forker, who, || {
            let part = parts[number].take();
            // Its copies of what belongs to the others: while they are open, no channel has an end.
            parts.clear();
            drop(told_to_go.take());
            part.map_or(1, |part| play(part, &go, report.try_clone().ok()))
        })?;
        running.push(Running { who, child, reports, heard: Vec::new() });
    }
    drop(parts);
    for part in &mut running {
        part.await_ready()?;
    }
    drop(told_to_go);
    gather(running)
}

/// Plays a part in the process that is there for it; returns its exit code.
fn play(part: Part, mut go: &File, report: Option<OwnedFd>) -> i32 {
    let Some(report) = report else { return 1 };
    let mut report = File::from(report);
    if let Ok(name) = CString::new(part.who) {
        // For whoever looks at the processes of a run; the kernel cuts it to 15 characters.
        let _ = rustix::thread::set_name(&name);
    }
    part.core.into_iter().for_each(bind);
    if report.write_all(&[READY]).is_err() || !matches!(go.read(&mut [0]), Ok(0)) {
        return 1;
    }
    let begun = cpu_time(0);
    let told = (part.work)().map_err(|error| match error {
        MessagingError::Wrong(wrong) => Trouble::Wrong(wrong),
        MessagingError::Model(error) => Trouble::Other(error.to_string()),
    });
    let used = cpu_time(0).and_then(|now| Ok(now.saturating_sub(begun?)));
    let cpu_ns = used.map_or(0, |used| used.as_nanos() as u64);
    let said = serde_json::to_vec(&Report { told, cpu_ns }).map(|text| report.write_all(&text));
    if matches!(said, Ok(Ok(()))) { REPLIED } else { 1 }
}

impl Running {
    fn await_ready(&mut self) -> Result<()> {
        match self.reports.read(&mut [0]) {
            Ok(1) => Ok(()),
            _ => Err(self.child.lost().into()),
        }
    }

    /// What it has reported, once it has closed its end.
    fn ended(self) -> Result<(Told, u64)> {
        self.child.join()?;
        let report: Report = serde_json::from_slice(&self.heard)
            .map_err(|error| ModelError::Protocol { who: self.who, what: error.to_string() })?;
        match report.told {
            Ok(told) => Ok((told, report.cpu_ns)),
            Err(Trouble::Wrong(wrong)) => Err(wrong.into()),
            Err(Trouble::Other(what)) => Err(ModelError::Protocol { who: self.who, what }.into()),
        }
    }
}

/// Waits for the report of each. Once one has failed, the others have [`GRACE`] to end by themselves; then they are ended.
fn gather(mut running: Vec<Running>) -> Result<Outcome> {
    let mut outcome = Outcome { told: Vec::new(), cpu: Duration::ZERO };
    let mut failed: Option<(Instant, MessagingError)> = None;
    while !running.is_empty() {
        let left = failed.as_ref().map(|(since, _)| GRACE.saturating_sub(since.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            break;
        }
        for number in heard(&mut running, left)?.into_iter().rev() {
            match running.swap_remove(number).ended() {
                Ok((told, cpu_ns)) => {
                    outcome.told.push(told);
                    outcome.cpu += Duration::from_nanos(cpu_ns);
                }
                Err(error) => {
                    let graver = failed.as_ref().is_none_or(|(_, other)| gravity(&error) > gravity(other));
                    let since = failed.as_ref().map_or_else(Instant::now, |(since, _)| *since);
                    if graver {
                        failed = Some((since, error));
                    }
                }
            }
        }
    }
    failed.map_or(Ok(outcome), |(_, error)| Err(error))
}

/// What explains the rest: what the channel did wrong, then a process that died, then what others say of its end.
fn gravity(error: &MessagingError) -> u32 {
    match error {
        MessagingError::Wrong(_) => 2,
        MessagingError::Model(ModelError::Died { .. }) => 1,
        MessagingError::Model(_) => 0,
    }
}

/// Waits until processes have said something, and reads it; the numbers of those that have closed their end, ascending.
fn heard(running: &mut [Running], timeout: Option<Duration>) -> Result<Vec<usize>> {
    let system = ModelError::system("wait for the processes of a channel");
    let timeout = timeout
        .map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) });
    let mut polled: Vec<PollFd<'_>> =
        running.iter().map(|part| PollFd::new(&part.reports, PollFlags::IN)).collect();
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(system(error.into()).into()),
    }
    let ready: Vec<bool> = polled.iter().map(|polled| !polled.revents().is_empty()).collect();
    drop(polled);
    let mut ended = Vec::new();
    let mut buffer = [0; 4096];
    for (number, part) in running.iter_mut().enumerate().filter(|(number, _)| ready[*number]) {
        match part.reports.read(&mut buffer).map_err(ModelError::system("read the report of a process"))? {
            0 => ended.push(number),
            read => part.heard.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(ended)
}
