//! A remote that is far away: a server on loopback behind a line that delays every byte, both ways, and that can be
//! cut in an instant, with all that is on it.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// It ends with the test's process.
pub struct Line {
    pub address: SocketAddr,
    cut: Arc<AtomicBool>,
    ends: Arc<Mutex<Vec<TcpStream>>>,
    opened: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
}

impl Line {
    /// Each byte takes this long, in each direction.
    pub fn to(server: SocketAddr, one_way: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let line = Self {
            address,
            cut: Arc::default(),
            ends: Arc::default(),
            opened: Arc::default(),
            sent: Arc::default(),
        };
        let (cut, ends) = (Arc::clone(&line.cut), Arc::clone(&line.ends));
        let (opened, sent) = (Arc::clone(&line.opened), Arc::clone(&line.sent));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                opened.fetch_add(1, Ordering::Relaxed);
                let (cut, ends, sent) = (Arc::clone(&cut), Arc::clone(&ends), Arc::clone(&sent));
                std::thread::spawn(move || connect(&near, server, one_way, &cut, &ends, &sent));
            }
        });
        line
    }

    /// From now on nothing more arrives at either end, not even what was under way.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for end in self.ends.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Connections that were opened so far, and bytes that went out on them.
    pub fn used(&self) -> (u64, u64) {
        (
            self.opened.load(Ordering::Relaxed),
            self.sent.load(Ordering::Relaxed),
        )
    }

    /// A new line in place of the one that was cut; what was on that is gone.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

fn connect(
    near: &TcpStream,
    server: SocketAddr,
    one_way: Duration,
    cut: &Arc<AtomicBool>,
    ends: &Mutex<Vec<TcpStream>>,
    sent: &Arc<AtomicU64>,
) {
    // The handshake of a connection is a way there and a way back.
    std::thread::sleep(one_way * 2);
    let Ok(far) = TcpStream::connect(server) else {
        return;
    };
    for end in [near, &far] {
        let _ = end.set_nodelay(true);
        ends.lock().unwrap().push(end.try_clone().unwrap());
    }
    if cut.load(Ordering::SeqCst) {
        let _ = near.shutdown(Shutdown::Both);
        return;
    }
    carry(near, &far, one_way, cut, Arc::clone(sent));
    carry(&far, near, one_way, cut, Arc::default());
}

/// Two threads: one that reads when something comes, one that writes when it is due.
fn carry(from: &TcpStream, to: &TcpStream, one_way: Duration, cut: &Arc<AtomicBool>, count: Arc<AtomicU64>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(1_024);
    std::thread::spawn(move || {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(read) = from.read(&mut piece) {
            let due = Instant::now() + one_way;
            count.fetch_add(read as u64, Ordering::Relaxed);
            if sender.send((due, piece[..read].to_vec())).is_err() || read == 0 {
                return;
            }
        }
    });
    let cut = Arc::clone(cut);
    std::thread::spawn(move || {
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if cut.load(Ordering::SeqCst) || to.write_all(&bytes).is_err() {
                break;
            }
            if bytes.is_empty() {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
