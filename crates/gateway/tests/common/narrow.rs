//! A connection of a client that takes little.

use std::net::TcpStream;

/// A connection that takes few bytes without being read.
pub fn narrow(host: &str) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(16 * 1024)?;
        socket.connect(host.parse().expect("an address")).await?.into_std()
    });
    let stream = stream.expect("a connection");
    stream.set_nonblocking(false).expect("it can block");
    stream
}
