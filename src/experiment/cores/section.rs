//! What fewer cores and quotas do, as sentences, a picture and tables.

use concbench_charts::{Chart, Ink, Table, Tile, Tiles, columns, tiles};
use concbench_sizing::SIZERS;
use concbench_text::figures as units;
use itertools::Itertools as _;

use super::{Cell, Choice, Cores, Observation, Ratio, Sizing};
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

type Point = CellRecord<Cell, Observation>;

/// The section.
pub(super) fn section(record: &RecordOf<Cores>, view: &View<'_>) -> Result<Section, ReportError> {
    let (found, run) = (&record.findings, &view.record.run);
    let mut section = Section::new(Cores::ID, "Cores", "One CPU against many; what does a quota do?");
    let few = u64::from(run.blocks) < FEWEST_PAIRS;
    section.findings = sentences(found, run.margin, few, unsupported(&record.cells));
    let table = table(found);
    section.body = vec![
        Element::Charts(chart(found)?.into_iter().collect()),
        Element::Note(
            "Tasks of 1 ms of computing, batch after batch, by a runner that binds itself to so many CPUs, or enters a control \
             group of its own with a quota. Each library is asked, under the limit, how many workers it has by itself (own); \
             beside that stand as many as can use what the limit leaves (fitting), and as many as the machine has cores \
             (machine). A task takes from when it was begun: what the quota holds up takes longer. In each period of 100 ms many \
             workers use the quota up at once and are held up for what is left of it, on each processor where they ran; a run \
             counts for at least as long as the quota takes to grant what it computed."
                .to_owned(),
        ),
        Element::Table("What a choice of workers comes to under each limit".to_owned(), table.clone()),
        Element::Without(unmeasured(&record.cells)),
    ];
    let title = Cores::ID.to_owned();
    section.tables.push(TextTable { title, sentences: Vec::new(), table });
    Ok(section)
}

/// Cells without figures; where none could be made for one reason, that reason once.
fn unmeasured(cells: &[Point]) -> Vec<Unmeasured> {
    let without = cells.iter().filter(|cell| cell.status != Status::Ok);
    let fates = without.unique_by(|cell| {
        // What broke is shown cell by cell.
        let own = (cell.status != Status::Unsupported).then_some(cell.id.as_str());
        (cell.status, cell.reason.as_deref(), own)
    });
    fates.map(Unmeasured::of).collect()
}

/// Why there are no quotas, if there are none.
fn unsupported(cells: &[Point]) -> Option<&str> {
    let quotas = || cells.iter().filter(|cell| cell.factors.quota);
    let none = quotas().all(|cell| cell.status == Status::Unsupported);
    quotas().next().filter(|_| none)?.reason.as_deref()
}

fn asks(sizer: &str) -> String {
    let known = SIZERS.iter().find(|known| known.id == sizer);
    known.map_or_else(|| text::name(sizer), |known| known.asks.to_owned())
}

fn cpus(choice: &Choice) -> String {
    let cores = units::plain(choice.cores);
    match (choice.quota, choice.cores == 1.0) {
        (true, true) => format!("a quota of {cores} core"),
        (true, false) => format!("a quota of {cores} cores"),
        (false, true) => format!("{cores} CPU"),
        (false, false) => format!("{cores} CPUs"),
    }
}

/// Whether a choice does less in a second than as many workers as fit, or has tasks that take longer: by the whole interval,
/// which is worth less where the blocks are few. As many workers as fit are no other choice.
fn pays(choice: &Choice, margin: f64) -> bool {
    if choice.workers == choice.fitting {
        return false;
    }
    let slower = choice.rate.is_some_and(|rate| rate.high < 1.0 / (1.0 + margin));
    let longer = choice.p99.is_some_and(|p99| p99.low > 1.0 + margin);
    slower || longer
}

/// What choices come to beside as many workers as fit: from the least to the most.
fn price(choices: &[&Choice]) -> String {
    let span = |of: fn(&Choice) -> Option<f64>, show: fn(f64) -> String| {
        let known: Vec<f64> = choices.iter().filter_map(|choice| of(choice)).collect();
        let (least, most) =
            (known.iter().copied().reduce(f64::min)?, known.iter().copied().reduce(f64::max)?);
        Some(match (show(least), show(most)) {
            (least, most) if least == most => most,
            (least, most) => format!("{least} to {most}"),
        })
    };
    let ratio: fn(f64) -> String = |value| units::ratio(value, None);
    let parts = [
        span(|choice| choice.rate.map(|rate| rate.ratio), ratio).map(|rate| format!("{rate} of the rate")),
        span(|choice| choice.p99.map(|p99| p99.ratio), ratio).map(|p99| format!("{p99} of the p99")),
    ];
    let held = span(|choice| choice.throttled_share, units::percent)
        .map_or(String::new(), |held| format!(", held up in {held} of the periods"));
    format!("{}{held}", parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
}

/// What their own choice costs those that pay for it, by how many workers they choose.
fn costs(paying: &[&Choice], few: bool) -> Vec<String> {
    let comes = if few { "seems to come" } else { "comes" };
    let numbers = paying.iter().map(|choice| choice.workers).unique().sorted();
    let part = |workers: u64| {
        let these: Vec<&Choice> = paying.iter().copied().filter(|choice| choice.workers == workers).collect();
        let names: Vec<String> = these.iter().map(|choice| asks(&choice.sizer)).collect();
        format!(
            "their own choice of {workers} {comes} to {} ({})",
            price(&these),
            text::list(&names, usize::MAX)
        )
    };
    numbers.map(part).collect()
}

/// What was found; from few blocks, with less certainty.
fn sentences(found: &[Choice], margin: f64, few: bool, unsupported: Option<&str>) -> Vec<String> {
    let mut sentences = affinity(found);
    match unsupported {
        Some(reason) => {
            sentences.push(format!("Quotas could not be measured: {}.", text::sentence(reason)));
        }
        None => {
            sentences.extend(chosen(found));
            sentences.extend(under_quotas(found, margin, few));
        }
    }
    if few {
        sentences.push(format!("With fewer than {FEWEST_PAIRS} blocks these are indications."));
    }
    sentences
}

/// What other choices than as many workers as fit cost under each quota.
fn under_quotas(found: &[Choice], margin: f64, few: bool) -> Vec<String> {
    let mut sentences = Vec::new();
    let come = if few { "seem to come" } else { "come" };
    for limit in quotas(found) {
        let of = |sizing| {
            found.iter().filter(move |choice| choice.limit == limit.limit && choice.sizing == sizing)
        };
        let paying: Vec<&Choice> = of(Sizing::Own).filter(|choice| pays(choice, margin)).collect();
        sentences.push(match costs(&paying, few) {
            costs if costs.is_empty() => {
                format!("Under {} none is known to pay for its own choice.", cpus(limit))
            }
            costs => {
                let fitting = text::plural(limit.fitting, "worker");
                format!("Under {}, held against {fitting}, {}.", cpus(limit), costs.join("; "))
            }
        });
        let longest = |choice: &&Choice| choice.p99.map_or(0.0, |p99| p99.ratio);
        let worst = of(Sizing::Machine)
            .filter(|choice| pays(choice, margin))
            .max_by(|left, right| longest(left).total_cmp(&longest(right)));
        sentences.extend(worst.map(|choice| {
            format!(
                "Under {}, as many workers as the machine has cores ({}) {come} to {}, with {} as the worst.",
                cpus(limit),
                choice.workers,
                price(&[choice]),
                text::name(&choice.sizer)
            )
        }));
    }
    sentences
}

/// One choice for each quota, ascending.
fn quotas(found: &[Choice]) -> Vec<&Choice> {
    let limits = found.iter().filter(|choice| choice.quota).unique_by(|choice| &choice.limit);
    limits.sorted_by(|left, right| left.cores.total_cmp(&right.cores)).collect()
}

/// How many workers each chooses by itself, under all quotas.
fn chosen(found: &[Choice]) -> Option<String> {
    let limits = quotas(found);
    let own = |sizer: &str, limit: &Choice| {
        let same = |choice: &&Choice| {
            choice.sizer == sizer && choice.limit == limit.limit && choice.sizing == Sizing::Own
        };
        found.iter().find(same).map_or("unknown".to_owned(), |choice| choice.workers.to_string())
    };
    let mut answers: Vec<(String, Vec<String>)> = Vec::new();
    for choice in found
        .iter()
        .filter(|choice| choice.quota && choice.limit == limits[0].limit && choice.sizing == Sizing::Own)
    {
        let numbers: Vec<String> = limits.iter().map(|limit| own(&choice.sizer, limit)).collect();
        let (answer, name) = (numbers.join(", "), asks(&choice.sizer));
        match answers.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, names)) => names.push(name),
            None => answers.push((answer, vec![name])),
        }
    }
    let part =
        |(answer, names): &(String, Vec<String>)| format!("{answer} ({})", text::list(names, usize::MAX));
    let parts: Vec<String> = answers.iter().map(part).collect();
    let cores: Vec<String> = limits.iter().map(|limit| units::plain(limit.cores)).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "Workers by their own choice under a quota of {} cores: {}.",
            cores.join(", "),
            parts.join("; ")
        )
    })
}

/// What more CPUs bring, of the choice that gains most.
fn affinity(found: &[Choice]) -> Vec<String> {
    let bound: Vec<&Choice> = found.iter().filter(|choice| !choice.quota).collect();
    let of = |choice: &&Choice, cores: f64| {
        bound
            .iter()
            .find(|other| other.sizer == choice.sizer && other.cores == cores)
            .map(|one| one.done_per_s)
    };
    let (Some(fewest), Some(most)) = (
        bound.iter().map(|choice| choice.cores).reduce(f64::min),
        bound.iter().map(|choice| choice.cores).reduce(f64::max),
    ) else {
        return Vec::new();
    };
    let first = bound.iter().filter(|choice| choice.cores == fewest && most > fewest);
    let mut gains: Vec<(f64, &str)> = first
        .filter_map(|choice| Some((of(choice, most)? / choice.done_per_s, choice.sizer.as_str())))
        .collect();
    gains.sort_by(|left, right| left.0.total_cmp(&right.0));
    let part = |(gain, sizer): &(f64, &str)| format!("{} ({})", units::ratio(*gain, None), asks(sizer));
    let (few, many) = (units::plain(fewest), units::plain(most));
    match gains.as_slice() {
        [] => Vec::new(),
        [only] => vec![format!("On {many} CPUs as many tasks are done as on {few}, times {}.", part(only))],
        [least, .., best] => vec![format!(
            "On {many} CPUs as many tasks are done as on {few}, times {} to {}.",
            part(least),
            part(best)
        )],
    }
}

fn name(choice: &Choice) -> String {
    text::name(&format!("{}, {}", choice.sizer, choice.sizing))
}

fn limit_name(choice: &Choice) -> String {
    let cores = units::plain(choice.cores);
    if choice.quota { format!("quota {cores}") } else { format!("{cores} CPU") }
}

/// What each choice comes to.
fn table(found: &[Choice]) -> Table {
    let ratio = |of: Option<Ratio>| {
        of.map_or(String::new(), |of| {
            let of = units::Ratio { value: of.ratio, interval: Some((of.low, of.high)) };
            format!("{} {}", of.figure(), of.range())
        })
    };
    let row = |choice: &Choice| {
        vec![
            name(choice),
            limit_name(choice),
            choice.workers.to_string(),
            units::count(choice.done_per_s),
            ratio(choice.rate),
            ratio(choice.p99),
            choice.task_cpu_ns.map_or("unknown".into(), units::time),
            choice.throttled_share.map_or("no quota".into(), units::percent),
            choice.throttled_time.map_or("no quota".into(), units::percent),
        ]
    };
    let heads = [
        "workers by",
        "limit",
        "workers",
        "tasks a second",
        "rate over fitting",
        "p99 over fitting",
        "CPU a task",
        "periods held up",
        "held up, all processors added",
    ];
    Table { columns: columns(&heads), rows: found.iter().map(row).collect() }
}

/// The picture: what choices of workers come to under quotas; none without any.
fn chart(found: &[Choice]) -> Result<Option<Chart>, ReportError> {
    let shown: Vec<&Choice> =
        found.iter().filter(|choice| choice.quota && choice.sizing != Sizing::Fitting).collect();
    let names = |of: fn(&Choice) -> String| -> Vec<String> {
        shown.iter().map(|choice| of(choice)).unique().collect()
    };
    let (rows, limits) = (names(name), names(limit_name));
    if shown.is_empty() {
        return Ok(None);
    }
    let place = |names: &[String], name: &String| names.iter().position(|known| known == name).unwrap_or(0);
    let tile = |choice: &&Choice| {
        let p99 = choice.p99.map_or("unknown".into(), |p99| units::ratio(p99.ratio, None));
        Tile {
            row: place(&rows, &name(choice)),
            column: place(&limits, &limit_name(choice)),
            ink: Ink::of_increase(choice.p99.map_or(1.0, |p99| p99.ratio)),
            pale: false,
            hatched: choice.p99.is_some_and(|p99| p99.low <= 1.0 && p99.high >= 1.0),
            key: None,
            lines: vec![format!("{}: {p99}", choice.workers)],
            tip: format!(
                "{} under {}: {}, {}",
                asks(&choice.sizer),
                cpus(choice),
                text::plural(choice.workers, "worker"),
                price(&[choice])
            ),
            series: None,
        }
    };
    let title = "workers under a quota".to_owned();
    let drawn = shown.iter().map(tile).collect();
    let (size, body) = tiles(&Tiles {
        name: title.clone(),
        rows: rows.clone(),
        columns: limits.clone(),
        axis: "the quota, in cores".into(),
        tiles: drawn,
    })?;
    Ok(Some(Chart {
        slug: "quota".into(),
        title,
        question: "Which libraries size themselves by the machine, and pay for it under a quota?".into(),
        reading: "A square has the number of workers, and how many times the 99th percentile of a task is that with as many \
                  workers as fit the quota. Hatched squares cannot be told from that."
            .into(),
        size,
        body,
        table: table(found),
    }))
}
