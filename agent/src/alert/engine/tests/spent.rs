//! What many tell together and is back after the hour's messages: their last one is true at every moment, and rings no
//! sooner than before.

use super::*;

const REFUSES: Rule = Rule::GatewayRefuses;

fn keys() -> Vec<String> {
    (0..5).map(|number| format!("gateway/{number}")).collect()
}

impl Day {
    fn all_wrong(&mut self) {
        for key in keys() {
            self.wrong(&key, REFUSES);
        }
    }

    fn all_fine(&mut self) {
        for key in keys() {
            self.fine(&key);
            self.fine(&key);
        }
    }

    /// They come and go until the messages of the hour are spent; gives the last one.
    fn spend_the_hour(&mut self) -> EpisodeId {
        for _ in 0..3 {
            self.all_wrong();
            self.pass(70);
            self.all_fine();
            self.pass(60);
        }
        assert_eq!(self.messages(), 3, "{:?}", self.said);
        let last = self.said.last().unwrap().1.episode;
        self.told();
        last
    }
}

#[test]
fn many_that_are_back_after_the_hours_messages_are_said_in_the_last_one_and_so_is_their_end() {
    let mut day = Day::begin();
    let last = day.spend_the_hour();
    for count in 4..=8 {
        day.all_wrong();
        day.restart();
        assert_eq!(day.told(), ["again gateway/0"], "at once");
        day.pass(10);
        let (_, all) = day.said.last().unwrap().clone();
        assert_eq!(all.others.len(), 4, "{all:?}");
        assert_eq!(all.times.unwrap().count, count);
        assert_eq!((all.episode, all.loud), (last, false));
        day.pass(60);
        assert_eq!(
            day.told(),
            ["again gateway/0"],
            "and once more when all have come"
        );
        day.all_fine();
        assert_eq!(day.told(), ["past gateway/0"]);
        day.pass(60);
        assert_eq!(day.told(), Vec::<String>::new());
    }
    assert!(day.store.book().unwrap().episodes.is_empty());
}

#[test]
fn many_that_are_back_after_the_hours_messages_and_last_are_one_message_that_rings() {
    let mut day = Day::begin();
    let last = day.spend_the_hour();
    day.all_wrong();
    day.pass(299);
    assert_eq!((day.messages(), day.told().len()), (0, 2));
    day.pass(1);
    let rang = day.said[0].1.clone();
    assert!(
        rang.loud && rang.others.len() == 4 && rang.episode != last,
        "{rang:?}"
    );
    assert_eq!(day.said[1].1.episode, last);
    assert_eq!(day.told(), ["first gateway/0", "replaced gateway/0"]);
    day.all_fine();
    assert_eq!(day.told(), ["resolved gateway/0", "settled gateway/0"]);
    day.pass(60);
    day.all_wrong();
    assert_eq!(day.said[0].1.episode, rang.episode, "that is the last one now");
    assert_eq!(day.told(), ["again gateway/0"]);
}

#[test]
fn what_some_of_many_that_are_back_go_on_with_stays_in_the_message() {
    let mut day = Day::begin();
    day.spend_the_hour();
    day.all_wrong();
    day.pass(20);
    day.told();
    day.fine("gateway/0");
    day.fine("gateway/0");
    day.pass(10);
    let (_, now) = day.said.last().unwrap();
    assert_eq!((now.lead.key.as_str(), now.others.len()), ("gateway/1", 3));
}

#[test]
fn what_else_comes_while_many_are_shown_again_rings_at_once_with_all_of_them() {
    let mut day = Day::begin();
    day.spend_the_hour();
    day.all_wrong();
    day.pass(20);
    day.told();
    day.wrong("gateway/new", Rule::PaymentsFailing);
    let (_, rang) = day.said[0].clone();
    assert!(rang.loud && rang.kind == Kind::First, "{rang:?}");
    assert_eq!(rang.others.len(), 5);
}

#[test]
fn who_takes_on_what_is_only_shown_again_is_seen_there_and_called_by_no_sound() {
    let mut day = Day::begin();
    let last = day.spend_the_hour();
    day.all_wrong();
    day.told();
    day.change(|book, calendar, now| acknowledge(book, calendar, last, None, now).unwrap());
    assert!(day.said[0].1.acked.is_some());
    assert_eq!(day.told(), ["again gateway/0"]);
    day.pass(400);
    let mut messages = day.said.iter().filter(|(_, notice)| !notice.kind.is_edit());
    assert!(!messages.next().unwrap().1.loud && messages.next().is_none());
}

#[test]
fn what_is_silenced_while_it_is_shown_again_does_not_ring_and_its_message_stays_true() {
    let mut day = Day::begin();
    day.spend_the_hour();
    day.all_wrong();
    day.pass(20);
    day.told();
    day.change(|book, _, now| {
        silence(book, MAINTENANCE, Duration::from_secs(3000), now);
        Vec::new()
    });
    day.pass(600);
    assert_eq!(day.told(), Vec::<String>::new());
    day.all_fine();
    assert_eq!(day.told(), ["past gateway/0"]);
}

#[test]
fn many_that_come_and_go_each_second_change_their_message_at_a_pace_and_the_last_word_is_true() {
    let mut day = Day::begin();
    day.spend_the_hour();
    for _ in 0..300 {
        day.all_wrong();
        day.pass(1);
        day.all_fine();
        day.pass(1);
    }
    assert!((200..=301).contains(&day.edits()), "{}", day.edits());
    assert_eq!(day.messages(), 0);
    day.pass(5);
    assert_eq!(day.said.last().unwrap().1.kind, Kind::Past);
}
