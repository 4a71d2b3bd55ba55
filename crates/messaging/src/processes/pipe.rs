//! A pipe that all share.

use std::fs::File;

use concbench_model::{ModelError, process};

use super::framed::{Reader, Writer};
use crate::lane::Lane;
use crate::plan::{Plan, Result, Shape};

/// What a pipe takes whole (`PIPE_BUF` on Linux), in bytes: of longer messages of several writers it would mix the parts.
const WHOLE: usize = 4096;

pub(crate) type Ends = Lane<Writer<File>, Reader<File>>;

/// A pipe whose ends are shared among all producers, and among all consumers.
pub(crate) fn lane(plan: &Plan) -> Result<Ends> {
    if plan.shape != Shape::OneToOne && plan.bytes > WHOLE {
        let reason = format!("a pipe that several share keeps messages of up to {WHOLE} bytes whole");
        return Err(ModelError::Unsupported(reason).into());
    }
    let (read, write) = process::pipe()?;
    let write = File::from(write);
    let copy = |file: &File| file.try_clone().map_err(ModelError::system("share a pipe"));
    let outlets = (0..plan.shape.producers()).map(|_| Ok(Writer::new(copy(&write)?, plan.words())));
    let inlets = (0..plan.shape.consumers()).map(|_| Ok(Reader::new(copy(&read)?, plan.words())));
    Ok(Lane {
        outlets: outlets.collect::<Result<_>>()?,
        inlets: inlets.collect::<Result<_>>()?,
        between: None,
    })
}
