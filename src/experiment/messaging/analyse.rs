//! What follows from the cells: ratios of two of them, block by block.

use concbench_messaging::{Between, Capacity, Cores, Shape};
use itertools::Itertools as _;

use super::plan::{SHAPE_SIZE, SIZES};
use super::{About, Cell, Contrast, Observation};
use crate::batch::PairedRatio;
use crate::record::{CellRecord, Status};

type Point = CellRecord<Cell, Observation>;

/// The response by which channels are held against each other.
const TIME: &str = "message_ns";
/// What others are held against between processes: what every program has.
const COMMON: &str = "pipe";

/// What each level of `between` is called.
pub(super) const BETWEEN: [Between; 3] = [Between::Processes, Between::Threads, Between::Tasks];

/// The cell of a channel between one and one that holds 64 KiB, with messages of this length; over two cores where that
/// was measured.
pub(super) fn base<'a>(cells: &'a [Point], channel: &str, bytes: u64) -> Option<&'a Point> {
    [Cores::Two, Cores::One].into_iter().find_map(|cores| at(cells, channel, bytes, Capacity::Bytes, cores))
}

/// The cell between one and one with these levels, if it was measured.
pub(super) fn at<'a>(
    cells: &'a [Point],
    channel: &str,
    bytes: u64,
    capacity: Capacity,
    cores: Cores,
) -> Option<&'a Point> {
    let of = |cell: &Cell| {
        (cell.channel.as_str(), cell.message_bytes, cell.shape, cell.capacity, cell.cores)
            == (channel, bytes, Shape::OneToOne, capacity, cores)
    };
    cells.iter().find(|cell| of(&cell.factors) && cell.status == Status::Ok)
}

/// The median of a response.
pub(super) fn median(cell: &Point, response: &str) -> Option<f64> {
    Some(cell.summary.get(response)?.median)
}

/// The channels of this kind, in the order of the record.
pub(super) fn channels(cells: &[Point], between: Between) -> Vec<&str> {
    cells
        .iter()
        .filter(|cell| cell.factors.between == between)
        .map(|cell| cell.factors.channel.as_str())
        .unique()
        .collect()
}

/// The channel that takes the least time for messages of this length, and the one that it is held against.
fn ends(cells: &[Point], between: Between, bytes: u64) -> Option<(&Point, &Point)> {
    let known = channels(cells, between).into_iter().filter_map(|channel| base(cells, channel, bytes));
    let mut known: Vec<_> = known.filter_map(|cell| Some((median(cell, TIME)?, cell))).collect();
    known.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (first, last) = (known.first()?.1, known.last()?.1);
    let common = base(cells, COMMON, bytes).filter(|_| between == Between::Processes);
    let other = common.filter(|common| common.id != first.id).unwrap_or(last);
    (first.id != other.id).then_some((other, first))
}

/// All contrasts, in the order in which they are told.
pub(super) fn analyse(cells: &[Point]) -> Vec<Contrast> {
    let (small, large) = (SIZES[0], SIZES[SIZES.len() - 1]);
    let mut pairs: Vec<(About, Option<(&Point, &Point)>)> = Vec::new();
    for (about, bytes) in [(About::Small, small), (About::Large, large)] {
        pairs.extend(BETWEEN.map(|between| (about, ends(cells, between, bytes))));
    }
    let plain = || base(cells, "unix-socket", small);
    pairs.push((About::Middle, base(cells, "broker", small).zip(plain())));
    pairs.push((About::Middle, base(cells, "manager", small).zip(plain())));
    for channel in BETWEEN.into_iter().flat_map(|between| channels(cells, between)) {
        let many = |cell: &&Point| {
            let factors = &cell.factors;
            factors.channel == channel && factors.shape == Shape::ManyToOne && cell.status == Status::Ok
        };
        pairs.push((About::Shape, cells.iter().find(many).zip(base(cells, channel, SHAPE_SIZE))));
    }
    for channel in BETWEEN.into_iter().flat_map(|between| channels(cells, between)) {
        let on = |cores| at(cells, channel, small, Capacity::Bytes, cores);
        pairs.push((About::Cores, on(Cores::One).zip(on(Cores::Two))));
    }
    for channel in BETWEEN.into_iter().flat_map(|between| channels(cells, between)) {
        let holding = |capacity| at(cells, channel, small, capacity, Cores::Two);
        let least = holding(Capacity::Zero).or_else(|| holding(Capacity::One));
        pairs.push((About::Capacity, least.zip(holding(Capacity::Bytes))));
    }
    let contrast = |(about, pair): (About, Option<(&Point, &Point)>)| {
        let (above, below) = pair?;
        let time = PairedRatio::of(above, below, TIME)?;
        Some(Contrast { about, above: above.id.clone(), below: below.id.clone(), time })
    };
    pairs.into_iter().filter_map(contrast).collect()
}
