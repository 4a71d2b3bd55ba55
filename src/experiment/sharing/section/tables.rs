//! What an acquisition takes, at a glance and in full.

use concbench_charts::{Table, columns};
use concbench_sharing::contention::Protection;
use concbench_text::figures as units;
use concbench_workloads::{Can, Object};
use itertools::Itertools as _;

use super::{Cell, Point, figure, named};
use crate::models::{BuiltIn, capabilities_of};
use crate::record::Status;
use crate::report::{status, text};

/// A row for what is protected by what, a column for each model: the fewest tasks that contend.
pub(super) fn at_a_glance(cells: &[Point]) -> Table {
    let factors = || cells.iter().map(|cell| &cell.factors);
    let models: Vec<&str> = factors().map(|cell| cell.model.as_str()).unique().collect();
    let rows: Vec<(Protection, u64, u64)> =
        factors().map(|cell| (cell.object, cell.compute_ns, cell.wait_ns)).unique().collect();
    let row = |&(object, compute_ns, wait_ns): &(Protection, u64, u64)| {
        let of = |cell: &&Point| {
            let Cell { object: of, compute_ns: compute, wait_ns: wait, contenders, .. } = cell.factors;
            (of, compute, wait) == (object, compute_ns, wait_ns) && contenders > 1
        };
        let fewest = cells.iter().filter(of).map(|cell| cell.factors.contenders).min().unwrap_or(1);
        let at = |model: &&str| {
            let of = |cell: &&Point| {
                of(cell) && cell.factors.model == **model && cell.factors.contenders == fewest
            };
            let refused = |cell: &&Point| {
                let Cell { object: of, .. } = cell.factors;
                of == object && cell.factors.model == **model && cell.status == Status::Unsupported
            };
            let cell = cells.iter().find(of).or_else(|| cells.iter().find(refused));
            cell.map_or_else(|| "not measured".to_owned(), at_a_glance_of)
        };
        let mut row = vec![named(object).to_owned(), inside(compute_ns, wait_ns), fewest.to_string()];
        row.extend(models.iter().map(at));
        row
    };
    let mut heads = columns(&["protected by", "inside", "tasks"]);
    heads.extend(models.iter().map(|model| text::name(model)));
    Table { columns: heads, rows: rows.iter().map(row).collect() }
}

/// The time, and what is lost where anything is.
fn at_a_glance_of(cell: &Point) -> String {
    let time = match (cell.status, figure(cell, "acquire_ns")) {
        (Status::Ok, Some(time)) => units::median_time(time),
        (Status::Ok, None) => "none".to_owned(),
        (other, _) => status(other).to_owned(),
    };
    match figure(cell, "lost_per_million") {
        Some(lost) if lost.median >= 0.5 => format!("{time}, {} lost", units::count(lost.median.round())),
        _ => time,
    }
}

/// Every cell.
pub(super) fn whole(cells: &[Point]) -> Table {
    let shown =
        cells.iter().filter(|cell| cell.status == Status::Ok || cell.factors.object == Protection::Deadlock);
    let row = |cell: &Point| {
        let time = |response| figure(cell, response).map_or("none".to_owned(), units::median_time);
        let acquire = match (cell.status, figure(cell, "acquire_ns")) {
            (Status::Ok, Some(of)) => format!("{} {}", units::median_time(of), units::time_interval(of)),
            (Status::Ok, None) => "none".to_owned(),
            (other, _) => status(other).to_owned(),
        };
        let lost = figure(cell, "lost_per_million");
        let fairness = figure(cell, "fairness");
        vec![
            named(cell.factors.object).to_owned(),
            text::name(&cell.factors.model),
            cell.factors.contenders.to_string(),
            inside(cell.factors.compute_ns, cell.factors.wait_ns),
            acquire,
            time("cpu_acquire_ns"),
            time("wait_p99_ns"),
            fairness.map_or("none".to_owned(), |share| format!("{:.2}", share.median)),
            lost.map_or("none".to_owned(), |lost| units::count(lost.median.round())),
        ]
    };
    let heads = [
        "protected by",
        "model",
        "tasks",
        "inside",
        "an acquisition",
        "CPU an acquisition",
        "p99 of the wait",
        "least over most",
        "lost per million",
    ];
    Table { columns: columns(&heads), rows: shown.map(row).collect() }
}

/// What each kind of object is made of under each model.
pub(super) fn made_of(cells: &[Point]) -> Table {
    let models: Vec<&str> = cells.iter().map(|cell| cell.factors.model.as_str()).unique().collect();
    let row = |model: &&str| {
        let can = capabilities_of::<BuiltIn>(model)?;
        let made = |object: &Object| match can.of(*object) {
            Can::Yes(what) => what.to_owned(),
            Can::No(_) => "none".to_owned(),
        };
        let mut row = vec![text::name(model)];
        row.extend(Object::ALL.iter().map(made));
        Some(row)
    };
    let heads = [
        "model",
        "word",
        "lock",
        "lock of the thread's",
        "re-entrant lock",
        "semaphore",
        "read-write lock",
        "event",
        "condition",
        "calls that block",
    ];
    Table { columns: columns(&heads), rows: models.iter().filter_map(row).collect() }
}

/// What happens inside.
fn inside(compute_ns: u64, wait_ns: u64) -> String {
    match (compute_ns, wait_ns) {
        (0, 0) => "nothing".to_owned(),
        (compute, 0) => format!("computing {}", units::exact_time(compute)),
        (_, wait) => format!("waiting {}", units::exact_time(wait)),
    }
}
