//! The tasks with which models are probed.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use concbench::model::Digest;
use concbench_workloads::{Io, Result, TaskError, Workload};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use rustix::thread::sched_getaffinity;
use serde::{Deserialize, Serialize};

/// How often a task looks whether the others have come, and how long it waits between two looks.
const LOOKS: u32 = 10_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// After so many looks without a change nothing more is expected: 2 s.
const LOOKS_AT_NOTHING: u32 = 1_000;
/// How long tasks wait beside one that crashes: it is first.
const AFTER_CRASH: Duration = Duration::from_millis(20);
/// What the guard page and the rounding of a stack may come to, in bytes.
const STACK_SLACK: u64 = 64 << 10;

/// What the tasks of a trial do. Those that go wrong do so for one index only, so that a later batch can go well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Probe {
    /// They compute and wait a little.
    Work,
    /// One reports an error.
    Fail { at: u64 },
    /// All that come first report an error of many words.
    FailAll { below: u64 },
    /// One panics, in a stretch of computing or beside it.
    Panic { at: u64, computing: bool },
    /// One takes its process with it; the others wait a little, and say in a file that they have come to their end.
    Abort { at: u64, file: PathBuf },
    /// Each sleeps, again and again, until this many have come: they say so in a file.
    Sleep { file: PathBuf, company: u64 },
    /// Each connects and waits until the server lets it go.
    Connect { server: SocketAddr },
    /// Each says in a file in which process it runs, and sleeps until it is released.
    Hold { file: PathBuf },
    /// The first computes until no other begins any more, and says in a second file how many have not: those were handed
    /// out with it. The others say in the file that they have begun.
    Slow { file: PathBuf, tasks: u64 },
    /// Each fails unless its thread is bound to one core and, where one is given, has a stack of so many bytes.
    Placed { stack: Option<u64> },
    /// The process ends before its first task.
    Stillborn,
}

impl Probe {
    pub(crate) fn task_spec(&self) -> String {
        serde_json::to_string(self).unwrap()
    }

    pub(crate) fn from_task_spec(task_spec: &str) -> Self {
        let probe = serde_json::from_str(task_spec).unwrap();
        assert_ne!(probe, Self::Stillborn, "as the task spec says");
        probe
    }

    /// The file that releases those that hold.
    pub(crate) fn release(file: &Path) -> PathBuf {
        file.with_extension("release")
    }

    /// The file that says how many tasks a slow one has kept back.
    pub(crate) fn kept_back(file: &Path) -> PathBuf {
        file.with_extension("kept-back")
    }

    /// What a batch of these tasks returns if all goes well.
    pub(crate) fn expected(tasks: impl IntoIterator<Item = u64>) -> Digest {
        let mut digest = Digest::default();
        tasks.into_iter().for_each(|index| digest.add(index, value(index)));
        digest
    }
}

fn value(index: u64) -> u64 {
    (index + 1).wrapping_mul(0xd134_2543_de82_ef95).rotate_left(29)
}

impl Workload for Probe {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        match self {
            Self::Work if index % 64 == 3 => io.sleep(Duration::from_millis(1)).await,
            Self::Fail { at } if index == *at => return Err(TaskError::new("failed on purpose")),
            Self::FailAll { below } if index < *below => return Err(TaskError::new("failed ".repeat(100))),
            Self::Panic { at, computing: true } if index == *at => {
                io.compute(|| panic!("panicked on purpose")).await
            }
            Self::Panic { at, computing: false } if index == *at => panic!("panicked on purpose"),
            Self::Abort { at, .. } if index == *at => std::process::abort(),
            Self::Abort { file, .. } => {
                io.sleep(AFTER_CRASH).await;
                OpenOptions::new().append(true).open(file)?.write_all(b".")?;
            }
            Self::Sleep { file, company } => sleep_until_joined(io, file, *company).await?,
            Self::Hold { file } => hold(io, file).await?,
            Self::Slow { file, tasks } if index == 0 => {
                let (file, others) = (file.clone(), tasks - 1);
                io.compute(move || outlast(&file, others)).await?;
            }
            Self::Slow { file, .. } => OpenOptions::new().append(true).open(file)?.write_all(b".")?,
            Self::Connect { server } => connect(io, *server).await?,
            Self::Placed { stack } => placed(*stack)?,
            _ => {}
        }
        Ok(io.compute(move || value(index)).await)
    }
}

async fn sleep_until_joined<I: Io>(io: &I, file: &Path, company: u64) -> Result<()> {
    OpenOptions::new().append(true).open(file)?.write_all(b".")?;
    for _ in 0..LOOKS {
        if File::open(file)?.metadata()?.len() >= company {
            return Ok(());
        }
        io.sleep(BETWEEN_LOOKS).await;
    }
    Err(TaskError::new("the others never came"))
}

async fn hold<I: Io>(io: &I, file: &Path) -> Result<()> {
    std::fs::write(file, format!("{}\n", std::process::id()))?;
    for _ in 0..LOOKS {
        if Probe::release(file).exists() {
            return Ok(());
        }
        io.sleep(BETWEEN_LOOKS).await;
    }
    Err(TaskError::new("it was never released"))
}

/// Keeps its thread until all others have begun, or none has for long.
fn outlast(file: &Path, others: u64) -> Result<()> {
    let (mut begun, mut still) = (0, 0);
    while begun < others && still < LOOKS_AT_NOTHING {
        std::thread::sleep(BETWEEN_LOOKS);
        let now = File::open(file)?.metadata()?.len();
        still = if now == begun { still + 1 } else { 0 };
        begun = now;
    }
    std::fs::write(Probe::kept_back(file), (others - begun).to_string())?;
    Ok(())
}

fn placed(stack: Option<u64>) -> Result<()> {
    let cores = sched_getaffinity(None).map_err(std::io::Error::from)?.count();
    if cores != 1 {
        return Err(TaskError::new(format!("its thread may use {cores} cores")));
    }
    match (stack, mapping_of_stack()?) {
        (Some(asked), found) if found.abs_diff(asked) > STACK_SLACK => {
            Err(TaskError::new(format!("its stack has {found} bytes")))
        }
        _ => Ok(()),
    }
}

/// How long the mapping is in which the stack of this thread lies, in bytes.
fn mapping_of_stack() -> Result<u64> {
    let here = 0u8;
    let address = (&raw const here).addr() as u64;
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let mut ranges = maps.lines().filter_map(|line| {
        let (start, end) = line.split_once(' ')?.0.split_once('-')?;
        Some(u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
    });
    let own = ranges.find(|range| range.contains(&address));
    own.map(|range| range.end - range.start).ok_or_else(|| TaskError::new("its stack is in no mapping"))
}

async fn connect<I: Io>(io: &I, server: SocketAddr) -> Result<()> {
    let mut stream = io.connect(server).await?;
    stream.write_all(b"here").await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    match answer.as_slice() {
        b"go" => Ok(()),
        other => Err(TaskError::new(format!("the server said {other:?}"))),
    }
}
