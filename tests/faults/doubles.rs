//! Models that misbehave, each in one way.

use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concbench::Workload;
use concbench::model::{
    Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing, Unshared,
    Waiting, attempt_blocking,
};
use concbench::models::{BuiltIn, Catalogue, Visitor};
use rustix::process::{Signal, getpid, kill_process};

use crate::unprotected::Unprotected;

/// What a model does that runs these tasks, one after the other.
fn fold<W: Workload>(workload: &W, indices: impl IntoIterator<Item = u64>) -> Result<Digest> {
    Fold::over(indices.into_iter().map(|index| (index, attempt_blocking(workload, index))))
}

const fn info(id: &'static str) -> ModelInfo {
    ModelInfo {
        id,
        family: Family::Threads,
        summary: "a test double",
        right_when: "never",
        elsewhere: "nowhere",
        sizing: Sizing::One,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Single,
        all_cores: false,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &[],
        default: true,
        tuned: None,
        discontinued: None,
    }
}

macro_rules! double {
    ($name:ident, $id:literal, $run:expr) => {
        double!($name, $id, $run, |_: &Settings| Ok(()), || Ok(()));
    };
    ($name:ident, $id:literal, $run:expr, $start:expr, $stop:expr) => {
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Model for $name {
            const INFO: ModelInfo = info($id);

            type Shared = Unshared;

            fn start(settings: &Settings) -> Result<Self> {
                let start: fn(&Settings) -> Result<()> = $start;
                start(settings).map(|()| Self)
            }

            fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
                // The batch as it should be is at hand, to be spoilt.
                let spoil: fn(&dyn Fn(&[u64]) -> Result<Digest>, &[u64]) -> Result<Digest> = $run;
                let indices: Vec<u64> = tasks.collect();
                spoil(&|indices| fold(workload.as_ref(), indices.iter().copied()), &indices)
            }

            fn stop(self) -> Result<()> {
                let stop: fn() -> Result<()> = $stop;
                stop()
            }
        }
    };
}

double!(DropTask, "drop-task", |run, tasks| run(&tasks[1..]));
double!(CountTwice, "count-twice", |run, tasks| run(&[tasks, &tasks[..1]].concat()));
double!(SwapTask, "swap-task", |run, tasks| run(&[&tasks[1..], &tasks[1..2]].concat()));
double!(ReturnEarly, "return-early", |_, _| Ok(Digest::default()));
double!(Panic, "panic", |_, _| panic!("the model panics on purpose"));
double!(
    PanicStart,
    "panic-start",
    |run, tasks| run(tasks),
    |_| panic!("the start panics on purpose"),
    || Ok(())
);
double!(ExitZero, "exit-zero", |_, _| std::process::exit(0));
double!(ExitSeven, "exit-seven", |_, _| {
    eprintln!("exits on purpose");
    std::process::exit(7)
});
double!(Abort, "abort", |_, _| std::process::abort());
double!(Overflow, "overflow", |_, tasks| Ok(Digest { tasks: deep(tasks[0]), sum: 0 }));
double!(
    Refuse,
    "refuse",
    |run, tasks| run(tasks),
    |_| Err(ModelError::Unsupported("the double refuses".to_owned())),
    || Ok(())
);
double!(Hang, "hang", |_, _| hang());
double!(HangStop, "hang-stop", |run, tasks| run(tasks), |_| Ok(()), || hang());
double!(Spin, "spin", |_, _| loop {
    std::hint::spin_loop();
});
double!(Chatter, "chatter", |_, _| loop {
    // Nothing but the reader's patience bounds this.
    let _ = std::io::stderr().write_all(&[b'x'; 4096]);
});
double!(Deadlock, "deadlock", |_, _| {
    let locks = [Mutex::new(()), Mutex::new(())];
    let barrier = std::sync::Barrier::new(2);
    let both = |first: usize, second: usize| {
        let _first = locks[first].lock();
        barrier.wait();
        drop(locks[second].lock());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| both(0, 1));
        both(1, 0);
    });
    unreachable!("each waits for the other")
});
double!(Devour, "devour", |_, _| {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1u8; 64 << 20]);
    }
});

// Its runners never come to run it, except where criterion asks for what only they get wrong.
double!(Rogue, "rogue", |run, tasks| run(tasks));

fn hang<T>() -> T {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

#[expect(unconditional_recursion, reason = "the stack is to overflow")]
fn deep(depth: u64) -> u64 {
    std::hint::black_box([depth; 64])[0] + deep(std::hint::black_box(depth + 1))
}

/// Works in the preflight, and ends its process in a later batch.
#[derive(Debug)]
pub(crate) struct LateAbort {
    batches: u32,
}

impl Model for LateAbort {
    const INFO: ModelInfo = info("late-abort");

    type Shared = Unshared;

    fn start(_: &Settings) -> Result<Self> {
        Ok(Self { batches: 0 })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.batches += 1;
        if self.batches > 3 {
            std::process::abort();
        }
        fold(workload.as_ref(), tasks)
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}

/// The steps of a model.
pub(crate) const STEPS: [&str; 4] = ["start", "cold", "warm", "stop"];

/// Goes wrong at one step in one way, both as the name of its workload says: `cold-abort`.
#[derive(Debug)]
pub(crate) struct Stumble {
    step: String,
    way: String,
    batches: u32,
}

impl Stumble {
    fn reach(&self, step: &str) {
        if self.step != step {
            return;
        }
        match self.way.as_str() {
            "zero" => std::process::exit(0),
            "seven" => std::process::exit(7),
            "abort" => std::process::abort(),
            "overflow" => {
                std::hint::black_box(deep(1));
            }
            "kill" => {
                let _ = kill_process(getpid(), Signal::KILL);
            }
            "hang" => hang(),
            way => panic!("{way}s on purpose"),
        }
    }
}

impl Model for Stumble {
    const INFO: ModelInfo = info("stumble");

    type Shared = Unshared;

    fn start(settings: &Settings) -> Result<Self> {
        let task_spec: serde_json::Value =
            serde_json::from_str(&settings.task_spec).expect("a task spec is JSON");
        let name = task_spec["name"].as_str().unwrap_or_default();
        let (step, way) = name.split_once('-').unwrap_or_default();
        let model = Self { step: step.to_owned(), way: way.to_owned(), batches: 0 };
        model.reach("start");
        Ok(model)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.reach(if self.batches == 0 { "cold" } else { "warm" });
        self.batches += 1;
        fold(workload.as_ref(), tasks)
    }

    fn stop(self) -> Result<()> {
        self.reach("stop");
        Ok(())
    }
}

/// The lock that [`ForkLock`] holds while it forks.
pub(crate) static COPIED: Mutex<()> = Mutex::new(());

/// Forks while it holds a lock: each child has a copy that nobody will ever open.
#[derive(Debug)]
pub(crate) struct ForkLock;

impl Model for ForkLock {
    const INFO: ModelInfo = info("fork-lock");

    type Shared = Unshared;

    fn start(_: &Settings) -> Result<Self> {
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let _held = COPIED.lock();
        let visitor = Forking { workload, tasks };
        BuiltIn::visit("process-fork", visitor).unwrap_or_else(|_| unreachable!("it is built in"))
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}

struct Forking<'a, W> {
    workload: &'a Arc<W>,
    tasks: Range<u64>,
}

impl<W: Workload> Visitor for Forking<'_, W> {
    type Output = Result<Digest>;

    fn visit<M: Model>(self) -> Result<Digest> {
        let settings = Settings::new(1, "");
        let mut model = M::start(&settings)?;
        let digest = model.run(self.workload, self.tasks)?;
        model.stop()?;
        Ok(digest)
    }
}

/// A thread for each task, and objects that protect nothing.
#[derive(Debug)]
pub(crate) struct Bare;

impl Model for Bare {
    const INFO: ModelInfo =
        ModelInfo { sizing: Sizing::PerTask, waiting: Waiting::Tasks, default: false, ..info("bare") };

    type Shared = Unprotected;

    fn start(_: &Settings) -> Result<Self> {
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let attempt = |index| (index, attempt_blocking(workload.as_ref(), index));
        std::thread::scope(|scope| {
            let start = |index| scope.spawn(move || attempt(index));
            let threads: Vec<_> = tasks.map(start).collect();
            Fold::over(threads.into_iter().map(|thread| thread.join().expect("panics are caught in tasks")))
        })
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}
