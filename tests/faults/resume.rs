//! Runs that did not end, and go on from their journals.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use concbench::record::{Observed, RawCell, Status, store};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rustix::process::Signal;
use serde_json::Value;

use crate::cases::Held;
use crate::scene::{Ended, Run, Running, Scene};

const BLOCKS: usize = 6;

fn begin(scene: &Scene) -> Command {
    scene.double(&format!("run ^slow/(sequential|thread-spawn|process-pool)@ --blocks {BLOCKS} --seed 7"))
}

fn go_on(scene: &Scene) -> Ended {
    let folder = scene.run_folder().expect("a run to go on with");
    scene.run(scene.double("run --resume").arg(folder))
}

/// Everything about a record that does not depend on how fast the machine was.
fn shape(run: &Run) -> Vec<(String, Status, Vec<u32>, Vec<Value>)> {
    let cells = run.cells.iter().map(|cell| {
        let mut blocks: Vec<u32> = cell.observations.iter().map(|made| made.block).collect();
        blocks.sort_unstable();
        let digest = |made: &Observed<Value>| made.responses.get("digest").cloned().unwrap_or_default();
        let digests = cell.observations.iter().map(digest).collect();
        (cell.id.clone(), cell.status, blocks, digests)
    });
    cells.collect()
}

/// Kills runs at random moments, also while they are resumed, until so many have been killed.
pub(crate) fn after_kills(times: u32) -> Held {
    let whole = Scene::new();
    whole.run(&mut begin(&whole)).expect(0);
    let whole = whole.check();
    let mut random = ChaCha12Rng::seed_from_u64(11);
    let mut killed = 0;
    while killed < times {
        let scene = Scene::new();
        let mut command = begin(&scene);
        for _ in 0..2 {
            let mut running = scene.start(&mut command);
            let after = random.random_range(1..BLOCKS);
            scene.await_blocks(after, &mut running);
            std::thread::sleep(Duration::from_micros(random.random_range(0..100_000)));
            running.signal(Signal::KILL);
            killed += u32::from(running.end().signal == Some(9));
            scene.check_leftovers();
            let Some(folder) = scene.run_folder().filter(|folder| folder.join("journal.jsonl").exists())
            else {
                break;
            };
            command = scene.double("run --resume");
            command.arg(folder);
        }
        let made = scene.journal("observation");
        if scene.run_folder().is_some_and(|folder| folder.join("journal.jsonl").exists()) {
            go_on(&scene).expect(0);
        }
        let run = scene.check();
        assert!(run.run.complete);
        assert!(run.run.notes.iter().any(|note| note.starts_with("resumed at ")), "{:?}", run.run.notes);
        assert_eq!(shape(&run), shape(&whole));
        assert_eq!(run.noise.blocks.len(), whole.noise.blocks.len());
        assert_kept(&made, &run);
        assert!(!scene.run_folder().unwrap().join("lock").exists());
    }
    Held::Times(killed)
}

/// What was measured before is in the record as it was measured, unless its block was thrown away and measured again.
fn assert_kept(journal: &[Value], run: &Run) {
    for entry in journal {
        let (of, observed) = (entry["of"].as_str().unwrap(), &entry["observed"]);
        let experiment = &run.experiments[entry["experiment"].as_str().unwrap()];
        if entry["calibration"] == true {
            assert_eq!(experiment.calibrations[of], observed["responses"], "lost: {entry}");
            continue;
        }
        let cell = experiment.cells.iter().find(|cell| cell.id == of).unwrap();
        let kept = cell.observations.iter().any(|made| serde_json::to_value(made).unwrap() == *observed);
        let repeated = run.noise.blocks.iter().any(|noise| {
            noise.repeats > 0
                && entry["experiment"] == noise.experiment.as_str()
                && observed["block"] == noise.block
        });
        assert!(kept || repeated, "lost: {entry}");
    }
}

/// A run that was interrupted once, with its journal.
fn interrupted() -> Scene {
    let scene = Scene::new();
    let mut running = scene.start(&mut begin(&scene));
    scene.await_blocks(1, &mut running);
    running.signal(Signal::INT);
    running.end().expect(130);
    scene
}

fn edit(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(first).unwrap();
    change(&mut header);
    fs::write(&path, format!("{header}\n{rest}")).unwrap();
}

pub(crate) fn refused() -> Held {
    let scene = interrupted();
    let folder = scene.run_folder().unwrap();
    let journal = fs::read(folder.join("journal.jsonl")).unwrap();
    let record = fs::read(folder.join("results.json")).unwrap();
    let refuse = |why: &str, change: &dyn Fn(&mut Value)| {
        edit(&folder, change);
        let ended = go_on(&scene);
        ended.expect(2);
        assert!(
            ended.stderr.contains("cannot resume") || ended.stderr.contains("journal.jsonl"),
            "{ended:?}"
        );
        assert!(ended.stderr.contains(why) && ended.stderr.lines().count() == 1, "{ended:?}");
        fs::write(folder.join("journal.jsonl"), &journal).unwrap();
        assert_eq!(fs::read(folder.join("results.json")).unwrap(), record);
    };
    refuse("another build", &|header| header["executable"] = "00".into());
    refuse("`cores` was 4096", &|header| header["machine"]["cores"] = 4096.into());
    refuse("other cells", &|header| header["experiments"][0][1][0] = "work/none@1".into());
    refuse("version 99", &|header| header["version"] = 99.into());
    refuse("no header", &|header| header["entry"] = "note".into());
    let ended = scene.run(scene.double("run --blocks 3 --resume").arg(&folder));
    ended.expect(2);
    assert!(ended.stderr.contains("--resume") && ended.stderr.contains("--blocks"), "{ended:?}");
    go_on(&scene).expect(0);
    assert!(scene.check().run.complete);
    let ended = go_on(&scene);
    ended.expect(2);
    assert!(ended.stderr.contains("journal.jsonl"), "{ended:?}");
    Held::Times(7)
}

/// The matrix that everybody measures, as one long run.
pub(crate) fn default_matrix(kills: u32) -> Held {
    let (whole, again) = killed(kills, |scene| scene.concbench("run --quick --blocks 2 --quiet --seed 7"));
    assert_eq!(shape(&again), shape(&whole));
    Held::Times(kills)
}

/// Every experiment of a small definition.
pub(crate) fn every_experiment(kills: u32) -> Held {
    let begin = |scene: &Scene| {
        fs::write(scene.path().join("given-own.toml"), SMALL).unwrap();
        let filter = "/(sequential|smol)@";
        scene.concbench(&format!(
            "run {filter} --definition given-own.toml --with all --quick --blocks 2 --quiet --seed 7"
        ))
    };
    let (whole, again) = killed(kills, begin);
    // What was not measured may follow from what was: how large a task a model can carry, which rate it sustains.
    let left_out = |run: &Run, id: &str| {
        let beyond = |reason: &String| reason.starts_with("it sustains");
        let follows =
            |cell: &RawCell| cell.status == Status::Skipped || cell.reason.as_ref().is_some_and(beyond);
        run.cells.iter().any(|cell| cell.id == id && follows(cell))
    };
    let comparable = |run: &Run, other: &Run| -> Vec<_> {
        let cells = shape(run).into_iter().filter(|(id, ..)| !left_out(run, id) && !left_out(other, id));
        cells.map(|(id, status, blocks, _)| (id, status, blocks)).collect()
    };
    assert_eq!(comparable(&again, &whole), comparable(&whole, &again));
    let ids = |run: &Run| run.cells.iter().map(|cell| cell.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&whole));
    assert!(whole.experiments.len() > 1, "{:?}", ids(&whole));
    Held::Times(kills)
}

/// Something to compute, and something to wait for.
const SMALL: &str = r#"
[[workload]]
name = "counts"
task = { kernel = "count", n = 20000 }
tasks = 8
teaches = "x"
why-this-size = "y"

[[workload]]
name = "asks"
task = { kernel = "http", requests = 1, delay_us = 1000, body_bytes = 64 }
tasks = 4
teaches = "x"
why-this-size = "y"
"#;

/// A run that is left alone, and one that is killed at random moments and gone on with after each.
fn killed(kills: u32, begin: impl Fn(&Scene) -> Command) -> (Run, Run) {
    let whole = Scene::new();
    let mut running = whole.start(&mut begin(&whole));
    let planned = moments(&whole, &mut running);
    running.end().expect(0);
    let whole = whole.check();
    let mut random = ChaCha12Rng::seed_from_u64(13);
    let mut after: Vec<usize> = (0..kills).map(|_| random.random_range(1..planned * 9 / 10)).collect();
    after.sort_unstable();
    println!("seed 13: killed after {after:?} of {planned} lines of the journal");
    let scene = Scene::new();
    let mut command = begin(&scene);
    let mut made = Vec::new();
    for lines in after {
        let mut running = scene.start(&mut command);
        while scene.lines() < lines && running.is_alive() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_micros(random.random_range(0..50_000)));
        running.signal(Signal::KILL);
        assert_eq!(running.end().signal, Some(9), "it had ended before it could be killed");
        scene.check_leftovers();
        made = scene.journal("observation");
        command = scene.concbench("run --quiet --resume");
        command.arg(scene.run_folder().expect("a run"));
    }
    scene.run(&mut command).expect(0);
    let run = scene.check();
    assert!(run.run.complete);
    assert_kept(&made, &run);
    (whole, run)
}

/// How many lines the journal of a run gets before it is whole.
fn moments(scene: &Scene, running: &mut Running) -> usize {
    let mut most = 0;
    while running.is_alive() {
        most = most.max(scene.lines());
        std::thread::sleep(Duration::from_millis(10));
    }
    most
}

/// Runs that begin in the same second get a folder each.
pub(crate) fn two_at_once() -> Held {
    let scene = Scene::new();
    let start = || scene.start(&mut scene.double("run ^work/(sequential|rayon)@ --blocks 3"));
    let running = [start(), start(), start()];
    for one in running {
        one.end().expect(0);
    }
    scene.check_leftovers();
    let folders: Vec<_> = fs::read_dir(scene.out()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let runs: Vec<_> = folders.iter().filter(|path| path.is_dir() && !path.is_symlink()).collect();
    assert_eq!(runs.len(), 3, "{folders:?}");
    for folder in runs {
        assert!(store::load(folder).unwrap().run.complete);
    }
    assert!(store::load(&scene.out().join("latest")).unwrap().run.complete);
    Held::Times(3)
}

pub(crate) fn two_into_one() -> Held {
    let scene = Scene::new();
    let mut running = scene.start(&mut scene.double("run ^slow/(sequential|thread-spawn)@ --blocks 200"));
    scene.await_blocks(1, &mut running);
    let second = go_on(&scene);
    second.expect(5);
    assert!(second.stderr.contains(&format!("in use by process {}", running.pid)), "{second:?}");
    running.signal(Signal::INT);
    running.end().expect(130);
    scene.check();
    Held::Times(1)
}

pub(crate) fn torn() -> Held {
    let scene = interrupted();
    let journal = scene.run_folder().unwrap().join("journal.jsonl");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 3]).unwrap();
    let ended = go_on(&scene);
    ended.expect(0);
    assert!(ended.stderr.contains("warning: lost from the journal: the last line is torn"), "{ended:?}");
    let run = scene.check();
    assert!(run.run.complete && run.cells.iter().all(|cell| cell.observations.len() == BLOCKS));
    assert!(run.run.notes.iter().any(|note| note.contains("torn")), "{:?}", run.run.notes);
    Held::Times(1)
}
