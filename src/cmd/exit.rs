//! Exit codes, as the documentation lists them.

use std::process::ExitCode;

use crate::record::StoreError;
use crate::report::ReportError;
use crate::run::RunStartError;
use crate::runner::SuperviseError;
use crate::server::ServeError;

/// Something went wrong that should not.
pub(super) const INTERNAL: u8 = 1;
/// An argument, a definition or a record is not what it should be.
pub(super) const BAD_INPUT: u8 = 2;
/// Some cells have no figures, or the self-test has missed something.
pub(crate) const CELLS_FAILED: u8 = 3;
/// The filter matches no cell.
pub(super) const NOTHING_MATCHES: u8 = 4;
/// The results cannot be written.
pub(super) const CANNOT_SAVE: u8 = 5;
/// A run is slower than the first, or broken, beyond what `compare` was told to accept.
pub(super) const REGRESSION: u8 = 6;
/// The machine is too noisy, where it was asked to refuse (`EX_TEMPFAIL` of sysexits(3)).
pub(super) const TOO_NOISY: u8 = 75;

/// The exit code of a process that a signal has asked to end.
pub(crate) fn by_signal(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

/// The exit code that belongs to an error.
pub(super) fn of(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<RunStartError>() {
        return of_run(error);
    }
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Write { .. } | StoreError::Held { .. }) => return CANNOT_SAVE,
        Some(StoreError::Read { .. } | StoreError::Bad { .. }) => return BAD_INPUT,
        None => {}
    }
    if error.is::<crate::spec::SpecError>() || error.is::<super::bad::BadArgument>() {
        return BAD_INPUT;
    }
    match error.downcast_ref::<ServeError>() {
        Some(ServeError::Announce(_)) => return CANNOT_SAVE,
        Some(_) => return BAD_INPUT,
        None => {}
    }
    match error.downcast_ref::<ReportError>() {
        Some(ReportError::Record(_)) => BAD_INPUT,
        Some(_) => CANNOT_SAVE,
        None => INTERNAL,
    }
}

/// The exit code of a run that did not begin, or could not be written.
fn of_run(error: &RunStartError) -> u8 {
    match error {
        RunStartError::Spec(_)
        | RunStartError::TooManyCells { .. }
        | RunStartError::TooManyObservations { .. }
        | RunStartError::Resume { .. }
        | RunStartError::Supervise(SuperviseError::Place(_))
        | RunStartError::Store(StoreError::Read { .. } | StoreError::Bad { .. }) => BAD_INPUT,
        RunStartError::NothingMatches { .. } => NOTHING_MATCHES,
        RunStartError::Store(_) | RunStartError::Report(_) => CANNOT_SAVE,
        RunStartError::Supervise(SuperviseError::Refused(_)) => INTERNAL,
    }
}
