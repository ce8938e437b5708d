//! Whether what was sold was pushed once, whole and in its order, into frames of its own, to its buyer and nobody else:
//! however many messages carried it, and whether it is words or a file.
//! It believes the record of the pretend Telegram alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Findings, History};
use crate::ledger::{Books, Sold};

/// In the words of the empty frame into which goods are put.
const FRAME: &str = "sudah dibayar ✅";
/// One time that goods, or a part of them, were put before somebody.
struct Push<'a> {
    method: &'a str,
    chat: i64,
    message: i64,
    /// Which of the goods' words.
    words: Vec<&'a str>,
}

impl History {
    /// Counts it.
    pub(super) fn goods(&self, books: &Books, sold: &[Sold], kills: usize, found: &mut Findings) {
        let owners = sold
            .iter()
            .flat_map(|sold| sold.words().map(move |word| (word, sold)));
        let owner: HashMap<&str, &Sold> = owners.collect();
        let shelf = books.shelf();
        let mut pushes: BTreeMap<&str, Vec<Push<'_>>> = BTreeMap::new();
        for call in self.calls.iter().filter(|call| call.code == 200) {
            let mut of_order: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for word in call.words.split_whitespace().filter(|word| shelf.contains(*word)) {
                match owner.get(word) {
                    Some(sold) => of_order.entry(&sold.order).or_default().push(word),
                    None => found
                        .faults
                        .push(format!("an item that nobody bought went to chat {}", call.chat)),
                }
            }
            for (order, words) in of_order {
                pushes.entry(order).or_default().push(Push {
                    method: &call.method,
                    chat: call.chat,
                    message: call.message,
                    words,
                });
            }
        }
        let mut filled = BTreeSet::new();
        for sold in sold {
            let pushes = pushes.remove(&*sold.order).unwrap_or_default();
            filled.extend(pushes.iter().map(|push| (push.chat, push.message)));
            found.faults.extend(wrong_with(sold, &pushes));
            found.in_parts += usize::from(pushes.len() > 1);
            found.files += usize::from(sold.file.is_some());
        }
        let frames = self
            .taken("sendmessage")
            .chain(self.taken("senddocument"))
            .filter(|call| call.words.contains(FRAME));
        found.spare_frames = frames
            .filter(|call| !filled.contains(&(call.chat, call.message)))
            .count();
        if found.spare_frames > kills {
            found
                .faults
                .push(format!("{} spare frames after {kills} kills", found.spare_frames));
        }
    }
}

fn wrong_with(sold: &Sold, pushes: &[Push<'_>]) -> Vec<String> {
    let mut wrong = Vec::new();
    let order = &sold.order;
    if pushes.iter().any(|push| push.chat != sold.customer) {
        wrong.push(format!("the goods of {order} went to somebody else"));
    }
    let method = match sold.file {
        Some(_) => "editmessagemedia",
        None => "editmessagetext",
    };
    if pushes.iter().any(|push| push.method != method) {
        wrong.push(format!("the goods of {order} came as a message of their own"));
    }
    let is_whole = is_sold_once(sold, pushes);
    if sold.state == "delivered" && pushes.is_empty() {
        wrong.push(format!("order {order} is delivered and its goods never came"));
    } else if !is_whole && (sold.state == "delivered" || !pushes.is_empty()) {
        let times: usize = pushes.iter().map(|push| push.words.len()).sum();
        wrong.push(format!(
            "the goods of {order} are {} words, and {times} words of them came in {} pushes",
            sold.words().count(),
            pushes.len()
        ));
    }
    wrong
}

/// Whether what was pushed, one push after the other, is exactly what was sold.
fn is_sold_once(sold: &Sold, pushes: &[Push<'_>]) -> bool {
    let mut pushed: Vec<&str> = pushes
        .iter()
        .flat_map(|push| push.words.iter().copied())
        .collect();
    let mut wanted: Vec<&str> = sold.words().collect();
    if sold.file.is_some() {
        // The file and the words under it come in one call, whose fields have no order.
        pushed.sort_unstable();
        wanted.sort_unstable();
    }
    pushed == wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(content: &str, file: Option<&str>) -> Sold {
        Sold {
            order: "W1".to_owned(),
            customer: 7,
            content: content.to_owned(),
            file: file.map(str::to_owned),
            state: "delivered".to_owned(),
        }
    }

    fn push<'a>(method: &'a str, chat: i64, words: &[&'a str]) -> Push<'a> {
        Push {
            method,
            chat,
            message: 1,
            words: words.to_vec(),
        }
    }

    #[test]
    fn goods_that_came_once_and_whole_are_right() {
        let text = |words: &[&'static str]| push("editmessagetext", 7, words);
        let long = sold("a b\nc", None);
        assert!(wrong_with(&long, &[text(&["a", "b"]), text(&["c"])]).is_empty());
        let file = sold("a", Some("F"));
        assert!(wrong_with(&file, &[push("editmessagemedia", 7, &["F", "a"])]).is_empty());
    }

    #[test]
    fn goods_that_came_twice_torn_elsewhere_or_otherwise_are_found() {
        let long = sold("a b c", None);
        let text = |words: &[&'static str]| push("editmessagetext", 7, words);
        for pushes in [
            vec![],
            vec![text(&["a", "b"])],
            vec![text(&["a", "b"]), text(&["b", "c"])],
            vec![text(&["c"]), text(&["a", "b"])],
            vec![text(&["a", "b", "c"]), text(&["a", "b", "c"])],
            vec![push("sendmessage", 7, &["a", "b", "c"])],
            vec![push("editmessagetext", 8, &["a", "b", "c"])],
        ] {
            assert_eq!(wrong_with(&long, &pushes).len(), 1);
        }
        let file = sold("", Some("F"));
        let twice = [(); 2].map(|()| push("editmessagemedia", 7, &["F"]));
        assert_eq!(wrong_with(&file, &twice).len(), 1);
    }
}
