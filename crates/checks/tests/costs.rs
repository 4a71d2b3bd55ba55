//! What waiting and switching cost, measured for real: small crowds, a limit that stops them, a run that goes on, and games.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use concbench::record::{ModelMemory, Placement, Run, Status, store};
use rustix::process::{Pid, Signal, kill_process};

fn concbench(out: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checked-concbench"));
    command.args(["run", "--quick", "--costs", "--out", out.to_str().unwrap()]).args(arguments);
    command
}

fn succeed(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn record(out: &Path) -> (serde_json::Value, Run) {
    let text = fs::read_to_string(out.join("latest").join(store::RECORD)).unwrap();
    (serde_json::from_str(&text).unwrap(), serde_json::from_str(&text).unwrap())
}

fn model<'a>(run: &'a Run, id: &str) -> &'a ModelMemory {
    run.memory.as_ref().unwrap().models.iter().find(|model| model.model == id).unwrap()
}

fn assert_fits_the_schema(record: &serde_json::Value) {
    let schema = serde_json::from_str(include_str!("../../../schema/results.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(record).map(|error| error.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_waiting_process_holds_more_than_a_thread_and_that_more_than_a_coroutine() {
    let folder = tempfile::tempdir().unwrap();
    let output = concbench(folder.path(), &["^memory/(smol|thread-spawn|process-fork)$"]).output().unwrap();
    succeed(&output);
    let (json, run) = record(folder.path());
    assert_fits_the_schema(&json);
    assert!(run.cells.is_empty() && run.run.complete, "the filter chose nothing of the matrix");
    for (id, processes_besides) in [("smol", 0), ("thread-spawn", 0), ("process-fork", 1)] {
        let found = model(&run, id);
        assert_eq!(found.points.len(), 3, "{found:?}");
        for point in &found.points {
            assert_eq!(point.status, Status::Ok, "{id}: {point:?}");
            assert_eq!(point.processes, Some(1 + processes_besides * point.tasks), "{id}: {point:?}");
            assert!(point.bytes().unwrap() > 0 && point.gathered_ns.unwrap() > 0, "{id}: {point:?}");
        }
    }
    let bytes = |id: &str| model(&run, id).per_task.unwrap().bytes;
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
fn a_limit_stops_the_crowds_before_it_is_hit_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let command = concbench(folder.path(), &["^memory/process-spawn$"]);
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
    let (json, run) = record(folder.path());
    assert_fits_the_schema(&json);
    let points = &model(&run, "process-spawn").points;
    let ended: Vec<_> = points.iter().map(|point| (point.tasks, point.status)).collect();
    assert_eq!(ended, [(10, Status::Ok), (25, Status::Ok), (50, Status::Unsupported)]);
    let reason = points[2].reason.as_deref().unwrap();
    assert!(reason.contains("nproc is 230") && reason.contains("and not 50; "), "{reason}");
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert!(remarks.contains("memory/process-spawn@50: unsupported: nproc is 230"), "{remarks}");
}

/// The crowds that the journal of a run under way has.
fn crowds(out: &Path) -> usize {
    let folders = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    let text = folders.filter_map(|folder| fs::read_to_string(folder.join("journal.jsonl")).ok()).next();
    text.unwrap_or_default().lines().filter(|line| line.contains("\"entry\":\"waiting\"")).count()
}

/// Waits until a crowd has gathered, and asks the run to end.
fn interrupt(out: &Path, running: &mut Child) {
    let until = Instant::now() + Duration::from_secs(60);
    while crowds(out) == 0 {
        assert!(running.try_wait().unwrap().is_none() && Instant::now() < until, "no crowd was waited for");
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(Pid::from_raw(running.id() as i32).unwrap(), Signal::TERM).unwrap();
}

#[test]
fn an_interrupted_run_goes_on_with_the_crowds_that_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = concbench(folder.path(), &["^memory/process-"]);
    let mut running = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    interrupt(folder.path(), &mut running);
    assert_eq!(running.wait().unwrap().code(), Some(128 + Signal::TERM.as_raw()));
    let (_, before) = record(folder.path());
    assert!(!before.run.complete);
    let run = fs::canonicalize(folder.path().join("latest")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_checked-concbench"));
    succeed(&command.args(["run", "--resume", run.to_str().unwrap()]).output().unwrap());
    let (json, after) = record(folder.path());
    assert_fits_the_schema(&json);
    assert!(after.run.complete);
    let models = |run: &Run| run.memory.clone().unwrap().models;
    for (before, after) in models(&before).iter().zip(models(&after)) {
        assert_eq!(before.points, after.points[..before.points.len()], "what was measured stays");
        assert_eq!(after.points.len(), 3, "{after:?}");
        assert!(after.per_task.is_some(), "{after:?}");
    }
}

#[test]
fn each_pair_plays_in_every_block_pinned_and_free() {
    let folder = tempfile::tempdir().unwrap();
    let output = concbench(folder.path(), &["--all", "^switch/"]).output().unwrap();
    succeed(&output);
    let (json, run) = record(folder.path());
    assert_fits_the_schema(&json);
    let pairs = &run.switches.as_ref().unwrap().pairs;
    let cores = run.machine.cores;
    let placements = [Placement::Pinned, Placement::Free].into_iter();
    for placement in placements.filter(|&placement| placement == Placement::Pinned || cores > 1) {
        let model = |id: &str| {
            let found = pairs.iter().find(|pair| pair.model == id && pair.placement == placement);
            found.unwrap_or_else(|| panic!("{id} did not play {placement}"))
        };
        for id in
            ["generator-stackless", "generator-stackful", "smol", "tokio-multi-thread", "may", "thread-spawn"]
        {
            assert_eq!(model(id).status, Status::Ok, "{:?}", model(id));
        }
        let time = |id: &str| model(id).per_switch.unwrap().median;
        // A switch that the kernel makes is more than one that no scheduler makes, on any machine.
        assert!(time("process-fork") > 2.0 * time("generator-stackless"), "{placement}");
        assert!(time("thread-spawn") > 2.0 * time("generator-stackless"), "{placement}");
    }
    for pair in pairs.iter().filter(|pair| pair.status == Status::Ok) {
        let mut blocks: Vec<_> = pair.observations.iter().map(|game| game.block).collect();
        blocks.sort_unstable();
        assert_eq!(blocks, [0, 1, 2, 3, 4], "{}", pair.id);
    }
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("On one core a switch takes"), "{table}");
    let page = fs::read_to_string(folder.path().join("latest/index.html")).unwrap();
    assert!(page.contains("On one core a switch takes"));
}
