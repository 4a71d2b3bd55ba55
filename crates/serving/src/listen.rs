//! Sockets that listen, and the line that says where.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use crate::{Result, ServingError};

/// How many connections may wait to be accepted. The kernel cuts it to `net.core.somaxconn`.
pub const BACKLOG: i32 = 4096;
/// What a server says before its address, once it listens.
pub(crate) const ANNOUNCEMENT: &str = "listening on ";
/// What it says before the reason, where it cannot.
pub(crate) const REFUSAL: &str = "unsupported: ";

/// A listener on a free port of the loopback interface.
pub(crate) fn alone() -> Result<TcpListener> {
    listen((Ipv4Addr::LOCALHOST, 0).into(), false)
}

/// So many listeners on one port, among which the kernel shares out the connections.
pub(crate) fn sharing(listeners: usize) -> Result<Vec<TcpListener>> {
    let first = listen((Ipv4Addr::LOCALHOST, 0).into(), true)?;
    let address = address(&first)?;
    let others = (1..listeners).map(|_| listen(address, true));
    std::iter::once(Ok(first)).chain(others).collect()
}

/// Says why it does not serve on this machine, in place of where it listens.
pub(crate) fn refuse(why: &str) -> Result<()> {
    let said = writeln!(io::stdout().lock(), "{REFUSAL}{why}");
    said.map_err(ServingError::system("say why the server does not listen"))
}

/// Says where the server listens.
pub(crate) fn announce(listener: &TcpListener) -> Result<()> {
    let address = address(listener)?;
    let mut out = io::stdout().lock();
    let said = writeln!(out, "{ANNOUNCEMENT}{address}").and_then(|()| out.flush());
    said.map_err(ServingError::system("say where the server listens"))
}

/// Where it listens.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().map_err(ServingError::system("read the address of a socket"))
}

fn listen(address: SocketAddr, shared: bool) -> Result<TcpListener> {
    let open = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_port(shared)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    open().map_err(ServingError::system::<io::Error>("listen"))
}
