//! Which channels are measured with what: each factor for itself, around one combination that all share.

use std::time::Duration;

use concbench_messaging::{CHANNELS, Capacity, Channel, Cores, Shape};

use super::{Cell, Order};
use crate::experiment::{Ask, Scope};
use crate::record::{Failure, Status};
use crate::time::nanoseconds;

/// How long messages are sent in an observation, and how long answers are waited for.
const STREAM: Duration = Duration::from_millis(20);
const ROUND_TRIP: Duration = Duration::from_millis(15);
/// How long an observation takes beside that.
const START: Duration = Duration::from_millis(25);
/// How long messages are, in bytes.
pub(super) const SIZES: [u64; 5] = [8, 256, 4 << 10, 64 << 10, 1 << 20];
/// The length at which shapes are measured.
pub(super) const SHAPE_SIZE: u64 = 256;
/// The lengths at which both sides share a core.
const SHARED_SIZES: [u64; 2] = [8, 64 << 10];

/// Every length over two cores, between one and one; then, for one length or two, the other levels of each other factor.
pub(super) fn cells(_: &Scope) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let cell = |channel: &Channel, message_bytes, shape, capacity, cores| Cell {
        channel: channel.id.to_owned(),
        between: channel.between,
        message_bytes,
        shape,
        capacity,
        cores,
    };
    let one = Shape::OneToOne;
    for channel in &CHANNELS {
        for bytes in SIZES {
            cells.push(cell(channel, bytes, one, Capacity::Bytes, Cores::Two));
        }
        for bytes in SHARED_SIZES {
            cells.push(cell(channel, bytes, one, Capacity::Bytes, Cores::One));
        }
        for shape in [Shape::ManyToOne, Shape::OneToMany, Shape::ManyToMany] {
            cells.push(cell(channel, SHAPE_SIZE, shape, Capacity::Bytes, Cores::Two));
        }
        if channel.has_capacity {
            for capacity in [Capacity::Zero, Capacity::One, Capacity::Thousand, Capacity::Unbounded] {
                cells.push(cell(channel, SIZES[0], one, capacity, Cores::Two));
            }
        }
    }
    cells
}

/// Whether round trips are measured, too.
fn answers(cell: &Cell) -> bool {
    (cell.shape, cell.capacity) == (Shape::OneToOne, Capacity::Bytes)
}

pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let each = |cell: &Cell| START + STREAM + if answers(cell) { ROUND_TRIP } else { Duration::ZERO };
    cells.iter().map(each).sum::<Duration>() * scope.settings.blocks
}

pub(super) fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<Order>, Failure> {
    if (cell.cores, scope.cores()) == (Cores::Two, 1) {
        return Err(Failure::new(Status::Unsupported, "this run may use one core"));
    }
    let order = Order {
        cell: cell.clone(),
        stream_ns: nanoseconds(STREAM),
        round_trip_ns: answers(cell).then(|| nanoseconds(ROUND_TRIP)),
    };
    Ok(Ask { order, work: None, deadline: scope.settings.deadline })
}
