//! The model beside built-in ones, as `cargo bench` runs them.

use std::process::Command;

use concbench::record::{Status, store};

#[test]
fn a_model_of_the_users_is_measured_beside_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    // One block, built like the tests and not for speed: what is asked is whether it works.
    let output = Command::new(env!("CARGO"))
        // As a part of the workspace, whose libraries are built already: by itself it would have them with fewer features.
        .args(["bench", "--quiet", "--profile", "dev", "--workspace", "--bench", "own_model", "--"])
        .args(["--noplot", "--warm-up-time", "0.01", "--measurement-time", "0.01"])
        .arg("^(noop|sleep)/(sequential|striped|thread-pool)@")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CONCBENCH_BLOCKS", "1")
        .env("CONCBENCH_OUT", folder.path())
        .env("CRITERION_HOME", folder.path().join("criterion"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let record = store::load(&folder.path().join("latest")).expect("it leaves a record");
    for workload in ["noop", "sleep"] {
        for model in ["sequential", "striped", "thread-pool"] {
            let of = |id: &str| id.starts_with(&format!("{workload}/{model}@"));
            let mut cells = record.experiments["matrix"].cells.iter().filter(|cell| of(&cell.id));
            assert!(cells.clone().count() > 0, "{workload}/{model} was not measured");
            assert!(cells.all(|cell| cell.status == Status::Ok), "{workload}/{model}");
        }
    }
}
