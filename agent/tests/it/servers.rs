//! Remotes that others wrote, on loopback: sshd from Debian, S3 and WebDAV from rclone, an S3 with object lock from moto,
//! Azure's blobs from Azurite, Google's from an emulator. Each lives as long as its value.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const START_LIMIT: Duration = Duration::from_secs(30);
pub const ACCESS_KEY: &str = "WARUNGTEST000001";
pub const SECRET_KEY: &str = "canary-s3-secret-0001";
pub const PASSWORD: &str = "canary-dav-password";
/// Everybody's key of the emulator, from its manual.
const AZURE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

pub struct Server {
    pub address: SocketAddr,
    /// Where its objects lie on this disk, to look at and to damage.
    pub objects: PathBuf,
    child: Child,
}

impl Server {
    /// From now on it takes connections and answers nothing.
    pub fn hang(&self) {
        let stopped = Command::new("kill")
            .args(["-STOP", &self.child.id().to_string()])
            .status();
        assert!(stopped.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn s3(dir: &Path) -> Server {
    let objects = dir.join("s3/warung");
    fs::create_dir_all(&objects).unwrap();
    let address = free_address();
    let child = rclone("s3", address)
        .args(["--auth-key", &format!("{ACCESS_KEY},{SECRET_KEY}")])
        .arg(dir.join("s3"))
        .spawn();
    started(
        address,
        objects,
        child.expect("rclone; scripts/setup --tests installs it"),
    )
}

pub fn webdav(dir: &Path) -> Server {
    let objects = dir.join("webdav");
    fs::create_dir_all(&objects).unwrap();
    let address = free_address();
    let child = rclone("webdav", address)
        .args(["--user", "shop", "--pass", PASSWORD])
        .arg(&objects)
        .spawn();
    started(
        address,
        objects,
        child.expect("rclone; scripts/setup --tests installs it"),
    )
}

/// An S3 whose bucket keeps every version and locks each object for a day. It keeps everything in its memory.
pub fn locking_s3(dir: &Path) -> Server {
    let objects = dir.join("locking");
    fs::create_dir_all(&objects).unwrap();
    let address = free_address();
    let child = Command::new("moto_server")
        .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = started(
        address,
        objects,
        child.expect("moto_server; scripts/setup --tests installs it"),
    );
    let lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                <Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    let bucket = format!("http://{address}/warung");
    curl(&[
        "-X",
        "PUT",
        "-H",
        "x-amz-bucket-object-lock-enabled: true",
        &bucket,
    ]);
    let xml = "content-type: application/xml";
    curl(&[
        "-X",
        "PUT",
        "-H",
        xml,
        "--data",
        lock,
        &format!("{bucket}?object-lock"),
    ]);
    server
}

fn curl(arguments: &[&str]) {
    let made = Command::new("curl")
        .args(["-sSf", "--retry", "5", "--retry-all-errors", "-o", "/dev/null"])
        .args(arguments)
        .status();
    assert!(made.unwrap().success(), "{arguments:?}");
}

/// Azure's blobs, with the container made.
pub fn azure(dir: &Path) -> Server {
    let objects = dir.join("azure");
    fs::create_dir_all(&objects).unwrap();
    let address = free_address();
    let child = Command::new("azurite-blob")
        .args([
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            &address.port().to_string(),
        ])
        .args([
            "--silent",
            "--skipApiVersionCheck",
            "--disableTelemetry",
            "--location",
        ])
        .arg(&objects)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = started(
        address,
        objects,
        child.expect("azurite-blob; scripts/setup --tests installs it"),
    );
    let endpoint = azure_endpoint(address);
    let container =
        format!(":azureblob,account=devstoreaccount1,key='{AZURE_KEY}',endpoint='{endpoint}':warung");
    let made = Command::new("rclone")
        .args(["mkdir", "--config", "", &container])
        .status();
    assert!(made.unwrap().success(), "the container could not be made");
    server
}

/// The emulator answers `null` where Google's server leaves a field out.
const WITHOUT_NULLS: &str = "
import json, sys
def without(value):
    if isinstance(value, dict):
        return {key: without(inner) for key, inner in value.items() if inner is not None}
    return [without(inner) for inner in value] if isinstance(value, list) else value
dumps = json.dumps
json.dumps = lambda value, *rest, **more: dumps(without(value), *rest, **more)
from gcp_storage_emulator.__main__ import main
sys.exit(main(sys.argv[1:]))";

/// Google's cloud storage, with the bucket made.
pub fn gcs(dir: &Path) -> Server {
    let objects = dir.join("gcs");
    fs::create_dir_all(&objects).unwrap();
    let address = free_address();
    let child = Command::new("python3")
        .args(["-c", WITHOUT_NULLS, "-d"])
        .arg(&objects)
        .args(["start", "--host", "127.0.0.1", "--default-bucket", "warung"])
        .args(["--port", &address.port().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started(
        address,
        objects,
        child.expect("python3; scripts/setup --tests installs the emulator"),
    )
}

pub fn gcs_section(name: &str, address: SocketAddr) -> Section {
    let text = format!(
        "[remotes.{name}]\ntype = \"gcs\"\nbucket = \"warung\"\nroot = \"a/b\"\nendpoint = \"http://{address}\"\n"
    );
    secret(name, text, "TOKEN", "canary-gcs-token")
}

fn azure_endpoint(address: SocketAddr) -> String {
    format!("http://{address}/devstoreaccount1")
}

fn rclone(what: &str, address: SocketAddr) -> Command {
    let mut command = Command::new("rclone");
    // No configuration of whoever runs the tests.
    command.args(["serve", what, "--config", "", "--addr", &address.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// With a host key and a user key of its own; whoever runs the tests is the user.
pub fn sftp(dir: &Path) -> Server {
    let ssh = dir.join("ssh");
    let objects = dir.join("sftp");
    fs::create_dir_all(&ssh).unwrap();
    fs::create_dir_all(&objects).unwrap();
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(ssh.join(key))
            .status()
            .unwrap();
        assert!(made.success());
    }
    let address = free_address();
    let text = format!(
        "ListenAddress {address}\nHostKey {ssh}/host\nAuthorizedKeysFile {ssh}/user.pub\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n",
        ssh = ssh.display()
    );
    fs::write(ssh.join("config"), text).unwrap();
    // It separates its privileges in this folder, which only its service file would make.
    let _ = fs::create_dir_all("/run/sshd");
    let child = Command::new("/usr/sbin/sshd")
        .args(["-D", "-f"])
        .arg(ssh.join("config"))
        .stderr(Stdio::null())
        .spawn();
    started(
        address,
        objects,
        child.expect("sshd; scripts/setup --tests installs it"),
    )
}

fn started(address: SocketAddr, objects: PathBuf, child: Child) -> Server {
    let server = Server {
        address,
        objects,
        child,
    };
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < START_LIMIT, "nothing listens on {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// `[remotes.<name>]` for each kind, with its secrets as variables.
pub struct Section {
    pub text: String,
    pub variables: Vec<(String, String)>,
}

pub fn s3_section(name: &str, address: SocketAddr) -> Section {
    let text = format!(
        "[remotes.{name}]\ntype = \"s3\"\nbucket = \"warung\"\nroot = \"/shop\"\nendpoint = \"http://{address}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{ACCESS_KEY}\"\ndisable_config_load = true\n"
    );
    secret(name, text, "SECRET_ACCESS_KEY", SECRET_KEY)
}

/// As a bucket with object lock wants it.
pub fn locking_s3_section(name: &str, address: SocketAddr) -> Section {
    let mut section = s3_section(name, address);
    section.text.push_str("checksum_algorithm = \"md5\"\n");
    section
}

pub fn azure_section(name: &str, address: SocketAddr) -> Section {
    let text = format!(
        "[remotes.{name}]\ntype = \"azblob\"\ncontainer = \"warung\"\nendpoint = \"{}\"\n\
         account_name = \"devstoreaccount1\"\n",
        azure_endpoint(address)
    );
    secret(name, text, "ACCOUNT_KEY", AZURE_KEY)
}

pub fn webdav_section(name: &str, address: SocketAddr) -> Section {
    let text = format!(
        "[remotes.{name}]\ntype = \"webdav\"\nendpoint = \"http://{address}\"\nusername = \"shop\"\nroot = \"/a/b\"\n"
    );
    secret(name, text, "PASSWORD", PASSWORD)
}

pub fn sftp_section(name: &str, server: &Server, dir: &Path) -> Section {
    let text = format!(
        "[remotes.{name}]\ntype = \"sftp\"\nendpoint = \"ssh://{user}@{address}\"\nroot = \"{root}/a/b\"\n\
         key = \"{dir}/ssh/user\"\nknown_hosts_strategy = \"accept\"\n",
        user = user(),
        address = server.address,
        root = server.objects.display(),
        dir = dir.display()
    );
    Section {
        text,
        variables: Vec::new(),
    }
}

fn secret(name: &str, text: String, key: &str, value: &str) -> Section {
    let variable = format!("REMOTE_{}_{key}", name.to_ascii_uppercase());
    Section {
        text,
        variables: vec![(variable, value.to_owned())],
    }
}

fn user() -> String {
    let said = Command::new("id").arg("-un").output().unwrap().stdout;
    String::from_utf8(said).unwrap().trim().to_owned()
}
