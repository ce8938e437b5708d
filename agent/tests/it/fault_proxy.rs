//! Stands between the agent and a server that speaks HTTP, and does to chosen requests what networks do.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server never hears of it; the answer is this status.
    Status(u16),
    /// The same, with a body.
    Says(u16, &'static str),
    /// The server does it, and the answer is lost with the connection.
    CutAfter,
    /// The connection ends in the middle of the answer.
    CutAnswer,
    /// The answer comes this much later.
    Slow(Duration),
    /// So many KiB of the answer come a second.
    Paced(u32),
    /// As [`Fault::Paced`], and the connection ends after three seconds.
    PacedAndCut(u32),
    /// The connection ends after so many KiB of the answer.
    CutAt(u32),
    /// Nobody hears of it, and the connection ends.
    Gone,
    /// The server gets a body of which one bit is flipped, and the answer says that all is well.
    FlipBit,
    /// One bit of the answer is flipped.
    FlipAnswer,
}

type Rule = Box<dyn FnMut(&str, &str) -> Option<Fault> + Send>;

/// It ends with the test's process.
pub struct Proxy {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    ranges: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `rule` sees method and path of each request.
    pub fn before(
        server: SocketAddr,
        rule: impl FnMut(&str, &str) -> Option<Fault> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(rule)));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&ranges);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (rule, seen) = (Arc::clone(&rule), Arc::clone(&seen));
                let asked = Arc::clone(&asked);
                // A connection that breaks is the other side's to notice.
                std::thread::spawn(move || serve(connection, server, &rule, (&seen, &asked)));
            }
        });
        Self {
            address,
            requests,
            ranges,
        }
    }

    /// `METHOD /path`, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// `/path bytes=from-to` of those that asked for a range, in order.
    pub fn ranges(&self) -> Vec<String> {
        self.ranges.lock().unwrap().clone()
    }
}

/// One request a connection.
fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    rule: &Mutex<Rule>,
    (seen, ranges): (&Mutex<Vec<String>>, &Mutex<Vec<String>>),
) -> std::io::Result<()> {
    let (head, mut body) = read_request(&mut client)?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    seen.lock().unwrap().push(format!("{method} {path}"));
    let range = head.lines().filter_map(|line| line.split_once(": "));
    for (_, range) in range.filter(|(name, _)| name.eq_ignore_ascii_case("range")) {
        ranges.lock().unwrap().push(format!("{path} {range}"));
    }
    let fault = rule.lock().unwrap()(method, path);
    if fault == Some(Fault::Gone) {
        return Ok(());
    }
    if let Some(Fault::Status(status)) = fault {
        return write!(
            client,
            "HTTP/1.1 {status} Fault\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
    }
    if let Some(Fault::Says(status, body)) = fault {
        let length = body.len();
        return write!(
            client,
            "HTTP/1.1 {status} Fault\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
    }
    if fault == Some(Fault::FlipBit)
        && let Some(byte) = body.last_mut()
    {
        *byte ^= 1;
    }
    let mut upstream = TcpStream::connect(server)?;
    let once = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    // In one piece, like the client's: a server that answers before the body is there ends the connection with a reset.
    upstream.write_all(&[once.as_bytes(), body.as_slice()].concat())?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    match fault {
        Some(Fault::CutAfter) => return Ok(()),
        Some(Fault::CutAnswer) => answer.truncate(answer.len() - 20),
        Some(Fault::FlipAnswer) => *answer.last_mut().unwrap() ^= 1,
        Some(Fault::CutAt(kib)) => answer.truncate(kib as usize * 1024),
        Some(Fault::Slow(pause)) => std::thread::sleep(pause),
        Some(Fault::Paced(kib)) => return pace(&mut client, &answer, (kib, Duration::MAX)),
        Some(Fault::PacedAndCut(kib)) => return pace(&mut client, &answer, (kib, Duration::from_secs(3))),
        _ => {}
    }
    client.write_all(&answer)
}

/// In pieces, sixteen a second.
fn pace(client: &mut TcpStream, answer: &[u8], (kib, limit): (u32, Duration)) -> std::io::Result<()> {
    let begun = std::time::Instant::now();
    for piece in answer.chunks(kib as usize * 64) {
        if begun.elapsed() >= limit {
            break;
        }
        client.write_all(piece)?;
        std::thread::sleep(Duration::from_millis(62));
    }
    Ok(())
}

fn read_request(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 64 * 1024];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let count = client.read(&mut piece)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0_usize);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        let count = client.read(&mut piece)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        body.extend_from_slice(&piece[..count]);
    }
    Ok((head, body))
}
