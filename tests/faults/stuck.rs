//! What holds a run up: processes that do not end, a freezer, signals that mean nothing, an output that nobody reads.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use concbench::record::Status;
use rustix::process::{Pid, Signal};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::Value;

use crate::cases::Held;
use crate::scene::{Running, Scene, cell, factor};
use crate::target::{definition, listens};

/// Keeps a process as a debugger does: whoever is killed then is a zombie until its debugger has looked at it.
const DEBUGGER: &str = "
import ctypes, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, int(sys.argv[1]), None, None) != 0:
    sys.exit(1)
print('kept', flush=True)
sys.stdin.read()
";

/// A debugger that keeps a process until it is dropped.
struct Debugger(Child);

impl Debugger {
    /// `None` where that is not permitted, or there is no interpreter to do it with.
    fn keep(pid: i32) -> Option<Self> {
        let mut command = Command::new("python3");
        command.args(["-c", DEBUGGER, &pid.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = crate::processes::spawn(command.stderr(Stdio::null())).ok()?;
        let mut line = String::new();
        let said = BufReader::new(child.stdout.take()?).read_line(&mut line);
        let debugger = Self(child);
        (said.is_ok() && line == "kept\n").then_some(debugger)
    }
}

impl Drop for Debugger {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A process of this run that is started as this.
fn await_role(scene: &Scene, running: &mut Running, is_one: impl Fn(i32) -> bool) -> i32 {
    loop {
        if let Some(pid) = scene.alive().into_iter().find(|&pid| pid != running.pid && is_one(pid)) {
            return pid;
        }
        assert!(running.is_alive(), "no such process was ever seen");
    }
}

const NEEDS_DEBUGGER: &str = "python3, and leave to keep a process as a debugger does";

/// A runner that is past its deadline, and cannot be waited for.
pub(crate) fn kept() -> Held {
    let scene = Scene::new();
    let mut running =
        scene.start(&mut scene.double("run ^work/(sequential|hang|spin)@ --blocks 2 --deadline 5 --seed 2"));
    let hangs = |pid: i32| {
        // It has its order once it waits inside of the model.
        let environment = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.contains("CONCBENCH_ROLE={\"role\":\"runner\"") && sleeps(pid)
    };
    let runner = await_role(&scene, &mut running, hangs);
    let Some(debugger) = Debugger::keep(runner) else {
        running.signal(Signal::INT);
        running.end();
        return Held::Skipped(NEEDS_DEBUGGER.to_owned());
    };
    running.end().expect(3);
    drop(debugger);
    let run = scene.check_kept();
    let stuck = cell(&run, "work/hang");
    assert_eq!(stuck.status, Status::TimedOut, "{:?}", stuck.reason);
    let reason = stuck.reason.as_deref().unwrap();
    assert!(reason.contains("could not be ended (state Z)"), "{reason}");
    assert_eq!(cell(&run, "work/sequential").observations.len(), 2);
    Held::Times(1)
}

/// Whether a process has waited for a tenth of a second.
fn sleeps(pid: i32) -> bool {
    let used = || fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let before = used();
    std::thread::sleep(Duration::from_millis(300));
    !before.is_empty() && used() == before
}

/// A target that cannot be waited for at the end of its run.
pub(crate) fn kept_target() -> Held {
    let scene = Scene::new();
    fs::write(scene.path().join("given-own.toml"), definition("")).unwrap();
    let mut running = scene
        .start(&mut scene.concbench("run --only matrix --definition given-own.toml --blocks 3 --deadline 5"));
    let target = await_role(&scene, &mut running, listens);
    let Some(debugger) = Debugger::keep(target) else {
        running.signal(Signal::INT);
        running.end();
        return Held::Skipped(NEEDS_DEBUGGER.to_owned());
    };
    running.end().expect(0);
    drop(debugger);
    let run = scene.check_kept();
    assert!(run.cells.iter().all(|cell| cell.observations.len() == 3));
    let notes = run.run.notes.join("\n");
    assert!(notes.contains(&format!("process {target} could not be ended (state Z)")), "{notes}");
    Held::Times(1)
}

/// A control group that can be frozen, of either version; removed when it is dropped.
struct Freezer {
    folder: PathBuf,
    state: &'static str,
    words: [&'static str; 2],
}

impl Freezer {
    fn make(pid: i32) -> Option<Self> {
        let name = format!("concbench-faults-{}", std::process::id());
        let kinds = [
            ("/sys/fs/cgroup/freezer", "freezer.state", ["FROZEN", "THAWED"]),
            ("/sys/fs/cgroup", "cgroup.freeze", ["1", "0"]),
            ("/sys/fs/cgroup/unified", "cgroup.freeze", ["1", "0"]),
        ];
        for (root, state, words) in kinds {
            let folder = Path::new(root).join(&name);
            if fs::create_dir(&folder).is_err() {
                continue;
            }
            let freezer = Self { folder, state, words };
            let moved = fs::write(freezer.folder.join("cgroup.procs"), pid.to_string());
            if moved.is_ok() && freezer.folder.join(state).exists() {
                return Some(freezer);
            }
        }
        None
    }

    fn set(&self, word: usize) {
        fs::write(self.folder.join(self.state), self.words[word]).expect("a freezer obeys");
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let _ = fs::write(self.folder.join(self.state), self.words[1]);
        let until = Instant::now() + Duration::from_secs(5);
        while fs::remove_dir(&self.folder).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// How what was frozen is noted.
const KEPT: &str = "the run was kept from running for ";

/// All of a run stands still for longer than its deadline: what was measured meanwhile is measured again, and noted.
pub(crate) fn frozen() -> Held {
    let scene = Scene::new();
    let mut running =
        scene.start(&mut scene.double("run ^slow/(sequential|thread-spawn)@ --blocks 20 --deadline 2"));
    let Some(freezer) = Freezer::make(running.pid) else {
        running.signal(Signal::INT);
        running.end();
        return Held::Skipped("a control group that can be frozen".to_owned());
    };
    // Between two observations nothing is lost.
    for block in 1..6 {
        scene.await_blocks(block, &mut running);
        std::thread::sleep(Duration::from_millis(50 * block as u64));
        freezer.set(0);
        std::thread::sleep(Duration::from_secs(3));
        freezer.set(1);
        let is_noted = |entry: &Value| entry["note"].as_str().is_some_and(|note| note.contains(KEPT));
        if scene.journal("note").iter().any(is_noted) {
            break;
        }
    }
    running.end().expect(0);
    drop(freezer);
    let run = scene.check();
    assert!(run.cells.iter().all(|cell| cell.observations.len() == 20));
    let notes = run.run.notes.join("\n");
    assert!(notes.contains(KEPT), "{notes}");
    assert!(notes.contains(", which was made again"), "{notes}");
    Held::Times(1)
}

/// Whoever is told to go on, and has never stopped, just goes on.
pub(crate) fn continued() -> Held {
    let scene = Scene::new();
    let mut running = scene.start(&mut scene.double("run ^slow/(sequential|thread-spawn)@ --blocks 4"));
    let mut told = 0;
    while running.is_alive() {
        running.signal(Signal::CONT);
        told += 1;
        std::thread::sleep(Duration::from_millis(2));
    }
    running.end().expect(0);
    let run = scene.check();
    assert!(run.cells.iter().all(|cell| cell.observations.len() == 4));
    assert!(run.run.notes.iter().all(|note| !note.contains("stopped")), "{:?}", run.run.notes);
    assert!(told > 4);
    Held::Times(1)
}

/// Somebody binds the run to one processor.
pub(crate) fn narrowed() -> Held {
    let all = sched_getaffinity(None).unwrap();
    let Some(first) = (0..CpuSet::MAX_CPU).find(|&cpu| all.is_set(cpu)).filter(|_| all.count() > 1) else {
        return Held::Skipped("two processors".to_owned());
    };
    let scene = Scene::new();
    let mut running = scene.start(&mut scene.double("run ^slow/(sequential|thread-spawn)@ --blocks 6"));
    scene.await_blocks(1, &mut running);
    let mut one = CpuSet::new();
    one.set(first);
    for thread in fs::read_dir(format!("/proc/{}/task", running.pid)).unwrap().flatten() {
        let number = thread.file_name().to_str().unwrap().parse().unwrap();
        let _ = sched_setaffinity(Pid::from_raw(number), &one);
    }
    running.end().expect(0);
    let run = scene.check();
    let notes = run.run.notes.join("\n");
    let expected = format!("moved the run to 1 processors instead of {}", all.count());
    assert_eq!(notes.matches(&expected).count(), 1, "{notes}");
    Held::Times(1)
}

/// Nobody reads standard error: the run goes on, and the first signal ends it.
pub(crate) fn unread() -> Held {
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    for asked in [false, true] {
        let scene = Scene::new();
        let pipe = scene.path().join("given-pipe");
        let made = crate::processes::status(Command::new("mkfifo").arg(&pipe));
        assert!(made.is_ok_and(|status| status.success()));
        let mut full = File::options().read(true).write(true).custom_flags(nonblock).open(&pipe).unwrap();
        while full.write(&[b'x'; 4096]).is_ok() {}
        let blocks = if asked { 200 } else { 3 };
        // The failing cell has something to say.
        let command =
            scene.double(&format!("run ^(slow|fails)/(sequential|thread-spawn)@ --blocks {blocks}"));
        let script = "exec \"$0\" \"$@\" 2>given-pipe";
        let mut command = scene.through(&["sh", "-c", script], &command).expect("a shell");
        let mut running = scene.start(&mut command);
        if asked {
            scene.await_blocks(1, &mut running);
            running.signal(Signal::TERM);
        }
        running.end().expect(if asked { 143 } else { 3 });
        let run = scene.check();
        assert_eq!(run.run.complete, !asked);
        let slow = run.cells.iter().filter(|cell| factor(cell, "workload") == "slow");
        assert!(slow.clone().all(|cell| cell.status == Status::Ok && !cell.observations.is_empty()));
    }
    Held::Times(2)
}
