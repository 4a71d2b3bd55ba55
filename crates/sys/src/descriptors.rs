use std::io::{self, stdin};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors a process has beside those that it is made for, at most.
const USUAL: u64 = 64;

/// Raises the soft limit of descriptors to the hard one: the usual soft limit of 1024 is there for `select`.
///
/// # Errors
///
/// When the kernel refuses.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// Has this process's table of descriptors hold so many more, as far as its limit allows. The kernel doubles the table when
/// it is full, and in a process of several threads it waits meanwhile, for milliseconds, until all cores have done what
/// they are at (`expand_fdtable` in fs/file.c of Linux): once in the life of a server, but then none of its tasks can open
/// anything, and a measurement that begins with it shows nothing else.
///
/// # Errors
///
/// When standard input is closed, or the kernel has no memory.
pub fn widen_descriptor_table(more: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let highest = more.saturating_add(USUAL).min(limit).saturating_sub(1);
    // The table is as wide as the highest descriptor asks, and stays so when that is closed.
    drop(fcntl_dupfd_cloexec(stdin(), i32::try_from(highest).unwrap_or(i32::MAX))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::read_to_string;

    use super::*;

    #[test]
    fn a_table_is_widened_once_and_up_to_its_limit() {
        let room = || {
            let status = read_to_string("/proc/self/status").unwrap();
            let size = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
            size.unwrap().trim().parse::<u64>().unwrap()
        };
        // A hard limit may be a thousand million, for which no kernel has the memory.
        let limit = getrlimit(Resource::Nofile);
        let most = limit.maximum.unwrap_or(u64::MAX).min(4_096);
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum }).unwrap();
        let more = 2 * room();
        widen_descriptor_table(more).unwrap();
        assert!(room() >= more, "{} of {more}", room());
        widen_descriptor_table(u64::MAX).unwrap();
        assert!(room() >= most, "{} of {most}", room());
        raise_descriptor_limit().unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, limit.maximum);
    }
}
