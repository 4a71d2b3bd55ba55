//! Processes of an experiment, between those that it measures, which are killed or stopped.

use std::time::Duration;

use concbench::record::Status;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::Held;
use crate::scene::{Running, Scene};

const THROUGH_THE_MIDDLE: &str =
    "run ^messaging/(broker|manager)/8/1-to-1/64-kib@ --only messaging --blocks 4 --deadline 20";
/// What the kernel keeps of the names of the processes in the middle.
const NAMES: [&str; 2] = ["the broker proc", "the manager pro"];

/// Kills brokers and managers of runs until so many cells have lost theirs.
pub(crate) fn killed(kills: u32) -> Held {
    let mut killed = 0;
    for seed in 0.. {
        if killed >= kills {
            break;
        }
        killed += one_run(seed);
    }
    Held::Times(killed)
}

fn one_run(seed: u64) -> u32 {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let scene = Scene::new();
    let mut running = scene.start(&mut scene.double(THROUGH_THE_MIDDLE));
    while let Some(victim) = in_the_middle(&scene, &mut running) {
        std::thread::sleep(Duration::from_micros(random.random_range(0..20_000)));
        // It may have ended by itself meanwhile.
        let _ = kill_process(victim, Signal::KILL);
    }
    let ended = running.end();
    assert!(matches!(ended.code, Some(0 | 3)), "seed {seed}: {ended:?}");
    let run = scene.check();
    let mut crashed = 0;
    for cell in run.cells.iter().filter(|cell| cell.status != Status::Unsupported) {
        let reason = cell.reason.as_deref().unwrap_or_default();
        match cell.status {
            Status::Ok => assert_eq!(cell.observations.len(), 4, "seed {seed}: {}", cell.id),
            Status::Crashed => {
                let who = if cell.id.contains("/broker/") { "the broker" } else { "the manager" };
                assert!(
                    reason.starts_with(&format!("{who} process was ended by SIGKILL")),
                    "{}: {reason}",
                    cell.id
                );
                crashed += 1;
            }
            other => panic!("seed {seed}: {} is {other}: {reason}", cell.id),
        }
    }
    crashed
}

/// A broker or a manager, as soon as there is one; `None` once the run has ended.
fn in_the_middle(scene: &Scene, running: &mut Running) -> Option<Pid> {
    while running.is_alive() {
        let is_one = |pid: &i32| {
            let read = |file| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            NAMES.contains(&read("comm").trim()) || read("environ").contains("\"role\":\"manager\"")
        };
        if let Some(pid) = scene.alive().into_iter().find(is_one) {
            return Pid::from_raw(pid);
        }
    }
    None
}

/// A broker that is stopped hands nothing over, and a manager answers nobody.
pub(crate) fn stopped() -> Held {
    let stalled = [
        "messaging/broker/8/1-to-1/64-kib@one",
        "messaging/manager/8/1-to-1/64-kib@one",
        "sharing/manager/process-fork@2",
    ];
    for cell in stalled {
        let (experiment, _) = cell.split_once('/').unwrap();
        let scene = Scene::new();
        let filter = format!("run ^{cell}$ --only {experiment} --blocks 9 --deadline 3");
        let mut running = scene.start(&mut scene.double(&filter));
        let middle = in_the_middle(&scene, &mut running);
        kill_process(middle.expect("it is seen before the run has ended"), Signal::STOP).unwrap();
        running.end().expect(3);
        let run = scene.check();
        assert_eq!(run.cells.len(), 1, "{cell}");
        assert_eq!(run.cells[0].status, Status::TimedOut, "{cell}: {:?}", run.cells[0].reason);
    }
    Held::Times(stalled.len() as u32)
}
