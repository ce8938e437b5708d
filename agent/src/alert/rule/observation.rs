//! What a probe says it saw, and what that means for an alert that may already stand.
//! Pure; it knows nothing of time: how long something lasts is for `state`.

use std::fmt;

use super::{Rule, Threshold};

/// What an alert is about, `<kind>/<object>`: one alert at a time each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertKey(String);

impl AlertKey {
    /// A key of these two parts; the kind holds no slash.
    #[must_use]
    pub fn new(kind: &str, object: &str) -> Self {
        Self(format!("{kind}/{object}"))
    }

    /// The key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the first slash.
    #[must_use]
    pub fn object(&self) -> &str {
        object_of(&self.0)
    }
}

/// The part of a stored key after the first slash.
#[must_use]
pub fn object_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, object)| object)
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a probe saw of one key. A probe that could not look says nothing at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Nothing is wrong.
    Fine,
    /// Something is.
    Wrong {
        /// What.
        rule: Rule,
        /// What the probe knows beyond the rule, for the owner to read: without secrets, names and item contents.
        detail: String,
    },
    /// A figure, to be held against the thresholds of these rules.
    Measured {
        /// Rules about the same figure, mildest first; each has a threshold.
        rules: &'static [Rule],
        /// The figure, in the unit of the thresholds.
        value: f64,
        /// As above.
        detail: String,
    },
}

impl Observation {
    /// Something wrong of which there is no more to say.
    #[must_use]
    pub fn wrong(rule: Rule) -> Self {
        Self::Wrong {
            rule,
            detail: String::new(),
        }
    }

    /// A figure of which there is no more to say.
    #[must_use]
    pub fn measured(rules: &'static [Rule], value: f64) -> Self {
        Self::Measured {
            rules,
            value,
            detail: String::new(),
        }
    }
}

/// What was seen, once thresholds have been applied.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::alert) enum Seen {
    /// Nothing is wrong.
    Fine,
    /// Something is.
    Wrong {
        rule: Rule,
        detail: String,
        value: Option<f64>,
    },
}

impl Observation {
    /// Whether something is wrong by it, where nothing was before.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        judge(None, self.clone()) != Seen::Fine
    }
}

/// `firing` is the rule that stands for this key: it holds until its figure is beyond the lower line.
pub(in crate::alert) fn judge(firing: Option<Rule>, observation: Observation) -> Seen {
    judge_by(firing, observation, |rule| rule.spec().threshold)
}

fn judge_by(
    firing: Option<Rule>,
    observation: Observation,
    threshold: impl Fn(Rule) -> Option<Threshold>,
) -> Seen {
    match observation {
        Observation::Fine => Seen::Fine,
        Observation::Wrong { rule, detail } => Seen::Wrong {
            rule,
            detail,
            value: None,
        },
        Observation::Measured { rules, value, detail } => {
            let stands = |rule: Rule| {
                threshold(rule).is_some_and(|line| {
                    line.is_raised_by(value) || (firing == Some(rule) && !line.is_cleared_by(value))
                })
            };
            let gravest = rules.iter().rev().find(|rule| stands(**rule));
            gravest.map_or(Seen::Fine, |rule| Seen::Wrong {
                rule: *rule,
                detail,
                value: Some(value),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Unit, *};

    /// Any two rules serve: only their lines matter here.
    const LADDER: &[Rule] = &[Rule::BackupFailed, Rule::BackupOld];

    fn lines(rule: Rule) -> Option<Threshold> {
        let (raise, clear) = if rule == Rule::BackupFailed {
            (80.0, 70.0)
        } else {
            (95.0, 90.0)
        };
        Some(Threshold {
            raise,
            clear,
            unit: Unit::Percent,
        })
    }

    #[test]
    fn the_gravest_line_that_was_crossed_counts_until_the_figure_is_beyond_its_lower_one() {
        let (mild, grave) = (Some(Rule::BackupFailed), Some(Rule::BackupOld));
        let cases = [
            (None, 79.0, None),
            (None, 80.0, mild),
            (None, 96.0, grave),
            (mild, 75.0, mild),
            (mild, 69.0, None),
            (mild, 92.0, mild),
            (grave, 92.0, grave),
            (grave, 89.0, mild),
            (grave, 75.0, None),
        ];
        for (firing, value, expected) in cases {
            let seen = judge_by(firing, Observation::measured(LADDER, value), lines);
            let rule = match seen {
                Seen::Fine => None,
                Seen::Wrong { rule, .. } => Some(rule),
            };
            assert_eq!(rule, expected, "{firing:?} at {value}");
        }
    }
}
