//! A manager: a process that keeps a queue which the others use through proxies. Each `put` and each `get` is a call that is
//! answered, as with the managers of Python's multiprocessing.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use bytemuck::{cast_slice, cast_slice_mut};
use concbench_model::ModelError;
use crossbeam_channel::{Receiver, Sender};

use super::broker::{Serve, connect, queue, threads};
use super::framed::read_whole;
use crate::ends::{Inlet, Outlet, gone};
use crate::lane::{Lane, Part};
use crate::plan::{Plan, Result};
use crate::stamp::Stamp;
use crate::tally::Wrong;

/// A call: what the manager is to do. The message that is put follows.
const PUT: u8 = b'p';
const GET: u8 = b'g';
/// An answer: it is done, and the message that was got follows; or there will be no more.
const DONE: u8 = b'd';
const CLOSED: u8 = b'c';

/// The queue of the manager, as one of the others sees it.
pub(crate) struct Proxy {
    stream: UnixStream,
    /// A call or an answer with a message.
    bytes: Vec<u8>,
    message: Vec<u64>,
}

impl Proxy {
    fn new(stream: UnixStream, words: usize) -> Self {
        Self { stream, bytes: Vec::with_capacity(1 + words * size_of::<u64>()), message: vec![0; words] }
    }

    fn call(&mut self) -> Result<u8> {
        self.stream.write_all(&self.bytes).map_err(ModelError::system("call the manager"))?;
        let mut answer = [0];
        let answered = self.stream.read_exact(&mut answer);
        answered.map_err(ModelError::system("wait for the manager's answer"))?;
        Ok(answer[0])
    }
}

impl Outlet for Proxy {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        stamp.fill(&mut self.message);
        self.bytes.clear();
        self.bytes.push(PUT);
        self.bytes.extend_from_slice(cast_slice(&self.message));
        match self.call()? {
            DONE => Ok(()),
            _ => Err(gone().into()),
        }
    }
}

impl Inlet for Proxy {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.bytes.clear();
        self.bytes.push(GET);
        match self.call()? {
            CLOSED => Ok(None),
            DONE if read_whole(&mut self.stream, cast_slice_mut(&mut self.message))? => {
                Ok(Some(Stamp::of(&self.message).ok_or(Wrong::Damaged)?))
            }
            _ => Err(gone().into()),
        }
    }
}

pub(crate) fn lane(plan: &Plan) -> Result<Lane<Proxy, Proxy>> {
    let (outlets, putters) = connect(plan.shape.producers())?;
    let (inlets, getters) = connect(plan.shape.consumers())?;
    let (plan, bytes) = (*plan, plan.bytes);
    let serve = move || {
        let (put, take) = queue(&plan);
        let mut work: Vec<Serve> = Vec::new();
        for stream in putters {
            let put = put.clone();
            work.push(Box::new(move || serve_puts(stream, bytes, &put)));
        }
        for stream in getters {
            let take = take.clone();
            work.push(Box::new(move || serve_gets(stream, &take)));
        }
        drop((put, take));
        threads(work)
    };
    let proxies = |streams: Vec<UnixStream>| {
        streams.into_iter().map(|stream| Proxy::new(stream, plan.words())).collect()
    };
    Ok(Lane {
        outlets: proxies(outlets),
        inlets: proxies(inlets),
        between: Some(Part { who: "the manager process", core: None, work: Box::new(serve) }),
    })
}

/// Answers the calls of a producer until it leaves.
fn serve_puts(mut stream: UnixStream, bytes: usize, put: &Sender<Vec<u8>>) -> Result<()> {
    let mut call = [0];
    while read_whole(&mut stream, &mut call)? {
        let mut message = vec![0; bytes];
        if call != [PUT] || !read_whole(&mut stream, &mut message)? {
            return Err(gone().into());
        }
        put.send(message).map_err(|_| gone())?;
        stream.write_all(&[DONE]).map_err(ModelError::system("answer a call"))?;
    }
    Ok(())
}

/// Answers the calls of a consumer until it leaves.
fn serve_gets(mut stream: UnixStream, take: &Receiver<Vec<u8>>) -> Result<()> {
    let mut call = [0];
    let mut answer = Vec::new();
    while read_whole(&mut stream, &mut call)? {
        answer.clear();
        match take.recv() {
            _ if call != [GET] => return Err(gone().into()),
            Ok(message) => {
                answer.push(DONE);
                answer.extend_from_slice(&message);
            }
            Err(_) => answer.push(CLOSED),
        }
        stream.write_all(&answer).map_err(ModelError::system("answer a call"))?;
    }
    Ok(())
}
