//! One run of the program under test, and the five conditions that hold after it, however it ends.
//!
//! No descendant process is left, not even a zombie; no new file outside the run's folder, in `/dev/shm` included; no
//! listener, since a listener belongs to a process; planned = ok + not ok, each with a reason; the record parses.

use std::collections::HashSet;
use std::ops::Deref;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};

use concbench::record::{Observed, RawCell, Record, Status, store};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::processes::{dying_orphans, output, reap_orphans, spawn};

/// The variable by which every descendant of a run is known, wherever it has gone.
const SCENE: &str = "FAULTS_SCENE";
/// How long any run may take before it counts as one that hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// How long what a killed program leaves behind may take to be gone.
const DYING: Duration = Duration::from_secs(1);
/// How often in a row nothing may be seen before it counts as gone.
const QUIET_LOOKS: u32 = 3;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Where one run takes place.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    mark: String,
    shared: HashSet<String>,
}

/// A run that is under way.
pub(crate) struct Running {
    child: Child,
    pub(crate) pid: i32,
    stdout: Option<std::thread::JoinHandle<String>>,
    stderr: Option<std::thread::JoinHandle<String>>,
    started: Instant,
    /// How long it may take before it counts as one that hangs.
    limit: Duration,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A record, and the cells of all its experiments.
pub(crate) struct Run {
    record: Record,
    pub(crate) cells: Vec<RawCell>,
}

impl Deref for Run {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { folder, mark: format!("{}-{number}", std::process::id()), shared: names("/dev/shm") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    /// The program under test with the models and workloads of this executable.
    pub(crate) fn double(&self, arguments: &str) -> Command {
        let mut command = self.command("/proc/self/exe", arguments);
        command.env(crate::PLAY, "cli");
        command
    }

    /// The same as a bench.
    pub(crate) fn bench(&self, arguments: &str) -> Command {
        let mut command = self.command("/proc/self/exe", arguments);
        command.env(crate::PLAY, "bench").env("CRITERION_HOME", self.path().join("tmp/criterion"));
        command
    }

    /// The program as its users have it.
    pub(crate) fn concbench(&self, arguments: &str) -> Command {
        self.command(env!("CARGO_BIN_EXE_concbench"), arguments)
    }

    fn command(&self, program: &str, arguments: &str) -> Command {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CONCBENCH_") || name == "CARGO" {
                command.env_remove(name);
            }
        }
        // To name the lines of a panic takes longer than the deadline that some cases set.
        command.env_remove("RUST_BACKTRACE").env(SCENE, &self.mark).env("TMPDIR", self.path().join("tmp"));
        command.env("CONCBENCH_OUT", self.out()).stdin(Stdio::null());
        command
    }

    /// The same command as the last argument of a wrapper: `prlimit`, say. `None` where the wrapper does not work here.
    pub(crate) fn through(&self, wrapper: &[&str], command: &Command) -> Option<Command> {
        let start = |program: &str| {
            let mut wrapped = Command::new(program);
            wrapped.args(&wrapper[1..]).current_dir(self.path()).stdin(Stdio::null());
            wrapped
        };
        let works = output(start(wrapper[0]).arg("true")).is_ok_and(|output| output.status.success());
        let mut wrapped = start(wrapper[0]);
        // Under another program `/proc/self/exe` would be that one.
        let program = match command.get_program().to_str() {
            Some("/proc/self/exe") => std::env::current_exe().unwrap().into_os_string(),
            _ => command.get_program().to_owned(),
        };
        wrapped.arg(program).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        works.then_some(wrapped)
    }

    pub(crate) fn run(&self, command: &mut Command) -> Ended {
        self.start(command).end()
    }

    pub(crate) fn start(&self, command: &mut Command) -> Running {
        let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped())).unwrap();
        let pid = child.id() as i32;
        let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
        Running { child, pid, stdout, stderr, started: Instant::now(), limit: LIMIT }
    }

    /// The processes of this run that are alive.
    pub(crate) fn alive(&self) -> Vec<i32> {
        let mark = format!("{SCENE}={}", self.mark).into_bytes();
        let carries = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == mark)
        };
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(carries)
            .collect()
    }

    /// The folder of the only run.
    pub(crate) fn run_folder(&self) -> Option<PathBuf> {
        let mut folders: Vec<PathBuf> = fs::read_dir(self.out())
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir() && !path.is_symlink())
            .collect();
        assert!(folders.len() <= 1, "{folders:?}");
        folders.pop()
    }

    pub(crate) fn record(&self) -> Run {
        let record = store::load(&self.run_folder().expect("a run")).expect("a record that parses");
        let cells = record.experiments.values().flat_map(|experiment| experiment.cells.clone()).collect();
        Run { record, cells }
    }

    /// How many whole lines the journal has.
    pub(crate) fn lines(&self) -> usize {
        let path = self.run_folder().map(|folder| folder.join("journal.jsonl"));
        let bytes = path.and_then(|path| fs::read(path).ok()).unwrap_or_default();
        bytes.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// The journal's lines of one kind.
    pub(crate) fn journal(&self, kind: &str) -> Vec<Value> {
        let folder = self.run_folder();
        let text = folder.and_then(|folder| fs::read_to_string(folder.join("journal.jsonl")).ok());
        let text = text.unwrap_or_default();
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let entries = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        entries.filter(|entry| entry["entry"] == kind).collect()
    }

    /// How many blocks have ended and were not thrown away.
    pub(crate) fn blocks(&self) -> usize {
        self.journal("block").iter().filter(|entry| entry["again"] == false).count()
    }

    /// Waits until so many blocks have ended, or the run has.
    pub(crate) fn await_blocks(&self, blocks: usize, running: &mut Running) {
        while self.blocks() < blocks && running.is_alive() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// No process is left. The program was killed, perhaps, so what it left has a moment to die.
    fn check_processes(&self) {
        let until = Instant::now() + DYING;
        // A process that began while the list of all was read is not in it, and may be the last that is left.
        let mut quiet = 0;
        while quiet < QUIET_LOOKS {
            reap_orphans();
            let in_time = Instant::now() < until;
            // What dies has no environment any more, and is no zombie yet: it is nobody's here, but it comes to this process.
            let alive = self.alive();
            let left: Vec<i32> = if alive.is_empty() { dying_orphans() } else { alive };
            quiet = if left.is_empty() { quiet + 1 } else { 0 };
            assert!(left.is_empty() || in_time, "left running: {}", describe(&left));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// No process and no file is left.
    pub(crate) fn check_leftovers(&self) {
        self.check_processes();
        let shared: Vec<_> = names("/dev/shm").difference(&self.shared).cloned().collect();
        assert!(shared.is_empty(), "left in /dev/shm: {shared:?}");
        let mut expected: HashSet<String> = ["out", "tmp"].map(str::to_owned).into();
        expected.extend(names(self.path()).into_iter().filter(|name| name.starts_with("given-")));
        assert!(names(self.path()).is_subset(&expected), "{:?}", names(self.path()));
        let mut temporary = names(self.path().join("tmp"));
        temporary.remove("criterion");
        assert!(temporary.is_empty(), "left in the folder for temporary files: {temporary:?}");
    }

    /// The same after a run of which one process was kept from being waited for, and is not kept any more.
    pub(crate) fn check_kept(&self) -> Run {
        let until = Instant::now() + LIMIT;
        while reap_orphans() == 0 {
            assert!(Instant::now() < until, "what was kept does not come to this process");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.check()
    }

    /// All five conditions, after a program that ended by itself; its record.
    pub(crate) fn check(&self) -> Run {
        assert_eq!(reap_orphans(), 0, "zombies were left");
        self.check_leftovers();
        // A program that was killed while it saved leaves a half-written file in the run's folder; this one was not.
        if let Some(folder) = self.run_folder() {
            let torn: Vec<_> = names(folder).into_iter().filter(|name| name.starts_with(".tmp")).collect();
            assert!(torn.is_empty(), "{torn:?}");
        }
        let run = self.record();
        for cell in &run.cells {
            let silent = cell.reason.as_deref().is_none_or(str::is_empty);
            assert!(cell.status == Status::Ok || !silent, "{} has no reason", cell.id);
            assert!(
                cell.status != Status::Ok || !cell.summary.is_empty() || !run.run.complete,
                "{}",
                cell.id
            );
        }
        run
    }
}

impl Running {
    /// The same, which may take longer than most.
    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        assert!(self.started.elapsed() < self.limit, "the program hangs");
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Where keys are pressed, if its standard input is a pipe.
    pub(crate) fn keys(&mut self) -> &mut ChildStdin {
        self.child.stdin.as_mut().expect("a pipe")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // One that has ended already needs no signal.
        let _ = kill_process(Pid::from_raw(self.pid).unwrap(), signal);
    }

    pub(crate) fn end(mut self) -> Ended {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > self.limit {
                let _ = self.child.kill();
                panic!("the program hangs");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let text = |reader: Option<std::thread::JoinHandle<String>>| reader.map(|it| it.join().unwrap());
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        Ended {
            code: status.code(),
            signal: status.signal(),
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.unwrap_or_default(),
        }
    }
}

impl Ended {
    /// It ended with this code, and no panic was shown.
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.stderr.contains("panicked at") && !self.stderr.contains("internal error"), "{self:?}");
        self
    }
}

/// The cell of this model, for this workload.
pub(crate) fn cell<'a>(run: &'a Run, prefix: &str) -> &'a RawCell {
    let found = run.cells.iter().find(|cell| cell.id.starts_with(prefix));
    found.unwrap_or_else(|| panic!("no cell {prefix}"))
}

/// A level of a cell: its workload, say.
pub(crate) fn factor<'a>(cell: &'a RawCell, name: &str) -> &'a str {
    cell.factors[name].as_str().unwrap_or_else(|| panic!("{} has no {name}", cell.id))
}

/// A time that an observation says, in nanoseconds.
pub(crate) fn time_ns(made: &Observed<Value>, name: &str) -> u64 {
    made.responses[name].as_u64().unwrap_or_else(|| panic!("no {name}: {made:?}"))
}

pub(crate) fn names(folder: impl AsRef<Path>) -> HashSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn describe(pids: &[i32]) -> String {
    let line = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        format!("{pid} {}", String::from_utf8_lossy(&words).replace('\0', " "))
    };
    pids.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn reader(pipe: Option<impl io::Read + Send + 'static>) -> Option<std::thread::JoinHandle<String>> {
    let mut pipe = pipe?;
    Some(std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}
