//! What waiting and switching cost, measured for real: few waiting tasks, a limit that stops them, a run that goes on,
//! and switches.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use concbench::record::{RawCell, RawExperiment, Record, Status, store};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn concbench(out: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checked-concbench"));
    command.args(["run", "--quick", "--out", out.to_str().unwrap()]).args(arguments);
    command
}

fn succeed(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The latest record, which fits the schema.
fn record(out: &Path) -> Record {
    let text = fs::read_to_string(out.join("latest").join(store::RECORD)).unwrap();
    let schema = serde_json::from_str(include_str!("../../../schema/results.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let faults: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    serde_json::from_str(&text).unwrap()
}

/// One at a time: pages that several processes share count in parts, and those of another test would come and go.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of tasks of a model, in their order.
fn points<'a>(memory: &'a RawExperiment, model: &str) -> Vec<&'a RawCell> {
    memory.cells.iter().filter(|cell| cell.factors["model"] == model).collect()
}

#[test]
fn a_waiting_process_holds_more_than_a_thread_and_that_more_than_a_coroutine() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let only = ["--only", "memory", "^memory/(smol|thread-spawn|process-fork)@"];
    let output = concbench(folder.path(), &only).output().unwrap();
    succeed(&output);
    let record = record(folder.path());
    assert!(record.experiments.len() == 1 && record.run.complete, "nothing else was chosen");
    let memory = &record.experiments["memory"];
    for (id, processes_besides) in [("smol", 0), ("thread-spawn", 0), ("process-fork", 1)] {
        let found = points(memory, id);
        assert_eq!(found.len(), 3, "{found:?}");
        for point in found {
            assert_eq!(point.status, Status::Ok, "{point:?}");
            let tasks = point.factors["tasks"].as_u64().unwrap();
            let seen = &point.observations[0].responses;
            assert_eq!(seen["processes"], 1 + processes_besides * tasks, "{point:?}");
            assert!(seen["resident_bytes"].as_u64() > Some(0), "{point:?}");
            assert!(seen["gathered_ns"].as_u64() > Some(0), "{point:?}");
        }
    }
    let bytes = |id: &str| {
        let found = memory.findings.as_array().unwrap().iter().find(|found| found["model"] == id).unwrap();
        found["per_task"]["bytes"].as_f64().unwrap()
    };
    let (coroutine, thread, process) = (bytes("smol"), bytes("thread-spawn"), bytes("process-fork"));
    assert!(coroutine > 0.0, "{coroutine}");
    assert!(thread > 2.0 * coroutine, "a thread {thread}, a coroutine {coroutine}");
    assert!(process > 2.0 * thread, "a process {process}, a thread {thread}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("A waiting task costs") && table.contains("as a process (process-fork)"),
        "{table}"
    );
    let page = fs::read_to_string(folder.path().join("latest/index.html")).unwrap();
    assert!(page.contains("A waiting task costs") && page.contains("id=\"waiting-t\""));
}

#[test]
fn a_limit_stops_waiting_tasks_before_it_is_hit_and_is_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let command = concbench(folder.path(), &["--only", "memory", "^memory/process-spawn@"]);
    // 200 are spared for what else there is. Root is exempt as long as it may be.
    let bounded = ["--nproc=230", "--", "setpriv", "--bounding-set=-sys_admin,-sys_resource", "--"];
    let limited = || {
        let mut limited = Command::new("prlimit");
        limited.args(bounded);
        limited
    };
    if !limited().arg("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: needs prlimit and setpriv, which needs root");
        return;
    }
    let output = limited().arg(command.get_program()).args(command.get_args()).output().unwrap();
    succeed(&output);
    let record = record(folder.path());
    let points = points(&record.experiments["memory"], "process-spawn");
    let ended: Vec<_> = points.iter().map(|point| (point.id.as_str(), point.status)).collect();
    let [few, more, most] = [10, 25, 50].map(|tasks| format!("memory/process-spawn@{tasks}"));
    assert_eq!(ended, [(&*few, Status::Ok), (&*more, Status::Ok), (&*most, Status::Unsupported)]);
    let reason = points[2].reason.as_deref().unwrap();
    assert!(reason.contains("nproc is 230") && reason.contains("and not 50; "), "{reason}");
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert!(remarks.contains("memory/process-spawn@50: unsupported: nproc is 230"), "{remarks}");
}

/// How many observations the journal of a run under way has.
fn observed(out: &Path) -> usize {
    let folders = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    let text = folders.filter_map(|folder| fs::read_to_string(folder.join("journal.jsonl")).ok()).next();
    text.unwrap_or_default().lines().filter(|line| line.contains("\"entry\":\"observation\"")).count()
}

/// Waits for an observation, and asks the run to end.
fn interrupt(out: &Path, running: &mut Child) {
    let until = Instant::now() + Duration::from_secs(60);
    while observed(out) == 0 {
        assert!(running.try_wait().unwrap().is_none() && Instant::now() < until, "nothing was observed");
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(Pid::from_raw(running.id() as i32).unwrap(), Signal::TERM).unwrap();
}

#[test]
fn an_interrupted_run_goes_on_with_the_waiting_tasks_that_are_missing() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut command = concbench(folder.path(), &["--only", "memory", "^memory/process-"]);
    let mut running = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    interrupt(folder.path(), &mut running);
    assert_eq!(running.wait().unwrap().code(), Some(128 + Signal::TERM.as_raw()));
    let before = record(folder.path());
    assert!(!before.run.complete);
    let run = fs::canonicalize(folder.path().join("latest")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_checked-concbench"));
    succeed(&command.args(["run", "--resume", run.to_str().unwrap()]).output().unwrap());
    let after = record(folder.path());
    assert!(after.run.complete);
    let [before, after] = [before, after].map(|mut record| record.experiments.remove("memory").unwrap());
    for (before, after) in before.cells.iter().zip(&after.cells) {
        let kept = &after.observations[..before.observations.len()];
        assert_eq!(before.observations, kept, "what was measured stays");
        assert_eq!((after.status, after.observations.len()), (Status::Ok, 1), "{after:?}");
    }
    let findings = after.findings.as_array().unwrap();
    assert!(findings.len() > 2 && findings.iter().all(|found| found["per_task"].is_object()), "{findings:?}");
}

#[test]
fn each_pair_switches_in_every_block_pinned_and_free() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let output = concbench(folder.path(), &["--all", "--only", "switches"]).output().unwrap();
    succeed(&output);
    let record = record(folder.path());
    let pairs = &record.experiments["switches"].cells;
    let pair = |id: String| pairs.iter().find(|pair| pair.id == id).unwrap_or_else(|| panic!("no {id}"));
    let placements = if record.machine.cores > 1 { &["pinned", "free"][..] } else { &["pinned"] };
    for placement in placements {
        let pair = |model: &str| pair(format!("switches/{model}@{placement}"));
        for id in
            ["generator-stackless", "generator-stackful", "smol", "tokio-multi-thread", "may", "thread-spawn"]
        {
            assert_eq!(pair(id).status, Status::Ok, "{:?}", pair(id));
        }
        let time = |id: &str| pair(id).summary["switch_ns"].median;
        // A switch that the kernel makes is more than one that no scheduler makes, on any machine.
        assert!(time("process-fork") > 2.0 * time("generator-stackless"), "{placement}");
        assert!(time("thread-spawn") > 2.0 * time("generator-stackless"), "{placement}");
    }
    for pair in pairs.iter().filter(|pair| pair.status == Status::Ok) {
        let blocks: Vec<_> = pair.observations.iter().map(|made| made.block).collect();
        assert_eq!(blocks, [0, 1, 2, 3, 4], "{}", pair.id);
    }
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("On one core a switch takes"), "{table}");
    let page = fs::read_to_string(folder.path().join("latest/index.html")).unwrap();
    assert!(page.contains("On one core a switch takes"));
}
