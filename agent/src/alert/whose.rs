//! Whose log a log is, as the watch tells it with an alert and the advice is chosen by: what mends the bot's log is of no
//! use for another program's.
//! It looks at no process and no file.

use protocol::incident::FACTS_BETWEEN;

const BOT: &str = "bot";
const ANOTHER: &str = "-";

/// Whose log it is, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The bot's.
    Bot,
    /// Of this program: its unit, else its name.
    Program(String),
    /// Not the bot's.
    Another,
}

impl Whose {
    /// What is added to the detail of an alert about that log.
    #[must_use]
    pub fn note(&self) -> String {
        let whose = match self {
            Self::Bot => BOT,
            Self::Program(name) => name,
            Self::Another => ANOTHER,
        };
        format!("{FACTS_BETWEEN}{whose}")
    }

    /// What an alert's detail says, and whose log it is about; `unit` is the bot's.
    #[must_use]
    pub fn of_detail<'a>(detail: &'a str, unit: &str) -> (&'a str, Option<Self>) {
        let Some((rest, whose)) = detail.rsplit_once(FACTS_BETWEEN) else {
            return (detail, None);
        };
        let whose = match whose {
            ANOTHER => Self::Another,
            name if name == BOT || name == unit => Self::Bot,
            name => Self::Program(name.to_owned()),
        };
        (rest, Some(whose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_log_it_is_travels_with_the_detail() {
        let program = |name: &str| Whose::Program(name.to_owned());
        for (whose, read) in [
            (Whose::Bot, Whose::Bot),
            (Whose::Another, Whose::Another),
            (program("nginx.service"), program("nginx.service")),
            (program("bot.service"), Whose::Bot),
        ] {
            let detail = format!("/var/log/x.log: 3 GiB{}", whose.note());
            assert_eq!(
                Whose::of_detail(&detail, "bot.service"),
                ("/var/log/x.log: 3 GiB", Some(read))
            );
        }
        assert_eq!(Whose::of_detail("/x: 1 h", "bot.service"), ("/x: 1 h", None));
    }
}
