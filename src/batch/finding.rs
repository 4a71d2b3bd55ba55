use concbench_workloads::Class;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the interval of a ratio says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The two differ by more than the margin.
    Different,
    /// They differ by less than the margin.
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
    /// A cell against its A/A twin, in steady state.
    Twin,
    /// A cell against its A/A twin, as a one-off job.
    TwinOneOff,
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
    /// The confidence of the interval.
    pub confidence: f64,
    /// How many blocks hold both.
    pub pairs: u64,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub margin: f64,
    /// The p-value of "they differ by no more than the margin", after Holm's correction.
    pub p_holm: f64,
    /// The p-value of "they do not differ at all", after Holm's correction: at most 0.05 where an effect is found, however
    /// small. Against the best of many cells it is optimistic, since the same data chose the best; verdicts use the
    /// margin, which is wider than that luck.
    pub p_any: f64,
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
    /// The ids of the cells that nothing is known to be faster than, in steady state; best first.
    pub winners: Vec<String>,
    /// The same for a one-off job.
    pub one_off_winners: Vec<String>,
    /// The noise floor: the half-width of the interval of the A/A twin's ratio, as a fraction. `null` without a twin.
    pub noise_floor: Option<f64>,
    /// Why the workload is not ranked: then nothing wins. `null` where it is.
    pub unranked: Option<String>,
    /// The smallest effect that this run would have called different in four of five cases, in steady state, as a
    /// fraction. `null` without a twin, or with too few blocks to call anything different.
    pub smallest_effect: Option<f64>,
    /// The answer, as one sentence.
    pub sentence: String,
}
