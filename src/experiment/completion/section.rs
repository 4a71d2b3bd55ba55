//! How soon results are there, as sentences, charts and a table.

use concbench_charts::{
    self as charts, Axis, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, Table, columns,
};
use concbench_constructs::completion::{CONSTRUCTS, FORMS, Form, TASKS};
use concbench_text::figures::{self as units, Measure};

use super::analyse::{Point, constructs, of, ranked};
use super::{About, Completion, Contrast};
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::{Experiment, RecordOf};
use crate::record::Status;
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

/// The responses over which a line goes, and after how many results each is.
const ALONG: [(&str, u64); 3] = [("first_ns", 1), ("half_ns", TASKS / 2), ("last_ns", TASKS)];

/// The section.
pub(super) fn section(record: &RecordOf<Completion>) -> Result<Section, ReportError> {
    let heading = "How soon is each result there: in order, as completed, by callback?";
    let mut section = Section::new(Completion::ID, "Completion", heading);
    section.findings = sentences(&record.cells, &record.findings);
    let table = table(&record.cells);
    section.body = vec![
        Element::Note(format!(
            "A batch of {TASKS} tasks that compute: every tenth ten times as long as most, every hundredth a hundred times, the \
             first of all among these. Times count from the beginning of the batch until the caller has a result, or its \
             function is called with it. Results in order must come in order, others each once, and all must be those of \
             their tasks; else the cell has failed."
        )),
        Element::Charts(FORMS.into_iter().map(|form| chart(&record.cells, form)).collect::<Result<_, _>>()?),
        Element::Table("When the caller has its results".to_owned(), table.clone()),
        Element::Without(
            record.cells.iter().filter(|cell| cell.status != Status::Ok).map(Unmeasured::of).collect(),
        ),
    ];
    let (title, sentences) = ("completion".to_owned(), section.findings.clone());
    section.tables.push(TextTable { title, sentences, table });
    Ok(section)
}

/// A form, as it is said.
fn words(form: Form) -> &'static str {
    match form {
        Form::Ordered => "in order",
        Form::AsCompleted => "as completed",
        Form::Callback => "by callback",
    }
}

/// What was found, in sentences.
pub(super) fn sentences(cells: &[Point], found: &[Contrast]) -> Vec<String> {
    let mut sentences: Vec<String> =
        [first(cells, found), at_once(cells), last(cells, found), by_callback(cells)]
            .into_iter()
            .flatten()
            .collect();
    if sentences.is_empty() {
        return vec![
            "It is not known how soon results are there: no construct could be measured.".to_owned(),
        ];
    }
    if found.iter().any(|found| found.time.pairs < FEWEST_PAIRS) {
        sentences.push(format!("With fewer than {FEWEST_PAIRS} blocks these are indications."));
    }
    sentences
}

fn named(cell: &Point) -> String {
    text::name(&cell.factors.construct)
}

/// Whether the one that stands above surely takes longer.
fn is_behind(found: &Contrast) -> bool {
    found.time.low > 1.0
}

/// What waiting for the order costs the first result: where it costs most.
fn first(cells: &[Point], found: &[Contrast]) -> Option<String> {
    let cell = |id: &str| cells.iter().find(|cell| cell.id == id);
    // Where all results come at once, the first waits for the last, and not for the first task.
    let one_by_one = |found: &&Contrast| cell(&found.above).is_some_and(|ordered| !is_at_once(ordered));
    let behind = found.iter().filter(|found| found.about == About::First && is_behind(found));
    let most =
        behind.filter(one_by_one).max_by(|left, right| left.time.ratio.total_cmp(&right.time.ratio))?;
    let (ordered, completed) = (cell(&most.above)?, cell(&most.below)?);
    let time = |cell: &Point| Some(units::time(cell.summary.get("first_ns")?.median));
    Some(format!(
        "The first of {TASKS} results takes {} as long in order as it does as completed with {} ({} against {}): the first \
         task is a long one, and all others wait behind it.",
        most.time.words(),
        named(ordered),
        time(ordered)?,
        time(completed)?,
    ))
}

/// Whether a construct hands all results over at once: the first is hardly there before the last.
fn is_at_once(cell: &Point) -> bool {
    let at = |response| Some(cell.summary.get(response)?.median);
    at("first_ns").zip(at("last_ns")).is_some_and(|(first, last)| first > 0.9 * last)
}

/// Who does so.
fn at_once(cells: &[Point]) -> Option<String> {
    let ordered = cells.iter().filter(|cell| cell.factors.form == Form::Ordered && cell.status == Status::Ok);
    let names: Vec<String> = ordered.filter(|cell| is_at_once(cell)).map(named).collect();
    (!names.is_empty()).then(|| {
        let hand = if names.len() == 1 { "hands" } else { "hand" };
        format!(
            "In order, {} {hand} all results over at once, when the last is there.",
            text::list(&names, 4)
        )
    })
}

/// Who has all results first.
fn last(cells: &[Point], found: &[Contrast]) -> Option<String> {
    let ranked = ranked(cells, Form::Ordered, "last_ns");
    let (time, fastest) = ranked.first()?;
    let all =
        format!("All results in order are there first with {} ({})", named(fastest), units::time(*time));
    let contrast = found.iter().find(|found| found.about == About::Last && is_behind(found));
    Some(match contrast.and_then(|found| Some((found, ranked.last()?))) {
        Some((found, (_, slowest))) => {
            format!("{all}; with {} it takes {} as long.", named(slowest), found.time.words())
        }
        None => format!("{all}."),
    })
}

/// When the first function is called.
fn by_callback(cells: &[Point]) -> Option<String> {
    let ranked = ranked(cells, Form::Callback, "first_ns");
    let (first, last) = (ranked.first()?, ranked.last()?);
    let part = |(time, cell): &(f64, &Point)| format!("{} ({})", units::time(*time), named(cell));
    Some(format!("A function is first called after {} to {}.", part(first), part(last)))
}

/// A row for each construct and form.
fn table(cells: &[Point]) -> Table {
    let row = |(construct, form)| {
        let cell = of(cells, construct, form)?;
        let time = |response: &str| {
            cell.summary.get(response).map_or("no figure".into(), |found| units::time(found.median))
        };
        let interval = cell.summary.get("last_ns").map_or("none".into(), units::time_interval);
        let how =
            CONSTRUCTS.iter().find(|known| known.id == construct).and_then(|known| known.form(form).ok());
        Some(vec![
            text::name(construct),
            words(form).to_owned(),
            time("first_ns"),
            time("half_ns"),
            time("last_ns"),
            interval,
            time("cpu_ns"),
            how.unwrap_or_default().to_owned(),
        ])
    };
    let pairs = constructs(cells).into_iter().flat_map(|construct| FORMS.map(|form| (construct, form)));
    let heads = ["construct", "results", "first", "half", "last", "its interval", "CPU", "written with"];
    Table { columns: columns(&heads), rows: pairs.filter_map(row).collect() }
}

fn chart(cells: &[Point], form: Form) -> Result<Chart, ReportError> {
    let point = |cell: &Point, response: &str, results: u64| {
        let found = cell.summary.get(response)?;
        let tip = format!("{}, {results} results: {}", named(cell), units::median_time(found));
        let interval = Some((found.low, found.high));
        Some(CurvePoint { x: results as f64, y: found.median, interval, tip })
    };
    // A construct looks the same in all forms.
    let curves: Vec<Curve> = constructs(cells)
        .into_iter()
        .enumerate()
        .filter_map(|(rank, construct)| Some((rank, of(cells, construct, form)?)))
        .map(|(rank, cell)| Curve {
            series: None,
            ink: Ink::Series(rank as u8),
            marker: Marker::nth(rank),
            label: named(cell),
            points: ALONG
                .into_iter()
                .filter_map(|(response, results)| point(cell, response, results))
                .collect(),
        })
        .filter(|curve| !curve.points.is_empty())
        .collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let name = format!("results {}", words(form));
    let x = Axis::linear(0.0..TASKS as f64, ALONG.len(), |count| Measure::Count.tick(count))
        .ticked(ALONG.map(|(_, results)| (results as f64, results.to_string())));
    let y = Axis::log(points().map(|point| point.y), |time| Measure::Time.tick(time));
    let (size, body) = match y {
        Some(y) => charts::lines(Lines {
            name: &name,
            curves: &curves,
            x: x.titled("results that are there"),
            y,
            reference: Vec::new(),
            marks: &[],
            apart: End::Last,
        })?,
        None => charts::nothing("nothing was measured"),
    };
    let row = |curve: &Curve| {
        let mut row = vec![curve.label.clone()];
        row.extend(ALONG.map(|(_, results)| {
            let found = curve.points.iter().find(|point| point.x == results as f64);
            found.map_or("none".into(), |point| units::time(point.y))
        }));
        row
    };
    let table = Table {
        columns: columns(&["construct", "first", "half", "last"]),
        rows: curves.iter().map(row).collect(),
    };
    Ok(Chart {
        slug: format!("completion-{}", text::slug(words(form))),
        title: name,
        question: format!("After how long are the first, half, and all results there, {}?", words(form)),
        reading: "The upright axis is logarithmic; a flat line hands all results over at once. Upright strokes are intervals of \
                  medians."
            .into(),
        size,
        body,
        table,
    })
}
