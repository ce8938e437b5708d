//! Whether a rebuilt shop can be the shop that it was taken from: it is counted against the live one, which has moved on
//! since, and against the rehearsal before it, which it must have moved on from.
//! Pure. It asks only for what holds of every shop: no order and no stock item is ever deleted, and money sums to zero.

use protocol::chain::{ChainId, CommitNumber};
use serde_json::Value;

/// What only ever grows, as the shop's own check names it.
const GROWS: [&str; 2] = ["orders", "stock"];

/// A shop at one commit, by its own check.
pub(super) struct Counted<'a> {
    pub chain: &'a ChainId,
    pub commit: CommitNumber,
    pub shop: &'a Value,
}

/// Compares a rebuilt shop. `live` was counted after it; `earlier` is what a rehearsal that passed wrote down, of
/// whatever chain. What a program does not tell is not compared.
///
/// # Errors
/// A sentence with both figures.
pub(super) fn compare(rebuilt: &Counted<'_>, live: &Value, earlier: Option<&Value>) -> Result<(), String> {
    if let Some(sum) = rebuilt.shop["ledger_sum"].as_i64().filter(|sum| *sum != 0) {
        return Err(format!(
            "the ledger of what came back sums to {sum} instead of nothing"
        ));
    }
    if rebuilt.shop["faults"]
        .as_array()
        .is_some_and(|faults| !faults.is_empty())
    {
        return Err(format!(
            "what came back does not add up: {}",
            rebuilt.shop["faults"]
        ));
    }
    for what in GROWS {
        let Some(here) = total(&rebuilt.shop[what]) else {
            continue;
        };
        if let Some(now) = total(&live[what]).filter(|now| *now < here) {
            return Err(format!(
                "what came back has {here} {what} and the live shop only {now}: the live shop has lost some, or is an \
                 older one that was put in its place"
            ));
        }
        let before = earlier.filter(|seen| is_before(seen, rebuilt));
        if let Some(before) = before
            .and_then(|seen| total(&seen["shop"][what]))
            .filter(|before| *before > here)
        {
            return Err(format!(
                "what came back has {here} {what}, and an earlier rehearsal already found {before}"
            ));
        }
    }
    Ok(())
}

/// Only of one lineage it is known which state came first.
fn is_before(seen: &Value, rebuilt: &Counted<'_>) -> bool {
    seen["chain"].as_str() == Some(rebuilt.chain.as_str())
        && seen["commit"]
            .as_u64()
            .is_some_and(|commit| commit <= rebuilt.commit.get())
}

/// Rows in every state; `None` when the program does not tell.
fn total(by_state: &Value) -> Option<u64> {
    let count = |pair: &Value| pair.get(1).and_then(Value::as_u64);
    by_state.as_array()?.iter().map(count).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shop(orders: u64) -> Value {
        json!({"orders": [["paid", orders], ["expired", 1]], "stock": [["free", 5]], "ledger_sum": 0, "faults": []})
    }

    fn at(commit: u64, shop: &Value, live: &Value, earlier: Option<&Value>) -> Result<(), String> {
        let (chain, commit) = (ChainId::from_bits(1), CommitNumber::new(commit).unwrap());
        compare(
            &Counted {
                chain: &chain,
                commit,
                shop,
            },
            live,
            earlier,
        )
    }

    #[test]
    fn a_shop_that_moved_on_and_one_that_tells_nothing_pass() {
        assert_eq!(at(5, &shop(3), &shop(3), None), Ok(()));
        assert_eq!(at(5, &shop(3), &shop(9), None), Ok(()));
        assert_eq!(at(5, &shop(3), &Value::Null, None), Ok(()));
        assert_eq!(at(5, &Value::Null, &Value::Null, None), Ok(()));
    }

    #[test]
    fn more_orders_than_the_live_shop_has_fail() {
        let said = at(5, &shop(4), &shop(3), None).unwrap_err();
        assert!(said.contains("5 orders") && said.contains("only 4"), "{said}");
    }

    #[test]
    fn fewer_orders_than_an_earlier_rehearsal_of_the_same_chain_fail() {
        let seen = |chain: u128, commit: u64| json!({"chain": ChainId::from_bits(chain).as_str(), "commit": commit, "shop": shop(8)});
        let said = at(5, &shop(3), &shop(9), Some(&seen(1, 4))).unwrap_err();
        assert!(said.contains("already found 9"), "{said}");
        assert_eq!(
            at(5, &shop(3), &shop(9), Some(&seen(1, 6))),
            Ok(()),
            "it was of a later commit"
        );
        assert_eq!(
            at(5, &shop(3), &shop(9), Some(&seen(2, 4))),
            Ok(()),
            "it was of another chain"
        );
    }

    #[test]
    fn money_that_does_not_sum_and_faults_fail() {
        let mut wrong = shop(3);
        wrong["ledger_sum"] = json!(500);
        assert!(at(5, &wrong, &shop(3), None).unwrap_err().contains("500"));
        let mut wrong = shop(3);
        wrong["faults"] = json!(["an order without a payment"]);
        assert!(
            at(5, &wrong, &shop(3), None)
                .unwrap_err()
                .contains("without a payment")
        );
    }
}
