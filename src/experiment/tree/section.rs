//! What tasks cost that start tasks, as sentences, charts and tables.

use concbench_charts::{
    self as charts, Axis, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, Table, columns,
};
use concbench_constructs::tree::{CONSTRUCTS, Form, Growth};
use concbench_text::figures::{self as units, Measure};
use itertools::Itertools as _;

use super::analyse::{DEEP, Point, TIME, WIDE, constructs, of, ranked};
use super::{About, Contrast, TREES, Tree};
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::{Experiment, RecordOf};
use crate::record::Status;
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

/// What a chart shows.
struct Shown {
    slug: &'static str,
    title: &'static str,
    question: &'static str,
    response: &'static str,
    form: Form,
    measure: Measure,
    figure: fn(f64) -> String,
}

const SHOWN: [Shown; 3] = [
    Shown {
        slug: "tree-result",
        title: "time a task, by result",
        question: "What does a task cost whose parent waits for it?",
        response: TIME,
        form: Form::Result,
        measure: Measure::Time,
        figure: units::time,
    },
    Shown {
        slug: "tree-callback",
        title: "time a task, by callback",
        question: "What does a task cost that calls back?",
        response: TIME,
        form: Form::Callback,
        measure: Measure::Time,
        figure: units::time,
    },
    Shown {
        slug: "tree-memory",
        title: "memory of a tree",
        question: "How much memory does a whole tree hold at its peak?",
        response: "held_bytes",
        form: Form::Result,
        measure: Measure::Memory,
        figure: units::bytes,
    },
];

/// The section.
pub(super) fn section(record: &RecordOf<Tree>) -> Result<Section, ReportError> {
    let mut section = Section::new(Tree::ID, "Tree", "What do tasks cost that start tasks?");
    section.findings = sentences(&record.cells, &record.findings);
    section.body = vec![
        Element::Note(
            "Each task starts the same number of others, down to leaves that do nothing but return their number; the sum and \
             the number of tasks come back at the root and are checked against the closed form. By result, a task waits for \
             its children and returns their sum; by callback it does not wait, and the last child to end calls its function. \
             Memory is by how much the resident set rose at the peak of the first tree in a process; for a tree of processes what \
             all of them hold while it stands, shared pages in parts, and their page tables."
                .to_owned(),
        ),
        Element::Charts(SHOWN.iter().map(|shown| chart(&record.cells, shown)).collect::<Result<_, _>>()?),
        Element::Table("What a task costs, by result".to_owned(), table(&record.cells, Form::Result)),
        Element::Table("What a task costs, by callback".to_owned(), table(&record.cells, Form::Callback)),
        Element::Without(without(&record.cells)),
    ];
    for (title, form) in [("tree, by result", Form::Result), ("tree, by callback", Form::Callback)] {
        let sentences = if form == Form::Result { section.findings.clone() } else { Vec::new() };
        let table = table(&record.cells, form);
        section.tables.push(TextTable { title: title.to_owned(), sentences, table });
    }
    Ok(section)
}

/// How a tree grows, as it is said.
fn words(growth: Growth) -> String {
    format!("{}^{}", growth.children, growth.depth)
}

fn named(cell: &Point) -> String {
    text::name(&cell.factors.construct)
}

/// What was found, in sentences.
pub(super) fn sentences(cells: &[Point], found: &[Contrast]) -> Vec<String> {
    let parts = [cost(cells, found), joins(cells, found), callbacks(cells, found), memory(cells)];
    let mut sentences: Vec<String> = parts.into_iter().flatten().collect();
    if sentences.is_empty() {
        return vec![
            "It is not known what tasks cost that start tasks: no tree could be measured.".to_owned(),
        ];
    }
    if found.iter().any(|found| found.time.pairs < FEWEST_PAIRS) {
        sentences.push(format!("With fewer than {FEWEST_PAIRS} blocks these are indications."));
    }
    sentences
}

/// What a task costs in a wide tree, from the cheapest to the dearest, and over a call.
fn cost(cells: &[Point], found: &[Contrast]) -> Option<String> {
    let ranked = ranked(cells, Form::Result, WIDE, TIME);
    let tasks: Vec<_> = ranked.iter().filter(|(_, cell)| cell.factors.construct != "sequential").collect();
    let part = |(time, cell): &(f64, &Point)| format!("{} ({})", units::time(*time), named(cell));
    let range = match tasks.as_slice() {
        [] => return None,
        [only] => part(only),
        [first, .., last] => format!("{} to {}", part(first), part(last)),
    };
    let begun = format!("In a tree of {} tasks, a task that starts ten others costs {range}", WIDE.tasks());
    let dearest = tasks.last()?.1;
    let over = found.iter().find(|found| found.about == About::Call && found.above == dearest.id);
    let call = of(cells, "sequential", Form::Result, WIDE).and_then(|call| call.summary.get(TIME));
    Some(match over.zip(call) {
        Some((over, call)) => format!(
            "{begun}; a function that calls itself costs {}, so that {} takes {} as long.",
            units::time(call.median),
            named(dearest),
            over.time.words()
        ),
        None => format!("{begun}."),
    })
}

/// Which join is cheaper, by what a task of a whole tree takes.
fn joins(cells: &[Point], found: &[Contrast]) -> Option<String> {
    let join = found.iter().find(|found| found.about == About::Join)?;
    let time = |id: &str| {
        let cell = cells.iter().find(|cell| cell.id == id)?;
        Some(units::time(cell.summary.get(TIME)?.median))
    };
    let (rayon, chili) = (time(&join.above)?, time(&join.below)?);
    let begun = format!("With two children a task, {} deep", DEEP.depth);
    Some(match join.time.is_sure() {
        true => format!(
            "{begun}, a task and its part of the joins take {rayon} with rayon and {chili} with chili: {} as long.",
            join.time.words()
        ),
        false => {
            format!(
                "{begun}, this run cannot tell whether a task and its part of the joins take longer with rayon ({rayon}) or \
                 with chili ({chili})."
            )
        }
    })
}

/// What calling back costs over waiting.
fn callbacks(cells: &[Point], found: &[Contrast]) -> Option<String> {
    let part = |found: &Contrast| {
        let cell = cells.iter().find(|cell| cell.id == found.above)?;
        Some(format!("{} as long with {}", found.time.words(), named(cell)))
    };
    let sure = found.iter().filter(|found| found.about == About::Callback && found.time.is_sure());
    let parts: Vec<String> = sure.filter_map(part).collect();
    (!parts.is_empty())
        .then(|| format!("By callback a task takes {} as it does by result.", text::list(&parts, 4)))
}

/// What a wide tree holds.
fn memory(cells: &[Point]) -> Option<String> {
    let ranked = ranked(cells, Form::Result, WIDE, "held_bytes");
    let (least, most) = (ranked.first()?, ranked.last()?);
    let part = |(held, cell): &(f64, &Point)| format!("{} ({})", units::bytes(*held), named(cell));
    Some(format!("At its peak, a tree of {} tasks holds {} to {}.", WIDE.tasks(), part(least), part(most)))
}

/// What has no figure; one line for trees of a construct that cannot grow for the same reason.
fn without(cells: &[Point]) -> Vec<Unmeasured> {
    let without = cells.iter().filter(|cell| cell.status != Status::Ok);
    let fates =
        without.unique_by(|cell| (cell.factors.construct.as_str(), cell.status, cell.reason.as_deref()));
    fates.map(Unmeasured::of).collect()
}

/// A construct each, the cheapest in the widest tree first.
fn table(cells: &[Point], form: Form) -> Table {
    let known = |construct: &&str| TREES.iter().any(|growth| of(cells, construct, form, *growth).is_some());
    let mut named: Vec<&str> = constructs(cells).into_iter().filter(known).collect();
    let time = |construct: &str, growth| {
        of(cells, construct, form, growth).and_then(|cell| Some(cell.summary.get(TIME)?.median))
    };
    let first = |construct: &&str| {
        let mut times = TREES.iter().rev().filter_map(|growth| time(construct, *growth));
        times.next().unwrap_or(f64::INFINITY)
    };
    named.sort_by(|left, right| first(left).total_cmp(&first(right)));
    let row = |construct: &str| {
        let mut row = vec![text::name(construct)];
        row.extend(TREES.map(|growth| match time(construct, growth) {
            Some(time) => units::time(time),
            None => "none".to_owned(),
        }));
        let wide = of(cells, construct, form, WIDE);
        let figure = |response: &str, shown: fn(f64) -> String| {
            let found = wide.and_then(|cell| cell.summary.get(response));
            found.map_or("none".into(), |found| shown(found.median))
        };
        row.push(figure("task_cpu_ns", units::time));
        row.push(figure("held_bytes", units::bytes));
        let how = CONSTRUCTS.iter().find(|known| known.id == construct);
        row.push(how.and_then(|known| known.forms[form as usize].ok()).unwrap_or_default().to_owned());
        row
    };
    let mut heads = columns(&["construct"]);
    heads.extend(TREES.map(words));
    heads.extend(columns(&["CPU, 10^5", "held, 10^5", "written with"]));
    Table { columns: heads, rows: named.into_iter().map(row).collect() }
}

fn chart(cells: &[Point], shown: &Shown) -> Result<Chart, ReportError> {
    let point = |cell: &Point| {
        let found = cell.summary.get(shown.response)?;
        // Nothing has no logarithm.
        (found.median > 0.0 && found.low > 0.0).then(|| CurvePoint {
            x: cell.factors.growth().tasks() as f64,
            y: found.median,
            interval: Some((found.low, found.high)),
            tip: format!(
                "{}, {} tasks: {}",
                named(cell),
                cell.factors.growth().tasks(),
                (shown.figure)(found.median)
            ),
        })
    };
    // A construct looks the same in all charts.
    let curves: Vec<Curve> = constructs(cells)
        .into_iter()
        .enumerate()
        .map(|(rank, construct)| {
            let wide = TREES.into_iter().filter(|growth| growth.children == WIDE.children);
            let points = wide.filter_map(|growth| point(of(cells, construct, shown.form, growth)?)).collect();
            // There are eight colours; the markers tell apart what shares one.
            let (ink, marker) = (Ink::Series(rank as u8 % 8), Marker::nth(rank));
            Curve { series: None, ink, marker, label: text::name(construct), points }
        })
        .filter(|curve| !curve.points.is_empty())
        .collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::log(points().map(|point| point.x), |count| Measure::Count.tick(count));
    let y = Axis::log(points().map(|point| point.y), |value| shown.measure.tick(value));
    let y = match shown.measure {
        Measure::Memory => y.map(|axis| axis.in_powers_of_two(|bytes| Measure::Memory.tick(bytes))),
        _ => y,
    };
    let (size, body) = match (x, y) {
        (Some(x), Some(y)) => charts::lines(Lines {
            name: shown.title,
            curves: &curves,
            x: x.titled("tasks in the tree, ten children each, logarithmic"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        _ => charts::nothing("nothing was measured"),
    };
    let row = |curve: &Curve| {
        let figures: Vec<String> =
            curve.points.iter().map(|point| format!("{}: {}", point.x, (shown.figure)(point.y))).collect();
        vec![curve.label.clone(), figures.join(", ")]
    };
    let heads = ["construct", "tasks in the tree, and the figure"];
    let table = Table { columns: columns(&heads), rows: curves.iter().map(row).collect() };
    Ok(Chart {
        slug: shown.slug.into(),
        title: shown.title.into(),
        question: shown.question.into(),
        reading: "Both axes logarithmic; ten children a task. Upright strokes are intervals of medians. A line ends where a \
                  limit of the system, or the time that it would take, ends it."
            .into(),
        size,
        body,
        table,
    })
}
