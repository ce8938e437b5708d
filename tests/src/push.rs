//! A recording server of ntfy on the loopback: the owner's second way. It keeps what was published, and when.
//! It takes its time before it answers, so that a kill can hit an open request, and may lose an answer.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

/// The topic that the owner reads.
pub const TOPIC: &str = "pretend-topic";
/// Between taking a message and saying so.
pub const ANSWERS_AFTER: Duration = Duration::from_millis(150);

/// One message that was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// When it was taken.
    pub at: SystemTime,
    /// Title and text.
    pub text: String,
    /// Whether its answer was lost on purpose.
    pub is_answer_lost: bool,
}

/// The server. It ends with the process.
pub struct Push {
    /// Where it listens.
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<Published>>>,
}

impl Push {
    /// A server that loses one of `lossy` answers; none when 0.
    ///
    /// # Panics
    /// When there is no port.
    #[must_use]
    pub fn start(lossy: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has ports");
        let address = listener.local_addr().expect("it is bound");
        let taken = Arc::<Mutex<Vec<Published>>>::default();
        let kept = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // A client that hangs up is no fault of the server's.
                thread::spawn(move || serve(stream, &kept, lossy));
            }
        });
        Self { address, taken }
    }

    /// Everything that was published and kept, oldest first.
    #[must_use]
    pub fn taken(&self) -> Vec<Published> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first message that says so.
    #[must_use]
    pub fn first_that_says(&self, part: &str) -> Option<Published> {
        self.taken()
            .into_iter()
            .find(|message| message.text.contains(part))
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Published>>, lossy: usize) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let (body, is_test) = read(&stream)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    if text("topic") != TOPIC {
        return answer(&mut stream, "403 Forbidden", &json!({ "error": "forbidden" }));
    }
    if !is_test {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_answer_lost = lossy > 0 && kept.len() % lossy == lossy - 1;
        kept.push(Published {
            at: SystemTime::now(),
            text: format!("{}\n{}", text("title"), text("message")),
            is_answer_lost,
        });
        drop(kept);
        thread::sleep(ANSWERS_AFTER);
        if is_answer_lost {
            return Ok(());
        }
    }
    answer(
        &mut stream,
        "200 OK",
        &json!({ "id": "pretend", "event": "message" }),
    )
}

/// The body, and whether the message is one that nobody is to keep.
fn read(stream: &TcpStream) -> io::Result<(Value, bool)> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut is_test) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        is_test |= line == "cache: no";
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((serde_json::from_slice(&body).unwrap_or_default(), is_test))
}

fn answer(stream: &mut TcpStream, status: &str, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
