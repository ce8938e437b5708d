//! A told alert that becomes something else says so at once, in its message and with its own time.

use super::*;

const BOT: &str = "bot/bot";

impl Day {
    /// As the watch sees the bot: every five seconds.
    fn stays(&mut self, rule: Rule, seconds: u64) {
        for _ in 0..seconds / 5 {
            self.wrong(BOT, rule);
            self.pass(5);
        }
    }

    fn last(&self) -> &Notice {
        &self.said.last().unwrap().1
    }

    fn row(&self) -> AlertRow {
        self.store.book().unwrap().alerts[BOT].clone()
    }
}

#[test]
fn a_bot_that_hung_and_then_died_is_told_as_dead_at_once_with_the_time_of_its_death() {
    for hung_for in [20, 3 * 3600] {
        let mut day = Day::begin();
        day.stays(Rule::BotHung, hung_for);
        day.told();
        day.restart();
        let died_at = day.now;
        day.wrong(BOT, Rule::BotGone);
        assert_eq!((day.messages(), day.edits()), (0, 1), "{:?}", day.said);
        assert_eq!(
            (day.last().lead.rule, day.last().lead.since),
            (Rule::BotGone, died_at)
        );
        assert_eq!(day.row().told.unwrap(), Rule::BotGone.name());
        day.stays(Rule::BotGone, 100);
        assert!(
            day.said
                .iter()
                .skip(1)
                .all(|(_, notice)| notice.kind == Kind::Reminder)
        );
        day.fine(BOT);
        assert_eq!(
            day.last().lead.rule,
            Rule::BotHung,
            "an end is named as its message began"
        );
    }
}

#[test]
fn what_changes_again_and_again_is_put_right_each_time_and_rings_no_more_often() {
    let mut day = Day::begin();
    day.stays(Rule::BotHung, 20);
    day.told();
    for (rule, stays) in [
        (Rule::BotGone, 10),
        (Rule::BotUnhealthy, 10),
        (Rule::BotHung, 20),
        (Rule::BotGone, 10),
        (Rule::BotUnhealthy, 10),
    ] {
        day.stays(rule, stays);
        assert_eq!(day.last().lead.rule, rule);
        assert_eq!(day.row().told.unwrap(), rule.name());
    }
    assert_eq!(day.messages(), 0, "{:?}", day.said);
}

#[test]
fn a_death_after_another_trouble_has_its_own_time_and_length() {
    let mut day = Day::begin();
    day.stays(Rule::BotUnhealthy, 600);
    let died_at = day.now;
    day.wrong(BOT, Rule::BotGone);
    assert_eq!(
        (day.last().kind.clone(), day.last().lead.since),
        (Kind::Worse, died_at)
    );
    day.pass(30);
    day.fine(BOT);
    let lasted = Duration::from_secs(30);
    let in_place = true;
    assert_eq!(day.last().kind, Kind::Resolved { lasted, in_place });
    assert_eq!(day.last().lead.since, died_at);
}

#[test]
fn what_is_just_becoming_graver_is_told_once_as_what_it_has_become() {
    let mut day = Day::begin();
    day.stays(Rule::BotUnhealthy, 60);
    assert_eq!(day.told(), Vec::<String>::new(), "it waits for its cause");
    day.restart();
    // The agent has just started: a bot that is not there yet may be starting as well.
    for _ in 0..20 {
        day.wrong(BOT, Rule::BotNotRunning);
        day.pass(1);
    }
    assert_eq!(day.messages(), 1, "{:?}", day.said);
    assert_eq!(
        (day.last().kind.clone(), day.last().severity),
        (Kind::First, Severity::Critical)
    );
}

#[test]
fn an_alert_that_is_over_before_its_message_was_due_was_never_told() {
    let mut day = Day::begin();
    day.wrong("log//a", Rule::LogGrowing);
    day.wrong("log//b", Rule::LogGrowing);
    let told = |day: &Day, key: &str| day.store.book().unwrap().alerts[key].told.is_some();
    assert!(told(&day, "log//a") && !told(&day, "log//b"), "{:?}", day.said);
    day.pass(12);
    assert!(told(&day, "log//b"), "{:?}", day.said);
}

#[test]
fn something_graver_of_the_same_topic_is_no_worse_kind_of_what_was_told() {
    let mut day = Day::begin();
    day.wrong("disk_speed//", Rule::DiskSlow);
    assert_eq!(day.told(), ["first disk_speed//"]);
    day.wrong("memory/stalls", Rule::MemoryKill);
    assert_eq!(day.told(), ["more memory/stalls"]);
}
