//! A broker: a process between producers and consumers that keeps a queue, as a message queue does. Producers send without
//! waiting for a word from it; it sends on to whichever consumer takes the next one.

use std::io::Write;
use std::os::unix::net::UnixStream;

use concbench_model::ModelError;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::framed::{Reader, Writer, read_whole};
use crate::ends::{Told, gone};
use crate::lane::{Lane, Part};
use crate::plan::{Plan, Result};

pub(crate) type Ends = Lane<Writer<UnixStream>, Reader<UnixStream>>;

/// A queue of whole messages.
pub(super) fn queue(plan: &Plan) -> (Sender<Vec<u8>>, Receiver<Vec<u8>>) {
    plan.capacity().map_or_else(unbounded, bounded)
}

/// Connections to a process in the middle: the ends of the others, and its own.
pub(super) fn connect(count: usize) -> Result<(Vec<UnixStream>, Vec<UnixStream>)> {
    let pairs = (0..count).map(|_| UnixStream::pair()).collect::<std::io::Result<Vec<_>>>();
    let pairs = pairs.map_err(ModelError::system("connect two processes"))?;
    Ok(pairs.into_iter().unzip())
}

/// What serves one connection of a process in the middle.
pub(super) type Serve = Box<dyn FnOnce() -> Result<()> + Send>;

/// Runs one thread for each connection, until all of them have ended; the first error, if there is one.
pub(super) fn threads(work: Vec<Serve>) -> Result<Told> {
    let threads: Vec<_> = work.into_iter().map(std::thread::spawn).collect();
    let ends: Vec<_> =
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(gone().into()))).collect();
    ends.into_iter().collect::<Result<()>>().map(|()| Told::Served)
}

pub(crate) fn lane(plan: &Plan) -> Result<Ends> {
    let (words, bytes) = (plan.words(), plan.bytes);
    let (outlets, sent) = connect(plan.shape.producers())?;
    let (inlets, wanted) = connect(plan.shape.consumers())?;
    let plan = *plan;
    let serve = move || {
        let (put, take) = queue(&plan);
        let mut work: Vec<Serve> = Vec::new();
        for from in sent {
            let put = put.clone();
            work.push(Box::new(move || accept(from, bytes, &put)));
        }
        for to in wanted {
            let take = take.clone();
            work.push(Box::new(move || deliver(to, &take)));
        }
        drop((put, take));
        threads(work)
    };
    Ok(Lane {
        outlets: outlets.into_iter().map(|stream| Writer::new(stream, words)).collect(),
        inlets: inlets.into_iter().map(|stream| Reader::new(stream, words)).collect(),
        between: Some(Part { who: "the broker process", core: None, work: Box::new(serve) }),
    })
}

/// Takes messages from a producer until it ends.
fn accept(mut from: UnixStream, bytes: usize, put: &Sender<Vec<u8>>) -> Result<()> {
    loop {
        let mut message = vec![0; bytes];
        if !read_whole(&mut from, &mut message)? {
            return Ok(());
        }
        put.send(message).map_err(|_| gone())?;
    }
}

/// Sends messages on to a consumer until no more will come.
fn deliver(mut to: UnixStream, take: &Receiver<Vec<u8>>) -> Result<()> {
    for message in take {
        to.write_all(&message).map_err(ModelError::system("send a message on"))?;
    }
    Ok(())
}
