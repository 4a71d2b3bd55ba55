//! The same tasks in several languages: sentences, pictures and tables.

mod charts;
mod constructs;
mod sentences;
mod tables;
mod texts;

use concbench_charts::Table;
use concbench_external::{Description, Manifest};

use super::{Cell, Languages, Measured, Observation, description, sheet::measured};
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Estimate, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

type Record = CellRecord<Cell, Observation>;

/// The section.
pub(super) fn section(record: &RecordOf<Languages>, view: &View<'_>) -> Result<Section, ReportError> {
    let found = Found { record };
    let mut section = Section::new(Languages::ID, "Across languages", "Is it different in another language?");
    section.findings = found.sentences();
    let within = record.findings.within.iter().map(|verdict| text::sentence(&verdict.sentence)).collect();
    let told = found.texts();
    section.body = vec![
        Element::Note(
            "Each construct runs in a runner of its own language, as that language's users would write it, and ours run in \
             one as well: a fresh process for every observation, in the same blocks, the same tasks to the bit, their \
             digest checked in every batch, and both ends read a clock. CPU time and memory are those of the whole tree of \
             processes, read from outside. Factorials are compared inside a language only: across languages they would \
             compare libraries of big integers."
                .to_owned(),
        ),
        Element::Charts(vec![found.across_chart(view.looks)?, found.warm_up_chart()?]),
        Element::List("Within each language:".to_owned(), within),
    ];
    let open = [
        ("The fastest of each language against ours.".to_owned(), found.across_table()),
        ("Threads against processes that compute: what a global lock costs.".to_owned(), found.locks_table()),
        ("Before anything is done, and until code is warm.".to_owned(), found.starts_table()),
    ];
    let open = open.into_iter().chain(told.iter().map(|(title, table)| (format!("{title}."), table.clone())));
    section.body.extend(
        open.chain([("Constructs that correspond to each other.".to_owned(), found.constructs())])
            .flat_map(titled),
    );
    section.body.extend([
        Element::Folded("Memory of the whole tree while every task sleeps".to_owned(), found.memory_table()),
        Element::Folded("Languages as they were found".to_owned(), found.languages_table()),
        Element::Folded("Kernels, and why they have this size".to_owned(), found.kernels_table()),
        Element::Folded("Every cell".to_owned(), found.cells_table()),
        Element::Without(found.without()),
    ]);
    let mut tables = vec![
        ("across languages".to_owned(), found.across_table()),
        ("threads against processes".to_owned(), found.locks_table()),
        ("before anything is done".to_owned(), found.starts_table()),
    ];
    tables.extend(told);
    let shown = tables.into_iter().filter(|(_, table)| !table.rows.is_empty());
    section.tables = shown.map(|(title, table)| TextTable { title, sentences: Vec::new(), table }).collect();
    Ok(section)
}

/// A table below what it is; nothing for one that is empty.
fn titled((title, table): (String, Table)) -> Vec<Element> {
    match table.rows.is_empty() {
        true => Vec::new(),
        false => vec![Element::Note(title.clone()), Element::Table(title, table)],
    }
}

/// What was found.
struct Found<'a> {
    record: &'a RecordOf<Languages>,
}

impl<'a> Found<'a> {
    fn runners(&self) -> &'a [Manifest] {
        &self.record.setup.runners
    }

    /// What a runner is called: its language, and its name where another has the same language.
    fn label(&self, runner: &str) -> String {
        let Some(found) = self.runners().iter().find(|other| other.name == runner) else {
            return text::name(runner);
        };
        let same = self.runners().iter().filter(|other| other.language == found.language).count();
        let language = text::name(&found.language);
        if same > 1 { format!("{language} ({})", text::name(runner)) } else { language }
    }

    fn description(&self, runner: &str) -> Option<&'a Description> {
        description(&self.record.calibrations, runner)
    }

    /// What a model is called in its language.
    fn construct(&self, cell: &Cell) -> String {
        let runner = self.runners().iter().find(|runner| runner.name == cell.runner);
        let model = runner.and_then(|runner| runner.models.iter().find(|model| model.id == cell.id_there()));
        // What ours are is a sentence; they are known by their ids.
        match model.filter(|_| cell.runner != super::own::NAME) {
            Some(model) => text::clip(&model.construct, 60),
            None => text::name(cell.id_there()),
        }
    }

    fn cell(&self, id: &str) -> Option<&'a Record> {
        self.record.cells.iter().find(|cell| cell.id == id)
    }

    /// The cells that were measured, in the order of the record.
    fn measured(&self) -> impl Iterator<Item = &'a Record> {
        self.record.cells.iter().filter(|cell| cell.status == Status::Ok && !cell.observations.is_empty())
    }

    /// Those of a runner and a kernel.
    fn of(&self, runner: &str, kernel: &str) -> impl Iterator<Item = &'a Record> {
        self.measured().filter(move |cell| cell.factors.runner == runner && cell.factors.kernel == kernel)
    }

    /// What has no figure; a line for a runner that has none at all for one reason.
    fn without(&self) -> Vec<Unmeasured> {
        let mut without = Vec::new();
        for runner in self.runners() {
            let cells: Vec<&Record> =
                self.record.cells.iter().filter(|cell| cell.factors.runner == runner.name).collect();
            let same = |cell: &&Record| (cell.status, &cell.reason) == (cells[0].status, &cells[0].reason);
            match cells.first() {
                Some(first) if first.status != Status::Ok && cells.iter().all(same) => {
                    without.push(Unmeasured::of(first).named(&self.label(&runner.name)));
                }
                _ => without.extend(
                    cells.iter().filter(|cell| cell.status != Status::Ok).map(|cell| Unmeasured::of(cell)),
                ),
            }
        }
        without
    }
}

/// A response of a cell, over its observations.
fn summary<'a>(cell: &'a Record, response: &str) -> Option<&'a Estimate> {
    cell.summary.get(response)
}

/// What each observation of a cell has seen.
fn seen(cell: &Record) -> impl Iterator<Item = &Measured> {
    cell.observations.iter().filter_map(measured)
}
