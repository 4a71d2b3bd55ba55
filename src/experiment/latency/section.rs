//! Latency under an open load, beside that of a closed one, and the rates that are sustained: sentences, charts and tables.

mod charts;
mod tables;

use concbench_text::figures as units;

use super::knee::KNEE;
use super::{Cell, Latency, ModelLatency, Observation};
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Status};
use crate::report::{Element, Looks, ReportError, Section, TextTable, Unmeasured, text};

/// How many times the 99th percentile of the closed load that of an open one has to be, to be worth a sentence.
const HIDDEN: f64 = 3.0;
/// How many of those are told; the table beneath the charts has them all.
const TOLD: usize = 4;

/// The section.
pub(super) fn section(record: &RecordOf<Latency>, view: &View<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new(Latency::ID, "Latency", Latency::QUESTION);
    let found = Found { models: &record.findings, looks: view.looks };
    let hidden = found.hidden();
    let sentences =
        [found.sustained_sentence(), found.pinned_sentence(), found.hidden_sentence(hidden.len())];
    section.findings = sentences.into_iter().flatten().collect();
    let hidden = hidden.into_iter().take(TOLD).map(|(_, sentence)| sentence).collect();
    section.body = vec![
        Element::Note(
            "A dispatcher gives each task to the model when it is due, whatever has become of those before it, and latency \
             counts from that moment; creating the task is part of it. What a model sustains was found by bisecting the \
             rate at which tasks are still done as fast as they are due. The times of the matrix come from a closed load: \
             the next batch starts when the last has ended. While a server stalls, a closed load stops asking, so the \
             stall shows once for each client and not for all who would have come meanwhile. Under an open load it shows \
             in every task that was due."
                .to_owned(),
        ),
        Element::List("What the closed load hid most:".to_owned(), hidden),
        Element::Charts(found.charts()?),
        Element::Without(without(&record.cells)),
    ];
    let (title, sentences) = ("latency under load".to_owned(), section.findings.clone());
    section.tables.push(TextTable { title, sentences, table: found.sustained_table() });
    Ok(section)
}

/// What was found, and how its models look.
struct Found<'a> {
    models: &'a [ModelLatency],
    looks: &'a Looks,
}

impl Found<'_> {
    /// The name of a model: with its workers where it has several numbers of them, with its workload where there are
    /// several.
    fn label(&self, model: &ModelLatency) -> String {
        let of_workload = self.models.iter().filter(|other| other.workload == model.workload);
        let several = of_workload.filter(|other| other.model == model.model).count() > 1;
        let name = text::name(&model.model);
        let name = if several { format!("{name}@{}", model.workers) } else { name };
        match self.models.iter().all(|other| other.workload == model.workload) {
            true => name,
            false => format!("{}/{name}", text::name(&model.workload)),
        }
    }

    /// All models, those that sustain most first.
    fn by_sustained(&self) -> Vec<&ModelLatency> {
        let mut models: Vec<_> = self.models.iter().collect();
        let rate = |model: &ModelLatency| model.sustained_per_s.unwrap_or(0.0);
        models.sort_by(|left, right| rate(right).total_cmp(&rate(left)));
        models
    }

    /// The most and the least that is sustained, and where the target limits.
    fn sustained_sentence(&self) -> Option<String> {
        let known: Vec<(&ModelLatency, f64)> = self
            .by_sustained()
            .into_iter()
            .filter_map(|model| Some((model, model.sustained_per_s?)))
            .collect();
        let part =
            |(model, rate): &(&ModelLatency, f64)| format!("{} ({})", units::count(*rate), self.label(model));
        let range = match known.as_slice() {
            [] => return Some("It is not known what any model sustains.".to_owned()),
            [only] => part(only),
            [most, .., least] => format!("{} to {}", part(least), part(most)),
        };
        let limited = known.iter().filter(|(model, _)| model.limited.is_some()).count() as u64;
        let limited = match limited {
            0 => String::new(),
            limited => format!(
                " For {} it is the target that limits, and not the model.",
                text::plural(limited, "model")
            ),
        };
        Some(format!("Models sustain {range} tasks a second.{limited}"))
    }

    /// What a task costs at the highest rate that is the same for all.
    fn pinned_sentence(&self) -> Option<String> {
        let rates = self.models.iter().flat_map(|model| &model.open).filter(|load| load.share.is_none());
        let rate = rates.filter(|load| load.summary.is_some()).filter_map(|load| load.rate_per_s);
        let rate = rate.max_by(f64::total_cmp)?;
        let mut costs: Vec<(&ModelLatency, f64)> = Vec::new();
        for model in self.models {
            let at = model.open.iter().find(|load| load.share.is_none() && load.rate_per_s == Some(rate));
            if let Some(cpu) = at.and_then(|load| load.summary.as_ref()?.task_cpu_ns) {
                costs.push((model, cpu));
            }
        }
        costs.sort_by(|left, right| left.1.total_cmp(&right.1));
        let part =
            |(model, cpu): &(&ModelLatency, f64)| format!("{} ({})", units::time(*cpu), self.label(model));
        match costs.as_slice() {
            [least, .., most] => Some(format!(
                "At {} tasks a second each takes {} to {} of CPU time.",
                units::count(rate),
                part(least),
                part(most)
            )),
            _ => None,
        }
    }

    /// For how many models the closed load hides what open ones show.
    fn hidden_sentence(&self, hidden: usize) -> Option<String> {
        let comparable = self.models.iter().filter(|model| extremes(model).is_some()).count();
        Some(match (hidden, comparable) {
            (_, 0) => "There is no 99th percentile of both a closed load and an open one.".to_owned(),
            (0, _) => format!(
                "In this run no 99th percentile of an open load is more than {HIDDEN} times that of the closed one."
            ),
            (_, all) => format!(
                "The closed load hides slow tasks of {hidden} of {all} models: due at a rate below what they sustain, the \
                 slowest of a hundred take more than {HIDDEN} times as long.",
            ),
        })
    }

    /// What the closed loads hide: by how much at the load at which that is seen best, and in words; the most first.
    fn hidden(&self) -> Vec<(f64, String)> {
        let hides = |model: &ModelLatency| {
            let (closed, open, share) = extremes(model)?;
            (open > HIDDEN * closed).then(|| {
                let sentence = format!(
                    "{}: under a closed load 99 of 100 tasks take at most {}; due at {} of what it sustains, they take up \
                     to {}, counted from when they were due.",
                    self.label(model),
                    units::time(closed),
                    units::percent(share),
                    units::time(open),
                );
                (open / closed, sentence)
            })
        };
        let mut hidden: Vec<_> = self.models.iter().filter_map(hides).collect();
        hidden.sort_by(|left, right| right.0.total_cmp(&left.0));
        hidden
    }
}

/// The 99th percentile of the closed load; that of the open load at which it is highest, and its share.
fn extremes(model: &ModelLatency) -> Option<(f64, f64, f64)> {
    let closed = model.closed.as_ref()?.p99_ns?;
    let open = model.open.iter().filter_map(|load| Some((load.summary.as_ref()?.p99_ns?, load.share?)));
    let (open, share) = open.max_by(|left, right| left.0.total_cmp(&right.0))?;
    Some((closed, open, share))
}

/// The loads without a figure; one line for a model that has failed in the same way under all of them.
fn without(cells: &[CellRecord<Cell, Observation>]) -> Vec<Unmeasured> {
    let mut without = Vec::new();
    let same = |left: &CellRecord<Cell, _>, right: &CellRecord<Cell, _>| {
        left.factors.prefix() == right.factors.prefix()
    };
    for loads in cells.chunk_by(same) {
        let fate = |cell: &CellRecord<Cell, _>| (cell.status, cell.reason.clone());
        let all = loads.iter().all(|load| fate(load) == fate(&loads[0]));
        let failed: Vec<_> = loads.iter().filter(|load| load.status != Status::Ok).collect();
        match failed.as_slice() {
            [first, ..] if all => without.push(Unmeasured::of(first).named(&first.factors.prefix())),
            failed => without.extend(failed.iter().map(|load| Unmeasured::of(load))),
        }
    }
    without
}
