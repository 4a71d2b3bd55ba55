//! Processes and files of others, in the places where a run could take them for its own: it leaves them alone.
//!
//! Two places are like containers: process 1 of a PID namespace, to which everything in there comes that loses its parent;
//! and a PID namespace with the `/proc` of the one outside, where every number is somebody else's.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::cases::Held;
use crate::scene::{Ended, Running, Scene};

/// What has a daemon of its own in every runner.
const MEASURED: &str = "run ^(daemon|slow)/(sequential|process-pool)@ --blocks 3 --seed 7";
/// Strangers, each of which says in a file that it lives: a child of the shell, and one that loses its parent meanwhile.
const STRANGERS: &str = "\
    echo kept >given-precious; mark=$FAULTS_SCENE; unset FAULTS_SCENE; \
    beat='while :; do echo >>$0; sleep 0.05; done'; \
    sh -c \"$beat\" given-child >/dev/null 2>&1 & \
    sh -c 'sh -c \"$1\" given-orphan & sleep 0.3' sh \"$beat\" >/dev/null 2>&1 & \
    export FAULTS_SCENE=$mark; exec \"$0\" \"$@\"";

/// The strangers of a scene, ended at last.
struct Strangers<'a>(&'a Scene);

/// Whether both still say that they live.
fn are_well(scene: &Scene) -> bool {
    let files = ["given-child", "given-orphan"].map(|name| scene.path().join(name));
    let length = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len());
    let before = files.each_ref().map(length);
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if files.iter().zip(before).all(|(file, before)| length(file) > before) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

impl Strangers<'_> {
    /// The shells that say so, as this process sees them.
    fn pids(&self) -> Vec<i32> {
        let names: Vec<Vec<u8>> = ["given-child", "given-orphan"].map(|name| name.as_bytes().to_vec()).into();
        let here = self.0.path().canonicalize().unwrap();
        let is_one = |pid: &i32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let last = words.split(|&byte| byte == 0).rev().find(|word| !word.is_empty());
            last.is_some_and(|last| names.iter().any(|name| name == last))
                && fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == here)
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_one).collect()
    }
}

impl Drop for Strangers<'_> {
    fn drop(&mut self) {
        for pid in self.pids().into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
            // Those that have come to this process are waited for here, and so is what they slept in.
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
        std::thread::sleep(Duration::from_millis(100));
        crate::processes::reap_orphans();
    }
}

/// A run that was begun among strangers, one that was interrupted there, and one that was resumed.
fn among(
    scene: &Scene,
    wrapper: &[&str],
    look: impl Fn(&Scene, &mut Running),
    ended: impl Fn(&Scene),
) -> Option<[Ended; 2]> {
    let script = ["sh", "-c", STRANGERS];
    let wrapper: Vec<&str> = wrapper.iter().chain(&script).copied().collect();
    // The wrapper is tried with `true` in the place of the program.
    let begin = scene.through(&wrapper, &scene.double(MEASURED));
    end_all(scene);
    let mut begin = begin?;
    let mut running = scene.start(&mut begin);
    scene.await_blocks(1, &mut running);
    for pid in programs(scene, &running) {
        let _ = kill_process(pid, Signal::INT);
    }
    look(scene, &mut running);
    let interrupted = running.end();
    ended(scene);
    end_all(scene);
    let mut resume = scene.double("run --resume");
    resume.arg(scene.run_folder().expect("a run to go on with"));
    let mut running = scene.start(&mut scene.through(&wrapper, &resume).unwrap());
    look(scene, &mut running);
    let resumed = running.end();
    ended(scene);
    Some([interrupted, resumed])
}

fn end_all(scene: &Scene) {
    drop(Strangers(scene));
}

/// The program under test below a wrapper, or in its place.
pub(crate) fn programs(scene: &Scene, running: &Running) -> Vec<Pid> {
    let own = [std::env::current_exe().unwrap(), env!("CARGO_BIN_EXE_concbench").into()];
    let is_program = |pid: &i32| {
        let environment = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
        fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| own.contains(&exe))
            && !environment.contains("CONCBENCH_ROLE=")
    };
    let below = scene.alive().into_iter().chain([running.pid]);
    let mut found: Vec<i32> = below.filter(is_program).collect();
    found.dedup();
    found.into_iter().filter_map(Pid::from_raw).collect()
}

/// Started by `exec` from a shell that had children.
pub(crate) fn of_a_shell() -> Held {
    let scene = Scene::new();
    let _strangers = Strangers(&scene);
    let well = |scene: &Scene| assert!(are_well(scene), "a stranger was ended");
    let Some([interrupted, resumed]) = among(&scene, &[], |_, _| {}, well) else {
        return Held::Skipped("a shell".to_owned());
    };
    interrupted.expect(130);
    resumed.expect(0);
    check(&scene);
    Held::Times(2)
}

/// A namespace whose process 1 is the program: it has ended when its last process has, so whoever is well is asked before.
struct Namespace {
    wrapper: Vec<String>,
    /// Standard output of the program, full: it stays until its table is read.
    table: File,
}

impl Namespace {
    fn new(scene: &Scene) -> Self {
        let redirected = "exec >given-pipe; exec \"$0\" \"$@\"";
        let wrapper = namespace(&["--mount-proc", "--kill-child", "sh", "-c", redirected]);
        let pipe = scene.path().join("given-pipe");
        let made = crate::processes::status(Command::new("mkfifo").arg(&pipe));
        assert!(made.is_ok_and(|status| status.success()));
        // Both ends, so that nobody waits for the other one.
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let table = File::options().read(true).write(true).custom_flags(nonblock).open(&pipe).unwrap();
        let namespace = Self { wrapper, table };
        namespace.fill();
        namespace
    }

    fn wrapper(&self) -> Vec<&str> {
        self.wrapper.iter().map(String::as_str).collect()
    }

    fn fill(&self) {
        while (&self.table).write(&[b'x'; 4096]).is_ok() {}
    }

    fn drain(&self) {
        while (&self.table).read(&mut [0; 65536]).is_ok_and(|read| read > 0) {}
    }

    /// Waits until the record is written, and lets the program end once the strangers have said that they live.
    fn look(&self, scene: &Scene, running: &mut Running) {
        let latest = scene.out().join("latest");
        while !latest.exists() && running.is_alive() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(running.is_alive(), "it ended before its table was read");
        assert!(are_well(scene), "a stranger was ended");
        fs::remove_file(latest).unwrap();
        while running.is_alive() {
            self.drain();
            std::thread::sleep(Duration::from_millis(5));
        }
        self.fill();
    }
}

/// Process 1 of a namespace.
pub(crate) fn of_a_namespace() -> Held {
    let scene = Scene::new();
    let namespace = Namespace::new(&scene);
    let look = |scene: &Scene, running: &mut Running| namespace.look(scene, running);
    let Some([interrupted, resumed]) = among(&scene, &namespace.wrapper(), look, |_| {}) else {
        return Held::Skipped("unshare --pid --mount-proc".to_owned());
    };
    interrupted.expect(130);
    resumed.expect(0);
    check(&scene);
    Held::Times(2)
}

/// A whole quick run of the program as its users have it, started by a shell and as process 1.
pub(crate) fn whole() -> Held {
    for is_first in [false, true] {
        if let Some(skipped) = whole_run(is_first) {
            return skipped;
        }
    }
    Held::Times(2)
}

fn whole_run(is_first: bool) -> Option<Held> {
    let scene = Scene::new();
    let _strangers = Strangers(&scene);
    let namespace = is_first.then(|| Namespace::new(&scene));
    let wrapper = namespace.as_ref().map(Namespace::wrapper).unwrap_or_default();
    let wrapper: Vec<&str> = wrapper.into_iter().chain(["sh", "-c", STRANGERS]).collect();
    let command = scene.through(&wrapper, &scene.concbench("run --quick --seed 7"));
    end_all(&scene);
    let Some(mut command) = command else {
        return Some(Held::Skipped(wrapper[0].to_owned()));
    };
    let mut running = scene.start(&mut command).within(Duration::from_secs(600));
    match &namespace {
        Some(namespace) => namespace.look(&scene, &mut running),
        None => {
            while running.is_alive() {
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(are_well(&scene), "a stranger was ended");
        }
    }
    running.end().expect(0);
    end_all(&scene);
    crate::processes::reap_orphans();
    let run = scene.check();
    assert!(run.run.complete && run.cells.iter().all(|cell| !cell.status.is_broken()));
    let notes = &run.run.notes;
    assert!(notes.iter().all(|note| !note.contains("outlived the runner")), "{notes:?}");
    assert_eq!(fs::read_to_string(scene.path().join("given-precious")).unwrap(), "kept\n");
    None
}

/// `unshare` with these words behind it, for whoever may.
fn namespace(words: &[&str]) -> Vec<String> {
    let mut all = vec!["unshare".to_owned(), "--pid".to_owned(), "--fork".to_owned()];
    if !rustix::process::geteuid().is_root() {
        all.push("--map-root-user".to_owned());
    }
    all.extend(words.iter().map(|word| (*word).to_owned()));
    all
}

/// What is ours is gone and noted, and what is not is not.
fn check(scene: &Scene) {
    // A stranger that has ended was waited for by nobody.
    crate::processes::reap_orphans();
    let run = scene.check();
    assert!(run.run.complete);
    let ours = run.run.notes.iter().filter(|note| note.contains("outlived the runner"));
    assert!(ours.clone().count() >= 3, "{:?}", run.run.notes);
    assert!(ours.clone().all(|note| note.starts_with("daemon")), "{:?}", run.run.notes);
    assert!(run.cells.iter().all(|cell| cell.observations.len() == 3), "{:?}", run.run.notes);
    assert_eq!(fs::read_to_string(scene.path().join("given-precious")).unwrap(), "kept\n");
}

/// Every number in `/proc` is that of another process: nothing is begun, and nothing gone on with.
pub(crate) fn outside() -> Held {
    let scene = Scene::new();
    let wrapper = namespace(&["--kill-child"]);
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let Some(mut begin) = scene.through(&wrapper, &scene.double(MEASURED)) else {
        return Held::Skipped("unshare --pid".to_owned());
    };
    let refused = |ended: Ended| {
        ended.expect(2);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains("/proc is that of another PID namespace"), "{ended:?}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
    };
    refused(scene.run(&mut begin));
    assert!(!scene.out().exists());
    scene.check_leftovers();
    let mut running = scene.start(&mut scene.double(MEASURED));
    scene.await_blocks(1, &mut running);
    running.signal(Signal::INT);
    running.end().expect(130);
    let folder = scene.run_folder().unwrap();
    let before = contents(&folder);
    let mut resume = scene.double("run --resume");
    resume.arg(&folder);
    refused(scene.run(&mut scene.through(&wrapper, &resume).unwrap()));
    assert!(contents(&folder) == before, "a run that was not gone on with has changed");
    let bench = scene.bench("^work/(sequential|rayon)@ --bench --noplot");
    refused(scene.run(&mut scene.through(&wrapper, &bench).unwrap()));
    refused(scene.run(&mut scene.through(&wrapper, &scene.concbench("selftest --quick")).unwrap()));
    scene.check_leftovers();
    // What starts no process needs no `/proc`.
    let shown = scene.concbench("list");
    scene.run(&mut scene.through(&wrapper, &shown).unwrap()).expect(0);
    Held::Times(4)
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A program that a loader was called with by hand: `/proc/self/exe` is the loader.
pub(crate) fn loader() -> Held {
    let scene = Scene::new();
    let loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
    let Some(loader) = loaders.into_iter().find(|loader| Path::new(loader).exists()) else {
        return Held::Skipped("a loader of the GNU C library".to_owned());
    };
    let script = format!("test \"$0\" = true || exec {loader} \"$0\" \"$@\"");
    let mut command =
        scene.through(&["sh", "-c", &script], &scene.concbench("run --only matrix")).expect("a shell");
    let ended = scene.run(&mut command);
    ended.expect(2);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    let program = env!("CARGO_BIN_EXE_concbench");
    assert!(ended.stderr.contains(&format!("start {program} itself")), "{ended:?}");
    scene.check_leftovers();
    Held::Times(1)
}
