//! `concbench selftest`, from outside: that its figures follow from what it says it measured. Whether they are good is
//! not asserted; that depends on the machine.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

#[test]
fn its_figures_follow_from_its_comparisons_and_its_exit_code_from_its_verdicts() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concbench"));
    command.args(["selftest", "--quick", "--blocks", "2", "--seed", "7", "--quiet", "--format", "json"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!((&found["seed"], &found["blocks"]), (&7.into(), &2.into()));
    let checks = list(&found, "checks");
    let ids: BTreeSet<&str> = checks.iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), checks.len());
    let check = |id: &str| checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id}"));

    let missed = checks.iter().any(|check| check["verdict"] == "missed");
    assert_eq!(output.status.code(), Some(if missed { 3 } else { 0 }), "{said}");
    for check in checks {
        assert_eq!(check["bound"].is_null(), check["verdict"].is_null(), "{check}");
        assert!(!check["figure"].as_str().unwrap().is_empty(), "{check}");
    }
    assert_eq!(check("measured")["verdict"], "held", "{}", check("measured"));
    // Twenty cells at two prices; three effects under two models.
    assert_eq!((list(&found, "equals").len(), list(&found, "effects").len()), (40, 6));
    for comparison in list(&found, "equals").iter().chain(list(&found, "effects")) {
        let [low, ratio, high] = ["low", "ratio", "high"].map(|key| comparison[key].as_f64().unwrap());
        assert!(low <= ratio && ratio <= high, "{comparison}");
        assert_eq!(comparison["pairs"], 2);
    }
    let holds = list(&found, "equals")
        .iter()
        .filter(|equal| equal["low"].as_f64().unwrap() <= 1.0 && equal["high"].as_f64().unwrap() >= 1.0);
    let (holds, sequential) = (holds.count() as f64, 3.0);
    let coverage = check("coverage")["value"].as_f64().unwrap();
    assert!((holds..=holds + sequential).contains(&coverage), "{holds} of the equals, {coverage} in all");
    // Two blocks call nothing different, and nothing is judged by them.
    for id in ["equals-steady", "equals-one-off", "coverage", "machine"] {
        assert_eq!(check(id)["verdict"], "unknown", "{}", check(id));
    }
    for id in ["phases", "own-task", "own-share", "launch"] {
        assert!(check(id)["value"].as_f64().unwrap() > 0.0, "{}", check(id));
    }
    let launch = check("launch")["value"].as_f64().unwrap();
    assert!(launch < found["elapsed_ns"].as_f64().unwrap());
}
