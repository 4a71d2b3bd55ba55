//! What a gallery says, in words.

use concbench_text::figures as units;

use super::Merit;
use super::standing::{Entry, Relative, Standing};
use crate::batch::Verdict;
use crate::record::{Grade, Record};
use crate::report::text;

/// What is on the page.
pub(super) fn lede(entries: &[Entry<'_>], own: bool) -> String {
    let others = entries.len() - usize::from(own);
    let runs = text::plural(others as u64, "run");
    match own {
        true => format!("Your run beside {runs} of other machines."),
        false => format!("{} of known machines.", text::capitalised(&runs)),
    }
}

/// A machine in a few words: `2 cores, Intel Xeon, KVM`.
pub(super) fn machine(record: &Record) -> String {
    let machine = &record.machine;
    let mut parts = vec![text::plural(machine.cores, "core")];
    parts.extend(machine.cpu.as_deref().map(text::name));
    parts.extend(machine.virtualisation.as_deref().filter(|kind| *kind != "none").map(text::name));
    parts.join(", ")
}

/// What speaks against believing a run, in a few words; empty where nothing does.
pub(super) fn doubts(record: &Record) -> String {
    let mut doubts = Vec::new();
    if record.tool.profile != "release" {
        doubts.push(format!("a {} build: its figures mean nothing", text::name(&record.tool.profile)));
    }
    if !record.run.complete {
        doubts.push("incomplete".to_owned());
    }
    if record.run.indicative {
        doubts.push(format!("{} only: indicative", text::plural(record.run.blocks.into(), "block")));
    }
    match record.noise.grade {
        Grade::Noisy => doubts.push("noisy".to_owned()),
        Grade::Unknown => doubts.push("nobody knows how noisy".to_owned()),
        Grade::Quiet | Grade::Fair => {}
    }
    doubts.join("; ")
}

/// What a kind of work gains over one thread: the mean over its workloads, and where cores bound it the share of each.
pub(super) fn gain(merit: &Merit, cores: u64) -> String {
    let Some(mean) = merit.speedup() else { return "not known: there is no baseline".to_owned() };
    let figure = units::ratio(mean, None);
    match merit.bounded_by_cores {
        true => {
            let share = units::percent(mean / cores.max(1) as f64);
            format!("{figure}, {share} of {}", text::plural(cores, "core"))
        }
        false => figure,
    }
}

/// How much a run does, in a few words: `1.40x [1.35, 1.45]`, and what that means.
pub(super) fn speed(found: &Relative) -> String {
    let Relative { speed, .. } = found;
    if !speed.high.is_finite() {
        return format!("{}, undecided: too few observations", units::ratio(speed.ratio, None));
    }
    let interval = Some((speed.low, speed.high));
    let figure =
        format!("{} {}", units::ratio(speed.ratio, interval), units::ratio_interval(speed.ratio, interval));
    match speed.verdict {
        Verdict::Equivalent => format!("{figure}, as much"),
        Verdict::Different | Verdict::Slight => figure,
        Verdict::Timers | Verdict::Unresolved | Verdict::Indicative => format!("{figure}, undecided"),
    }
}

/// How much a run does, for each core, and for the money where prices are known.
pub(super) fn shares(found: &Relative) -> String {
    let figure = |ratio: f64| units::ratio(ratio, None);
    let money = found.for_money.map_or(String::new(), |ratio| format!(", {} for the money", figure(ratio)));
    format!("{}; {} for each core{money}", figure(found.speed.ratio), figure(found.per_core))
}

/// A standing as percentiles: `33`, `33 to 67`; `None` without another run.
pub(super) fn percentile(of: Standing) -> Option<String> {
    let (least, most) = of.percentiles()?;
    Some(if least == most { format!("{least:.0}") } else { format!("{least:.0} to {most:.0}") })
}

/// Where the reader's own run stands in one kind of work.
pub(super) fn standing(work: &str, of: Standing) -> String {
    let Some(percentile) = percentile(of) else {
        return format!("{}: no other run did the same work.", text::capitalised(work));
    };
    let alike = match of.alike {
        0 => String::new(),
        count => format!(", not told apart from {count}"),
    };
    format!(
        "{}: yours gets more done than {} of {}{alike} (percentile {percentile}).",
        text::capitalised(work),
        of.less,
        text::plural(of.all(), "other run"),
    )
}
