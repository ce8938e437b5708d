//! A listener whose connections can be cut without an answer, as when a server goes away mid-request.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// The knife for one connection. Handlers get it as `ConnectInfo<Severable>`.
#[derive(Clone)]
pub struct Severable(Arc<AtomicBool>);

impl Severable {
    /// Cuts the connection: nothing that is written from now on leaves.
    pub fn sever(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Wraps a TCP listener.
pub struct SeverableListener(pub TcpListener);

/// A TCP stream with its knife.
pub struct SeverableStream {
    stream: TcpStream,
    severed: Severable,
}

impl Listener for SeverableListener {
    type Io = SeverableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (SeverableStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    let severed = Severable(Arc::default());
                    return (SeverableStream { stream, severed }, address);
                }
                // Out of file descriptors, most likely: waiting is all that helps.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, SeverableListener>> for Severable {
    fn connect_info(stream: IncomingStream<'_, SeverableListener>) -> Severable {
        stream.io().severed.clone()
    }
}

impl SeverableStream {
    fn check(&self) -> io::Result<()> {
        if self.severed.0.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for SeverableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for SeverableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
