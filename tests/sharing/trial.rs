//! Tasks of one model that contend for one kind of object: it is exact, or refused with the reason that the model states.

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use concbench::model::process::FileHandle;
use concbench::model::{ModelError, ModelInfo, Settings};
use concbench::models::{
    BuiltIn, Catalogue, Instrument, TaskSpec, Visitor, at_once, built_in_tasks, refused_by,
};
use concbench_sharing::contention::{ContentionSpec, Protection, Tally, Terms, lost, tickets};
use concbench_sharing::manager::Manager;
use concbench_workloads::{Object, Shared};
use libtest_mimic::{Failed, Trial};
use serde::{Deserialize, Serialize};

use crate::own;

/// The argument that marks a process as that of a trial.
pub(crate) const MARK: &str = "--trial";
/// How long a trial may take before it counts as one that hangs.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long tasks contend.
const WINDOW_NS: u64 = 10_000_000;

/// What is tried of every model, and the kind of object that it needs.
const OBJECTS: [(Protection, Object); 12] = [
    (Protection::Nothing, Object::Word),
    (Protection::Atomic, Object::Word),
    (Protection::Lock, Object::Lock),
    (Protection::ThreadLock, Object::ThreadLock),
    (Protection::Reentrant, Object::Reentrant),
    (Protection::Semaphore, Object::Semaphore),
    (Protection::ReadWrite, Object::ReadWrite),
    (Protection::Event, Object::Event),
    (Protection::Condition, Object::Condition),
    (Protection::File, Object::Word),
    (Protection::FileLock, Object::Blocking),
    (Protection::Manager, Object::Blocking),
];
/// How often tasks that run at once are tried before it counts that they lost nothing.
const TRIES: usize = 10;
/// The models whose tasks take turns on one thread.
const IN_TURN: [&str; 4] = ["sequential", "tokio-current-thread", "join-all", "tokio-rayon"];

/// Tasks of one model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) model: String,
    pub(crate) play: Play,
}

/// What the tasks do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Play {
    /// They contend on these terms.
    Contend(Box<Terms>),
    /// The work of a user's own, by its name.
    Own(String),
}

/// Every trial of one model.
pub(crate) fn of(info: &ModelInfo) -> Vec<Trial> {
    let trial = |&(object, needs): &(Protection, Object)| {
        let (info, name) = (*info, format!("{}/{}", info.id, object.word()));
        Trial::test(name, move || check(&info, object, needs))
    };
    OBJECTS.iter().map(trial).chain(own::of(info)).collect()
}

/// Whether the capability of a model is what happens.
fn check(info: &ModelInfo, object: Protection, needs: Object) -> Result<(), Failed> {
    let most = at_once(info, 2).unwrap_or(u64::MAX);
    // With something to do inside, so that the others come in between; but not where a lock is the thread's.
    let waits = !matches!(object, Protection::ThreadLock | Protection::Reentrant | Protection::FileLock);
    let wait_ns =
        if waits && object != Protection::Nothing && object != Protection::Event { 20_000 } else { 0 };
    let terms = Terms {
        object,
        contenders: 2,
        // Nearly all of a visit lies between reading and writing: whoever comes in between loses an update.
        compute_ns: if object == Protection::Nothing { 2_000 } else { 0 },
        wait_ns,
        window_ns: WINDOW_NS,
        together: most >= 2,
        visits_per_look: 1,
        stock: 1_000_000,
        file: None,
        manager: None,
    };
    let stated = BuiltIn::visit(info.id, Stated(needs)).unwrap_or_else(|_| unreachable!("it is built in"));
    let refused = refused_by::<BuiltIn>(info.id, &terms.layout(), 2);
    if let Some(reason) = stated {
        assert_eq!(refused.as_deref(), Some(reason), "it is refused for the reason that the model states");
    }
    let job = Job { model: info.id.to_owned(), play: Play::Contend(Box::new(terms)) };
    let mut said = job.run(|_| {})?;
    if object == Protection::Nothing && most >= 2 && !IN_TURN.contains(&info.id) {
        let mut tries = 1;
        while said == "lost 0" {
            assert!(tries < TRIES, "tasks that run at once lost nothing in {TRIES} tries");
            said = job.run(|_| {})?;
            tries += 1;
        }
    }
    match (refused, said.strip_prefix("lost ")) {
        (Some(reason), None) if said == format!("unsupported {reason}") => Ok(()),
        (None, Some(lost)) => match lost.parse::<u64>()? {
            lost if lost > 0 && IN_TURN.contains(&info.id) => {
                Err(format!("{lost} updates were lost by tasks that take turns").into())
            }
            lost if lost > 0 && !object.is_none() => Err(format!("{lost} updates were lost").into()),
            _ => Ok(()),
        },
        (refused, _) => Err(format!("refused: {refused:?}, and it said: {said}").into()),
    }
}

/// What a model states of a kind of object: why it is not there.
struct Stated(Object);

impl Visitor for Stated {
    type Output = Option<&'static str>;

    fn visit<M: concbench::model::Model>(self) -> Self::Output {
        M::Shared::CAN.of(self.0).refusal()
    }
}

impl Job {
    /// Runs it in a process of its own, beside `meanwhile`, which gets the number of that process; what it said.
    pub(crate) fn run(&self, meanwhile: impl FnOnce(u32)) -> Result<String, Failed> {
        let mut child = Command::new("/proc/self/exe")
            .args([MARK, &serde_json::to_string(self)?])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        meanwhile(child.id());
        let hangs = wait(&mut child)?;
        let output = child.wait_with_output()?;
        if hangs {
            return Err(format!("it hangs: not ended after {} s", DEADLINE.as_secs()).into());
        }
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    /// Runs it here, and says what came of it.
    fn play(self) -> String {
        let said = match self.play {
            Play::Contend(terms) => contend(&self.model, *terms),
            Play::Own(name) => own::play(&self.model, &name),
        };
        no_children();
        said
    }
}

/// Has tasks contend.
fn contend(model: &str, mut terms: Terms) -> String {
    // Open until the tasks have ended.
    let file = tempfile::NamedTempFile::new().unwrap();
    if matches!(terms.object, Protection::File | Protection::FileLock) {
        std::fs::write(file.path(), tickets(terms.stock)).unwrap();
        terms.file = Some(FileHandle::of(&file).unwrap());
    }
    let manager = (terms.object == Protection::Manager).then(|| Manager::start().unwrap());
    terms.manager = manager.as_ref().map(|manager| manager.address().to_owned());
    let tally = Tally::create(terms.contenders).unwrap();
    let spec = ContentionSpec { terms: terms.clone(), tally: tally.handle().unwrap() };
    let task_spec = TaskSpec { instrument: Some(Instrument::Contention(spec)), ..TaskSpec::default() };
    let tasks = built_in_tasks(&task_spec).unwrap().unwrap();
    let prepared = tasks.under(model).unwrap();
    let workers = terms.contenders as usize;
    let settings = Settings::new(workers, task_spec.to_text());
    let mut running = match prepared.start(&settings) {
        Ok(running) => running,
        Err(ModelError::Unsupported(reason)) => return format!("unsupported {reason}"),
        Err(error) => return format!("error {error}"),
    };
    let ran = running.run(0..terms.contenders);
    let judged = ran.and_then(|_| running.judge(terms.contenders).expect("its tasks share something"));
    let said = match judged {
        Ok(()) => match lost(&terms, &tally.outcome()) {
            Ok(lost) => format!("lost {lost}"),
            Err(wrong) => format!("wrong {wrong}"),
        },
        Err(error) => format!("error {error}"),
    };
    match said.starts_with("error ") {
        // Given up, as a runner does.
        true => drop(running),
        false => running.stop().unwrap(),
    }
    // A manager that has ended says so.
    let _ = manager.map(Manager::stop);
    said
}

/// Panics if this process has any: an ended one that nobody has waited for is one, too.
fn no_children() {
    let options = rustix::process::WaitIdOptions::EXITED
        | rustix::process::WaitIdOptions::NOHANG
        | rustix::process::WaitIdOptions::NOWAIT;
    let left = rustix::process::waitid(rustix::process::WaitId::All, options);
    assert!(matches!(left, Err(rustix::io::Errno::CHILD)), "a process is left behind: {left:?}");
}

/// Plays a trial, if this process was started for one.
pub(crate) fn run_here() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(MARK) {
        return None;
    }
    let job: Job = serde_json::from_str(&arguments.next().unwrap()).unwrap();
    println!("{}", job.play());
    Some(ExitCode::SUCCESS)
}

/// Waits for a trial; true if it had to be ended.
fn wait(child: &mut Child) -> std::io::Result<bool> {
    let until = Instant::now() + DEADLINE;
    while Instant::now() < until {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill()?;
    Ok(true)
}
