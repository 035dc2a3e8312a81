//! From a URL to rows of JSON over a real MariaDB server, and every fault that it can have.

#[path = "../common/ask.rs"]
mod ask;
#[path = "../common/place.rs"]
mod place;
mod world;
mod types;
mod asked;
mod zeros;
mod catalog;
mod levels;
mod faults;
mod servers;
mod logins;
mod names;
