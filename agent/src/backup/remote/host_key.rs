//! What an owner does where ssh refuses the host key of a server: one that nobody wrote down yet is looked at and
//! compared; one that is another than before is not taken without a reason.
//! Pure, and it trusts nobody: it only reads what ssh said, and no command of its making writes a key down by itself.

/// The system's own, which ssh reads for whoever runs it: the agent's unit has no home.
const KNOWN_HOSTS: &str = "/etc/ssh/ssh_known_hosts";
const PORT: &str = "22";

/// Advice in place of what ssh said, where that is about the host key.
pub(super) fn advice(said: &str) -> Option<String> {
    let between = |before: &str, after: &str| {
        let (_, rest) = said.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found.trim())
    };
    if let Some(host) = between("Host key for ", " has changed") {
        let offending = said.split_once("Offending ").map(|(_, rest)| rest);
        let line = offending.and_then(|rest| rest.lines().next()?.split_once(" key in "));
        return Some(changed(
            address(host),
            between("remote host is", "Please"),
            line.map(|(_, line)| line.trim()),
        ));
    }
    let host = between(" host key is known for ", " and you have requested")?;
    Some(unknown(address(host)))
}

fn unknown((host, port): (&str, &str)) -> String {
    format!(
        "the host key of {host} is not known here yet. `ssh-keyscan -p {port} {host} > host_key; ssh-keygen -lf host_key` shows its \
         fingerprint: compare it first with the one that whoever runs that server gives you, and only where it is the same: \
         `sudo tee -a {KNOWN_HOSTS} < host_key`"
    )
}

fn changed((host, port): (&str, &str), fingerprint: Option<&str>, line: Option<&str>) -> String {
    let shown = fingerprint.map_or_else(String::new, |found| format!(" ({})", found.trim_end_matches('.')));
    format!(
        "{host}, port {port}, shows ANOTHER host key{shown} than the one in {}: that server was set up anew, or somebody else \
         answers in its place. Nothing was sent there. Ask whoever runs it, by another way, whether its key was changed and \
         what its fingerprint is; only where both agree, replace the old line",
        line.unwrap_or(KNOWN_HOSTS)
    )
}

/// As the file of known hosts writes it: `host`, or `[host]:port` where the port is not the usual one.
fn address(known_as: &str) -> (&str, &str) {
    let other = known_as.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
    other.unwrap_or((known_as, PORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_on_its_usual_port_is_asked_there_and_other_words_are_left_alone() {
        let said = "No ED25519 host key is known for box.example and you have requested strict checking.\r\nHost key \
                    verification failed.";
        let told = advice(said).unwrap();
        assert!(
            told.contains("`ssh-keyscan -p 22 box.example > host_key"),
            "{told}"
        );
        assert_eq!(advice("Permission denied (publickey)."), None);
    }

    /// As OpenSSH 9.2 says it, with its own lines.
    #[test]
    fn a_key_that_is_another_than_before_is_told_with_what_it_may_mean_and_without_a_command_that_takes_it() {
        let said = "failed to connect: @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n\
                    The fingerprint for the ED25519 key sent by the remote host is\nSHA256:w7tYF.\r\n\
                    Please contact your system administrator.\r\n\
                    Add correct host key in /root/.ssh/known_hosts to get rid of this message.\r\n\
                    Offending ED25519 key in /etc/ssh/ssh_known_hosts:3\r\n  remove with:\r\n  ssh-keygen -R\r\n\
                    Host key for [box.example]:23 has changed and you have requested strict checking.\r\n";
        let told = advice(said).unwrap();
        for part in [
            "box.example, port 23, shows ANOTHER host key (SHA256:w7tYF)",
            "/etc/ssh/ssh_known_hosts:3:",
            "somebody else answers in its place",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("keyscan") && !told.contains("tee"), "{told}");
    }
}
