//! Runs of the experiments `sharing` and `cancellation`, small ones: what they find, and how they end.

use std::process::{Command, Output};

use concbench::record::{RawCell, Status, store};

/// Runs one of them in one block: what was printed, and its cells.
fn run(experiment: &str, filter: &str) -> (Output, Vec<RawCell>) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_concbench"))
        .args(["run", "--only", experiment, "--quick", "--blocks", "1", filter, "--out"])
        .arg(folder.path())
        .output()
        .unwrap();
    let record = store::load(&folder.path().join("latest"))
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let cells = record.experiments[experiment].cells.clone();
    (output, cells)
}

#[test]
fn a_deadlock_ends_as_a_row_and_the_run_has_not_failed() {
    let (output, cells) = run("sharing", "^sharing/(deadlock/|atomic/thread-spawn@2)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for cell in cells {
        let reason = cell.reason.as_deref().unwrap_or_default();
        let (status, why) = match cell.factors["model"].as_str().unwrap() {
            _ if cell.id.contains("/atomic/") => (Status::Ok, ""),
            "sequential" => {
                (Status::Unsupported, "2 tasks wait for each other, and this model has 1 under way at once")
            }
            _ => (Status::TimedOut, "each of two tasks holds the lock that the other waits for"),
        };
        assert_eq!(cell.status, status, "{}: {reason}", cell.id);
        assert!(reason.starts_with(why), "{}: {reason}", cell.id);
    }
}

#[test]
fn tasks_that_take_turns_lose_nothing_until_one_waits_between_reading_and_writing() {
    let (_, cells) = run("sharing", "^sharing/nothing/(sequential|tokio-current-thread)@2");
    let lost = |id: &str| {
        let cell = cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("there is no {id}"));
        cell.observations[0].responses["lost"].as_u64().unwrap()
    };
    for model in ["sequential", "tokio-current-thread"] {
        assert_eq!(lost(&format!("sharing/nothing/{model}@2")), 0);
        assert_eq!(lost(&format!("sharing/nothing/{model}@2+100us")), 0);
    }
    assert_eq!(lost("sharing/nothing/sequential@2+wait-100us"), 0);
    assert!(lost("sharing/nothing/tokio-current-thread@2+wait-100us") > 0);
}

#[test]
fn every_way_to_cancel_keeps_its_promise_in_a_run() {
    let (output, cells) = run("cancellation", "(/waiting@10|/computing@8)$");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A model without a way of its own stands there with a reason, under its own name.
    let (without, cells): (Vec<_>, Vec<_>) = cells.into_iter().partition(|cell| {
        matches!(cell.status, Status::Unsupported | Status::Skipped)
            && cell.factors["construct"] == cell.factors["model"]
    });
    assert!(without.iter().all(|cell| cell.reason.is_some()), "{without:?}");
    assert!(cells.len() > 20, "{cells:?}");
    for cell in cells {
        assert_eq!(cell.status, Status::Ok, "{}: {:?}", cell.id, cell.reason);
        let seen = &cell.observations[0].responses;
        let (begun, ran) = (seen["begun"].as_u64().unwrap(), seen["destructors"].as_u64().unwrap());
        match cell.factors["construct"].as_str().unwrap() {
            "process-kill" => assert_eq!((ran, seen["held"].as_bool()), (0, Some(true)), "{}", cell.id),
            _ => assert_eq!((ran, seen["held"].as_bool()), (begun, Some(false)), "{}", cell.id),
        }
    }
}
