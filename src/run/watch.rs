//! What else the machine does, block by block.

use crate::experiment::Watch;
use crate::machine::{Frequencies, Gate, Limits};
use crate::record::BlockNoise;

/// The environment gate around every block.
#[derive(Debug, Default)]
pub(super) struct Gatekeeper {
    open: Option<Gate>,
    /// Those of all blocks of the run up to now.
    frequencies: Frequencies,
}

impl Watch for Gatekeeper {
    fn open(&mut self) {
        self.open = Some(Gate::open());
    }

    fn close(&mut self, block: u32, experiment: &str, group: &str) -> BlockNoise {
        let gate = self.open.take().unwrap_or_else(Gate::open);
        let readings = gate.close();
        let before = self.frequencies.clone();
        self.frequencies.add(&readings);
        readings.into_noise(block, experiment, group, &Limits::default(), &before)
    }
}
