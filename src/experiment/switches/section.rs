//! What a switch takes, as sentences and a table.

use concbench_charts::Table;
use itertools::Itertools as _;

use super::{Cell, Observation, Placement, Switches};
use crate::experiment::{Experiment, RecordOf};
use crate::record::{CellRecord, Estimate};
use crate::report::{Element, Section, TextTable, status, text};
use concbench_text::figures as units;

type Pair = CellRecord<Cell, Observation>;

/// The section.
pub(super) fn section(record: &RecordOf<Switches>) -> Section {
    let mut section = Section::new(Switches::ID, "Switches", "What does a switch between two tasks cost?");
    let (sentence, table) = (sentence(&record.cells), table(&record.cells));
    section.findings.push(sentence.clone());
    section.body = vec![
        Element::Note(
            "Two tasks pass a token to and fro, so that one of them waits at any time; half a round is a switch, with \
             the channel that it goes through. Once in each block, in a fresh process. The two generators have no \
             scheduler: they are what the others stand on."
                .to_owned(),
        ),
        Element::Table("What a switch takes under each model".to_owned(), table.clone()),
    ];
    let (title, sentences) = ("switches".to_owned(), vec![sentence]);
    section.tables.push(TextTable { title, sentences, table });
    section
}

fn time(pair: &Pair) -> Option<&Estimate> {
    pair.summary.get("switch_ns")
}

/// The fastest and the slowest on one core, in one sentence.
fn sentence(pairs: &[Pair]) -> String {
    let pinned = pairs.iter().filter(|pair| pair.factors.placement == Placement::Pinned);
    let mut known: Vec<_> = pinned.filter_map(|pair| Some((pair, time(pair)?))).collect();
    known.sort_by(|left, right| left.1.median.total_cmp(&right.1.median));
    let part = |(pair, time): &(&Pair, &Estimate)| {
        format!("{} ({})", units::median_time(time), text::name(&pair.factors.model))
    };
    match known.as_slice() {
        [] => "It is not known what a switch takes on one core: no pair could be measured.".into(),
        [only] => format!("On one core a switch takes {}.", part(only)),
        [first, .., last] => format!("On one core a switch takes {} to {}.", part(first), part(last)),
    }
}

/// What a switch takes between two tasks of each model, pinned to one core and free, the fastest first.
fn table(pairs: &[Pair]) -> Table {
    let mut models: Vec<&str> = pairs.iter().map(|pair| pair.factors.model.as_str()).unique().collect();
    let of = |model: &str, placement| {
        pairs.iter().find(|pair| pair.factors.model == model && pair.factors.placement == placement)
    };
    let first = |model: &str| {
        let known = [Placement::Pinned, Placement::Free].into_iter().filter_map(|at| time(of(model, at)?));
        known.map(|time| time.median).next().unwrap_or(f64::INFINITY)
    };
    models.sort_by(|left, right| first(left).total_cmp(&first(right)));
    let row = |model: &&str| {
        let either = [of(model, Placement::Pinned), of(model, Placement::Free)];
        let channel = either.iter().flatten().next();
        let channel = channel.map_or_else(String::new, |pair| text::name(&pair.factors.channel));
        let [pinned, free] = either.map(|pair| pair.map_or("not measured".into(), shown));
        let why = |pair: &Pair| {
            Some(format!("{}: {}", pair.factors.placement, text::sentence(pair.reason.as_ref()?)))
        };
        let why: Vec<String> = either.into_iter().flatten().filter_map(why).collect();
        vec![text::name(model), pinned, free, channel, why.join("; ")]
    };
    let columns = ["model", "on one core", "on all cores", "through", "remark"];
    Table { columns: columns.map(str::to_owned).to_vec(), rows: models.iter().map(row).collect() }
}

fn shown(pair: &Pair) -> String {
    match time(pair) {
        Some(time) => format!("{} {}", units::median_time(time), units::time_interval(time)),
        None => status(pair.status).into(),
    }
}
