//! Limits of the machine that are reached.

use std::path::{Path, PathBuf};
use std::process::Command;

use concbench::record::Status;

use crate::cases::Held;
use crate::scene::{Ended, Scene, cell};

/// Runs a command under a limit; `None` where `prlimit` is not to be had.
fn limited(scene: &Scene, limit: &str, command: &Command) -> Option<Ended> {
    scene.through(&["prlimit", limit, "--"], command).map(|mut command| scene.run(&mut command))
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

/// The same where a control group sets the limit, and the kernel ends who is over it.
pub(crate) fn memory_of_group() -> Held {
    let Some(group) = Group::new(1 << 30) else {
        return Held::Skipped("root, and a memory control group that it may make".to_owned());
    };
    let scene = Scene::new();
    let command = scene.double("run ^work/(sequential|devour)@ --blocks 1 --deadline 20");
    let procs = group.0.join("cgroup.procs").display().to_string();
    let shell = ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", &procs];
    let mut command = scene.through(&shell, &command).expect("a shell");
    scene.run(&mut command).expect(3);
    let run = scene.check();
    let starved = cell(&run, "work/devour");
    assert_eq!(starved.status, Status::Crashed);
    let reason = starved.reason.as_deref().unwrap();
    assert!(reason.contains("SIGKILL") && reason.contains("possibly out of memory"), "{reason}");
    assert_eq!(cell(&run, "work/sequential").status, Status::Ok);
    Held::Times(1)
}

/// A control group with a memory limit, which goes away with its value.
struct Group(PathBuf);

impl Group {
    fn new(bytes: u64) -> Option<Self> {
        let name = format!("concbench-faults-{}", std::process::id());
        // Version 1 has a tree for memory alone, version 2 one for everything.
        for (root, limit) in
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
        {
            let group = Self(Path::new(root).join(&name));
            if std::fs::create_dir(&group.0).is_ok()
                && std::fs::write(group.0.join(limit), bytes.to_string()).is_ok()
            {
                return Some(group);
            }
        }
        None
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
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
    let workload = |name, tasks| crowd_of(name, tasks, &["sequential", "thread-spawn"]);
    let text = workload("crowd", 100_000) + &workload("work", 8);
    std::fs::write(scene.path().join("given-own.toml"), text).unwrap();
    // What a machine cannot carry is no fault of the cell's.
    scene.run(&mut scene.concbench("run --only matrix --definition given-own.toml --blocks 1")).expect(0);
    let run = scene.check();
    let crowd = cell(&run, "crowd/thread-spawn");
    assert_eq!(crowd.status, Status::Unsupported);
    let reason = crowd.reason.as_deref().unwrap();
    assert!(reason.contains("and not 100000; ") && reason.contains(" is "), "{reason}");
    assert_eq!(cell(&run, "work/thread-spawn").status, Status::Ok);
    Held::Times(1)
}

/// `ulimit -u`, for a user whom it concerns.
pub(crate) fn tasks_of_user() -> Held {
    let scene = Scene::new();
    let text = crowd_of("crowd", 1000, &["thread-spawn", "process-fork"]);
    std::fs::write(scene.path().join("given-own.toml"), text).unwrap();
    let command = scene.concbench("run --only matrix --definition given-own.toml --blocks 1");
    // Root is exempt as long as it may be.
    let bounded = ["setpriv", "--bounding-set=-sys_admin,-sys_resource", "--"];
    let wrapper = [&["prlimit", "--nproc=700", "--"], &bounded[..]].concat();
    let Some(mut command) = scene.through(&wrapper, &command) else {
        return Held::Skipped("prlimit and setpriv, which needs root".to_owned());
    };
    scene.run(&mut command).expect(0);
    let run = scene.check();
    for found in &run.cells {
        assert_eq!(found.status, Status::Unsupported, "{}: {:?}", found.id, found.reason);
        let reason = found.reason.as_deref().unwrap();
        assert!(reason.contains("nproc") && reason.contains("700") && reason.contains("1000"), "{reason}");
    }
    Held::Times(run.cells.len() as u32)
}

fn crowd_of(name: &str, tasks: u32, models: &[&str]) -> String {
    format!(
        "[[workload]]\nname = \"{name}\"\ntask = {{ kernel = \"noop\" }}\ntasks = {tasks}\nteaches = \"x\"\n\
         why-this-size = \"y\"\nmodels = {models:?}\n"
    )
}
