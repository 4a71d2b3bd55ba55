use std::time::Duration;

use super::{Finding, State, Topic, by_limits, good_if};
use crate::machine::Sample;
use crate::machine::grade::BUILD;
use crate::machine::limits::Limits;

/// From which part of the gate's limit on a hypervisor's taking is a concern; from the limit on it is unfit.
const CONCERNING_STEAL: f64 = 0.2;
/// The same of what others use.
const CONCERNING_FOREIGN: f64 = 0.4;
/// The longest step of the clock that leaves a task of ten microseconds measurable to a tenth.
const LONGEST_CLOCK_STEP: Duration = Duration::from_micros(1);

/// How concbench itself was built.
pub(in crate::machine) fn build(debug: bool) -> Finding {
    let topic = Topic {
        id: BUILD,
        effect: "without optimisation the cost of a model is that of its debug build",
        remedy: "build with --release, or run cargo bench",
    };
    match debug {
        true => topic.found(State::Unfit, "built with debug assertions"),
        false => topic.found(State::Good, "built without debug assertions"),
    }
}

/// What the machine does while nothing is measured.
pub(in crate::machine) fn of_sample(sample: &Sample) -> [Finding; 3] {
    let readings = &sample.readings;
    let limits = Limits::default();
    let foreign = Topic {
        id: "foreign",
        effect: "other processes take cores away from some cells and not from others",
        remedy: "stop what else is running: `top` shows it",
    };
    let steal = Topic {
        id: "steal",
        effect: "the hypervisor takes cores away from some cells and not from others",
        remedy: "measure at another time, or on a machine or an instance with cores of its own",
    };
    let step = Topic {
        id: "clock-step",
        effect: "a span much shorter than ten steps of the clock is mostly rounding",
        remedy: "use larger batches, or a faster clock source",
    };
    let elapsed = readings.elapsed.as_secs_f64();
    let not_told = "unknown: /proc/stat does not tell";
    [
        readings.foreign.zip(readings.foreign_cores()).map_or_else(
            || foreign.found(State::Unknown, not_told),
            |(share, cores)| {
                let limit = limits.foreign(readings.cpus);
                let state = by_limits(share, CONCERNING_FOREIGN * limit, limit);
                foreign
                    .found(state, format_args!("other processes used {cores:.2} cores over {elapsed:.1} s"))
            },
        ),
        readings.steal.map_or_else(
            || steal.found(State::Unknown, not_told),
            |share| {
                let limit = limits.steal(readings.cpus);
                let state = by_limits(share, CONCERNING_STEAL * limit, limit);
                let percent = 100.0 * share;
                steal.found(
                    state,
                    format_args!("{percent:.1} % of the CPU time was stolen over {elapsed:.1} s"),
                )
            },
        ),
        sample.clock_step.map_or_else(
            || step.found(State::Unknown, "unknown: the clock did not move"),
            |length| {
                let state = good_if(length <= LONGEST_CLOCK_STEP);
                step.found(state, format_args!("the clock moves in steps of {} ns", length.as_nanos()))
            },
        ),
    ]
}
