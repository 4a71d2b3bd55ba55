//! Limits of the machine that are reached.

use std::process::Command;

use concbench::record::Status;

use crate::cases::Held;
use crate::scene::{Ended, Scene, cell};

/// The same command under `prlimit`.
fn limited(scene: &Scene, limit: &str, command: &Command) -> Option<Ended> {
    let mut wrapped = Command::new("prlimit");
    wrapped.arg(limit).arg("--").arg(std::env::current_exe().unwrap()).args(command.get_args());
    wrapped.current_dir(scene.path()).stdin(std::process::Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    available("prlimit").then(|| scene.run(&mut wrapped))
}

fn available(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

pub(crate) fn memory() -> Held {
    let scene = Scene::new();
    let command = scene.double("run ^work/(sequential|devour)@ --blocks 1 --deadline 20");
    let Some(ended) = limited(&scene, "--as=1500000000", &command) else {
        return Held::Skipped("prlimit".to_owned());
    };
    ended.expect(3);
    let run = scene.check();
    let starved = cell(&run, "work/devour");
    assert_eq!(starved.status, Status::Crashed);
    assert!(starved.reason.as_deref().unwrap().contains("out of memory"), "{:?}", starved.reason);
    assert_eq!(cell(&run, "work/sequential").status, Status::Ok);
    Held::Times(1)
}

pub(crate) fn descriptors() -> Held {
    let mut injected = 0;
    for most in [6, 8, 10, 12, 14, 16, 20] {
        let scene = Scene::new();
        let command =
            scene.double("run ^work/(sequential|process-pool|tokio-multi-thread)@ --blocks 1 --deadline 5");
        let Some(ended) = limited(&scene, &format!("--nofile={most}"), &command) else {
            return Held::Skipped("prlimit".to_owned());
        };
        assert!(ended.code.is_some() && !ended.stderr.contains("panicked at 'src"), "{most}: {ended:?}");
        assert!(!ended.stderr.contains("internal error"), "{most}: {ended:?}");
        scene.check_leftovers();
        match scene.run_folder().filter(|folder| folder.join("results.json").exists()) {
            Some(_) => drop(scene.check()),
            None => assert!(!ended.stderr.is_empty() && ended.code != Some(0), "{most}: {ended:?}"),
        }
        injected += 1;
    }
    Held::Times(injected)
}

pub(crate) fn crowd() -> Held {
    let scene = Scene::new();
    let limit: u64 = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap();
    if limit > 400_000 {
        return Held::Skipped("vm.max_map_count of at most 400000".to_owned());
    }
    let workload = |name: &str, tasks: u32| {
        format!(
            "[[workload]]\nname = \"{name}\"\ntask = {{ kernel = \"noop\" }}\ntasks = {tasks}\nteaches = \"x\"\n\
             why-this-size = \"y\"\nmodels = [\"sequential\", \"thread-spawn\"]\n"
        )
    };
    std::fs::write(scene.path().join("given-own.toml"), workload("crowd", 100_000) + &workload("work", 8))
        .unwrap();
    // What a machine cannot carry is no fault of the cell's.
    scene.run(&mut scene.concbench("run --definition given-own.toml --blocks 1")).expect(0);
    let run = scene.check();
    let crowd = cell(&run, "crowd/thread-spawn");
    assert_eq!(crowd.status, Status::Unsupported);
    let reason = crowd.reason.as_deref().unwrap();
    assert!(reason.contains("100000 are needed") && reason.contains(" is "), "{reason}");
    assert_eq!(cell(&run, "work/thread-spawn").status, Status::Ok);
    Held::Times(1)
}

pub(crate) fn file_size() -> Held {
    let scene = Scene::new();
    let command = scene.double("run ^work/(sequential|rayon)@ --blocks 3");
    // Enough for the first line of the journal, and not for the report.
    let Some(ended) = limited(&scene, "--fsize=16384", &command) else {
        return Held::Skipped("prlimit".to_owned());
    };
    cannot_save(&ended);
    scene.check_leftovers();
    Held::Times(1)
}

/// It says that it cannot save, and where.
fn cannot_save(ended: &Ended) {
    ended.expect(5);
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("concbench: cannot write "), "{ended:?}");
}

pub(crate) fn disk_full() -> Held {
    let mut injected = 0;
    for size in ["4k", "16k", "64k", "128k"] {
        let scene = Scene::new();
        let Some(mount) = Mount::new(
            &scene.path().join("given-disk"),
            &["-t", "tmpfs", "-o", &format!("size={size}"), "none"],
        ) else {
            return Held::Skipped("root, to mount a small tmpfs".to_owned());
        };
        let older = mount.path.join("older");
        std::fs::write(&older, "intact").unwrap();
        let mut command = scene.double("run ^work/(sequential|rayon|thread-pool)@ --blocks 5");
        cannot_save(&scene.run(command.env("CONCBENCH_OUT", &mount.path)));
        scene.check_leftovers();
        assert_eq!(std::fs::read_to_string(&older).unwrap(), "intact");
        assert!(!mount.path.join("latest").exists());
        injected += 1;
    }
    Held::Times(injected)
}

pub(crate) fn read_only() -> Held {
    let scene = Scene::new();
    let Some(mount) =
        Mount::new(&scene.path().join("given-disk"), &["-t", "tmpfs", "-o", "ro,size=64k", "none"])
    else {
        return Held::Skipped("root, to mount a read-only tmpfs".to_owned());
    };
    let mut command = scene.double("run ^work/ --blocks 5");
    let ended = scene.run(command.env("CONCBENCH_OUT", &mount.path));
    cannot_save(&ended);
    assert!(!ended.stderr.contains("preflight"), "it measured first: {ended:?}");
    let mut command = scene.double("run ^work/ --blocks 5");
    cannot_save(&scene.run(command.env("CONCBENCH_OUT", "/proc/nowhere")));
    scene.check_leftovers();
    Held::Times(2)
}

/// A file system that goes away with its value.
struct Mount {
    path: std::path::PathBuf,
}

impl Mount {
    fn new(path: &std::path::Path, arguments: &[&str]) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let mounted = Command::new("mount").args(arguments).arg(path).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self { path: path.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
