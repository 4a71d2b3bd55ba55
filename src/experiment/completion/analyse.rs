//! What follows from the cells: ratios of two of them, block by block.

use concbench_constructs::completion::Form;
use itertools::Itertools as _;

use super::{About, Cell, Contrast, Observation};
use crate::batch::PairedRatio;
use crate::record::{CellRecord, Status};

pub(super) type Point = CellRecord<Cell, Observation>;

/// The cell of a construct in a form, if it was measured.
pub(super) fn of<'a>(cells: &'a [Point], construct: &str, form: Form) -> Option<&'a Point> {
    cells.iter().find(|cell| {
        (cell.factors.construct.as_str(), cell.factors.form, cell.status) == (construct, form, Status::Ok)
    })
}

/// The constructs, in the order of the record.
pub(super) fn constructs(cells: &[Point]) -> Vec<&str> {
    cells.iter().map(|cell| cell.factors.construct.as_str()).unique().collect()
}

/// The measured cells of a form, by the median of a response, ascending.
pub(super) fn ranked<'a>(cells: &'a [Point], form: Form, response: &str) -> Vec<(f64, &'a Point)> {
    let of_form = cells.iter().filter(|cell| cell.factors.form == form && cell.status == Status::Ok);
    let mut ranked: Vec<_> =
        of_form.filter_map(|cell| Some((cell.summary.get(response)?.median, cell))).collect();
    ranked.sort_by(|left, right| left.0.total_cmp(&right.0));
    ranked
}

/// All contrasts.
pub(super) fn analyse(cells: &[Point]) -> Vec<Contrast> {
    let both = |construct| of(cells, construct, Form::Ordered).zip(of(cells, construct, Form::AsCompleted));
    let mut pairs: Vec<(About, &str, &Point, &Point)> = constructs(cells)
        .into_iter()
        .filter_map(both)
        .map(|(ordered, completed)| (About::First, "first_ns", ordered, completed))
        .collect();
    let last = ranked(cells, Form::Ordered, "last_ns");
    if let [(_, fastest), .., (_, slowest)] = last.as_slice() {
        pairs.push((About::Last, "last_ns", slowest, fastest));
    }
    let contrast = |(about, response, above, below): (About, &str, &Point, &Point)| {
        let time = PairedRatio::of(above, below, response)?;
        Some(Contrast { about, above: above.id.clone(), below: below.id.clone(), time })
    };
    pairs.into_iter().filter_map(contrast).collect()
}
