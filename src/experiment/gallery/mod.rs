//! Runs of many machines on one page: what wins on each, whether more workers help there, how much each gets done, and
//! where one of them stands among the others.
//!
//! Unlike a comparison it needs no common cells: each run says for itself what it found, kind of work by kind of work, and
//! how much is done is held against one run, by the work that both did.
//!
//! - `merit`: what a run says of a kind of work
//! - `standing`: how much it gets done, and where it stands
//! - `section`, `words`: how that is shown

mod merit;
mod section;
mod standing;
mod words;

use super::compare::{Place, places};
use super::complete::facts;
use super::show::{in_order, looks};
use super::{Kind, View};
use crate::record::{RawExperiment, Record};
use crate::report::ReportError;
use crate::report::gallery::Gallery;
pub(crate) use merit::{Gain, Merit, Rate};
use standing::Entry;

/// The runs of a gallery. At least one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hall<'a> {
    /// The runs; how much each does is held against the first.
    pub(crate) records: &'a [Record],
    /// Whether the first is the reader's own, whose standing is asked for.
    pub(crate) own: bool,
    /// What an hour of each machine costs, in their order; `None` where it is not known.
    pub(crate) prices: &'a [Option<f64>],
    /// What was left out, and why.
    pub(crate) left_out: &'a [String],
}

/// What a gallery shows, as a page and as a text.
///
/// # Errors
///
/// When a record holds an experiment that this version does not know, or a chart cannot be drawn.
pub(crate) fn gallery(hall: &Hall<'_>) -> Result<Gallery, ReportError> {
    let places = places(hall.records, hall.prices);
    let entries: Vec<Entry<'_>> = hall
        .records
        .iter()
        .zip(&places)
        .map(|(record, place)| entry(record, place))
        .collect::<Result<_, _>>()?;
    Ok(Gallery {
        lede: words::lede(&entries, hall.own),
        sections: section::sections(&entries, &places, hall.own)?,
        left_out: hall.left_out.to_vec(),
        rows: section::rows(&entries, &places),
        figures: section::figures(&entries, &places),
    })
}

fn entry<'a>(record: &'a Record, place: &Place) -> Result<Entry<'a>, ReportError> {
    let facts = facts(record).map_err(ReportError::Record)?;
    let looks = looks(record);
    let view = View { record, facts: &facts, looks: &looks };
    let of = |(kind, raw): (&'static dyn Kind, &RawExperiment)| kind.merits(raw, &view);
    let merits: Vec<Vec<Merit>> = in_order(record)?.into_iter().map(of).collect::<Result<_, _>>()?;
    Ok(Entry { record, merits: merits.concat(), price: place.price })
}
