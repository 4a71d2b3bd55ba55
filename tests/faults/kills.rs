//! Processes of a run that are killed or stopped while it goes on.

use std::time::Duration;

use concbench::record::Status;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::Held;
use crate::scene::{Run, Scene, factor};

const PROCESS_MODELS: &str = "run ^slow/(sequential|process-.*)@ --blocks 3 --deadline 5";
/// Processes that share something, and a manager among them. Tasks whose companions do not come give up before the deadline.
const SHARING: &str = "run ^sharing/(lock|semaphore|read-write|file-lock|manager)/(process-fork|thread-spawn)@(2|20)$ \
                       --only sharing --quick --blocks 3 --deadline 15";

/// Kills processes of runs, never the supervisor, until so many have been hit.
pub(crate) fn anywhere(kills: u32) -> Held {
    until_hit(PROCESS_MODELS, kills)
}

/// The same of processes that hold what others want, or serve it.
pub(crate) fn holders(kills: u32) -> Held {
    until_hit(SHARING, kills)
}

fn until_hit(what: &str, kills: u32) -> Held {
    let mut killed = 0;
    for seed in 0.. {
        if killed >= kills {
            break;
        }
        killed += one_run(what, seed, kills - killed);
    }
    Held::Times(killed)
}

fn one_run(what: &str, seed: u64, most: u32) -> u32 {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let scene = Scene::new();
    let mut running = scene.start(&mut scene.double(what));
    let mut killed = 0;
    while running.is_alive() && killed < most {
        std::thread::sleep(Duration::from_micros(random.random_range(0..150_000)));
        let victims: Vec<i32> = scene.alive().into_iter().filter(|&pid| pid != running.pid).collect();
        if victims.is_empty() {
            continue;
        }
        let victim = victims[random.random_range(0..victims.len())];
        let hit = kill_process(Pid::from_raw(victim).unwrap(), Signal::KILL);
        killed += u32::from(hit.is_ok());
    }
    let ended = running.end();
    assert!(matches!(ended.code, Some(0 | 3)), "seed {seed}: {ended:?}");
    let run = scene.check();
    assert_every_cell_is_whole_or_says_why(&run, seed);
    killed
}

fn assert_every_cell_is_whole_or_says_why(run: &Run, seed: u64) {
    for cell in &run.cells {
        match cell.status {
            Status::Ok => assert_eq!(cell.observations.len(), 3, "seed {seed}: {}", cell.id),
            Status::Crashed | Status::Failed => {
                let reason = cell.reason.as_deref().unwrap_or_default();
                assert!(!reason.is_empty(), "seed {seed}: {}", cell.id);
            }
            other => panic!("seed {seed}: {} is {other}: {:?}", cell.id, cell.reason),
        }
    }
}

/// A worker that is stopped never answers.
pub(crate) fn stopped() -> Held {
    let scene = Scene::new();
    let mut running =
        scene.start(&mut scene.double("run ^slow/(sequential|process-pool)@ --blocks 40 --deadline 3"));
    scene.await_blocks(1, &mut running);
    // The runner of a pool has children; the pool's workers have none.
    let worker = loop {
        let workers = scene.alive().into_iter().filter(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
            status.contains("pool-worker")
        });
        if let Some(worker) = workers.into_iter().next() {
            break worker;
        }
        assert!(running.is_alive(), "no worker was ever seen");
    };
    kill_process(Pid::from_raw(worker).unwrap(), Signal::STOP).unwrap();
    running.end().expect(3);
    let run = scene.check();
    let timed_out: Vec<_> = run.cells.iter().filter(|cell| cell.status != Status::Ok).collect();
    assert_eq!(timed_out.len(), 1, "{timed_out:?}");
    assert_eq!(timed_out[0].status, Status::TimedOut, "{:?}", timed_out[0].reason);
    assert_eq!(factor(timed_out[0], "model"), "process-pool");
    Held::Times(1)
}
