//! CPU time that is known shows in a record.

use std::fs;
use std::process::Command;

use concbench::record::{Status, parse, store};

/// What each of four tasks takes.
const TASK_MS: u64 = 120;
const MODELS: [&str; 4] = ["sequential", "thread-pool", "process-pool", "process-spawn"];

#[test]
fn the_cpu_time_of_a_batch_is_what_its_tasks_take() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_checked-concbench"))
        .env("CHECKS_BURN_MS", TASK_MS.to_string())
        .args(["run", &format!("^burn/({})@", MODELS.join("|")), "--quiet", "--blocks", "3"])
        .args(["--out", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read(folder.path().join("latest").join(store::RECORD)).unwrap();
    let record = parse::parse(&text).unwrap();
    let cells = &record.experiments["matrix"].cells;
    for model in MODELS {
        let cell = cells.iter().find(|cell| cell.factors["model"] == model).unwrap();
        assert_eq!(cell.status, Status::Ok, "{model}: {:?}", cell.reason);
        let expected = (4 * TASK_MS * 1_000_000) as f64;
        for made in &cell.observations {
            let seen = &made.responses;
            let warm = seen["warm_ns"].as_array().unwrap().len() as f64;
            let cpu = seen["warm_cpu_ns"].as_f64().unwrap_or_else(|| panic!("{model}: {seen}")) / warm;
            assert!((cpu / expected - 1.0).abs() < 0.1, "{model}: {cpu} ns, {warm} warm batches");
        }
        // What the runner used over its life is more: it has started, and ran a first batch.
        let [batch, life] = ["cpu_ns", "runner_cpu_ns"].map(|name| cell.summary[name].median);
        println!("{model}: {:.1} % off", 100.0 * (batch / expected - 1.0));
        assert!(life > 0.9 * batch, "{model}: {life} ns, {batch} ns");
    }
}
