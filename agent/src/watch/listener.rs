//! Which program listens on a port of this machine, as far as this user may see it: for the owner to know what to stop.
//! It connects to nothing, and stops nothing.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::logs::writer;

/// The kernel's tables of connections, by kind of address.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// The kernel's number for a socket that listens.
const LISTENS: &str = "0A";
/// More processes than a shop's server runs, and more files than one of them should hold.
const PROCESSES_MAX: usize = 4096;
const FILES_MAX: usize = 4096;

/// A socket that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Socket {
    user: u32,
    inode: u64,
}

/// Whether those who listen on a port are one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The one that has the file open.
    Yes,
    /// Another one.
    No,
    /// Nobody listens, or this user may not look into whoever does.
    Unseen,
}

/// Whether the program that listens at this address is the one that has this file open, such as the lock that an agent holds.
#[must_use]
pub fn has_open(address: SocketAddr, file: &Path) -> Holds {
    let Ok(file) = fs::metadata(file) else {
        return Holds::No;
    };
    let socket = on_port(address.port(), Some(address.ip()));
    let Some(process) = socket.as_ref().and_then(process_of) else {
        return Holds::Unseen;
    };
    let is_it = |path: &Path| {
        fs::metadata(path).is_ok_and(|open| (open.dev(), open.ino()) == (file.dev(), file.ino()))
    };
    match has_file(process, is_it) {
        true => Holds::Yes,
        false => Holds::No,
    }
}

/// The program that listens on this port, by its name and its process; of one that this user may not look into, the user
/// that runs it. `None` when nobody listens here.
#[must_use]
pub fn of_port(port: u16) -> Option<String> {
    let socket = on_port(port, None)?;
    let named = |process: u32| Some((process, writer::program_of(process)?));
    Some(match process_of(&socket).and_then(named) {
        Some((process, name)) => format!("{name}, pid {process}"),
        None => match user_name(socket.user) {
            Some(name) => format!("uid {} ({name})", socket.user),
            None => format!("uid {}", socket.user),
        },
    })
}

fn on_port(port: u16, at: Option<IpAddr>) -> Option<Socket> {
    let tables = TABLES.iter().filter_map(|table| fs::read_to_string(table).ok());
    tables.into_iter().find_map(|table| listening(&table, port, at))
}

/// On this address or on every one, where one is asked for.
fn listening(table: &str, port: u16, at: Option<IpAddr>) -> Option<Socket> {
    let port = format!("{port:04X}");
    let at = at.map(as_written);
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, local_port) = fields.get(1)?.rsplit_once(':')?;
        let is_there = at
            .as_deref()
            .is_none_or(|at| local == at || local.bytes().all(|byte| byte == b'0'));
        let is_it = local_port == port && is_there && *fields.get(3)? == LISTENS;
        is_it.then_some(Socket {
            user: fields.get(7)?.parse().ok()?,
            inode: fields.get(9)?.parse().ok()?,
        })
    })
}

/// As the kernel's tables write an address: word by word, in the order of this machine.
fn as_written(address: IpAddr) -> String {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words = octets
        .as_chunks()
        .0
        .iter()
        .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
    words.collect()
}

/// Of several that share it the one that began first: the others are its children, and one that it has just started to
/// become another program holds it for a moment too.
fn process_of(socket: &Socket) -> Option<u32> {
    let target = PathBuf::from(format!("socket:[{}]", socket.inode));
    let processes = fs::read_dir("/proc").ok()?.flatten().take(PROCESSES_MAX);
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let holders = numbers.filter(|process| {
        has_file(*process, |file| {
            fs::read_link(file).is_ok_and(|link| link == target)
        })
    });
    holders.min_by_key(|process| began(*process))
}

/// When a process began, in the kernel's ticks since its own start: numbers of processes are given out again. One that has
/// ended began last of all.
fn began(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name of the program is in brackets and may hold anything; proc(5) counts this as field 22.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let began = fields.split_whitespace().nth(19);
    began.and_then(|field| field.parse().ok()).unwrap_or(u64::MAX)
}

/// Whether one of the files that this process has open is it, as far as this user may see them.
fn has_file(process: u32, is_it: impl Fn(&Path) -> bool) -> bool {
    let files = fs::read_dir(format!("/proc/{process}/fd"));
    files.is_ok_and(|files| files.flatten().take(FILES_MAX).any(|file| is_it(&file.path())))
}

fn user_name(user: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id == user.to_string()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn who_listens_is_named_and_who_only_listened_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = of_port(port).unwrap();
        assert!(found.ends_with(&format!("pid {}", std::process::id())), "{found}");
        drop(listener);
        assert_eq!(of_port(port), None);
    }

    #[test]
    fn a_process_began_before_its_children_and_one_that_is_gone_is_the_last() {
        let own = began(std::process::id());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let of_child = began(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(own <= of_child && of_child < u64::MAX, "{own} {of_child}");
        assert_eq!(began(child.id()), u64::MAX);
    }

    #[test]
    fn whoever_has_the_file_open_is_told_from_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let file = fs::File::create(&path).unwrap();
        assert_eq!(has_open(address, &path), Holds::Yes);
        let six = TcpListener::bind("[::1]:0").unwrap();
        assert_eq!(has_open(six.local_addr().unwrap(), &path), Holds::Yes);
        drop(file);
        assert_eq!(has_open(address, &path), Holds::No);
        let elsewhere = SocketAddr::from(([127, 0, 0, 9], address.port()));
        assert_eq!(has_open(elsewhere, &path), Holds::Unseen);
    }

    #[test]
    fn of_a_program_that_may_not_be_looked_into_its_user_is_known() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 7 1\n\
            1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 99 1\n";
        let socket = Socket { user: 33, inode: 99 };
        assert_eq!(listening(table, 8080, None), Some(socket));
        assert_eq!(listening(table, 8081, None), None);
        assert_eq!(user_name(0).unwrap(), "root");
    }
}
