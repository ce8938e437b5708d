//! Asks a program of the system, such as systemctl, and waits for its answer within a limit.
//! It runs no shell, passes nothing in, and takes an answer of bounded length only.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// A few properties of a unit are a few hundred bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Of a program that took too long.
pub(super) const NO_ANSWER: &str = "no answer in time";
const WORD_CHARS_MAX: usize = 200;
const WORD_LIMIT: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Where programs of the system lie.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What the program wrote, when it ended well within the limit; else why there is no answer.
///
/// # Errors
/// That it is not there, failed, or took too long; then it was ended.
pub fn ask(program: &str, arguments: &[&str], limit: Duration) -> Result<String, String> {
    let started = Instant::now();
    // By its whole path: a name that the child must look for makes it a copy of this process first, page tables and all.
    let path = found(program).ok_or_else(|| format!("{program}: in none of {}", FOLDERS.join(", ")))?;
    let mut child = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("PATH", FOLDERS.join(":"))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let ended = wait(&mut child, started, limit);
    if ended.is_err() {
        // It may have ended in this moment; either way it is gone and waited for.
        let _ = child.kill();
        let _ = child.wait();
    }
    ended.map_err(|why| format!("{program}: {why}{}", last_word(&mut child)))?;
    let mut answer = String::new();
    if let Some(output) = child.stdout.take() {
        output
            .take(ANSWER_BYTES_MAX)
            .read_to_string(&mut answer)
            .map_err(|error| format!("{program}: {error}"))?;
    }
    Ok(answer)
}

fn found(program: &str) -> Option<PathBuf> {
    let mut places = FOLDERS.iter().map(|folder| Path::new(folder).join(program));
    places.find(|place| place.is_file())
}

/// The last line that it complained with, in brackets. What it left running may hold the other end for ever: who has not
/// come to an end by then is not heard.
fn last_word(child: &mut Child) -> String {
    let Some(stderr) = child.stderr.take() else {
        return String::new();
    };
    let (hear, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.take(ANSWER_BYTES_MAX).read_to_end(&mut said);
        let _ = hear.send(said);
    });
    let said = heard.recv_timeout(WORD_LIMIT).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map_or_else(String::new, |line| {
        let line: String = line.chars().take(WORD_CHARS_MAX).collect();
        format!(" ({line})")
    })
}

/// An answer that is longer than a pipe holds counts as none: the program waits for a reader, and runs into the limit.
fn wait(child: &mut Child, started: Instant, limit: Duration) -> Result<(), String> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) if started.elapsed() > limit => return Err(NO_ANSWER.to_owned()),
            Ok(None) => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The value of `NAME=value` in an answer of systemctl or timedatectl.
#[must_use]
pub fn property<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn an_answer_is_read_and_a_failure_or_a_hang_is_named() {
        assert_eq!(ask("printf", &["A=1\\nB=2\\n"], LIMIT).unwrap(), "A=1\nB=2\n");
        assert!(ask("false", &[], LIMIT).unwrap_err().contains("exit status: 1"));
        let said = ask("ls", &["/there/is/nothing"], LIMIT).unwrap_err();
        assert!(
            said.contains("exit status: 2 (") && said.contains("No such file"),
            "{said}"
        );
        assert!(ask("there-is-no-such-program", &[], LIMIT).is_err());
        let hung = ask("sleep", &["60"], Duration::from_millis(50)).unwrap_err();
        assert!(hung.contains("no answer in time"), "{hung}");
    }

    #[test]
    fn properties_are_found_by_their_whole_name() {
        let answer = "NRestartsX=9\nNRestarts=3\nResult=success\n";
        assert_eq!(property(answer, "NRestarts"), Some("3"));
        assert_eq!(property(answer, "Res"), None);
    }
}
