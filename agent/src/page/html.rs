//! The status page in HTML. Everything that is not written here is escaped, wherever it comes from.
//! Pure: it shows what it is given.

use protocol::time::UnixMillis;

use super::{
    pieces::{escape, list, pairs, section, size, table},
    words::{self, Words, words},
};
use crate::{
    alert::{
        message::{Voice, duration, in_words, moment, rupiah},
        reports::Reported,
    },
    chart::{Figure, picture::Picture, scale::label},
    overview::{Open, Over, Overview},
    store::shipping::Shipping,
    traffic::Mean,
    watch::bot_health::BotState,
};

const CHARTS: [Picture; 4] = [
    Picture::Resources,
    Picture::Trade,
    Picture::Backups,
    Picture::Traffic,
];
/// Restore points that are listed.
const POINTS_MAX: usize = 10;
/// Lines of what is over.
const PAST_MAX: usize = 12;

/// The whole page.
pub(super) fn page(voice: &Voice, overview: &Overview) -> String {
    let words = words(voice.language);
    let bot = words::bot(voice.language, overview.bot);
    let is_well = overview.open.is_empty() && overview.bot == BotState::Running;
    let (class, verdict) = match (is_well, overview.open.first()) {
        (true, _) if !overview.reported.is_empty() => ("well", words.well_but_reported),
        (true, _) => ("well", words.well),
        (false, Some(open)) => (words::class(open.severity), words.wrong),
        (false, None) => ("warning", bot),
    };
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"30\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n\
         <header><h1>{title}</h1><span class=\"verdict {class}\">{verdict}</span>\
         <span class=\"quiet\">{at}</span></header>\n<main>\n\
         <div class=\"half\">\n{alerts}{shop}{server}</div>\n<div class=\"half\">\n{drills}{backups}{traffic}</div>\n\
         {charts}</main>\n\
         <footer>{refreshed}</footer>\n</body>\n</html>\n",
        lang = words.lang,
        title = words.title,
        at = escape(&moment(&voice.timezone, overview.at)),
        alerts = alerts(voice, words, overview),
        shop = shop(voice, words, overview),
        server = server(voice, words, overview),
        drills = drills(voice, words, overview),
        backups = backups(voice, words, overview),
        traffic = traffic(voice, words, overview),
        charts = charts(voice, words),
        refreshed = words.refreshed,
    )
}

fn alerts(voice: &Voice, words: &Words, overview: &Overview) -> String {
    let mut inner = String::new();
    if overview.open.is_empty() {
        let bot = words::bot(voice.language, overview.bot);
        let unsure = overview
            .unsure(bot)
            .map(|what| format!("{}: {what}", words.unsure));
        let line = unsure.as_deref().unwrap_or(words.no_alerts);
        inner += &format!("<p>{}</p>\n", escape(line));
    } else {
        inner += &list(overview.open.iter().map(|open| alert(voice, words, open)));
    }
    if !overview.reported.is_empty() {
        let line = |kind: &Reported| {
            let (title, name) = (escape(&kind.title), escape(&kind.kind));
            format!("{title}<small>{} × · <code>{name}</code></small>", kind.count)
        };
        inner += &format!("<h2>{}</h2>\n", words.reported);
        inner += &list(overview.reported.iter().map(line));
    }
    if !overview.silences.is_empty() {
        let line = |(scope, until): &(Option<String>, UnixMillis)| {
            let scope = scope.as_deref().unwrap_or(words.everything);
            format!("{} → {}", escape(scope), escape(&moment(&voice.timezone, *until)))
        };
        inner += &format!("<h2>{}</h2>\n", words.silenced);
        inner += &list(overview.silences.iter().map(line));
    }
    if !overview.past.is_empty() {
        let line = |over: &Over| {
            let lasted = duration(voice.language, over.until.since(over.since));
            let since = moment(&voice.timezone, over.since);
            let held = over.held.map_or(String::new(), |held| format!(" · {held}"));
            format!(
                "{}<small>{}, {}{} · <code>{}</code></small>",
                escape(&over.headline),
                escape(&since),
                escape(&lasted),
                escape(&held),
                escape(&over.rule)
            )
        };
        inner += &format!("<h2>{}</h2>\n", words.past);
        inner += &list(overview.past.iter().take(PAST_MAX).map(line));
        let more = overview.past.len().saturating_sub(PAST_MAX);
        if more > 0 {
            let told = words.past_more.replace("{count}", &more.to_string());
            inner += &format!("<p>{}</p>\n", escape(&told));
        }
    }
    section("alerts", "", words.alerts, &inner)
}

fn alert(voice: &Voice, words: &Words, open: &Open) -> String {
    let grave = words::severity(voice.language, open.severity);
    let mut notes = format!(
        "{grave} · {} {}",
        words.since,
        moment(&voice.timezone, open.since)
    );
    if open.acked.is_some() {
        notes += &format!(" · {}", words.taken_on);
    }
    if let Some(held) = &open.held {
        notes += &format!(" · {held}");
    }
    let cause = open
        .cause
        .as_ref()
        .map(|cause| format!("<small>{}</small>", escape(cause)));
    format!(
        "<span class=\"{}\">{}</span>{}<small>{} · <code>{}</code></small>",
        words::class(open.severity),
        // The sign is for chats; not every browser has a picture for it, and the words say the same.
        escape(
            open.headline
                .trim_start_matches(|char: char| !char.is_ascii() && !char.is_alphanumeric())
                .trim_start()
        ),
        cause.unwrap_or_default(),
        escape(&notes),
        escape(open.rule)
    )
}

fn shop(voice: &Voice, words: &Words, overview: &Overview) -> String {
    let mut rows = vec![(words.bot, words::bot(voice.language, overview.bot).to_owned())];
    if let Some(health) = &overview.health {
        let sales = if health.trade.sales_paused {
            words.paused
        } else {
            words.open
        };
        rows.push((words.sales, sales.to_owned()));
        rows.push((words.unpaid, health.trade.awaiting_payment.to_string()));
        rows.push((words.refunds, health.trade.refunds_due.to_string()));
        let waits = health.queue.ready + health.queue.inbox + health.queue.sends;
        rows.push((words.queue, waits.to_string()));
    }
    rows.push((words.orders, overview.day.0.to_string()));
    rows.push((words.money, rupiah(overview.day.1)));
    section("shop", "", words.shop, &pairs(&rows))
}

fn server(voice: &Voice, words: &Words, overview: &Overview) -> String {
    let percent = |value: Option<f64>| {
        value.map_or_else(
            || words.not_known.to_owned(),
            |value| label(voice.language, Figure::Percent, value),
        )
    };
    let filled = |used: f64| label(voice.language, Figure::Filled, used);
    let disks: Vec<String> = overview
        .disks
        .iter()
        .map(|(place, _)| format!("{} {place}", words.disk))
        .collect();
    let mut rows: Vec<(&str, String)> = disks
        .iter()
        .zip(&overview.disks)
        .map(|(name, (_, used))| (name.as_str(), filled(*used)))
        .collect();
    rows.push((words.memory, percent(overview.memory)));
    rows.push((words.processor, percent(overview.processor)));
    let unwatched = overview
        .unwatched
        .as_deref()
        .and_then(|line| line.split_once(": "));
    rows.push((
        words.unknown,
        unwatched.map_or_else(|| "0".to_owned(), |(_, things)| things.to_owned()),
    ));
    rows.push((words.waiting, overview.waiting.to_string()));
    rows.push((words.strangers, overview.strangers.to_string()));
    section("server", "", words.server, &pairs(&rows))
}

/// What of the commits is not there, or is of no use there.
fn behind(voice: &Voice, words: &Words, one: &Shipping, now: UnixMillis) -> String {
    let waiting = match one.waiting_commits {
        0 => "0".to_owned(),
        count => format!("{count} ({})", duration(voice.language, one.waits(now))),
    };
    match one.torn_after {
        None => waiting,
        Some(after) => format!(
            "{waiting}; {}",
            words.torn.replace("{commit}", &after.to_string())
        ),
    }
}

fn backups(voice: &Voice, words: &Words, overview: &Overview) -> String {
    let age = |at: UnixMillis| duration(voice.language, overview.at.since(at));
    let mut inner = String::new();
    if overview.fresh.is_empty() {
        inner += &format!("<p>{}</p>\n", words.no_backups);
    } else {
        let rows = overview.fresh.iter().map(|fresh| {
            let one = overview.shipping.iter().find(|one| one.remote == fresh.remote);
            let behind = one.map_or_else(
                || words.not_known.to_owned(),
                |one| behind(voice, words, one, overview.at),
            );
            [fresh.remote.clone(), age(fresh.taken_at), behind]
        });
        inner += &table([words.remote, words.age, words.behind], rows);
    }
    if !overview.points.is_empty() {
        let rows = overview.points.iter().take(POINTS_MAX).map(|point| {
            let kind = if point.is_delta { words.delta } else { words.full };
            let drilled = if point.is_drilled { " ★" } else { "" };
            let damaged = match point.is_damaged {
                true => format!(" · {}", words.damaged),
                false => String::new(),
            };
            [
                moment(&voice.timezone, point.taken_at),
                format!("{kind}{drilled}{damaged}"),
                size(voice.language, point.size_bytes),
            ]
        });
        inner += &table([words.taken_at, words.kind, words.size], rows);
        if overview
            .points
            .iter()
            .take(POINTS_MAX)
            .any(|point| point.is_drilled)
        {
            inner += &format!("<p class=\"quiet\">{}</p>\n", words.legend);
        }
    }
    section("backups", "", words.backups, &inner)
}

/// What goes to each remote in an hour, as the day's mean and the week's, and what a month costs.
fn traffic(voice: &Voice, words: &Words, overview: &Overview) -> String {
    let rows = overview.traffic.iter().map(|one| {
        let mean = |over: &str, mean: Mean| {
            format!(
                "<small>{over}: {} · {} {}</small>",
                size(voice.language, mean.bytes),
                mean.requests,
                words.requests
            )
        };
        let cost = match (one.cost_a_month, one.is_priced) {
            (Some(cost), _) => format!("≈ {}", label(voice.language, Figure::Price, cost)),
            (None, true) => words.no_cost_yet.to_owned(),
            (None, false) => words.no_price.to_owned(),
        };
        format!(
            "{}{}{}<small>{}: {cost}</small>",
            escape(&one.remote),
            mean(words.day, one.day),
            mean(words.week, one.week),
            words.cost
        )
    });
    section("traffic", "", words.traffic, &list(rows))
}

/// The rehearsals of a restore, remote by remote.
fn drills(voice: &Voice, words: &Words, overview: &Overview) -> String {
    let rows = overview.drills.iter().map(|drilled| {
        let passed = drilled.passed_at.map_or_else(
            || words.never.to_owned(),
            |at| duration(voice.language, overview.at.since(at)),
        );
        let (class, outcome) = match (&drilled.fault, drilled.passed_at) {
            (Some(fault), _) => ("critical", in_words(voice.language, fault)),
            (None, Some(_)) => ("well", words.passed.to_owned()),
            (None, None) => ("quiet", words.never.to_owned()),
        };
        format!(
            "<span class=\"{class}\">{}: {}</span><small>{}: {}</small>",
            escape(&drilled.remote),
            escape(&outcome),
            words.last_passed,
            escape(&passed)
        )
    });
    let mut inner = list(rows);
    if let Some(due) = overview.drill_due {
        let due = escape(&moment(&voice.timezone, due));
        inner += &format!("<p class=\"quiet\">{}: {due}</p>\n", words.next_drill);
    }
    section("drills", "", words.drills, &inner)
}

fn charts(voice: &Voice, words: &Words) -> String {
    let picture = |picture: Picture| {
        let (name, title) = (picture.name(), escape(picture.title(voice.language)));
        format!(
            "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"/chart/{name}.png?theme=dark\">\
             <img src=\"/chart/{name}.png\" alt=\"{title}\"></picture>\n"
        )
    };
    let all: String = CHARTS.into_iter().map(picture).collect();
    section(
        "charts",
        " class=\"wide\"",
        words.charts,
        &format!("<div class=\"charts\">\n{all}</div>\n"),
    )
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use protocol::incident::Severity;

    use super::*;
    use crate::{
        config::Language,
        store::{drilled::Drilled, freshness::Freshness, sizes::PointLine},
        traffic::Traffic,
    };

    fn overview() -> Overview {
        let nasty = "<script>alert('x')</script>\"&".to_owned();
        Overview {
            at: UnixMillis(1_795_338_000_000),
            bot: BotState::Gone,
            health: None,
            unit: None,
            unit_bytes: None,
            open: vec![Open {
                key: nasty.clone(),
                rule: "bot_gone",
                severity: Severity::Critical,
                headline: nasty.clone(),
                cause: Some(nasty.clone()),
                since: UnixMillis(0),
                episode: None,
                acked: None,
                held: Some("silenced".to_owned()),
            }],
            reported: vec![Reported {
                kind: nasty.clone(),
                title: nasty.clone(),
                count: 2,
            }],
            silences: vec![(Some(nasty.clone()), UnixMillis(0)), (None, UnixMillis(0))],
            past: vec![Over {
                rule: nasty.clone(),
                headline: nasty.clone(),
                since: UnixMillis(0),
                until: UnixMillis(1000),
                held: None,
            }],
            without_base: vec![(nasty.clone(), true)],
            fresh: vec![Freshness {
                remote: nasty.clone(),
                point: nasty.clone(),
                taken_at: UnixMillis(0),
            }],
            points: vec![PointLine {
                taken_at: UnixMillis(0),
                size_bytes: 1_000,
                is_delta: false,
                copies: 1,
                is_drilled: true,
                is_damaged: true,
            }],
            point_count: 1,
            shipping: Vec::new(),
            traffic: vec![Traffic {
                remote: nasty.clone(),
                day: Mean::default(),
                week: Mean::default(),
                cost_a_month: Some(0.42),
                is_priced: true,
            }],
            spool_bytes: 0,
            drills: vec![Drilled {
                remote: nasty.clone(),
                passed_at: None,
                fault: Some(nasty.clone()),
            }],
            drill_due: Some(UnixMillis(0)),
            waiting: 0,
            disks: vec![(nasty, 50.0)],
            memory: None,
            processor: Some(3.0),
            unknown: 0,
            unwatched: None,
            day: (3, 1_250_000),
            strangers: 1,
        }
    }

    #[test]
    fn of_many_that_are_over_it_says_how_many_more_there_are() {
        for (count, more) in [(12, None), (13, Some("and 1 more")), (60, Some("and 48 more"))] {
            let mut overview = overview();
            overview.past = vec![overview.past[0].clone(); count];
            let voice = Voice {
                language: Language::En,
                timezone: TimeZone::UTC,
                unit: "bot.service".to_owned(),
                database: "/srv/shop.db".to_owned(),
            };
            let html = page(&voice, &overview);
            assert_eq!(html.contains(" more; the newest"), more.is_some(), "{html}");
            assert!(more.is_none_or(|more| html.contains(more)), "{html}");
        }
    }

    #[test]
    fn what_is_no_alert_yet_is_said_where_all_would_be_well() {
        let voice = Voice {
            language: Language::En,
            timezone: TimeZone::UTC,
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let with = |bot: BotState| {
            let looked = Overview {
                bot,
                open: Vec::new(),
                reported: Vec::new(),
                ..overview()
            };
            page(&voice, &looked)
        };
        let (well, nothing) = (words(Language::En).well, words(Language::En).no_alerts);
        let html = with(BotState::Running);
        assert!(html.contains(well) && html.contains(nothing), "{html}");
        for (bot, said) in [
            (BotState::Silent, "well: Bot: running, but does not answer<"),
            (BotState::Gone, "well: Bot: dead<"),
        ] {
            let html = with(bot);
            assert!(
                html.contains(said) && html.contains("verdict warning"),
                "{said}: {html}"
            );
            assert!(!html.contains(well) && !html.contains(nothing), "{said}: {html}");
        }
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        for language in [Language::Id, Language::En] {
            let voice = Voice {
                language,
                timezone: TimeZone::UTC,
                unit: "bot.service".to_owned(),
                database: "/srv/shop.db".to_owned(),
            };
            let html = page(&voice, &overview());
            assert!(!html.contains("<script"), "{html}");
            assert_eq!(
                html.matches("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;")
                    .count(),
                12
            );
            assert!(html.contains("Rp1.250.000"));
            assert!(html.contains(words(language).damaged), "{html}");
            assert!(
                html.contains(words(language).legend),
                "what the star means: {html}"
            );
            assert!(
                !html.contains("http://") && !html.contains("https://"),
                "no external asset"
            );
        }
    }
}
