//! What follows from the records of a self-test: functions of them, each a row or a few.

use concbench_stats::binomial_bound;
use concbench_text::figures::{self, Ratio};

use super::specs::{COUNT, EFFECTS, NOOP, PARALLEL, SEQUENTIAL, further};
use super::{Check, Judgement, Measured, SelfTest};
use crate::batch::analyse::{
    CONFIDENCE, FEWEST_PAIRS, Metric, POWER, SIGNIFICANCE, compare_alone, detectable,
};
use crate::batch::{Comparison, ComparisonKind, Observation, Sheet, SheetCell, Verdict};
use crate::record::{BlockNoise, Grade, Status};
use crate::spec::TWIN_MARK;

/// The probability with which chance alone may miss the bound on false alarms: 4 of 40 comparisons of equals.
const ALARM_LEVEL: f64 = 0.05;
/// The same for the intervals that leave out the truth, which no margin makes rarer than their confidence says.
const COVERAGE_LEVEL: f64 = 0.01;
/// An effect that would be found with this probability, and is not, was missed.
const SURE: f64 = 0.99;
/// The share of an observation's wall time that its phases may leave out, or count twice.
const PHASES: f64 = 0.01;
/// The share of a counting task that may be ours.
const OURS: f64 = 0.01;

/// All rows.
pub(super) fn judge(equals: &Measured, effects: &Measured) -> SelfTest {
    let sheets = [&equals.sheet, &effects.sheet];
    let (steady, one_off) =
        (beside_themselves(&equals.sheet, Metric::Steady), beside_themselves(&equals.sheet, Metric::OneOff));
    let more = beside_more_work(&effects.sheet);
    let records = [&equals.record, &effects.record];
    let grade = records.map(|record| record.noise.grade).into_iter().max().unwrap_or(Grade::Unknown);
    let mut checks = vec![
        measured(&sheets),
        alarms("equals-steady", "steady", &steady),
        alarms("equals-one-off", "as one-off jobs", &one_off),
        coverage(&steady, &one_off, &more),
    ];
    checks.extend(more.iter().map(|effect| found(effect, &effects.sheet)));
    checks.extend([
        phases(&sheets),
        noop(&equals.sheet),
        ours(&equals.sheet),
        launch(&[equals, effects]),
        quiet(grade, &sheets),
    ]);
    SelfTest {
        tool: equals.record.tool.clone(),
        machine: equals.record.machine.clone(),
        seed: equals.record.run.seed,
        blocks: equals.record.run.blocks,
        elapsed_ns: records.iter().map(|record| record.run.elapsed_ns).sum(),
        grade,
        checks,
        equals: steady.into_iter().chain(one_off).collect(),
        effects: more.into_iter().map(|effect| effect.comparison).collect(),
    }
}

/// Every twin beside its cell, each comparison for itself.
fn beside_themselves(sheet: &Sheet, metric: Metric) -> Vec<Comparison> {
    let ok = |cell: &&SheetCell| cell.status == Status::Ok;
    let twins = sheet.cells.iter().filter(ok).filter(|cell| cell.twin);
    let original = |twin: &SheetCell| {
        sheet.cells.iter().filter(ok).find(|cell| twin.id.strip_suffix(TWIN_MARK) == Some(&cell.id))
    };
    let compare = |twin| {
        Some(Comparison { kind: metric.twin(), ..compare_alone(sheet, twin, original(twin)?, metric)? })
    };
    twins.filter_map(compare).collect()
}

/// A twin that does more work, beside the cell that it repeats.
struct Effect {
    model: &'static str,
    percent: u64,
    comparison: Comparison,
}

impl Effect {
    fn size(&self) -> f64 {
        self.percent as f64 / 100.0
    }
}

fn beside_more_work(sheet: &Sheet) -> Vec<Effect> {
    let of = |model: &'static str| {
        EFFECTS.into_iter().filter_map(move |percent| {
            let (more, base) = (cell(sheet, &further(percent), model)?, cell(sheet, COUNT, model)?);
            Some(Effect { model, percent, comparison: compare_alone(sheet, more, base, Metric::Steady)? })
        })
    };
    of(SEQUENTIAL).chain(of(PARALLEL)).collect()
}

fn cell<'a>(sheet: &'a Sheet, workload: &str, model: &str) -> Option<&'a SheetCell> {
    sheet.cells.iter().find(|cell| {
        cell.workload == workload && cell.model == model && !cell.twin && cell.status == Status::Ok
    })
}

fn judged(held: bool) -> Judgement {
    if held { Judgement::Held } else { Judgement::Missed }
}

/// Whether all that was to be measured was, which includes that every batch has done its work.
fn measured(sheets: &[&Sheet]) -> Check {
    let cells: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.cells).collect();
    let ok = cells.iter().filter(|cell| cell.status == Status::Ok).count();
    let first = cells.iter().find(|cell| cell.status != Status::Ok);
    let trouble = first.map_or_else(String::new, |cell| {
        format!("; {} is {}: {}", cell.id, cell.status, cell.reason.as_deref().unwrap_or("no reason"))
    });
    Check {
        id: "measured".to_owned(),
        rule: Some(15),
        what: "cells measured, every batch with the right digest".to_owned(),
        figure: format!("{ok} of {}{trouble}", cells.len()),
        value: Some(ok as f64),
        unit: "cells",
        bound: Some("all".to_owned()),
        verdict: Some(judged(ok == cells.len())),
    }
}

/// Whether there are enough blocks to call anything different.
fn enough(comparisons: &[&Comparison]) -> bool {
    !comparisons.is_empty() && comparisons.iter().all(|found| found.pairs >= FEWEST_PAIRS)
}

/// How many equal cells are called different.
fn alarms(id: &str, metric: &str, comparisons: &[Comparison]) -> Check {
    let different = comparisons.iter().filter(|found| found.verdict == Verdict::Different).count() as u64;
    let most = binomial_bound(comparisons.len() as u64, SIGNIFICANCE, ALARM_LEVEL);
    Check {
        id: id.to_owned(),
        rule: Some(3),
        what: format!("cells called different from themselves, {metric}"),
        bound: Some(format!("at most {most}")),
        ..counted(&comparisons.iter().collect::<Vec<_>>(), different, different <= most)
    }
}

/// How many of these comparisons are as they are, and whether that is as it should be: a row without what it says.
fn counted(comparisons: &[&Comparison], such: u64, held: bool) -> Check {
    let enough = enough(comparisons);
    Check {
        id: String::new(),
        rule: None,
        what: String::new(),
        figure: few(enough, format!("{such} of {}", comparisons.len())),
        value: Some(such as f64),
        unit: "comparisons",
        bound: None,
        verdict: Some(if enough { judged(held) } else { Judgement::Unknown }),
    }
}

/// A figure that means nothing yet says so.
fn few(enough: bool, figure: String) -> String {
    if enough { figure } else { format!("{figure}; with fewer than {FEWEST_PAIRS} blocks it tells nothing") }
}

/// How many intervals hold a truth that is known: a cell is as fast as itself, and where a model adds nothing of its own
/// more work takes longer by its share.
fn coverage(steady: &[Comparison], one_off: &[Comparison], more: &[Effect]) -> Check {
    let equal = steady.iter().chain(one_off).map(|found| (found, 1.0));
    let longer = more.iter().filter(|effect| effect.model == SEQUENTIAL);
    let known: Vec<(&Comparison, f64)> =
        equal.chain(longer.map(|effect| (&effect.comparison, 1.0 + effect.size()))).collect();
    let holds =
        known.iter().filter(|(found, truth)| found.low <= *truth && *truth <= found.high).count() as u64;
    let count = known.len() as u64;
    let least = count - binomial_bound(count, 1.0 - CONFIDENCE, COVERAGE_LEVEL);
    Check {
        id: "coverage".to_owned(),
        rule: Some(5),
        what: format!("intervals of {} that hold the known ratio", figures::percent(CONFIDENCE)),
        bound: Some(format!("at least {least}")),
        ..counted(&known.iter().map(|(found, _)| *found).collect::<Vec<_>>(), holds, holds >= least)
    }
}

/// Whether an effect is found, beside the smallest that would be found in four of five runs. It has to be where the
/// twin says that it would be nearly always; on a machine too noisy for that, not finding it says nothing.
fn found(effect: &Effect, sheet: &Sheet) -> Check {
    let Effect { model, percent, comparison } = effect;
    let found = comparison.low > 1.0;
    let twin = sheet.comparisons.iter().find(|twin| {
        twin.kind == ComparisonKind::Twin
            && twin.pairs >= FEWEST_PAIRS
            && twin.a.contains(&format!("/{model}@"))
    });
    let could = |power| twin.map(|twin| detectable(twin, power));
    let verdict = match (found, could(SURE)) {
        (true, _) => Judgement::Held,
        (false, Some(surely)) if effect.size() >= surely => Judgement::Missed,
        (false, _) => Judgement::Unknown,
    };
    let ratio = Ratio { value: comparison.ratio, interval: Some((comparison.low, comparison.high)) };
    let word = if found { "found" } else { "not found" };
    let smallest = could(POWER).map_or("unknown, the blocks are too few".to_owned(), figures::percent);
    let needed = could(SURE).map_or("unknown".to_owned(), figures::percent);
    Check {
        id: format!("effect-{percent}-{model}"),
        rule: Some(4),
        what: format!("{percent} % more work under {model}"),
        figure: format!("{word}: {} {}; could have seen {smallest}", ratio.figure(), ratio.range()),
        value: Some(comparison.ratio),
        unit: "ratio",
        bound: Some(format!("found, from {needed} on")),
        verdict: Some(verdict),
    }
}

/// The observation whose phases add up worst.
fn phases(sheets: &[&Sheet]) -> Check {
    let cells = sheets.iter().flat_map(|sheet| &sheet.cells);
    let observations = cells.flat_map(|cell| cell.observations.iter().map(move |made| (cell, made)));
    let worst = observations
        .map(|(cell, made)| {
            (cell, made.phases_ns().abs_diff(made.wall_ns) as f64 / made.wall_ns.max(1) as f64)
        })
        .max_by(|left, right| left.1.total_cmp(&right.1));
    Check {
        id: "phases".to_owned(),
        rule: Some(14),
        what: "phases against wall time, the worst observation".to_owned(),
        figure: worst.map_or("unknown: nothing was measured".to_owned(), |(cell, apart)| {
            format!("{} apart, of {}", figures::percent(apart), cell.id)
        }),
        value: worst.map(|worst| worst.1),
        unit: "fraction",
        bound: Some(format!("at most {}", figures::percent(PHASES))),
        verdict: Some(worst.map_or(Judgement::Unknown, |worst| judged(worst.1 <= PHASES))),
    }
}

/// What a task of the baseline takes, in nanoseconds.
fn task_ns(sheet: &Sheet, workload: &str) -> Option<f64> {
    let cell = cell(sheet, workload, SEQUENTIAL)?;
    Some(Metric::Steady.estimate(cell)?.median / cell.tasks as f64)
}

/// What is left of a task that does nothing, one after the other: catching its panic, polling it, folding its value.
fn noop(sheet: &Sheet) -> Check {
    let what = format!("a task that does nothing, {SEQUENTIAL}: what each task has of ours");
    own("own-task", what, (task_ns(sheet, NOOP), "ns"), figures::time)
}

/// The same as a share of the smallest task of the self-test that computes.
fn ours(sheet: &Sheet) -> Check {
    let share = task_ns(sheet, NOOP).zip(task_ns(sheet, COUNT)).map(|(own, whole)| own / whole);
    let what = format!("the same as a share of a task of `{COUNT}`");
    Check {
        bound: Some(format!("at most {}", figures::percent(OURS))),
        verdict: Some(share.map_or(Judgement::Unknown, |share| judged(share <= OURS))),
        ..own("own-share", what, (share, "fraction"), figures::percent)
    }
}

/// A figure of the baseline that stands for itself.
fn own(
    id: &str,
    what: String,
    (value, unit): (Option<f64>, &'static str),
    shown: fn(f64) -> String,
) -> Check {
    Check {
        id: id.to_owned(),
        rule: None,
        what,
        figure: value.map_or("unknown: the baseline was not measured".to_owned(), shown),
        value,
        unit,
        bound: None,
        verdict: None,
    }
}

/// How long an observation takes beside what it times: starting the runner and its end, the journal, the gate.
fn launch(measured: &[&Measured]) -> Check {
    let (mut made, mut timed, mut whole) = (0.0, 0.0, 0.0);
    for Measured { sheet, measuring, .. } in measured {
        whole += measuring.as_nanos() as f64;
        for (cell, observation) in
            sheet.cells.iter().flat_map(|cell| cell.observations.iter().map(move |o| (cell, o)))
        {
            // An observation of a block that was measured again took its time twice.
            let times = f64::from(1 + repeats(&sheet.noise, &cell.workload, observation));
            made += times;
            timed += times * observation.wall_ns as f64;
        }
    }
    let outside = (made > 0.0).then(|| (whole - timed) / made);
    Check {
        id: "launch".to_owned(),
        rule: Some(2),
        what: "an observation beside what it times: a fresh process, its end, the journal".to_owned(),
        figure: outside.map_or("unknown: nothing was measured".to_owned(), figures::time),
        value: outside,
        unit: "ns",
        bound: None,
        verdict: None,
    }
}

fn repeats(blocks: &[BlockNoise], workload: &str, observation: &Observation) -> u32 {
    let block = blocks.iter().find(|block| block.block == observation.block && block.group == workload);
    block.map_or(0, |block| block.repeats)
}

/// Whether the machine let anything be seen. That it did not is no fault of the program.
fn quiet(grade: Grade, sheets: &[&Sheet]) -> Check {
    let blocks: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.noise).collect();
    let breaches = blocks.iter().filter(|block| block.breach.is_some()).count();
    let repeated: u32 = blocks.iter().map(|block| block.repeats).sum();
    let most = |of: fn(&BlockNoise) -> Option<f64>| {
        let most = blocks.iter().filter_map(|block| of(block)).max_by(f64::total_cmp);
        most.map_or("not recorded".to_owned(), figures::percent)
    };
    let word = match grade {
        Grade::Quiet => "quiet",
        Grade::Fair => "fair",
        Grade::Noisy => "noisy",
        Grade::Unknown => "unknown",
    };
    Check {
        id: "machine".to_owned(),
        rule: Some(11),
        what: "the machine meanwhile".to_owned(),
        figure: format!(
            "{word}: {breaches} of {} blocks breached the gate, {repeated} were measured again; stolen at most {}, used \
             by others at most {}",
            blocks.len(),
            most(|block| block.steal),
            most(|block| block.foreign)
        ),
        value: Some(breaches as f64),
        unit: "blocks",
        bound: Some("quiet or fair".to_owned()),
        verdict: Some(match grade {
            Grade::Quiet | Grade::Fair => Judgement::Held,
            Grade::Noisy | Grade::Unknown => Judgement::Unknown,
        }),
    }
}

#[cfg(test)]
mod tests;
