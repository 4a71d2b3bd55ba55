//! What a run is to measure: the cells that the filter leaves, and the costs that are asked for beside them.

use super::{CampaignError, granularity, memory, switches};
use crate::model::ModelInfo;
use crate::record::Placement;
use crate::spec::{Definition, Spec};
use crate::switch::Pair;

/// Which cells and which costs are measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    /// Whether models outside the default matrix are measured too.
    pub(crate) all: bool,
    /// Whether it is measured what waiting and switching cost.
    pub(crate) costs: bool,
    /// What an id has to match.
    pub(crate) filter: Option<&'a str>,
}

/// What a run is to measure.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) spec: Spec,
    /// The models under which crowds of tasks wait.
    pub(crate) waiting: Vec<ModelInfo>,
    /// The pairs of tasks that switch to and fro.
    pub(super) switching: Vec<(&'static Pair, Placement)>,
}

impl Work {
    /// The ids of what is measured beside the matrix, each with what it tells.
    pub(crate) fn costs(&self) -> impl Iterator<Item = (String, &'static str)> {
        let waiting =
            self.waiting.iter().map(|model| (memory::id(model.id), "the memory of a task that waits"));
        let switching = self.switching.iter();
        let switching =
            switching.map(|(pair, placement)| (switches::id(pair, *placement), "the time of a switch"));
        waiting.chain(switching)
    }
}

impl From<Spec> for Work {
    /// The cells of a matrix and nothing else.
    fn from(spec: Spec) -> Self {
        Self { spec, waiting: Vec::new(), switching: Vec::new() }
    }
}

/// The work for this machine, cut down to what the filter matches.
pub(crate) fn work(
    definitions: Vec<Definition>,
    models: &[ModelInfo],
    choice: Choice<'_>,
) -> Result<Work, CampaignError> {
    work_on(crate::machine::facts().cores, definitions, models, choice)
}

/// The same for a machine with this many cores.
pub(super) fn work_on(
    cores: u64,
    definitions: Vec<Definition>,
    models: &[ModelInfo],
    choice: Choice<'_>,
) -> Result<Work, CampaignError> {
    let spec = Spec::build(definitions, models, choice.all, cores)?;
    let mut waiting: Vec<ModelInfo> = match choice.costs {
        true => models.iter().filter(|model| model.default || choice.all).copied().collect(),
        false => Vec::new(),
    };
    waiting.retain(memory::concerns);
    let switching = |keeps: &dyn Fn(&str) -> bool| match choice.costs {
        true => switches::choose(choice.all, keeps),
        false => Vec::new(),
    };
    let Some(filter) = choice.filter else {
        return Ok(Work { spec, waiting, switching: switching(&|_| true) });
    };
    let expression = crate::spec::parse_filter(filter)?;
    let baselines = granularity::baselines(&spec, |id| expression.is_match(id));
    let spec = spec.retain(|id| expression.is_match(id) || baselines.contains(id));
    waiting.retain(|model| expression.is_match(&memory::id(model.id)));
    let switching = switching(&|id| expression.is_match(id));
    match spec.cells.is_empty() && waiting.is_empty() && switching.is_empty() {
        true => Err(CampaignError::NothingMatches(format!("`{filter}`"))),
        false => Ok(Work { spec, waiting, switching }),
    }
}

/// The matrix alone.
pub(crate) fn matrix(
    definitions: Vec<Definition>,
    models: &[ModelInfo],
    all: bool,
    filter: Option<&str>,
) -> Result<Spec, CampaignError> {
    work(definitions, models, Choice { all, costs: false, filter }).map(|work| work.spec)
}
