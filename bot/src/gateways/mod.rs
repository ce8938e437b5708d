//! Payment gateways: one file each, the same order of functions in each.
//! A gateway's client asks and answers; what an answer means is decided elsewhere.

pub mod pakasir;

use std::time::Duration;

use thiserror::Error;

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
