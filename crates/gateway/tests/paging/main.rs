//! Stored results through the real program, with the page ledger as the checker.

mod clients;
mod damage;
mod links;
mod pages;
mod quotas;
mod restart;
#[path = "../common/narrow.rs"]
mod narrow;
mod site;
mod snapshot;
mod source_limits;
mod tokens;
