//! Several runs of the matrix: classes of work, who wins, how the models rank, what more workers bring.

mod charts;
mod class;
mod rank;
mod scaling;
mod words;

use concbench_charts::{Table, columns};
use concbench_text::figures as units;
use concbench_workloads::Class;
use serde::Serialize;

use super::Matrix;
use crate::experiment::RecordOf;
use crate::experiment::compare::{Beside, ComparedCell};
use crate::experiment::matrix::section::{ClassVerdict, WorkVerdict, verdict_markup};
use crate::experiment::matrix::view;
use crate::report::{Element, ReportError, Section, text};
use class::ComparedClass;
use rank::ModelRanks;
use scaling::ComparedCurve;

/// What follows from several runs of the matrix beside its cells.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    /// The classes of work that have common cells.
    classes: Vec<ComparedClass>,
    /// How the models rank.
    ranks: Vec<ModelRanks>,
    /// What more workers bring.
    curves: Vec<ComparedCurve>,
}

/// Finds it.
pub(super) fn findings(runs: &[RecordOf<Matrix>], cells: &[ComparedCell]) -> Findings {
    Findings {
        classes: class::classes(&runs[0].setup.workloads, cells),
        ranks: rank::ranks(runs.len(), cells),
        curves: scaling::curves(runs),
    }
}

/// What is said of the matrix beside its cells.
pub(super) fn sections(runs: &[RecordOf<Matrix>], beside: &Beside<'_>) -> Result<Vec<Section>, ReportError> {
    let found = findings(runs, &beside.found.cells);
    let mut sections = vec![verdict(&found.classes, beside)?, ranks(&found.ranks, runs, beside)?];
    let scaling = charts::scaling(&found.curves, beside)?;
    sections.extend((!scaling.is_empty()).then(|| Section {
        body: vec![Element::Charts(scaling)],
        ..Section::new("scaling", "Scaling", "Do more workers bring as much?")
    }));
    Ok(sections)
}

/// The answer for each run after the first, by class of work.
fn verdict(classes: &[ComparedClass], beside: &Beside<'_>) -> Result<Section, ReportError> {
    let places = 1..beside.places.len();
    let answers = places.clone().map(|place| words::answer(classes, beside, place));
    let money = places.clone().filter_map(|place| words::money(classes, beside, place));
    let runs: Vec<ClassVerdict> = places.clone().map(|place| of_run(classes, beside, place)).collect();
    Ok(Section {
        first: true,
        findings: answers.chain(money).collect(),
        findings_on_page: false,
        body: vec![verdict_markup(&runs)?],
        ..Section::new("verdict", "Verdict", "Which is faster?")
    })
}

/// The answer for one run, with what is known of each class of work beside it.
fn of_run(classes: &[ComparedClass], beside: &Beside<'_>, place: usize) -> ClassVerdict {
    let name = |place: usize| text::name(&beside.places[place].name);
    let of = |of: &ComparedClass| {
        let contrast = &of.contrasts[place - 1];
        let sentence = format!(
            "{} {}, over {}; less than {} does not count.",
            words::phrase_with_speed(contrast),
            words::speed_interval(contrast),
            text::plural(of.cells, "cell"),
            units::percent(contrast.margin),
        );
        WorkVerdict { name: view::class(of.class).to_owned(), sentence }
    };
    let money = words::money(classes, beside, place);
    let money = money.map(|sentence| WorkVerdict { name: "money".to_owned(), sentence });
    ClassVerdict {
        title: format!("{} against {}", name(place), name(0)),
        answer: words::short(classes, place),
        workloads: classes.iter().map(of).chain(money).collect(),
    }
}

fn ranks(
    ranks: &[ModelRanks],
    runs: &[RecordOf<Matrix>],
    beside: &Beside<'_>,
) -> Result<Section, ReportError> {
    let winners = Element::Table("Who wins each workload".to_owned(), winners(runs, beside));
    Ok(Section {
        body: vec![
            Element::Note(words::ranks(ranks)),
            Element::Charts(vec![charts::ranks(ranks, beside)?]),
            winners,
        ],
        ..Section::new("ranks", "Ranking", "Does the ranking of the models change?")
    })
}

/// The winners of each workload of the first run, in each run.
fn winners(runs: &[RecordOf<Matrix>], beside: &Beside<'_>) -> Table {
    let mut heads = columns(&["workload"]);
    heads.extend(beside.places.iter().map(|place| text::name(&place.name)));
    let of = |run: &RecordOf<Matrix>, workload: &str| {
        let verdict = run.findings.verdicts.iter().find(|verdict| verdict.workload == workload);
        let model = |id: &String| {
            run.cells.iter().find(|cell| cell.id == *id).map(|cell| text::name(&cell.factors.model))
        };
        let mut models: Vec<String> =
            verdict.map_or(&[][..], |found| &found.winners).iter().filter_map(model).collect();
        models.dedup();
        if models.is_empty() { "no answer".into() } else { text::list(&models, 4) }
    };
    let row = |name: &str| -> Vec<String> {
        [text::name(name)].into_iter().chain(runs.iter().map(|run| of(run, name))).collect()
    };
    Table { columns: heads, rows: runs[0].setup.workloads.iter().map(|work| row(&work.name)).collect() }
}

/// The classes of work in the order in which they are answered.
pub(super) const CLASSES: [Class; 4] = [Class::Cpu, Class::Io, Class::Mixed, Class::Creation];
