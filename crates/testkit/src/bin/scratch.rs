//! A private server for trying things: `cargo run -p nextlink-testkit --bin scratch -- postgres northwind`.
//!
//! Prints the URL of a database, empty or with a sample, and ends with its standard input or on Ctrl-C; so
//! does the server.

use nextlink_testkit::samples::Sample;
use nextlink_testkit::{mariadb, postgres};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let sample = match args.get(1) {
        Some(&"northwind") => Some(Sample::Northwind),
        Some(&"chinook") => Some(Sample::Chinook),
        _ => None,
    };
    let server = match args[..] {
        ["postgres", ..] if args.len() == 1 || sample.is_some() => postgres::private(),
        ["mariadb", ..] if args.len() == 1 || sample.is_some() => mariadb::private(),
        _ => {
            eprintln!("usage: scratch postgres|mariadb [northwind|chinook]");
            return ExitCode::FAILURE;
        }
    };
    let database = server.database("scratch");
    if sample.is_some_and(|sample| !sample.fill(&database)) {
        return ExitCode::FAILURE;
    }
    println!("{}", database.url());
    match std::io::copy(&mut std::io::stdin(), &mut std::io::sink()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
