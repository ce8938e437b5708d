//! Empties the outbox: chooses who may go, marks, sends, and stores what became of it.
//! In a chat one message is on its way at a time, each lane keeps its order, and urgent lanes go first; chats do not
//! wait for each other.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, CallError},
    outcome::{Outcome, settle},
    pace::{Pace, SPAN},
    wire,
};
use crate::{
    clock::now,
    db::{Reader, WriteError, Writer},
    health::Beat,
    jobs::notices::{self, Push},
    outbox::{
        Lane, Outgoing, Purpose, SendId,
        store::{self, Head, Sending},
    },
    queue::Boot,
    shop::{
        Shop, catalog,
        customer::{CustomerId, Language},
        order, stock,
    },
};

/// Requests on the wire at the same time.
const IN_FLIGHT_MAX: usize = 32;
/// Of these so many are kept free of broadcasts, for whoever waits with the phone in the hand.
const KEPT_FREE: usize = 8;
/// How long the sender sleeps at most when nothing happens.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Before a database that takes no writes is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// A button's waiting ends by itself after about this long; a later answer is refused by Telegram.
const ANSWER_LIFE: Duration = Duration::from_secs(20);

/// What the sender needs.
pub struct Sender {
    /// What the owner decided.
    pub shop: Shop,
    /// The way to write.
    pub writer: Writer,
    /// The way to read.
    pub reader: Reader,
    /// The wire.
    pub api: Arc<Api>,
    /// This process's number.
    pub boot: Boot,
    /// Its sign of life.
    pub beat: Beat,
}

/// Sends until `stop`; then waits for what is on the wire, so that nothing is left in doubt.
pub async fn run(sender: Arc<Sender>, stop: CancellationToken) {
    let mut pace = resume(&sender).await;
    let mut busy: HashSet<CustomerId> = HashSet::new();
    let mut flying = JoinSet::new();
    loop {
        let changed = sender.writer.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let pause = match choose(&sender, &mut pace, &mut busy, flying.len()).await {
            Ok((chosen, pause)) => {
                sender.beat.beat();
                for sending in chosen {
                    let sender = Arc::clone(&sender);
                    flying.spawn(async move { deliver(&sender, sending).await });
                }
                pause
            }
            // The database's own trouble is told elsewhere; a restart would not mend it.
            Err(error) if is_refusal(&error) => {
                sender.beat.beat();
                AGAIN
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the outbox cannot be read; trying again"
                );
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = changed => {}
            () = tokio::time::sleep(pause) => {}
            Some(landed) = flying.join_next() => land(&mut pace, &mut busy, landed.ok()),
        }
        while let Some(landed) = flying.try_join_next() {
            land(&mut pace, &mut busy, landed.ok());
        }
    }
    flying.join_all().await;
}

fn is_refusal(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(WriteError::Database(_)))
}

/// A restart within the second must not send a second message in a chat, nor more than thirty to all.
async fn resume(sender: &Sender) -> Pace {
    let moment = now();
    let since = UnixMillis(moment.0 - i64::try_from(SPAN.as_millis()).unwrap_or(0));
    let lately = sender
        .reader
        .run(move |conn| Ok((store::busy_chats(conn, moment)?, store::left_lately(conn, since)?)));
    match lately.await {
        Ok((busy, left)) => Pace::resumed(busy, &left, moment),
        Err(error) => {
            tracing::error!(
                error = format!("{error:#}"),
                "the pace of the last moments cannot be read"
            );
            Pace::default()
        }
    }
}

/// What the sender learns from one request.
struct Landed {
    chat: CustomerId,
    is_answer: bool,
    quiet: Option<Duration>,
}

fn land(pace: &mut Pace, busy: &mut HashSet<CustomerId>, landed: Option<Landed>) {
    // A request that panicked keeps its chat busy until the next start: better silent than twice.
    let Some(landed) = landed else { return };
    if !landed.is_answer {
        busy.remove(&landed.chat);
    }
    if let Some(pause) = landed.quiet {
        pace.quiet(landed.chat, pause, now());
    }
}

/// Chooses who may go now, marks those, and says how long nobody else may.
async fn choose(
    sender: &Sender,
    pace: &mut Pace,
    busy: &mut HashSet<CustomerId>,
    flying: usize,
) -> Result<(Vec<Sending>, Duration)> {
    let (heads, answers) = sender.reader.run(store::heads).await?;
    let now = now();
    let mut free = IN_FLIGHT_MAX.saturating_sub(flying);
    let mut pause = SLEEP_MAX;
    let mut chosen: Vec<SendId> = Vec::new();
    let mut paced: Vec<Head> = Vec::new();
    for answer in answers.into_iter().take(free) {
        chosen.push(answer.id);
    }
    free = free.saturating_sub(chosen.len());
    for head in heads {
        if free == 0 {
            break;
        }
        let is_broadcast = head.lane == Lane::Broadcast as i64;
        if busy.contains(&head.chat) || (is_broadcast && free <= KEPT_FREE) {
            continue;
        }
        let when = earliest(&head, pace);
        if when > now {
            pause = pause.min(when.since(now));
            continue;
        }
        pace.leaves(head.chat, now);
        busy.insert(head.chat);
        chosen.push(head.id);
        paced.push(head);
        free -= 1;
    }
    if chosen.is_empty() {
        return Ok((Vec::new(), pause));
    }
    let boot = sender.boot;
    crate::fail::point("before_mark");
    let begun = sender.writer.run(move |conn| {
        let begun: Result<Vec<Option<Sending>>> =
            chosen.iter().map(|id| store::begin(conn, *id, boot)).collect();
        Ok(begun?.into_iter().flatten().collect::<Vec<_>>())
    });
    let begun = begun.await;
    // What was taken back meanwhile, or could not be marked, keeps nobody's chat busy.
    let marked: HashSet<SendId> = begun.iter().flatten().map(|sending| sending.id).collect();
    for head in paced.iter().filter(|head| !marked.contains(&head.id)) {
        busy.remove(&head.chat);
    }
    pace.left_late(paced.len(), crate::clock::now());
    Ok((begun?, pause))
}

fn earliest(head: &Head, pace: &Pace) -> UnixMillis {
    pace.when(head.chat).max(head.not_before)
}

async fn deliver(sender: &Sender, sending: Sending) -> Landed {
    crate::fail::point("after_mark_before_send");
    let (chat, is_answer) = (sending.chat, sending.purpose == Purpose::Answer);
    let outcome = match send(sender, &sending).await {
        Ok(result) => Outcome::of(result, &sending),
        Err(error) => {
            tracing::error!(
                send = sending.id.0,
                error = format!("{error:#}"),
                "a message cannot be made"
            );
            Outcome::NotSent("it cannot be made".to_owned())
        }
    };
    let quiet = match &outcome {
        Outcome::TooFast(pause) => Some(*pause),
        _ => None,
    };
    crate::fail::point("after_answer_before_store");
    if let Err(error) = settle(sender, sending, outcome).await {
        // The row stays marked as being sent; it is taken up, as in doubt, at the next start.
        tracing::error!(%error, "what became of a message cannot be stored");
    }
    Landed {
        chat,
        is_answer,
        quiet,
    }
}

/// One call. The outer error is ours: a row that cannot be read.
async fn send(
    sender: &Sender,
    sending: &Sending,
) -> Result<Result<Option<crate::outbox::MessageId>, CallError>> {
    let (api, chat) = (&sender.api, sending.chat);
    if sending.is_edit && sending.edits.is_none() {
        return Ok(Err(CallError::Refused {
            code: 400,
            reason: "message to edit not found".to_owned(),
        }));
    }
    let target = sending.edits.unwrap_or(crate::outbox::MessageId(0));
    Ok(match &sending.outgoing {
        Outgoing::Text(screen) => wire::send_text(api, chat, &marked(sender, sending, screen).await?).await,
        Outgoing::Qr { qr, caption } => wire::send_qr(api, chat, qr, caption).await,
        Outgoing::Photo { photo, caption } => wire::send_photo(api, chat, photo, caption).await,
        Outgoing::EditText(screen) => wire::edit_text(api, chat, target, screen).await,
        Outgoing::EditCaption(screen) => wire::edit_caption(api, chat, target, screen).await,
        Outgoing::Answer {
            callback_id,
            toast,
            stays,
        } => {
            if now().since(sending.created_at) > ANSWER_LIFE {
                return Ok(Err(CallError::Refused {
                    code: 400,
                    reason: "query is too old".to_owned(),
                }));
            }
            wire::answer(api, callback_id, toast.as_deref(), *stays).await
        }
        Outgoing::Note { name, text, caption } => wire::send_note(api, chat, (name, text), caption).await,
        Outgoing::Goods { language } => match goods(sender, sending, *language).await? {
            Push::Text(screen) => wire::edit_text(api, chat, target, &screen).await,
            Push::File { file, caption } => wire::edit_file(api, chat, target, (&file, &caption)).await,
        },
    })
}

/// A part of the goods, read at the last moment.
async fn goods(sender: &Sender, sending: &Sending, language: Language) -> Result<Push> {
    let id = sending.order.context("goods without order")?;
    let part = sending.part;
    let read = sender.reader.run(move |conn| {
        let order = order::store::get(conn, id)?;
        let item =
            stock::store::item(conn, id)?.with_context(|| format!("order {} has no item", order.code))?;
        let terms = catalog::store::get(conn, order.product)?.map(|product| product.draft.terms);
        notices::push(
            language,
            &order,
            &item,
            part,
            terms.as_deref().unwrap_or_default(),
        )
        .with_context(|| format!("the goods of order {} have no part {part}", order.code))
    });
    read.await
}

/// A notice that goes out a second time, because nobody knows about the first, says so.
async fn marked(
    sender: &Sender,
    sending: &Sending,
    screen: &crate::outbox::Screen,
) -> Result<crate::outbox::Screen> {
    if sending.purpose != Purpose::Notice || sending.repeats == 0 {
        return Ok(screen.clone());
    }
    let (chat, otherwise) = (sending.chat, sender.shop.language);
    let language = sender
        .reader
        .run(move |conn| crate::shop::customer::store::language(conn, chat, otherwise))
        .await?;
    let mut marked = screen.clone();
    marked.words = marked
        .words
        .then("\n\n")
        .then(&crate::words::say(language, "sent-again", &[]));
    Ok(marked)
}
