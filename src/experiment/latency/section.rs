//! Latency under an open load, beside that of a closed one: sentences, charts and tables.

mod charts;

use concbench_charts::{Table, columns};
use concbench_text::figures as units;

use super::analyse::KNEE;
use super::{Cell, Latency, ModelLatency, Observation};
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

/// How many times the 99th percentile of the closed load that of an open one has to be, to be worth a sentence.
const HIDDEN: f64 = 3.0;
/// How many of those are told; the table beneath the charts has them all.
const TOLD: usize = 4;

/// The section.
pub(super) fn section(record: &RecordOf<Latency>, view: &View<'_>) -> Result<Section, ReportError> {
    let heading = "How long do tasks take that are due at a fixed rate?";
    let mut section = Section::new(Latency::ID, "Latency", heading);
    let found = Found { models: &record.findings, looks: view.looks };
    let hidden = found.hidden();
    section.findings = vec![found.knees_sentence(), found.hidden_sentence(hidden.len())];
    let hidden = hidden.into_iter().take(TOLD).map(|(_, sentence)| sentence).collect();
    section.body = vec![
        Element::Note(
            "Here tasks are due at a fixed rate, whatever has become of those before them, and latency counts from the \
             moment at which a task was due. The times of the matrix come from a closed load: the next batch starts when \
             the last has ended. While a server stalls, a closed load stops asking, so the stall shows once for each \
             client and not for all who would have come meanwhile. Under an open load it shows in every task that was due."
                .to_owned(),
        ),
        Element::List("What the closed load hid most:".to_owned(), hidden),
        Element::Note(
            "All tasks of a load are handed to the model before they are due, and wait for their time through its timer: \
             the model is its own generator. Queued are tasks that were due before anything was free to wait for them, \
             begun late those that were waited for and still began more than 2 ms late. What it costs to create a task is \
             not in these figures."
                .to_owned(),
        ),
        Element::Charts(found.charts()?),
        Element::Without(without(&record.cells)),
    ];
    let (title, sentences) = ("latency under load".to_owned(), section.findings.clone());
    section.tables.push(TextTable { title, sentences, table: found.knees_table() });
    Ok(section)
}

/// What was found, and how its models look.
struct Found<'a> {
    models: &'a [ModelLatency],
    looks: &'a crate::report::Looks,
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

    /// The models that served at least one load, the highest knee first.
    fn by_knee(&self) -> Vec<&ModelLatency> {
        let served = |model: &&ModelLatency| {
            model.closed.is_some() || model.open.iter().any(|load| load.summary.is_some())
        };
        let mut models: Vec<_> = self.models.iter().filter(served).collect();
        let rate = |model: &ModelLatency| model.knee.map_or(0.0, |knee| knee.rate_per_s);
        models.sort_by(|left, right| rate(right).total_cmp(&rate(left)));
        models
    }

    /// The highest knee and the lowest, in one sentence.
    fn knees_sentence(&self) -> String {
        let with_knee = self.by_knee().into_iter().filter_map(|model| Some((model, model.knee?)));
        let part = |(model, knee): &(&ModelLatency, super::Knee)| {
            let more = if knee.beyond { "at least " } else { "" };
            format!("{more}{} ({})", units::count(knee.rate_per_s), self.label(model))
        };
        let with_knee: Vec<_> = with_knee.collect();
        let range = match with_knee.as_slice() {
            [] => {
                let unknown = "It is not known how many tasks a second can come before latency gives way: no model has a knee.";
                return unknown.to_owned();
            }
            [only] => part(only),
            [most, .., fewest] => format!("{} to {}", part(fewest), part(most)),
        };
        format!("Before latency gives way, {range} tasks a second can come.")
    }

    /// For how many models the closed load hides what open ones show.
    fn hidden_sentence(&self, hidden: usize) -> String {
        let comparable = self.models.iter().filter(|model| extremes(model).is_some()).count();
        match (hidden, comparable) {
            (_, 0) => "There is no 99th percentile of both a closed load and an open one below capacity.".to_owned(),
            (0, _) => format!(
                "In this run no 99th percentile below capacity is more than {HIDDEN} times that of the closed load."
            ),
            (_, all) => format!(
                "The closed load hides slow tasks of {hidden} of {all} models: due at a rate below capacity, the slowest of a \
                 hundred take more than {HIDDEN} times as long.",
            ),
        }
    }

    /// What the closed loads hide: by how much at the load at which that is seen best, and in words; the most first.
    fn hidden(&self) -> Vec<(f64, String)> {
        let hides = |model: &ModelLatency| {
            let (closed, open, share) = extremes(model)?;
            (open > HIDDEN * closed).then(|| {
                let sentence = format!(
                    "{}: under a closed load 99 of 100 tasks take at most {}; due at {} of what it can do, they take up to \
                     {}, counted from when they were due.",
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

    /// The knee of each model, the highest first.
    fn knees_table(&self) -> Table {
        let row = |model: &&ModelLatency| {
            let closed = model.closed.as_ref();
            let closed = closed.map_or("not measured".into(), |summary| units::count(summary.done_per_s));
            let [figure, share, remark] = match model.knee {
                Some(knee) => knee_figures(knee),
                None => {
                    let why = model.refusal.as_deref().map_or("no reason was recorded".into(), text::sentence);
                    ["none".into(), "none".into(), why]
                }
            };
            vec![self.label(model), figure, share, closed, remark]
        };
        let heads = [
            "model",
            "knee, tasks a second",
            "of what it can do",
            "closed load, tasks a second",
            "remark",
        ];
        Table { columns: columns(&heads), rows: self.by_knee().iter().map(row).collect() }
    }
}

/// The rate of a knee, its share of the capacity, and what is to be said about it.
fn knee_figures(knee: super::Knee) -> [String; 3] {
    let (more, remark) = match knee.beyond {
        true => ("at least ", "it kept up with the highest load of the sweep"),
        false => ("", ""),
    };
    [format!("{more}{}", units::count(knee.rate_per_s)), units::percent(knee.share), remark.to_owned()]
}

/// The 99th percentile of the closed load; that of the open load below capacity at which it is highest, and its share.
fn extremes(model: &ModelLatency) -> Option<(f64, f64, f64)> {
    let closed = model.closed.as_ref()?.p99_ns?;
    let within = model.open.iter().filter(|load| load.share < 1.0);
    let (open, share) = within
        .filter_map(|load| Some((load.summary.as_ref()?.p99_ns?, load.share)))
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
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
