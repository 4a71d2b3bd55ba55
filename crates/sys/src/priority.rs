use std::io;

/// The lowest nice value, which is the highest of the usual priorities.
const FIRST: i32 = -20;
/// How long the thread asks to run at a time, in nanoseconds: the least that the kernel takes. Since Linux 6.12 whoever asks
/// for less than the thread that runs does not wait for the end of its turn; before that it is not heeded.
const TURN_NS: u64 = 100_000;

/// Has the calling thread run as soon as it has something to do, before threads that compute: with the shortest turn there
/// is, and where this process may at the lowest nice value. What it starts has the usual priority again.
///
/// Not as a real-time thread: one that waits for a lock by yielding never lets go on whom it has preempted with the lock.
///
/// # Errors
///
/// `EPERM` or `ENOSYS` where the kernel, or a filter of its calls, refuses both.
pub fn run_promptly() -> io::Result<()> {
    set(FIRST).or_else(|_| set(0))
}

fn set(nice: i32) -> io::Result<()> {
    // SAFETY: all fields of it are numbers, for which 0 is a value.
    let mut wanted: libc::sched_attr = unsafe { std::mem::zeroed() };
    wanted.size = size_of::<libc::sched_attr>() as u32;
    wanted.sched_policy = libc::SCHED_OTHER as u32;
    wanted.sched_flags = libc::SCHED_FLAG_RESET_ON_FORK as u64;
    wanted.sched_nice = nice;
    wanted.sched_runtime = TURN_NS;
    // SAFETY: the pointer is to a local that outlives the call and says its size; 0 is the calling thread.
    match unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const wanted, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nice value of this thread.
    fn nice() -> i32 {
        // SAFETY: it takes numbers, and 0 is the calling thread.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
    }

    #[test]
    fn a_thread_that_runs_promptly_starts_none_that_does() {
        let usual = nice();
        let within =
            std::thread::spawn(|| (run_promptly(), nice(), std::thread::spawn(nice).join().unwrap()));
        let (granted, own, of_child) = within.join().unwrap();
        match granted {
            Ok(()) => assert!([FIRST, 0].contains(&own) && of_child == 0, "{own}, {of_child}"),
            Err(refused) => assert_eq!((own, of_child), (usual, usual), "{refused}"),
        }
        assert_eq!(nice(), usual, "no other thread is any other");
    }
}
