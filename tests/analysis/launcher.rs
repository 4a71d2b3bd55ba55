//! A launcher that measures nothing: it makes up what a campaign on a drifting, noisy machine would have seen.

use concbench::batch::{Sheet, SheetCell};

use crate::synthetic::{Generator, cell, completed, observation, twin};

/// How the times of equal work scatter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scatter {
    /// Normal on the logarithm, with this standard deviation.
    LogNormal(f64),
    /// Never faster than its base, and exponentially slower by this fraction on average.
    ShiftedExponential(f64),
    /// Normal on the logarithm with 2 %, and in three of ten observations slower by this fraction, as where a thread lands
    /// on a core that is shared.
    TwoModes(f64),
}

impl Scatter {
    pub(crate) fn draw(self, generator: &mut Generator) -> f64 {
        match self {
            Self::TwoModes(apart) => {
                let slower = if generator.uniform() <= 0.3 { 1.0 + apart } else { 1.0 };
                slower * Self::LogNormal(0.02).draw(generator)
            }
            Self::LogNormal(deviation) => (deviation * generator.normal()).exp(),
            Self::ShiftedExponential(mean) => 1.0 + mean * generator.exponential(),
        }
    }
}

/// In which order the cells are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Every cell once in each block, in random order: what concbench does.
    RandomBlocks,
    /// All of one cell, then all of the next: what it does not do.
    OneAfterTheOther,
}

/// How many processes the observations of a cell come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processes {
    /// A fresh one for each: what concbench does.
    Fresh,
    /// One for all of a cell: what it does not do.
    Shared,
}

/// A machine and a campaign on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Campaign {
    /// From observation to observation.
    pub(crate) scatter: Scatter,
    /// What sticks to a process, by the luck of its layout: a standard deviation on the logarithm.
    pub(crate) layout: f64,
    pub(crate) processes: Processes,
    /// By which fraction the machine has become slower when the campaign ends.
    pub(crate) drift: f64,
    pub(crate) blocks: u32,
    pub(crate) order: Order,
}

impl Campaign {
    /// 20 randomised blocks with 2 % noise, on a machine that becomes 2 % slower while they last.
    pub(crate) const DRIFTING: Self = Self {
        scatter: Scatter::LogNormal(0.02),
        layout: 0.0,
        processes: Processes::Fresh,
        drift: 0.02,
        blocks: 20,
        order: Order::RandomBlocks,
    };

    /// A sheet with its analysis, of cells whose true times are these factors of 10 ms; the first has an A/A twin.
    pub(crate) fn run(self, generator: &mut Generator, factors: &[f64]) -> Sheet {
        let models: Vec<(f64, Scatter)> = factors.iter().map(|&factor| (factor, self.scatter)).collect();
        self.run_models(generator, &models)
    }

    /// The same, of models each of which scatters in its own way.
    pub(crate) fn run_models(self, generator: &mut Generator, models: &[(f64, Scatter)]) -> Sheet {
        let mut cells: Vec<SheetCell> =
            (1..).zip(models).map(|(workers, _)| cell("rayon", workers, &[])).collect();
        cells.push(twin(&cells[0], &[]));
        let truth: Vec<(f64, Scatter)> = models.iter().chain(&models[..1]).copied().collect();
        let shared: Vec<f64> = truth.iter().map(|_| self.layout(generator)).collect();
        let schedule = self.schedule(generator, cells.len());
        let last = schedule.len() as f64;
        for (step, (block, index)) in schedule.into_iter().enumerate() {
            let slowed = 1.0 + self.drift * step as f64 / last;
            let layout = match self.processes {
                Processes::Fresh => self.layout(generator),
                Processes::Shared => shared[index],
            };
            let (factor, scatter) = truth[index];
            let time = 1e7 * factor * slowed * layout * scatter.draw(generator);
            cells[index].observations.push(observation(block, time));
        }
        completed(cells)
    }

    fn layout(self, generator: &mut Generator) -> f64 {
        Scatter::LogNormal(self.layout).draw(generator)
    }

    /// Which cell is measured when, and for which block.
    fn schedule(self, generator: &mut Generator, cells: usize) -> Vec<(u32, usize)> {
        match self.order {
            Order::RandomBlocks => (0..self.blocks)
                .flat_map(|block| {
                    let mut order: Vec<usize> = (0..cells).collect();
                    generator.shuffle(&mut order);
                    order.into_iter().map(move |index| (block, index))
                })
                .collect(),
            Order::OneAfterTheOther => {
                (0..cells).flat_map(|index| (0..self.blocks).map(move |block| (block, index))).collect()
            }
        }
    }
}
