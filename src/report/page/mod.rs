//! The page: what every report has, and the sections of its experiments between.

mod facts;
mod method;
mod trust;

use askama::Template;

use super::section::{Element, Section};
use super::{ReportError, text, units};
use crate::record::{Grade, Record, Status};
pub(crate) use facts::{build as build_facts, machine as machine_facts};
use method::Method;
pub(crate) use trust::{Trust, trust};

pub(crate) const SCRIPT: &str = include_str!("../../../templates/page.js");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: String,
    eyebrow: String,
    machine: String,
    lede: String,
    made_by: String,
    style: String,
    script: &'static str,
    cautions: Vec<String>,
    first: Vec<&'a Section>,
    trust: Trust,
    others: Vec<&'a Section>,
    absent: &'a [(&'static str, &'static str)],
    method: Method,
}

/// Makes the page of a run. `floors` are the half-widths of the intervals of what was compared with itself, `absent`
/// the experiments that it did not measure, each with its question.
pub(crate) fn make(
    record: &Record,
    sections: &[Section],
    floors: &[f64],
    absent: &[(&'static str, &'static str)],
) -> Result<String, ReportError> {
    let (first, others) = sections.iter().partition(|section| section.first);
    let page = Page {
        title: format!("concbench: {}", text::name(&record.run.label)),
        eyebrow: format!("concbench report · {}", text::name(&record.run.started_utc)),
        machine: text::name(&record.run.label),
        lede: lede(record),
        made_by: text::clip(&format!("{} {}", record.tool.name, record.tool.version), 80),
        style: style(),
        script: SCRIPT,
        cautions: cautions(record),
        first,
        trust: trust(record, floors),
        others,
        absent,
        method: method::method(record),
    };
    Ok(page.render()?)
}

fn lede(record: &Record) -> String {
    let cells = || record.experiments.values().flat_map(|experiment| &experiment.cells);
    let measured = cells().filter(|cell| cell.status == Status::Ok).count();
    format!(
        "{}: {measured} of {} measured in {} blocks, {} in all.",
        text::plural(record.experiments.len() as u64, "experiment"),
        text::plural(cells().count() as u64, "cell"),
        record.run.blocks,
        duration(record.run.elapsed_ns),
    )
}

/// The style of a page, its charts included.
pub(crate) fn style() -> String {
    [concbench_charts::COLOURS, concbench_charts::STYLE, include_str!("../../../templates/page.css")].concat()
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

/// What a reader must know before believing any of it.
pub(crate) fn cautions(record: &Record) -> Vec<String> {
    let mut cautions = Vec::new();
    if record.tool.profile != "release" {
        cautions.push(format!(
            "Built with the profile \"{}\": these figures mean nothing. Build with --release.",
            text::name(&record.tool.profile)
        ));
    }
    if !record.run.complete {
        cautions.push("The run is incomplete: some planned observations are missing. `concbench run --resume` completes it.".into());
    }
    if record.run.indicative {
        cautions.push(format!(
            "Only {}: the answers are indicative. From 12 blocks on a difference can be called one.",
            text::plural(record.run.blocks.into(), "block")
        ));
    }
    if record.noise.grade == Grade::Noisy {
        cautions
            .push("The machine was noisy while it measured: only large differences mean anything.".into());
    }
    cautions
}
