//! HTTP targets that refuse, lie, stall, or die.

use std::io::{Read, Write};
use std::net::TcpListener;

use concbench::record::Status;
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::Held;
use crate::scene::{Scene, factor};

pub(crate) fn definition(target: &str) -> String {
    format!(
        "[[workload]]\nname = \"web\"\ntask = {{ kernel = \"http\", requests = 1, delay_us = 1000, body_bytes = 64{target} }}\n\
         tasks = 4\nteaches = \"x\"\nwhy-this-size = \"y\"\nmodels = [\"sequential\", \"tokio-multi-thread\", \"process-fork\"]\n\
         [[workload]]\nname = \"cpu\"\ntask = {{ kernel = \"count\", n = 1000 }}\ntasks = 4\nteaches = \"x\"\n\
         why-this-size = \"y\"\nmodels = [\"sequential\", \"rayon\"]\n"
    )
}

/// A server on a thread that answers every connection in one way.
fn server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            match answer {
                b"stall" => open.push(stream),
                answer => {
                    let _ = stream.read(&mut [0; 1024]);
                    let _ = stream.write_all(answer);
                }
            }
        }
    });
    address
}

pub(crate) fn lies() -> Held {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = closed.local_addr().unwrap().to_string();
    drop(closed);
    let targets = [
        (refused, Status::Failed),
        (server(b""), Status::Failed),
        (server(b"stall"), Status::TimedOut),
        (server(b"SSH-2.0-OpenSSH\r\n"), Status::Failed),
        (server(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"), Status::Failed),
        (server(b"HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\nshort"), Status::Failed),
        (server(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad"), Status::Failed),
        (server(b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n"), Status::Failed),
    ];
    for (target, status) in &targets {
        let scene = Scene::new();
        let text = definition(&format!(", target = \"{target}\""));
        std::fs::write(scene.path().join("given-own.toml"), text).unwrap();
        // A stalled target holds the reference up, which has four times the deadline.
        let ended = scene.run(
            &mut scene.concbench("run --only matrix --definition given-own.toml --blocks 1 --deadline 1"),
        );
        ended.expect(3);
        for cell in &scene.check().cells {
            let expected = if factor(cell, "workload") == "web" { *status } else { Status::Ok };
            assert_eq!(cell.status, expected, "{}: {:?}", cell.id, cell.reason);
        }
    }
    Held::Times(targets.len() as u32)
}

/// The target is killed again and again: cells fail with a reason, the next gets a new target.
pub(crate) fn dies() -> Held {
    let scene = Scene::new();
    std::fs::write(scene.path().join("given-own.toml"), definition("")).unwrap();
    let mut running = scene
        .start(&mut scene.concbench("run --only matrix --definition given-own.toml --blocks 8 --deadline 5"));
    let mut killed = 0;
    while running.is_alive() && killed < 2 {
        scene.await_blocks(2 * killed + 2, &mut running);
        let targets = scene.alive().into_iter().filter(|pid| listens(*pid));
        for target in targets.filter(|&pid| pid != running.pid).take(1) {
            kill_process(Pid::from_raw(target).unwrap(), Signal::KILL).unwrap();
            killed += 1;
        }
    }
    let ended = running.end();
    assert!(matches!(ended.code, Some(0 | 3)), "{ended:?}");
    let run = scene.check();
    for cell in run.cells.iter().filter(|cell| factor(cell, "workload") == "cpu") {
        assert_eq!((cell.status, cell.observations.len()), (Status::Ok, 8), "{}", cell.id);
    }
    assert!(killed > 0, "no target was ever seen");
    assert!(run.run.notes.iter().any(|note| note.contains("was started again")), "{:?}", run.run.notes);
    Held::Times(killed as u32)
}

/// Whether the process was started as the target.
pub(crate) fn listens(pid: i32) -> bool {
    let environment = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.contains("CONCBENCH_ROLE={\"role\":{\"target\"")
}

/// The target is stopped: it accepts, since the kernel does, and never answers.
pub(crate) fn stops() -> Held {
    let scene = Scene::new();
    std::fs::write(scene.path().join("given-own.toml"), definition("")).unwrap();
    let mut running = scene
        .start(&mut scene.concbench("run --only matrix --definition given-own.toml --blocks 6 --deadline 2"));
    scene.await_blocks(1, &mut running);
    let target = scene.alive().into_iter().find(|&pid| listens(pid)).expect("a target");
    kill_process(Pid::from_raw(target).unwrap(), Signal::STOP).unwrap();
    running.end().expect(3);
    let run = scene.check();
    for cell in &run.cells {
        let expected = if factor(cell, "workload") == "web" { Status::TimedOut } else { Status::Ok };
        assert_eq!(cell.status, expected, "{}: {:?}", cell.id, cell.reason);
    }
    Held::Times(1)
}
