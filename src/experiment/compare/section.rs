//! An experiment of several runs as a section: how many cells differ, a map of them, and their figures.

use concbench_charts::{Chart, Ink, STEPS, Table, Tile, Tiles, columns, tiles};
use concbench_stats::geometric_mean;
use concbench_text::figures as units;

use super::{Beside, Compared, ComparedCell, ComparedExperiment, ComparedResponse, Place, words};
use crate::batch::Verdict;
use crate::record::Response;
use crate::report::{Element, ReportError, Section, text};

/// The section.
pub(super) fn section(beside: &Beside<'_>) -> Result<Section, ReportError> {
    let Beside { places, found, .. } = *beside;
    let runs = 1..places.len();
    let charts = runs.clone().map(|place| heat(beside, place)).collect::<Result<_, _>>()?;
    let mut section = Section::new(found.id, found.id, found.question);
    section.findings = runs.map(|place| sentence(beside, place)).collect();
    section.body = vec![
        Element::Charts(charts),
        Element::Folded("Figures of all common cells".to_owned(), every_response(found, places)),
    ];
    Ok(section)
}

/// How many cells of a run differ from those of the first.
fn sentence(Beside { places, found, .. }: &Beside<'_>, place: usize) -> String {
    let mut counts: Vec<(&'static str, u64)> = Vec::new();
    for cell in &found.cells {
        let verdict = words::verdict(cell.first(), &cell.first().contrasts[place - 1]);
        match counts.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, count)) => *count += 1,
            None => counts.push((verdict, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let counts: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let ratios: Vec<f64> = found.cells.iter().map(|cell| cell.first().contrasts[place - 1].ratio).collect();
    let mean = geometric_mean(&ratios).map_or(String::new(), |mean| {
        let quantity = words::quantity(found.cells[0].first());
        format!("; {} the {quantity} on average", units::ratio(mean, None))
    });
    format!(
        "{}, {} against {}: of {}, {}{mean}.",
        found.id,
        text::name(&places[place].name),
        text::name(&places[0].name),
        text::plural(found.cells.len() as u64, "cell"),
        counts.join(", "),
    )
}

/// The name of a cell within its experiment.
fn label(found: &ComparedExperiment, cell: &ComparedCell) -> String {
    let own = cell.key.strip_prefix(found.id).and_then(|rest| rest.strip_prefix('/'));
    text::name(own.unwrap_or(&cell.key))
}

/// The rows of the map: the model; or, where several cells of a group have the same, the cell.
fn rows(found: &ComparedExperiment) -> Vec<String> {
    let mut seen = std::collections::HashMap::new();
    for cell in &found.cells {
        *seen.entry((&cell.group, &cell.model)).or_insert(0) += 1;
    }
    let row = |cell: &ComparedCell| match &cell.model {
        Some(model) if seen[&(&cell.group, &cell.model)] == 1 => text::name(model),
        Some(model) if !cell.group.is_empty() => {
            let rest = cell.key.rsplit_once('@').map_or(String::new(), |(_, rest)| format!("@{rest}"));
            text::name(&format!("{model}{rest}"))
        }
        _ => label(found, cell),
    };
    found.cells.iter().map(row).collect()
}

/// A map of a run against the first.
fn heat(Beside { places, found, .. }: &Beside<'_>, place: usize) -> Result<Chart, ReportError> {
    let (mut names, mut heads): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut squares = Vec::new();
    let head = ["cell", "over the first", "its interval", "log2", "verdict"];
    let mut table = Table { columns: columns(&head), rows: Vec::new() };
    let index = |list: &mut Vec<String>, name: String| {
        list.iter().position(|known| *known == name).unwrap_or_else(|| {
            list.push(name);
            list.len() - 1
        })
    };
    for (cell, row) in found.cells.iter().zip(rows(found)) {
        let response = cell.first();
        let contrast = &response.contrasts[place - 1];
        let interval = Some((contrast.low, contrast.high));
        let (figure, range) =
            (units::ratio(contrast.ratio, interval), units::ratio_interval(contrast.ratio, interval));
        let (verdict, label) = (words::verdict(response, contrast), label(found, cell));
        table.rows.push(vec![
            label.clone(),
            figure.clone(),
            range.clone(),
            format!("{:+.2}", contrast.ratio.log2()),
            verdict.into(),
        ]);
        let group = if cell.group.is_empty() { found.id } else { &cell.group };
        let worse = if response.more_is_better() { 1.0 / contrast.ratio } else { contrast.ratio };
        squares.push(Tile {
            row: index(&mut names, row),
            column: index(&mut heads, text::name(group)),
            ink: Ink::Step(step(worse)),
            pale: false,
            key: None,
            hatched: contrast.verdict != Verdict::Different,
            lines: vec![figure.clone()],
            tip: format!("{label}: {figure} {range} the {}, {verdict}", words::quantity(response)),
            series: None,
        });
    }
    let name = text::name(&places[place].name);
    let title = format!("{}: {name} against {}", found.id, text::name(&places[0].name));
    let (size, body) = tiles(&Tiles {
        name: title.clone(),
        rows: names,
        columns: heads,
        axis: String::new(),
        tiles: squares,
    })?;
    Ok(Chart {
        slug: format!("heat-{}-{place}", found.id),
        title,
        question: format!("Where is {name} better or worse?"),
        reading: "The ratio to the first run. Green is better, brown worse, a step of colour a factor of 1.4; hatched \
                  squares are no certain difference."
            .into(),
        size,
        body,
        table,
    })
}

/// The step of a ratio on the scale of colours: half a power of two each.
fn step(ratio: f64) -> u8 {
    let middle = f64::from(STEPS / 2);
    let step = (ratio.log2() * 2.0).round().clamp(-middle, middle);
    if step.is_nan() { STEPS / 2 } else { (middle + step) as u8 }
}

fn heads(first: &[&str], places: &[Place]) -> Vec<String> {
    let mut heads = columns(first);
    heads.extend(places.iter().map(|place| text::name(&place.name)));
    for place in &places[1..] {
        heads.push(format!("{}, over the first", text::name(&place.name)));
        heads.push("verdict".into());
    }
    heads
}

fn row(response: &ComparedResponse, first: Vec<String>) -> Vec<String> {
    let mut row = first;
    row.extend(response.estimates.iter().map(|estimate| words::figure(response, estimate)));
    for contrast in &response.contrasts {
        row.push(words::ratio(contrast));
        row.push(words::verdict(response, contrast).into());
    }
    row
}

/// Every headline response of every common cell.
fn every_response(found: &ComparedExperiment, places: &[Place]) -> Table {
    let of = |cell: &ComparedCell| -> Vec<Vec<String>> {
        let named = |response: &ComparedResponse| vec![label(found, cell), text::name(response.name)];
        cell.responses.iter().map(|response| row(response, named(response))).collect()
    };
    Table { columns: heads(&["cell", "response"], places), rows: found.cells.iter().flat_map(of).collect() }
}

/// The first response of every common cell of every experiment.
pub(super) fn figures(compared: &Compared) -> Table {
    let cells = compared.experiments.iter().flat_map(|experiment| &experiment.cells);
    let rows = cells.map(|cell| row(cell.first(), vec![text::name(&cell.key)])).collect();
    Table { columns: heads(&["cell"], &compared.places), rows }
}

/// Every figure, plain.
pub(super) fn all_figures(compared: &Compared) -> Table {
    let heads = [
        "experiment",
        "cell",
        "response",
        "unit",
        "run",
        "median",
        "low",
        "high",
        "ratio",
        "ratio_low",
        "ratio_high",
        "verdict",
    ];
    let mut rows = Vec::new();
    for experiment in &compared.experiments {
        for cell in &experiment.cells {
            for response in &cell.responses {
                for (place, estimate) in response.estimates.iter().enumerate() {
                    let contrast = place.checked_sub(1).map(|index| &response.contrasts[index]);
                    let ratio =
                        |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
                    rows.push(vec![
                        experiment.id.to_owned(),
                        cell.key.clone(),
                        response.name.to_owned(),
                        Response::unit(response.name).to_owned(),
                        compared.places[place].name.clone(),
                        estimate.median.to_string(),
                        estimate.low.to_string(),
                        estimate.high.to_string(),
                        ratio(contrast.map(|contrast| contrast.ratio)),
                        ratio(contrast.map(|contrast| contrast.low)),
                        ratio(contrast.map(|contrast| contrast.high)),
                        contrast.map_or("reference", |of| words::verdict(response, of)).to_owned(),
                    ]);
                }
            }
        }
    }
    Table { columns: columns(&heads), rows }
}
