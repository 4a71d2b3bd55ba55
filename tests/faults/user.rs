//! Models and workloads that misbehave are rows with a status and a reason, and harm no other cell.

use concbench::record::Status;

use crate::cases::Held;
use crate::scene::{Scene, cell, factor};

const MODELS: &[(&str, Status, &str)] = &[
    ("sequential", Status::Ok, ""),
    ("drop-task", Status::Failed, "7 of 8 tasks completed"),
    ("count-twice", Status::Failed, "9 of 8 tasks completed"),
    ("swap-task", Status::Failed, "something else than under the sequential reference"),
    ("return-early", Status::Failed, "0 of 8 tasks completed"),
    ("panic", Status::Failed, "the model panics on purpose"),
    ("panic-start", Status::Failed, "the start panics on purpose"),
    ("exit-zero", Status::Crashed, "exited with code 0"),
    ("exit-seven", Status::Crashed, "exited with code 7"),
    ("abort", Status::Crashed, "SIGABRT"),
    ("overflow", Status::Crashed, "SIGABRT"),
    ("refuse", Status::Unsupported, "the double refuses"),
    ("hang", Status::TimedOut, "within 3 s"),
    ("hang-stop", Status::TimedOut, "within 3 s"),
    ("chatter", Status::TimedOut, "within 3 s"),
    ("spin", Status::TimedOut, "within 3 s"),
    ("deadlock", Status::TimedOut, "within 3 s"),
    ("late-abort", Status::Crashed, "SIGABRT"),
    ("thread-pool", Status::Ok, ""),
    ("process-fork", Status::Ok, ""),
];

pub(crate) fn models() -> Held {
    let scene = Scene::new();
    let names: Vec<_> = MODELS.iter().map(|(name, ..)| *name).collect();
    let filter = format!("^work/({})@", names.join("|"));
    let ended = scene.run(&mut scene.double(&format!("run {filter} --blocks 2 --deadline 3")));
    ended.expect(3);
    let run = scene.check();
    assert!(run.run.complete);
    for &(model, status, reason) in MODELS {
        let cell = cell(&run, &format!("work/{model}@"));
        assert_eq!(cell.status, status, "{}: {:?}", cell.id, cell.reason);
        assert!(
            cell.reason.as_deref().unwrap_or_default().contains(reason),
            "{}: {:?}",
            cell.id,
            cell.reason
        );
        assert_eq!(cell.observations.len() == 2, status == Status::Ok, "{}", cell.id);
    }
    let tail = |model: &str| cell(&run, model).stderr_tail.clone().unwrap_or_default();
    assert!(tail("work/overflow").contains("overflowed its stack"), "{}", tail("work/overflow"));
    assert!(tail("work/exit-seven").contains("exits on purpose"));
    assert!(tail("work/chatter").len() <= 4096);
    let broken = MODELS.iter().filter(|(_, status, _)| *status != Status::Ok).count();
    let unsupported = MODELS.iter().filter(|(_, status, _)| *status == Status::Unsupported).count();
    let said = format!("{} of {} cells have failed", broken - unsupported, run.cells.len());
    assert!(ended.stderr.contains(&said), "{ended:?}");
    Held::Times(broken as u32)
}

pub(crate) fn workloads() -> Held {
    let scene = Scene::new();
    let filter =
        "^(work|fails|panics|differs|daemon|sleeps)/(sequential|thread-spawn|process-fork|process-pool)@";
    scene.run(&mut scene.double(&format!("run {filter} --blocks 1 --deadline 3"))).expect(3);
    let run = scene.check();
    let mut broken = 0;
    for cell in &run.cells {
        let (status, reason) = match factor(cell, "workload") {
            "fails" => (Status::Failed, "fails on purpose"),
            "panics" => (Status::Failed, "panics on purpose"),
            "differs" => (Status::Failed, "sequential reference"),
            "sleeps" => (Status::TimedOut, "within 3 s"),
            _ => (Status::Ok, ""),
        };
        assert_eq!(cell.status, status, "{}: {:?}", cell.id, cell.reason);
        assert!(
            cell.reason.as_deref().unwrap_or_default().contains(reason),
            "{}: {:?}",
            cell.id,
            cell.reason
        );
        broken += u32::from(status != Status::Ok);
    }
    let notes = run.run.notes.join("\n");
    assert!(notes.contains("daemon/sequential@1: ") && notes.contains("outlived the runner"), "{notes}");
    Held::Times(broken + 1)
}

/// Objects that protect nothing fail the cells whose tasks share them, and what needs no protection is measured.
pub(crate) fn unprotected() -> Held {
    let scene = Scene::new();
    let filter = "^sharing/(lock/bare@2.wait|event/bare|condition/bare@2|atomic/bare@2|atomic/sequential@1)";
    let run = format!("run --only sharing --all --quick --blocks 1 {filter}");
    scene.run(&mut scene.double(&run)).expect(3);
    let run = scene.check();
    let mut caught = 0;
    for cell in &run.cells {
        let exact = cell.id.contains("/atomic/");
        assert_eq!(
            cell.status,
            if exact { Status::Ok } else { Status::Failed },
            "{}: {:?}",
            cell.id,
            cell.reason
        );
        caught += u32::from(!exact);
    }
    assert_eq!((caught, run.cells.len()), (3, 5), "{:?}", run.cells);
    Held::Times(caught)
}

/// A lock that is held while a process forks is held in its copy, for ever.
pub(crate) fn copied_lock() -> Held {
    let scene = Scene::new();
    let filter = "^locks/(sequential|fork-lock|process-fork|thread-pool)@";
    scene.run(&mut scene.double(&format!("run {filter} --blocks 2 --deadline 2"))).expect(3);
    let run = scene.check();
    for found in &run.cells {
        let status = if factor(found, "model") == "fork-lock" { Status::TimedOut } else { Status::Ok };
        assert_eq!(found.status, status, "{}: {:?}", found.id, found.reason);
    }
    assert!(cell(&run, "locks/fork-lock").reason.as_deref().unwrap().contains("within 2 s"));
    Held::Times(1)
}

/// Criterion cannot abandon a benchmark: a runner that dies while it samples must not take the others with it.
pub(crate) fn criterion() -> Held {
    let scene = Scene::new();
    let mut command = scene.bench("^work/(late-abort|sequential|thread-pool)@ --bench --noplot");
    let ended = scene.run(command.env("CONCBENCH_BLOCKS", "2").env("CONCBENCH_DEADLINE", "3"));
    ended.expect(3);
    let run = scene.check();
    let medians = &run.experiments["matrix"].setup["criterion_median_ns"];
    for cell in &run.cells {
        let dead = factor(cell, "model") == "late-abort";
        assert_eq!(cell.status, if dead { Status::Crashed } else { Status::Ok }, "{:?}", cell.reason);
        assert_eq!(cell.observations.len(), if dead { 0 } else { 2 }, "{}", cell.id);
        assert_eq!(medians[&cell.id].is_number(), !dead, "{}", cell.id);
    }
    Held::Times(1)
}
