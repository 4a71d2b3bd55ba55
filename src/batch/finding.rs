use concbench_workloads::Class;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the interval of a ratio says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The two differ by more than the margin: their whole interval lies beyond it.
    Different,
    /// They differ, though not surely by more than the margin: their interval lies on one side of 1, and reaches into the
    /// margin.
    Slight,
    /// They differ by no more than how late their timers wake explains.
    Timers,
    /// If they differ, then by less than the margin.
    Equivalent,
    /// This run cannot tell.
    Unresolved,
    /// They seem to differ by more than the margin, but there are too few blocks to say so.
    Indicative,
}

/// Why two cells were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComparisonKind {
    /// A cell against the best of its workload, in steady state.
    Steady,
    /// A cell against the best of its workload, as a one-off job.
    OneOff,
    /// A cell against the baseline of its workload, in steady state.
    Baseline,
    /// A cell against the baseline of its workload, as a one-off job.
    BaselineOneOff,
    /// A cell against its A/A twin, in steady state.
    Twin,
    /// A cell against its A/A twin, as a one-off job.
    TwinOneOff,
}

/// What a ratio is an estimate of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// The centre of the ratios of the blocks (Hodges and Lehmann, 1963).
    PairedRatios,
    /// The ratio of the medians, where the times of the two are shaped so differently that the former is another figure.
    RatioOfMedians,
}

/// The ratio of the times of two cells of one workload: time of `a` over time of `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The workload's name.
    pub workload: String,
    /// Why the two were compared.
    pub kind: ComparisonKind,
    /// The id of the cell above the line.
    pub a: String,
    /// The id of the cell below the line.
    pub b: String,
    /// The ratio; above 1, `a` is the slower.
    pub ratio: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence of the interval by itself. The intervals between the best and all other ranked cells of a workload hold
    /// together with 95 %, and so do those between the others, so that each has more.
    pub confidence: f64,
    /// What the ratio is an estimate of.
    pub estimator: Estimator,
    /// How many blocks hold both.
    pub pairs: u64,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub margin: f64,
    /// The effect, as a fraction, that how late their timers wake explains; 0 where nothing waits by a timer.
    pub timers: f64,
    /// The smallest effect that this comparison would have called different in four of five runs, as a fraction. `null`
    /// with too few blocks to call anything different.
    pub smallest_effect: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// The noise floors of workloads that have one, each with its workload's name.
pub(crate) fn noise_floors(verdicts: &[WorkloadVerdict]) -> Vec<(String, f64)> {
    let floor = |verdict: &WorkloadVerdict| Some((verdict.workload.clone(), verdict.noise_floor?));
    verdicts.iter().filter_map(floor).collect()
}

/// The answer for one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadVerdict {
    /// The workload's name.
    pub workload: String,
    /// What its tasks mostly do.
    pub class: Class,
    /// The ids of the cells that may be the best in steady state, since none is surely faster; lowest median first.
    pub winners: Vec<String>,
    /// The same for a one-off job.
    pub one_off_winners: Vec<String>,
    /// The noise floor: the half-width of the interval of the A/A twin's ratio, as a fraction. `null` without a twin.
    pub noise_floor: Option<f64>,
    /// The median of the smallest effects of its comparisons with the best, in steady state, as a fraction. `null` without
    /// any, or with too few blocks to call anything different.
    pub smallest_effect: Option<f64>,
    /// The answer, as one sentence.
    pub sentence: String,
}
