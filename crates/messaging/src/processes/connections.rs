//! A connection from every producer to every consumer: stream sockets of one machine, or TCP over the loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use concbench_model::ModelError;
use rustix::event::{PollFd, PollFlags, poll};

use super::framed::{Reader, Writer};
use crate::ends::{Inlet, Outlet, gone};
use crate::lane::Lane;
use crate::plan::{Plan, Result};
use crate::stamp::Stamp;

/// Sends to one consumer after the other.
pub(crate) struct Spread<S> {
    to: Vec<Writer<S>>,
    next: usize,
}

impl<S: Write + Send + 'static> Outlet for Spread<S> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        let turn = self.next;
        self.next = (turn + 1) % self.to.len();
        self.to[turn].write(stamp)
    }
}

/// Receives from whichever producer has sent something.
pub(crate) struct Merge<S> {
    from: Vec<Reader<S>>,
    /// Those that have something to read, or have ended.
    ready: Vec<usize>,
}

impl<S: Read + AsFd + Send + 'static> Inlet for Merge<S> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        while !self.from.is_empty() {
            if let [only] = self.from.as_mut_slice() {
                return only.read();
            }
            let Some(number) = self.ready.pop() else {
                self.ready = readable(&self.from)?;
                continue;
            };
            match self.from[number].read()? {
                Some(stamp) => return Ok(Some(stamp)),
                None => {
                    drop(self.from.remove(number));
                    self.ready.clear();
                }
            }
        }
        Ok(None)
    }
}

fn readable<S: AsFd>(from: &[Reader<S>]) -> Result<Vec<usize>> {
    let mut polled: Vec<PollFd<'_>> =
        from.iter().map(|reader| PollFd::new(&reader.from, PollFlags::IN)).collect();
    poll(&mut polled, None)
        .map_err(|error| ModelError::System { what: "wait for a message", source: error.into() })?;
    let ready = polled.iter().enumerate().filter(|(_, polled)| !polled.revents().is_empty());
    Ok(ready.map(|(number, _)| number).collect())
}

/// The ends of connections of this kind.
pub(crate) type Ends<S> = Lane<Spread<S>, Merge<S>>;

/// Connects every producer with every consumer.
pub(crate) fn lane<S: Read + Write + AsFd>(
    plan: &Plan,
    connect: impl Fn() -> std::io::Result<(S, S)>,
) -> Result<Ends<S>> {
    let (producers, consumers) = (plan.shape.producers(), plan.shape.consumers());
    let mut outlets = Vec::with_capacity(producers);
    let mut inlets: Vec<Vec<Reader<S>>> = (0..consumers).map(|_| Vec::new()).collect();
    for _ in 0..producers {
        let mut to = Vec::with_capacity(consumers);
        for inlet in &mut inlets {
            let (ours, theirs) = connect().map_err(ModelError::system("connect two processes"))?;
            to.push(Writer::new(ours, plan.words()));
            inlet.push(Reader::new(theirs, plan.words()));
        }
        outlets.push(Spread { to, next: 0 });
    }
    let inlets = inlets.into_iter().map(|from| Merge { from, ready: Vec::new() }).collect();
    Ok(Lane { outlets, inlets, between: None })
}

/// A pair of stream sockets.
pub(crate) fn unix(plan: &Plan) -> Result<Ends<UnixStream>> {
    lane(plan, UnixStream::pair)
}

/// TCP over the loopback, without delays.
pub(crate) fn tcp(plan: &Plan) -> Result<Ends<TcpStream>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.map_err(ModelError::system("listen on the loopback"))?;
    lane(plan, || {
        let ours = TcpStream::connect(listener.local_addr()?)?;
        let (theirs, _) = listener.accept()?;
        // Whoever else connects to a port that is open for a moment is not who was called.
        if theirs.peer_addr()? != ours.local_addr()? {
            return Err(std::io::Error::other(gone()));
        }
        ours.set_nodelay(true)?;
        theirs.set_nodelay(true)?;
        Ok((ours, theirs))
    })
}
