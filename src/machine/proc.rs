//! What the kernel says of processes, in `/proc`.
//!
//! Not the crate `procfs`: a handful of fields is read, most of them also below [`Roots`](super::Roots) of a test.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;
use std::{fs, io};

use concbench_sys::parse;

/// Whether the kernel lists the children of a thread: it can be built without.
static LISTS_CHILDREN: LazyLock<bool> = LazyLock::new(|| Path::new("/proc/thread-self/children").exists());

/// An amount of memory in a file of a process, in bytes: `status` and `VmHWM`, or `smaps_rollup` and `Pss`.
///
/// # Errors
///
/// When the kernel does not say, with the file and the field.
pub(crate) fn memory(pid: u32, file: &str, field: &str) -> Result<u64, String> {
    let path = format!("/proc/{pid}/{file}");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    amount(&path, &text, field)
}

/// The same of a process that may have ended: none if it has, since nothing is left of its memory.
///
/// # Errors
///
/// When the kernel does not say of one that is alive.
pub(crate) fn memory_unless_gone(pid: u32, file: &str, field: &str) -> Result<Option<u64>, String> {
    of_process(pid, file, |path, text| amount(path, text, field))
}

/// What a file of a process says; none if the process has ended.
fn of_process<T>(
    pid: u32,
    file: &str,
    read: impl FnOnce(&str, &str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let path = format!("/proc/{pid}/{file}");
    let text =
        unless_gone(fs::read_to_string(&path)).map_err(|error| format!("cannot read {path}: {error}"))?;
    text.map(|text| read(&path, &text)).transpose()
}

fn amount(path: &str, text: &str, field: &str) -> Result<u64, String> {
    parse::kibibytes(text, field).ok_or_else(|| format!("{path} has no {field}"))
}

/// Whether the kernel says how much of its memory a process shares with others: it can be built without.
pub(crate) fn tells_shares() -> bool {
    Path::new("/proc/self/smaps_rollup").exists()
}

/// What the processes that a process has waited for have fetched of pages: it rises with each of them. None if it has ended.
///
/// # Errors
///
/// When the kernel does not say of one that is alive.
pub(crate) fn faults_of_waited(pid: u32) -> Result<Option<u64>, String> {
    of_process(pid, "stat", |path, text| parse::understood(path, text, parse::faults_of_waited(text)))
}

/// The CPU time of the processes that a process has waited for, cut to ticks of 10 ms. None if it has ended.
///
/// # Errors
///
/// When the kernel does not say of one that is alive.
pub(crate) fn cpu_time_of_waited(pid: u32) -> Result<Option<Duration>, String> {
    of_process(pid, "stat", |path, text| parse::understood(path, text, parse::cpu_time_of_waited(text)))
}

/// The CPU time of a process, of those below it, and of those that it has waited for; the latter are counted in ticks of
/// 10 ms.
///
/// # Errors
///
/// When the kernel does not say of one that is alive.
pub(crate) fn cpu_time_of_tree(pid: u32) -> Result<Duration, String> {
    let waited = cpu_time_of_waited(pid)?.unwrap_or_default();
    let below = descendants(pid)?.into_iter().filter_map(|pid| {
        // One that has ended meanwhile was waited for.
        concbench_sys::cpu_time(pid.cast_signed()).ok()
    });
    let own = concbench_sys::cpu_time(pid.cast_signed())
        .map_err(|error| format!("the clock of process {pid} cannot be read: {error}"))?;
    Ok(own + waited + below.sum::<Duration>())
}

/// The signals that this process ignores, a bit for each; none where the kernel does not say.
pub(crate) fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    parse::bits(&status, "SigIgn").unwrap_or(0)
}

/// Whether `/proc` shows this process under the number that it has, and so its children, too. In a PID namespace of its own
/// without a `/proc` of its own, each of these numbers is that of another process, which may be anybody's.
///
/// # Errors
///
/// What is there instead, and what to do.
pub(crate) fn require_own() -> Result<(), String> {
    let own = std::process::id();
    let remedy = "mount that of this PID namespace (unshare --mount-proc does)";
    let shown = fs::read_link("/proc/self")
        .map_err(|error| format!("/proc does not show this process ({}); {remedy}", error.kind()))?;
    match shown.to_str().and_then(parse::number::<u32>) {
        Some(number) if number == own => Ok(()),
        _ => Err(format!(
            "/proc is that of another PID namespace: this process is {own}, there it is {}; {remedy}",
            shown.display()
        )),
    }
}

/// Whether `/proc/self/exe`, which processes of a run are started from, is the program that runs: under a loader that was
/// called by hand it is the loader.
///
/// # Errors
///
/// What is there instead, and what to start.
pub(crate) fn require_own_executable() -> Result<(), String> {
    let (Ok(shown), Ok(maps)) = (fs::read_link("/proc/self/exe"), fs::read_to_string("/proc/self/maps"))
    else {
        // Whoever starts a process from there learns why that is not possible.
        return Ok(());
    };
    let own: fn() -> Result<(), String> = require_own_executable;
    let running = parse::mapped_file(&maps, own as usize as u64);
    match running {
        Some(running) if shown.as_os_str() != running => Err(format!(
            "this program runs inside of {}, from which no process of a run can be started; start {running} itself",
            shown.display()
        )),
        _ => Ok(()),
    }
}

/// Where a process stands among others; `None` if it has ended or the kernel does not say.
pub(crate) fn standing(pid: u32) -> Option<parse::Standing> {
    parse::standing(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Whether a word stands in a variable of the environment that a process was started with; `None` where that does not show:
/// it was started with none, has overwritten it, has ended, or belongs to another user.
pub(crate) fn was_started_with(pid: u32, variable: &str, word: &str) -> Option<bool> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    if environment.iter().all(|&byte| byte == 0) {
        return None;
    }
    let name = format!("{variable}=");
    let mut values =
        environment.split(|&byte| byte == 0).filter_map(|entry| entry.strip_prefix(name.as_bytes()));
    Some(values.any(|value| value.split(|&byte| byte == b' ').any(|found| found == word.as_bytes())))
}

/// The children of a process, whichever of its threads started or adopted them.
///
/// # Errors
///
/// When the kernel does not say: the process is gone, say.
pub(crate) fn children(pid: u32) -> io::Result<Vec<u32>> {
    if *LISTS_CHILDREN { listed(pid) } else { searched(pid) }
}

/// All processes below this one.
///
/// # Errors
///
/// When the kernel does not say.
pub(crate) fn descendants(pid: u32) -> Result<Vec<u32>, String> {
    let own =
        unless_gone(children(pid)).map_err(|error| format!("cannot list the children of {pid}: {error}"))?;
    let mut below = own.unwrap_or_default();
    for child in below.clone() {
        below.extend(descendants(child)?);
    }
    Ok(below)
}

fn listed(pid: u32) -> io::Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        if let Some(list) = unless_gone(fs::read_to_string(thread?.path().join("children")))? {
            children.extend(list.split_ascii_whitespace().filter_map(parse::number::<u32>));
        }
    }
    Ok(children)
}

/// The same from the parent that every process names: as many files as there are processes.
fn searched(pid: u32) -> io::Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(parse::number) else {
            continue;
        };
        let Some(status) = unless_gone(fs::read_to_string(entry.path().join("status")))? else {
            continue;
        };
        if parse::field(&status, "PPid").and_then(parse::number) == Some(pid) {
            children.push(number);
        }
    }
    Ok(children)
}

/// What was read of a process or thread, none if it has ended meanwhile.
fn unless_gone<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    let gone = |error: &io::Error| {
        error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
    };
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_found_either_way_until_it_is_waited_for() {
        let own = std::process::id();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        for find in [listed, searched] {
            assert!(find(own).unwrap().contains(&child.id()));
        }
        drop(child.stdin.take());
        child.wait().unwrap();
        for find in [listed, searched] {
            assert!(!find(own).unwrap().contains(&child.id()));
        }
    }

    #[test]
    fn a_process_is_told_from_others_by_what_it_was_started_with() {
        let start =
            |command: &mut Command| command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut marked = start(Command::new("cat").env("CONCBENCH_TEST", "one two"));
        let mut bare = start(Command::new("/bin/cat").env_clear());
        // Between fork and exec a child still has the environment of its parent; what it has answered, it has as its own.
        for child in [&mut marked, &mut bare] {
            child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        }
        let known = |word| was_started_with(marked.id(), "CONCBENCH_TEST", word);
        assert_eq!([known("one"), known("two"), known("tw")], [Some(true), Some(true), Some(false)]);
        assert_eq!(was_started_with(bare.id(), "CONCBENCH_TEST", "one"), None);
        assert_eq!(standing(marked.id()).unwrap().group, standing(std::process::id()).unwrap().group);
        assert_eq!((require_own(), require_own_executable()), (Ok(()), Ok(())));
        for mut child in [marked, bare] {
            drop(child.stdin.take());
            child.wait().unwrap();
            assert!(standing(child.id()).is_none());
        }
    }

    #[test]
    fn what_is_gone_has_no_children_and_no_figure() {
        assert!(matches!(unless_gone(listed(u32::MAX)), Ok(None)));
        let error = memory(u32::MAX, "status", "VmPTE").unwrap_err();
        assert!(error.starts_with("cannot read /proc/4294967295/status"), "{error}");
        assert_eq!(memory_unless_gone(u32::MAX, "status", "VmPTE"), Ok(None));
    }

    #[test]
    fn what_has_ended_holds_nothing_and_what_cannot_be_read_is_an_error() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        // It has ended and is not waited for: still a process, without memory.
        let held = || memory_unless_gone(pid, "smaps_rollup", "Pss").unwrap();
        while tells_shares() && held().is_some() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        let error = memory_unless_gone(std::process::id(), "status", "VmNothing").unwrap_err();
        assert!(error.ends_with("/status has no VmNothing"), "{error}");
    }
}
