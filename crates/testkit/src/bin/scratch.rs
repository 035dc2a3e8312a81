//! A private server for trying things: `cargo run -p nextlink-testkit --bin scratch -- postgres`.
//!
//! Prints the URL of an empty database, and ends with its standard input or on Ctrl-C; so does the server.

use nextlink_testkit::{mariadb, postgres};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let server = match args[..] {
        ["postgres"] => postgres::private(),
        ["mariadb"] => mariadb::private(),
        _ => {
            eprintln!("usage: scratch postgres|mariadb");
            return ExitCode::FAILURE;
        }
    };
    let database = server.database("scratch");
    println!("{}", database.url());
    match std::io::copy(&mut std::io::stdin(), &mut std::io::sink()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
