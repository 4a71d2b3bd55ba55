//! Clocks that jump.

use std::path::PathBuf;
use std::process::Command;

use concbench::record::Status;

use crate::cases::Held;
use crate::processes::output;
use crate::scene::{Scene, time_ns};

/// Replaces the C library's clock: every other reading of the wall clock is an hour back, and the others a day ahead.
const STEPPED: &str = r#"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static unsigned readings;
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME)
        time->tv_sec += __atomic_fetch_add(&readings, 1, __ATOMIC_RELAXED) % 2 ? -3600 : 86400;
    return failed;
}
"#;

/// The wall clock stands in the year 12000.
const BEYOND: &str = r#"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME)
        time->tv_sec = 316000000000;
    return failed;
}
"#;

/// The monotonic clock moves twice a second.
const COARSE: &str = r#"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_MONOTONIC)
        time->tv_nsec -= time->tv_nsec % 500000000;
    return failed;
}
"#;

pub(crate) fn library(scene: &Scene, code: &str) -> Option<PathBuf> {
    let (source, library) = (scene.path().join("given-library.c"), scene.path().join("given-library.so"));
    std::fs::write(&source, code).unwrap();
    let compiler = output(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source));
    compiler.is_ok_and(|output| output.status.success()).then_some(library)
}

/// The wall clock names the run and nothing else: no duration knows of its steps.
pub(crate) fn stepped() -> Held {
    let scene = Scene::new();
    let Some(library) = library(&scene, STEPPED) else {
        return Held::Skipped("cc, to replace the clock".to_owned());
    };
    let mut command =
        scene.double("run ^slow/(sequential|thread-spawn|process-pool|tokio-multi-thread)@ --blocks 2");
    scene.run(command.env("LD_PRELOAD", library)).expect(0);
    let run = scene.check();
    assert!(run.run.complete);
    let hour = 3_600_000_000_000;
    assert!(run.run.elapsed_ns < hour, "{}", run.run.elapsed_ns);
    for found in &run.cells {
        assert_eq!(
            (found.status, found.observations.len()),
            (Status::Ok, 2),
            "{}: {:?}",
            found.id,
            found.reason
        );
        for made in &found.observations {
            let warm = made.responses["warm_ns"].as_array().unwrap();
            let warm: u64 = warm.iter().filter_map(serde_json::Value::as_u64).sum();
            let phases = ["startup_ns", "cold_ns", "shutdown_ns"].map(|name| time_ns(made, name));
            let (parts, wall) = (phases.iter().sum::<u64>() + warm, time_ns(made, "wall_ns"));
            assert!(parts > 0 && parts <= wall && wall < hour, "{}: {made:?}", found.id);
        }
    }
    Held::Times(1)
}

/// A machine that slept long before a run has clocks that differ, and nobody takes that for a sleep of now.
pub(crate) fn slept_before() -> Held {
    let scene = Scene::new();
    let command = scene.double("run ^work/(sequential|rayon)@ --blocks 2");
    let Some(mut command) = scene.through(&["unshare", "--time", "--boottime", "1000000", "--"], &command)
    else {
        return Held::Skipped("unshare --time, which needs root".to_owned());
    };
    scene.run(&mut command).expect(0);
    let run = scene.check();
    assert!(run.run.notes.iter().all(|note| !note.contains("suspended")), "{:?}", run.run.notes);
    Held::Times(1)
}

/// Nobody may send the machine that tests to sleep.
pub(crate) fn suspended() -> Held {
    Held::Skipped(
        "a machine that may be suspended; `a_machine_that_slept_is_noticed_however_long_it_had_slept_before` does it \
         with clocks of its own"
            .to_owned(),
    )
}

/// A time that has no date begins no run.
pub(crate) fn beyond_dates() -> Held {
    let scene = Scene::new();
    let Some(library) = library(&scene, BEYOND) else {
        return Held::Skipped("cc, to replace the clock".to_owned());
    };
    for command in ["run ^work/sequential@ --blocks 1", "selftest --quick"] {
        let ended = scene.run(scene.double(command).env("LD_PRELOAD", &library));
        ended.expect(2);
        assert!(ended.stderr.contains("the clock of this machine is not between"), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(!scene.out().exists());
    }
    scene.check_leftovers();
    Held::Times(2)
}

/// What takes no time by the clock has no figure, and a run without a figure has failed.
pub(crate) fn coarse() -> Held {
    let scene = Scene::new();
    let Some(library) = library(&scene, COARSE) else {
        return Held::Skipped("cc, to replace the clock".to_owned());
    };
    let mut command = scene.double("run ^work/(sequential|thread-spawn)@ --blocks 2");
    let ended = scene.run(command.env("LD_PRELOAD", library));
    ended.expect(3);
    let run = scene.check();
    let mute = run.cells.iter().filter(|cell| cell.status == Status::Failed);
    assert!(mute.clone().count() > 0);
    for cell in mute {
        let reason = cell.reason.as_deref().unwrap();
        assert!(reason.contains("the clock did not move"), "{reason}");
    }
    Held::Times(1)
}
