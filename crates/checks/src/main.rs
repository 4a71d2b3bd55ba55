//! The command line of concbench, as the tests of this package run it.

use std::process::ExitCode;
use std::time::Duration;

use concbench::spec::Definition;
use concbench::{Harness, Io, Result, Workload};
use rustix::time::{ClockId, clock_gettime};

/// With how many milliseconds of CPU time of each of four tasks there is a workload `burn`, and
/// beside it `start`, whose four tasks take none.
const BURN: &str = "CHECKS_BURN_MS";

/// Takes so much CPU time, by the clock of the thread that runs it.
struct Burn(Duration);

impl Workload for Burn {
    async fn task<I: Io>(&self, _: &I, index: u64) -> Result<u64> {
        let used = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
        let until = used() + self.0;
        while used() < until {}
        Ok(index)
    }
}

fn main() -> ExitCode {
    let mut harness = Harness::new().default_matrix();
    if let Some(ms) = std::env::var(BURN).ok().and_then(|ms| ms.parse().ok()) {
        for (name, ms) in [("burn", ms), ("start", 0)] {
            let definition = Definition::registered(name).tasks(4);
            harness = harness.workload_as(definition, Burn(Duration::from_millis(ms)));
        }
    }
    harness.cli()
}
