//! Are the logs rotated, and is no line lost on the way? Looks at each log, at what rotation left beside it, at who
//! writes it, and at whether a line that the bot was asked for arrives.
//! It rotates and deletes nothing.

pub mod files;
pub mod judge;
pub mod marker;
pub mod noted;
pub mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use protocol::health::{Health, LogFile};
use tokio::{runtime::Handle, sync::watch};

use self::{
    judge::{Marker, Memory, Plan},
    marker::{Asked, Markers},
    noted::Notes,
    writer::{Holder, Sight, Writer},
};
use super::{
    bot_link::{BotLink, Missing},
    nudge::{Listener, Nudge},
    probe::{At, Probe, Seen, Verdict},
};
use crate::{
    alert::{
        rule::{AlertKey, Observation},
        whose::Whose,
    },
    store::Store,
};

/// The probe's name.
pub const NAME: &str = "logs";
const ASK_LIMIT: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(20);
/// Beside those that the settings name: the one that the bot writes to, and those that it wrote to before.
const TOLD_MAX: usize = 10;

/// How the logs are watched.
#[derive(Clone, Debug)]
pub struct Settings {
    /// These, and the one that the bot says it writes to.
    pub files: Vec<PathBuf>,
    /// How they are to be rotated.
    pub plan: Plan,
    /// The time between two looks.
    pub every: Duration,
    /// The time between two markers.
    pub marker_every: Duration,
}

/// The watch over the logs.
pub struct Logs {
    settings: Settings,
    health: watch::Receiver<Option<Health>>,
    link: BotLink,
    runtime: Handle,
    known: Vec<(PathBuf, Memory)>,
    /// The bot's own log, by its word of last time: it stays known while the bot does not answer.
    bots: Option<PathBuf>,
    markers: Markers,
    listener: Listener,
    notes: Notes,
}

impl Logs {
    /// A watch over these logs. `runtime` is what asks the bot; `nudge` tells that a look would be worth while.
    #[must_use]
    pub fn new(
        settings: Settings,
        health: watch::Receiver<Option<Health>>,
        link: BotLink,
        runtime: Handle,
        nudge: Nudge,
    ) -> Self {
        let markers = Markers::new(settings.marker_every);
        Self {
            settings,
            health,
            link,
            runtime,
            known: Vec::new(),
            bots: None,
            markers,
            listener: Listener::new(nudge),
            notes: Notes::default(),
        }
    }

    /// The same, and what an agent before this one wrote down tells what was cut off between the two.
    #[must_use]
    pub fn after(self, store: Arc<Store>) -> Self {
        Self {
            notes: Notes::of(store),
            ..self
        }
    }

    fn paths(&self, told: Option<&LogFile>) -> Vec<PathBuf> {
        let named = &self.settings.files;
        let told = told.map(|log| PathBuf::from(&log.path));
        // What the bot wrote to before it died is still a log.
        let before = self.known.iter().map(|(path, _)| path.clone());
        let mut paths: Vec<PathBuf> = named.iter().cloned().chain(told).collect();
        paths.extend(before.filter(|path| !named.contains(path)).take(TOLD_MAX));
        paths.sort();
        paths.dedup();
        paths
    }

    /// Nobody is seen to write: whoever was, and into another file, has let go of it or cannot be seen now.
    fn unseen(&self, path: &Path, bot_names_another: bool) -> Sight {
        let memory = self.known.iter().find(|(known, _)| known == path);
        let has_let_go = match memory.and_then(|(_, memory)| memory.astray()) {
            None => false,
            Some(Holder::Process(number, started)) => writer::has_let_go(number, started),
            // A bot that hangs still listens; where nobody does, it is gone with all that it held.
            Some(Holder::Bot) => {
                bot_names_another || self.runtime.block_on(self.link.live(ASK_LIMIT)) == Err(Missing::Refused)
            }
        };
        if has_let_go { Sight::LetGo } else { Sight::Unknown }
    }

    /// What the bot said some seconds ago may be of before a rotation.
    fn ask_anew(&self, log: &LogFile) -> Option<LogFile> {
        let health = self.runtime.block_on(self.link.health(ASK_LIMIT)).ok()?;
        health.log.filter(|fresh| fresh.path == log.path)
    }

    fn look_at(&mut self, path: &Path, told: Option<&LogFile>, at: At) -> Seen {
        let name = path.display().to_string();
        let view = match files::view(path) {
            Ok(view) => view,
            Err(error) => {
                let mut seen = Seen::default();
                seen.unknown(AlertKey::new("log_rotation", &name), error.to_string());
                return seen;
            }
        };
        let names_another = told.is_some_and(|log| Path::new(&log.path) != path);
        let told = told.filter(|_| !names_another);
        let fresh = told.filter(|log| view.live.map(|live| live.id) != Some(writer::told(log).id));
        let fresh = fresh.and_then(|log| self.ask_anew(log));
        let told = fresh.as_ref().or(told);
        let (writer, marker) = match told {
            Some(log) => {
                let (link, runtime) = (&self.link, &self.runtime);
                let ask = |nonce: &str| match runtime.block_on(link.log_marker(nonce, ASK_LIMIT)) {
                    Ok(true) => Asked::Logged,
                    Ok(false) => Asked::Refused,
                    Err(_) => Asked::Nobody,
                };
                let marker = self.markers.turn(path, &view, at.tick, ask);
                (Sight::Seen(writer::told(log)), marker)
            }
            None => {
                let seen = writer::seen(path, view.live.map(|live| live.id));
                let sight = seen.map_or_else(|| self.unseen(path, names_another), Sight::Seen);
                (sight, Marker::Unknown)
            }
        };
        let plan = self.settings.plan;
        let memory = match self.known.iter_mut().position(|(known, _)| known == path) {
            Some(at) => &mut self.known[at].1,
            None => {
                let before = self.notes.before(&name, at.now);
                self.known.push((path.to_path_buf(), Memory::after(before)));
                &mut self.known.last_mut().expect("it was pushed").1
            }
        };
        let mut seen = memory.judge(&name, &plan, &view, writer, marker, at.now);
        if let Some(live) = &view.live {
            self.notes.take(&name, live, at.now);
        }
        sign(&mut seen, self.whose(path, writer).as_ref());
        seen
    }

    /// Whose log it is: the bot's by its own word, another's by who is seen to write it.
    fn whose(&self, path: &Path, writer: Sight) -> Option<Whose> {
        let is_bots = self.bots.as_deref().map(|bots| bots == path);
        let program = match writer {
            Sight::Seen(Writer {
                holder: Holder::Process(number, _),
                ..
            }) => writer::program_of(number),
            Sight::Seen(_) | Sight::LetGo | Sight::Unknown => None,
        };
        match (is_bots, program) {
            (Some(true), _) => Some(Whose::Bot),
            (_, Some(program)) => Some(Whose::Program(program)),
            (Some(false), None) => Some(Whose::Another),
            (None, None) => None,
        }
    }
}

/// Says with everything that is wrong whose log it is.
fn sign(seen: &mut Seen, whose: Option<&Whose>) {
    let Some(whose) = whose else { return };
    for finding in &mut seen.findings {
        if let Verdict::Known(Observation::Wrong { detail, .. })
        | Verdict::Early(Observation::Wrong { detail, .. }) = &mut finding.verdict
        {
            *detail += &whose.note();
        }
    }
}

impl Probe for Logs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn every(&self) -> Duration {
        self.settings.every
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&mut self, at: At) -> Seen {
        let told = self
            .health
            .borrow()
            .as_ref()
            .and_then(|health| health.log.clone());
        if let Some(log) = &told {
            self.bots = Some(PathBuf::from(&log.path));
        }
        let mut seen = Seen::default();
        for path in self.paths(told.as_ref()) {
            self.listener.listen_beside(&path);
            let one = self.look_at(&path, told.as_ref(), at);
            seen.samples.extend(one.samples);
            seen.findings.extend(one.findings);
        }
        self.notes.write(at);
        seen
    }
}
