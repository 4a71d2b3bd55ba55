//! How long a task may compute in each place, as a sentence for each, a picture and tables.

use concbench_charts::{Chart, Ink, Table, Tile, Tiles, columns, tiles};
use concbench_interference::{MOST_COMPUTING_PER_S, SITES, Site};
use concbench_text::figures as units;
use itertools::Itertools as _;

use super::analyse::TOO_MUCH;
use super::{Allowed, Beyond, Cell, HANDED_LATE, Interference, Length, Observation, Placed, Point, plan};
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

type Load = CellRecord<Cell, Observation>;

/// How late tasks may be handed over, at p99, before that is said: a calm machine wakes whoever does so within a tenth of
/// that.
const DISTURBED_NS: f64 = 1e6;

/// The section.
pub(super) fn section(record: &RecordOf<Interference>, view: &View<'_>) -> Result<Section, ReportError> {
    let question = "How long may a task compute before it hurts its neighbours?";
    let mut section = Section::new(Interference::ID, "Interference", question);
    let few = u64::from(view.record.run.blocks) < FEWEST_PAIRS;
    let few = few.then(|| format!("With fewer than {FEWEST_PAIRS} blocks these are indications."));
    let found = sentences(&record.findings).into_iter().chain(late(&record.cells));
    section.findings = found.chain(left_out(&record.findings)).chain(few).collect();
    let table = table(&record.findings);
    section.body = vec![
        Element::Charts(vec![chart(&record.findings)?]),
        Element::Note(note(&record.cells)),
        Element::Table("How long a task may compute in each place".to_owned(), table.clone()),
        Element::Folded("What became of each load".to_owned(), loads(&record.cells)),
    ];
    if record.findings.iter().any(|placed| !placed.left_out.is_empty()) {
        section.body.push(Element::Folded("What is left out".to_owned(), reasons(&record.findings)));
    }
    let without = record.cells.iter().filter(|cell| cell.status != Status::Ok).map(Unmeasured::of);
    section.body.push(Element::Without(without.collect()));
    let title = Interference::ID.to_owned();
    section.tables.push(TextTable { title, sentences: Vec::new(), table });
    Ok(section)
}

fn note(cells: &[Load]) -> String {
    let due = cells.first().map_or_else(String::new, |cell| {
        let cores = cell.factors.workers;
        format!(
            ": {} a second, which is {} of what {} can do",
            units::count(plan::short_per_s(cores)),
            units::percent(plan::short_share(cores)),
            text::plural(cores, "core")
        )
    });
    format!(
        "Short tasks, 20 µs of computing each, are due at a fixed rate{due}. Beside them come tasks that compute, each at a \
         moment within its own slot that chance decides. They keep half of the cores busy on average, as far as {} of them a \
         second do: of more, the handing over would be measured. A short task takes from when it was handed over until it is \
         done. How long a task may compute is read off between two lengths where the 99th percentile is twice that without computing, \
         in each round; the figure is the median of the rounds, with its interval from order statistics. A length is left \
         out where the place did not keep up with it, and where short tasks were handed over so late that they waited for \
         each other.",
        units::count(MOST_COMPUTING_PER_S)
    )
}

/// That tasks were handed over late, by more than anything here takes: where nothing computes, or else where it was worst.
fn late(cells: &[Load]) -> Option<String> {
    let of = |load: &Load| Some((load.summary.get(HANDED_LATE)?.median, load.id.clone()));
    let (alone, beside): (Vec<&Load>, Vec<&Load>) =
        cells.iter().partition(|load| load.factors.computing_ns == 0);
    let worst = |loads: Vec<&Load>| {
        let late = loads.into_iter().filter_map(of).filter(|(late, _)| *late >= DISTURBED_NS);
        late.max_by(|left, right| left.0.total_cmp(&right.0))
    };
    if let Some((most, _)) = worst(alone) {
        return Some(format!(
            "Even without computing tasks were handed over {} late at p99: something else keeps this machine busy, and what \
             shorter computing does to its neighbours is not seen.",
            units::time(most)
        ));
    }
    let (most, id) = worst(beside)?;
    Some(format!(
        "Beside computing tasks, short ones were handed over up to {} late at p99 ({}): whoever hands them over waits for a \
         core there, too.",
        units::time(most),
        text::name(&id)
    ))
}

/// How many lengths say nothing.
fn left_out(found: &[Placed]) -> Option<String> {
    let out: usize = found.iter().map(|placed| placed.left_out.len()).sum();
    let read: usize = found.iter().map(|placed| placed.points.len()).sum();
    (out > 0).then(|| {
        format!(
            "Left out are {out} of {}: the place did not keep up, or tasks were handed over too late to tell.",
            text::plural((out + read) as u64, "load")
        )
    })
}

/// Why each of them does not.
fn reasons(found: &[Placed]) -> Table {
    let of = |placed: &Placed| {
        let row = |out: &super::LeftOut| {
            vec![place(placed), units::exact_time(out.computing_ns), text::sentence(&out.reason)]
        };
        placed.left_out.iter().map(row).collect::<Vec<_>>()
    };
    Table {
        columns: columns(&["computing is", "a task computes", "why it is left out"]),
        rows: found.iter().flat_map(of).collect(),
    }
}

fn site(runtime: &str, placement: &str) -> Option<&'static Site> {
    SITES.iter().find(|site| site.runtime == runtime && site.placement == placement)
}

/// Where computing is put, in words.
fn place(placed: &Placed) -> String {
    match site(&placed.runtime, &placed.placement) {
        Some(site) => site.words.to_owned(),
        None => text::name(&format!("{}/{}", placed.runtime, placed.placement)),
    }
}

/// What is allowed in each place; of those where it is not known, once for each reason.
fn sentences(found: &[Placed]) -> Vec<String> {
    let why = |placed: &Placed| match placed.allowed {
        Some(_) => None,
        None => Some(placed.refusal.as_deref().map_or("nothing was recorded".to_owned(), text::sentence)),
    };
    let unlike = found.iter().unique_by(|placed| why(placed).ok_or_else(|| place(placed)));
    let sentence = |placed: &Placed| match (placed.allowed, why(placed)) {
        (Some(allowed), _) => sentence(&place(placed), allowed),
        (None, why_here) => {
            let these = found.iter().filter(|other| why(other) == why_here).map(place);
            let places = text::capitalised(&text::list(&these.collect::<Vec<_>>(), usize::MAX));
            let because = why_here.unwrap_or_default();
            format!("{places}, it is not known how long a task may compute: {because}.")
        }
    };
    unlike.map(sentence).collect()
}

/// What is allowed in one place.
fn sentence(place: &str, allowed: Allowed) -> String {
    let place = text::capitalised(place);
    let Allowed { median, low, high, measured_ns, .. } = allowed;
    let (shortest, longest) = (units::exact_time(measured_ns.0), units::exact_time(measured_ns.1));
    let span = format!("{} to {}", length(low, measured_ns), length(high, measured_ns));
    match (median.beyond, low == high) {
        (None, _) => format!(
            "{place}, a task may compute {} ({span}) before p99 doubles.",
            length(median, measured_ns)
        ),
        (Some(Beyond::Below), true) => {
            format!("{place}, p99 has doubled already where a task computes {shortest}.")
        }
        (Some(Beyond::Below), false) => {
            format!("{place}, p99 has doubled in most rounds where a task computes {shortest} ({span}).")
        }
        (Some(Beyond::Above), true) => {
            format!("{place}, p99 has not doubled where a task computes {longest}.")
        }
        (Some(Beyond::Above), false) => {
            format!("{place}, p99 has not doubled in most rounds where a task computes {longest} ({span}).")
        }
    }
}

/// A length, in words.
fn length(length: Length, (shortest, longest): (u64, u64)) -> String {
    match (length.ns, length.beyond) {
        (Some(ns), _) => units::time(ns),
        (None, Some(Beyond::Below)) => format!("below {}", units::exact_time(shortest)),
        (None, _) => format!("above {}", units::exact_time(longest)),
    }
}

/// The lengths that were measured in any place.
fn lengths(found: &[Placed]) -> Vec<u64> {
    found.iter().flat_map(|placed| &placed.points).map(|point| point.computing_ns).unique().sorted().collect()
}

fn point(placed: &Placed, computing_ns: u64) -> Option<&Point> {
    placed.points.iter().find(|point| point.computing_ns == computing_ns)
}

/// What is allowed in each place, and what each length does there.
fn table(found: &[Placed]) -> Table {
    let lengths = lengths(found);
    let row = |placed: &Placed| {
        let shown = |allowed: Allowed| {
            let of = |one| length(one, allowed.measured_ns);
            (of(allowed.median), format!("{} to {}", of(allowed.low), of(allowed.high)))
        };
        let (median, interval) = placed.allowed.map_or(("unknown".to_owned(), "none".to_owned()), shown);
        let ratio = |length: &u64| {
            let interval = |point: &Point| units::ratio(point.ratio, Some((point.low, point.high)));
            let left_out = placed.left_out.iter().any(|out| out.computing_ns == *length);
            let none = if left_out { "left out" } else { "none" };
            point(placed, *length).map_or(none.into(), interval)
        };
        let ratios = lengths.iter().map(ratio);
        [place(placed), median, interval].into_iter().chain(ratios).collect()
    };
    let heads = ["computing is", "may take", "its interval"].map(str::to_owned);
    let of_length = lengths.iter().map(|length| format!("p99 at {}", units::exact_time(*length)));
    Table { columns: heads.into_iter().chain(of_length).collect(), rows: found.iter().map(row).collect() }
}

/// What became of each load.
fn loads(cells: &[Load]) -> Table {
    let row = |load: &Load| {
        let Cell { runtime, placement, computing, .. } = &load.factors;
        let of = |name: &str, show: fn(f64) -> String| {
            load.summary.get(name).map_or("unknown".into(), |found| show(found.median))
        };
        vec![
            text::name(runtime),
            text::name(placement),
            text::name(computing),
            of("p50_ns", units::time),
            of("p99_ns", units::time),
            of("p999_ns", units::time),
            of(HANDED_LATE, units::time),
            of("computed_per_s", units::count),
            of("busy_cores", units::plain),
        ]
    };
    let heads = [
        "runtime",
        "computing is put",
        "a task computes",
        "p50",
        "p99",
        "p99.9",
        "handed over late (p99)",
        "computing tasks a second",
        "cores busy",
    ];
    let measured = cells.iter().filter(|load| load.status == Status::Ok);
    Table { columns: columns(&heads), rows: measured.map(row).collect() }
}

fn chart(found: &[Placed]) -> Result<Chart, ReportError> {
    let lengths = lengths(found);
    let mut drawn: Vec<Tile> = Vec::new();
    for (row, placed) in found.iter().enumerate() {
        for (column, length) in lengths.iter().enumerate() {
            let Some(found) = point(placed, *length) else { continue };
            let ratio = units::ratio(found.ratio, None);
            let interval = units::ratio_interval(found.ratio, Some((found.low, found.high)));
            let length = units::exact_time(*length);
            drawn.push(Tile {
                row,
                column,
                ink: Ink::of_increase(found.ratio),
                pale: false,
                hatched: found.low < TOO_MUCH && found.high >= TOO_MUCH,
                key: None,
                lines: vec![ratio.clone()],
                tip: format!(
                    "computing {length} {}: p99 is {ratio} {interval} of that without",
                    place(placed)
                ),
                series: None,
            });
        }
    }
    let name = "p99 beside computing tasks".to_owned();
    let (size, body) = tiles(&Tiles {
        name: name.clone(),
        rows: found
            .iter()
            .map(|placed| text::name(&format!("{}/{}", placed.runtime, placed.placement)))
            .collect(),
        columns: lengths.iter().map(|length| units::exact_time(*length)).collect(),
        axis: "how long a task computes".into(),
        tiles: drawn,
    })?;
    Ok(Chart {
        slug: "neighbours".into(),
        title: name,
        question: "May I compute on the runtime, and where else?".into(),
        reading: "A square says how many times the 99th percentile of short tasks is that without computing; the darker, the \
                  worse. Hatched squares cannot be told from a doubling."
            .into(),
        size,
        body,
        table: table(found),
    })
}
