//! A runner: a fresh process that carries out what its supervisor orders, until that closes the channel.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::desk::{Carry, CellError, Desk, guarded};
use super::protocol::{Answer, Channel, Order, ProtocolError};
use super::reference::Reference;
use crate::models::TaskSpec;
use crate::registry::Registry;
use crate::time::nanoseconds;

/// Serves the supervisor at the other end of standard input.
pub(crate) fn serve(registry: &Registry, carry: Carry) -> Result<(), ProtocolError> {
    let mut channel = Channel::new(take_socket()?);
    while let Some(order) = channel.receive()? {
        let answer = match order {
            Order::Reference { task_spec, tasks } => guarded(|| reference(registry, &task_spec, tasks))
                .map(|reference| Answer::Reference { reference }),
            Order::Observe { experiment, order, track, assignment } => {
                let mut desk = Desk::new(registry, &mut channel, track, assignment);
                carry(&experiment, order, &mut desk).map(|observation| Answer::Observed { observation })
            }
            Order::Next { .. } => Err(CellError::Order("there is nothing to go on with".to_owned())),
        };
        channel.send(answer.unwrap_or_else(|error| error.answer()))?;
    }
    Ok(())
}

/// The socket that standard input is. It belongs to this process alone; what it starts must not inherit it.
fn take_socket() -> std::io::Result<UnixStream> {
    let socket = rustix::io::dup(rustix::stdio::stdin())?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let nothing = File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    Ok(UnixStream::from(socket))
}

/// What the tasks of a batch return and wait for: each run in turn, with no time spent asleep.
fn reference(registry: &Registry, task_spec: &TaskSpec, tasks: u64) -> Result<Reference, CellError> {
    let workload = registry.tasks(task_spec)?;
    let started = Instant::now();
    let (digest, waits) = workload.reference(tasks)?;
    Ok(Reference { digest, waits, elapsed_ns: nanoseconds(started.elapsed()) })
}
