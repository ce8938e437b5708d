//! Whose limit was reached when the kernel killed for want of memory: what its log calls `constraint` and `oom_memcg`, from
//! the counters of cgroup v2, which anybody may read.
//! It reads no log, and looks only after a kill was counted. What it cannot tell apart counts as the machine's own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

pub(super) const CGROUPS: &str = "/sys/fs/cgroup";
/// A unit in a slice in a container is about as deep as this.
const DEPTH_MAX: usize = 8;
const GROUPS_MAX: usize = 5_000;

/// How often a group's limit was reached, and how often somebody in it was killed.
type Counts = (u64, u64);

/// Groups of processes in which memory was used up.
pub(super) struct Groups {
    root: PathBuf,
    /// The unit of the shop's bot.
    unit: String,
    /// The group that this agent runs in.
    own: PathBuf,
    before: BTreeMap<PathBuf, Counts>,
}

impl Groups {
    /// What has happened by now is history.
    pub(super) fn new(root: &Path, unit: &str, own: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            unit: unit.to_owned(),
            own: own.to_path_buf(),
            before: counts(root),
        }
    }

    /// The group whose own limit was reached since the last look, where neither the shop's bot nor this agent is in it: then
    /// the machine has memory, and the shop lost nothing.
    pub(super) fn elsewhere(&mut self) -> Option<PathBuf> {
        let after = counts(&self.root);
        // A limit may be reached and nobody killed: that one is not this kill's.
        let rose = |(group, (reached, killed)): &(&PathBuf, &Counts)| {
            let before = self.before.get(*group).copied().unwrap_or_default();
            *reached > before.0 && *killed > before.1
        };
        // What a group counts is counted in all above it too.
        let reached = after.iter().filter(rose).map(|(group, _)| group);
        let reached = reached.max_by_key(|group| group.components().count()).cloned();
        self.before = after;
        reached.filter(|group| !self.holds_the_shop(group))
    }

    fn holds_the_shop(&self, group: &Path) -> bool {
        let is_bots = |part: Component<'_>| part.as_os_str() == self.unit.as_str();
        self.own.starts_with(group) || group.starts_with(&self.own) || group.components().any(is_bots)
    }
}

/// The group that this process is in, as the one line of cgroup v2 says.
pub(super) fn own() -> PathBuf {
    let said = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = said.lines().find_map(|line| line.strip_prefix("0::/"));
    PathBuf::from(group.unwrap_or_default())
}

/// How often memory was used up in each group, below the root; groups in which it never was are left out.
fn counts(root: &Path) -> BTreeMap<PathBuf, Counts> {
    let (mut found, mut looked) = (BTreeMap::new(), 0);
    let mut waiting = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        looked += 1;
        let events = fs::read_to_string(folder.join("memory.events")).unwrap_or_default();
        let count = |name: &str| {
            let mut lines = events.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        };
        if let (Some(reached @ 1..), Ok(group)) = (count("oom"), folder.strip_prefix(root)) {
            found.insert(group.to_path_buf(), (reached, count("oom_kill").unwrap_or(0)));
        }
        if depth == DEPTH_MAX || looked >= GROUPS_MAX {
            continue;
        }
        let inner = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = inner.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        waiting.extend(folders.map(|entry| (entry.path(), depth + 1)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_somebody_elses_is_told_apart_from_the_shops_and_from_the_machines() {
        let root = tempfile::tempdir().unwrap();
        let count_of = |group: &str, reached: u64, killed: u64| {
            let folder = root.path().join(group);
            fs::create_dir_all(&folder).unwrap();
            // As Linux writes it.
            let text = format!("low 0\nhigh 0\nmax 7\noom {reached}\noom_kill {killed}\noom_group_kill 0\n");
            fs::write(folder.join("memory.events"), text).unwrap();
        };
        let count = |group: &str, count: u64| count_of(group, count, count);
        count("system.slice", 2);
        count("system.slice/docker-1.scope", 2);
        count("system.slice/bot.service", 0);
        let own = Path::new("system.slice/agent.service");
        let mut groups = Groups::new(root.path(), "bot.service", own);
        assert_eq!(groups.elsewhere(), None, "what was before the start is history");
        count("system.slice", 3);
        count("system.slice/docker-1.scope", 3);
        let found = groups.elsewhere();
        assert_eq!(found.as_deref(), Some(Path::new("system.slice/docker-1.scope")));
        assert_eq!(groups.elsewhere(), None, "the machine's own memory was used up");
        count("system.slice", 4);
        count("system.slice/bot.service", 1);
        assert_eq!(groups.elsewhere(), None, "the bot's own limit is the shop's");
        count("system.slice", 5);
        assert_eq!(groups.elsewhere(), None, "a limit over all of them is too");
        count_of("app.slice/job.scope", 1, 0);
        assert_eq!(groups.elsewhere(), None, "nobody was killed there");
        count_of("app.slice/job.scope", 2, 1);
        assert!(groups.elsewhere().is_some(), "one that began since");
    }
}
