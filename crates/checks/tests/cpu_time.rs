//! CPU time that is known shows in a record.

use std::fs;
use std::process::Command;

use concbench::record::{RawCell, Status, parse, store};

/// What each of four tasks takes.
const TASK_MS: u64 = 120;
const MODELS: [&str; 4] = ["sequential", "thread-pool", "process-pool", "process-spawn"];

/// The cell of a workload and a model, which was measured.
fn cell<'a>(cells: &'a [RawCell], workload: &str, model: &str) -> &'a RawCell {
    let is_it = |cell: &&RawCell| cell.factors["workload"] == workload && cell.factors["model"] == model;
    let cell = cells.iter().find(is_it).unwrap();
    assert_eq!(cell.status, Status::Ok, "{workload}/{model}: {:?}", cell.reason);
    cell
}

#[test]
fn the_cpu_time_of_a_batch_is_what_its_tasks_take() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_checked-concbench"))
        .env("CHECKS_BURN_MS", TASK_MS.to_string())
        .args(["run", &format!("^(burn|start)/({})@", MODELS.join("|")), "--quiet", "--blocks", "3"])
        .args(["--out", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read(folder.path().join("latest").join(store::RECORD)).unwrap();
    let record = parse::parse(&text).unwrap();
    let cells = &record.experiments["matrix"].cells;
    for model in MODELS {
        // To start processes takes time of its own, which is no task's and differs by machine.
        let to_start = cell(cells, "start", model).summary["cpu_ns"].median;
        let cell = cell(cells, "burn", model);
        let expected = (4 * TASK_MS * 1_000_000) as f64;
        for made in &cell.observations {
            let seen = &made.responses;
            let warm = seen["warm_ns"].as_array().unwrap().len() as f64;
            let cpu = seen["warm_cpu_ns"].as_f64().unwrap_or_else(|| panic!("{model}: {seen}")) / warm;
            let of_tasks = cpu - to_start;
            let off = (of_tasks / expected - 1.0).abs();
            assert!(off < 0.1, "{model}: {cpu} ns, {to_start} ns to start, {warm} warm batches");
        }
        // What the runner used over its life is more: it has started, and ran a first batch.
        let [batch, life] = ["cpu_ns", "runner_cpu_ns"].map(|name| cell.summary[name].median);
        println!("{model}: {:.1} % off", 100.0 * ((batch - to_start) / expected - 1.0));
        assert!(life > 0.9 * batch, "{model}: {life} ns, {batch} ns");
    }
}
