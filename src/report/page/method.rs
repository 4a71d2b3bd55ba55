use concbench_text::figures::percent;

use super::trust;
use crate::batch::analyse::FEWEST_PAIRS;
use crate::models::{BuiltIn, Catalogue};
use crate::record::{Mode, Record, Track};
use crate::report::text;

/// How the figures came about.
pub(crate) struct Method {
    pub(crate) method: Vec<String>,
    pub(crate) biases: Vec<String>,
    pub(crate) limits: Vec<String>,
    pub(crate) command: String,
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) notes: Vec<String>,
}

/// Describes the method with the figures of this run.
pub(crate) fn method(record: &Record) -> Method {
    let run = &record.run;
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let mut how = vec![format!(
        "{} of every cell of a group once, in an order shuffled with the seed {}.",
        text::plural(run.blocks.into(), "block"),
        run.seed
    )];
    how.extend(lines(&[
        "A fresh process for each observation, which starts the model, runs one cold batch and several warm ones, and stops.",
        "The same source of a task under every model; a batch counts only if its tasks return what the sequential reference returns.",
        "Steady time: the median of an observation's warm batches, without those that ran in the first third of their time, as long as five are left. Its interval comes from order statistics over the observations.",
        "Ratio of two models: from the paired logarithms of their times within each block (Hodges and Lehmann's estimate, Wilcoxon's interval). The intervals between the best and all other models of a workload hold together with 95 %, and so do those between the others (Westfall and Young; Hsu).",
        "Outliers are marked, never dropped. The number of blocks was fixed beforehand.",
    ]));
    how.push(format!(
        "Two models are different if the whole interval lies beyond the margin of {}, which was fixed before the run; slightly different if it lies on one side of 1 and reaches into the margin; equivalent if it lies within; unresolved otherwise. With fewer than {FEWEST_PAIRS} blocks nothing is called different.",
        percent(run.margin)
    ));
    let biases = lines(&[
        "Where there are fewer than four cores the HTTP target shares them with the models that ask it, so those that use many get a slower server.",
        "Timers differ: some runtimes round up to a millisecond. A short wait measures the timer, not the model.",
        "Memory is the peak of the process that submits the tasks, and the proportional share of each worker process as the last batch ends: what a worker held in between is not seen, nor are processes that live for one task.",
        "All models use the allocator named above; another one moves the models that allocate most.",
    ]);
    let limits = lines(&[
        "They hold for this machine, this build and these sizes of tasks. Another machine may rank differently.",
        "A margin below which differences do not count is a choice: a difference of 1 % may matter to you.",
        "Times under closed load say nothing about latency at a fixed rate; only the section on latency does.",
    ]);
    Method {
        method: how,
        biases,
        limits,
        command: text::clip(&run.command, 2000),
        settings: vec![
            ("run", text::name(&run.id)),
            ("mode", mode(run.mode).into()),
            ("seed", run.seed.to_string()),
            ("fairness track", track_in_full(run.track)),
            ("filter", run.filter.as_deref().map_or("none".into(), text::name)),
            ("schema of the record", record.schema.to_string()),
        ],
        notes: run.notes.iter().map(|note| text::sentence(note)).collect(),
    }
}

/// A fairness track, and what it sets where that differs from model to model.
fn track_in_full(track: Track) -> String {
    let name = trust::track(track);
    match track {
        Track::Defaults | Track::Equalised => name.to_owned(),
        Track::Tuned => {
            let infos = BuiltIn::infos();
            let tuned = infos.iter().filter_map(|info| Some(format!("{}: {}", info.id, info.tuned?)));
            format!("{name} ({}); all else keeps its defaults", tuned.collect::<Vec<_>>().join("; "))
        }
    }
}

/// A mode, as it is read.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Quick => "quick",
        Mode::Default => "default",
        Mode::Rigorous => "rigorous",
        Mode::Custom => "custom",
    }
}
