//! Several nodes as processes, with real system databases: any of them serves any page, and believes no other.

#[allow(dead_code)]
#[path = "../paging/site.rs"]
mod site;

#[allow(dead_code)]
#[path = "../batch/parts.rs"]
mod parts;

mod group;
mod affinity;
mod balancers;
mod several;
mod internal;
mod listing;
mod membership;
mod pages;
mod copies;
mod tls;
mod lost;
mod drain;
mod faults;
mod soak;
mod sources;
mod import;
mod upgrade;
mod outages;
mod partitions;
mod disks;
mod expiry;
