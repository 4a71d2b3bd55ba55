use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

/// The CPU time of a process since it started, with that of all its threads, in user mode and in the kernel, by the clock
/// that the kernel keeps of it: it counts nanoseconds, where `/proc/PID/stat` has ticks. One that has ended keeps its
/// clock until it is waited for. With 0, that of this process.
///
/// # Errors
///
/// `ESRCH` where there is no such process.
pub fn cpu_time(pid: i32) -> io::Result<Duration> {
    let mut clock = 0;
    // SAFETY: the pointer is to a local that outlives the call.
    match unsafe { libc::clock_getcpuclockid(pid, &mut clock) } {
        0 => {}
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local that outlives the call.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => {}
        _ => return Err(io::Error::last_os_error()),
    }
    let below_zero = |_| io::Error::other("the kernel counts less than no time");
    let seconds = u64::try_from(time.tv_sec).map_err(below_zero)?;
    Ok(Duration::new(seconds, u32::try_from(time.tv_nsec).map_err(below_zero)?))
}

/// The CPU time of all processes that this one has waited for, and of those that they had waited for in turn.
///
/// # Errors
///
/// None that the kernel knows.
pub fn cpu_time_of_waited() -> io::Result<Duration> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a local that outlives the call.
    if unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was zeroed, which is a valid `rusage`, and the kernel has filled it in.
    let usage = unsafe { usage.assume_init() };
    Ok(crate::process::duration(usage.ru_utime) + crate::process::duration(usage.ru_stime))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_this_process_uses_shows_in_its_clock() {
        let before = cpu_time(0).unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        while cpu_time(own).unwrap() < before + Duration::from_millis(20) {}
        assert!(cpu_time(0).unwrap() >= before + Duration::from_millis(20));
    }

    #[test]
    fn a_process_keeps_its_clock_until_it_is_waited_for() {
        let mut child = Command::new("sh")
            .arg("-c")
            .arg("while read line; do :; done")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let alive = cpu_time(pid).unwrap();
        drop(child.stdin.take());
        let waited = cpu_time_of_waited().unwrap();
        while !std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") Z ") {
            std::thread::yield_now();
        }
        let ended = cpu_time(pid).unwrap();
        assert!(ended >= alive && ended > Duration::ZERO, "{alive:?}, {ended:?}");
        child.wait().unwrap();
        assert!(cpu_time(pid).is_err());
        // Cut to microseconds twice.
        assert!(cpu_time_of_waited().unwrap() + Duration::from_micros(2) >= waited + ended);
    }
}
