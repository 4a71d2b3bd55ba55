//! An experiment without its types, for whatever treats all of them alike.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::time::Duration;

use schemars::{Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::compare::{Beside, ComparedCell, Sample};
use super::gallery::Merit;
use super::json::to_value;
use super::seen::Seen;
use super::summary;
use super::underway::Underway;
use super::{Context, Experiment, Facts, RecordOf, Scope, View, With};
use crate::model::Family;
use crate::record::{
    CellRecord, ExperimentRecord, Factors, Observed, RawCell, RawExperiment, Record, Response, Responses,
    Status,
};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk, guarded};
use concbench_text::one_line;

/// What can be done with any experiment.
pub(crate) trait Kind: Debug + Sync {
    /// Its name: flag value, journal tag, key of the record, anchor of the page.
    fn id(&self) -> &'static str;

    /// The question that it answers, in one line.
    fn question(&self) -> &'static str;

    /// Whether a run measures it without being asked to.
    fn is_default(&self) -> bool;

    /// The responses by which two machines are compared, and which exports hold.
    fn headlines(&self) -> &'static [&'static str];

    /// What it would measure.
    fn list(&self, scope: &Scope, keeps: &dyn Fn(&str) -> bool) -> Listed;

    /// Begins it with the cells that a filter leaves.
    fn begin(&self, scope: &Scope, keeps: &dyn Fn(&str) -> bool) -> Box<dyn Underway>;

    /// Carries out an order, inside a runner.
    fn observe(&self, order: Value, desk: &mut Desk<'_>) -> Result<Value, CellError>;

    /// What others may build on.
    ///
    /// # Errors
    ///
    /// When the record is none of this experiment, in one line.
    fn facts(&self, raw: &RawExperiment) -> Result<Facts, String>;

    /// Fills in what follows from the observations of a record.
    ///
    /// # Errors
    ///
    /// When the record is none of this experiment, in one line.
    fn complete(&self, raw: &mut RawExperiment, context: &Context<'_>) -> Result<(), String>;

    /// The half-widths of the intervals of what is compared with itself, as fractions, each with the group of its cells.
    ///
    /// # Errors
    ///
    /// When the findings are none of this experiment, in one line.
    fn noise_floors(&self, raw: &RawExperiment) -> Result<Vec<(String, f64)>, String>;

    /// How it is shown.
    ///
    /// # Errors
    ///
    /// When the record is none of this experiment, or a chart cannot be drawn.
    fn sections(&self, raw: &RawExperiment, view: &View<'_>) -> Result<Vec<Section>, ReportError>;

    /// The responses of each observation of a cell, in their order.
    ///
    /// # Errors
    ///
    /// When the cell is none of this experiment, in one line.
    fn responses(&self, cell: &RawCell) -> Result<Vec<Vec<Response>>, String>;

    /// Whether a cell has ended as something that does not do what it should; a demonstration of that has not.
    fn is_broken(&self, cell: &RawCell) -> bool;

    /// The cells that may be compared with those of other runs, with their headline responses.
    ///
    /// # Errors
    ///
    /// When a cell is none of this experiment, in one line.
    fn samples(&self, raw: &RawExperiment) -> Result<Vec<Sample>, String>;

    /// Fingerprints of the work of its groups of cells.
    ///
    /// # Errors
    ///
    /// When what it began with is none of this experiment, in one line.
    fn fingerprints(&self, raw: &RawExperiment) -> Result<BTreeMap<String, String>, String>;

    /// How many tasks a batch of its groups of cells has.
    ///
    /// # Errors
    ///
    /// When what it began with is none of this experiment, in one line.
    fn tasks(&self, raw: &RawExperiment) -> Result<BTreeMap<String, u64>, String>;

    /// What follows from several runs of it beside what follows for all experiments, for programs.
    ///
    /// # Errors
    ///
    /// When a record is none of this experiment, in one line.
    fn compare_findings(&self, records: &[Record], cells: &[ComparedCell]) -> Result<Value, String>;

    /// What is said of several runs of it beside what is said of all experiments.
    ///
    /// # Errors
    ///
    /// When a record is none of this experiment, or a chart cannot be drawn.
    fn compare_sections(&self, beside: &Beside<'_>) -> Result<Vec<Section>, ReportError>;

    /// What a reader of many runs looks for first in one.
    ///
    /// # Errors
    ///
    /// When the record is none of this experiment.
    fn merits(&self, raw: &RawExperiment, view: &View<'_>) -> Result<Vec<Merit>, ReportError>;

    /// The schema of its record.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
}

/// What an experiment would measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    /// The ids of its cells, each with the workload whose tasks it runs.
    pub(crate) cells: Vec<(String, Option<String>)>,
    /// How many observations of them it would make.
    pub(crate) observations: usize,
    /// About how long that takes.
    pub(crate) estimate: Duration,
}

/// The experiment `E`, without its type.
pub(crate) fn of<E: Experiment>() -> &'static dyn Kind {
    &KindOf::<E>(PhantomData)
}

struct KindOf<E>(PhantomData<fn() -> E>);

impl<E: Experiment> Debug for KindOf<E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(E::ID)
    }
}

impl<E: Experiment> Kind for KindOf<E> {
    fn id(&self) -> &'static str {
        E::ID
    }

    fn question(&self) -> &'static str {
        E::QUESTION
    }

    fn is_default(&self) -> bool {
        E::DEFAULT
    }

    fn headlines(&self) -> &'static [&'static str] {
        E::HEADLINES
    }

    fn list(&self, scope: &Scope, keeps: &dyn Fn(&str) -> bool) -> Listed {
        let cells = E::select(scope, E::cells(scope), keeps);
        let named = |cell: &E::Cell| (cell.id(), cell.workload().map(str::to_owned));
        let blocks = |cell: &E::Cell| cell.blocks(scope.settings.blocks) as usize;
        Listed {
            observations: cells.iter().map(blocks).sum(),
            estimate: E::estimate(scope, &cells),
            cells: cells.iter().map(named).collect(),
        }
    }

    fn begin(&self, scope: &Scope, keeps: &dyn Fn(&str) -> bool) -> Box<dyn Underway> {
        Box::new(Seen::<E>::new(scope, E::select(scope, E::cells(scope), keeps)))
    }

    fn observe(&self, order: Value, desk: &mut Desk<'_>) -> Result<Value, CellError> {
        let order = serde_json::from_value(order).map_err(|error| CellError::Order(error.to_string()))?;
        guarded(|| E::observe(order, desk)).map(|seen| to_value(&seen))
    }

    fn facts(&self, raw: &RawExperiment) -> Result<Facts, String> {
        Ok(E::facts(&typed::<E, ()>(raw, Some(()))?))
    }

    fn complete(&self, raw: &mut RawExperiment, context: &Context<'_>) -> Result<(), String> {
        for cell in &mut raw.cells {
            cell.summary = match cell.status {
                Status::Ok => summary::of(&self.responses(cell)?),
                _ => BTreeMap::new(),
            };
        }
        raw.findings = to_value(&E::analyse(&typed::<E, ()>(raw, Some(()))?, context));
        Ok(())
    }

    fn noise_floors(&self, raw: &RawExperiment) -> Result<Vec<(String, f64)>, String> {
        let findings = E::Findings::deserialize(&raw.findings);
        findings.map(|found| E::noise_floors(&found)).map_err(|error| bad(E::ID, "findings", &error))
    }

    fn sections(&self, raw: &RawExperiment, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        let record = typed::<E, E::Findings>(raw, None).map_err(ReportError::Record)?;
        E::sections(&record, view)
    }

    fn responses(&self, cell: &RawCell) -> Result<Vec<Vec<Response>>, String> {
        let of = |seen: &Observed<Value>| {
            let made = E::Observation::deserialize(&seen.responses)
                .map_err(|error| bad(E::ID, &format!("cell `{}`", cell.id), &error))?;
            let mut responses = made.responses();
            responses.extend(summary::used(seen.usage.as_ref(), made.batches()));
            Ok(responses)
        };
        cell.observations.iter().map(of).collect()
    }

    fn is_broken(&self, cell: &RawCell) -> bool {
        let factors = serde_json::from_value::<E::Cell>(cell.factors.clone());
        let meant = factors.is_ok_and(|factors| factors.meant_to_end() == cell.status);
        cell.status.is_broken() && !meant
    }

    fn samples(&self, raw: &RawExperiment) -> Result<Vec<Sample>, String> {
        if E::HEADLINES.is_empty() {
            return Ok(Vec::new());
        }
        let sample = |cell: &RawCell| {
            let factors = match typed_cell::<E>(cell) {
                Ok(typed) => typed.factors,
                Err(error) => return Some(Err(error)),
            };
            let key = factors.counterpart()?;
            let values = self.responses(cell).map(|responses| headlines::<E>(&responses));
            Some(values.map(|values| Sample {
                key,
                group: factors.group().to_owned(),
                model: cell.factors.get("model").and_then(Value::as_str).map(str::to_owned),
                family: cell.factors.get("family").and_then(|family| Family::deserialize(family).ok()),
                status: cell.status,
                reason: cell.reason.clone(),
                values,
            }))
        };
        raw.cells.iter().filter_map(sample).collect()
    }

    fn fingerprints(&self, raw: &RawExperiment) -> Result<BTreeMap<String, String>, String> {
        let setup = E::Setup::deserialize(&raw.setup);
        setup.map(|setup| E::fingerprints(&setup)).map_err(|error| bad(E::ID, "setup", &error))
    }

    fn tasks(&self, raw: &RawExperiment) -> Result<BTreeMap<String, u64>, String> {
        let setup = E::Setup::deserialize(&raw.setup);
        setup.map(|setup| E::tasks(&setup)).map_err(|error| bad(E::ID, "setup", &error))
    }

    fn compare_findings(&self, records: &[Record], cells: &[ComparedCell]) -> Result<Value, String> {
        Ok(E::compare_findings(&runs::<E>(records)?, cells))
    }

    fn compare_sections(&self, beside: &Beside<'_>) -> Result<Vec<Section>, ReportError> {
        E::compare_sections(&runs::<E>(beside.records).map_err(ReportError::Record)?, beside)
    }

    fn merits(&self, raw: &RawExperiment, view: &View<'_>) -> Result<Vec<Merit>, ReportError> {
        let record = typed::<E, E::Findings>(raw, None).map_err(ReportError::Record)?;
        Ok(E::merits(&record, view))
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<RecordOf<E>>()
    }
}

/// The experiment of each of these records.
fn runs<E: Experiment>(records: &[Record]) -> Result<Vec<RecordOf<E>>, String> {
    let of_run = |record: &Record| {
        let raw = record.experiments.get(E::ID).ok_or_else(|| format!("no experiment `{}`", E::ID))?;
        typed::<E, E::Findings>(raw, None)
    };
    records.iter().map(of_run).collect()
}

/// What each observation says of each headline response: a number above 0, or nothing.
fn headlines<E: Experiment>(responses: &[Vec<Response>]) -> Vec<Vec<f64>> {
    let of = |name: &&str| {
        let values = responses.iter().filter_map(|responses| summary::of_one(name, responses));
        values.filter(|value| value.is_finite() && *value > 0.0).collect()
    };
    E::HEADLINES.iter().map(of).collect()
}

/// An experiment with its types, and the findings that are given or else those that stand in it.
pub(super) fn typed<E: Experiment, F: DeserializeOwned>(
    raw: &RawExperiment,
    findings: Option<F>,
) -> Result<With<E, F>, String> {
    let at = |where_: &str, error: serde_json::Error| bad(E::ID, where_, &error);
    let calibration = |(name, seen): (&String, &Value)| match E::Observation::deserialize(seen) {
        Ok(seen) => Ok((name.clone(), seen)),
        Err(error) => Err(at(&format!("calibration `{name}`"), error)),
    };
    let findings = match findings {
        Some(findings) => findings,
        None => F::deserialize(&raw.findings).map_err(|error| at("findings", error))?,
    };
    Ok(ExperimentRecord {
        setup: E::Setup::deserialize(&raw.setup).map_err(|error| at("setup", error))?,
        calibrations: raw.calibrations.iter().map(calibration).collect::<Result<_, _>>()?,
        cells: raw.cells.iter().map(typed_cell::<E>).collect::<Result<_, _>>()?,
        findings,
    })
}

fn typed_cell<E: Experiment>(raw: &RawCell) -> Result<CellRecord<E::Cell, E::Observation>, String> {
    let at = |error: serde_json::Error| bad(E::ID, &format!("cell `{}`", raw.id), &error);
    let factors = E::Cell::deserialize(&raw.factors).map_err(at)?;
    if factors.id() != raw.id {
        return Err(format!(
            "experiment `{}`: cell `{}`: its factors are those of another",
            E::ID,
            one_line(&raw.id)
        ));
    }
    raw.clone_as(factors, |seen| E::Observation::deserialize(seen).map_err(at))
}

fn bad(experiment: &str, place: &str, error: &serde_json::Error) -> String {
    format!("experiment `{experiment}`: {}: {}", one_line(place), one_line(error))
}
