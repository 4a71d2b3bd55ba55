//! What a run really writes, against the published schema and against what the schema cannot say.

use std::fs;
use std::path::Path;
use std::process::Command;

use concbench::record::{CellRecord, Mode, Run, Status, Timeline, store};

/// Two workloads under three models: one that computes, one that waits; a process, a pool and the baseline.
const DEFINITION: &str = r#"
[[workload]]
name = "tiny-count"
task = { kernel = "count", n = 200000 }
tasks = 4
teaches = "that a record is whole"
why-this-size = "the smallest that every model can share out"
models = ["sequential", "process-pool", "tokio-multi-thread"]
twin = "tokio-multi-thread"

[[workload]]
name = "tiny-sleep"
task = { kernel = "sleep", wait_us = 500 }
tasks = 4
teaches = "the same where tasks wait"
why-this-size = "long enough to be more than the clock's resolution"
models = ["sequential", "process-pool", "tokio-multi-thread"]
pool-workers = ["cores", "tasks"]
"#;

/// A name that no record may hold.
const SOMEBODY: &str = "somebody-in-particular";

/// Measures the definition, and returns the record as it lies on disk.
fn measure(folder: &Path, arguments: &[&str]) -> (serde_json::Value, Run) {
    let definition = folder.join("tiny.toml");
    fs::write(&definition, DEFINITION).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_checked-concbench"))
        .args(["run", "--quiet", "--definition", definition.to_str().unwrap()])
        .args(["--out", folder.to_str().unwrap()])
        .args(arguments)
        .envs(["USER", "LOGNAME", "HOSTNAME", "HOST"].map(|name| (name, SOMEBODY)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.join("latest").join(store::RECORD)).unwrap();
    (serde_json::from_str(&text).unwrap(), serde_json::from_str(&text).unwrap())
}

fn validator() -> jsonschema::Validator {
    let schema = include_str!("../../../schema/results.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).expect("the schema is one")
}

fn faults(record: &serde_json::Value) -> Vec<String> {
    validator().iter_errors(record).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

fn check_cell(cell: &CellRecord, blocks: usize, digest: &str) {
    assert_eq!(cell.status, Status::Ok, "{}: {:?}", cell.id, cell.reason);
    assert_eq!(cell.observations.len(), blocks, "{}", cell.id);
    for observation in &cell.observations {
        assert_eq!(observation.tasks, cell.tasks, "{}", cell.id);
        assert_eq!(observation.digest, digest, "{}", cell.id);
        let (phases, wall) = (observation.phases_ns(), observation.wall_ns);
        assert!(phases.abs_diff(wall) * 100 <= wall, "{}: phases {phases} ns, wall {wall} ns", cell.id);
    }
}

/// Every task of the batch ran, within the batch, on a worker of the kind that its model has.
fn check_timeline(run: &Run, timeline: &Timeline) {
    let cell = run.cells.iter().find(|cell| cell.id == timeline.cell).expect("a cell of the run");
    assert_eq!(timeline.truncated, None, "{}", cell.id);
    let mut tasks: Vec<u64> = timeline.spans.iter().map(|span| span.task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    assert_eq!(tasks, (0..cell.tasks).collect::<Vec<_>>(), "{}", cell.id);
    assert!(timeline.lanes.len() as u64 <= cell.workers, "{}: {:?}", cell.id, timeline.lanes);
    let kind = if cell.model == "process-pool" { "process " } else { "worker " };
    for (number, lane) in timeline.lanes.iter().enumerate() {
        assert_eq!(*lane, format!("{kind}{number}"), "{}", cell.id);
    }
    for span in &timeline.spans {
        assert!(span.start_ns <= span.end_ns && span.end_ns <= timeline.batch_ns, "{}: {span:?}", cell.id);
        assert!((span.lane as usize) < timeline.lanes.len(), "{}: {span:?}", cell.id);
    }
}

#[test]
fn a_record_fits_its_schema_and_its_figures_fit_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (json, run) = measure(folder.path(), &["--blocks", "2"]);
    assert_eq!(faults(&json), Vec::<String>::new());
    assert_eq!(run.run.mode, Mode::Custom);
    assert!(run.run.complete);
    assert_eq!(run.workloads.len(), 2);
    for workload in &run.workloads {
        let cells = || run.cells.iter().filter(|cell| cell.workload == workload.name);
        let digest = &cells().find(|cell| cell.model == "sequential").unwrap().observations[0].digest;
        assert!(cells().count() >= 3, "{}", workload.name);
        cells().for_each(|cell| check_cell(cell, 2, digest));
    }
    assert!(run.cells.iter().any(|cell| cell.twin));
    // Each model once in both workloads: they are of different classes.
    assert_eq!(run.timelines.len(), 6);
    run.timelines.iter().for_each(|timeline| check_timeline(&run, timeline));
}

#[test]
fn the_timers_of_a_run_are_measured_and_a_wait_below_ten_times_their_resolution_is_not_ranked() {
    let folder = tempfile::tempdir().unwrap();
    let (json, run) = measure(folder.path(), &["--blocks", "1"]);
    assert_eq!(faults(&json), Vec::<String>::new());
    let models: Vec<_> = run.timers.iter().map(|timer| timer.model.as_str()).collect();
    assert_eq!(models, ["sequential", "process-pool", "tokio-multi-thread"]);
    for timer in &run.timers {
        assert_eq!(timer.reason, None, "{}", timer.model);
        // A sleep of a microsecond takes at least that, and none that was asked for is missing.
        assert!(timer.resolution_ns.unwrap() >= 1_000.0, "{}", timer.model);
        let counts: Vec<_> = timer.slept.iter().map(|slept| (slept.asked_ns, slept.late_ns.len())).collect();
        assert_eq!(counts, [(1_000, 100), (1_000_000, 100), (10_000_000, 20)]);
    }
    let verdict = |name: &str| run.verdicts.iter().find(|found| found.workload == name).unwrap();
    let short = verdict("tiny-sleep");
    assert!(short.winners.is_empty() && short.unranked.is_some(), "{short:?}");
    assert!(run.comparisons.iter().any(|found| found.workload == "tiny-sleep"), "it is shown all the same");
    assert_eq!(verdict("tiny-count").unranked, None);
}

#[test]
fn a_quick_run_says_that_its_verdicts_are_indicative() {
    let folder = tempfile::tempdir().unwrap();
    let (json, run) = measure(folder.path(), &["--quick", "tiny-count"]);
    assert_eq!(faults(&json), Vec::<String>::new());
    assert_eq!((run.run.mode, run.run.blocks), (Mode::Quick, 5));
    assert!(run.run.indicative);
    assert!(run.cells.iter().all(|cell| cell.workload == "tiny-count"));
}

#[test]
fn the_schema_refuses_a_time_without_a_digest_and_a_failure_without_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (record, _) = measure(folder.path(), &["--blocks", "1", "tiny-count/sequential"]);
    let spoilt = |spoil: fn(&mut serde_json::Value)| {
        let mut record = record.clone();
        spoil(&mut record);
        faults(&record)
    };
    assert_eq!(spoilt(|_| ()), Vec::<String>::new());
    let spoils: [fn(&mut serde_json::Value); 5] = [
        |record| {
            record["cells"][0]["observations"][0].as_object_mut().unwrap().remove("digest");
        },
        |record| record["cells"][0]["observations"][0]["cold_ns"] = 0.into(),
        |record| record["cells"][0]["status"] = "crashed".into(),
        |record| record["run"]["indicative"] = false.into(),
        |record| record["surprise"] = 1.into(),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        assert!(!spoilt(spoil).is_empty(), "spoilt record {number} passes");
    }
}

/// What tells this machine from all others, as far as it can be read.
fn private() -> Vec<String> {
    let mut files = vec!["/proc/sys/kernel/hostname".to_owned(), "/etc/machine-id".to_owned()];
    files.extend(
        ["product_serial", "product_uuid", "board_serial"].map(|id| format!("/sys/class/dmi/id/{id}")),
    );
    let cards = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    files.extend(cards.map(|card| card.path().join("address").to_string_lossy().into_owned()));
    let read = files.iter().filter_map(|path| fs::read_to_string(path).ok());
    let names = read.map(|text| text.trim().to_owned());
    // A short name may be part of any word, and the loopback device has an address of zeros.
    names.filter(|name| name.len() > 5 && !name.starts_with("00:00:00")).collect()
}

#[test]
fn a_record_names_a_machine_by_its_label_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (record, run) =
        measure(folder.path(), &["--blocks", "1", "--label", "rented", "tiny-count/sequential"]);
    assert_eq!(run.run.label, "rented");
    let text = record.to_string();
    for name in private().iter().map(String::as_str).chain([SOMEBODY]) {
        assert!(!text.contains(name), "{name}");
    }
}
