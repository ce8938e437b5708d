//! Boots the shop's own program on a rebuilt database and waits until it says that it is well.
//! It must sell nothing and reach nobody: it gets a configuration made here, with a token that is none, and every address
//! in it is one of this machine that hangs up. The owner's configuration and secrets are not shown to it.

use std::{
    env, fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{self, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context;
use protocol::health::Health;
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// A large database and a busy machine; migrations of an older shop run here too.
const READY_LIMIT: Duration = Duration::from_secs(300);
/// One answer of its.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// It has twenty seconds to end its work, and some more to be heard of.
const STOP_LIMIT: Duration = Duration::from_secs(40);
const ASK_EVERY: Duration = Duration::from_millis(100);
const SAID_BYTES_MAX: u64 = 64 * 1024;
const SAID_CHARS_MAX: usize = 300;
/// What it calls a secret must be there and opens nothing.
const NO_SECRETS: [(&str, &str); 3] = [
    ("BOT_TOKEN", "1:rehearsal"),
    ("PAKASIR_API_KEY", "rehearsal"),
    ("PAKASIR_WEBHOOK_SECRET", "rehearsal-rehearsal"),
];

/// Boots the program on this database, which it then writes to: nobody else may need it afterwards.
///
/// # Errors
/// A sentence: it does not start, is not well in time, or does not end when it is told to.
pub(super) async fn boot(program: &Path, database: &Path, folder: &Path) -> Result<(), String> {
    let told = |error: anyhow::Error| format!("booting the shop's program on what came back: {error:#}");
    let nowhere = Nowhere::open()
        .context("opening an address that hangs up")
        .map_err(told)?;
    let private = free_address().context("looking for a free port").map_err(told)?;
    let config = write_config(folder, database, nowhere.address, private).map_err(told)?;
    let mut child = start(program, &config).map_err(told)?;
    let said = read_end(&mut child);
    let outcome = match wait_until_well(&mut child, private).await {
        Ok(()) => stop(&mut child).await,
        Err(fault) => Err(fault),
    };
    let _ = child.kill().await;
    drop(nowhere);
    match outcome {
        Ok(()) => Ok(()),
        Err(fault) => {
            let last = said.await.unwrap_or_default();
            Err(format!(
                "the shop's program was booted on what came back, and {fault}{last}"
            ))
        }
    }
}

/// A listener whose visitors are hung up on at once.
struct Nowhere {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Nowhere {
    fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            loop {
                if listener.accept().await.is_err() {
                    sleep(ASK_EVERY).await;
                }
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Nowhere {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// With just the keys that every version of the program reads.
fn write_config(
    folder: &Path,
    database: &Path,
    nowhere: SocketAddr,
    private: SocketAddr,
) -> anyhow::Result<PathBuf> {
    // What JSON escapes TOML escapes as well.
    let database = serde_json::to_string(&database.to_string_lossy()).context("writing its path")?;
    let text = format!(
        "[shop]\nname = \"Rehearsal\"\nowners = [1]\n\
         [telegram]\napi_url = \"http://{nowhere}\"\nmode = \"polling\"\n\
         [database]\npath = {database}\n\
         [http]\npublic = \"127.0.0.1:0\"\nprivate = \"{private}\"\n\
         [payments]\ngateways = [\"pakasir\"]\n\
         [payments.pakasir]\nproject = \"rehearsal\"\nbase_url = \"http://{nowhere}\"\n"
    );
    // Alone in its folder: no `.env` and no credentials lie beside it.
    let own = folder.join("boot");
    fs::create_dir(&own).with_context(|| format!("making {}", own.display()))?;
    let path = own.join("bot.toml");
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn start(program: &Path, config: &Path) -> anyhow::Result<Child> {
    let mut command = tied(program)?;
    command.args(["run", "--config"]).arg(config);
    // Also no NOTIFY_SOCKET, by which it would speak to systemd in the agent's name.
    command.env_clear().envs(NO_SECRETS);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
        .spawn()
        .with_context(|| format!("starting {}", program.display()))
}

/// The program, which the kernel ends with this process however that ends: one that is killed ends nothing itself.
fn tied(program: &Path) -> anyhow::Result<Command> {
    let itself = env::current_exe().context("finding this program's own file")?;
    let mut command = Command::new(itself);
    command.args(["tied", "--to", &process::id().to_string(), "--"]);
    command.arg(program);
    Ok(command)
}

/// The last line that it wrote.
fn read_end(child: &mut Child) -> JoinHandle<String> {
    let stderr = child.stderr.take();
    tokio::spawn(async move {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            // It must be able to go on writing: what is too much is read and dropped.
            let _ = (&mut stderr).take(SAID_BYTES_MAX).read_to_end(&mut said).await;
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        last.map_or_else(String::new, |line| {
            let line: String = line.trim().chars().take(SAID_CHARS_MAX).collect();
            format!(": {line}")
        })
    })
}

async fn wait_until_well(child: &mut Child, private: SocketAddr) -> Result<(), String> {
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.map_err(|error| format!("could not be asked how it is: {error}"))?;
    let until = Instant::now() + READY_LIMIT;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("it ended by itself ({status})"));
        }
        if is_well(&client, private).await {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(format!("it was not well within {} s", READY_LIMIT.as_secs()));
        }
        sleep(ASK_EVERY).await;
    }
}

async fn is_well(client: &reqwest::Client, private: SocketAddr) -> bool {
    let asked = client
        .get(format!("http://{private}/health"))
        .timeout(ANSWER_LIMIT);
    match asked.send().await {
        Ok(answer) => answer.json::<Health>().await.is_ok_and(|health| health.healthy),
        Err(_) => false,
    }
}

async fn stop(child: &mut Child) -> Result<(), String> {
    if let Some(process) = child.id() {
        // The shell's own word, which is there on every machine. One that is gone already is as good.
        let ask = ["-c", "kill -TERM \"$1\"", "sh", &process.to_string()];
        let _ = Command::new("sh").args(ask).stderr(Stdio::null()).status().await;
    }
    match timeout(STOP_LIMIT, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(ended) => Err(format!("it did not end well ({})", word(ended))),
        Err(_) => Err(format!("it did not end within {} s", STOP_LIMIT.as_secs())),
    }
}

fn word(ended: io::Result<ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}
