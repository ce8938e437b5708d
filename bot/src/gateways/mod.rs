//! Payment gateways: one file each, the same order of functions in each.
//! A gateway's client asks and answers; what an answer means is decided elsewhere.

pub mod pakasir;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use protocol::{
    health::{GatewayFault, GatewayHealth},
    time::UnixMillis,
};
use thiserror::Error;

use crate::{
    clock::now,
    health::calls::{Calls, age_ms},
};

/// Why a gateway's call gave nothing; each variant is a decision.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// It did not answer, or with a fault of its own: ask again later, with the same order id.
    #[error("the gateway cannot be reached: {0}")]
    Unreachable(String),
    /// Too many questions: ask again after this long.
    #[error("the gateway wants fewer questions; waiting {0:?}")]
    Wait(Duration),
    /// It knows nothing of what was asked about.
    #[error("the gateway knows no such transaction")]
    Unknown,
    /// It said no, and will say no again.
    #[error("the gateway refuses: {0}")]
    Refused(String),
    /// It answered something that is not an answer.
    #[error("the gateway's answer cannot be understood: {0}")]
    Garbled(String),
}

impl GatewayError {
    /// What it is told by in the health report.
    #[must_use]
    pub fn fault(&self) -> GatewayFault {
        match self {
            Self::Unreachable(_) => GatewayFault::Unreachable,
            Self::Wait(_) => GatewayFault::TooMany,
            Self::Unknown | Self::Refused(_) => GatewayFault::Refused,
            Self::Garbled(_) => GatewayFault::Garbled,
        }
    }
}

/// How the calls to one gateway go.
#[derive(Debug, Default)]
pub struct Record {
    calls: Calls<GatewayFault>,
    /// Why the last invoice was refused; `None` when it was not.
    refusal: Mutex<Option<Refusal>>,
}

/// That a gateway refused the last invoice that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why: a code.
    pub reason: String,
    /// It is of before the start, and no invoice was asked for since.
    pub is_kept: bool,
}

impl Record {
    /// Nothing was called yet. A start mends nothing: what was refused before is refused until an invoice is made.
    fn after(refusal: Option<String>) -> Self {
        let kept = |reason| Refusal {
            reason,
            is_kept: true,
        };
        Self {
            refusal: Mutex::new(refusal.map(kept)),
            ..Self::default()
        }
    }

    /// Notes how a call ended and hands it on. `is_answer`: errors that are as good an answer as any.
    fn note<T>(
        &self,
        result: Result<T, GatewayError>,
        is_answer: impl FnOnce(&GatewayError) -> bool,
    ) -> Result<T, GatewayError> {
        match &result {
            Err(error) if !is_answer(error) => self.calls.failed(error.fault(), now()),
            Ok(_) | Err(_) => self.calls.succeeded(now()),
        }
        result
    }

    /// Notes whether an invoice was refused, and hands it on. What found no gateway shows nothing.
    fn note_invoice<T>(&self, result: Result<T, GatewayError>) -> Result<T, GatewayError> {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Ok(_) => *refusal = None,
            Err(GatewayError::Refused(reason)) => {
                *refusal = Some(Refusal {
                    reason: reason.clone(),
                    is_kept: false,
                });
            }
            Err(_) => {}
        }
        drop(refusal);
        self.note(result, |_| false)
    }

    /// Why invoices are refused at present.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// For the health report, under the gateway's name.
    #[must_use]
    pub fn health(&self, name: &str, now: UnixMillis) -> GatewayHealth {
        let standing = self.calls.standing();
        GatewayHealth {
            name: name.to_owned(),
            failures: standing.failures,
            failing_ms: age_ms(standing.failing_since, now),
            last_success_ms: age_ms(standing.last_success, now),
            last_fault: standing.last_fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_until_an_invoice_is_made() {
        let record = Record::after(None);
        let end = |result: Result<(), GatewayError>| {
            let _ = record.note_invoice(result);
            record.refusal().map(|refusal| refusal.reason)
        };
        let refused = || Err(GatewayError::Refused("401".to_owned()));
        assert_eq!(end(refused()).as_deref(), Some("401"));
        let away = Err(GatewayError::Unreachable("no connection".to_owned()));
        assert_eq!(end(away).as_deref(), Some("401"));
        let _ = record.note(Ok(()), |_| true);
        assert_eq!(
            record.refusal().map(|refusal| refusal.reason).as_deref(),
            Some("401"),
            "another question was answered"
        );
        assert_eq!(end(Ok(())), None);
    }

    #[test]
    fn a_refusal_of_before_the_start_is_kept_until_an_invoice_is_asked_for() {
        let record = Record::after(Some("401".to_owned()));
        let is_kept = || record.refusal().map(|refusal| refusal.is_kept);
        let _ = record.note(Ok(()), |_| true);
        assert_eq!(is_kept(), Some(true), "another question says nothing of it");
        let refused: Result<(), _> = Err(GatewayError::Refused("401".to_owned()));
        let _ = record.note_invoice(refused);
        assert_eq!(is_kept(), Some(false));
    }

    #[test]
    fn an_unknown_transaction_is_an_answer_and_a_refused_invoice_is_a_failure() {
        let record = Record::default();
        let end = |error, is_answer: bool| {
            let _ = record.note(Err::<(), _>(error), |_| is_answer);
            record.health("pakasir", now()).failures
        };
        assert_eq!(end(GatewayError::Refused("status 401".to_owned()), false), 1);
        assert_eq!(
            end(GatewayError::Unreachable("no connection".to_owned()), false),
            2
        );
        assert_eq!(
            record.health("pakasir", now()).last_fault,
            Some(GatewayFault::Unreachable)
        );
        assert_eq!(end(GatewayError::Unknown, true), 0);
    }
}
