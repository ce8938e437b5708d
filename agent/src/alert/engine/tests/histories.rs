//! Any history of troubles, presses, silences and restarts: each episode ends once, and nothing is left.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

/// Whatever is seen, pressed, silenced and restarted: every episode that was told ends exactly once, and when all is
/// well for long enough nothing is left.
#[test]
fn nothing_is_forgotten_and_nothing_is_told_twice_in_any_history() {
    let rules = [
        ("bot/bot", Rule::BotGone),
        ("bot/bot", Rule::BotHung),
        ("bot/bot", Rule::BotUnhealthy),
        ("loop/1", Rule::BotUnhealthy),
        ("loop/2", Rule::BotUnhealthy),
        ("agent/line", Rule::AgentBlind),
        ("channel/a", Rule::ChannelBroken),
        ("backup/any", Rule::BackupNotTaken),
        ("backup_remote/a", Rule::BackupFailed),
        ("database/shop", Rule::DatabaseDamaged),
        ("recipient/x", Rule::RecipientExpiring),
    ];
    for seed in 0..6 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut day = Day::begin();
        day.calendar.quiet_hours = Some((time(9, 0, 0, 0), time(10, 0, 0, 0)));
        for _ in 0..200 {
            let (key, rule) = rules[random.random_range(0..rules.len())];
            match random.random_range(0..20) {
                0 => day.restart(),
                1 => day.change(|book, _, now| {
                    silence(book, key, Duration::from_secs(600), now);
                    Vec::new()
                }),
                2 => day.pass_long(Duration::from_secs(600)),
                3 => {
                    let id = day.store.book().unwrap().episodes.keys().next().copied();
                    day.change(|book, calendar, now| {
                        id.and_then(|id| acknowledge(book, calendar, id, None, now))
                            .unwrap_or_default()
                    });
                }
                4..10 => day.fine(key),
                _ => day.wrong(key, rule),
            }
            day.pass(random.random_range(0..20));
        }
        for _ in 0..3 {
            rules.iter().for_each(|(key, _)| day.fine(key));
        }
        day.pass_long(Duration::from_secs(7200));
        let book = day.store.book().unwrap();
        assert!(
            book.alerts.is_empty() && book.episodes.is_empty() && book.floors.is_empty(),
            "{book:?}"
        );
        account_for(&day.said);
    }
}

/// Each episode begins once, and each of its beginnings and returns is ended once before the next.
fn account_for(said: &[(UnixMillis, Notice)]) {
    let ids: std::collections::BTreeSet<EpisodeId> = said.iter().map(|(_, notice)| notice.episode).collect();
    for id in ids {
        let of_it: Vec<&Kind> = said
            .iter()
            .filter(|(_, notice)| notice.episode == id)
            .map(|(_, notice)| &notice.kind)
            .collect();
        let (mut is_open, mut begun) = (false, 0);
        for kind in &of_it {
            match kind {
                Kind::First | Kind::Flapping | Kind::Returned => {
                    assert!(!is_open, "{id:?}: {of_it:?}");
                    begun += usize::from(**kind != Kind::Returned);
                    is_open = true;
                }
                Kind::Resolved { .. } | Kind::Withdrawn | Kind::Paused { .. } => {
                    assert!(is_open, "{id:?}: {of_it:?}");
                    is_open = false;
                }
                Kind::Replaced => is_open = false,
                Kind::Worse | Kind::More | Kind::Reminder | Kind::Update => {
                    assert!(is_open, "{id:?}: {of_it:?}");
                }
                Kind::Settled | Kind::Calm => assert!(!is_open, "{id:?}: {of_it:?}"),
            }
        }
        assert_eq!((begun, is_open), (1, false), "{id:?}: {of_it:?}");
    }
}
