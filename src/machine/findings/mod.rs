//! What is looked at, and from where on it matters.

mod activity;
mod facts;
mod limits;

use std::fmt::Display;

use serde::Serialize;

use crate::record::Machine;

pub(super) use activity::{build, of_sample};
pub(super) use facts::of_machine;
pub(super) use limits::of_limits;

/// How fit a machine is to measure on, in one respect or over all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// The machine does not tell.
    Unknown,
    /// Figures are less believable, or narrower in what they say.
    Concern,
    /// Figures measured now mean nothing.
    Unfit,
}

/// What was found in one respect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A short name, stable over versions: `governor`, `load`, `steal`.
    pub id: &'static str,
    /// How fit the machine is in this respect.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What it does to the figures, or would do.
    pub effect: &'static str,
    /// What can be done about it; absent where nothing needs to be.
    pub remedy: Option<&'static str>,
}

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
