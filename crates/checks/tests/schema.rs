//! What a run really writes, against the published schema and against what the schema cannot say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use concbench::record::{Mode, RawCell, Record, Status, parse, store};
use concbench::results;
use serde_json::{Value, json};

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
fn measure(folder: &Path, arguments: &[&str]) -> (Value, Record) {
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
    (serde_json::from_str(&text).unwrap(), parse::parse(text.as_bytes()).unwrap())
}

/// The published schema.
const SCHEMA: &str = include_str!("../../../schema/results.schema.json");

fn faults(record: &Value) -> Vec<String> {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    validator.iter_errors(record).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

/// A field of an observation, or of a cell's levels.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn check_cell(cell: &RawCell, blocks: usize, digest: &Value) {
    assert_eq!(cell.status, Status::Ok, "{}: {:?}", cell.id, cell.reason);
    assert_eq!(cell.observations.len(), blocks, "{}", cell.id);
    for made in &cell.observations {
        let seen = &made.responses;
        assert_eq!(seen["tasks"], cell.factors["tasks"], "{}", cell.id);
        assert_eq!(&seen["digest"], digest, "{}", cell.id);
        let parts =
            ["startup_ns", "cold_ns", "probe_ns", "shutdown_ns"].iter().map(|part| number(&seen[part]));
        let each = seen.get("warm_each").map_or(1, number);
        let warm = seen["warm_ns"].as_array().unwrap().iter().map(|figure| each * number(figure));
        let (phases, wall) = (parts.chain(warm).sum::<u64>(), number(&seen["wall_ns"]));
        assert!(phases.abs_diff(wall) * 100 <= wall, "{}: phases {phases} ns, wall {wall} ns", cell.id);
    }
}

/// Every task of the batch ran, within the batch, on a worker of the kind that its model has.
fn check_timeline(cell: &RawCell) {
    let [made] = &cell.observations[..] else { panic!("{}: {:?}", cell.id, cell.reason) };
    let timeline = &made.responses;
    assert_eq!(timeline.get("truncated"), None, "{}", cell.id);
    let spans = timeline["spans"].as_array().unwrap();
    let mut tasks: Vec<u64> = spans.iter().map(|span| number(&span["task"])).collect();
    tasks.sort_unstable();
    tasks.dedup();
    assert_eq!(tasks, [0, 1, 2, 3], "{}", cell.id);
    let lanes = timeline["lanes"].as_array().unwrap();
    assert!(lanes.len() as u64 <= number(&cell.factors["workers"]), "{}: {lanes:?}", cell.id);
    let kind = if cell.factors["model"] == "process-pool" { "process " } else { "worker " };
    for (place, lane) in lanes.iter().enumerate() {
        assert_eq!(*lane, json!(format!("{kind}{place}")), "{}", cell.id);
    }
    for span in spans {
        let [start, end] = ["start_ns", "end_ns"].map(|name| number(&span[name]));
        assert!(start <= end && end <= number(&timeline["batch_ns"]), "{}: {span}", cell.id);
        assert!((number(&span["lane"]) as usize) < lanes.len(), "{}: {span}", cell.id);
    }
}

#[test]
fn the_published_schema_is_that_of_the_program() {
    let output = Command::new(env!("CARGO_BIN_EXE_checked-concbench")).arg("schema").output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed == SCHEMA, "`make schema` publishes it");
}

/// The records that are committed: those of the reference, and a small one of every experiment, of a
/// `concbench run --quick --with all`.
fn committed() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let runs = entries(root.join("../../reports/reference")).filter(|path| path.is_dir());
    let mut paths: Vec<PathBuf> = runs.map(|run| run.join(store::RECORD)).collect();
    paths.extend(entries(root.join("tests/records")));
    paths
}

#[test]
fn every_committed_record_fits_the_schema_and_analysed_again_has_the_same_bytes() {
    let mut experiments = 0;
    for path in committed() {
        let text = fs::read_to_string(&path).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(faults(&json), Vec::<String>::new(), "{}", path.display());
        let mut record = store::load(&path).unwrap_or_else(|error| panic!("{error}"));
        results::complete(&mut record).unwrap();
        let again = serde_json::to_string_pretty(&record).unwrap() + "\n";
        let differs = again.lines().zip(text.lines()).find(|(again, text)| again != text);
        assert!(again == text, "{}: analysed again it is another one: {differs:?}", path.display());
        experiments = experiments.max(record.experiments.len());
    }
    assert!(experiments > 3, "no record holds more than {experiments} experiments");
}

#[test]
fn a_record_fits_its_schema_and_its_figures_fit_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (json, record) = measure(folder.path(), &["--blocks", "2"]);
    assert_eq!(faults(&json), Vec::<String>::new());
    assert_eq!(record.run.mode, Mode::Custom);
    assert!(record.run.complete);
    let matrix = &record.experiments["matrix"];
    let workloads = matrix.setup["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 2);
    for workload in workloads {
        let name = &workload["name"];
        let cells = || matrix.cells.iter().filter(|cell| cell.factors["workload"] == *name);
        let baseline = cells().find(|cell| cell.factors["model"] == "sequential").unwrap();
        let digest = &baseline.observations[0].responses["digest"];
        assert!(cells().count() >= 3, "{name}");
        cells().for_each(|cell| check_cell(cell, 2, digest));
    }
    assert!(matrix.cells.iter().any(|cell| cell.factors["twin"] == true));
    // Each model once in both workloads: they are of different classes.
    let timelines = &record.experiments["timelines"].cells;
    assert_eq!(timelines.len(), 6);
    timelines.iter().for_each(check_timeline);
}

#[test]
fn the_timers_of_a_run_are_measured_and_short_waits_are_ranked() {
    let folder = tempfile::tempdir().unwrap();
    let (json, record) = measure(folder.path(), &["--blocks", "1"]);
    assert_eq!(faults(&json), Vec::<String>::new());
    let timers = &record.experiments["timers"];
    let measured = |id: &str| timers.cells.iter().find(|cell| cell.factors["model"] == id).unwrap();
    for id in ["sequential", "process-pool", "tokio-multi-thread"] {
        let cell = measured(id);
        assert_eq!((cell.status, &cell.reason), (Status::Ok, &None), "{id}");
        // A sleep of a microsecond takes at least that, and none that was asked for is missing.
        assert!(cell.summary["late_after_1us_ns"].median >= 0.0, "{id}");
        let slept = cell.observations[0].responses["slept"].as_array().unwrap();
        let count = |slept: &Value| (number(&slept["asked_ns"]), slept["late_ns"].as_array().unwrap().len());
        let counts: Vec<_> = slept.iter().map(count).collect();
        assert_eq!(counts, [(1_000, 100), (1_000_000, 100), (10_000_000, 20)]);
    }
    let findings = &record.experiments["matrix"].findings;
    let found = |list: &str, name: &str| {
        let found = findings[list].as_array().unwrap().iter().find(|found| found["workload"] == name);
        found.unwrap_or_else(|| panic!("{list} lacks {name}")).clone()
    };
    let winners = found("verdicts", "tiny-sleep")["winners"].as_array().unwrap().len();
    assert!(winners > 0, "half a millisecond is ranked");
    let of = |workload: &str| -> Vec<f64> {
        let all = findings["comparisons"].as_array().unwrap().iter();
        all.filter(|found| found["workload"] == workload)
            .map(|found| found["timers"].as_f64().unwrap())
            .collect()
    };
    assert!(of("tiny-sleep").into_iter().any(|timers| timers > 0.0), "timers are never late alike");
    assert!(of("tiny-count").into_iter().all(|timers| timers == 0.0), "nothing waits there");
}

#[test]
fn a_quick_run_says_that_its_verdicts_are_indicative() {
    let folder = tempfile::tempdir().unwrap();
    let (json, record) = measure(folder.path(), &["--quick", "tiny-count"]);
    assert_eq!(faults(&json), Vec::<String>::new());
    assert_eq!((record.run.mode, record.run.blocks), (Mode::Quick, 5));
    assert!(record.run.indicative);
    let cells = record.experiments.values().flat_map(|experiment| &experiment.cells);
    assert!(cells.clone().count() > 3 && cells.clone().all(|cell| cell.id.contains("tiny-count")));
}

#[test]
fn the_schema_refuses_what_no_run_writes() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["--only", "matrix", "--blocks", "1", "tiny-count/sequential"];
    let (record, _) = measure(folder.path(), &only);
    let spoilt = |spoil: fn(&mut Value)| {
        let mut record = record.clone();
        spoil(&mut record);
        faults(&record)
    };
    assert_eq!(spoilt(|_| ()), Vec::<String>::new());
    fn cell(record: &mut Value) -> &mut Value {
        &mut record["experiments"]["matrix"]["cells"][0]
    }
    let spoils: [fn(&mut Value); 6] = [
        |record| {
            let seen = &mut cell(record)["observations"][0]["responses"];
            seen.as_object_mut().unwrap().remove("digest").unwrap();
        },
        |record| cell(record)["observations"][0]["responses"]["cold_ns"] = json!(-1),
        |record| cell(record)["status"] = "vanished".into(),
        |record| cell(record)["factors"]["workers"] = "two".into(),
        |record| record["experiments"]["matrix"]["findings"] = Value::Null,
        |record| record["experiments"]["astrology"] = record["experiments"]["matrix"].clone(),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        assert!(!spoilt(spoil).is_empty(), "spoilt record {number} passes");
    }
}

/// How the places of objects end whose keys are names and no fields.
const MAPS: [&str; 6] = [
    "/calibrations",
    "/cells/[]/summary",
    "/machine/limits",
    "/machine/missing",
    "/findings/ideal_ns",
    "/setup/criterion_median_ns",
];
/// Whole numbers that may be below 0: what wakes early is late by less than nothing.
const SIGNED: [&str; 1] = ["late_ns"];
/// Objects to which no later version adds a field: of another experiment, or another kernel, the schema knows nothing.
const CLOSED: [&str; 2] = ["experiments", "kernel"];
/// The fields that a record may lack, behind the field that holds them.
const OPTIONAL: [(&str, &str); 27] = [
    ("blocks", "breach foreign frequency_khz pressure steal thermal_throttles throttled_ns"),
    (
        "calibrations",
        "capacity cpu_ns idle_cpu late_p99_ns peak_rss_bytes rate_per_s target_busy warm_cpu_ns warm_cpu_reason",
    ),
    ("capacity", "reason sustained_per_s"),
    ("cells", "reason summary"),
    ("closed", "late_p99_ns p90_ns p99_bound_ns p99_ns target_busy task_cpu_ns"),
    ("comparisons", "smallest_effect"),
    ("experiments", "granularity latency matrix memory switches timelines timers"),
    ("factors", "rate_per_s share"),
    ("findings", "closed idle_cpu knee limited peak per_task reason refusal resolution_ns sustained_per_s"),
    ("granularity", "calibrations"),
    ("latency", "calibrations"),
    ("lateness", "p99_ns"),
    (
        "machine",
        "allowed_cpus aslr clock_source cpu governor kernel load_one logical_cpus memory_bytes missing on_battery",
    ),
    ("machine", "os physical_cores quota_cores smt turbo virtualisation"),
    ("matrix", "calibrations"),
    ("models", "left_out metg refusal"),
    ("observations", "usage"),
    ("open", "rate_per_s share summary"),
    ("points", "efficiency"),
    (
        "responses",
        "cpu_ns late_p99_ns page_table_bytes peak_rss_bytes processes rate_per_s resident_bytes \
         target_busy warm_cpu_ns warm_cpu_reason",
    ),
    ("run", "filter"),
    ("setup", "criterion_median_ns room_bytes room_limit room_reason"),
    ("sizes", "n task_ns"),
    ("summary", "late_p99_ns p90_ns p99_bound_ns p99_ns target_busy task_cpu_ns"),
    ("tool", "commit"),
    ("verdicts", "noise_floor smallest_effect"),
    ("workloads", "kernel"),
];

/// A place in a record, and what all places are called that hold the same field of the same type.
struct Field {
    pointer: String,
    /// The names on the way there: `*` for a key of a map, `[]` for an element of a list.
    class: String,
}

/// One place for each field of a record and each kind of value that it holds somewhere.
fn fields(record: &Value) -> Vec<Field> {
    fn kind(value: &Value) -> &'static str {
        match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_u64() => "whole",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        }
    }
    fn walk(
        value: &Value,
        pointer: String,
        class: String,
        known: &mut BTreeSet<(String, &'static str)>,
        found: &mut Vec<Field>,
    ) {
        match value {
            Value::Object(object) => {
                let map = is_map(&class);
                for (key, value) in object {
                    let name = if map { "*" } else { key };
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(value, format!("{pointer}/{key}"), format!("{class}/{name}"), known, found);
                }
            }
            Value::Array(list) => {
                for (place, value) in list.iter().enumerate() {
                    walk(value, format!("{pointer}/{place}"), format!("{class}/[]"), known, found);
                }
            }
            _ => {}
        }
        if known.insert((class.clone(), kind(value))) {
            found.push(Field { pointer, class });
        }
    }
    let mut found = Vec::new();
    walk(record, String::new(), String::new(), &mut BTreeSet::new(), &mut found);
    found
}

fn is_map(class: &str) -> bool {
    MAPS.iter().any(|end| class.ends_with(end))
}

/// The last field on the way.
fn last(class: &str) -> &str {
    class.rsplit('/').find(|name| !["[]", "*"].contains(name)).unwrap_or_default()
}

/// The last two names, which tell a field from those of the same name elsewhere.
fn short(class: &str) -> String {
    let names: Vec<&str> = class.split('/').filter(|name| !["[]", "*"].contains(name)).collect();
    names[names.len().saturating_sub(2)..].join("/")
}

#[test]
fn every_field_of_a_record_is_asked_for_and_has_its_type() {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records/small.json");
    let mut record: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(validator.is_valid(&record));
    let fields = fields(&record);
    assert!(fields.len() > 300, "{}", fields.len());
    let (mut missed, mut grown, mut loose) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for Field { pointer, class } in &fields {
        // Another type, and a number that none is.
        let value = record.pointer(pointer).unwrap().clone();
        let mut others = vec![match &value {
            Value::Null => json!([[]]),
            Value::Array(_) => json!({"astrology": 1}),
            Value::String(_) => json!(7),
            _ => json!("astrology"),
        }];
        others.extend((value.is_u64() && !SIGNED.contains(&last(class))).then(|| json!(-1)));
        for other in others {
            *record.pointer_mut(pointer).unwrap() = other.clone();
            if validator.is_valid(&record) {
                loose.push(format!("{class}: {other}"));
            }
        }
        *record.pointer_mut(pointer).unwrap() = value;
        let map = is_map(class);
        if let Some(object) = record.pointer_mut(pointer).unwrap().as_object_mut() {
            object.insert("astrology".to_owned(), json!([[]]));
            if !validator.is_valid(&record) && !map {
                grown.insert(last(class).to_owned());
            } else if map && validator.is_valid(&record) {
                loose.push(format!("{class}: anything"));
            }
            let object = record.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
            object.remove("astrology");
            if map {
                continue;
            }
            for key in object.keys().cloned().collect::<Vec<_>>() {
                let whole = record.pointer(pointer).unwrap().clone();
                record.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(&key);
                if validator.is_valid(&record) {
                    missed.insert(short(&format!("{class}/{key}")));
                }
                *record.pointer_mut(pointer).unwrap() = whole;
            }
        }
    }
    assert_eq!(loose, Vec::<String>::new());
    let of = |(above, names): (&str, &str)| -> Vec<String> {
        names.split(' ').map(|name| format!("{above}/{name}")).collect()
    };
    assert_eq!(missed, OPTIONAL.into_iter().flat_map(of).collect());
    assert_eq!(grown, CLOSED.map(str::to_owned).into());
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
    let (json, record) =
        measure(folder.path(), &["--blocks", "1", "--label", "rented", "tiny-count/sequential"]);
    assert_eq!(record.run.label, "rented");
    let text = json.to_string();
    for name in private().iter().map(String::as_str).chain([SOMEBODY]) {
        assert!(!text.contains(name), "{name}");
    }
}
