//! From how many tasks in flight one kind of model is ahead, as sentences, a map and tables.

use concbench_charts::{Table, columns};
use concbench_text::figures as units;

use super::analyse::is_refused;
use super::findings::{Crossing, Figure, Findings};
use super::{Cell, Concurrency, Observation, map};
use crate::experiment::{Experiment, RecordOf, View};
use crate::model::Family;
use crate::record::{CellRecord, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

type Point = CellRecord<Cell, Observation>;

/// The pair that most people ask about.
const ASKED: (Family, Family) = (Family::Threads, Family::Coroutines);

/// The section.
pub(super) fn section(record: &RecordOf<Concurrency>, view: &View<'_>) -> Result<Section, ReportError> {
    let found = &record.findings;
    let mut section =
        Section::new(Concurrency::ID, "Concurrency", "From how many tasks in flight do coroutines win?");
    section.first = true;
    section.findings = sentences(found);
    let pairs = pairs(found);
    section.body = vec![
        Element::Charts(map::chart(found, view)?.into_iter().collect()),
        Element::Note(
            "Tasks that wait, and compute before and after, all handed over at once. The best model of each family stands \
             for it. One is ahead if the whole interval of the ratio, block by block, lies beyond the margin, or if the \
             other cannot carry so many tasks; a crossing lies between the two numbers that are named. Memory is the peak \
             of the runner; that of processes is in the experiment `memory`."
                .to_owned(),
        ),
        Element::Table("Who is ahead, and from how many tasks in flight on".to_owned(), pairs.clone()),
        Element::Folded("The same with figures".to_owned(), crossings(found)),
        Element::Folded("What each number of tasks took".to_owned(), figures(&record.cells)),
        Element::Folded("What was not tried, and why".to_owned(), refused(&record.cells)),
        Element::Without(broken(&record.cells)),
    ];
    let title = Concurrency::ID.to_owned();
    section.tables.push(TextTable { title, sentences: Vec::new(), table: map::table(found) });
    let title = format!("{}, families", Concurrency::ID);
    section.tables.push(TextTable { title, sentences: Vec::new(), table: pairs });
    Ok(section)
}

fn broken(cells: &[Point]) -> Vec<Unmeasured> {
    cells.iter().filter(|cell| cell.status.is_broken()).map(Unmeasured::of).collect()
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Baseline => "one after the other",
        Family::Processes => "processes",
        Family::Threads => "threads",
        Family::Pools => "pools",
        Family::Coroutines => "coroutines",
        Family::Hybrids => "hybrids",
    }
}

fn figure(figure: Figure) -> &'static str {
    match figure {
        Figure::Time => "time",
        Figure::Cpu => "CPU time",
        Figure::Memory => "memory",
    }
}

/// What the pair that most people ask about comes to, in a sentence for each figure.
fn sentences(found: &Findings) -> Vec<String> {
    let of_figure = |of: Figure| {
        let asked = found.crossings.iter().filter(|one| one.families == ASKED && one.figure == of);
        let mut answers: Vec<(String, Vec<(u64, u64)>)> = Vec::new();
        for crossing in asked {
            let (answer, work) = (answer(crossing), (crossing.wait_ns, crossing.compute_ns));
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, works)) => works.push(work),
                None => answers.push((answer, vec![work])),
            }
        }
        let parts: Vec<String> =
            answers.into_iter().map(|(answer, works)| format!("{answer} where {}", tasks(&works))).collect();
        (!parts.is_empty()).then(|| format!("In {}, {}.", figure(of), parts.join("; ")))
    };
    let sentences: Vec<String> =
        [Figure::Time, Figure::Cpu, Figure::Memory].into_iter().filter_map(of_figure).collect();
    match sentences.is_empty() {
        true => vec![
            "Threads and coroutines could not be compared: no number of tasks was measured under both."
                .into(),
        ],
        false => sentences,
    }
}

/// Which tasks these are, by how long they wait: `a task waits 1 ms and computes nothing or 20 µs`.
fn tasks(works: &[(u64, u64)]) -> String {
    let mut waits: Vec<(u64, Vec<String>)> = Vec::new();
    for &(wait, compute) in works {
        let compute = if compute == 0 { "nothing".to_owned() } else { units::exact_time(compute) };
        match waits.iter_mut().find(|(known, _)| *known == wait) {
            Some((_, computes)) => computes.push(compute),
            None => waits.push((wait, vec![compute])),
        }
    }
    let part = |(wait, computes): (u64, Vec<String>)| {
        format!("waits {} and computes {}", units::exact_time(wait), computes.join(" or "))
    };
    let parts: Vec<String> = waits.into_iter().map(part).collect();
    format!("a task {}", parts.join(", or "))
}

/// Who is ahead from where on.
fn answer(crossing: &Crossing) -> String {
    let (fewest, most) = crossing.compared;
    let Some(ahead) = crossing.ahead else {
        let (first, second) = crossing.families;
        return format!(
            "with up to {most} tasks in flight neither {} nor {} are ahead at the end",
            family(first),
            family(second)
        );
    };
    let behind = family(if ahead == crossing.families.0 { crossing.families.1 } else { crossing.families.0 });
    let ahead = family(ahead);
    match (crossing.after, crossing.by) {
        (Some(after), Some(by)) => {
            format!("{ahead} are ahead of {behind} from between {after} and {by} tasks in flight on")
        }
        (None, Some(by)) if by > fewest => {
            format!("{ahead} are ahead of {behind} from at most {by} tasks in flight on")
        }
        _ => format!("{ahead} are ahead of {behind} with any number of tasks from {fewest} to {most}"),
    }
}

/// From how many tasks on, in a few words.
fn from(one: &Crossing) -> String {
    match (one.ahead, one.after, one.by) {
        (None, ..) => format!("never, up to {}", one.compared.1),
        (_, Some(after), Some(by)) => format!("from between {after} and {by} on"),
        (_, None, Some(by)) if by > one.compared.0 => format!("from at most {by} on"),
        _ => format!("with any from {} on", one.compared.0),
    }
}

/// Each pair of families with each kind of task: who is ahead from how many tasks on.
fn pairs(found: &Findings) -> Table {
    let mut rows: Vec<&Crossing> = Vec::new();
    for one in &found.crossings {
        if rows.iter().all(|known| (known.families, &known.work) != (one.families, &one.work)) {
            rows.push(one);
        }
    }
    let answer = |of: &Crossing, figure: Figure| {
        let same = |one: &&Crossing| (one.families, &one.work, one.figure) == (of.families, &of.work, figure);
        let found = found.crossings.iter().find(same);
        found.map_or("unknown".into(), |one| match one.ahead {
            Some(ahead) => format!("{} {}", family(ahead), from(one)),
            None => from(one),
        })
    };
    let row = |one: &&Crossing| {
        let (first, second) = one.families;
        let figures = [Figure::Time, Figure::Cpu, Figure::Memory].map(|figure| answer(one, figure));
        let names =
            [format!("{} or {}", family(first), family(second)), map::described(one.wait_ns, one.compute_ns)];
        names.into_iter().chain(figures).collect()
    };
    let heads = ["families", "a task", "time", "CPU time", "memory"];
    Table { columns: columns(&heads), rows: rows.iter().map(row).collect() }
}

/// Every pair of families, with the figures.
fn crossings(found: &Findings) -> Table {
    let row = |one: &Crossing| {
        let (first, second) = one.families;
        let ratio = one
            .ratio
            .map(|found| units::Ratio { value: found.ratio, interval: Some((found.low, found.high)) });
        vec![
            format!("{} or {}", family(first), family(second)),
            map::described(one.wait_ns, one.compute_ns),
            figure(one.figure).to_owned(),
            one.ahead.map_or("neither", family).to_owned(),
            from(one),
            ratio.map_or("none".into(), |ratio| format!("{} {}", ratio.figure(), ratio.range())),
            one.refused_from.map_or(String::new(), |tasks| format!("the other not with {tasks}")),
        ]
    };
    let heads = [
        "families",
        "a task",
        "in",
        "ahead",
        "from how many tasks",
        "by, with the most that both carry",
        "remark",
    ];
    Table { columns: columns(&heads), rows: found.crossings.iter().map(row).collect() }
}

/// The medians of all cells that were measured.
fn figures(cells: &[Point]) -> Table {
    let row = |cell: &Point| {
        let Cell { model, workers_rule, tasks, wait_ns, compute_ns, .. } = &cell.factors;
        let of = |name: &str, show: fn(f64) -> String| {
            cell.summary.get(name).map_or("unknown".into(), |found| show(found.median))
        };
        vec![
            text::name(&format!("{model}@{workers_rule}")),
            map::described(*wait_ns, *compute_ns),
            tasks.to_string(),
            of("steady_ns", units::time),
            of("over_ideal", |ratio| units::ratio(ratio, None)),
            of("task_cpu_ns", units::time),
            of("peak_rss_bytes", units::bytes),
            of("started_late_share", units::percent),
        ]
    };
    let heads =
        ["model", "a task", "tasks", "a batch", "over its ideal", "CPU a task", "peak memory", "began late"];
    let measured = cells.iter().filter(|cell| cell.status == Status::Ok);
    Table { columns: columns(&heads), rows: measured.map(row).collect() }
}

/// Where each model stops with each kind of task.
fn refused(cells: &[Point]) -> Table {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for cell in cells.iter().filter(|cell| is_refused(cell)) {
        let Cell { model, workers_rule, work, tasks, wait_ns, compute_ns, .. } = &cell.factors;
        let key = format!("{work}/{model}@{workers_rule}");
        if rows.iter().all(|(known, _)| *known != key) {
            let reason = cell.reason.as_deref().map_or("no reason was recorded".into(), text::sentence);
            let name = text::name(&format!("{model}@{workers_rule}"));
            rows.push((
                key,
                vec![name, map::described(*wait_ns, *compute_ns), format!("from {tasks}"), reason],
            ));
        }
    }
    let heads = ["model", "a task", "tasks", "why not"];
    Table { columns: columns(&heads), rows: rows.into_iter().map(|(_, row)| row).collect() }
}
