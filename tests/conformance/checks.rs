//! What every model promises.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use concbench::model::{Arrivals, Dispatch, Given, Model, ModelError, Settings, clock_ns};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::probe::Probe;
use crate::resources::{Resources, eventually, mappings, resident};

/// How a trial ended that found nothing wrong: the reason, if the model cannot run on this machine.
pub(crate) type Outcome = Result<(), String>;

/// More threads or processes than any machine is set up for: the kernel knows no more than 2^22 of them.
const BEYOND_LIMITS: u64 = 5_000_000;
/// How many tasks the batches of most checks have.
pub(crate) const TASKS: u64 = 24;
/// How often a model is started and stopped.
const RESTARTS: usize = 100;
/// After this many, caches are filled and what is held must not grow any more.
const WARM_UP: usize = 20;
/// How much the allocator may have scattered after the warm-up, in bytes: a leak of one stack or one ring a restart
/// would be more.
const SCATTER: u64 = 3 << 20;

/// How many tasks the batch has of which one is slow.
const MANY: u64 = 200;

fn settings(workers: usize, probe: &Probe) -> Settings {
    Settings::new(workers, probe.task_spec())
}

/// The equalised track: every worker is bound to a core, and every thread of a worker has the stack that was asked for.
pub(crate) fn equalised<M: Model>(workers: usize) -> Outcome {
    // No library's default, so that it is this setting which is seen.
    let stack = 3 << 20;
    let probe = Arc::new(Probe::Placed { stack: (!M::INFO.survives_crash).then_some(stack) });
    let settings = Settings { stack_bytes: Some(stack as usize), pin: true, ..settings(workers, &probe) };
    let mut model = match M::start(&settings) {
        Err(ModelError::Unsupported(reason)) => return Err(reason),
        started => started.unwrap(),
    };
    run(&mut model, &probe, 0..TASKS);
    model.stop().unwrap();
    Ok(())
}

/// The tuned track: other settings of the library, the same values of the same tasks.
pub(crate) fn tuned<M: Model>(workers: usize) -> Outcome {
    let probe = Arc::new(Probe::Work);
    let settings = Settings { tuned: true, ..settings(workers, &probe) };
    let mut model = match M::start(&settings) {
        Err(ModelError::Unsupported(reason)) => return Err(reason),
        started => started.unwrap(),
    };
    for count in [0, 1, 1000] {
        run(&mut model, &probe, 0..count);
    }
    model.stop().unwrap();
    Ok(())
}

/// Starts a model for one kind of probe; the reason, if it cannot run on this machine.
pub(crate) fn start<M: Model>(workers: usize, probe: &Probe) -> Result<M, String> {
    match M::start(&settings(workers, probe)) {
        Ok(model) => Ok(model),
        Err(ModelError::Unsupported(reason)) => Err(reason),
        Err(error) => panic!("cannot start: {error}"),
    }
}

/// Runs a batch that has to go well.
fn run<M: Model>(model: &mut M, probe: &Arc<Probe>, tasks: Range<u64>) {
    match model.run(probe, tasks.clone()) {
        Ok(digest) => assert_eq!(digest, Probe::expected(tasks.clone()), "tasks {tasks:?}"),
        Err(error) => panic!("tasks {tasks:?}: {error}"),
    }
}

/// After a stop nothing is left but the threads that the model says it cannot end.
fn nothing_left<M: Model>(before: &Resources) {
    if M::INFO.global {
        eventually("children are left", || !Resources::now().children);
    } else {
        eventually(&format!("not as before the start, {before:?}"), || Resources::now() == *before);
    }
}

pub(crate) fn digest<M: Model>(workers: usize) -> Outcome {
    let before = Resources::now();
    let probe = Arc::new(Probe::Work);
    let mut model = start::<M>(workers, &probe)?;
    for count in [0, 1, 2, 1000, 2] {
        run(&mut model, &probe, 0..count);
    }
    run(&mut model, &probe, 5..TASKS);
    run(&mut model, &probe, 7..7);
    model.stop().unwrap();
    nothing_left::<M>(&before);
    Ok(())
}

/// Tasks that come one after the other: each is run once, and begun while others are under way.
pub(crate) fn arrivals<M: Model>(workers: usize) -> Outcome {
    let before = Resources::now();
    let probe = Arc::new(Probe::Work);
    let mut model = start::<M>(workers, &probe)?;
    for gap_ns in [0, 200_000] {
        let first = clock_ns();
        let due: Arc<[u64]> = (0..TASKS).map(|task| first + task * gap_ns).collect();
        let given = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&given);
        let note = move |_: Given| {
            count.fetch_add(1, Relaxed);
        };
        match model.run_as_due(&probe, Arrivals::new(due, note)) {
            Err(ModelError::Unsupported(reason)) => return Err(reason),
            Err(error) => panic!("tasks that come {gap_ns} ns apart: {error}"),
            Ok(digest) => assert_eq!(digest, Probe::expected(0..TASKS)),
        }
        assert_eq!(given.load(Relaxed), TASKS);
    }
    run(&mut model, &probe, 0..TASKS);
    model.stop().unwrap();
    nothing_left::<M>(&before);
    Ok(())
}

pub(crate) fn fault<M: Model>(workers: usize, probe: &Probe) -> Outcome {
    let probe = Arc::new(probe.clone());
    let mut model = start::<M>(workers, &probe)?;
    for _ in 0..3 {
        match (model.run(&probe, 0..TASKS), probe.as_ref()) {
            (Err(ModelError::Task { index, reason }), Probe::Fail { at }) => {
                assert_eq!((index, reason.as_str()), (*at, "failed on purpose"));
            }
            (Err(ModelError::Panicked { index, message }), Probe::Panic { at, .. }) => {
                assert_eq!((index, message.as_str()), (*at, "panicked on purpose"));
            }
            (other, _) => panic!("{probe:?} gave {other:?}"),
        }
        run(&mut model, &probe, TASKS..2 * TASKS);
    }
    model.stop().unwrap();
    Ok(())
}

/// More error messages than any buffer between the workers and their pool holds.
pub(crate) fn flood<M: Model>(workers: usize, below: u64) -> Outcome {
    let probe = Arc::new(Probe::FailAll { below });
    let mut model = start::<M>(workers, &probe)?;
    let error = model.run(&probe, 0..below).unwrap_err();
    assert!(matches!(error, ModelError::Task { .. }), "{error}");
    run(&mut model, &probe, below..below + TASKS);
    model.stop().unwrap();
    Ok(())
}

/// Far too many tasks for a process or a thread each: refused beforehand, and the model is as good as before.
pub(crate) fn beyond_limits<M: Model>(workers: usize) -> Outcome {
    let before = Resources::now();
    let probe = Arc::new(Probe::Work);
    let mut model = start::<M>(workers, &probe)?;
    match model.run(&probe, 0..BEYOND_LIMITS) {
        Err(ModelError::Unsupported(reason)) => {
            let named = M::INFO.limits.iter().any(|limit| reason.contains(limit));
            assert!(named && reason.contains(&BEYOND_LIMITS.to_string()), "{reason}");
        }
        other => panic!("{BEYOND_LIMITS} at once gave {other:?}"),
    }
    run(&mut model, &probe, 0..TASKS);
    model.stop().unwrap();
    nothing_left::<M>(&before);
    Ok(())
}

/// Two descriptors more than are open: an error, or a batch that needs no more, and nothing in between.
pub(crate) fn few_descriptors<M: Model>(workers: usize) -> Outcome {
    let open = Resources::now().descriptors as u64;
    let limit = Rlimit { current: Some(open + 2), maximum: getrlimit(Resource::Nofile).maximum };
    setrlimit(Resource::Nofile, limit).unwrap();
    let probe = Arc::new(Probe::Work);
    let Ok(mut model) = M::start(&settings(workers, &probe)) else {
        return Ok(());
    };
    match model.run(&probe, 0..TASKS) {
        Ok(digest) => assert_eq!(digest, Probe::expected(0..TASKS)),
        Err(error) => assert!(!matches!(error, ModelError::Protocol { .. }), "{error}"),
    }
    Ok(())
}

pub(crate) fn crash<M: Model>(workers: usize) -> Outcome {
    let ended = tempfile::NamedTempFile::new().unwrap();
    let before = Resources::now();
    let probe = Arc::new(Probe::Abort { at: 0, file: ended.path().to_owned() });
    let mut model = start::<M>(workers, &probe)?;
    match model.run(&probe, 0..TASKS) {
        Err(error @ ModelError::Died { .. }) => assert!(error.to_string().contains("SIGABRT"), "{error}"),
        other => panic!("a task that aborts gave {other:?}"),
    }
    let ended = ended.as_file().metadata().unwrap().len();
    assert_eq!(ended == TASKS - 1, M::INFO.isolates_tasks, "{ended} of the other tasks came to their end");
    // Works again, or says that it does not.
    match model.run(&probe, TASKS..2 * TASKS) {
        Ok(digest) => assert_eq!(digest, Probe::expected(TASKS..2 * TASKS)),
        Err(error) => assert!(matches!(error, ModelError::Died { .. }), "{error}"),
    }
    drop(model);
    nothing_left::<M>(&before);
    Ok(())
}

pub(crate) fn overlap<M: Model>(workers: usize, probe: Probe) -> Outcome {
    let probe = Arc::new(probe);
    let mut model = start::<M>(workers, &probe)?;
    run(&mut model, &probe, 0..TASKS);
    model.stop().unwrap();
    Ok(())
}

/// A slow task keeps back those that were handed out with it, and no others: one at most where each comes by itself.
pub(crate) fn dispatch<M: Model>(workers: usize) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("begun");
    std::fs::write(&file, "").unwrap();
    let probe = Arc::new(Probe::Slow { file: file.clone(), tasks: MANY });
    let mut model = start::<M>(workers, &probe)?;
    run(&mut model, &probe, 0..MANY);
    model.stop().unwrap();
    let kept_back: u64 = std::fs::read_to_string(Probe::kept_back(&file)).unwrap().parse().unwrap();
    let says = if kept_back > 1 { Dispatch::Chunked } else { Dispatch::Single };
    assert_eq!(M::INFO.dispatch, says, "a slow task has kept back {kept_back} of {MANY}");
    Ok(())
}

pub(crate) fn restart<M: Model>(workers: usize) -> Outcome {
    let probe = Arc::new(Probe::Work);
    let cycle = || {
        let mut model = start::<M>(workers, &probe)?;
        run(&mut model, &probe, 0..4);
        model.stop().unwrap();
        Ok::<_, String>(())
    };
    for _ in 0..WARM_UP {
        cycle()?;
    }
    let (held, mapped, memory) = (Resources::now(), mappings(), resident());
    for _ in WARM_UP..RESTARTS {
        cycle()?;
    }
    eventually(&format!("more is held than after {WARM_UP} restarts, {held:?}"), || {
        let now = Resources::now();
        now.threads <= held.threads && now.descriptors <= held.descriptors && !now.children
    });
    // Each thread that is left over keeps a mapping for its stack and one for the guard, each ring one for itself.
    assert!(mappings() < mapped + RESTARTS - WARM_UP, "{} mappings, {mapped} before", mappings());
    assert!(resident() < memory + SCATTER, "{} bytes resident, {memory} before", resident());
    Ok(())
}

pub(crate) fn given_up<M: Model>(workers: usize) -> Outcome {
    let before = Resources::now();
    let probe = Arc::new(Probe::Fail { at: 7 });
    drop(start::<M>(workers, &probe)?);
    let mut model = start::<M>(workers, &probe)?;
    model.run(&probe, 0..TASKS).unwrap_err();
    drop(model);
    nothing_left::<M>(&before);
    Ok(())
}
