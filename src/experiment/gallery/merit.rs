use concbench_stats::geometric_mean;
use concbench_text::figures::Ratio;

/// What a run says of one kind of work, for a reader of many runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merit {
    /// The kind of work, as it is read and the same in every run: `computing`.
    pub(crate) work: &'static str,
    /// What may be the best at it: models, or families of them.
    pub(crate) answer: String,
    /// What that brings over one thread.
    pub(crate) gains: Vec<Gain>,
    /// Whether no more than the cores can come of more workers.
    pub(crate) bounded_by_cores: bool,
    /// How much of it is done at best.
    pub(crate) rates: Vec<Rate>,
}

impl Merit {
    /// How many times as fast as one thread the fastest way is, on average over the work; `None` without a baseline.
    pub(super) fn speedup(&self) -> Option<f64> {
        let speedups: Vec<f64> = self.gains.iter().map(|gain| gain.speedup.value).collect();
        geometric_mean(&speedups)
    }
}

/// What the fastest way to do some work brings over one thread.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gain {
    /// The work, and how it is done: `factorial/rayon@2`.
    pub(crate) what: String,
    /// How many times as fast.
    pub(crate) speedup: Ratio,
}

/// How fast some work is done at best.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rate {
    /// What makes it the same work in another run.
    pub(crate) fingerprint: String,
    /// How much was done in a second, observation by observation.
    pub(crate) per_second: Vec<f64>,
}
