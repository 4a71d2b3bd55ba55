//! Runs that are asked to end, or ended.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rustix::process::Signal;

use crate::cases::Held;
use crate::processes::status;
use crate::scene::{Run, Running, Scene};

/// What it is to open a file without ever waiting for it.
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;
const LONG: &str = "run ^slow/(sequential|thread-spawn|process-pool)@ --blocks 200";

/// How many blocks the record of an interrupted run must hold: those that the journal had when it was asked to end.
fn assert_incomplete(run: &Run, blocks: usize) {
    assert!(!run.run.complete);
    assert!(run.noise.blocks.len() >= blocks);
    for cell in &run.cells {
        assert!(cell.observations.len() >= blocks, "{}: {}", cell.id, cell.observations.len());
    }
}

pub(crate) fn asked_to_end() -> Held {
    let signals = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
    for (signal, code) in signals {
        let scene = Scene::new();
        let mut running = scene.start(&mut scene.double(LONG));
        scene.await_blocks(2, &mut running);
        let blocks = scene.blocks();
        running.signal(signal);
        running.end().expect(code);
        assert_incomplete(&scene.check(), blocks);
    }
    Held::Times(signals.len() as u32)
}

/// `timeout` signals its child and then the group of it, and of a terminal that closes both the kernel and the shell tell.
pub(crate) fn told_twice() -> Held {
    let pairs = [
        (Signal::TERM, Signal::TERM, 143),
        (Signal::HUP, Signal::HUP, 129),
        (Signal::INT, Signal::INT, 130),
        (Signal::HUP, Signal::TERM, 143),
    ];
    for (first, second, code) in pairs {
        let scene = Scene::new();
        let mut running = scene.start(&mut scene.double(LONG));
        scene.await_blocks(1, &mut running);
        let blocks = scene.blocks();
        running.signal(first);
        running.signal(second);
        let ended = running.end();
        // Which of two different ones is the last to be heard is the kernel's choice.
        assert!(ended.code == Some(code) || (first != second && ended.code == Some(129)), "{ended:?}");
        assert_incomplete(&scene.check(), blocks);
    }
    Held::Times(pairs.len() as u32)
}

/// While it writes to where nobody reads, nothing but a second signal ends it.
pub(crate) fn asked_twice() -> Held {
    let scene = Scene::new();
    let pipe = scene.path().join("given-pipe");
    let made = status(std::process::Command::new("mkfifo").arg(&pipe));
    assert!(made.is_ok_and(|status| status.success()));
    // Both ends, so that nobody waits for the other one, and full.
    let mut full = File::options().read(true).write(true).custom_flags(NONBLOCK).open(&pipe).unwrap();
    while full.write(&[b'x'; 4096]).is_ok() {}
    let command = scene.double(LONG);
    let mut command =
        scene.through(&["sh", "-c", "exec \"$0\" \"$@\" >given-pipe"], &command).expect("a shell");
    let mut running = scene.start(&mut command);
    scene.await_blocks(1, &mut running);
    running.signal(Signal::INT);
    while !scene.out().join("latest").exists() && running.is_alive() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_secs(1));
    assert!(running.is_alive(), "it writes to a full pipe");
    running.signal(Signal::INT);
    let ended = running.end();
    assert_eq!(ended.signal, Some(2), "{ended:?}");
    assert_incomplete(&scene.check(), 1);
    Held::Times(1)
}

/// What its parent has it ignore does not end it: a hangup, under nohup. And a parent that ignores how its children end
/// does not take that from the run.
pub(crate) fn told_to_ignore() -> Held {
    let scene = Scene::new();
    let command = scene.double("run ^slow/(sequential|thread-spawn|process-fork|process-pool)@ --blocks 3");
    let script = "trap '' HUP CHLD; exec \"$0\" \"$@\"";
    let mut command = scene.through(&["sh", "-c", script], &command).expect("a shell");
    let mut running = scene.start(&mut command);
    scene.await_blocks(1, &mut running);
    running.signal(Signal::HUP);
    running.end().expect(0);
    let run = scene.check();
    assert!(run.run.complete);
    let observations = run.cells.iter().flat_map(|cell| &cell.observations);
    assert!(observations.clone().count() >= 12);
    assert!(observations.clone().all(|observation| observation.usage.is_some()));
    Held::Times(2)
}

pub(crate) fn supervisor_killed(times: u32) -> Held {
    for seed in 0..times {
        let mut random = ChaCha12Rng::seed_from_u64(seed.into());
        let scene = Scene::new();
        let running = scene.start(&mut scene.double("run ^slow/(process-.*|tokio-.*)@ --blocks 200"));
        std::thread::sleep(Duration::from_millis(random.random_range(0..1500)));
        running.signal(Signal::KILL);
        assert_eq!(running.end().signal, Some(9));
        scene.check_leftovers();
    }
    Held::Times(times)
}

/// Cargo is killed, and nobody is left to see what its bench does.
pub(crate) fn parent_killed() -> Held {
    let scene = Scene::new();
    let mut bench = scene.bench("");
    let script = "\"$0\" '^slow/(sequential|process-pool)@' --bench --noplot >given-output 2>&1 & wait";
    let mut shell = std::process::Command::new("sh");
    let program = std::env::current_exe().unwrap();
    shell.args(["-c", script]).arg(program).current_dir(scene.path());
    for (name, value) in bench.env("CARGO", "cargo").env("CONCBENCH_BLOCKS", "200").get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let mut running = scene.start(&mut shell);
    scene.await_blocks(1, &mut running);
    let blocks = scene.blocks();
    running.signal(Signal::KILL);
    assert_eq!(running.end().signal, Some(9));
    await_the_record(&scene);
    scene.check_leftovers();
    assert_incomplete(&scene.record(), blocks);
    Held::Times(1)
}

fn await_the_record(scene: &Scene) {
    let until = Instant::now() + Duration::from_secs(20);
    while !scene.alive().is_empty() {
        assert!(Instant::now() < until, "it goes on without its parent");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The supervisor stops while a runner goes on: what that runner says has no value.
pub(crate) fn stopped_and_continued() -> Held {
    let scene = Scene::new();
    let mut running = scene.start(
        &mut scene.double("run ^slow/(sequential|thread-spawn|process-fork)@ --blocks 4 --deadline 2"),
    );
    scene.await_blocks(1, &mut running);
    pause(&running, Duration::from_millis(300));
    // Longer than the deadline: that an answer is late is not the cell's doing.
    pause(&running, Duration::from_millis(2500));
    running.end().expect(0);
    let run = scene.check();
    assert!(run.cells.iter().all(|cell| cell.observations.len() == 4));
    let notes = run.run.notes.join("\n");
    assert!(notes.contains("was stopped and went on"), "{notes}");
    Held::Times(2)
}

fn pause(running: &Running, time: Duration) {
    running.signal(Signal::STOP);
    std::thread::sleep(time);
    running.signal(Signal::CONT);
    std::thread::sleep(Duration::from_millis(100));
}

/// A self-test keeps nothing, also where it does not come to its end.
pub(crate) fn selftest_killed() -> Held {
    for delay in [300, 3000] {
        let scene = Scene::new();
        let running = scene.start(&mut scene.concbench("selftest --quick"));
        std::thread::sleep(Duration::from_millis(delay));
        running.signal(Signal::KILL);
        assert_eq!(running.end().signal, Some(9));
        scene.check_leftovers();
        assert!(!scene.out().exists());
    }
    Held::Times(2)
}
