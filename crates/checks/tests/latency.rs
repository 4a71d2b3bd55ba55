//! Latency under an open load, on a real run against a server that stalls.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use concbench::record::{Record, Status, parse::parse};
use concbench::server::{ServeOptions, Server};
use serde_json::Value;
use tokio::sync::oneshot;

/// How long the server stalls, in milliseconds, and how long it does not in between.
const STALL_MS: u64 = 200;
const CALM: Duration = Duration::from_millis(500);

/// One pool of two workers: of its clients two can see a stall.
fn definition(target: SocketAddr) -> String {
    format!(
        r#"
[[workload]]
name = "stalling"
task = {{ kernel = "http", requests = 1, delay_us = 2000, body_bytes = 16, target = "{target}" }}
tasks = 32
teaches = "that a closed load hides a stall"
why-this-size = "short, so that a hundred tasks pass in a calm"
models = ["process-spawn", "process-pool"]
workers = [2]
"#
    )
}

/// Asks the server to stall, again and again, until told to stop.
fn stall(address: SocketAddr, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /stall?ms={STALL_MS} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("stalled"), "{answer}");
        thread::sleep(Duration::from_millis(STALL_MS) + CALM);
    }
}

/// The record and the report of a run with one round of loads, while the server stalls.
fn measure() -> (Value, Record, String) {
    let server = Server::bind(&ServeOptions { allow_stall: true, ..ServeOptions::default() }).unwrap();
    let address = server.address();
    let (end, ended) = oneshot::channel::<()>();
    let stop = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stalling.toml");
    fs::write(&file, definition(address)).unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(|| server.run_until(async { drop(ended.await) }).unwrap());
        let stalling = scope.spawn(|| stall(address, &stop));
        let output = Command::new(env!("CARGO_BIN_EXE_concbench"))
            .args([
                "run",
                "--quiet",
                "--only",
                "latency",
                "--blocks",
                "1",
                "--definition",
                file.to_str().unwrap(),
            ])
            .args(["--out", folder.path().to_str().unwrap()])
            .output()
            .unwrap();
        stop.store(true, Ordering::Relaxed);
        stalling.join().unwrap();
        end.send(()).unwrap();
        output
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let latest = folder.path().join("latest");
    let text = fs::read_to_string(latest.join("results.json")).unwrap();
    let page = fs::read_to_string(latest.join("index.html")).unwrap();
    (serde_json::from_str(&text).unwrap(), parse(text.as_bytes()).unwrap(), page)
}

/// The schema that the program publishes.
fn schema() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_concbench")).arg("schema").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_stall_shows_in_the_open_p99_and_is_missing_from_the_closed_one() {
    let (json, record, page) = measure();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let faults: Vec<_> = validator.iter_errors(&json).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());

    let latency = &record.experiments["latency"];
    for cell in &latency.cells {
        let expected = match cell.factors["model"].as_str().unwrap() {
            "process-spawn" => Status::Unsupported,
            _ => Status::Ok,
        };
        assert_eq!(cell.status, expected, "{}: {:?}", cell.id, cell.reason);
    }
    assert_eq!(latency.cells.len(), 2 * (1 + 5));
    assert_eq!(latency.calibrations.len(), 2, "the bursts of the pool");
    let [spawn, pool] = &latency.findings.as_array().unwrap()[..] else { panic!("{:?}", latency.findings) };
    assert_eq!((&spawn["model"], &spawn["closed"]), (&"process-spawn".into(), &Value::Null));

    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("no number: {value}"));
    let closed = &pool["closed"];
    let closed_p99 = number(&closed["p99_ns"]);
    // The stall was there: whoever had asked by then waited for all of it. Two of hundreds do not make a percentile.
    assert!(number(&closed["max_ns"]) >= 0.5e6 * STALL_MS as f64, "{closed}");
    assert!(closed_p99 < number(&closed["max_ns"]) / 3.0, "{closed}");
    for load in pool["open"].as_array().unwrap().iter().filter(|load| number(&load["share"]) < 1.0) {
        let open = &load["summary"];
        assert!(number(&open["p99_ns"]) > 3.0 * closed_p99, "{load}, closed: {closed}");
        assert!(number(&open["queued"]) > 0.05, "who came during a stall found both workers waiting: {load}");
    }
    assert!(pool["refusal"].as_str().is_some_and(|why| why.contains("99th percentile")), "{pool}");
    assert!(
        page.contains("What the closed load hid most") && page.contains("process-pool: under a closed load")
    );
    assert!(page.contains("Under an open load it shows in every task that was due"));
}
