//! The models of well-known sample databases.

mod common;

use nextlink_sql::mapping::ModelOptions;

#[test]
fn dump() {
    for name in common::SAMPLES {
        let Some(conn) = common::sample(name) else {
            continue;
        };
        let t = std::time::Instant::now();
        let (mapping, notices) = common::model(&conn, &ModelOptions::default());
        println!("=== {name} {:?}\n{}\n{}", t.elapsed(), common::outline(&mapping), notices.join("\n"));
    }
}
