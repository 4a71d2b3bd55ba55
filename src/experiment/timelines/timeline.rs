//! From the notes that the tasks of a batch left to its timeline.

use super::{Span, Timeline};
use crate::models::instrument::{Line, MOST_TRACED, Stretch};
use itertools::Itertools as _;

/// The most spans of one batch that are recorded.
const MOST_SPANS: usize = 2_000;

/// A batch that was traced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// How many tasks it has.
    pub(super) tasks: u64,
    /// The number of the runner's process.
    pub(super) runner: i32,
    /// Whether a task that waits keeps its worker.
    pub(super) keeps_worker: bool,
    /// When it was submitted, on the clock of the notes.
    pub(super) from_ns: u64,
    /// When its last result was back.
    pub(super) to_ns: u64,
}

/// The timeline of a batch, out of the notes of all batches of its runner. Processes and threads lose their numbers,
/// which are nobody's business, and are counted from 0 in the order in which they took their first task.
pub(super) fn timeline(batch: Batch, notes: &[u8]) -> Timeline {
    let lines = notes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let mut cut = Vec::new();
    let mut torn = 0;
    let mut stretches: Vec<Noted> = Vec::new();
    let mut lost = 0;
    for line in lines {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            torn += 1;
            continue;
        };
        let before = stretches.len();
        let within = |one: &Stretch| one.from_ns >= batch.from_ns && one.to_ns <= batch.to_ns;
        let task = line.task;
        let ran: Vec<Stretch> = line.stretches.into_iter().filter(within).collect();
        if batch.keeps_worker {
            let waits = ran.windows(2).filter_map(|pair| between(pair[0], pair[1]));
            stretches.extend(waits.map(|stretch| Noted { task, stretch, waiting: true }));
        }
        stretches.extend(ran.into_iter().map(|stretch| Noted { task, stretch, waiting: false }));
        lost += if stretches.len() > before { line.lost } else { 0 };
    }
    stretches.sort_by_key(|noted| (noted.stretch.from_ns, noted.task, noted.waiting));
    if batch.tasks > MOST_TRACED {
        cut.push(format!("only the first {MOST_TRACED} of {} tasks were noted", batch.tasks));
    }
    if lost > 0 {
        cut.push(format!("{lost} short stretches of tasks with many were not noted"));
    }
    if torn > 0 {
        cut.push(format!("{torn} tasks left no legible note"));
    }
    if stretches.len() > MOST_SPANS {
        cut.push(format!("{} spans after the first {MOST_SPANS} are left out", stretches.len() - MOST_SPANS));
        stretches.truncate(MOST_SPANS);
    }
    let lanes = Lanes::of(&stretches, batch.runner);
    let spans = stretches.iter().map(|&Noted { task, stretch, waiting }| Span {
        task,
        lane: lanes.position(&stretch) as u32,
        start_ns: stretch.from_ns - batch.from_ns,
        end_ns: stretch.to_ns - batch.from_ns,
        waiting,
    });
    Timeline {
        batch_ns: batch.to_ns - batch.from_ns,
        spans: spans.collect(),
        lanes: lanes.names(),
        truncated: (!cut.is_empty()).then(|| cut.join("; ")),
    }
}

/// What a task did on one thread without a break.
#[derive(Debug, Clone, Copy)]
struct Noted {
    task: u64,
    stretch: Stretch,
    waiting: bool,
}

/// The wait between two stretches of a task that keeps its thread.
fn between(before: Stretch, after: Stretch) -> Option<Stretch> {
    let same = (before.process, before.thread) == (after.process, after.thread);
    same.then_some(Stretch { from_ns: before.to_ns, to_ns: after.from_ns, ..before })
}

/// The threads that ran tasks, each with its process, in the order of their first tasks.
struct Lanes {
    threads: Vec<(i32, i32)>,
    runner: i32,
}

impl Lanes {
    fn of(stretches: &[Noted], runner: i32) -> Self {
        let threads = stretches.iter().map(|noted| (noted.stretch.process, noted.stretch.thread));
        Self { threads: threads.unique().collect(), runner }
    }

    fn position(&self, one: &Stretch) -> usize {
        let same = |thread: &(i32, i32)| *thread == (one.process, one.thread);
        self.threads.iter().position(same).expect("every stretch has a lane")
    }

    /// `worker 0` for a thread of the runner; `process 0` for another process, with its threads where it has several.
    fn names(&self) -> Vec<String> {
        let mut processes: Vec<i32> = Vec::new();
        for (process, _) in &self.threads {
            if *process != self.runner && !processes.contains(process) {
                processes.push(*process);
            }
        }
        let among = |(process, thread): &(i32, i32)| {
            let threads: Vec<_> = self.threads.iter().filter(|(other, _)| other == process).collect();
            let at = threads.iter().position(|(_, other)| other == thread).unwrap_or(0);
            match processes.iter().position(|other| other == process) {
                None => format!("worker {at}"),
                Some(process) if threads.len() > 1 => format!("process {process}, thread {at}"),
                Some(process) => format!("process {process}"),
            }
        };
        self.threads.iter().map(among).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNER: i32 = 7;

    fn note(task: u64, stretches: &[(i32, i32, u64, u64)]) -> String {
        let stretches = stretches.iter().map(|&(process, thread, from_ns, to_ns)| Stretch {
            process,
            thread,
            from_ns,
            to_ns,
        });
        serde_json::to_string(&Line { task, stretches: stretches.collect(), lost: 0 }).unwrap() + "\n"
    }

    fn batch(keeps_worker: bool) -> Batch {
        Batch { tasks: 2, runner: RUNNER, keeps_worker, from_ns: 1_000, to_ns: 2_000 }
    }

    fn of(notes: &str) -> Timeline {
        timeline(batch(false), notes.as_bytes())
    }

    #[test]
    fn a_wait_is_shown_where_it_keeps_its_worker() {
        let notes = note(0, &[(RUNNER, 70, 1_100, 1_200), (RUNNER, 70, 1_500, 1_600)]);
        let spans = |keeps| {
            let found = timeline(batch(keeps), notes.as_bytes());
            found.spans.iter().map(|span| (span.start_ns, span.end_ns, span.waiting)).collect::<Vec<_>>()
        };
        assert_eq!(spans(true), [(100, 200, false), (200, 500, true), (500, 600, false)]);
        assert_eq!(spans(false), [(100, 200, false), (500, 600, false)]);
    }

    #[test]
    fn only_what_belongs_to_the_batch_is_shown_and_counted_from_its_start() {
        let early = note(0, &[(RUNNER, 70, 100, 200)]);
        let notes = early + &note(1, &[(RUNNER, 71, 1_500, 1_600)]) + &note(0, &[(RUNNER, 70, 1_200, 1_400)]);
        let found = of(&notes);
        assert_eq!(found.batch_ns, 1_000);
        assert_eq!(found.lanes, ["worker 0", "worker 1"]);
        let spans: Vec<_> = found.spans.iter().map(|s| (s.task, s.lane, s.start_ns, s.end_ns)).collect();
        assert_eq!(spans, [(0, 0, 200, 400), (1, 1, 500, 600)]);
        assert_eq!(found.truncated, None);
    }

    #[test]
    fn processes_are_counted_and_keep_no_number_of_the_system() {
        let notes = note(0, &[(4242, 4242, 1_100, 1_200)]) + &note(1, &[(4343, 4343, 1_100, 1_300)]);
        assert_eq!(of(&notes).lanes, ["process 0", "process 1"]);
        let notes = note(0, &[(4242, 1, 1_100, 1_200)]) + &note(1, &[(4242, 2, 1_150, 1_300)]);
        assert_eq!(of(&notes).lanes, ["process 0, thread 0", "process 0, thread 1"]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let many: Vec<_> = (0..10).map(|n| (RUNNER, n, 1_000 + u64::from(n as u32), 1_900)).collect();
        let notes: String = (0..300).map(|task| note(task, &many)).collect::<String>() + "{\"torn";
        let found = of(&notes);
        assert_eq!(found.spans.len(), MOST_SPANS);
        let said = found.truncated.unwrap();
        assert!(said.contains("1000 spans after the first 2000") && said.contains("1 tasks left"), "{said}");
    }
}
