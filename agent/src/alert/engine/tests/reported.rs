//! What the bot reports and says that it stands is one alert with an end, whatever follows from it.

use protocol::{
    health::Standing,
    incident::{Incident, IncidentId, Severity},
};

use super::*;
use crate::alert::standing::of_report;

fn report(day: &mut Day, kind: &str, text: &str) {
    let incident = Incident {
        id: IncidentId(1),
        at: day.now,
        kind: kind.to_owned(),
        severity: Severity::Critical,
        text: text.to_owned(),
    };
    let (key, seen) = of_report(&incident, Some(&[] as &[Standing]), day.now).unwrap();
    day.see(key.as_str(), seen);
}

#[test]
fn a_refused_token_is_told_once_with_all_that_follows_from_it_and_ends() {
    let mut day = Day::begin();
    report(&mut day, "telegram_refuses", "BOT_TOKEN");
    assert_eq!(day.told(), ["first telegram/sends"]);
    // A look that was under way when it was reported ends nothing.
    day.fine("telegram/sends");
    for _ in 0..20 {
        day.wrong("telegram/sends", Rule::TelegramRefuses);
        day.wrong("trade/delivery", Rule::DeliveryLate);
        day.wrong("queue/jobs", Rule::QueueLagging);
        report(&mut day, "telegram_refuses", "BOT_TOKEN");
        day.pass(5);
    }
    assert_eq!(day.told(), [] as [&str; 0], "nothing new in it");
    for key in ["trade/delivery", "queue/jobs", "telegram/sends", "telegram/sends"] {
        day.fine(key);
    }
    assert_eq!(day.told(), ["resolved telegram/sends"]);
}

#[test]
fn a_refusing_gateway_is_no_second_alert_beside_its_failing_calls() {
    let mut day = Day::begin();
    report(&mut day, "gateway_refuses", "pakasir · W1 · 401");
    for failures in 1..6 {
        let detail = "401".to_owned();
        let rule = Rule::GatewayRefuses;
        day.see("gateway/pakasir", Observation::Wrong { rule, detail });
        report(
            &mut day,
            "gateway_refuses",
            &format!("pakasir · W{failures} · 401"),
        );
        day.pass(5);
    }
    assert_eq!(day.told(), ["first gateway/pakasir"]);
    day.fine("gateway/pakasir");
    day.fine("gateway/pakasir");
    assert_eq!(day.told(), ["resolved gateway/pakasir"]);
}

#[test]
fn a_database_that_refuses_is_told_beside_a_disk_that_was_nearly_full_and_the_bot_is_not_called_ill_for_it() {
    let mut day = Day::begin();
    day.wrong("disk//", Rule::DiskFull);
    day.pass(3_600);
    assert_eq!(day.told()[0], "first disk//");
    report(&mut day, "database_refuses", "full");
    day.wrong("bot/bot", Rule::BotUnhealthy);
    day.pass(5);
    day.wrong("bot/bot", Rule::BotUnhealthy);
    day.pass(120);
    assert_eq!(day.told(), ["first database/commits"]);
}
