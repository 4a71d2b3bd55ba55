//! What else the machine does, block by block.

use crate::experiment::Watch;
use crate::machine::{Gate, Limits};
use crate::record::BlockNoise;

/// The environment gate around every block.
#[derive(Debug, Default)]
pub(super) struct Gatekeeper {
    open: Option<Gate>,
}

impl Watch for Gatekeeper {
    fn open(&mut self) {
        self.open = Some(Gate::open());
    }

    fn close(&mut self, block: u32, experiment: &str, group: &str) -> BlockNoise {
        let gate = self.open.take().unwrap_or_else(Gate::open);
        gate.close().into_noise(block, experiment, group, &Limits::default())
    }
}
