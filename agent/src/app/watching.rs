//! Which questions are asked on this machine, as the configuration says.
//! It asks none of them itself.

use std::{path::PathBuf, sync::Arc, time::Instant};

use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::runtime::Handle;

use super::WATCH_LIMIT;
use crate::{
    alert::{Alerts, role::Role},
    beat::Beats,
    config::{Config, RemoteKind},
    store::Store,
    watch::{
        board::Board,
        bot_health::{BOT_LOOP, BotWatch},
        bot_link::BotLink,
        capture::Capture,
        certificate::Certificates,
        clock::Clock,
        cpu::Cpu,
        credentials::Credentials,
        cycle::Cycle,
        database::Database,
        disk::Disks,
        egress::Egress,
        exchanged,
        history::History,
        itself::{Itself, Lag},
        killed,
        left_out::LeftOut,
        logs::{self, Logs, judge::Plan},
        memory::Memory,
        mounts::Mounts,
        nudge::Nudge,
        probe::Probe,
        registration::Registrations,
        shipping_lag::ShippingLag,
        trade::Trade,
        unit::Unit,
        went_down::Alive,
    },
};

mod backups;
mod domains;

pub(super) use backups::watch_backups;

/// Where programs of the system log; what lies there is rotated.
const SYSTEM_LOGS: &str = "/var/log";

/// What the questions have in common.
pub(super) struct Common<'a> {
    pub config: &'a Config,
    pub store: &'a Arc<Store>,
    pub alerts: &'a Alerts,
    pub link: BotLink,
}

/// The watch over the bot's own connection, and the one over everything else.
pub(super) fn watches(common: Common<'_>, beats: &mut Beats) -> (BotWatch, Cycle) {
    killed::tell_at_start(common.alerts, &common.config.state_dir, now());
    exchanged::tell_at_start(common.alerts, &common.config.state_dir, now());
    let beat = beats.add(BOT_LOOP, WATCH_LIMIT, Instant::now());
    let bot = BotWatch::new(common.link.clone(), common.alerts.clone(), beat);
    let history = History::new(Arc::clone(common.store));
    let (lag, nudge) = (Lag::default(), Nudge::default());
    let cycle = Cycle {
        alerts: common.alerts.clone(),
        board: Board::default(),
        beat: beats.add("watch", WATCH_LIMIT, Instant::now()),
        every: common.config.watch.cycle,
        probes: probes(&common, &bot, &history, &lag, &nudge),
        history,
        lag,
        nudge,
        bot: bot.state(),
    };
    (bot, cycle)
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

fn probes(
    common: &Common<'_>,
    bot: &BotWatch,
    history: &History,
    lag: &Lag,
    nudge: &Nudge,
) -> Vec<Box<dyn Probe>> {
    let config = common.config;
    let watch = &config.watch;
    let egress = egress(config);
    let domains = domains::of(config);
    let registrations = registrations(config, &domains, &egress);
    let left_out = LeftOut::of(config, &domains);
    let certificates = Certificates::new(domains, egress.outside());
    let database = &config.backup.database;
    let disks = Disks::new(
        places(config),
        rotating(config),
        database.clone(),
        bot.health(),
        history.clone(),
    );
    let clock = Clock::after_start(common.alerts, Instant::now()).unwrap_or_else(|error| {
        tracing::error!(
            error = format!("{error:#}"),
            "a jump of the clock before the start is not known"
        );
        Clock::default()
    });
    let link = common.link.clone();
    let logs = Logs::new(
        log_settings(config),
        bot.health(),
        link,
        Handle::current(),
        nudge.clone(),
    )
    .after(Arc::clone(common.store));
    let mut probes: Vec<Box<dyn Probe>> = vec![
        Box::new(egress),
        Box::new(disks),
        Box::new(Mounts::new(watch.disks.clone(), Arc::clone(common.store)).with_own(lives_on(config))),
        Box::new(Memory::of_shop(&config.bot.unit)),
        Box::new(Cpu::default()),
        Box::new(clock),
        Box::new(Unit::new(&config.bot.unit)),
        Box::new(Trade::new(bot.health())),
        Box::new(Database::new(database)),
        Box::new(Capture::new(Arc::clone(common.store))),
        Box::new(ShippingLag::new(Arc::clone(common.store))),
        Box::new(logs),
        Box::new(certificates),
        Box::new(Credentials::new(watch.credentials.clone(), watch.credentials_due)),
        Box::new(Itself::new(lag.clone())),
        Box::new(Alive::begin(common.alerts, &config.state_dir, now())),
        Box::new(left_out),
    ];
    probes.extend(registrations.map(|registrations| Box::new(registrations) as Box<dyn Probe>));
    probes
}

/// The way to where alerts and backups go.
pub(super) fn egress(config: &Config) -> Egress {
    let endpoints = config
        .remotes
        .iter()
        .filter_map(|remote| remote.options.get("endpoint"));
    let outside = std::iter::once(&config.owner.api_url).chain(endpoints);
    Egress::new(outside.map(String::as_str))
}

/// `None` where nobody is asked, or HTTPS cannot be prepared, which other ways out will tell of.
fn registrations(config: &Config, domains: &[String], egress: &Egress) -> Option<Registrations> {
    let base = config.watch.rdap.as_deref().filter(|_| !domains.is_empty())?;
    match Registrations::new(domains, base, Handle::current(), egress.outside()) {
        Ok(registrations) => Some(registrations),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "registrations of domains are not watched"
            );
            None
        }
    }
}

/// The disks that the shop needs, the database's first, and those that the owner named: each with what it is for. The
/// database itself may be a link to another disk than its folder's.
fn places(config: &Config) -> Vec<(Role, PathBuf)> {
    let database = config.backup.database.parent().map(PathBuf::from);
    let logs = config
        .watch
        .logs
        .files
        .iter()
        .filter_map(|file| file.parent().map(PathBuf::from));
    let own = database
        .into_iter()
        .chain([config.backup.database.clone()])
        .chain(config.backup.files.iter().cloned());
    let named = config.watch.disks.iter().cloned();
    own.map(|place| (Role::Shop, place))
        .chain(named.map(|place| (Role::Named, place)))
        .chain([(Role::Shop, PathBuf::from("/"))])
        .chain([(Role::State, config.state_dir.clone())])
        .chain(folders_of_remotes(config).map(|place| (Role::Remote, place)))
        .chain(logs.map(|place| (Role::Logs, place)))
        .collect()
}

/// Without what lies there nothing goes on.
fn lives_on(config: &Config) -> impl Iterator<Item = (Role, PathBuf)> {
    let database = config.backup.database.parent().map(PathBuf::from);
    let database = database.into_iter().map(|place| (Role::Shop, place));
    database.chain([(Role::State, config.state_dir.clone())])
}

/// What shrinks again by itself.
fn rotating(config: &Config) -> Vec<PathBuf> {
    let logs = config
        .watch
        .logs
        .files
        .iter()
        .filter_map(|file| file.parent().map(PathBuf::from));
    [PathBuf::from(SYSTEM_LOGS), config.state_dir.clone()]
        .into_iter()
        .chain(logs)
        .chain(folders_of_remotes(config))
        .chain(config.watch.rotating.iter().cloned())
        .collect()
}

fn folders_of_remotes(config: &Config) -> impl Iterator<Item = PathBuf> {
    let folders = config
        .remotes
        .iter()
        .filter(|remote| remote.kind == RemoteKind::Fs);
    folders.filter_map(|remote| remote.options.get("root").map(PathBuf::from))
}

fn log_settings(config: &Config) -> logs::Settings {
    let logs = &config.watch.logs;
    logs::Settings {
        files: logs.files.clone(),
        plan: Plan {
            period: logs.period,
            size_bytes_max: logs.size_bytes_max,
            keep: logs.keep,
            compress: logs.compress,
        },
        every: logs.every,
        marker_every: logs.marker_every,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use protocol::settings::Faults;
    use tokio::sync::watch::channel;

    use super::*;
    use crate::{
        config::{Environment, Purpose},
        watch::probe::At,
    };

    /// The role of the disk in memory, which every Linux has and which the owner named.
    fn role_of_named(config: &Config, store: &Arc<Store>) -> Vec<Role> {
        let (_said, health) = channel(None);
        let past = History::new(Arc::clone(store));
        let database = config.backup.database.clone();
        let mut disks = Disks::new(places(config), rotating(config), database, health, past);
        let seen = disks.look(At {
            now: UnixMillis(1),
            tick: Instant::now(),
        });
        let keys = seen.findings.iter().map(|found| found.key.as_str());
        let named = keys.filter(|key| key.ends_with("//dev/shm") && Role::question_of(key) == "disk");
        named.map(Role::of_key).collect()
    }

    #[test]
    fn a_disk_that_the_owner_named_is_the_shops_only_where_something_of_the_shop_lies_on_it() {
        let (dir, named) = (
            tempfile::tempdir().unwrap(),
            tempfile::tempdir_in("/dev/shm").unwrap(),
        );
        let path = dir.path().join("agent.toml");
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let role_with = |remote: &std::path::Path, log: &std::path::Path| {
            let text = format!(
                "[owner]\nchat_ids = [1]\n[backup]\ndatabase = \"shop.db\"\nrecipients = [\"owner.asc\"]\n\
                 [remotes.local]\ntype = \"fs\"\nroot = \"{}\"\n[state]\ndir = \"state\"\n\
                 [watch]\ndisks = [\"{}\"]\n[watch.logs]\nfiles = [\"{}\"]\n",
                remote.join("backups").display(),
                named.path().display(),
                log.join("a.log").display()
            );
            fs::write(&path, text).unwrap();
            let environment = Environment::new(None, Vec::new(), &path);
            let mut faults = Faults::default();
            let config = Config::read(&path, Purpose::Look, &environment, &mut faults);
            assert!(faults.sentences().is_empty(), "{:?}", faults.sentences());
            role_of_named(&config, &store)
        };
        let (here, there) = (dir.path(), named.path());
        assert_eq!(role_with(here, here), [Role::Named]);
        assert_eq!(role_with(here, there), [Role::Logs]);
        assert_eq!(role_with(there, there), [Role::Remote]);
        // Its folder is on another disk, and what is written is not.
        symlink(there.join("shop.db"), here.join("shop.db")).unwrap();
        fs::write(there.join("shop.db"), "").unwrap();
        assert_eq!(role_with(there, there), [Role::Shop]);
    }
}
