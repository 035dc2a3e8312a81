//! From a URL to rows of JSON over a real database: every value, every function, every level, every fault.

#[path = "../common/ask.rs"]
mod ask;
mod data;
mod faults;
mod functions;
mod levels;
mod logic;
mod mutants;
mod paging;
mod values;
mod world;
