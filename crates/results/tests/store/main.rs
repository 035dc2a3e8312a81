//! Tests of a whole store on a real directory, with a clock of their own.

mod copies;
mod damage;
mod expiry;
mod gzip;
mod limits;
mod peer;
mod reading;
mod restart;
mod short;
mod support;
mod token;
mod writing;
