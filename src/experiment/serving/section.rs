//! What each server can do, as sentences, charts and tables.

mod charts;

use std::collections::BTreeMap;

use concbench_charts::{Table, columns};
use concbench_serving::{REFERENCE, SERVERS};
use concbench_text::figures as units;

use super::findings::{Group, Served};
use super::{Cell, Observation, Serving};
use crate::batch::analyse::CONFIDENCE;
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Status};
use crate::report::{Element, Looks, ReportError, Section, TextTable, Unmeasured, text};

type Load = CellRecord<Cell, Observation>;

/// Below which confidence nobody is called better: fewer than five blocks.
const INDICATIVE: f64 = 0.9;

/// The section.
pub(super) fn section(record: &RecordOf<Serving>, _: &View<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new(Serving::ID, "Serving", Serving::QUESTION);
    let looks = Looks::new(SERVERS.iter().map(|server| (server.id, server.family)));
    section.findings = findings(&record.findings);
    section.body = vec![
        Element::Note(note(record)),
        Element::Charts(vec![
            charts::exchanges(&record.findings, &looks)?,
            charts::latency(&record.findings, &looks)?,
        ]),
    ];
    for group in record.findings.iter().filter(|group| !group.servers.is_empty()) {
        let (title, table) = (text::capitalised(&title(group)), table(group));
        section.body.push(Element::Folded(title, table.clone()));
        let narrow = narrow(group);
        section.tables.push(TextTable {
            title: self::title(group),
            sentences: sentences(group),
            table: narrow,
        });
    }
    section.body.push(Element::Folded("What each server is".to_owned(), servers()));
    let without = without(&record.cells);
    if !without.is_empty() {
        section.body.push(Element::Without(without));
    }
    Ok(section)
}

fn note(record: &RecordOf<Serving>) -> String {
    let threads = record
        .cells
        .iter()
        .find_map(|cell| Some(cell.observations.first()?.responses.fleet_threads))
        .map_or_else(String::new, |threads| format!(" of {}", text::plural(threads, "thread")));
    format!(
        "Every server answers a message by the same in upper case. The clients are one fleet{threads} in a process of its own, \
         on cores of its own where the run may use four or more, and hold every byte against what they sent. A client sends \
         again once it is answered, so that latencies here grow with the connections; those at a fixed rate count from when \
         a message was due. `{REFERENCE}` has nothing but the kernel's events: where the fleet computes nearly all the time with \
         it, what it does is the most that it can show of any server."
    )
}

/// The load of a group, in words.
fn title(group: &Group) -> String {
    let protocol = if group.protocol == "http" { "HTTP" } else { "echo" };
    let connections = match group.life.as_str() {
        "short" => {
            format!("{} at a time of one exchange each", text::plural(group.connections, "connection"))
        }
        _ => text::plural(group.connections, "open connection"),
    };
    format!("{protocol}, {}, {connections}", units::bytes(group.bytes as f64))
}

/// Who serves best, one sentence for each load; and what limits what is seen.
fn findings(groups: &[Group]) -> Vec<String> {
    let mut found: Vec<String> = groups.iter().filter_map(best).collect();
    let limited = |group: &&Group| group.servers.first().is_some_and(|first| first.limited.is_some());
    let measured = groups.iter().filter(|group| !group.servers.is_empty()).count();
    match groups.iter().filter(limited).count() {
        0 => {}
        limited => found.push(format!(
            "Under {limited} of {} the first may do more than was seen: the fleet was near the most that it can do.",
            text::plural(measured as u64, "load"),
        )),
    }
    if found.is_empty() {
        found.push("No server could be measured.".to_owned());
    }
    found
}

/// The first under a load, and whoever may be as good.
fn best(group: &Group) -> Option<String> {
    let (first, others) = group.servers.split_first()?;
    let tied: Vec<String> =
        others.iter().filter(|other| other.tied).map(|other| text::name(&other.model)).collect();
    let what = text::capitalised(&title(group));
    let rate = units::count(first.exchanges_per_s);
    let name = text::name(&first.model);
    if least_confidence(group) < INDICATIVE {
        return Some(format!(
            "{what}: {name} has the highest median, {rate} exchanges a second; the blocks are too few to say who does more."
        ));
    }
    let behind = others.iter().find(|other| !other.tied);
    let behind = behind.map(|other| {
        format!(
            "; {} follows with {} of that {}",
            text::name(&other.model),
            units::percent(other.ratio),
            span(other)
        )
    });
    Some(match tied.is_empty() {
        true => {
            format!("{what}: {name} serves most, {rate} exchanges a second{}.", behind.unwrap_or_default())
        }
        false => format!(
            "{what}: {name} has the highest median, {rate} exchanges a second, and this run cannot tell that it does more \
             than {}{}.",
            text::list(&tied, 5),
            behind.unwrap_or_default(),
        ),
    })
}

/// The interval of a share.
fn span(served: &Served) -> String {
    format!("[{}, {}]", units::percent(served.low), units::percent(served.high))
}

/// The confidence that every interval of a group has.
fn least_confidence(group: &Group) -> f64 {
    group.servers.iter().map(|served| served.confidence).fold(1.0, f64::min)
}

/// How much the intervals are worth, where that is less than usual.
fn confidence(group: &Group) -> Option<String> {
    let least = least_confidence(group);
    (least < CONFIDENCE).then(|| {
        format!(
            "The intervals in brackets are the range of the blocks, which are few: they have {} confidence.",
            units::percent(least)
        )
    })
}

fn sentences(group: &Group) -> Vec<String> {
    let ceiling = group.ceiling_per_s.map(|ceiling| {
        format!("With a server of plain events the fleet does {} exchanges a second.", units::count(ceiling))
    });
    best(group).into_iter().chain(ceiling).chain(confidence(group)).collect()
}

/// The figures of a load for a terminal.
fn narrow(group: &Group) -> Table {
    let row = |served: &Served| {
        vec![
            text::name(&served.model),
            units::count(served.exchanges_per_s),
            share(served),
            latency(served.p50_ns.into()),
            latency(served.p99_ns),
            latency(served.exchange_cpu_ns),
            served.connection_bytes.map_or("-".into(), units::bytes),
            served.limited.as_deref().map_or(String::new(), |_| "the fleet".to_owned()),
        ]
    };
    let heads =
        ["server", "exchanges/s", "of the first", "p50", "p99", "CPU each", "a connection", "limited by"];
    Table { columns: columns(&heads), rows: group.servers.iter().map(row).collect() }
}

/// The same with everything else that is known.
fn table(group: &Group) -> Table {
    let row = |served: &Served| {
        let paced = served.paced.as_ref();
        let rate = |of: fn(&super::findings::PacedLatency) -> Option<f64>| latency(paced.and_then(of));
        vec![
            text::name(&served.model),
            units::count(served.exchanges_per_s),
            share(served),
            latency(served.p50_ns.into()),
            latency(served.p99_ns),
            latency(served.p999_ns),
            latency(served.exchange_cpu_ns),
            served.connection_bytes.map_or("-".into(), units::bytes),
            units::count(served.accepted_per_s),
            rate(|paced| Some(paced.p50_ns)),
            rate(|paced| paced.p99_ns),
            rate(|paced| paced.p999_ns),
            rate(|paced| paced.exchange_cpu_ns),
            remarks(served),
        ]
    };
    let paced = group.servers.iter().find_map(|served| Some(served.paced.as_ref()?.rate_per_s));
    let at = |what: &str| match paced {
        Some(rate) => format!("{what} at {}/s", units::count(rate)),
        None => format!("{what} at a rate"),
    };
    let mut heads: Vec<String> = columns(&[
        "server",
        "exchanges a second",
        "of the first",
        "p50",
        "p99",
        "p99.9",
        "CPU an exchange",
        "memory a connection",
        "accepted a second",
    ]);
    heads.extend([at("p50"), at("p99"), at("p99.9"), at("CPU an exchange"), "remark".to_owned()]);
    let mut table = Table { columns: heads, rows: group.servers.iter().map(row).collect() };
    if paced.is_none() {
        table.columns.drain(9..13);
        table.rows.iter_mut().for_each(|row| drop(row.drain(9..13)));
    }
    table
}

/// What is to be known of a server's figures: at full speed, and at the fixed rate.
fn remarks(served: &Served) -> String {
    let paced = served.paced.as_ref().and_then(|paced| paced.remark.as_deref());
    let remarks: Vec<String> =
        served.limited.as_deref().into_iter().chain(paced).map(text::sentence).collect();
    remarks.join("; ")
}

fn share(served: &Served) -> String {
    let tie = if served.tied { ", tied" } else { "" };
    match served.low == served.high && served.ratio == 1.0 {
        true => "the first".to_owned(),
        false => format!("{} {}{tie}", units::percent(served.ratio), span(served)),
    }
}

fn latency(nanoseconds: Option<f64>) -> String {
    nanoseconds.map_or("-".into(), units::time)
}

fn servers() -> Table {
    let row = |server: &concbench_serving::Server| vec![server.id.to_owned(), server.summary.to_owned()];
    Table { columns: columns(&["server", "what it is"]), rows: SERVERS.iter().map(row).collect() }
}

/// What has no figure: one line for those that have the same reason.
fn without(cells: &[Load]) -> Vec<Unmeasured> {
    let mut alike: BTreeMap<(Status, Option<&str>), Vec<&Load>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.status != Status::Ok) {
        alike.entry((cell.status, cell.reason.as_deref())).or_default().push(cell);
    }
    let line = |cells: Vec<&Load>| {
        let one = Unmeasured::of(cells[0]);
        match cells.len() {
            1 => one,
            more => one.named(&format!("{} and {} more", cells[0].id, more - 1)),
        }
    };
    alike.into_values().map(line).collect()
}
