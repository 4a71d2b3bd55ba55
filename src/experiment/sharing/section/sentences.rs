//! What follows, in sentences that are true word for word.

use concbench_sharing::contention::{PERMITS, Protection};
use concbench_text::figures as units;
use itertools::Itertools as _;

use super::{Point, figure, find};
use crate::model::{ModelInfo, Sizing};
use crate::models::{BuiltIn, Catalogue};
use crate::record::{Estimate, Status};
use crate::report::text;

/// The number of tasks of which the first sentences speak.
const TWO: u64 = 2;
/// The model of threads, and that of processes.
const THREADS: &str = "thread-spawn";
const PROCESSES: &str = "process-fork";
/// The models whose tasks take turns on one thread, and never overlap between two waits.
const IN_TURN: [&str; 4] = ["sequential", "tokio-current-thread", "join-all", "tokio-rayon"];

/// All of them.
pub(super) fn all(cells: &[Point]) -> Vec<String> {
    let parts = [
        price(cells),
        nothing_lost(cells),
        never_overlapped(cells),
        lost_while_waiting(cells),
        tickets(cells),
        permits(cells),
        event(cells),
        turns(cells),
        deadlock(cells),
    ];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    match known.is_empty() {
        true => vec!["It is not known what sharing costs: no cell could be measured.".to_owned()],
        false => known,
    }
}

/// What is lost without protection, and what protection costs.
fn price(cells: &[Point]) -> Option<String> {
    let lost =
        find(cells, Protection::Nothing, THREADS, TWO).and_then(|cell| figure(cell, "lost_per_million"));
    let cost = |object, model| {
        find(cells, object, model, TWO).and_then(|cell| figure(cell, "acquire_ns")).map(units::median_time)
    };
    let costs = [
        ("with an atomic", cost(Protection::Atomic, THREADS)),
        ("with an atomic that processes share", cost(Protection::Atomic, PROCESSES)),
        ("under a mutex", cost(Protection::Lock, THREADS)),
        ("under a lock between processes", cost(Protection::Lock, PROCESSES)),
        ("through a manager process", cost(Protection::Manager, PROCESSES)),
    ];
    let costs: Vec<String> =
        costs.into_iter().filter_map(|(what, cost)| Some(format!("{} {what}", cost?))).collect();
    let costs = (!costs.is_empty()).then(|| text::list(&costs, costs.len()));
    let lost = lost.map(|lost| {
        let of = units::count(lost.median.round());
        format!("Without a lock a counter loses {of} of a million updates under 2 threads")
    });
    match (lost, costs) {
        (Some(lost), None) => Some(format!("{lost}.")),
        (Some(lost), Some(costs)) => Some(format!("{lost}; an update by two of them takes {costs}.")),
        (None, Some(costs)) => Some(format!("An update by two takes {costs}.")),
        (None, None) => None,
    }
}

/// Where tasks cannot overlap, and why nothing is lost there; or that something was.
fn nothing_lost(cells: &[Point]) -> Option<String> {
    let of = |model: &&str| {
        let lost = find(cells, Protection::Nothing, model, TWO)?.observations.iter();
        Some(((*model).to_owned(), lost.map(|made| made.responses.lost).collect::<Vec<_>>()))
    };
    let known: Vec<(String, Vec<u64>)> =
        IN_TURN.iter().filter_map(of).filter(|(_, lost)| !lost.is_empty()).collect();
    let (exact, other): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|(_, lost)| lost.iter().all(|&lost| lost == 0));
    if let Some((model, _)) = other.first() {
        return Some(format!("Under {model} updates were lost although its tasks take turns on one thread."));
    }
    let names: Vec<String> = exact.into_iter().map(|(model, _)| model).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Under {} none is lost without a lock: tasks take turns on one thread, and none gives it up between reading \
             and writing.",
            text::list(&names, names.len())
        )
    })
}

/// Where tasks can overlap, and nothing was lost all the same.
fn never_overlapped(cells: &[Point]) -> Option<String> {
    let can_overlap = |info: &ModelInfo, workers| {
        let several = match info.sizing {
            Sizing::One => false,
            Sizing::PerTask => true,
            Sizing::Workers => workers > 1,
        };
        several && !IN_TURN.contains(&info.id)
    };
    let exact = |cell: &&Point| cell.observations.iter().all(|made| made.responses.lost == 0);
    let name = |info: &ModelInfo| {
        let cell = find(cells, Protection::Nothing, info.id, TWO).filter(|cell| cell.status == Status::Ok)?;
        let by_luck = can_overlap(info, cell.factors.workers) && exact(&cell);
        by_luck.then(|| text::name(info.id))
    };
    let names: Vec<String> = BuiltIn::infos().iter().filter_map(name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Under {} none was lost in this run, by luck: nothing keeps two of its tasks from reading the same number.",
            text::list(&names, names.len())
        )
    })
}

/// That a wait between reading and writing loses updates even there.
fn lost_while_waiting(cells: &[Point]) -> Option<String> {
    let waits = |cell: &&Point| {
        let factors = &cell.factors;
        factors.object == Protection::Nothing
            && factors.wait_ns > 0
            && factors.model == "tokio-current-thread"
    };
    let cell = cells.iter().find(waits)?;
    let lost = figure(cell, "lost_per_million")?.median.round();
    (lost > 0.0).then(|| {
        format!(
            "With a wait between reading and writing, 2 tasks on that one thread lose {} of a million: a coroutine needs a \
             lock as soon as it waits inside.",
            units::count(lost)
        )
    })
}

/// Tickets in a file that were sold twice, and none under a lock.
fn tickets(cells: &[Point]) -> Option<String> {
    let bare =
        find(cells, Protection::File, PROCESSES, TWO).and_then(|cell| figure(cell, "lost_per_million"))?;
    let twice = units::count(bare.median.round());
    let kept = find(cells, Protection::FileLock, PROCESSES, TWO).filter(|cell| cell.status == Status::Ok);
    let cost = kept.and_then(|cell| figure(cell, "acquire_ns"));
    let start = format!("2 processes that sell tickets from a file sell {twice} of a million twice");
    Some(match cost {
        Some(cost) => {
            format!("{start}; under a lock on the file none, at {} a ticket.", units::median_time(cost))
        }
        None => format!("{start}."),
    })
}

/// What an acquisition of this object takes where most tasks contend, from the model where it takes least to that where it
/// takes most; and how many tasks these are.
fn span(cells: &[Point], object: Protection) -> Option<(u64, String)> {
    let known = |cell: &&Point| cell.factors.object == object && cell.status == Status::Ok;
    let contenders = cells.iter().filter(known).map(|cell| cell.factors.contenders).max()?;
    let cost = |cell| Some((figure(cell, "acquire_ns")?, &cell.factors.model));
    let costs =
        cells.iter().filter(known).filter(|cell| cell.factors.contenders == contenders).filter_map(cost);
    let sorted: Vec<_> = costs.sorted_by(|left, right| left.0.median.total_cmp(&right.0.median)).collect();
    let part = |(cost, model): &(&Estimate, &String)| {
        format!("{} ({})", units::median_time(cost), text::name(model))
    };
    let words = match sorted.as_slice() {
        [] => return None,
        [only] => part(only),
        [least, .., most] => format!("{} to {}", part(least), part(most)),
    };
    Some((contenders, words))
}

/// What one of several permits costs.
fn permits(cells: &[Point]) -> Option<String> {
    let (tasks, costs) = span(cells, Protection::Semaphore)?;
    Some(format!(
        "Of {tasks} tasks that want one of {PERMITS} permits at most {PERMITS} are inside; a permit takes {costs}."
    ))
}

/// How long after an event the tasks wake that wait for it.
fn event(cells: &[Point]) -> Option<String> {
    let (tasks, costs) = span(cells, Protection::Event)?;
    let waiting = tasks - 1;
    Some(format!(
        "An event wakes all of {waiting} tasks that wait for it, and none before it; one wakes {costs} after it."
    ))
}

/// What a turn takes by a condition variable.
fn turns(cells: &[Point]) -> Option<String> {
    let (tasks, costs) = span(cells, Protection::Condition)?;
    Some(format!(
        "A turn of {tasks} tasks that take turns by a condition variable takes {costs}; none is out of turn."
    ))
}

/// How the demonstration of a deadlock has ended.
fn deadlock(cells: &[Point]) -> Option<String> {
    let demonstrated = cells.iter().filter(|cell| cell.factors.object == Protection::Deadlock);
    let (hung, refused): (Vec<&Point>, Vec<&Point>) = demonstrated
        .filter(|cell| matches!(cell.status, Status::TimedOut | Status::Unsupported))
        .partition(|cell| cell.status == Status::TimedOut);
    let names = |cells: &[&Point]| {
        let names: Vec<String> = cells.iter().map(|cell| text::name(&cell.factors.model)).collect();
        text::list(&names, names.len())
    };
    let hung = (!hung.is_empty()).then(|| {
        format!("Two tasks that take two locks in opposite order hang under {}, and were ended", names(&hung))
    })?;
    Some(match refused.is_empty() {
        true => format!("{hung}."),
        false => {
            format!("{hung}; {} cannot have both under way, and was refused beforehand.", names(&refused))
        }
    })
}
