//! Which processes this one has started itself, and which have come to it.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;

use rustix::process::{Pid, WaitOptions, waitpid};

/// Processes, each with when it began, since the kernel gives numbers again.
type Own = HashSet<(i32, u64)>;

/// Those that this one has started itself: their zombies are waited for by whoever started them.
static OWN: Mutex<Option<Own>> = Mutex::new(None);

/// Starts a process that nobody takes for one that was left behind, however soon it ends.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut own = OWN.lock().unwrap();
    let child = command.spawn()?;
    let pid = child.id() as i32;
    // It is there, as a zombie at least, until it is waited for.
    own.get_or_insert_default().insert((pid, began(pid).expect("a child")));
    Ok(child)
}

/// The output of such a process.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?.wait_with_output()
}

/// How such a process ends.
pub(crate) fn status(command: &mut Command) -> io::Result<ExitStatus> {
    spawn(command)?.wait()
}

/// When a process began, in clock ticks since the machine was started.
fn began(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of a program may hold anything; the 22nd field is the 20th behind it.
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

/// What has become a child of this process without having been started by it, which is `own`.
fn orphans(own: Option<&Own>) -> Vec<i32> {
    let is_own = |pid: i32| own.zip(began(pid)).is_some_and(|(own, began)| own.contains(&(pid, began)));
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let pids = lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    pids.filter_map(|pid| pid.parse().ok()).filter(|&pid| !is_own(pid)).collect()
}

/// Orphans that have given up their memory already.
pub(crate) fn dying_orphans() -> Vec<i32> {
    let dies = |pid: &i32| fs::read(format!("/proc/{pid}/environ")).is_ok_and(|read| read.is_empty());
    orphans(OWN.lock().unwrap().as_ref()).into_iter().filter(dies).collect()
}

/// Waits for what has become a child of this process and has ended; how many there were.
pub(crate) fn reap_orphans() -> usize {
    let ended = |&pid: &i32| matches!(waitpid(Pid::from_raw(pid), WaitOptions::NOHANG), Ok(Some(_)));
    // Nobody starts another meanwhile, which could get the number of one that was waited for.
    let own = OWN.lock().unwrap();
    orphans(own.as_ref()).iter().filter(|pid| ended(pid)).count()
}
