//! Several runs of the matrix: classes of work, who wins, how the models rank, what more workers bring.

mod charts;
mod class;
mod rank;
mod scaling;
mod words;

use concbench_charts::{Table, columns};
use concbench_text::figures as units;
use concbench_workloads::Class;

use super::Matrix;
use crate::experiment::RecordOf;
use crate::experiment::compare::Beside;
use crate::experiment::matrix::view;
use crate::report::{Element, ReportError, Section, text};
use class::ComparedClass;

/// What is said of the matrix beside its cells.
pub(super) fn sections(
    runs: &[RecordOf<Matrix>],
    beside: &Beside<'_>,
) -> Result<Vec<Section>, ReportError> {
    let classes = class::classes(&runs[0].setup.workloads, &beside.found.cells);
    let mut sections = vec![verdict(&classes, beside), ranks(runs, beside)?];
    let scaling = charts::scaling(&scaling::curves(runs), beside)?;
    sections.extend((!scaling.is_empty()).then(|| Section {
        body: vec![Element::Charts(scaling)],
        ..Section::new("scaling", "Scaling", "Do more workers bring as much?")
    }));
    Ok(sections)
}

/// The answer for each run after the first, by class of work.
fn verdict(classes: &[ComparedClass], beside: &Beside<'_>) -> Section {
    let places = 1..beside.places.len();
    let answers = places.clone().map(|place| words::answer(classes, beside, place));
    let money = places.clone().filter_map(|place| words::money(classes, beside, place));
    let mut table = Table { columns: columns(&["run", "work", "answer"]), rows: Vec::new() };
    for place in places.clone() {
        for of in classes {
            let contrast = &of.contrasts[place - 1];
            table.rows.push(vec![
                text::name(&beside.places[place].name),
                view::class(of.class).to_owned(),
                format!(
                    "{} {}, over {}; less than {} does not count.",
                    words::phrase_with_speed(contrast),
                    words::speed_interval(contrast),
                    text::plural(of.cells, "cell"),
                    units::percent(contrast.margin),
                ),
            ]);
        }
    }
    Section {
        first: true,
        findings: answers.chain(money).collect(),
        body: vec![Element::Table("Each class of work".to_owned(), table)],
        ..Section::new("verdict", "Verdict", "Which is faster?")
    }
}

fn ranks(runs: &[RecordOf<Matrix>], beside: &Beside<'_>) -> Result<Section, ReportError> {
    let ranks = rank::ranks(runs.len(), &beside.found.cells);
    let winners = Element::Table("Who wins each workload".to_owned(), winners(runs, beside));
    Ok(Section {
        body: vec![
            Element::Note(words::ranks(&ranks)),
            Element::Charts(vec![charts::ranks(&ranks, beside)?]),
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
const CLASSES: [Class; 4] = [Class::Cpu, Class::Io, Class::Mixed, Class::Creation];
