//! How much CPU time a runner and the processes below it take over a while.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::machine::proc::{descendants, faults_of_waited};
use crate::time::nanoseconds;
use concbench_sys as sys;

/// Counts from its start to its stop. What it reads itself lies outside of that.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    others: Result<Others, String>,
    own: io::Result<Duration>,
}

/// The processes below this one.
#[derive(Debug, Default)]
struct Others {
    /// The CPU time of those that are there, and of those that this one has waited for.
    total: Duration,
    /// What those that are there have seen of processes that they waited for in turn.
    waited: BTreeMap<u32, u64>,
}

impl CpuMeter {
    pub(crate) fn start() -> Self {
        let others = Others::read();
        Self { others, own: sys::cpu_time(0) }
    }

    /// The CPU time since the start, in nanoseconds: of this process, of those below it, and of those that it has waited
    /// for meanwhile.
    ///
    /// # Errors
    ///
    /// Why it is not known.
    pub(crate) fn stop(self) -> Result<u64, String> {
        let own = sys::cpu_time(0);
        let clock = |error: io::Error| format!("this process has no clock of its CPU time: {error}");
        let own = own.map_err(clock)?.saturating_sub(self.own.map_err(clock)?);
        let (before, after) = (self.others?, Others::read()?);
        let saw_more = |(pid, faults): (&u32, &u64)| before.waited.get(pid).copied().unwrap_or(0) < *faults;
        if after.waited.iter().any(saw_more) {
            let reason = "a worker process waited for processes of its own, of which the kernel tells CPU time in ticks of 10 ms";
            return Err(reason.to_owned());
        }
        Ok(nanoseconds(own + after.total.saturating_sub(before.total)))
    }
}

impl Others {
    /// One look if there are none.
    fn read() -> Result<Self, String> {
        let unknown = |error: io::Error| format!("the CPU time of ended processes is not known: {error}");
        let mut others = Self { total: sys::cpu_time_of_waited().map_err(unknown)?, waited: BTreeMap::new() };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if let Err(Errno::CHILD) = waitid(WaitId::All, look) {
            return Ok(others);
        }
        for pid in descendants(std::process::id())? {
            match sys::cpu_time(pid.cast_signed()) {
                Ok(time) => others.total += time,
                // It has ended meanwhile, and was waited for: no process of this observation does that between batches.
                Err(_) => continue,
            }
            if let Some(faults) = faults_of_waited(pid)? {
                others.waited.insert(pid, faults);
            }
        }
        Ok(others)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_this_process_uses_is_counted() {
        // Other tests of this process may use as much as they like.
        let meter = CpuMeter::start();
        let begun = sys::cpu_time(0).unwrap();
        while sys::cpu_time(0).unwrap() < begun + Duration::from_millis(20) {}
        match meter.stop() {
            Ok(time) => assert!(time >= 20_000_000, "{time} ns"),
            // Tests beside this one have processes of their own.
            Err(reason) => assert!(reason.starts_with("a worker process waited"), "{reason}"),
        }
    }

    #[test]
    fn a_process_that_waits_for_its_own_is_noticed() {
        let mut child = Command::new("sh")
            .args(["-c", "read line; /bin/true; echo done; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        let before = faults_of_waited(pid).unwrap().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        io::Write::write_all(&mut stdin, b"go\n").unwrap();
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 4]).unwrap();
        assert!(faults_of_waited(pid).unwrap().unwrap() > before);
        drop(stdin);
        child.wait().unwrap();
        assert_eq!(faults_of_waited(pid), Ok(None));
    }
}
