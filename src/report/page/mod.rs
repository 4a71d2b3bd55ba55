//! The page: sections made of strings and charts, and templates that lay them out.

mod costs;
mod facts;
mod granularity;
mod latency;
mod map;
mod method;
mod models;
mod ranking;
mod resources;
mod scaling;
mod source;
mod stability;
mod timeline;
mod timers;
mod trust;
mod verdict;
mod workload;

use askama::Template;
use concbench_workloads::Class;

use super::chart::{Chart, Ink, Marker};
use super::view::{ModelView, View};
use super::{ReportError, text, units};
use crate::record::Run;

pub(crate) use costs::{switching_sentence, switching_table, waiting_sentence, waiting_table};
pub(crate) use facts::{build as build_facts, machine as machine_facts};
pub(crate) use ranking::{RankCell, Ranking, ranking};
pub(crate) use timeline::Trace;
pub(crate) use trust::{Trust, trust};
pub(crate) use verdict::{Verdicts, sentence, verdicts};
pub(crate) use workload::columns;

pub(crate) const STYLE: &str = concat!(
    include_str!("../../../templates/colours.css"),
    include_str!("../../../templates/chart.css"),
    include_str!("../../../templates/page.css"),
);

pub(crate) const SCRIPT: &str = include_str!("../../../templates/page.js");

/// The sections of a report, in order: id and name.
const SECTIONS: [(&str, &str); 13] = [
    ("verdict", "Verdict"),
    ("trust", "Trust"),
    ("ranking", "Ranking"),
    ("map", "Decision map"),
    ("workloads", "Workloads"),
    ("scaling", "Scaling"),
    ("overhead", "Overhead"),
    ("latency", "Latency"),
    ("resources", "Resources"),
    ("costs", "Waiting"),
    ("timeline", "Timeline"),
    ("stability", "Stability"),
    ("method", "Method"),
];

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    eyebrow: String,
    machine: String,
    lede: String,
    made_by: String,
    sections: [(&'static str, &'static str); 13],
    style: &'static str,
    script: &'static str,
    verdict: Verdicts,
    trust: Trust,
    ranking: Ranking,
    words: models::Words,
    map: Option<map::Map>,
    workloads: Vec<workload::Workload>,
    scaling: scaling::Scaling,
    overhead: Option<granularity::Overhead>,
    timers: Option<timers::Timers>,
    latency: Option<latency::Latencies>,
    resources: Vec<resources::Resources>,
    waiting: Option<costs::WaitingCost>,
    switching: Option<costs::SwitchCost>,
    timelines: Vec<timeline::Timelines>,
    stability: stability::Stability,
    method: method::Method,
}

/// A page, the charts on it, and the traces that it links to.
pub(crate) struct Made {
    pub(crate) html: String,
    pub(crate) charts: Vec<Chart>,
    pub(crate) traces: Vec<Trace>,
}

/// Makes the page of a run.
pub(crate) fn make(run: &Run) -> Result<Made, ReportError> {
    let view = View::new(run);
    let page = Page {
        title: format!("concbench: {}", text::name(&run.run.label)),
        eyebrow: format!("concbench report · {}", text::name(&run.run.started_utc)),
        machine: text::name(&run.run.label),
        lede: lede(&view),
        made_by: text::clip(&format!("{} {}", run.tool.name, run.tool.version), 80),
        sections: SECTIONS,
        style: STYLE,
        script: SCRIPT,
        verdict: verdicts(&view),
        trust: trust(&view),
        ranking: ranking(&view),
        words: models::words(&view),
        map: map::map(&view)?,
        workloads: workload::workloads(&view)?,
        scaling: scaling::scaling(&view)?,
        overhead: granularity::overhead(&view)?,
        timers: timers::timers(&view),
        latency: latency::latencies(&view)?,
        resources: resources::resources(&view)?,
        waiting: costs::waiting(&view)?,
        switching: costs::switching(&view),
        timelines: timeline::timelines(&view)?,
        stability: stability::stability(&view)?,
        method: method::method(&view),
    };
    let html = page.render()?;
    let mut charts: Vec<Chart> = page.map.into_iter().map(|map| map.chart).collect();
    charts.extend(page.workloads.into_iter().flat_map(|work| work.charts));
    charts.extend(page.scaling.charts);
    charts.extend(page.overhead.into_iter().flat_map(|overhead| overhead.charts));
    charts.extend(page.latency.into_iter().flat_map(|latency| latency.charts));
    charts.extend(page.resources.into_iter().flat_map(|work| work.charts));
    charts.extend(page.waiting.map(|waiting| waiting.chart));
    let mut traces = Vec::new();
    for work in page.timelines {
        charts.push(work.chart);
        traces.push(work.trace);
    }
    charts.extend(page.stability.charts);
    Ok(Made { html, charts, traces })
}

fn lede(view: &View<'_>) -> String {
    let run = view.run;
    let measured = run.cells.iter().filter(|cell| cell.status == crate::record::Status::Ok).count();
    format!(
        "{} under {}: {} of {} cells measured in {} blocks, {} in all.",
        text::plural(run.workloads.len() as u64, "workload"),
        text::plural(view.models.len() as u64, "model"),
        measured,
        run.cells.len(),
        run.run.blocks,
        duration(run.run.elapsed_ns),
    )
}

/// A long time, in the words of a clock.
pub(crate) fn duration(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => units::time(ns as f64),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// The marker of a model, as a small drawing beside its name.
pub(crate) fn key(ink: Ink, marker: Marker) -> String {
    let hollow = if marker.hollow() { " h" } else { "" };
    format!(
        "<svg class=\"key\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\"><path class=\"p{hollow} f-{0} s-{0}\" d=\"{1}\"/></svg>",
        ink.class(),
        marker.path(0.0, 0.0, 5.0)
    )
}

/// The marker of a model.
pub(crate) fn key_of(model: &ModelView<'_>) -> String {
    key(model.ink, model.marker)
}

/// A class of work, as it is read.
pub(crate) fn class(class: Class) -> &'static str {
    match class {
        Class::Creation => "creating tasks",
        Class::Cpu => "computing",
        Class::Io => "waiting",
        Class::Mixed => "computing and waiting",
    }
}
