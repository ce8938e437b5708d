//! What of the reported troubles is not over, for the health report: the agent ends its alerts by it.
//! It decides nothing and reads no database.

use protocol::health::{CommitFault, Standing};

use super::private::Private;
use crate::{gateways::pakasir, incident::Kind};

/// All of it; `is_braked`: no new orders are taken because the WAL is too long.
pub(super) fn standing(private: &Private, is_braked: bool) -> Vec<Standing> {
    let mut standing = Vec::new();
    if private.line.is_refused() {
        standing.push(of(Kind::TelegramRefuses, "", String::new()));
    }
    if let Some(refusal) = private.workshop.pakasir.refusal() {
        standing.push(Standing {
            is_untried: refusal.is_kept,
            ..of(Kind::GatewayRefuses, pakasir::NAME, refusal.reason)
        });
    }
    if let (_, Some(fault)) = private.workshop.writer.standing().failed_commits() {
        standing.push(refusal(fault));
    }
    if is_braked {
        standing.push(of(Kind::WalStopsSales, "", String::new()));
    }
    standing
}

/// That the database takes no writes.
pub(super) fn refusal(fault: CommitFault) -> Standing {
    of(Kind::DatabaseRefuses, "", fault.name().to_owned())
}

fn of(kind: Kind, about: &str, detail: String) -> Standing {
    Standing {
        kind: kind.name().to_owned(),
        about: about.to_owned(),
        detail,
        is_untried: false,
    }
}
