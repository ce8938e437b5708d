//! Which program listens on a port of this machine, as far as this user may see it: for the owner to know what to stop.
//! It connects to nothing, and stops nothing.

use std::{fs, path::PathBuf};

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

/// The program that listens on this port, by its name and its process; of one that this user may not look into, the user
/// that runs it. `None` when nobody listens here.
#[must_use]
pub fn of_port(port: u16) -> Option<String> {
    let tables = TABLES.iter().filter_map(|table| fs::read_to_string(table).ok());
    let socket = tables.into_iter().find_map(|table| listening(&table, port))?;
    Some(match process_of(&socket) {
        Some((process, name)) => format!("{name}, pid {process}"),
        None => match user_name(socket.user) {
            Some(name) => format!("uid {} ({name})", socket.user),
            None => format!("uid {}", socket.user),
        },
    })
}

fn listening(table: &str, port: u16) -> Option<Socket> {
    let port = format!("{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let is_it = local_port == port && *fields.get(3)? == LISTENS;
        is_it.then_some(Socket {
            user: fields.get(7)?.parse().ok()?,
            inode: fields.get(9)?.parse().ok()?,
        })
    })
}

fn process_of(socket: &Socket) -> Option<(u32, String)> {
    let target = PathBuf::from(format!("socket:[{}]", socket.inode));
    let processes = fs::read_dir("/proc").ok()?.flatten().take(PROCESSES_MAX);
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let process = numbers.find(|process| {
        let files = fs::read_dir(format!("/proc/{process}/fd"));
        files.is_ok_and(|files| {
            files
                .flatten()
                .take(FILES_MAX)
                .any(|file| fs::read_link(file.path()).is_ok_and(|link| link == target))
        })
    })?;
    Some((process, writer::program_of(process)?))
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
    fn of_a_program_that_may_not_be_looked_into_its_user_is_known() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 7 1\n\
            1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 99 1\n";
        let socket = Socket { user: 33, inode: 99 };
        assert_eq!(listening(table, 8080), Some(socket));
        assert_eq!(listening(table, 8081), None);
        assert_eq!(user_name(0).unwrap(), "root");
    }
}
