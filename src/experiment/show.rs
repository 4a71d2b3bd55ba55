//! From findings to what a person and a program read.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::complete::{facts, unknown};
use super::{Kind, View, experiments, find};
use crate::model::Family;
use crate::record::{RawCell, RawExperiment, Record, Response};
use crate::report::rows::{Row, export, tidy};
use crate::report::{Format, Looks, Report, ReportError, Section, listing};

pub use crate::report::rows::Export;

/// Writes the report of a record into a folder: `index.html`, `results.csv`, `summary.md`, `charts/*.svg`, and what its
/// sections link to. Returns the path of the page.
///
/// # Errors
///
/// When the record holds an experiment that this version does not know, or the folder cannot be written to.
pub fn write_report(record: &Record, folder: &Path) -> Result<PathBuf, ReportError> {
    report(record)?.write(folder)
}

/// The page of a record: one HTML file that needs no network, no other file and no script to be read.
///
/// # Errors
///
/// When the record holds an experiment that this version does not know, or what is none.
pub fn html(record: &Record) -> Result<String, ReportError> {
    report(record)?.html()
}

/// The report of a record.
///
/// # Errors
///
/// See [`html`].
fn report(record: &Record) -> Result<Report<'_>, ReportError> {
    let mut floors = Vec::new();
    for (kind, raw) in in_order(record)? {
        let found = kind.noise_floors(raw).map_err(ReportError::Record)?;
        floors.extend(found.into_iter().map(|(_, floor)| floor));
    }
    let measured = |kind: &&'static dyn Kind| record.experiments.contains_key(kind.id());
    let absent = experiments().into_iter().filter(|kind| !measured(kind));
    Ok(Report {
        record,
        sections: sections(record)?,
        floors,
        absent: absent.map(|kind| (kind.id(), kind.question())).collect(),
        observations: observations(record)?,
    })
}

/// The tables of a record as text, and what was found.
///
/// # Errors
///
/// See [`html`].
pub fn text_tables(record: &Record, format: Format) -> Result<String, ReportError> {
    Ok(listing(&sections(record)?, format))
}

fn sections(record: &Record) -> Result<Vec<Section>, ReportError> {
    let facts = facts(record).map_err(ReportError::Record)?;
    let looks = looks(record);
    let view = View { record, facts: &facts, looks: &looks };
    let mut sections = Vec::new();
    for (kind, raw) in in_order(record)? {
        sections.extend(kind.sections(raw, &view)?);
    }
    Ok(sections)
}

/// The experiments of a record, in the order in which they are shown.
pub(super) fn in_order(record: &Record) -> Result<Vec<(&'static dyn Kind, &RawExperiment)>, ReportError> {
    if let Some(id) = record.experiments.keys().find(|id| find(id).is_none()) {
        return Err(ReportError::Record(unknown(id)));
    }
    let measured = |kind: &'static dyn Kind| Some((kind, record.experiments.get(kind.id())?));
    Ok(experiments().into_iter().filter_map(measured).collect())
}

/// How the models of a record look.
pub(crate) fn looks(record: &Record) -> Looks {
    let model = |cell: &'_ RawCell| -> Option<(String, Family)> {
        let family = Family::deserialize(cell.factors.get("family")?).ok()?;
        Some((cell.factors.get("model")?.as_str()?.to_owned(), family))
    };
    let in_order = experiments().into_iter().filter_map(|kind| record.experiments.get(kind.id()));
    let models: Vec<_> = in_order.flat_map(|raw| &raw.cells).filter_map(model).collect();
    Looks::new(models.iter().map(|(id, family)| (id.as_str(), *family)))
}

/// Every observation of every experiment, as CSV.
///
/// # Errors
///
/// See [`html`].
pub fn observations(record: &Record) -> Result<String, ReportError> {
    let mut rows = Vec::new();
    for (kind, raw) in in_order(record)? {
        for cell in &raw.cells {
            rows.extend(cell_rows(kind, cell)?);
        }
    }
    Ok(tidy(record, rows))
}

fn cell_rows<'a>(kind: &'static dyn Kind, cell: &'a RawCell) -> Result<Vec<Row<'a>>, ReportError> {
    let row = |place, response: &'static str, value| {
        let unit = Response::unit(response);
        Row { experiment: kind.id(), cell, place, response, unit, value }
    };
    let mut rows = Vec::new();
    let responses = kind.responses(cell).map_err(ReportError::Record)?;
    for (made, responses) in cell.observations.iter().zip(responses) {
        let place = Some((made.block, made.position));
        for Response { name, values } in responses {
            rows.extend(values.iter().map(|&value| row(place, name, Some(value))));
            rows.extend(values.is_empty().then(|| row(place, name, None)));
        }
    }
    if cell.observations.is_empty() {
        rows.push(Row { unit: "", ..row(None, "", None) });
    }
    Ok(rows)
}

/// The medians by which experiments are followed over time.
///
/// # Errors
///
/// See [`html`].
pub fn exported(record: &Record, format: Export) -> Result<String, ReportError> {
    let measures = |kind: &'static dyn Kind| -> Vec<(&'static str, &'static str)> {
        kind.headlines().iter().map(|&name| (name, Response::unit(name))).collect()
    };
    let cells = in_order(record)?.into_iter().flat_map(|(kind, raw)| {
        let measures = measures(kind);
        raw.cells.iter().map(move |cell| (cell, measures.clone()))
    });
    Ok(export(cells, format))
}

/// How many cells of a record have ended as something that does not do what it should.
pub(crate) fn broken(record: &Record) -> usize {
    let of = |(id, raw): (&String, &RawExperiment)| {
        let kind = find(id);
        raw.cells
            .iter()
            .filter(|cell| kind.map_or(cell.status.is_broken(), |kind| kind.is_broken(cell)))
            .count()
    };
    record.experiments.iter().map(of).sum()
}
