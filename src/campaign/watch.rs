//! What else the machine does, block by block.

use crate::machine::{Gate, Limits};
use crate::record::BlockNoise;
use crate::runner::schedule::Watch;

/// The environment gate around every block.
#[derive(Debug, Default)]
pub(super) struct Gatekeeper {
    open: Option<Gate>,
}

impl Gatekeeper {
    pub(super) fn new() -> Self {
        Self::default()
    }
}

impl Watch for Gatekeeper {
    fn open(&mut self) {
        self.open = Some(Gate::open());
    }

    fn close(&mut self, block: u32, workload: &str) -> BlockNoise {
        let gate = self.open.take().unwrap_or_else(Gate::open);
        gate.close().into_noise(block, workload, 0, &Limits::default())
    }
}
