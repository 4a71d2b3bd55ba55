//! Keys that are pressed at a terminal.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::cases::Held;
use crate::processes::output;
use crate::scene::Scene;

/// Ctrl-C at a pseudo-terminal: the whole foreground group gets it, and the run ends once, cleanly.
pub(crate) fn interrupted() -> Held {
    let scene = Scene::new();
    let plain = scene.double("run ^slow/(sequential|thread-spawn|process-pool|process-fork)@ --blocks 200");
    let words: Vec<_> = plain.get_args().map(|word| word.to_str().unwrap().to_owned()).collect();
    let program = std::env::current_exe().unwrap();
    let line = format!("exec '{}' '{}'", program.display(), words.join("' '"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(scene.path());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if output(Command::new("script").arg("--version")).is_err() {
        return Held::Skipped("script, which makes a pseudo-terminal".to_owned());
    }
    let mut running = scene.start(command.env("SHELL", "/bin/sh").stdin(Stdio::piped()));
    scene.await_blocks(2, &mut running);
    let blocks = scene.blocks();
    running.keys().write_all(b"\x03").unwrap();
    running.end().expect(130);
    let run = scene.check();
    assert!(!run.run.complete);
    assert!(run.cells.iter().all(|cell| cell.observations.len() >= blocks), "{:?}", run.run.notes);
    Held::Times(1)
}

/// Ctrl-Z, then `fg`, in a group of its own, as a shell starts it: only such a group can be stopped so.
pub(crate) fn stopped_and_continued() -> Held {
    let scene = Scene::new();
    let mut command = scene
        .double("run ^slow/(sequential|thread-spawn|process-spawn|process-fork)@ --blocks 4 --deadline 5");
    let mut running = scene.start(command.process_group(0));
    let group = Pid::from_raw(running.pid).unwrap();
    let mut stopped = 0;
    while running.is_alive() && stopped < 3 {
        scene.await_blocks(stopped as usize, &mut running);
        // Right behind a block nothing is being observed; so far into the next one something is.
        std::thread::sleep(Duration::from_millis(40 + 30 * u64::from(stopped)));
        kill_process_group(group, Signal::TSTP).unwrap();
        // It stops soon, or, while it starts a process, waits for one that has stopped.
        std::thread::sleep(Duration::from_millis(100));
        let lines = scene.lines();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(scene.lines(), lines, "it goes on");
        kill_process_group(group, Signal::CONT).unwrap();
        stopped += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    running.end().expect(0);
    let run = scene.check();
    assert!(run.run.complete && run.cells.iter().all(|cell| cell.observations.len() == 4));
    let notes = run.run.notes.join("\n");
    assert!(notes.contains("was stopped and went on during an observation, which was made again"), "{notes}");
    Held::Times(stopped)
}
