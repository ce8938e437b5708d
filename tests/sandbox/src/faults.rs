//! Faults on demand: what goes wrong, for which calls, and how many times.
//! It only chooses; the servers act it out.

use serde::{Deserialize, Serialize};

/// Rules that may stand at once.
const RULES_MAX: usize = 1_000;

/// Whose calls are hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Telegram,
    Pakasir,
}

/// What happens to a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Answered rightly, but `delay_ms` late.
    Delay,
    /// Refused with `code` before any effect.
    Status,
    /// Done, then silence for `hold_ms`, then the connection is cut.
    TimeoutAfterEffect,
    /// The connection is cut at once, nothing is done.
    Down,
}

/// One rule, also its form in the control API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub target: Target,
    pub fault: Kind,
    /// Only calls of the bot with this username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<String>,
    /// Only this method, in any case: `sendMessage`, or `create-transaction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only calls about this chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// How many more calls are hit. Without it: all, until the rule is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// With code 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
}

/// A call, as far as rules look at it.
pub struct Call<'a> {
    pub target: Target,
    pub bot: &'a str,
    pub method: &'a str,
    pub chat_id: Option<i64>,
}

/// What a call has to go through. Built from the first rule that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Delay {
        delay_ms: u64,
    },
    Status {
        code: u16,
        description: Option<String>,
        retry_after_s: Option<u32>,
    },
    TimeoutAfterEffect {
        hold_ms: u64,
    },
    Down,
}

impl Fault {
    /// The name in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Delay { .. } => "delay",
            Fault::Status { .. } => "status",
            Fault::TimeoutAfterEffect { .. } => "timeout_after_effect",
            Fault::Down => "down",
        }
    }
}

/// All rules, oldest first.
#[derive(Default)]
pub struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    /// Adds a rule, or says what is wrong with it.
    pub fn add(&mut self, rule: Rule) -> Result<(), &'static str> {
        match rule.fault {
            Kind::Delay if rule.delay_ms.is_none() => return Err("fault delay needs delay_ms"),
            Kind::Status if !rule.code.is_some_and(|code| (400..600).contains(&code)) => {
                return Err("fault status needs code, 400 to 599");
            }
            _ if rule.times == Some(0) => return Err("times must be at least 1"),
            _ if self.rules.len() >= RULES_MAX => return Err("too many faults stand already"),
            _ => {}
        }
        self.rules.push(rule);
        Ok(())
    }

    /// The rules that still stand.
    pub fn standing(&self) -> &[Rule] {
        &self.rules
    }

    /// Ends all faults.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// What this call has to go through, counting it against the first rule that fits.
    pub fn take(&mut self, call: &Call<'_>) -> Option<Fault> {
        let at = self.rules.iter().position(|rule| rule.fits(call))?;
        let rule = &mut self.rules[at];
        let fault = rule.to_fault();
        if let Some(times) = &mut rule.times {
            *times -= 1;
            if *times == 0 {
                self.rules.remove(at);
            }
        }
        Some(fault)
    }
}

impl Rule {
    fn fits(&self, call: &Call<'_>) -> bool {
        let same = |wanted: &Option<String>, is: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.trim_start_matches('@').eq_ignore_ascii_case(is))
        };
        self.target == call.target
            && same(&self.bot, call.bot)
            && same(&self.method, call.method)
            && self.chat_id.is_none_or(|chat| call.chat_id == Some(chat))
    }

    fn to_fault(&self) -> Fault {
        match self.fault {
            Kind::Delay => Fault::Delay {
                delay_ms: self.delay_ms.unwrap_or_default(),
            },
            Kind::Status => Fault::Status {
                code: self.code.unwrap_or(500),
                description: self.description.clone(),
                retry_after_s: self.retry_after_s,
            },
            Kind::TimeoutAfterEffect => Fault::TimeoutAfterEffect {
                hold_ms: self.hold_ms.unwrap_or(60_000),
            },
            Kind::Down => Fault::Down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(value: serde_json::Value) -> Rule {
        serde_json::from_value(value).unwrap()
    }

    fn call<'a>(method: &'a str, bot: &'a str) -> Call<'a> {
        Call {
            target: Target::Telegram,
            bot,
            method,
            chat_id: Some(7),
        }
    }

    #[test]
    fn a_rule_hits_as_often_as_it_says_and_no_more() {
        let mut faults = Faults::default();
        faults
            .add(rule(
                json!({"target": "telegram", "method": "SendMessage", "fault": "down", "times": 2}),
            ))
            .unwrap();
        assert_eq!(faults.take(&call("getMe", "shop")), None);
        assert_eq!(faults.take(&call("sendMessage", "shop")), Some(Fault::Down));
        assert_eq!(faults.take(&call("sendMessage", "shop")), Some(Fault::Down));
        assert_eq!(faults.take(&call("sendMessage", "shop")), None);
    }

    #[test]
    fn a_rule_for_one_bot_spares_the_other() {
        let mut faults = Faults::default();
        faults
            .add(rule(
                json!({"target": "telegram", "bot": "@owner_bot", "fault": "down"}),
            ))
            .unwrap();
        assert_eq!(faults.take(&call("sendMessage", "shop")), None);
        assert_eq!(faults.take(&call("sendMessage", "owner_bot")), Some(Fault::Down));
    }

    #[test]
    fn a_rule_that_cannot_be_acted_out_is_refused() {
        let mut faults = Faults::default();
        assert!(
            faults
                .add(rule(json!({"target": "pakasir", "fault": "delay"})))
                .is_err()
        );
        assert!(
            faults
                .add(rule(json!({"target": "pakasir", "fault": "status", "code": 200})))
                .is_err()
        );
        assert!(
            serde_json::from_value::<Rule>(json!({"target": "pakasir", "fault": "down", "time": 1})).is_err()
        );
    }
}
