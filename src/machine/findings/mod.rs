//! What is looked at, and from where on it matters.

mod activity;
mod facts;
mod limits;

use std::fmt::Display;

use super::doctor::{Finding, State};
use crate::record::Machine;

pub(super) use activity::{build, of_sample};
pub(super) use facts::of_machine;
pub(super) use limits::of_limits;

/// What to do about what a machine does not tell.
const FIND_OUT: &str = "find out from whoever runs the machine, or measure on one that tells";

/// One respect: its name, its effect on the figures, and the remedy where there is something to remedy.
struct Topic {
    id: &'static str,
    effect: &'static str,
    remedy: &'static str,
}

impl Topic {
    fn found(&self, state: State, found: impl Display) -> Finding {
        let remedy = match state {
            State::Good => None,
            State::Unknown => Some(FIND_OUT),
            State::Concern | State::Unfit => Some(self.remedy),
        };
        Finding { id: self.id, state, found: found.to_string(), effect: self.effect, remedy }
    }

    /// Judges a fact, or says why there is none.
    fn judge<T>(
        &self,
        machine: &Machine,
        name: &str,
        fact: Option<T>,
        judge: impl FnOnce(T) -> (State, String),
    ) -> Finding {
        match fact {
            Some(fact) => {
                let (state, found) = judge(fact);
                self.found(state, found)
            }
            None => {
                let reason = machine.missing.get(name).map_or("not recorded", String::as_str);
                self.found(State::Unknown, format_args!("unknown: {reason}"))
            }
        }
    }
}

fn good_if(good: bool) -> State {
    if good { State::Good } else { State::Concern }
}

fn by_limits(value: f64, concern: f64, unfit: f64) -> State {
    match value {
        value if value > unfit => State::Unfit,
        value if value > concern => State::Concern,
        _ => State::Good,
    }
}
