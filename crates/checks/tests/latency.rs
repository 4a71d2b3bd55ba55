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

/// How long the server stalls, in milliseconds, and how long it does not in between: less than the 300 ms that a closed load
/// lasts, which meets a stall whenever it begins.
const STALL_MS: u64 = 200;
const CALM: Duration = Duration::from_millis(250);

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
models = ["thread-scoped", "process-pool"]
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
        let output = Command::new(env!("CARGO_BIN_EXE_checked-concbench"))
            .args(["run", "--quiet", "--only", "latency", "--blocks", "1"])
            .args(["--definition", file.to_str().unwrap()])
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
    let output = Command::new(env!("CARGO_BIN_EXE_checked-concbench")).arg("schema").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_stall_shows_in_the_open_load_and_is_missing_from_the_closed_one() {
    let (json, record, page) = measure();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let faults: Vec<_> = validator.iter_errors(&json).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());

    let latency = &record.experiments["latency"];
    for cell in &latency.cells {
        // What is handed whole batches has no load, and says so.
        let expected = match cell.factors["model"].as_str().unwrap() {
            "thread-scoped" => vec![Status::Unsupported],
            // A machine that is busy may sustain less than a rate that is the same for all.
            _ if cell.factors["share"].is_null() => vec![Status::Ok, Status::Unsupported],
            _ => vec![Status::Ok],
        };
        assert!(expected.contains(&cell.status), "{}: {:?}", cell.id, cell.reason);
    }
    assert_eq!(latency.calibrations.len(), 1, "what the pool sustains");
    let models = latency.findings.as_array().unwrap();
    let of = |id: &str| models.iter().find(|model| model["model"] == id).unwrap();
    let (scoped, pool) = (of("thread-scoped"), of("process-pool"));
    assert!(scoped["closed"].is_null() && scoped["sustained_per_s"].is_null(), "{scoped}");
    let why = scoped["limited"].as_str().unwrap();
    assert!(why.contains("whole batches"), "{why}");

    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("no number: {value}"));
    assert!(number(&pool["sustained_per_s"]) > 0.0, "{pool}");
    let closed = &pool["closed"];
    let closed_p99 = number(&closed["p90_ns"]);
    // The stall was there: whoever had asked by then waited for all of it. Two of hundreds do not make a percentile.
    assert!(number(&closed["max_ns"]) >= 0.5e6 * STALL_MS as f64, "{closed}");
    assert!(closed_p99 < number(&closed["max_ns"]) / 3.0, "{closed}");
    let open = pool["open"].as_array().unwrap().iter().filter(|load| !load["share"].is_null());
    for load in open {
        let open = &load["summary"];
        // A stall of 200 ms in every 450 meets more than a tenth of what is due.
        assert!(number(&open["p90_ns"]) > 3.0 * closed_p99, "{load}, closed: {closed}");
    }
    assert!(pool["knee"].is_null() && pool["refusal"].is_string(), "{pool}");
    assert!(page.contains("Under an open load it shows"));
}
