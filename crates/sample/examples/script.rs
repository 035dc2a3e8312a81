//! Writes a sample as a script: `cargo run -rp nextlink-sample --example script -- postgres trading | psql URL`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use nextlink_sample::{Target, big, trading};

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let target = match args.first() {
        Some(&"postgres") => Target::Postgres,
        Some(&"mariadb") => Target::MariaDb,
        _ => return usage(),
    };
    let to = &mut BufWriter::new(io::stdout().lock());
    let written = match args[1..] {
        ["trading"] => trading::script(target, to),
        ["big"] => big::script(target, big::ROWS, to),
        ["big", rows] => match rows.parse() {
            Ok(rows) => big::script(target, rows, to),
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    match written {
        Ok(summary) => {
            summary.tables.iter().for_each(|table| eprintln!("{:>9} {}", table.rows, table.name));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: script postgres|mariadb trading|big [ROWS]");
    ExitCode::FAILURE
}
