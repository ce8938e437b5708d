//! Work that waits, one worker a file, and the trade's moves with everything that follows from them.
//! Workers talk to gateways; what they learn is decided by `shop` and stored in one transaction.

pub mod ask_payment;
pub mod broadcast;
pub mod cancel_invoice;
pub mod create_invoice;
pub mod deliver;
pub mod expire_order;
pub mod housekeeping;
pub mod notices;
pub mod revive;
pub mod run;
pub mod storage;
pub mod task;
pub mod trade;
pub mod unknown_payment;

pub use run::Workshop;
