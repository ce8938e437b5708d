//! The house rules as tests: one rule a file, each with a planted offender that it must catch.
//! Plain text scanning on purpose. It judges form only; whether the programs work is the other tests' affair.

mod docs;
mod forbidden;
mod header;
mod keys;
mod layers;
mod length;
mod lexer;
mod locales;
mod runbook;
mod sql;
mod standalone;
mod tree;
