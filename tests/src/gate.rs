//! Stands where a program believes a server to be, and lets it through, refuses, or is mute: what networks do.
//! It understands nothing of what passes.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

use crate::ports::free_address;

const OPEN: u8 = 0;
const MUTE: u8 = 1;
/// How soon a gate that was closed listens again, and how soon it sees that it is closed.
const GLANCE: Duration = Duration::from_millis(20);

/// A gate before one server. It ends with the process.
pub struct Gate {
    /// Where the program finds it.
    pub address: SocketAddr,
    server: SocketAddr,
    mode: Arc<AtomicU8>,
    listener: Option<Arc<AtomicU8>>,
    /// What passes or passed: a program keeps its connection open from one request to the next.
    passing: Passing,
}

type Passing = Arc<Mutex<Vec<TcpStream>>>;

impl Gate {
    /// An open gate before that server.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn before(server: SocketAddr) -> Self {
        let mut gate = Self {
            address: free_address(),
            server,
            mode: Arc::default(),
            listener: None,
            passing: Passing::default(),
        };
        gate.listen();
        gate
    }

    /// Everything passes.
    pub fn open(&mut self) {
        self.mode.store(OPEN, Ordering::SeqCst);
        self.listen();
    }

    /// Connections are taken, and nothing is answered.
    pub fn fall_mute(&mut self) {
        self.mode.store(MUTE, Ordering::SeqCst);
        self.cut();
        self.listen();
    }

    /// Connections are refused by the kernel, and those that are open end.
    pub fn refuse(&mut self) {
        if let Some(closed) = self.listener.take() {
            closed.store(1, Ordering::SeqCst);
            // Until the thread has let go of the port.
            while Arc::strong_count(&closed) > 1 {
                thread::sleep(GLANCE);
            }
        }
        self.cut();
    }

    fn cut(&self) {
        let mut passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in passing.drain(..) {
            // One that has ended by itself is no error.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    fn listen(&mut self) {
        if self.listener.is_some() {
            return;
        }
        let listener = TcpListener::bind(self.address).expect("nobody else takes this port");
        listener.set_nonblocking(true).expect("a socket of our own");
        let closed = Arc::new(AtomicU8::new(0));
        self.listener = Some(Arc::clone(&closed));
        let (server, mode, passing) = (self.server, Arc::clone(&self.mode), Arc::clone(&self.passing));
        thread::spawn(move || {
            while closed.load(Ordering::SeqCst) == 0 {
                match listener.accept() {
                    Ok((client, _)) => pass(client, server, (&mode, &passing)),
                    Err(_) => thread::sleep(GLANCE),
                }
            }
        });
    }
}

/// A connection that breaks is the other side's to notice.
fn pass(client: TcpStream, server: SocketAddr, (mode, passing): (&Arc<AtomicU8>, &Passing)) {
    let mode = Arc::clone(mode);
    if let Ok(client) = client.try_clone() {
        let mut passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
        passing.push(client);
    }
    thread::spawn(move || -> io::Result<()> {
        client.set_nonblocking(false)?;
        if mode.load(Ordering::SeqCst) == MUTE {
            // Until the client gives up.
            io::copy(&mut &client, &mut io::sink())?;
            return Ok(());
        }
        let upstream = TcpStream::connect(server)?;
        let (there, back) = (upstream.try_clone()?, client.try_clone()?);
        thread::spawn(move || relay(&upstream, &back));
        relay(&client, &there);
        Ok(())
    });
}

fn relay(mut from: &TcpStream, mut to: &TcpStream) {
    // The end of one direction is the end of both: neither program shuts down half a connection.
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn says(address: SocketAddr) -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        Ok(said)
    }

    #[test]
    fn a_gate_lets_through_refuses_and_is_mute() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        thread::spawn(move || {
            for stream in server.incoming().flatten() {
                drop((&stream).write_all(b"hello"));
            }
        });
        let mut gate = Gate::before(address);
        assert_eq!(says(gate.address).unwrap(), "hello");
        gate.refuse();
        assert_eq!(
            says(gate.address).unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        gate.fall_mute();
        assert_eq!(says(gate.address).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        gate.open();
        assert_eq!(says(gate.address).unwrap(), "hello");
    }

    #[test]
    fn a_connection_that_is_kept_open_ends_with_the_gate() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut gate = Gate::before(server.local_addr().unwrap());
        for close in [Gate::refuse, Gate::fall_mute] {
            gate.open();
            let mut client = TcpStream::connect(gate.address).unwrap();
            let (mut kept, _) = server.accept().unwrap();
            close(&mut gate);
            client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            assert_eq!(client.read(&mut [0]).unwrap_or(0), 0, "it ended");
            drop(kept.write_all(b"late"));
        }
    }
}
