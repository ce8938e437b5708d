//! How a process of the agent's own died, in Indonesian.
//! What it said last is told in its own words.

/// As they are written down and as they are told.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    ("{}; its last words were: {}", "{}; kata-kata terakhirnya: {}"),
    (
        "the process that was to do it was killed (SIGKILL), as the system does where memory is used up",
        "proses yang mengerjakannya dimatikan paksa (SIGKILL), seperti yang dilakukan sistem bila memori habis",
    ),
    (
        "the process that was to do it ended with {}",
        "proses yang mengerjakannya berakhir dengan {}",
    ),
];
