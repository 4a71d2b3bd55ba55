//! The plan, on a machine on which nothing is started; and what follows from what is made up.

use serde_json::{Value, json};

use super::{Cell, Languages, MOST_ROUNDS, plan};
use crate::experiment::conduct::mock::MockLauncher;
use crate::experiment::rehearsal::{rehearse, scope};
use crate::experiment::{Experiment, Externals, Scope, text_tables};
use crate::record::{Factors, Failure, Mode, Record, Status};
use crate::report::Format;
use crate::runner::{Request, RunnerError};

fn planned(names: &[&str], mode: Mode) -> Scope {
    let mut scope = scope(Vec::new(), 2, false, 7);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    scope.settings.externals = Externals::named(&names).unwrap();
    scope.settings.mode = mode;
    scope
}

/// What a runner says of itself.
fn description(request: &Request, held: bool) -> Value {
    let models = request.order["describe"]["manifest"]["model"].as_array().unwrap();
    let missing =
        |id: &str| if id == "uvloop" { json!("the package uvloop is not there") } else { Value::Null };
    let models: serde_json::Map<String, Value> = models
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .map(|id| (id.to_owned(), missing(id)))
        .collect();
    let how = "the mock says so";
    json!({
        "protocol": 1, "language": "L", "implementation": "I", "version": "1", "jit": false,
        "global_lock": { "held": held, "how": how }, "models": models,
    })
}

/// A model whose batches take so long on so many cores.
fn measured(batch_ns: u64, cores: f64) -> Value {
    json!({
        "startup_ns": 5_000_000, "cold_ns": batch_ns, "warm_ns": vec![batch_ns; 5], "warm_each": 1, "shutdown_ns": 1_000,
        "batches_cpu_ns": (6.0 * batch_ns as f64 * cores) as u64, "life_cpu_ns": 1, "resident_bytes": 1 << 20, "processes": 1,
        "tasks": 1, "digest": "00",
    })
}

/// A run of these runners, in which threads of Python take turns.
fn run(names: &[&str], mode: Mode, breaks: &str) -> (Vec<String>, Record) {
    let scope = planned(names, mode);
    let mut launcher = MockLauncher::new(|_, id, request| {
        if id == breaks {
            let reason = format!("{id} is not there; install it");
            return Err(RunnerError::Failure(Failure::new(Status::Unsupported, reason)));
        }
        if !request.order["describe"].is_null() {
            return Ok(description(request, id.ends_with("/python")));
        }
        Ok(match id {
            "languages/factorial/python/threads@12" => measured(20_000_000, 1.0),
            _ if id.contains("/python/") => measured(10_000_000, 2.0),
            _ => measured(1_000_000, 2.0),
        })
    });
    let record = rehearse(Languages::ID, &scope, None, &|_| true, &mut launcher);
    (std::mem::take(&mut launcher.asked), record)
}

#[test]
fn every_runner_is_asked_what_it_is_before_all_languages_share_their_blocks() {
    let (asked, record) = run(&["python", "node"], Mode::Default, "nothing");
    assert_eq!(asked[..3], ["languages/rust", "languages/python", "languages/node"]);
    let found = &record.experiments[Languages::ID];
    for cell in &found.cells {
        let missing = cell.id.contains("uvloop");
        assert_eq!(
            cell.status,
            if missing { Status::Unsupported } else { Status::Ok },
            "{}: {:?}",
            cell.id,
            cell.reason
        );
        let rounds = cell.factors["most_rounds"].as_u64().unwrap();
        assert_eq!(cell.observations.len() as u64, if missing { 0 } else { rounds }, "{}", cell.id);
    }
    // A block of a kernel holds every language.
    let sleeps = |runner: &str| {
        asked.iter().filter(|id| id.starts_with(&format!("languages/sleep/{runner}/"))).count()
    };
    assert!(sleeps("rust") > 10 && sleeps("python") > 10 && sleeps("node") > 5);
    let first: Vec<_> =
        asked[3..].iter().take_while(|id| id.split('/').nth(1) == asked[3].split('/').nth(1)).collect();
    assert!(
        ["rust", "python", "node"]
            .iter()
            .all(|runner| first.iter().any(|id| id.contains(&format!("/{runner}/"))))
    );
}

#[test]
fn a_language_that_is_not_there_is_said_once_and_fails_nothing() {
    let (asked, record) = run(&["python", "go"], Mode::Quick, "languages/go");
    assert!(!asked.iter().any(|id| id.contains("/go/")), "nothing of it is started");
    for cell in &record.experiments[Languages::ID].cells {
        if cell.factors["runner"] == "go" {
            assert_eq!(cell.status, Status::Unsupported);
            assert_eq!(cell.reason.as_deref(), Some("languages/go is not there; install it"));
        }
    }
    assert!(record.experiments[Languages::ID].cells.iter().all(|cell| !cell.status.is_broken()));
}

#[test]
fn the_cause_is_named_where_a_lock_is_held_and_threads_keep_one_core_busy() {
    let (_, record) = run(&["python", "java"], Mode::Default, "nothing");
    let text = text_tables(&record, Format::Terminal).unwrap();
    assert!(text.contains("12 factorials take 2.00x as long by threading.Thread"), "{text}");
    assert!(
        text.contains("the threads keep 1.0 cores busy, the processes 2.0; the cause is its global lock"),
        "{text}"
    );
    // Nobody else holds one, and nobody else's threads are slow.
    assert_eq!(text.matches("global lock, under which").count(), 1, "{text}");
}

#[test]
fn languages_are_compared_by_every_kernel_but_the_one_that_compares_libraries() {
    let (_, record) = run(&["python"], Mode::Default, "nothing");
    let across = record.experiments[Languages::ID].findings["across"].as_array().unwrap().clone();
    let kernels: Vec<&str> = across.iter().map(|found| found["workload"].as_str().unwrap()).collect();
    assert_eq!(kernels, ["noop", "count", "sleep", "http", "mixed"]);
    for found in &across {
        assert_eq!(found["ratio"].as_f64().map(|ratio| (ratio * 100.0).round()), Some(1000.0), "{found}");
    }
    let within = record.experiments[Languages::ID].findings["within"].as_array().unwrap();
    assert!(within.iter().any(|verdict| verdict["workload"] == "python factorial"));
}

#[test]
fn a_run_takes_about_six_minutes_on_two_cores_and_a_quick_one_a_quarter() {
    let estimate = |mode, blocks| {
        let mut scope = planned(&["python", "go", "node", "java"], mode);
        scope.settings.blocks = blocks;
        Languages::estimate(&scope, &Languages::cells(&scope)).as_secs()
    };
    let (usual, quick) = (estimate(Mode::Default, 20), estimate(Mode::Quick, 5));
    assert!((240..=360).contains(&usual), "{usual} s");
    assert!((45..=90).contains(&quick), "{quick} s");
}

#[test]
fn a_cell_is_found_by_its_id_and_by_its_counterpart_on_another_machine() {
    let scope = planned(&["python"], Mode::Default);
    let cells = Languages::cells(&scope);
    let ids: std::collections::HashSet<String> = cells.iter().map(Factors::id).collect();
    assert_eq!(ids.len(), cells.len());
    let pool = |cell: &&Cell| cell.id() == "languages/count/python/pool-map@2";
    let pool = cells.iter().find(pool).unwrap();
    assert_eq!(pool.counterpart().as_deref(), Some("count/python/pool-map@cores"));
    assert_eq!(pool.blocks(20), MOST_ROUNDS);
    assert_eq!(plan::describing("python"), "languages/python");
}
