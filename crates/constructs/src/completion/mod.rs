//! A batch of uneven tasks, and when the caller has their results: in order, as they are completed, or by callback.

mod coroutines;
mod pools;
mod processes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConstructError, Result};
pub(crate) use coroutines::tokio_runtime;
pub(crate) use pools::rayon_pool;

/// How many tasks a batch has.
pub const TASKS: u64 = 1_000;
/// How often a short task turns: about two microseconds.
const SHORT: u64 = 1_500;

/// How the caller gets the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In the order of the tasks.
    Ordered,
    /// Each as soon as it is there.
    AsCompleted,
    /// By a function of its own that is called with each, by whoever has it.
    Callback,
}

/// All of them.
pub const FORMS: [Form; 3] = [Form::Ordered, Form::AsCompleted, Form::Callback];

/// How many times as long as a short task this one takes: every tenth ten times, every hundredth a hundred times, the first
/// of all among them.
fn length(index: u64) -> u64 {
    match index {
        _ if index.is_multiple_of(100) => 100,
        _ if index.is_multiple_of(10) => 10,
        _ => 1,
    }
}

/// A task: what it returns depends on its index and on every turn.
#[inline(never)]
pub(crate) fn task(index: u64) -> u64 {
    (0..SHORT * length(index))
        .fold(index, |value, turn| (value ^ turn).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23))
}

/// What the caller has seen of a batch.
#[derive(Debug)]
pub struct Seen {
    begun: Instant,
    results: Vec<(u64, u64)>,
    at: Vec<Duration>,
}

/// When the caller had its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The first.
    pub first: Duration,
    /// Half of them.
    pub half: Duration,
    /// The last.
    pub last: Duration,
}

impl Seen {
    pub(crate) fn begin() -> Self {
        let count = TASKS as usize;
        Self { begun: Instant::now(), results: Vec::with_capacity(count), at: Vec::with_capacity(count) }
    }

    /// The caller has the result of a task.
    pub(crate) fn see(&mut self, index: u64, value: u64) {
        self.at.push(self.begun.elapsed());
        self.results.push((index, value));
    }

    /// When the results were there, if they are those of every task: in order where that was asked for, else each once.
    ///
    /// # Errors
    ///
    /// Which result is missing, came twice, out of order or wrong.
    pub fn checked(&self, form: Form) -> Result<Times> {
        let wrong = |what: String| Err(ConstructError::Wrong(what));
        let mut seen = vec![false; TASKS as usize];
        for (place, &(index, value)) in self.results.iter().enumerate() {
            match seen.get_mut(index as usize) {
                None => return wrong(format!("there is no task {index}")),
                Some(true) => return wrong(format!("the result of task {index} came twice")),
                Some(first) => *first = true,
            }
            if form == Form::Ordered && index != place as u64 {
                return wrong(format!(
                    "the result of task {index} came in the place of that of task {place}"
                ));
            }
            if value != task(index) {
                return wrong(format!("task {index} has the result of another"));
            }
        }
        if let Some(missing) = seen.iter().position(|seen| !seen) {
            return wrong(format!("the result of task {missing} never came"));
        }
        let at = |place: u64| self.at[place as usize];
        Ok(Times { first: at(0), half: at(TASKS / 2 - 1), last: at(TASKS - 1) })
    }
}

/// A construct that has been started.
pub trait Running {
    /// Runs a batch.
    ///
    /// # Errors
    ///
    /// When a worker has ended.
    fn batch(&mut self, form: Form) -> Result<Seen>;
}

/// A way to run a batch.
#[derive(Debug, Clone, Copy)]
pub struct Construct {
    /// Its name.
    pub id: &'static str,
    /// How each form is written with it; or why there is none.
    pub forms: [std::result::Result<&'static str, &'static str>; 3],
    start: fn(usize) -> Result<Box<dyn Running>>,
}

impl Construct {
    /// How this form is written with it.
    ///
    /// # Errors
    ///
    /// Why it has none.
    pub fn form(&self, form: Form) -> std::result::Result<&'static str, &'static str> {
        self.forms[form as usize]
    }

    /// Starts it with so many workers.
    ///
    /// # Errors
    ///
    /// When the machine or its limits do not allow it.
    pub fn start(&self, workers: usize) -> Result<Box<dyn Running>> {
        (self.start)(workers)
    }
}

/// All of them.
pub const CONSTRUCTS: [Construct; 6] = [
    Construct {
        id: "sequential",
        forms: [
            Ok("a loop"),
            Err("one task ends before the next begins: the order of completion is that of the tasks"),
            Ok("a loop that calls"),
        ],
        start: |_| Ok(Box::new(Sequential)),
    },
    Construct {
        id: "process-pool",
        forms: [Ok("results held back"), Ok("results as they come"), Ok("a thread that calls")],
        start: |workers| Ok(Box::new(processes::Processes::start(workers)?)),
    },
    Construct {
        id: "thread-pool",
        forms: [Ok("results held back"), Ok("results as they come"), Ok("the worker calls")],
        start: |workers| Ok(Box::new(pools::ThreadPool::start(workers)?)),
    },
    Construct {
        id: "rayon",
        forms: [Ok("par_iter, collect"), Ok("spawn, and a channel"), Ok("spawn, the worker calls")],
        start: |workers| Ok(Box::new(pools::Rayon::start(workers)?)),
    },
    Construct {
        id: "tokio",
        forms: [Ok("handles in order"), Ok("JoinSet"), Ok("the task calls")],
        start: |workers| Ok(Box::new(coroutines::Tokio::start(workers)?)),
    },
    Construct {
        id: "smol",
        forms: [Ok("tasks in order"), Ok("FuturesUnordered"), Ok("the task calls")],
        start: |workers| Ok(Box::new(coroutines::Smol::start(workers)?)),
    },
];

/// One task after the other.
struct Sequential;

impl Running for Sequential {
    fn batch(&mut self, _: Form) -> Result<Seen> {
        let mut seen = Seen::begin();
        (0..TASKS).for_each(|index| seen.see(index, task(index)));
        Ok(seen)
    }
}

/// Hands results on in the order of their tasks, and keeps those that come too early.
pub(crate) struct InOrder {
    early: Vec<Option<u64>>,
    next: usize,
}

impl InOrder {
    pub(crate) fn new() -> Self {
        Self { early: vec![None; TASKS as usize], next: 0 }
    }

    pub(crate) fn see(&mut self, index: u64, value: u64, seen: &mut Seen) {
        if let Some(place) = self.early.get_mut(index as usize) {
            *place = Some(value);
        }
        while let Some(value) = self.early.get_mut(self.next).and_then(Option::take) {
            seen.see(self.next as u64, value);
            self.next += 1;
        }
    }
}

/// What the caller sees, where several may call.
pub(crate) type Shared = Arc<std::sync::Mutex<Seen>>;

pub(crate) fn shared() -> Shared {
    Arc::new(std::sync::Mutex::new(Seen::begin()))
}

/// Calls back with a result.
pub(crate) fn call(seen: &Shared, index: u64, value: u64) {
    seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).see(index, value);
}

/// What was seen, once all that could call have ended.
pub(crate) fn taken(seen: Shared) -> Result<Seen> {
    let seen = Arc::into_inner(seen).ok_or_else(|| crate::gone("somebody who calls back"))?;
    Ok(seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a batch whose results are changed like this.
    fn judged(form: Form, change: fn(&mut Vec<(u64, u64)>)) -> std::result::Result<(), String> {
        let mut seen = Sequential.batch(form).unwrap();
        change(&mut seen.results);
        seen.at.resize(seen.results.len(), Duration::ZERO);
        seen.checked(form).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn results_that_are_lost_doubled_exchanged_or_out_of_order_are_found() {
        for form in FORMS {
            assert_eq!(judged(form, |_| {}), Ok(()));
            let lost = judged(form, |results| results.truncate(999));
            assert_eq!(lost, Err("the result of task 999 never came".to_owned()));
            let twice = judged(form, |results| results[999] = results[998]);
            assert_eq!(twice, Err("the result of task 998 came twice".to_owned()));
            let wrong = judged(form, |results| results[7].1 = results[8].1);
            assert_eq!(wrong, Err("task 7 has the result of another".to_owned()));
        }
        let swapped = |results: &mut Vec<(u64, u64)>| results.swap(3, 4);
        assert_eq!(judged(Form::AsCompleted, swapped), Ok(()));
        let found = judged(Form::Ordered, swapped);
        assert_eq!(found, Err("the result of task 4 came in the place of that of task 3".to_owned()));
    }

    #[test]
    fn what_comes_too_early_is_held_back() {
        let (mut seen, mut in_order) = (Seen::begin(), InOrder::new());
        for index in [2, 0, 1, 3] {
            in_order.see(index, index + 10, &mut seen);
        }
        assert_eq!(seen.results, [(0, 10), (1, 11), (2, 12), (3, 13)]);
    }
}
