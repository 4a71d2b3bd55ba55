//! Which processes descend from which, as the kernel tells it.

use std::sync::LazyLock;
use std::{fs, io, path::Path};

/// Whether the kernel lists the children of a thread: it can be built without.
static LISTS_CHILDREN: LazyLock<bool> = LazyLock::new(|| Path::new("/proc/thread-self/children").exists());

/// The children of a process, whichever of its threads started or adopted them.
///
/// # Errors
///
/// When the kernel does not say: the process is gone, say.
pub(super) fn children(pid: u32) -> io::Result<Vec<u32>> {
    if *LISTS_CHILDREN { listed(pid) } else { searched(pid) }
}

fn listed(pid: u32) -> io::Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        if let Some(list) = unless_gone(fs::read_to_string(thread?.path().join("children")))? {
            children.extend(list.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    Ok(children)
}

/// The same from the parent that every process names: as many files as there are processes.
fn searched(pid: u32) -> io::Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Some(status) = unless_gone(fs::read_to_string(entry.path().join("status")))? else {
            continue;
        };
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        if parent.and_then(|parent| parent.trim().parse().ok()) == Some(pid) {
            children.push(number);
        }
    }
    Ok(children)
}

/// What was read of a process or thread, none if it has ended meanwhile.
pub(super) fn unless_gone<T>(read: io::Result<T>) -> io::Result<Option<T>> {
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
    fn a_process_that_is_gone_has_no_children_to_tell_of() {
        assert!(matches!(unless_gone(listed(u32::MAX)), Ok(None)));
    }
}
