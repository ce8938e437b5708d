//! The bot's own reports: each is told once, however often it is read, also after the shop went back to an older state.
//! A report of something that lasts raises that alert; the others are single events, which nothing ends. Many of one kind are
//! told together: the first at once, and those that follow it in one message a minute, then in fewer.

use std::time::Duration;

use anyhow::Context;
use protocol::{
    health::Standing,
    incident::{Incident, IncidentId, Severity},
    time::UnixMillis,
};

use super::{Alerts, DAY_MS, engine::MAINTENANCE, reported, standing};
use crate::store::{
    book::Book,
    incidents::{Cursor, Report},
};

/// How long the next message about a kind waits after the one before, by how many of it there were within the hour.
const APART: [(u32, Duration); 3] = [
    (10, Duration::from_secs(60)),
    (50, Duration::from_secs(300)),
    (u32::MAX, Duration::from_secs(900)),
];

/// How many reports of one kind there were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The kind, as in docs/RUNBOOK.
    pub kind: String,
    /// The same in the owner's words.
    pub title: String,
    /// How many.
    pub count: u64,
}

/// The scope of a silence over the bot's reports of one kind.
#[must_use]
pub fn scope_of(kind: &str) -> String {
    format!("incident/{kind}")
}

impl Alerts {
    /// Takes in a page of the bot's incidents: each is told once, however often it is read. `standing` is what the bot says
    /// lasts: `None` of one that does not say, whose reports are all single events.
    ///
    /// # Errors
    /// When the agent's database refuses. Nothing has moved then, and the same page can be taken in again.
    pub fn report(
        &self,
        incidents: &[Incident],
        standing: Option<&[Standing]>,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let mut cursor = self
            .store
            .incident_cursor()
            .context("reading how far the incidents were told")?;
        let book = self.book()?;
        let mut reports: Vec<Report> = Vec::new();
        for incident in incidents {
            if incident.id <= cursor.last_id {
                continue;
            }
            let told = cursor.told_until.is_some_and(|until| incident.at <= until);
            match standing::of_report(incident, standing, now) {
                _ if told => {}
                // Before the cursor moves: raised a second time it changes nothing.
                Some((key, seen)) => self.observe(&key, seen, now)?,
                None => reports.push(self.event(&book, (incident, &reports), now)?),
            }
            cursor = Cursor {
                last_id: incident.id,
                last_at: cursor.last_at.max(incident.at),
                ..cursor
            };
        }
        self.store
            .move_incident_cursor(cursor, &reports, &self.ladder, now)
            .context("storing the bot's incidents")?;
        if !reports.is_empty() {
            self.bell.queued();
        }
        Ok(())
    }

    fn event(
        &self,
        book: &Book,
        (incident, before): (&Incident, &[Report]),
        now: UnixMillis,
    ) -> anyhow::Result<Report> {
        let kind = &incident.kind;
        let on_purpose = self.not_before(book, kind, incident.severity, now);
        let of_late = self.store.reported_of_late(kind, now);
        let of_late = of_late.context("reading when the bot's last report of this kind was told")?;
        let is_beside = |report: &&Report| report.message.runbook.as_ref() == Some(kind);
        let beside = before.iter().filter(is_beside);
        let beside = beside.map(|report| report.message.not_before.unwrap_or(now));
        let together = together(of_late, beside, now);
        Ok(Report {
            at: incident.at,
            kind: kind.clone(),
            message: reported::of_incident(&self.voice, incident, on_purpose.max(together)),
        })
    }

    /// Single events that the owner was told within a day, by kind, in words.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn reported(&self, now: UnixMillis) -> anyhow::Result<Vec<Reported>> {
        let counts = self
            .store
            .reported(UnixMillis(now.0.saturating_sub(DAY_MS)))
            .context("counting what the bot reported")?;
        let told = |(kind, count): (String, u64)| Reported {
            title: reported::title(&self.voice, &kind),
            kind,
            count,
        };
        Ok(counts.into_iter().map(told).collect())
    }

    /// What is silenced waits for the end of the silence, and what may wait for that of the night; nothing is dropped.
    fn not_before(&self, book: &Book, kind: &str, severity: Severity, now: UnixMillis) -> Option<UnixMillis> {
        let scope = scope_of(kind);
        let standing = book.silences.values().filter(|silence| {
            silence.until > now && (silence.scope == MAINTENANCE || silence.scope == scope)
        });
        let silent = standing.map(|silence| silence.until).max();
        let may_wait = severity < Severity::Critical;
        silent.max(self.calendar.quiet_until(now).filter(|_| may_wait))
    }

    /// Lets reports go that waited for a silence which ends sooner now.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub(super) fn let_reports_go(&self, now: UnixMillis) -> anyhow::Result<()> {
        let book = self.book()?;
        for report in self.store.put_off(now).context("reading what is put off")? {
            let due_at = self.not_before(&book, &report.kind, report.severity, now);
            let due_at = due_at.unwrap_or(now);
            if due_at < report.due_at {
                self.store
                    .due_from(&report, due_at)
                    .context("letting a report go")?;
                self.bell.queued();
            }
        }
        Ok(())
    }

    /// The last incident that was taken in.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn last_incident(&self) -> anyhow::Result<IncidentId> {
        Ok(self
            .store
            .incident_cursor()
            .context("reading how far the incidents were told")?
            .last_id)
    }

    /// Begins from the first incident again when the bot has fewer than were told: the shop was restored to an
    /// older state, and new ones will get numbers that were used before. What was told stays told.
    ///
    /// # Errors
    /// When the agent's database refuses. Nothing has changed then.
    pub fn rewind_if_restored(&self, newest: IncidentId, now: UnixMillis) -> anyhow::Result<()> {
        let cursor = self
            .store
            .incident_cursor()
            .context("reading how far the incidents were told")?;
        if newest >= cursor.last_id {
            return Ok(());
        }
        let rewound = Cursor {
            last_id: IncidentId(0),
            // What a bot whose clock ran ahead has dated later was told all the same; what is new must not count as told.
            told_until: Some(cursor.last_at.min(now)),
            ..cursor
        };
        self.store
            .move_incident_cursor(rewound, &[], &self.ladder, now)
            .context("beginning the incidents anew")
    }
}

/// When the next report of a kind is told, `None` for at once: `of_late` is how many there were within the hour and when the
/// last of them was due, and `beside` when those are that are taken in with it.
fn together(
    of_late: Option<(u32, UnixMillis)>,
    beside: impl Iterator<Item = UnixMillis>,
    now: UnixMillis,
) -> Option<UnixMillis> {
    let (count, last) = beside.fold(of_late, |of_late, due_at| {
        let (count, last) = of_late.unwrap_or((0, due_at));
        Some((count + 1, last.max(due_at)))
    })?;
    let (_, apart) = APART.into_iter().find(|(most, _)| count <= *most)?;
    if last > now {
        // What waits for the morning, or for the end of a silence, is no company for what need not.
        return (last.since(now) <= apart).then_some(last);
    }
    Some(last.plus(apart)).filter(|due_at| *due_at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_000_000);

    /// When reports that come so many seconds after the first are told, in seconds after it.
    fn told(seconds: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let (mut count, mut due): (u32, Vec<UnixMillis>) = (0, Vec::new());
        for second in seconds {
            let now = START.plus(Duration::from_secs(second));
            let of_late = due.iter().max().map(|last| (count, *last));
            due.push(together(of_late, std::iter::empty(), now).unwrap_or(now));
            count += 1;
        }
        due.into_iter().map(|at| at.since(START).as_secs()).collect()
    }

    #[test]
    fn a_storm_of_one_kind_is_a_few_messages_and_what_comes_now_and_then_waits_for_nothing() {
        let mut storm = told((0..30).map(|at| at * 3));
        storm.dedup();
        assert_eq!(storm, [0, 60, 360]);
        let mut at_once = told([0; 30]);
        at_once.dedup();
        assert_eq!(at_once, [0, 60]);
        assert_eq!(told([0, 61, 200]), [0, 61, 200]);
    }

    #[test]
    fn those_of_one_page_wait_for_each_other_and_for_none_that_waits_for_the_morning() {
        let morning = START.plus(Duration::from_secs(3 * 3_600));
        assert_eq!(
            together(None, [START].into_iter(), START),
            Some(START.plus(Duration::from_secs(60)))
        );
        assert_eq!(together(Some((1, morning)), std::iter::empty(), START), None);
    }
}
