//! `agent status`: how the bot, the agent, the alerts and the backups are, in plain words or as JSON.
//! It works when the agent is down, asks no remote, and changes nothing.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use protocol::{health::Health, object_key::PointId, time::UnixMillis};
use serde::Serialize;

use super::{ConfigArgument, Failure, load, started_with};
use crate::{
    alert::{message::moment, planned::Planned},
    config::{Config, Purpose},
    store::{Store, damaged::Sound, lock},
    watch::bot_link::{BotLink, Missing},
};

mod alerts;
mod captured;
mod copies;
mod damaged;
mod disk;
mod drills;
mod lag;
mod messages;
mod uncounted;
mod unwatched;
mod upkeep;

const BOT_LIMIT: Duration = Duration::from_secs(2);

/// Arguments of `agent status`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent status --config /etc/warung/agent.toml --json")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

const DAY_MS: i64 = 86_400_000;

/// Everything that is shown; moments are in milliseconds since 1970.
#[derive(Serialize)]
struct Overview {
    agent_running: bool,
    bot: BotView,
    state_disk: disk::DiskView,
    /// What is not watched at present, with the reason; absent when no agent answers.
    unwatched: Option<BTreeMap<String, String>>,
    /// Why nothing of what follows could be read; absent when it was.
    unread: Option<String>,
    #[serde(flatten)]
    kept: Kept,
}

/// What the agent wrote down, as far as it can be read.
#[derive(Default, Serialize)]
struct Kept {
    #[serde(skip)]
    planned: Option<Planned>,
    /// Whether the running agent was started with what agent.toml says now; absent when none runs, or that is not known.
    works_by_this_config: Option<bool>,
    #[serde(flatten)]
    alerts: alerts::AlertsView,
    /// Single events that the bot reported within a day, by kind, most first.
    reported_24h: Vec<(String, u64)>,
    messages: messages::MessagesView,
    backups: Vec<copies::CopyView>,
    /// Restore points that are dated in the future: no age is counted from them.
    points_ahead: Vec<String>,
    /// Taken of a database that SQLite found damaged.
    points_damaged: Vec<String>,
    newest_sound: Option<PointId>,
    /// What loses least.
    #[serde(skip)]
    sound: Option<Sound>,
    /// Absent when no agent ever ran here.
    capture: Option<captured::CaptureView>,
    /// Empty when no agent ever ran here.
    upkeep: Vec<upkeep::UpkeepView>,
}

#[derive(Serialize)]
struct BotView {
    answers: bool,
    healthy: bool,
    /// Why it is not healthy, when that is known.
    fault: Option<String>,
    version: Option<String>,
    started_at: Option<UnixMillis>,
    /// A stop on purpose, or work on the server; absent when no agent runs that would know.
    planned: Option<Planned>,
}

/// Looks and prints.
///
/// # Errors
/// Faults in the configuration; an agent's database that cannot be read, after everything else was shown.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let now = UnixMillis(Timestamp::now().as_millisecond());
    let overview = look(&config, now).await?;
    if arguments.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&overview).expect("an overview is plain data")
        );
    } else {
        print!("{}", sentences(&overview, &config, now));
    }
    match overview.unread {
        None => Ok(()),
        Some(why) => Err(Failure::Failed(anyhow::anyhow!(
            "what the agent wrote down cannot be read: {why}"
        ))),
    }
}

async fn look(config: &Config, now: UnixMillis) -> anyhow::Result<Overview> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let unwatched = unwatched::ask(&client, config).await;
    let health = BotLink::new(client, &config.bot.url).health(BOT_LIMIT).await;
    let disk = disk::look(&config.state_dir);
    let (kept, unread) = match kept(config, now) {
        Ok(kept) => (kept, None),
        // Who looks because something is wrong must see the rest.
        Err(error) => (Kept::default(), Some(format!("{error:#}"))),
    };
    let agent_running = lock::is_held(&config.lock_path())?;
    let planned = kept.planned.filter(|_| agent_running);
    Ok(Overview {
        agent_running,
        bot: BotView {
            planned,
            ..bot_view(health)
        },
        state_disk: disk,
        unwatched,
        unread,
        kept,
    })
}

/// What the agent wrote down.
fn kept(config: &Config, now: UnixMillis) -> anyhow::Result<Kept> {
    let store = Store::open_to_look(&config.state_dir)?;
    let store = store.as_ref();
    Ok(Kept {
        planned: store
            .map(|store| store.look_at_book(|book| Planned::of(book, now)))
            .transpose()?,
        works_by_this_config: store
            .and_then(|store| started_with::is_this(config, store).transpose())
            .transpose()?,
        alerts: store
            .map(|store| alerts::look(store, config, now))
            .transpose()?
            .unwrap_or_default(),
        reported_24h: store
            .map(|store| store.reported(UnixMillis(now.0.saturating_sub(DAY_MS))))
            .transpose()?
            .unwrap_or_default(),
        messages: messages::look(store, config, now)?,
        backups: copies::look(config, store, now)?,
        points_ahead: store
            .map(|store| store.points_ahead(now))
            .transpose()?
            .unwrap_or_default(),
        points_damaged: store.map(Store::points_damaged).transpose()?.unwrap_or_default(),
        newest_sound: store
            .and_then(|store| store.newest_sound_point(now).transpose())
            .transpose()?,
        sound: store
            .and_then(|store| store.newest_sound_state(now).transpose())
            .transpose()?,
        capture: store
            .map(|store| captured::look(store, config, now))
            .transpose()?,
        upkeep: store
            .map(|store| upkeep::look(config, store, now))
            .transpose()?
            .unwrap_or_default(),
    })
}

fn bot_view(health: Result<Health, Missing>) -> BotView {
    match health {
        Ok(health) => BotView {
            answers: true,
            healthy: health.healthy,
            fault: (!health.healthy).then(|| "it says that a part of it stands still".to_owned()),
            version: Some(health.version),
            started_at: Some(health.started_at),
            planned: None,
        },
        Err(missing) => {
            let fault = match missing {
                Missing::Refused => "nothing listens there: it does not run".to_owned(),
                Missing::Cut => "the connection was cut".to_owned(),
                Missing::Silent => format!("no answer in {} s: it hangs", BOT_LIMIT.as_secs()),
                Missing::Strange(what) => format!("something else answers there ({what})"),
            };
            BotView {
                answers: false,
                healthy: false,
                fault: Some(fault),
                version: None,
                started_at: None,
                planned: None,
            }
        }
    }
}

fn sentences(overview: &Overview, config: &Config, now: UnixMillis) -> String {
    let mut lines = vec![agent_sentence(overview), bot_sentence(&overview.bot, config)];
    if overview.kept.works_by_this_config == Some(false) {
        lines.push(format!("Config:   {}", started_with::ANOTHER));
    }
    lines.extend(disk::sentence(
        &overview.state_disk,
        overview.agent_running,
        config,
        now,
    ));
    lines.extend(unwatched::sentence(overview.unwatched.as_ref()));
    match &overview.unread {
        None => lines.extend(kept_sentences(overview, config, now)),
        Some(_) => lines.push("Unknown:  alerts, messages, backups and commits cannot be read".to_owned()),
    }
    lines.join("\n") + "\n"
}

fn kept_sentences(overview: &Overview, config: &Config, now: UnixMillis) -> Vec<String> {
    let kept = &overview.kept;
    let is_behind = overview.state_disk.is_behind(overview.agent_running, now);
    let known = (is_behind, overview.agent_running, overview.bot.fault.is_none());
    let mut lines = alerts::sentences(&kept.alerts, known, config);
    if !kept.reported_24h.is_empty() {
        let kinds = kept.reported_24h.iter();
        let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{kind} ×{count}")).collect();
        lines.push(format!(
            "Reported: by the bot within 24 hours: {}",
            kinds.join(", ")
        ));
    }
    lines.push(messages::sentence(&kept.messages, now));
    lines.extend(copies::held(&kept.backups, &config.owner.timezone));
    lines.extend(uncounted::ahead(&kept.points_ahead));
    lines.extend(uncounted::damaged(&kept.points_damaged, kept.sound.as_ref()));
    lines.extend(kept.backups.iter().map(|backup| drills::sentence(backup, now)));
    lines.extend(upkeep::sentences(&kept.upkeep, config, now));
    let captured = kept.capture.iter();
    lines.extend(captured.flat_map(|view| captured::sentences(view, config)));
    lines
}

fn agent_sentence(overview: &Overview) -> String {
    if overview.agent_running {
        return "Agent:    running".to_owned();
    }
    "Agent:    NOT running: nobody watches the bot, tells the owner or takes backups. Start it: systemctl start agent"
        .to_owned()
}

fn bot_sentence(bot: &BotView, config: &Config) -> String {
    let url = &config.bot.url;
    match (&bot.fault, &bot.version, bot.started_at) {
        (None, Some(version), Some(started_at)) => {
            format!(
                "Bot:      well; version {version}, running since {}",
                moment(&config.owner.timezone, started_at)
            )
        }
        (fault, _, _) => {
            let fault = fault.as_deref().unwrap_or("it is not well");
            planned_sentence(bot, config).unwrap_or_else(|| {
                format!(
                    "Bot:      NOT well at {url}: {fault}. Look: systemctl status {}",
                    config.bot.unit
                )
            })
        }
    }
}

/// Of a bot that is away, or not well, while that is planned, or that was stopped and forgotten.
fn planned_sentence(bot: &BotView, config: &Config) -> Option<String> {
    let planned = bot.planned?;
    let at = |at| moment(&config.owner.timezone, at);
    let fault = bot.fault.as_deref().unwrap_or("it is not well");
    let is_covered = planned.covers(bot.answers);
    match (
        planned.stopped_since.filter(|_| !bot.answers),
        planned.maintenance_until,
    ) {
        (Some(since), Some(until)) => Some(format!(
            "Bot:      stopped on purpose since {}; maintenance until {}",
            at(since),
            at(until)
        )),
        (Some(since), None) if is_covered => Some(format!(
            "Bot:      stopped on purpose since {}. When your work is finished: systemctl start {}",
            at(since),
            config.bot.unit
        )),
        (Some(since), None) => Some(format!(
            "Bot:      NOT started again: it was stopped on purpose at {}. Start it: systemctl start {}",
            at(since),
            config.bot.unit
        )),
        (None, Some(until)) => Some(format!(
            "Bot:      not well during maintenance, which lasts until {}: {fault}",
            at(until)
        )),
        (None, None) => None,
    }
}
