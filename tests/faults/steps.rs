//! Runners that go wrong in every state: at each step of a model, and at each step of what they say to the supervisor.

use concbench::record::Status;

use crate::cases::Held;
use crate::scene::{Run, Scene, cell};
use crate::{doubles, rogue};

/// What a runner does at a step, how its cell ends, and what the reason says.
const WAYS: &[(&str, Status, &str)] = &[
    ("zero", Status::Crashed, "exited with code 0"),
    ("seven", Status::Crashed, "exited with code 7"),
    ("abort", Status::Crashed, "SIGABRT"),
    ("overflow", Status::Crashed, "SIGABRT"),
    ("kill", Status::Crashed, "SIGKILL"),
    ("panic", Status::Failed, "panics on purpose"),
    ("hang", Status::TimedOut, "within 1 s"),
];

/// What a rogue does instead of answering as it should.
const LIES: &[(&str, Status, &str)] = &[
    ("unread-kill", Status::Crashed, "SIGKILL"),
    ("read-kill", Status::Crashed, "SIGKILL"),
    ("read-zero", Status::Crashed, "exited with code 0"),
    ("half-kill", Status::Crashed, "SIGKILL"),
    ("half-zero", Status::Crashed, "exited with code 0"),
    ("half-hang", Status::TimedOut, "within 1 s"),
    ("nonsense", Status::Failed, "a line that is no message"),
    ("version", Status::Failed, "version 99 of the protocol"),
    ("turn", Status::Failed, "out of turn"),
    ("endless", Status::Failed, "a line of more than"),
    ("deaf", Status::Crashed, "closed its channel"),
    // All was said: how the process ends does not matter any more.
    ("answered-kill", Status::Ok, ""),
];

/// What a rogue does while criterion samples.
const CRITERION: &[(&str, Status, &str)] = &[
    ("criterion-unread-kill", Status::Crashed, "SIGKILL"),
    ("criterion-read-kill", Status::Crashed, "SIGKILL"),
    ("criterion-half-kill", Status::Crashed, "SIGKILL"),
    ("criterion-turn", Status::Failed, "out of turn"),
    ("criterion-batch-kill", Status::Crashed, "SIGKILL"),
    ("criterion-batch-half-kill", Status::Crashed, "SIGKILL"),
    ("criterion-batch-zero", Status::Crashed, "exited with code 0"),
    ("criterion-stop-kill", Status::Crashed, "SIGKILL"),
    ("criterion-stop-half-kill", Status::Crashed, "SIGKILL"),
];

/// Definitions of a workload for each name, under one model; and of one that shows that the others are not harmed.
fn define<'a>(scene: &Scene, model: &str, names: impl Iterator<Item = &'a str>) {
    let workload = |name: &str, model: &str| {
        format!(
            "[[workload]]\nname = \"{name}\"\ntask = {{ kernel = \"noop\" }}\ntasks = 4\nteaches = \"x\"\n\
             why-this-size = \"y\"\nmodels = [\"{model}\"]\n"
        )
    };
    let text: String = names.map(|name| workload(name, model)).collect();
    std::fs::write(scene.path().join("given-own.toml"), text + &workload("good", "sequential")).unwrap();
}

fn assert_ends(run: &Run, name: &str, (status, reason): (Status, &str)) {
    let found = cell(run, &format!("{name}/"));
    assert_eq!(found.status, status, "{name}: {:?}", found.reason);
    assert!(found.reason.as_deref().unwrap_or_default().contains(reason), "{name}: {:?}", found.reason);
}

fn assert_unharmed(run: &Run) {
    assert!(run.run.complete);
    assert_eq!(cell(run, "good/").status, Status::Ok);
}

pub(crate) fn of_models() -> Held {
    let scene = Scene::new();
    let cells: Vec<_> = doubles::STEPS
        .iter()
        .flat_map(|step| {
            WAYS.iter().map(move |(way, status, reason)| (format!("{step}-{way}"), *status, *reason))
        })
        .collect();
    define(&scene, "stumble", cells.iter().map(|(name, ..)| name.as_str()));
    scene.run(&mut scene.double("run --definition given-own.toml --blocks 1 --deadline 1")).expect(3);
    let run = scene.check();
    for (name, status, reason) in &cells {
        assert_ends(&run, name, (*status, reason));
    }
    assert_unharmed(&run);
    Held::Times(cells.len() as u32)
}

pub(crate) fn of_answers() -> Held {
    let scene = Scene::new();
    define(&scene, rogue::MODEL, LIES.iter().map(|(name, ..)| *name));
    scene.run(&mut scene.double("run --definition given-own.toml --blocks 1 --deadline 1")).expect(3);
    let run = scene.check();
    LIES.iter().for_each(|(name, status, reason)| assert_ends(&run, name, (*status, reason)));
    assert_unharmed(&run);
    Held::Times(LIES.len() as u32)
}

pub(crate) fn under_criterion() -> Held {
    let scene = Scene::new();
    define(&scene, rogue::MODEL, CRITERION.iter().map(|(name, ..)| *name));
    let mut command = scene.bench("--bench --noplot");
    command.env("CONCBENCH_DEFINITION", "given-own.toml").env("CONCBENCH_BLOCKS", "1");
    scene.run(command.env("CONCBENCH_DEADLINE", "2")).expect(3);
    let run = scene.check();
    CRITERION.iter().for_each(|(name, status, reason)| assert_ends(&run, name, (*status, reason)));
    assert_unharmed(&run);
    Held::Times(CRITERION.len() as u32)
}

/// A runner that has answered and does not exit: what it measured counts, and what it used is not known.
pub(crate) fn stays() -> Held {
    let scene = Scene::new();
    define(&scene, rogue::MODEL, ["answered-hang"].into_iter());
    scene
        .run(&mut scene.double("run --only matrix --definition given-own.toml --blocks 1 --deadline 1"))
        .expect(0);
    let run = scene.check();
    let stayed = cell(&run, "answered-hang/");
    assert_eq!(stayed.status, Status::Ok, "{:?}", stayed.reason);
    let observed = &stayed.observations[0];
    assert_eq!(observed.usage, None);
    assert!(observed.reason.as_deref().unwrap_or_default().contains("did not exit in time"));
    Held::Times(2)
}
