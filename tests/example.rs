//! A user's own crate with a workload of its own, as `cargo bench` runs it.

use std::path::Path;
use std::process::Command;

use concbench::models::{BuiltIn, Catalogue};
use concbench::record::{Record, Status, store};

/// One block of the example, built like the tests and not for speed: what is asked is whether it works.
fn bench(folder: &Path) -> Record {
    let output = Command::new(env!("CARGO"))
        // Of the workspace, so that what the tests were built with is used again.
        .args(["bench", "--quiet", "--profile", "dev", "--workspace", "--bench", "checkout", "--"])
        .args(["--noplot", "--warm-up-time", "0.01", "--measurement-time", "0.01"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CONCBENCH_BLOCKS", "1")
        .env("CONCBENCH_OUT", folder)
        .env("CRITERION_HOME", folder.join("criterion"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    store::load(&folder.join("latest")).expect("it leaves a record")
}

#[test]
fn a_workload_of_the_users_runs_under_every_model_processes_included() {
    let folder = tempfile::tempdir().unwrap();
    let record = bench(folder.path());
    let matrix = &record.experiments["matrix"];
    for info in BuiltIn::infos().iter().filter(|info| info.default) {
        let cells: Vec<_> = matrix.cells.iter().filter(|cell| cell.factors["model"] == info.id).collect();
        assert!(!cells.is_empty(), "{} was not measured", info.id);
        for cell in cells {
            assert_eq!(cell.status, Status::Ok, "{}: {:?}", cell.id, cell.reason);
            assert_eq!(cell.observations.len(), 1, "{}", cell.id);
            let criterion = &matrix.setup["criterion_median_ns"][&cell.id];
            assert_eq!(criterion.is_null(), cell.factors["twin"] == true, "{}", cell.id);
        }
    }
    let digests: Vec<_> = matrix.cells.iter().map(|cell| &cell.observations[0].responses["digest"]).collect();
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
}
