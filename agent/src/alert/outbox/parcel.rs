//! What one request tells: a message of its own, a change of an earlier one, or all that wait as one.
//! It sends nothing.

use std::collections::BTreeSet;

use protocol::{incident::Severity, time::UnixMillis};

use super::{Sender, now};
use crate::{
    alert::{digest, message},
    store::outbox::{Message, Said, Waiting},
};

/// More than this many at once become one message, also where none waited long: the owner wants to read, not to scroll.
const SINGLE_ROWS_MAX: usize = 5;

/// One request: the rows that it tells, and how.
pub(super) struct Parcel {
    pub(super) rows: Vec<Waiting>,
    pub(super) text: String,
    /// What can be pressed is about these of them.
    pub(super) pressed: Vec<usize>,
    pub(super) reply_to: Option<i64>,
    pub(super) edit: Option<i64>,
}

impl Parcel {
    /// Whether it tells of several messages, none of which can be changed alone.
    pub(super) fn is_summary(&self) -> bool {
        message::lines(&self.rows).count() > 1
    }

    /// The message before, where this one tells anew of all that is wrong.
    pub(super) fn goes_on_from(&self) -> Option<i64> {
        let last = self.rows.last()?;
        self.reply_to
            .filter(|_| last.message.open && !last.message.is_edit)
    }

    /// What a locked screen shows. Of several messages the gravest of what is still wrong or was only reported, else the
    /// gravest, by its last word; and how many more there are. `repeated` is how one is marked that may have arrived before.
    pub(super) fn headline(&self, repeated: &str) -> String {
        let first = || self.text.lines().next().unwrap_or_default().to_owned();
        if !self.is_summary() {
            return first();
        }
        let severity = |row: &&Waiting| row.message.severity;
        let reported = self.rows.iter().filter(|row| is_report(&row.message));
        let open = self.pressed.iter().filter_map(|at| self.rows.get(*at));
        let standing = reported.chain(open).max_by_key(severity);
        let gravest = standing.or_else(|| self.rows.iter().max_by_key(severity));
        gravest.map_or_else(first, |row| {
            let mark = match row.may_be_repeated() {
                true => format!("{repeated} "),
                false => String::new(),
            };
            let others = message::lines(&self.rows).count() - 1;
            format!("{mark}{} (+{others})", row.message.headline)
        })
    }
}

/// What becomes of a row at this address.
pub(super) enum Form {
    /// A message of its own.
    Message,
    /// A change of this earlier one.
    Edit(i64),
    /// Nothing: there is nothing to change.
    Needless,
}

impl Sender {
    /// An edit that only marks a message as over or as taken on says nothing without a message to mark: another one has
    /// said so, or will. One that tells of more, or alone of the end, goes out as a message then, and so does one that turns
    /// a message red again where the end was such a message; and one that comes too late to be read in passing and is all
    /// that tells of something that nobody heard.
    pub(super) fn form(&self, rows: &[Waiting], at: usize) -> anyhow::Result<Form> {
        let message = &rows[at].message;
        if !message.is_edit {
            return Ok(Form::Message);
        }
        if is_unheard(&rows[at], now()) {
            return Ok(Form::Message);
        }
        let told = self.store.told_there(&self.address, &rows[at])?;
        let is_news = match message.open {
            // The next change has a message then.
            _ if message.in_passing && self.channel.can_edit() => true,
            true => {
                let turns_an_end_around = matches!(told.last, Some(Said::Paused | Said::Over));
                message.loud || message.severity == Severity::Info || turns_an_end_around
            }
            // With its beginning, or where that was told or may have been.
            false if message.in_passing => {
                let is_same = |row: &Waiting| row.message.episode == message.episode;
                rows[..at].iter().any(is_same) || told.last == Some(Said::Wrong)
            }
            // Where the pause was told nothing else has to end.
            false => message.follows_up && (self.channel.can_edit() || told.last_sure != Some(Said::Paused)),
        };
        Ok(match self.store.message_to_edit(self.address.chat_id, message)? {
            Some(message_id) => Form::Edit(message_id),
            None if is_news => Form::Message,
            None => Form::Needless,
        })
    }

    /// The first of the rows alone, or all that are messages as one; `forms` are theirs, in order.
    pub(super) fn parcel(&self, rows: Vec<Waiting>, forms: &[Form]) -> anyhow::Result<Parcel> {
        // An edit has its place already, and follows; a digest is more than a line, and follows too.
        let messages = rows
            .iter()
            .zip(forms)
            .filter(|(row, form)| matches!(form, Form::Message) && row.message.alert_key != digest::KEY);
        let mut told: Vec<Waiting> = messages.map(|(row, _)| row.clone()).collect();
        if is_backlog(&told, now()) || (!self.channel.can_edit() && holds_an_end(&told)) {
            take_up_changes(&mut told, &rows, forms);
            take_up_doubts(&mut told);
            return self.joined(told);
        }
        let first: Vec<Waiting> = rows.into_iter().take(1).collect();
        let (chat_id, row) = (self.address.chat_id, &first[0]);
        let edit = match forms[0] {
            Form::Edit(message_id) => Some(message_id),
            Form::Message | Form::Needless => None,
        };
        Ok(Parcel {
            text: message::outgoing(&self.voice, row, edit.is_some(), now()),
            pressed: row.message.open.then_some(0).into_iter().collect(),
            reply_to: self.store.message_to_reply_to(chat_id, &row.message)?,
            edit,
            rows: first,
        })
    }

    /// All of them as one, or as the only one that tells all the others say.
    fn joined(&self, mut told: Vec<Waiting>) -> anyhow::Result<Parcel> {
        let lines: Vec<usize> = message::lines(&told).take(2).collect();
        if let [at] = lines[..] {
            let row = &told[at];
            return Ok(Parcel {
                text: message::outgoing(&self.voice, row, false, now()),
                pressed: row.message.open.then_some(at).into_iter().collect(),
                reply_to: self
                    .store
                    .message_to_reply_to(self.address.chat_id, &row.message)?,
                edit: None,
                rows: told,
            });
        }
        let (text, count) = message::summary(&self.voice, &told, now());
        told.truncate(count);
        Ok(Parcel {
            pressed: still_open(&told),
            rows: told,
            text,
            reply_to: None,
            edit: None,
        })
    }
}

/// What waits behind a line of a summary as a change of it, as that somebody has taken it on, stands under that line: it
/// would reach nobody there, or an older message alone.
fn take_up_changes(told: &mut [Waiting], rows: &[Waiting], forms: &[Form]) {
    let changes = rows.iter().zip(forms).filter(|(row, form)| {
        let message = &row.message;
        message.is_edit && message.open && message.episode.is_some() && !matches!(form, Form::Message)
    });
    for (change, _) in changes {
        let is_of_it = |line: &&mut Waiting| {
            line.id < change.id && line.message.open && line.message.episode == change.message.episode
        };
        if let Some(line) = told.iter_mut().rfind(is_of_it) {
            line.message.also.clone_from(&change.message.also);
        }
    }
}

/// What may have arrived before, and is said by a later message alone, may be repeated there.
fn take_up_doubts(told: &mut [Waiting]) {
    for at in 0..told.len() {
        if let (true, Some(later)) = (told[at].may_be_repeated(), message::said_by(told, at)) {
            told[later].in_doubt = true;
        }
    }
}

/// Nobody is told that what was only reported is over.
fn is_report(message: &Message) -> bool {
    message.open && message.episode.is_none()
}

/// Whether it is all that tells of something long past that should have rung.
fn is_unheard(row: &Waiting, now: UnixMillis) -> bool {
    let Waiting {
        message, elsewhere, ..
    } = row;
    message.in_passing && message.loud && !message.open && elsewhere.is_none() && message::is_late(row, now)
}

/// Many at once are a backlog, and so are two of which one waited through an outage, and two reports of one kind.
fn is_backlog(rows: &[Waiting], now: UnixMillis) -> bool {
    rows.len() > SINGLE_ROWS_MAX
        || (rows.len() > 1 && rows.iter().any(|row| waited_here(row, now)))
        || has_two_of_a_kind(rows)
}

/// Whether it waited in vain for this way, and not for the patience that another one had first.
fn waited_here(row: &Waiting, now: UnixMillis) -> bool {
    let here_since = row.climbed_at.unwrap_or(row.created_at).max(row.created_at);
    let since_here = Waiting {
        created_at: here_since,
        ..row.clone()
    };
    message::waited_in_vain(&since_here, now)
}

fn has_two_of_a_kind(rows: &[Waiting]) -> bool {
    let reports = rows.iter().filter(|row| is_report(&row.message));
    let mut kinds = BTreeSet::new();
    reports
        .filter_map(|row| row.message.runbook.as_deref())
        .any(|kind| !kinds.insert(kind))
}

/// Whether one of them is over by another one: told alone the first would ring for nothing.
fn holds_an_end(rows: &[Waiting]) -> bool {
    let mut open = BTreeSet::new();
    rows.iter().any(|row| match row.message.open {
        true => {
            open.extend(row.message.episode);
            false
        }
        false => row.message.episode.is_some_and(|episode| open.contains(&episode)),
    })
}

/// Of several messages those about what is still wrong by the last that is said of it, in their order: what goes on in another
/// message is told there, unless more is wrong by the one before.
fn still_open(rows: &[Waiting]) -> Vec<usize> {
    let is_last = |at: usize| {
        let Message {
            episode,
            alert_key,
            also,
            ..
        } = &rows[at].message;
        let mut later = rows[at + 1..].iter().map(|row| &row.message);
        !later.any(|later| later.episode == *episode || (also.is_empty() && later.alert_key == *alert_key))
    };
    let is_open = |at: &usize| rows[*at].message.open && rows[*at].message.episode.is_some();
    (0..rows.len())
        .filter(is_open)
        .filter(|at| is_last(*at))
        .collect()
}
