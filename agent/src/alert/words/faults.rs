//! What the system, SQLite, TLS, a name server or a storage says when something fails, told by its kind: for an owner who
//! reads neither English nor errno.
//! Pure. What no kind is known of stays in its own words, and the log keeps those of every one.

use self::status::status;
use crate::config::Language;

mod status;

/// Of a disk with room whose inodes are used up.
pub(super) const NO_FILES: &str = "can hold no more files";

/// One kind: how it is said outside, and what is told for it.
pub(super) struct Fault {
    /// Pieces of what is said, in lower case; one of them is enough.
    said: &'static [&'static str],
    /// The same as an HTTP status.
    statuses: &'static [u16],
    id: &'static str,
    en: &'static str,
}

/// The particular before the general: the first that fits is told.
static FAULTS: &[Fault] = &[
    Fault {
        said: &["bot was blocked by the user"],
        statuses: &[],
        id: "bot agent diblokir di obrolan itu",
        en: "the agent's bot is blocked in that chat",
    },
    Fault {
        said: &["bot can't initiate conversation"],
        statuses: &[],
        id: "Start belum ditekan di obrolan itu dengan bot agent",
        en: "Start was never pressed in that chat with the agent's bot",
    },
    Fault {
        said: &["chat not found", "user is deactivated"],
        statuses: &[],
        id: "Telegram tidak mengenal obrolan itu",
        en: "Telegram does not know that chat",
    },
    Fault {
        said: &[
            "disk quota exceeded",
            "quota exceeded",
            "quotaexceeded",
            "insufficient storage",
        ],
        statuses: &[507],
        id: "jatah tempat di sana habis",
        en: "the quota there is used up",
    },
    Fault {
        said: &[NO_FILES],
        statuses: &[],
        id: "disknya tidak muat berkas lagi walaupun masih ada tempat (inode habis)",
        en: "its disk can hold no more files, however much room there is (no inodes)",
    },
    Fault {
        said: &["no space left on device", "database or disk is full", "enospc"],
        statuses: &[],
        id: "disknya penuh",
        en: "the disk is full",
    },
    Fault {
        said: &[
            "read-only file system",
            "readonly database",
            "read-only filesystem",
        ],
        statuses: &[],
        id: "disk atau berkasnya tidak dapat ditulis, hanya dibaca",
        en: "its disk or file takes no writes",
    },
    Fault {
        said: &["disk i/o error", "input/output error"],
        statuses: &[],
        id: "disk gagal membaca atau menulis, mungkin mulai rusak",
        en: "the disk fails to read or write, and may be dying",
    },
    Fault {
        said: &["database disk image is malformed", "file is not a database"],
        statuses: &[],
        id: "isi database rusak",
        en: "what is in the database is damaged",
    },
    Fault {
        said: &[
            "database is locked",
            "database table is locked",
            "database schema is locked",
        ],
        statuses: &[],
        id: "database sedang dipegang program lain",
        en: "another program holds the database",
    },
    Fault {
        said: &["unable to open database file"],
        statuses: &[],
        id: "berkas database tidak dapat dibuka",
        en: "the database's file cannot be opened",
    },
    Fault {
        said: &["too many open files"],
        statuses: &[],
        id: "terlalu banyak berkas terbuka sekaligus",
        en: "too many files are open at once",
    },
    Fault {
        said: &["cannot allocate memory", "out of memory"],
        statuses: &[],
        id: "memori server habis",
        en: "the server has no memory left",
    },
    Fault {
        said: &[
            "has not been booted with systemd",
            "failed to connect to bus",
            "failed to connect to system scope bus",
        ],
        statuses: &[],
        id: "systemd tidak berjalan di sini",
        en: "no systemd runs here",
    },
    Fault {
        said: &["interactive authentication required"],
        statuses: &[],
        id: "agent tidak diizinkan melakukannya",
        en: "the agent is not allowed to do that",
    },
    Fault {
        said: &[
            "failed to lookup address",
            "name or service not known",
            "name resolution",
            "dns error",
            "nxdomain",
        ],
        statuses: &[],
        id: "nama alamatnya tidak ditemukan (DNS)",
        en: "the name of its address is not found (DNS)",
    },
    Fault {
        said: &[
            "network is unreachable",
            "no route to host",
            "host is unreachable",
            "network unreachable",
        ],
        statuses: &[],
        id: "tidak ada jalur jaringan ke sana",
        en: "no network leads there",
    },
    Fault {
        said: &[
            "certificate has expired",
            "certificate expired",
            "certexpired",
            "certificate: expired",
        ],
        statuses: &[],
        id: "sertifikat (TLS) di sana sudah kedaluwarsa",
        en: "the certificate there (TLS) has expired",
    },
    Fault {
        said: &[
            "notvalidforname",
            "not valid for name",
            "certificate not valid for",
        ],
        statuses: &[],
        id: "sertifikat (TLS) di sana milik nama lain",
        en: "the certificate there (TLS) is of another name",
    },
    Fault {
        said: &[
            "unknownissuer",
            "unknown issuer",
            "self-signed",
            "self signed",
            "unknownca",
            "local issuer",
            "invalid peer certificate",
        ],
        statuses: &[],
        id: "sertifikat (TLS) di sana tidak dapat dipercaya",
        en: "the certificate there (TLS) cannot be trusted",
    },
    Fault {
        said: &["handshake", "tls error", "corrupt message", "invalidcontenttype"],
        statuses: &[],
        id: "sambungan aman (TLS) tidak terbentuk",
        en: "no secure connection (TLS) came about",
    },
    Fault {
        said: &["host key verification failed", "host key"],
        statuses: &[],
        id: "kunci server SSH di sana belum dikenal atau berubah",
        en: "the SSH key of the server there is not known or has changed",
    },
    Fault {
        said: &["it has no credentials"],
        statuses: &[],
        id: "kuncinya (REMOTE_<NAMA>_…) belum disimpan di server",
        en: "its credentials (REMOTE_<NAME>_…) are not stored on the server",
    },
    Fault {
        said: &[
            "unauthorized",
            "invalidaccesskeyid",
            "signaturedoesnotmatch",
            "authentication failed",
            "invalid credentials",
            "accessdenied: invalid",
            "authentication fail",
        ],
        statuses: &[401],
        id: "kunci atau kata sandi ditolak",
        en: "the key or password is refused",
    },
    Fault {
        said: &[
            "permission denied",
            "operation not permitted",
            "access denied",
            "accessdenied",
            "permissiondenied",
            "forbidden",
        ],
        statuses: &[403],
        id: "akses ditolak karena tidak ada izin",
        en: "access is denied, since there is no permission for it",
    },
    Fault {
        said: &["nosuchbucket", "bucket does not exist"],
        statuses: &[],
        id: "bucket itu tidak ada",
        en: "there is no such bucket",
    },
    Fault {
        said: &["no such file or directory", "not found", "notfound", "nosuchkey"],
        statuses: &[404, 410],
        id: "tidak ada di sana",
        en: "it is not there",
    },
    Fault {
        said: &[
            "too many requests",
            "slowdown",
            "slow down",
            "ratelimited",
            "rate limit",
        ],
        statuses: &[429],
        id: "terlalu sering ditanya, jadi minta jeda",
        en: "it was asked too often and wants a pause",
    },
    Fault {
        said: &["connection refused"],
        statuses: &[],
        id: "sambungan ditolak karena tidak ada yang menjawab di alamat itu",
        en: "the connection is refused, since nobody answers at that address",
    },
    Fault {
        said: &[
            "connection reset",
            "connection closed",
            "connection aborted",
            "broken pipe",
            "unexpected eof",
            "unexpected end of file",
            "incompletemessage",
            "connection was cut",
        ],
        statuses: &[],
        id: "sambungan terputus di tengah jalan",
        en: "the connection broke off",
    },
    Fault {
        said: &[
            "timed out",
            "timeout",
            "time out",
            "deadline has elapsed",
            "in time",
            "did not answer within",
        ],
        statuses: &[408, 504],
        id: "tidak menjawab pada waktunya",
        en: "it did not answer in time",
    },
    Fault {
        said: &[
            "service unavailable",
            "bad gateway",
            "internal server error",
            "serviceunavailable",
            "internalerror",
        ],
        statuses: &[500, 502, 503],
        id: "sedang terganggu di sana; biasanya pulih sendiri",
        en: "there is trouble on its side, which usually passes",
    },
];

/// What is said outside, in the owner's language, behind the file, host or way that it begins with. `None` for what no
/// kind is known of.
pub(in crate::alert) fn fault(language: Language, text: &str) -> Option<String> {
    let is_name = !text.contains(char::is_whitespace) && text.contains(['/', '.']);
    if is_name {
        return None;
    }
    let (about, said) = about(text);
    let fault = kind(said)?;
    let told = match language {
        Language::Id => fault.id,
        Language::En => fault.en,
    };
    Some(about.map_or_else(|| told.to_owned(), |about| format!("{about}: {told}")))
}

/// What it is about, where that stands in front: one word before the colon, or the path that ends what was being done.
fn about(text: &str) -> (Option<&str>, &str) {
    let Some((before, said)) = text.split_once(": ") else {
        return (None, text);
    };
    let last = before.rsplit(' ').next().unwrap_or(before);
    let is_about = kind(said).is_some() && (last == before || last.starts_with('/')) && kind(last).is_none();
    match is_about {
        true => (Some(last), said),
        false => (None, text),
    }
}

pub(super) fn kind(said: &str) -> Option<&'static Fault> {
    let said = said.to_lowercase();
    let status = status(&said);
    FAULTS.iter().find(|fault| {
        let is_status = status.is_some_and(|status| fault.statuses.contains(&status));
        is_status || fault.said.iter().any(|piece| said.contains(piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        fault(Language::Id, text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn what_the_system_says_is_told_by_its_kind_behind_what_it_is_about() {
        for errno in [28, 122, 30, 5, 24, 12, 13, 1, 2, 111, 104, 32, 110, 101, 113] {
            let said = std::io::Error::from_raw_os_error(errno).to_string();
            assert!(fault(Language::Id, &said).is_some(), "{said}");
        }
        let full = std::io::Error::from_raw_os_error(28);
        assert_eq!(
            told(&format!("writing /var/lib/x/spool: {full}")),
            "/var/lib/x/spool: disknya penuh"
        );
        assert_eq!(
            told("shop.example: Connection refused (os error 111)"),
            "shop.example: sambungan ditolak karena tidak ada yang menjawab di alamat itu"
        );
        assert_eq!(
            told("storing it: database is locked"),
            "database sedang dipegang program lain"
        );
    }

    #[test]
    fn what_sqlite_says_is_told_by_its_kind() {
        use rusqlite::ffi;
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_NOMEM,
        ] {
            let code = ffi::Error::new(code);
            let said = rusqlite::Error::SqliteFailure(code, None).to_string();
            assert!(fault(Language::Id, &said).is_some(), "{said}");
            // What the connection itself says of it is shorter.
            let said = ffi::code_to_str(code.extended_code);
            assert!(fault(Language::Id, said).is_some(), "{said}");
        }
    }

    #[test]
    fn what_storages_and_ways_say_is_told_by_its_kind() {
        for (said, id) in [
            (
                "Access Denied (AccessDenied)",
                "akses ditolak karena tidak ada izin",
            ),
            (
                "the server answered with status 507",
                "jatah tempat di sana habis",
            ),
            (
                "the server answered with status 503",
                "sedang terganggu di sana; biasanya pulih sendiri",
            ),
            (
                "SlowDown: Please reduce your request rate",
                "terlalu sering ditanya, jadi minta jeda",
            ),
            ("401 Unauthorized: Unauthorized", "kunci atau kata sandi ditolak"),
            (
                "403 Forbidden: Forbidden: bot was blocked by the user",
                "bot agent diblokir di obrolan itu",
            ),
            (
                "ntfy: 429 Too Many Requests",
                "ntfy: terlalu sering ditanya, jadi minta jeda",
            ),
            ("no connection in time", "tidak menjawab pada waktunya"),
            (
                "invalid peer certificate: UnknownIssuer",
                "sertifikat (TLS) di sana tidak dapat dipercaya",
            ),
            (
                "dns error: failed to lookup address information",
                "nama alamatnya tidak ditemukan (DNS)",
            ),
        ] {
            assert_eq!(told(said), id, "{said}");
            let en = fault(Language::En, said).unwrap();
            assert!(en != id && !en.is_empty(), "{en}");
        }
    }

    #[test]
    fn names_and_what_nobody_knows_stay() {
        for said in [
            "/mnt/timeout/forbidden.log",
            "permission-denied.example",
            "*** in database main *** Tree 5 page 6: btreeInitPage() returns error code 11",
            "12 objects of 404 are missing",
            "offsite",
        ] {
            assert_eq!(fault(Language::Id, said), None, "{said}");
        }
    }
}
