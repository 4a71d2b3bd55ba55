//! The page of a comparison.

use std::path::{Path, PathBuf};

use askama::Template;

use super::{charts, words};
use crate::analyse::Across;
use crate::record::Run;
use crate::record::store::write_whole;
use crate::report::chart::{Chart, Table};
use crate::report::page::{SCRIPT, STYLE, build_facts, class, columns, machine_facts};
use crate::report::{ReportError, files, text, units};

#[derive(Template)]
#[template(path = "compare.html")]
struct Page {
    title: String,
    names: Vec<String>,
    style: &'static str,
    script: &'static str,
    sections: [(&'static str, &'static str); 7],
    answers: Vec<Answer>,
    cautions: Vec<String>,
    regressions: Vec<String>,
    threshold: String,
    facts: Table,
    heat: Vec<Chart>,
    ranks: Chart,
    ranks_sentence: String,
    winners: Table,
    scaling: Vec<Chart>,
    cells: Table,
    missing: Vec<String>,
    made_by: String,
}

/// What is said about a run after the first.
struct Answer {
    name: String,
    /// The short answer: one phrase for each class that is decided.
    short: String,
    classes: Vec<(String, String)>,
    money: Option<String>,
}

const SECTIONS: [(&str, &str); 7] = [
    ("verdict", "Verdict"),
    ("facts", "What differs"),
    ("heat", "Cell by cell"),
    ("ranks", "Ranking"),
    ("scaling", "Scaling"),
    ("cells", "Figures"),
    ("method", "Method"),
];

/// The page of a comparison; `runs` are those that were compared, in the same order.
pub fn compare_html(runs: &[Run], across: &Across) -> Result<String, ReportError> {
    let names: Vec<String> = across.places.iter().map(|place| text::name(&place.name)).collect();
    let page = Page {
        title: format!("concbench: {}", names.join(", ")),
        style: STYLE,
        script: SCRIPT,
        sections: SECTIONS,
        answers: (1..across.places.len()).map(|place| answer(across, place)).collect(),
        cautions: across
            .objections
            .iter()
            .map(|o| text::sentence(&format!("{}: {}.", o.what, o.remedy)))
            .collect(),
        regressions: words::regressions(across),
        threshold: units::percent(across.threshold),
        facts: differing(runs, &names),
        heat: (1..across.places.len()).map(|place| charts::heat(across, place)).collect::<Result<_, _>>()?,
        ranks: charts::ranks(across)?,
        ranks_sentence: ranks_sentence(across),
        winners: winners(runs, &names),
        scaling: charts::scaling(across)?,
        cells: cells(across),
        missing: missing(across),
        made_by: text::clip(&format!("{} {}", runs[0].tool.name, runs[0].tool.version), 80),
        names,
    };
    Ok(page.render()?)
}

/// Writes the page of a comparison as a file, whole or not at all; its folder is made if there is none.
pub fn write_comparison(runs: &[Run], across: &Across, path: &Path) -> Result<PathBuf, ReportError> {
    let html = compare_html(runs, across)?;
    files::make_folder(path.parent().unwrap_or(Path::new(".")))?;
    write_whole(path, html.as_bytes())?;
    Ok(path.to_owned())
}

fn answer(across: &Across, place: usize) -> Answer {
    let of = |index: usize| &across.classes[index].contrasts[place - 1];
    let classes = across
        .classes
        .iter()
        .enumerate()
        .map(|(index, found)| {
            let contrast = of(index);
            let cells = text::plural(found.cells, "cell");
            let sentence = format!(
                "{} {}, over {cells}; less than {} does not count.",
                words::phrase_with_speed(contrast),
                words::speed_interval(contrast),
                units::percent(contrast.margin),
            );
            (class(found.class).to_owned(), sentence)
        })
        .collect();
    Answer {
        name: text::name(&across.places[place].name),
        short: words::phrases(across, place).join("; "),
        classes,
        money: words::money(across, place),
    }
}

/// The facts of the machines and builds that are not alike.
fn differing(runs: &[Run], names: &[String]) -> Table {
    let facts: Vec<Vec<(&'static str, String)>> = runs
        .iter()
        .map(|run| {
            let all =
                machine_facts(&run.machine, &run.noise.warnings).into_iter().chain(build_facts(&run.tool));
            let mut shown: Vec<_> = all
                .map(|fact| (fact.name, fact.value.unwrap_or_else(|why| format!("unknown: {why}"))))
                .collect();
            shown.push(("blocks", run.run.blocks.to_string()));
            shown.push(("started", text::name(&run.run.started_utc)));
            shown.push(("noise", format!("{:?}", run.noise.grade).to_lowercase()));
            shown
        })
        .collect();
    let rows = facts[0].iter().enumerate().filter_map(|(index, (name, first))| {
        let values: Vec<String> = facts.iter().map(|of_run| of_run[index].1.clone()).collect();
        values
            .iter()
            .any(|value| value != first)
            .then(|| [(*name).to_owned()].into_iter().chain(values).collect())
    });
    let mut heads = columns(&["fact"]);
    heads.extend(names.iter().cloned());
    Table { columns: heads, rows: rows.collect() }
}

fn ranks_sentence(across: &Across) -> String {
    let moved: Vec<String> = across
        .ranks
        .iter()
        .filter(|model| model.ranks.iter().any(|rank| *rank != model.ranks[0]))
        .map(|model| {
            let ranks: Vec<String> = model.ranks.iter().map(u64::to_string).collect();
            format!("{} ({})", text::name(&model.model), ranks.join(" to "))
        })
        .collect();
    match (across.ranks.len(), moved.len()) {
        (0, _) => "No model was measured in every workload that the runs share.".into(),
        (_, 0) => "Every model keeps its place.".into(),
        (all, _) => format!(
            "{} of {all} models change their place: {}. Neighbours that change places may still tie.",
            moved.len(),
            moved.join(", ")
        ),
    }
}

/// The winners of each workload that several runs share.
fn winners(runs: &[Run], names: &[String]) -> Table {
    let mut heads = columns(&["workload"]);
    heads.extend(names.iter().cloned());
    let of = |run: &Run, workload: &str| {
        let verdict = run.verdicts.iter().find(|verdict| verdict.workload == workload);
        let model =
            |id: &String| run.cells.iter().find(|cell| cell.id == *id).map(|cell| text::name(&cell.model));
        let mut models: Vec<String> =
            verdict.map_or(&[][..], |v| &v.winners).iter().filter_map(model).collect();
        models.dedup();
        if models.is_empty() { "no answer".into() } else { crate::analyse::wording::list(&models, 4) }
    };
    let rows = runs[0]
        .workloads
        .iter()
        .map(|work| {
            [text::name(&work.name)].into_iter().chain(runs.iter().map(|run| of(run, &work.name))).collect()
        })
        .collect();
    Table { columns: heads, rows }
}

fn cells(across: &Across) -> Table {
    let mut heads = columns(&["cell"]);
    heads.extend(across.places.iter().map(|place| text::name(&place.name)));
    for place in &across.places[1..] {
        heads.push(format!("{}, time over the first", text::name(&place.name)));
        heads.push("verdict".into());
    }
    let rows =
        across
            .cells
            .iter()
            .map(|cell| {
                let mut row = vec![format!("{}/{}", text::name(&cell.workload), words::label(across, cell))];
                row.extend(cell.steady.iter().map(|steady| {
                    format!("{} {}", units::median_time(steady), units::time_interval(steady))
                }));
                for contrast in &cell.contrasts {
                    let interval = Some((contrast.low, contrast.high));
                    row.push(format!(
                        "{} {}",
                        units::ratio(contrast.ratio, interval),
                        units::ratio_interval(contrast.ratio, interval)
                    ));
                    row.push(words::verdict(contrast).into());
                }
                row
            })
            .collect();
    Table { columns: heads, rows }
}

fn missing(across: &Across) -> Vec<String> {
    let line = |cell: &crate::analyse::MissingCell| {
        format!(
            "{}/{}: on {}, {}",
            text::name(&cell.workload),
            text::name(&cell.model),
            text::name(&across.places[cell.place].name),
            text::sentence(&cell.reason)
        )
    };
    across.missing.iter().map(line).collect()
}
