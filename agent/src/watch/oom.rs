//! Whose limit was reached when the kernel killed for want of memory: what its log calls `constraint` and `oom_memcg`, from
//! the counters of cgroup v2, which anybody may read.
//! It reads no log, and asks for a reason only after a kill was counted. What it cannot tell apart it calls unknown.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

pub(super) const CGROUPS: &str = "/sys/fs/cgroup";
/// What happened in a group; the root of all has none.
const EVENTS: &str = "memory.events";
/// Where systemd puts a unit that names no slice.
const USUAL_SLICE: &str = "system.slice";
/// A unit in a slice in a container is about as deep as this.
const DEPTH_MAX: usize = 8;
const GROUPS_MAX: usize = 5_000;

/// Whose memory was used up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// What the limit of a group allows in which neither the shop's bot nor this agent is.
    Others(PathBuf),
    /// Not known.
    Unknown,
    /// What the limit of this group allows, in which one of both is.
    Shops(PathBuf),
    /// The machine's.
    Machines,
}

/// What happened in a group and in all below it.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// How often a limit was reached.
    reached: u64,
    /// How often it was this group's own limit; `None` where the kernel (before 5.2) does not tell.
    reached_here: Option<u64>,
    /// How often somebody was killed.
    killed: u64,
}

/// Groups of processes in which memory was used up.
pub(super) struct Groups {
    root: PathBuf,
    /// The group of the shop's bot.
    shop: PathBuf,
    /// That group's number: another one is a bot that was started since.
    shop_number: Option<u64>,
    /// The group that this agent runs in.
    own: PathBuf,
    before: BTreeMap<PathBuf, Counts>,
}

impl Groups {
    /// What has happened by now is history.
    pub(super) fn new(root: &Path, unit: &str, own: &Path) -> Self {
        let mut groups = Self {
            root: root.to_path_buf(),
            shop: Path::new(USUAL_SLICE).join(unit),
            shop_number: None,
            own: own.to_path_buf(),
            before: BTreeMap::new(),
        };
        groups.before = groups.counts();
        groups.shop_number = groups.number_of_shop();
        groups
    }

    /// Remembers which bot runs, after a look in which nobody was killed.
    pub(super) fn all_well(&mut self) {
        self.shop_number = self.number_of_shop();
    }

    /// Whose memory was used up since the last look: where neither the shop's bot nor this agent is in the group whose own limit
    /// was reached, the machine has memory, and the shop lost nothing. Where that group ended with its last process, it is the
    /// one that it was in.
    pub(super) fn whose(&mut self) -> Whose {
        let after = self.counts();
        let before = |group: &Path| self.before.get(group).copied().unwrap_or_default();
        let rose = |(group, now): &(&PathBuf, &Counts)| {
            // A limit may be reached and nobody killed: that one is not this kill's.
            now.reached > before(group).reached && now.killed > before(group).killed
        };
        // What a group counts is counted in all above it too.
        let innermost = after
            .iter()
            .filter(rose)
            .max_by_key(|(group, _)| group.components().count());
        let is_gone = innermost.is_some_and(|(group, now)| {
            let here = now
                .reached_here
                .zip(Some(before(group).reached_here.unwrap_or(0)));
            here.is_some_and(|(now, before)| now == before)
        });
        let reached = innermost.map(|(group, _)| group.clone());
        let is_killed = after.iter().any(|(group, now)| now.killed > before(group).killed);
        self.before = after;
        let shop_before = self.shop_number;
        self.all_well();
        // Of the shop's groups the agent's goes on; the bot's would have ended with it.
        let is_bot_gone = self.shop_number.is_none() || self.shop_number != shop_before;
        match reached {
            // A kill that reached no limit is the machine's, where every limit is seen: not from within a container.
            None if is_killed && !self.root.join(EVENTS).exists() => Whose::Machines,
            None => Whose::Unknown,
            Some(_) if is_gone && is_bot_gone => Whose::Unknown,
            Some(group) if is_gone => Whose::Others(group),
            Some(group) => self.of_limit(group),
        }
    }

    /// The same of a group by the kernel's name of it, which is another one in a container.
    pub(super) fn of_logged(&self, group: PathBuf) -> Whose {
        match self.root.join(EVENTS).exists() {
            true => Whose::Unknown,
            false => self.of_limit(group),
        }
    }

    /// Whose limit that is. Where nobody knows in which group the bot is, it may be in this one.
    pub(super) fn of_limit(&self, group: PathBuf) -> Whose {
        let bot = self.shop.file_name();
        let is_bots = |part: Component<'_>| Some(part.as_os_str()) == bot;
        let is_root = self.own.as_os_str().is_empty();
        let is_own = self.own.starts_with(&group) || (!is_root && group.starts_with(&self.own));
        match is_own || group.components().any(is_bots) {
            true => Whose::Shops(group),
            false => Whose::Others(group),
        }
    }

    fn number_of_shop(&self) -> Option<u64> {
        fs::metadata(self.root.join(&self.shop))
            .ok()
            .map(|found| found.ino())
    }

    /// How often memory was used up in each group, below the root; groups in which it never was, and nobody killed, are left out.
    fn counts(&mut self) -> BTreeMap<PathBuf, Counts> {
        let (mut found, mut looked) = (BTreeMap::new(), 0);
        let mut waiting = vec![(self.root.clone(), 0)];
        while let Some((folder, depth)) = waiting.pop() {
            looked += 1;
            let group = folder.strip_prefix(&self.root).unwrap_or(&folder).to_path_buf();
            if group.file_name().is_some() && group.file_name() == self.shop.file_name() {
                self.shop.clone_from(&group);
            }
            if let Some(counts) = counted(&folder) {
                found.insert(group, counts);
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
}

/// `None` where no limit was ever reached and nobody killed.
fn counted(folder: &Path) -> Option<Counts> {
    let events = fs::read_to_string(folder.join(EVENTS)).ok()?;
    let reached = count(&events, "oom")?;
    let killed = count(&events, "oom_kill").unwrap_or(0);
    let own = fs::read_to_string(folder.join("memory.events.local")).ok();
    (reached > 0 || killed > 0).then_some(Counts {
        reached,
        reached_here: own.and_then(|events| count(&events, "oom")),
        killed,
    })
}

fn count(events: &str, name: &str) -> Option<u64> {
    let mut lines = events.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// The group that limits the memory of this process: that of cgroup v1 where it counts memory, else that of v2.
pub(super) fn own() -> PathBuf {
    own_of(&fs::read_to_string("/proc/self/cgroup").unwrap_or_default())
}

fn own_of(said: &str) -> PathBuf {
    let of_memory = |line: &'_ str| -> Option<PathBuf> {
        let (kinds, group) = line.split_once(':')?.1.split_once(":/")?;
        kinds
            .split(',')
            .any(|kind| kind == "memory")
            .then(|| PathBuf::from(group))
    };
    let of_all = |line: &str| line.strip_prefix("0::/").map(PathBuf::from);
    let found = said.lines().find_map(of_memory);
    found
        .or_else(|| said.lines().find_map(of_all))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Groups {
        fn elsewhere(&mut self) -> Option<PathBuf> {
            match self.whose() {
                Whose::Others(group) => Some(group),
                Whose::Shops(_) | Whose::Machines | Whose::Unknown => None,
            }
        }
    }

    #[test]
    fn a_kill_that_reached_no_limit_is_the_machines_only_where_every_limit_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let write = |group: &str, reached: u64, killed: u64| {
            let folder = root.path().join(group);
            fs::create_dir_all(&folder).unwrap();
            let text = format!("max 7\noom {reached}\noom_kill {killed}\n");
            fs::write(folder.join(EVENTS), text).unwrap();
        };
        write("system.slice/bot.service", 0, 0);
        let mut groups = Groups::new(
            root.path(),
            "bot.service",
            Path::new("system.slice/agent.service"),
        );
        assert_eq!(
            groups.whose(),
            Whose::Unknown,
            "whoever was killed is in no group that is there"
        );
        write("system.slice/proxy.service", 0, 1);
        assert_eq!(groups.whose(), Whose::Machines);
        write("system.slice/bot.service", 1, 1);
        let bot = PathBuf::from("system.slice/bot.service");
        assert_eq!(groups.whose(), Whose::Shops(bot));
        let logged = || PathBuf::from("docker/1");
        assert_eq!(groups.of_logged(logged()), Whose::Others(logged()));
        write("", 0, 2);
        assert_eq!(
            groups.of_logged(logged()),
            Whose::Unknown,
            "that is its name outside"
        );
        write("system.slice/proxy.service", 0, 2);
        assert_eq!(
            groups.whose(),
            Whose::Unknown,
            "a container's own limit is seen from outside alone"
        );
    }

    #[test]
    fn the_own_group_is_that_which_limits_memory_and_who_is_in_the_root_of_all_is_in_no_other() {
        let both = "5:cpu,memory:/jobs/agent\n1:name=systemd:/\n0::/\n";
        assert_eq!(own_of(both), Path::new("jobs/agent"));
        assert_eq!(
            own_of("0::/system.slice/agent.service\n"),
            Path::new("system.slice/agent.service")
        );
        let root = tempfile::tempdir().unwrap();
        let groups = Groups::new(root.path(), "bot.service", Path::new(""));
        let others = PathBuf::from("jobs");
        assert_eq!(groups.of_limit(others.clone()), Whose::Others(others));
    }

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

    #[test]
    fn a_unit_that_ended_with_its_only_program_is_told_apart_from_the_shops_bot() {
        let root = tempfile::tempdir().unwrap();
        let write = |group: &str, name: &str, count: u64| {
            let text = format!("max 7\noom {count}\noom_kill {count}\n");
            fs::write(root.path().join(group).join(name), text).unwrap();
        };
        // Its limit is that of somebody in it.
        let reached = |count: u64| {
            write("system.slice", "memory.events", count);
            write("system.slice", "memory.events.local", 0);
        };
        let bot = root.path().join("system.slice/bot.service");
        fs::create_dir_all(&bot).unwrap();
        let mut groups = Groups::new(
            root.path(),
            "bot.service",
            Path::new("system.slice/agent.service"),
        );
        groups.all_well();
        reached(1);
        let found = groups.elsewhere();
        assert_eq!(
            found.as_deref(),
            Some(Path::new("system.slice")),
            "systemd removed the unit's group"
        );

        // As systemd starts it again: a new group of the same name. The old one's number is not given out at once.
        fs::rename(&bot, root.path().join("ended")).unwrap();
        fs::create_dir(&bot).unwrap();
        reached(2);
        assert_eq!(groups.elsewhere(), None, "the bot was killed and is back");
        groups.all_well();
        fs::remove_dir(&bot).unwrap();
        reached(3);
        assert_eq!(groups.elsewhere(), None, "the bot was killed");
        fs::create_dir(&bot).unwrap();
        groups.all_well();
        reached(4);
        assert!(
            groups.elsewhere().is_some(),
            "a bot that was started in between is no sign"
        );

        write("system.slice", "memory.events", 5);
        write("system.slice", "memory.events.local", 1);
        assert_eq!(
            groups.elsewhere(),
            None,
            "a limit over all of them is the shop's too"
        );
    }
}
