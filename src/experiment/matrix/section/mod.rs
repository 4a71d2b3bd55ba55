//! The matrix as sections of a report.

mod figures;
mod models;
mod ranking;
mod resources;
mod scaling;
mod stability;
mod tables;
mod verdict;
mod workload;

use askama::Template;
use concbench_charts::{Chart, Table, columns};
use concbench_text::figures as units;

use super::view::SheetView;
use crate::batch::Sheet;
use crate::batch::analyse::{Ranged, TaskCost};
use crate::experiment::View;
use crate::report::{Element, ReportError, Section, text};
use models::Words;
use ranking::{RankCell, Ranking};
use resources::Resources;
pub(super) use verdict::{ClassVerdict, WorkVerdict, answer};
use workload::Workload;

/// All of them, in their order on the page.
pub(super) fn sections(sheet: &Sheet, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
    let view = SheetView::new(sheet, view.looks, &view.record.machine);
    let mut sections = vec![verdict(&view)?, ranking(&view)?, workloads(&view)?];
    sections.extend(scaling(&view)?);
    sections.extend(resources(&view)?);
    sections.push(stability(&view)?);
    Ok(sections)
}

#[derive(Template)]
#[template(path = "section/verdict.html")]
struct VerdictMarkup<'a> {
    classes: &'a [ClassVerdict],
}

/// Answers, each with what it rests on beside it.
pub(super) fn verdict_markup(classes: &[ClassVerdict]) -> Result<Element, ReportError> {
    let html = VerdictMarkup { classes }.render()?;
    Ok(Element::Markup { html, charts: Vec::new() })
}

fn verdict(view: &SheetView<'_>) -> Result<Section, ReportError> {
    let classes = verdict::verdicts(view);
    Ok(Section {
        first: true,
        findings: classes.iter().map(ClassVerdict::finding).collect(),
        findings_on_page: false,
        body: vec![verdict_markup(&classes)?],
        tables: tables::of_workloads(view),
        summary: classes.iter().map(tables::answer).collect(),
        ..Section::new("verdict", "Verdict", "Which model is fastest at this work?")
    })
}

#[derive(Template)]
#[template(path = "section/ranking.html")]
struct RankingMarkup<'a> {
    ranking: &'a Ranking,
    words: Words,
}

fn ranking(view: &SheetView<'_>) -> Result<Section, ReportError> {
    let ranking = ranking::ranking(view);
    let html = RankingMarkup { ranking: &ranking, words: models::words(view) }.render()?;
    Ok(Section {
        body: vec![Element::Markup { html, charts: Vec::new() }],
        summary: vec![tables::of_ranking(&ranking)],
        ..Section::new("ranking", "Ranking", "How do the models stand?")
    })
}

#[derive(Template)]
#[template(path = "section/workloads.html")]
struct WorkloadsMarkup<'a> {
    workloads: &'a [Workload],
}

fn workloads(view: &SheetView<'_>) -> Result<Section, ReportError> {
    let workloads = workload::workloads(view)?;
    let html = WorkloadsMarkup { workloads: &workloads }.render()?;
    let charts: Vec<Chart> = workloads.into_iter().flat_map(|work| work.charts).collect();
    let task_costs =
        task_costs(view).map(|table| Element::Table("What a task costs, and what a batch".to_owned(), table));
    Ok(Section {
        body: [Element::Markup { html, charts }].into_iter().chain(task_costs).collect(),
        ..Section::new("workloads", "Workloads", "The workloads, one by one")
    })
}

/// What tasks cost that do nothing, from batches of two sizes.
fn task_costs(view: &SheetView<'_>) -> Option<Table> {
    let signed = |ns: f64| format!("{}{}", if ns < 0.0 { "−" } else { "" }, units::time(ns.abs()));
    let shown = |cost: &Ranged| signed(cost.estimate);
    let interval = |cost: &Ranged| {
        let ends = cost.low.zip(cost.high);
        ends.map_or("unknown".to_owned(), |(low, high)| format!("{} to {}", signed(low), signed(high)))
    };
    let row = |cost: &TaskCost| {
        let cell = view.sheet.cells.iter().find(|cell| cell.id == cost.few);
        let label = cell.map_or_else(|| text::name(&cost.model), |cell| view.label(cell));
        let (task, batch) = (&cost.task_ns, &cost.batch_ns);
        vec![label, shown(task), interval(task), shown(batch), interval(batch)]
    };
    let rows: Vec<Vec<String>> = view.sheet.task_costs.iter().map(row).collect();
    let columns = columns(&["model", "a task", "its interval", "a batch without tasks", "its interval"]);
    (!rows.is_empty()).then_some(Table { columns, rows })
}

fn scaling(view: &SheetView<'_>) -> Result<Option<Section>, ReportError> {
    let scaling::Scaling { charts, sentences, laws } = scaling::scaling(view)?;
    let note = "Speed-up is the steady time of sequential over that of the model; efficiency is speed-up over workers. The \
                dashed line is ideal, dotted ones are the limits of the machine.";
    let laws = laws.into_iter().map(|(title, table)| Element::Folded(title, table));
    let mut body = Vec::new();
    let nothing = charts.is_empty() && sentences.is_empty();
    if !charts.is_empty() {
        body.extend([Element::Note(note.to_owned()), Element::Charts(charts)]);
    }
    if !sentences.is_empty() {
        body.push(Element::List(String::new(), sentences));
    }
    let section = Section {
        body: body.into_iter().chain(laws).collect(),
        ..Section::new("scaling", "Scaling", "What do more workers bring?")
    };
    Ok((!nothing).then_some(section))
}

#[derive(Template)]
#[template(path = "section/resources.html")]
struct ResourcesMarkup<'a> {
    resources: &'a [Resources],
}

fn resources(view: &SheetView<'_>) -> Result<Option<Section>, ReportError> {
    let resources = resources::resources(view)?;
    let html = ResourcesMarkup { resources: &resources }.render()?;
    let measured = !resources.is_empty();
    let charts = resources.into_iter().flat_map(|work| work.charts).collect();
    let section = Section {
        body: vec![Element::Markup { html, charts }],
        ..Section::new("resources", "Resources", "What does it cost?")
    };
    Ok(measured.then_some(section))
}

fn stability(view: &SheetView<'_>) -> Result<Section, ReportError> {
    let found = stability::stability(view)?;
    let twins = match found.charts.is_empty() {
        true => Element::Note(
            "No cell was measured twice, so the noise floor is unknown. Name a model under twin in the definition of a \
             workload to get it."
                .to_owned(),
        ),
        false => Element::Charts(found.charts),
    };
    let tables = found.tables.into_iter().map(|(title, table)| Element::Folded(title, table));
    let body = [Element::Note(found.sentence), twins, Element::List(String::new(), found.notes)];
    Ok(Section {
        findings: found.power.into_iter().collect(),
        body: body.into_iter().chain(tables).collect(),
        ..Section::new("stability", "Stability", "How steady are the figures?")
    })
}
