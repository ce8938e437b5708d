//! Whose disk a disk is: what its trouble means for the shop hangs on that. The key of an alert carries it, so that it is
//! known wherever the alert is.
//! It looks at no disk.

use super::rule::AlertKey;

/// What a disk is for, the gravest first: of several on one disk the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The database, the system, or a file that is backed up.
    Shop,
    /// The agent's own state: alerts, and backups on their way.
    State,
    /// A place for backups.
    Remote,
    /// Logs.
    Logs,
    /// What the owner named, and nothing of the shop or the agent.
    Named,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Shop, Self::State, Self::Remote, Self::Logs, Self::Named];

    /// The key of a question about a disk of this role.
    #[must_use]
    pub fn key(self, question: &str, mount: &str) -> AlertKey {
        AlertKey::new(&format!("{question}{}", self.suffix()), mount)
    }

    /// The role in a stored key; the gravest where it names none.
    #[must_use]
    pub fn of_key(key: &str) -> Self {
        let kind = key.split_once('/').map_or(key, |(kind, _)| kind);
        let named = |role: &Self| *role != Self::Shop && kind.ends_with(role.suffix());
        Self::ALL.into_iter().find(named).unwrap_or(Self::Shop)
    }

    /// What a stored key asks, whatever the role.
    #[must_use]
    pub fn question_of(key: &str) -> &str {
        let kind = key.split_once('/').map_or(key, |(kind, _)| kind);
        kind.strip_suffix(Self::of_key(key).suffix()).unwrap_or(kind)
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Shop => "",
            Self::State => "_of_state",
            Self::Remote => "_of_remote",
            Self::Logs => "_of_logs",
            Self::Named => "_of_named",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_role_whatever_the_mount_is_called() {
        for role in Role::ALL {
            let key = role.key("disk_writes", "/mnt/disk_of_logs/x");
            assert_eq!(Role::of_key(key.as_str()), role, "{key}");
            assert_eq!(key.object(), "/mnt/disk_of_logs/x");
            assert_eq!(Role::question_of(key.as_str()), "disk_writes");
        }
        assert!(Role::ALL.is_sorted(), "the gravest first");
    }
}
