//! One model under one check, in a process of its own.

use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use concbench::model::{Model, ModelInfo, Sizing, Waiting};
use concbench::models::{BuiltIn, Catalogue, Visitor};
use libtest_mimic::{Completion, Trial};
use serde::{Deserialize, Serialize};

use crate::checks::{self, Outcome, TASKS};
use crate::crowd::Crowd;
use crate::kill;
use crate::probe::Probe;

/// The argument that marks a process as that of a trial.
const MARK: &str = "--trial";
/// Models whose tasks run on threads that take no setting: those of a global executor or pool, or the one that submits.
const UNEQUAL: [&str; 4] = ["async-std", "async-std-blocking", "smol-blocking", "tokio-rayon"];
/// The model whose tasks are spawned one by one, but fetched several at once by workers that do not give them back: how many
/// a slow one keeps back is a matter of luck.
const IN_BURSTS: &str = "may";
/// How long a trial may take before it counts as one that hangs.
const DEADLINE: Duration = Duration::from_secs(60);
/// How the report of a trial begins whose process was killed.
const BY_SIGNAL: &str = "ended by a signal";
/// The exit code of a trial whose model says that it cannot run here.
const UNSUPPORTED: u8 = 77;

/// What a model is tested for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Check {
    /// Right digests, one batch after the other.
    Digest,
    /// Each task of those that come one after the other is run once.
    Arrivals,
    /// A task that goes wrong fails its batch and no other.
    Fault(Probe),
    /// Thousands of tasks that fail cost no more than their batch.
    Flood,
    /// More tasks than the system has threads or processes for are refused beforehand.
    BeyondLimits,
    /// Without descriptors to spare it fails, and does not hang.
    FewDescriptors,
    /// A task that takes its process with it leaves alive what the model says.
    Crash,
    /// As many tasks wait at once as the model promises.
    Overlap(Probe),
    /// Nothing grows however often the model is started and stopped.
    Restart,
    /// Dropped without a stop, the model leaves nothing running.
    GivenUp,
    /// Workers are bound to cores and have the stack that the track sets, where the model's library lets it.
    Equalised,
    Tuned,
    /// Tasks are handed out as the model says: each by itself, or several at once.
    Dispatch,
    /// A worker process that is killed fails the batch, whatever it was doing.
    Kill(kill::When),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Job {
    model: String,
    workers: usize,
    check: Check,
}

/// How many tasks of a batch a model promises to have waiting at once.
fn promise(info: &ModelInfo, workers: u64) -> u64 {
    match (info.waiting, info.sizing) {
        (Waiting::Tasks, _) | (_, Sizing::PerTask) => TASKS,
        (Waiting::Workers, Sizing::One) => 1,
        (Waiting::Workers, Sizing::Workers) => workers,
    }
}

/// Every trial of one model.
pub(crate) fn of(info: &ModelInfo) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name: &str, workers, check| {
        trials.push(trial(info, name, workers, move |run| run(check)));
    };
    let worker_counts: &[usize] = match info.sizing {
        Sizing::Workers => &[1, 2, 3, 8],
        Sizing::One | Sizing::PerTask => &[1],
    };
    for &workers in worker_counts {
        add("digest", workers, Check::Digest);
    }
    let workers = worker_counts.len().min(2);
    add("arrivals", workers, Check::Arrivals);
    add("failure", workers, Check::Fault(Probe::Fail { at: 7 }));
    add("panic", workers, Check::Fault(Probe::Panic { at: 7, computing: false }));
    add("panic-computing", workers, Check::Fault(Probe::Panic { at: 7, computing: true }));
    add("flood", workers, Check::Flood);
    add("restart", workers, Check::Restart);
    add("given-up", workers, Check::GivenUp);
    add("few-descriptors", workers, Check::FewDescriptors);
    if info.sizing == Sizing::Workers && !UNEQUAL.contains(&info.id) {
        add("equalised", 2, Check::Equalised);
    }
    if info.tuned.is_some() {
        add("tuned", 2, Check::Tuned);
    }
    if info.sizing != Sizing::One && info.id != IN_BURSTS {
        add("dispatch", 2, Check::Dispatch);
    }
    if info.sizing == Sizing::PerTask {
        add("beyond-limits", workers, Check::BeyondLimits);
    }
    if info.survives_crash && info.sizing == Sizing::Workers {
        for when in kill::When::ALL {
            add(&format!("killed-{}", when.name()), 2, Check::Kill(when));
        }
    }
    let survives = info.survives_crash;
    trials.push(trial(info, "crash", workers, move |run| crash(run, survives)));
    let counts = match worker_counts {
        [_] => &[1][..],
        _ => &[1, 3],
    };
    for &workers in counts {
        let promise = promise(info, workers as u64);
        trials.push(trial(info, "overlap-sleeping", workers, move |run| sleeping(run, promise)));
        trials.push(trial(info, "overlap-connected", workers, move |run| connected(run, promise)));
    }
    trials
}

fn trial(
    info: &ModelInfo,
    name: &str,
    workers: usize,
    run: impl FnOnce(&dyn Fn(Check) -> Result<Completion, String>) -> Result<Completion, String> + Send + 'static,
) -> Trial {
    let model = info.id.to_owned();
    Trial::ignorable_test(format!("{model}/{name}@{workers}"), move || {
        Ok(run(&|check| Job { model: model.clone(), workers, check }.run())?)
    })
}

/// A task that crashes takes the process of the trial with it, unless its model says that this survives.
fn crash(run: &dyn Fn(Check) -> Result<Completion, String>, survives: bool) -> Result<Completion, String> {
    match run(Check::Crash) {
        Err(reason) if !survives && reason.starts_with(BY_SIGNAL) => Ok(Completion::Completed),
        Ok(Completion::Completed) if !survives => Err("it survives a crash, and does not say so".to_owned()),
        outcome => outcome,
    }
}

/// Tasks that sleep wait for each other: the batch ends only if enough of them can.
fn sleeping(run: &dyn Fn(Check) -> Result<Completion, String>, company: u64) -> Result<Completion, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("here");
    std::fs::write(&file, "").map_err(|error| error.to_string())?;
    run(Check::Overlap(Probe::Sleep { file, company }))
}

/// Tasks that are connected are counted: there must be as many at once as promised, and no more.
fn connected(run: &dyn Fn(Check) -> Result<Completion, String>, company: u64) -> Result<Completion, String> {
    let crowd = Crowd::of(company, TASKS);
    let completion = run(Check::Overlap(Probe::Connect { server: crowd.address }));
    let sizes = crowd.sizes();
    let kept = sizes.first() == Some(&company) && sizes.iter().all(|&size| size <= company);
    match completion? {
        Completion::Completed if !kept || sizes.iter().sum::<u64>() != TASKS => {
            Err(format!("{sizes:?} tasks waited at once, {company} of {TASKS} should"))
        }
        completion => Ok(completion),
    }
}

impl Job {
    /// Runs the trial in a process of its own.
    fn run(&self) -> Result<Completion, String> {
        let job = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let mut child = Command::new("/proc/self/exe")
            .args([MARK, &job])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let said = reader(child.stdout.take());
        let complained = reader(child.stderr.take());
        let code = wait(&mut child)?;
        let said = said.join().unwrap_or_default();
        let complained = complained.join().unwrap_or_default();
        match code {
            Some(0) => Ok(Completion::Completed),
            Some(code) if code == i32::from(UNSUPPORTED) => Ok(Completion::ignored_with(said.trim())),
            Some(code) => Err(format!("exit code {code}\n{complained}")),
            None => Err(format!("{BY_SIGNAL}\n{complained}")),
        }
    }
}

/// Plays a trial, if this process was started for one.
pub(crate) fn run_here() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(MARK) {
        return None;
    }
    let job: Job = serde_json::from_str(&arguments.next().unwrap()).unwrap();
    let id = job.model.clone();
    let Ok(outcome) = BuiltIn::visit(&id, job) else {
        panic!("no model is called {id}");
    };
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("{reason}");
            ExitCode::from(UNSUPPORTED)
        }
    })
}

/// So many failures that workers which stay are given tasks while their answers wait for space.
fn flood<M: Model>() -> u64 {
    match M::INFO.sizing {
        Sizing::PerTask => 1000,
        Sizing::One | Sizing::Workers => 20_000,
    }
}

impl Visitor for Job {
    type Output = Outcome;

    fn visit<M: Model>(self) -> Outcome {
        match self.check {
            Check::Digest => checks::digest::<M>(self.workers),
            Check::Arrivals => checks::arrivals::<M>(self.workers),
            Check::Fault(probe) => checks::fault::<M>(self.workers, &probe),
            Check::Flood => checks::flood::<M>(self.workers, flood::<M>()),
            Check::BeyondLimits => checks::beyond_limits::<M>(self.workers),
            Check::FewDescriptors => checks::few_descriptors::<M>(self.workers),
            Check::Crash => checks::crash::<M>(self.workers),
            Check::Overlap(probe) => checks::overlap::<M>(self.workers, probe),
            Check::Restart => checks::restart::<M>(self.workers),
            Check::GivenUp => checks::given_up::<M>(self.workers),
            Check::Equalised => checks::equalised::<M>(self.workers),
            Check::Tuned => checks::tuned::<M>(self.workers),
            Check::Dispatch => checks::dispatch::<M>(self.workers),
            Check::Kill(when) => kill::check::<M>(self.workers, when),
        }
    }
}

/// Reads what the process says while it runs: it must not block on a full pipe.
fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> Result<Option<i32>, String> {
    let until = Instant::now() + DEADLINE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status.code());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("it hangs: not ended after {} s", DEADLINE.as_secs()))
}
