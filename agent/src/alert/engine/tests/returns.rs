//! What comes back after it came and went: told again when it stays, anew when it is another trouble, and counted by what
//! it was.

use super::*;

#[test]
fn what_flapped_and_then_stays_is_told_again() {
    let mut day = Day::begin();
    for _ in 0..3 {
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(60);
        day.fine("bot/bot");
        day.pass(60);
    }
    assert_eq!(
        day.told(),
        [
            "first bot/bot",
            "resolved bot/bot",
            "flapping bot/bot",
            "paused bot/bot",
            "returned bot/bot",
            "flapping bot/bot",
            "replaced bot/bot",
            "paused bot/bot"
        ]
    );
    day.wrong("bot/bot", Rule::BotGone);
    day.pass(899);
    assert_eq!(day.told(), ["returned bot/bot", "reminder bot/bot"]);
    day.pass(1);
    assert_eq!(day.told(), ["reminder bot/bot"]);
    day.fine("bot/bot");
    assert_eq!(day.told(), ["resolved bot/bot", "settled bot/bot"]);
    day.pass_long(Duration::from_secs(3700));
    assert_eq!(day.told(), Vec::<String>::new());
}

#[test]
fn another_trouble_is_told_anew_and_the_message_before_says_that_it_goes_on_there() {
    let mut day = Day::begin();
    for _ in 0..2 {
        for _ in 0..7 {
            day.wrong("bot/bot", Rule::BotUnhealthy);
            day.pass(10);
        }
        day.fine("bot/bot");
        day.pass(60);
    }
    let told = day.told();
    assert_eq!(told[2..], ["flapping bot/bot", "paused bot/bot"]);
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["first bot/bot", "replaced bot/bot"], "it is graver");
}

#[test]
fn a_lasting_death_beyond_the_hours_messages_may_ring_where_its_end_comes_late() {
    let mut day = Day::begin();
    let loud_end_after = |day: &mut Day, seconds: u64| {
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(seconds);
        day.fine("bot/bot");
        let (_, end) = day.said.last().unwrap();
        assert!(end.kind.is_edit() && !end.kind.is_open(), "{end:?}");
        let loud = end.loud;
        day.pass(90);
        loud
    };
    for _ in 0..2 {
        loud_end_after(&mut day, 5);
    }
    assert!(!loud_end_after(&mut day, 100), "it rang after a minute");
    assert_eq!(day.messages(), 3);
    assert!(!loud_end_after(&mut day, 30), "it was short");
    assert!(loud_end_after(&mut day, 100), "nothing of it ever rang");
    assert_eq!(day.messages(), 3);
}

#[test]
fn what_came_is_counted_by_what_it_was() {
    let mut day = Day::begin();
    let lasts = |day: &mut Day, rules: &[Rule]| {
        for rule in rules {
            for _ in 0..20 {
                day.wrong("bot/bot", *rule);
                day.pass(1);
            }
        }
        day.fine("bot/bot");
        day.pass(60);
    };
    lasts(&mut day, &[Rule::BotGone]);
    lasts(&mut day, &[Rule::BotHung]);
    lasts(&mut day, &[Rule::BotHung]);
    day.restart();
    // It was ill first, and died of it.
    lasts(&mut day, &[Rule::BotUnhealthy, Rule::BotGone]);
    let times = day.said.last().unwrap().1.times.clone().unwrap();
    assert_eq!(times.count, 4);
    assert_eq!(times.kinds, [(Rule::BotGone, 2), (Rule::BotHung, 2)]);
}
