//! A gallery as sections: answers, standing, speed, scaling, machines.

use concbench_charts::{Chart, Forest, ForestRow, Ink, Marker, Table, columns, forest};
use concbench_text::figures::{self as units, Ratio};
use itertools::Itertools as _;

use super::standing::{Entry, Relative, Standing};
use super::words;
use crate::experiment::compare::Place;
use crate::record::Record;
use crate::report::compare::differing;
use crate::report::gallery::{Row, wide};
use crate::report::{Element, ReportError, Section, text};

/// The kinds of work that any run speaks of, in their order.
fn works(entries: &[Entry<'_>]) -> Vec<&'static str> {
    entries.iter().flat_map(|entry| &entry.merits).map(|merit| merit.work).unique().collect()
}

/// What the runs are called on the page.
fn names(places: &[Place], own: bool) -> Vec<String> {
    let name = |(number, place): (usize, &Place)| match own && number == 0 {
        true => format!("{} (yours)", text::name(&place.name)),
        false => text::name(&place.name),
    };
    places.iter().enumerate().map(name).collect()
}

/// All of them.
pub(super) fn sections(
    entries: &[Entry<'_>],
    places: &[Place],
    own: bool,
) -> Result<Vec<Section>, ReportError> {
    let names = names(places, own);
    let works = works(entries);
    let mut sections = vec![answers(entries, &names, &works)?];
    if own {
        sections.push(yours(entries, &names, &works)?);
    }
    sections.extend([
        speed(entries, &names, &works)?,
        scaling(entries, &names, &works)?,
        machines(entries, &names),
    ]);
    Ok(sections)
}

/// A row for each machine, with what is said of each kind of work.
fn by_work(
    entries: &[Entry<'_>],
    names: &[String],
    works: &[&str],
    said: impl Fn(&Entry<'_>, &str) -> String,
) -> Vec<Row> {
    let row = |(entry, name): (&Entry<'_>, &String)| Row {
        name: name.clone(),
        fields: works.iter().map(|work| said(entry, work)).collect(),
    };
    entries.iter().zip(names).map(row).collect()
}

const NOT_MEASURED: &str = "not measured";

fn answers(entries: &[Entry<'_>], names: &[String], works: &[&str]) -> Result<Section, ReportError> {
    let said = |entry: &Entry<'_>, work: &str| {
        entry.merit(work).map_or(NOT_MEASURED.to_owned(), |merit| merit.answer.clone())
    };
    let mut rows = by_work(entries, names, works, said);
    for (row, entry) in rows.iter_mut().zip(entries) {
        row.fields.insert(0, words::machine(entry.record));
        row.fields.push(words::doubts(entry.record));
    }
    let mut heads = vec!["machine"];
    heads.extend(works);
    let doubted = rows.iter().any(|row| row.fields.last().is_some_and(|doubts| !doubts.is_empty()));
    match doubted {
        true => heads.push("doubts"),
        false => rows.iter_mut().for_each(|row| drop(row.fields.pop())),
    }
    Ok(Section {
        body: vec![wide("What wins on each machine", &heads, &rows)?],
        ..Section::new("verdict", "Verdict", "What wins on which machine?")
    })
}

/// Where the first run stands.
fn yours(entries: &[Entry<'_>], names: &[String], works: &[&str]) -> Result<Section, ReportError> {
    let (own, others) = entries.split_first().expect("a gallery has a run");
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for work in works.iter().filter(|work| own.merit(work).is_some()) {
        let found: Vec<Result<Relative, String>> = others.iter().map(|other| other.over(own, work)).collect();
        let standing = Standing::among(found.iter().flatten());
        findings.push(words::standing(work, standing));
        let named = |is: fn(&Relative) -> bool| {
            let of = found.iter().zip(&names[1..]).filter(|(found, _)| found.as_ref().is_ok_and(is));
            let names: Vec<String> = of.map(|(_, name)| name.clone()).collect();
            if names.is_empty() { "none".to_owned() } else { text::list(&names, 6) }
        };
        let alike = |of: &Relative| !of.is_less() && !of.is_more();
        let place =
            words::percentile(standing).unwrap_or_else(|| "no other run did the same work".to_owned());
        let fields = vec![place, named(Relative::is_less), named(alike), named(Relative::is_more)];
        rows.push(Row { name: (*work).to_owned(), fields });
    }
    let heads = ["percentile", "gets more done than", "not told apart from", "less than"];
    Ok(Section {
        findings,
        findings_on_page: false,
        body: vec![wide("Where yours stands", &heads, &rows)?],
        ..Section::new("yours", "Yours", "Where does yours stand?")
    })
}

fn speed(entries: &[Entry<'_>], names: &[String], works: &[&str]) -> Result<Section, ReportError> {
    let first = &entries[0];
    let mut charts = Vec::new();
    for work in works {
        let found: Vec<Result<Relative, String>> =
            entries.iter().map(|entry| entry.over(first, work)).collect();
        if found.iter().skip(1).any(Result::is_ok) {
            charts.push(chart(work, names, &found, charts.len())?);
        }
    }
    let note = match charts.is_empty() {
        true => "No two of these runs did the same work, so their speed cannot be held against each other."
            .to_owned(),
        false => format!(
            "How much the fastest model of each machine gets done in a second, over that of {}: the geometric mean of the \
             workloads that both measured, in steady state.",
            names[0]
        ),
    };
    let said = |entry: &Entry<'_>, work: &str| match entry.over(first, work) {
        Ok(found) => words::shares(&found),
        Err(why) => format!("none: {}", text::sentence(&why)),
    };
    let shares = wide("How much gets done", works, &by_work(entries, names, works, said))?;
    Ok(Section {
        body: vec![Element::Note(note), Element::Charts(charts), shares],
        ..Section::new("speed", "Speed", "How much gets done?")
    })
}

/// One kind of work on all machines, over the first.
fn chart(
    work: &str,
    names: &[String],
    found: &[Result<Relative, String>],
    number: usize,
) -> Result<Chart, ReportError> {
    let heads = ["machine", "over the first", "for each core", "for the money"];
    let mut table = Table { columns: columns(&heads), rows: Vec::new() };
    let mut rows = Vec::new();
    for (place, (found, name)) in found.iter().zip(names).enumerate() {
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                let why = format!("none: {}", text::sentence(why));
                table.rows.push(vec![name.clone(), why, String::new(), String::new()]);
                continue;
            }
        };
        let ends = (found.speed.low, found.speed.high);
        let interval = Some(ends).filter(|(low, high)| *low > 0.0 && high.is_finite() && place > 0);
        let ratio = Ratio { value: found.speed.ratio, interval };
        let shown = if place == 0 { "the first".to_owned() } else { words::speed(found) };
        let money = found.for_money.map_or("no price".to_owned(), |ratio| units::ratio(ratio, None));
        rows.push(ForestRow {
            label: name.clone(),
            series: None,
            ink: Ink::Series(if place == 0 { 0 } else { 3 }),
            marker: Marker::nth(place.min(1)),
            ratio,
            figure: if place == 0 { shown.clone() } else { units::ratio(ratio.value, interval) },
            tip: format!("{name}: {shown}; {} for each core", units::ratio(found.per_core, None)),
            best: false,
        });
        table.rows.push(vec![name.clone(), shown, units::ratio(found.per_core, None), money]);
    }
    let name = format!("{work}: work done, over {}", names[0]);
    let (size, body) =
        forest(&Forest { name: name.clone(), axis: "work done".to_owned(), margin: None, rows })?;
    Ok(Chart {
        slug: format!("speed-{}-{}", number + 1, text::slug(work)),
        title: name,
        question: format!("How much {work} gets done?"),
        reading: "To the right is more.".to_owned(),
        size,
        body,
        table,
    })
}

fn scaling(entries: &[Entry<'_>], names: &[String], works: &[&str]) -> Result<Section, ReportError> {
    let said = |entry: &Entry<'_>, work: &str| match entry.merit(work) {
        Some(merit) => words::gain(merit, entry.record.machine.cores),
        None => NOT_MEASURED.to_owned(),
    };
    let rows = by_work(entries, names, works, said);
    let head = ["machine", "kind of work", "workload, and how it is done", "over one thread", "its interval"];
    let mut table = Table { columns: columns(&head), rows: Vec::new() };
    for (entry, name) in entries.iter().zip(names) {
        for merit in &entry.merits {
            table.rows.extend(merit.gains.iter().map(|gain| {
                let (figure, range) = (gain.speedup.figure(), gain.speedup.range());
                vec![name.clone(), merit.work.to_owned(), text::name(&gain.what), figure, range]
            }));
        }
    }
    let note = "What the fastest model brings over one thread that does one task after the other, on average over the \
                workloads. Of computing no more can come than there are cores; waiting costs none.";
    Ok(Section {
        body: vec![
            Element::Note(note.to_owned()),
            wide("What more workers bring on each machine", works, &rows)?,
            Element::Folded("Each workload".to_owned(), table),
        ],
        ..Section::new("scaling", "Scaling", "Does it scale there?")
    })
}

/// What differs between the machines and the builds.
fn machines(entries: &[Entry<'_>], names: &[String]) -> Section {
    let records: Vec<&Record> = entries.iter().map(|entry| entry.record).collect();
    let mut table = differing(&records, names);
    if entries.iter().any(|entry| entry.price.is_some()) {
        let price = |entry: &Entry<'_>| entry.price.map_or("no price".to_owned(), |price| price.to_string());
        table.rows.push(["an hour costs".to_owned()].into_iter().chain(entries.iter().map(price)).collect());
    }
    let note = match entries.len() {
        1 => "A single run has nothing to differ from: its own report has all that is known of its machine.",
        _ => "Facts that differ. The report of a run has all that is known of its machine.",
    };
    Section {
        body: vec![
            Element::Note(note.to_owned()),
            Element::Table("What differs between the machines".to_owned(), table),
        ],
        ..Section::new("machines", "Machines", "Which machines are these?")
    }
}

/// A row for each machine and each kind of work.
pub(super) fn rows(entries: &[Entry<'_>], places: &[Place]) -> Table {
    let heads =
        ["machine", "cores", "work", "best", "over one thread", "work done", "each core", "for the money"];
    let mut rows = Vec::new();
    for (entry, place) in entries.iter().zip(places) {
        for merit in &entry.merits {
            let found = entry.over(&entries[0], merit.work);
            let figure = |of: fn(&Relative) -> Option<f64>| match &found {
                Ok(found) => of(found).map_or_else(String::new, |ratio| units::ratio(ratio, None)),
                Err(_) => String::new(),
            };
            rows.push(vec![
                place.name.clone(),
                entry.record.machine.cores.to_string(),
                merit.work.to_owned(),
                merit.answer.clone(),
                words::gain(merit, entry.record.machine.cores),
                found.as_ref().map_or_else(|why| format!("none: {why}"), words::speed),
                figure(|found| Some(found.per_core)),
                figure(|found| found.for_money),
            ]);
        }
    }
    Table { columns: columns(&heads), rows }
}

/// The same for programs: plain figures, and why one is missing.
pub(super) fn figures(entries: &[Entry<'_>], places: &[Place]) -> Table {
    let heads = [
        "machine",
        "cores",
        "work",
        "best",
        "over_one_thread",
        "work_done",
        "work_done_low",
        "work_done_high",
        "per_core",
        "for_money",
        "reason",
    ];
    let plain = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
    let mut rows = Vec::new();
    for (entry, place) in entries.iter().zip(places) {
        for merit in &entry.merits {
            let found = entry.over(&entries[0], merit.work);
            let of = |figure: fn(&Relative) -> Option<f64>| plain(found.as_ref().ok().and_then(figure));
            rows.push(vec![
                place.name.clone(),
                entry.record.machine.cores.to_string(),
                merit.work.to_owned(),
                merit.answer.clone(),
                plain(merit.speedup()),
                of(|found| Some(found.speed.ratio)),
                of(|found| Some(found.speed.low)),
                of(|found| Some(found.speed.high)),
                of(|found| Some(found.per_core)),
                of(|found| found.for_money),
                found.as_ref().err().cloned().unwrap_or_default(),
            ]);
        }
    }
    Table { columns: columns(&heads), rows }
}
