//! Runners that are killed inside of a control group of their own, and groups that cannot be made.

use std::path::{Path, PathBuf};

use concbench::record::Status;
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::Held;
use crate::scene::Scene;

/// One library under one quota, without criterion and with few blocks.
const QUOTA: &str = "run ^cores/quota-0.5/std/ --only cores --quick --blocks 4 --quiet";

/// The control group of a run, if it is there.
fn group(folder: &Path, run: i32) -> Option<PathBuf> {
    let own = folder.join(format!("concbench-{run}"));
    let below = || {
        std::fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .find_map(|path| path.is_dir().then(|| group(&path, run))?)
    };
    if own.is_dir() { Some(own) } else { below() }
}

/// Runners are killed while they are in their group, which is gone once the run has ended. One that calibrates is asked
/// again, so that a single kill may end no cell.
pub(crate) fn killed_inside() -> Held {
    let scene = Scene::new();
    let mut running = scene.start(&mut scene.double(QUOTA));
    let mut killed = 0;
    while running.is_alive() {
        let Some(folder) = group(Path::new("/sys/fs/cgroup"), running.pid) else {
            std::thread::yield_now();
            continue;
        };
        let inside = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        for pid in inside.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)) {
            killed += u32::from(kill_process(pid, Signal::KILL).is_ok());
        }
    }
    let pid = running.pid;
    let ended = running.end();
    let run = scene.check();
    assert_eq!(group(Path::new("/sys/fs/cgroup"), pid), None, "it is left behind");
    if run.cells.iter().all(|cell| cell.status == Status::Unsupported) {
        return Held::Skipped("a control group with the controller cpu that may be written to".to_owned());
    }
    assert!(killed > 0, "the runner was never seen in its group: {ended:?}");
    let crashed: Vec<_> = run.cells.iter().filter(|cell| cell.status == Status::Crashed).collect();
    assert!(!crashed.is_empty(), "{:?}", run.cells);
    assert!(crashed.iter().all(|cell| cell.reason.as_deref().is_some_and(|why| why.contains("SIGKILL"))));
    Held::Times(killed)
}

/// Mounts every control group read-only for what follows, in a namespace of its own.
const READ_ONLY: &str = "for place in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts); do \
                         mount -o remount,bind,ro \"$place\" || exit 1; done; exec \"$@\"";

/// Where no group can be made quotas are unsupported, and affinity is measured all the same.
pub(crate) fn read_only() -> Held {
    let scene = Scene::new();
    let command = scene.double("run ^cores/(quota-0.5|cpus-1)/std/ --only cores --quick --blocks 2 --quiet");
    let wrapper = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"];
    let Some(mut command) = scene.through(&wrapper, &command) else {
        return Held::Skipped("root, to mount control groups read-only".to_owned());
    };
    scene.run(&mut command).expect(0);
    let run = scene.check();
    for cell in &run.cells {
        match cell.id.contains("quota") {
            false => assert_eq!(cell.status, Status::Ok, "{}: {:?}", cell.id, cell.reason),
            true => {
                let reason = cell.reason.as_deref().unwrap_or_default();
                assert_eq!(cell.status, Status::Unsupported, "{}: {reason}", cell.id);
                assert!(reason.contains("control group"), "{}: {reason}", cell.id);
            }
        }
    }
    assert_eq!(run.cells.len(), 4, "{:?}", run.cells);
    Held::Times(1)
}
