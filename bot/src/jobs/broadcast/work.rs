//! The two jobs of a broadcast: one begins it at its time, one lets the message with its progress follow.
//! Neither sends the announcement itself.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{Moved, go_on, happen, page};
use crate::{
    clock::now,
    jobs::{
        run::Workshop,
        task::{BeginBroadcast, ReportBroadcast, Task, TellBroadcastStopped},
    },
    outbox::{
        self, Lane, MessageId, NewSend, Outgoing, Policy, Purpose, Screen, SendId, Target,
        store::window::{Arrival, arrival},
    },
    queue::{self, Job, worker::Outcome},
    shop::{
        Shop,
        broadcast::{Broadcast, BroadcastId, Event, Page, State, store},
        customer,
    },
};

/// How often the progress is shown. It shares the limit with the announcement itself.
const SHOW_EVERY: Duration = Duration::from_secs(5);
/// How long one that is due waits before it looks again whether another one still goes out.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Begins one whose time has come.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn begin(workshop: &Workshop, job: &Job) -> Result<Outcome> {
    let id = BeginBroadcast::of(job)?.broadcast;
    let shop = workshop.shop.clone();
    let moved = workshop
        .writer
        .run(move |conn| {
            let now = now();
            let moved = happen(conn, id, Event::Due, now)?;
            if moved == Moved::Yes {
                show_anew(conn, &shop, id, now)?;
            }
            Ok(moved)
        })
        .await?;
    match moved {
        Moved::AnotherRuns => Ok(Outcome::Snooze(LOOK_AGAIN)),
        Moved::Yes | Moved::Refused => workshop.nothing(job.claim).await,
    }
}

/// Shows how far one is, again and again until it rests.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn report(workshop: &Workshop, job: &Job) -> Result<Outcome> {
    let id = ReportBroadcast::of(job)?.broadcast;
    let (shop, claim) = (workshop.shop.clone(), job.claim);
    let runs = workshop
        .writer
        .run(move |conn| {
            // It goes on by itself; should it ever stand still, this gives it a push.
            if store::running(conn)? == Some(id) {
                go_on(conn, id, now())?;
            }
            let broadcast = store::get(conn, id)?;
            if let Some(broadcast) = &broadcast {
                show(conn, &shop, broadcast, now())?;
            }
            let runs = broadcast.is_some_and(|broadcast| broadcast.state == State::Running);
            if !runs {
                // In the same transaction: a broadcast that goes on a moment later finds the way free for a new job.
                queue::store::complete(conn, claim, now())?;
            }
            Ok(runs)
        })
        .await?;
    Ok(if runs {
        Outcome::Snooze(SHOW_EVERY)
    } else {
        Outcome::Settled
    })
}

/// Tells the seller that one stopped by itself, unless it goes on already.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn tell_stopped(workshop: &Workshop, job: &Job) -> Result<Outcome> {
    let id = TellBroadcastStopped::of(job)?.broadcast;
    workshop
        .settle(job.claim, move |conn, shop| notice_of_stop(conn, shop, id, now()))
        .await
}

/// The notice itself, a message of its own: nobody looks at the progress all the time.
///
/// # Errors
/// When the database fails.
pub fn notice_of_stop(conn: &Connection, shop: &Shop, id: BroadcastId, now: UnixMillis) -> Result<()> {
    let Some(broadcast) = store::get(conn, id)?.filter(|broadcast| broadcast.state == State::Paused) else {
        return Ok(());
    };
    let language = customer::store::language(conn, broadcast.seller, shop.language)?;
    let screen = page::stopped(language, &broadcast);
    outbox::store::enqueue(conn, &NewSend::notice(broadcast.seller, None, screen), now)?;
    Ok(())
}

/// Brings the message with the progress up to date, where a seller looks at one.
fn show(conn: &Connection, shop: &Shop, broadcast: &Broadcast, now: UnixMillis) -> Result<()> {
    let Some(shown) = broadcast.page else {
        return Ok(());
    };
    let message = match (shown.message, shown.send) {
        (Some(message), _) => MessageId(message),
        (None, Some(send)) => match arrival(conn, SendId(send))? {
            Arrival::Arrived(message) => {
                let page = Page {
                    message: Some(message.0),
                    ..shown
                };
                store::set_page(conn, broadcast.id, Some(page))?;
                message
            }
            Arrival::OnItsWay => return Ok(()),
            Arrival::Never => return show_anew(conn, shop, broadcast.id, now),
        },
        (None, None) => return Ok(()),
    };
    let edit = NewSend {
        lane: Lane::Notice,
        policy: Policy::Harmless,
        purpose: Purpose::Edit,
        target: Some(Target::Message(message)),
        outgoing: Outgoing::EditText(screen(conn, shop, broadcast, shown.chat, now)?),
        ..NewSend::screen(shown.chat, Screen::default())
    };
    outbox::store::enqueue(conn, &edit, now)?;
    Ok(())
}

/// Shows it in a message of its own, which follows from then on.
fn show_anew(conn: &Connection, shop: &Shop, id: BroadcastId, now: UnixMillis) -> Result<()> {
    let Some(broadcast) = store::get(conn, id)? else {
        return Ok(());
    };
    let chat = broadcast.page.map_or(broadcast.seller, |page| page.chat);
    let screen = screen(conn, shop, &broadcast, chat, now)?;
    let send = outbox::store::enqueue(conn, &NewSend::notice(chat, None, screen), now)?;
    let page = Page {
        chat,
        message: None,
        send: Some(send.0),
    };
    store::set_page(conn, id, Some(page))
}

fn screen(
    conn: &Connection,
    shop: &Shop,
    broadcast: &Broadcast,
    reader: customer::CustomerId,
    now: UnixMillis,
) -> Result<Screen> {
    let language = customer::store::language(conn, reader, shop.language)?;
    Ok(page::screen(shop, language, broadcast, now))
}
