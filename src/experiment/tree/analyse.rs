//! What follows from the cells: ratios of two of them, block by block.

use concbench_constructs::tree::{Form, Growth};
use itertools::Itertools as _;

use super::{About, Cell, Contrast, Observation};
use crate::batch::PairedRatio;
use crate::record::{CellRecord, Status};

pub(super) type Point = CellRecord<Cell, Observation>;

/// The response by which constructs are held against each other.
pub(super) const TIME: &str = "task_ns";

/// The trees that sentences tell of: wide, and two children a task, deep.
pub(super) const WIDE: Growth = Growth { children: 10, depth: 5 };
pub(super) const DEEP: Growth = Growth { children: 2, depth: 16 };

/// The tree of a construct, if it was measured.
pub(super) fn of<'a>(cells: &'a [Point], construct: &str, form: Form, growth: Growth) -> Option<&'a Point> {
    cells.iter().find(|cell| {
        let factors = &cell.factors;
        (factors.construct.as_str(), factors.form, factors.growth(), cell.status)
            == (construct, form, growth, Status::Ok)
    })
}

/// The constructs, in the order of the record.
pub(super) fn constructs(cells: &[Point]) -> Vec<&str> {
    cells.iter().map(|cell| cell.factors.construct.as_str()).unique().collect()
}

/// The trees of a form that grow like this, by the median of a response, ascending.
pub(super) fn ranked<'a>(
    cells: &'a [Point],
    form: Form,
    growth: Growth,
    response: &str,
) -> Vec<(f64, &'a Point)> {
    let trees = constructs(cells).into_iter().filter_map(|construct| of(cells, construct, form, growth));
    let mut ranked: Vec<_> =
        trees.filter_map(|cell| Some((cell.summary.get(response)?.median, cell))).collect();
    ranked.sort_by(|left, right| left.0.total_cmp(&right.0));
    ranked
}

/// All contrasts.
pub(super) fn analyse(cells: &[Point]) -> Vec<Contrast> {
    let call = |growth| of(cells, "sequential", Form::Result, growth);
    let tasks = constructs(cells).into_iter().filter(|construct| *construct != "sequential");
    let over_call =
        tasks.map(|construct| (About::Call, of(cells, construct, Form::Result, WIDE).zip(call(WIDE))));
    let joins =
        [(About::Join, of(cells, "rayon", Form::Result, DEEP).zip(of(cells, "chili", Form::Result, DEEP)))];
    let callbacks = constructs(cells).into_iter().map(|construct| {
        let wide = |form| of(cells, construct, form, WIDE);
        (About::Callback, wide(Form::Callback).zip(wide(Form::Result)))
    });
    let contrast = |(about, pair): (About, Option<(&Point, &Point)>)| {
        let (above, below) = pair?;
        let time = PairedRatio::of(above, below, TIME)?;
        Some(Contrast { about, above: above.id.clone(), below: below.id.clone(), time })
    };
    over_call.chain(joins).chain(callbacks).filter_map(contrast).collect()
}
