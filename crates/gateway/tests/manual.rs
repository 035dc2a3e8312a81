//! The manual's page on settings is made from the doc comments of the configuration; `UPDATE_MANUAL=1` writes it anew.

use std::path::Path;

use nextlink_sql::shape::{Limit, PAGE_BYTES, PAGE_ROWS, REFRESH_SECONDS, REPLICAS};

/// Sections in the order of the page: TOML table, source, struct.
const SECTIONS: &[(&str, &str, &str)] = &[
    ("", include_str!("../src/config/mod.rs"), "Config"),
    ("[server]", include_str!("../src/config/server.rs"), "ServerConfig"),
    ("[server.cors]", include_str!("../src/config/cors.rs"), "CorsConfig"),
    ("[limits]", include_str!("../src/config/limits.rs"), "LimitsConfig"),
    ("[results]", include_str!("../src/config/results.rs"), "ResultsConfig"),
    ("[cluster]", include_str!("../src/config/cluster.rs"), "ClusterConfig"),
    ("[cluster.cookie]", include_str!("../src/config/cookie.rs"), "CookieConfig"),
    ("[cluster.tls]", include_str!("../src/config/tls.rs"), "TlsConfig"),
    ("[log]", include_str!("../src/config/log.rs"), "LogConfig"),
    ("[sources.NAME]", include_str!("../src/config/source.rs"), "SourceConfig"),
    ("[sources.NAME.limits]", include_str!("../src/config/source_limits.rs"), "SourceLimits"),
];

const HEAD: &str = "# Configuration

Settings come from a TOML file (`nextlink serve --config nextlink.toml`); some can be changed on the command line
(`nextlink serve --help`). `nextlink dump-config` prints all of them, `nextlink check` checks them. A file needs no more than

```toml
[sources.shop]
url = \"sqlite:/data/shop.db\"
```

Relative paths in the file, also those of `sqlite:`, begin at the folder that it is in; those on the command line at the current one.

This page is made from the source code.
";

/// Fields of a struct with their doc comments, in order.
fn fields<'a>(source: &'a str, name: &str) -> Vec<(&'a str, String)> {
    let start = source.find(&format!("pub struct {name} {{")).expect("the struct is there");
    let body = &source[start..start + source[start..].find("\n}").expect("the struct ends")];
    let mut found = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in body.lines().skip(1).map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if let Some(field) = line.strip_prefix("pub ") {
            let field = field.split(':').next().unwrap_or_default();
            assert!(!doc.is_empty(), "{name}.{field} has no doc comment");
            found.push((field, doc.join(" ")));
            doc.clear();
        }
    }
    found
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (table, source, name) in SECTIONS {
        // A field that is a table has a section of its own.
        let is_table = |field: &str| {
            let opening = match table.strip_suffix(']') {
                Some(table) => format!("{table}.{field}"),
                None => format!("[{field}"),
            };
            SECTIONS
                .iter()
                .any(|(t, ..)| t.strip_prefix(&*opening).is_some_and(|t| t.starts_with([']', '.'])))
        };
        let rows: Vec<_> = fields(source, name).into_iter().filter(|(field, _)| !is_table(field)).collect();
        assert!(!rows.is_empty(), "{name} has fields");
        page.push_str(&format!(
            "\n## {}\n\n| key | meaning |\n|---|---|\n",
            if table.is_empty() { "At the top" } else { table }
        ));
        for (field, mut doc) in rows {
            if *name == "SourceLimits" {
                let limit = Limit::ALL.into_iter().find(|limit| limit.keys().0 == field).expect("a limit");
                let range = limit.range();
                doc.push_str(&format!(" {} to {}.", range.start(), range.end()));
            }
            page.push_str(&format!("| `{field}` | {} |\n", doc.replace('|', "\\|")));
        }
    }
    page
}

/// The page on model files tells the ranges of all numbers among the settings.
#[test]
fn settings_of_model_files_have_their_ranges() {
    let page = include_str!("../../../docs/model.md");
    let settings = [
        ("pageRows", PAGE_ROWS),
        ("pageBytes", PAGE_BYTES),
        ("refreshSeconds", REFRESH_SECONDS),
        ("replicas", REPLICAS),
    ];
    for (key, range) in settings.into_iter().chain(Limit::ALL.map(|limit| (limit.keys().1, limit.range()))) {
        let row = format!("| `{key}` | {} to {} |", range.start(), range.end());
        assert!(page.contains(&row), "docs/model.md has no row {row}");
    }
}

#[test]
fn the_page_on_settings_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let made = page();
    if std::env::var_os("UPDATE_MANUAL").is_some() {
        std::fs::write(&path, &made).expect("the page can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/configuration.md is out of date: run UPDATE_MANUAL=1 cargo test -p nextlink --test manual"
    );
}
