//! Whole conversations with a runner, checked on both sides.

use std::path::Path;
use std::time::{Duration, Instant};

use concbench_model::Digest;
use concbench_sys::Usage;

use crate::{Answer, Child, Clocks, Description, Kind, Launch, Order, Trouble};

/// How often it is looked at a runner while it runs the batch that is not timed.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// A batch as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How long it took by the runner's clock, in nanoseconds.
    pub wall_ns: u64,
}

/// What was seen of a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// From before its process was started until its model was ready, in nanoseconds.
    pub startup_ns: u64,
    /// The batches, the first one cold.
    pub batches: Vec<Batch>,
    /// From when nothing more was asked until its process had ended, in nanoseconds.
    pub shutdown_ns: u64,
    /// What the tasks of every batch returned.
    pub digest: Digest,
    /// What the process, and every process that it waited for, used from start to end.
    pub usage: Usage,
    /// What the process used itself, in user mode and in the kernel, without those that it waited for; `None` where the kernel
    /// did not say.
    pub own_cpu: Option<Duration>,
}

/// Looks at a runner's processes from outside.
pub trait Probe {
    /// Its model is ready, and its batches begin.
    fn ready(&mut self, pid: u32);
    /// Its batches have ended, and its model is still there.
    fn ended(&mut self, pid: u32);
    /// It runs a batch that is not timed.
    fn during(&mut self, pid: u32);
}

/// Nothing is looked at.
impl Probe for () {
    fn ready(&mut self, _: u32) {}
    fn ended(&mut self, _: u32) {}
    fn during(&mut self, _: u32) {}
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With one more batch, during which the runner is looked at.
    Again,
    /// At once.
    AtOnce,
}

/// Has a runner say what it is.
///
/// # Errors
///
/// What the runner lacks, or does otherwise than it should.
pub fn describe(launch: Launch, deadline: Duration) -> Result<Description, Trouble> {
    let mut child = Child::start(launch, deadline)?;
    child.say("describe\n")?;
    let line = child.line()?;
    let said = Description::read(&line).map_err(|trouble| child.trouble(trouble.kind, trouble.reason))?;
    child.finish()?;
    Ok(said)
}

/// Has a runner run batches. Each must complete all of its tasks, with the digest that is expected or else the same as the
/// first, in a time that both clocks agree on.
///
/// # Errors
///
/// What the runner lacks, or does otherwise than it should.
pub fn observe(
    launch: Launch,
    order: &Order,
    expected: Option<Digest>,
    ending: Ending,
    deadline: Duration,
    probe: &mut dyn Probe,
) -> Result<Seen, Trouble> {
    let text = order.to_text().map_err(|error| Trouble::failed(error.to_string()))?;
    let started = Instant::now();
    let child = Child::start(launch, deadline)?;
    let mut talk = Talk { child, order, expected, clocks: Clocks::default(), last: started };
    talk.child.say(&text)?;
    let sent = Instant::now();
    match talk.next()? {
        Answer::Ready => {}
        other => return Err(talk.out_of_turn(&other, "`ready`")),
    }
    let startup_ns = nanoseconds(talk.last - started);
    probe.ready(talk.child.pid());
    let delayed = talk.delayed();
    talk.batches()?;
    talk.clocks.since_order = nanoseconds(talk.last - sent);
    talk.clocks.delayed = talk.delayed().saturating_sub(delayed);
    probe.ended(talk.child.pid());
    talk.clocks.agree().map_err(|error| talk.child.trouble(Kind::Failed, error.to_string()))?;
    if ending == Ending::Again {
        talk.again(probe)?;
    }
    let Talk { child, expected, clocks, .. } = talk;
    let stopped = Instant::now();
    let (usage, own_cpu) = child.finish()?;
    Ok(Seen {
        startup_ns,
        batches: clocks.theirs.into_iter().map(|wall_ns| Batch { wall_ns }).collect(),
        shutdown_ns: nanoseconds(stopped.elapsed()),
        digest: expected.unwrap_or_default(),
        usage,
        own_cpu,
    })
}

/// A conversation under way.
struct Talk<'a> {
    child: Child,
    order: &'a Order,
    /// What every batch must have returned; that of the first where nothing else is known.
    expected: Option<Digest>,
    clocks: Clocks,
    /// When the last line was read.
    last: Instant,
}

impl Talk<'_> {
    fn next(&mut self) -> Result<Answer, Trouble> {
        let line = self.child.line()?;
        self.last = Instant::now();
        self.answer(&line)
    }

    fn answer(&mut self, line: &[u8]) -> Result<Answer, Trouble> {
        match Answer::read(line) {
            Ok(Answer::Unsupported(reason)) => Err(self.said(Kind::Unsupported, reason)),
            Ok(Answer::Failed(reason)) => Err(self.said(Kind::Failed, reason)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.child.trouble(Kind::Failed, format!("it said {error}"))),
        }
    }

    fn said(&mut self, kind: Kind, reason: String) -> Trouble {
        Trouble { said: true, ..self.child.trouble(kind, reason) }
    }

    fn out_of_turn(&mut self, answer: &Answer, instead: &str) -> Trouble {
        let said = match answer {
            Answer::Ready => "ready",
            Answer::Batch { .. } => "batch",
            _ => "end",
        };
        self.child.trouble(Kind::Failed, format!("it said `{said}`, where {instead} was to come"))
    }

    /// The batches until `end`.
    fn batches(&mut self) -> Result<(), Trouble> {
        loop {
            let before = self.last;
            match self.next()? {
                Answer::Batch { wall_ns, created, digest } => {
                    self.clocks.theirs.push(wall_ns);
                    self.clocks.ours.push(nanoseconds(self.last - before));
                    self.check(created, digest)?;
                }
                Answer::End => break,
                other => return Err(self.out_of_turn(&other, "a batch or `end`")),
            }
            if self.clocks.theirs.len() as u64 > self.order.most.max(self.order.batches) {
                let what = format!("more than the {} batches that were asked for", self.order.most);
                return Err(self.child.trouble(Kind::Failed, what));
            }
        }
        let done = self.clocks.theirs.len() as u64;
        match done < self.order.batches {
            true => {
                let what = format!("{done} of the {} batches that were asked for", self.order.batches);
                Err(self.child.trouble(Kind::Failed, what))
            }
            false => Ok(()),
        }
    }

    /// Whether a batch did its work.
    fn check(&mut self, created: u64, digest: Digest) -> Result<(), Trouble> {
        let (asked, batch) = (self.order.tasks, self.clocks.theirs.len());
        let wrong = if created != asked {
            format!("batch {batch}: {created} of {asked} tasks created")
        } else if digest.tasks != asked {
            format!("batch {batch}: {} of {asked} tasks completed", digest.tasks)
        } else if *self.expected.get_or_insert(digest) != digest {
            format!("batch {batch}: the tasks returned something else than they should")
        } else {
            return Ok(());
        };
        Err(self.child.trouble(Kind::Failed, wrong))
    }

    /// One more batch, during which the runner is looked at. It takes as long as that takes, and is in no figure.
    fn again(&mut self, probe: &mut dyn Probe) -> Result<(), Trouble> {
        self.child.say("again\n")?;
        loop {
            let Some(line) = self.child.line_within(LOOK_EVERY)? else {
                probe.during(self.child.pid());
                continue;
            };
            match self.answer(&line)? {
                Answer::Batch { created, digest, .. } => self.check(created, digest)?,
                Answer::End => return Ok(()),
                other => return Err(self.out_of_turn(&other, "a batch or `end`")),
            }
        }
    }

    /// How long this thread and the runner's threads were ready to run and had no core, so far, in nanoseconds: which of
    /// those writes the lines is not known.
    fn delayed(&self) -> u64 {
        let of = |path: &Path| {
            let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
            concbench_sys::parse::number::<u64>(text.split_ascii_whitespace().nth(1)?)
        };
        let threads =
            std::fs::read_dir(format!("/proc/{}/task", self.child.pid())).into_iter().flatten().flatten();
        let theirs = threads.filter_map(|thread| of(&thread.path()));
        theirs.chain(of(Path::new("/proc/thread-self"))).fold(0, u64::saturating_add)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
