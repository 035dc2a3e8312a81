//! PostgreSQL: values of all types, what the server says of itself, levels, and every fault, on real servers.

#[path = "../common/ask.rs"]
mod ask;
mod setting;
mod values;
mod structures;
mod catalogue;
mod hostile;
mod levels;
mod logins;
mod shared;
mod faults;
mod ends;
