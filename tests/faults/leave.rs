//! What a run may end, delete, open and connect to, as docs/SECURITY.md says: its system calls are watched.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use rustix::process::Signal;

use crate::cases::Held;
use crate::scene::{Running, Scene};
use crate::target::definition;

/// The calls that could harm somebody.
const WATCHED: &str = "--trace=kill,tkill,tgkill,pidfd_send_signal,unlink,unlinkat,rmdir,rename,renameat,renameat2,open,\
                       openat,openat2,creat,truncate,connect,bind,fork,vfork,clone,clone3";

/// A run, watched: the lines of its calls, each with the number of the process in front.
fn watched(
    scene: &Scene,
    command: &std::process::Command,
    act: impl Fn(&mut Running),
) -> Option<(Running, String)> {
    let log = scene.path().join("given-calls");
    // Descriptors with their paths, and every process that is started.
    let wrapper = ["strace", "-f", "-y", "-qq", "-s", "4096", "--signal=none", WATCHED, "-o", log.to_str()?];
    let mut running = scene.start(&mut scene.through(&wrapper, command)?);
    act(&mut running);
    while running.is_alive() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let text = fs::read_to_string(&log).unwrap();
    Some((running, text))
}

/// What the lines say that the document does not allow.
fn forbidden<'a>(scene: &Scene, calls: &'a str) -> Vec<&'a str> {
    let line = Regex::new(r"^(\d+) +(?:<\.\.\. )?(\w+)").unwrap();
    let result = Regex::new(r"= (-?\d+)").unwrap();
    let signalled = Regex::new(r"^\d+ +\w+\((-?\d+)").unwrap();
    let here = scene.path().canonicalize().unwrap();
    let here = here.to_str().unwrap();
    let mut ours: HashSet<i64> = HashSet::new();
    let mut bad = Vec::new();
    for call in calls.lines() {
        let Some(found) = line.captures(call) else { continue };
        let process: i64 = found[1].parse().unwrap();
        ours.insert(process);
        if ["fork", "vfork", "clone", "clone3"].contains(&&found[2]) {
            ours.extend(result.captures(call).and_then(|found| found[1].parse::<i64>().ok()));
        }
        let failed = call.contains("= -1 ");
        // The arguments stood where it began.
        let resumed = call.contains("resumed>");
        let allowed = resumed
            || match &found[2] {
                "kill" | "tkill" | "tgkill" | "pidfd_send_signal" => match signalled.captures(call) {
                    // A group has the number of its first process.
                    Some(found) => ours.contains(&found[1].parse::<i64>().unwrap().abs()),
                    None => true,
                },
                "unlink" | "unlinkat" | "rmdir" | "rename" | "renameat" | "renameat2" | "truncate" => {
                    failed || is_within(call, here)
                }
                "open" | "openat" | "openat2" | "creat" => {
                    let writes =
                        ["O_WRONLY", "O_RDWR", "O_CREAT", "creat("].iter().any(|how| call.contains(how));
                    failed || !writes || is_within(call, here) || is_nothing(call)
                }
                "connect" | "bind" => call.contains("127.0.0.1") || call.contains("AF_UNIX"),
                _ => true,
            };
        if !allowed {
            bad.push(call);
        }
    }
    bad
}

/// Whether the paths of a call lie in the folder of the scene, relative ones included, whose folder stands before them.
fn is_within(call: &str, here: &str) -> bool {
    let text = Regex::new(r#""([^"]*)""#).unwrap();
    let mut paths = text.captures_iter(call).map(|found| found[1].to_owned());
    paths.all(|path| match path.starts_with('/') {
        true => Path::new(&path).starts_with(here),
        false => call.contains(here) && !path.contains(".."),
    })
}

/// What holds nothing, and what a process has open already.
fn is_nothing(call: &str) -> bool {
    let opened = call.split('"').nth(1).unwrap_or_default();
    opened == "/dev/null" || opened == "/dev/tty" || opened.starts_with("/proc/self/fd/")
}

pub(crate) fn calls() -> Held {
    let scene = Scene::new();
    fs::write(scene.path().join("given-own.toml"), definition("")).unwrap();
    let filter = "/(sequential|tokio-multi-thread|process-fork|process-pool|process-shm-ring)@";
    let begin = scene.concbench(&format!(
        "run {filter} --definition given-own.toml --only matrix,timelines,timers --blocks 8 --deadline 60"
    ));
    let interrupt = |running: &mut Running| {
        scene.await_blocks(1, running);
        for pid in crate::strangers::programs(&scene, running) {
            let _ = rustix::process::kill_process(pid, Signal::INT);
        }
    };
    let Some((running, first)) = watched(&scene, &begin, interrupt) else {
        return Held::Skipped("strace".to_owned());
    };
    running.end().expect(130);
    let mut resume = scene.concbench("run --resume");
    resume.arg(scene.run_folder().unwrap());
    let (running, second) = watched(&scene, &resume, |_| {}).unwrap();
    running.end().expect(0);
    assert!(scene.check().run.complete);
    for calls in [&first, &second] {
        for expected in ["kill(", "unlink", "rename", "connect(", "bind(", "O_CREAT"] {
            assert!(calls.contains(expected), "no {expected} was seen");
        }
        let bad = forbidden(&scene, calls);
        assert!(bad.is_empty(), "{}", bad.join("\n"));
    }
    // What would be seen, if it were there.
    for harm in [
        "7 kill(1, SIGKILL) = 0",
        "7 unlink(\"/etc/passwd\") = 0",
        "7 openat(AT_FDCWD</x>, \"y\", O_WRONLY) = 3",
    ] {
        assert_eq!(forbidden(&scene, harm), [harm]);
    }
    Held::Times(2)
}
