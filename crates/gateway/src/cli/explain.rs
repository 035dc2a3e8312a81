//! `explain`: the stages of a URL, without running its query.

use anyhow::anyhow;
use nextlink_odata::bind::{self, Request};
use nextlink_odata::json::{Format, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::query::Addressed;
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_sql::dialect::Dialect;
use nextlink_sql::plan::{PlanLimits, plan, program, stream};
use nextlink_sql::statement::{ChildStatement, Program, Statement};

use super::ExplainArgs;
use super::out::say;
use crate::address;
use crate::answer::Refusal;
use crate::config::ClientLogin;
use crate::limits::{Limits, Told};
use crate::state::now;

/// Prints tree, query, plan and SQL of a URL.
pub fn explain(args: &ExplainArgs) -> anyhow::Result<()> {
    let (name, served, config) = super::one_source(&args.source, args.config.as_ref())?;
    let served = served.seen_by(args.user.as_deref());
    let told = Told::default();
    told.follow(&served.settings.limits);
    let source = config.sources.get(&name).cloned().unwrap_or_default();
    let limits = Limits { node: &config, source: &source, told: &told };
    let root = format!("/api/odata4/{name}/");
    let text = match args.url.find(&root) {
        Some(at) => &args.url[at + root.len()..],
        None => args.url.trim_start_matches('/'),
    };
    let refused = |refusal: Refusal| {
        let place =
            refusal.offset.map_or(String::new(), |at| format!("\n  {text}\n  {}^", " ".repeat(at as usize)));
        anyhow!("{} {}: {}{place}", refusal.status.as_u16(), refusal.code, refusal.message)
    };
    let tree = address::parse(text, &limits.parse_options(), &name).map_err(refused)?;
    if args.user.is_some() && source.client_login == ClientLogin::Never {
        say!(
            "-- as no request is: source '{name}' takes no logins of clients (`client_login`), so it is nobody for `@user` and `readers`"
        );
    }
    say!("-- url\n{tree:#?}");
    let model = &served.mapping.model;
    let mut asked = bind::bind(model, &tree, limits.bind(), &now()).map_err(|e| refused(e.into()))?;
    asked.set_user(args.user.as_deref());
    let query = match asked {
        Request::ServiceDocument => {
            say!("-- query\nthe service document");
            return Ok(());
        }
        Request::Metadata => {
            say!("-- query\nthe metadata document");
            return Ok(());
        }
        Request::OpenApi => {
            say!("-- query\nthe OpenAPI document");
            return Ok(());
        }
        Request::Query(query) => *query,
    };
    say!("-- query\n{query:#?}");
    let dialect = served.source.dialect();
    if let Addressed::Stream(property) = query.addressed {
        let stream = stream(&served.mapping, dialect, &query, property).map_err(|e| refused(e.into()))?;
        say!("-- statements ({})", dialect.name());
        for (what, node) in [
            ("what the bytes are", stream.head.nodes.first()),
            ("the first of them", Some(&stream.piece(0, 1))),
        ] {
            if let Some(rows) = node.and_then(|node| node.rows.as_ref()) {
                print(what, &rows.one);
            }
        }
        return Ok(());
    }
    let format = Format {
        version: Version::V40,
        metadata: MetadataLevel::Minimal,
        ieee754_compatible: false,
        omit_nulls: false,
    };
    let layout = Layout::of(model, &query, Shape::needs(&query, format));
    let planned = plan(&served.mapping, dialect, &query, &layout, PlanLimits::default())
        .map_err(|e| refused(e.into()))?;
    say!("-- plan\n{planned:#?}");
    statements(dialect, &program(dialect, &planned));
    Ok(())
}

/// Prints the statements of a query.
fn statements(dialect: &dyn Dialect, program: &Program) {
    say!("-- statements ({})", dialect.name());
    if let Some(count) = &program.count {
        print("count", count);
    }
    for (number, node) in program.nodes.iter().enumerate() {
        let several = |what: &str, statement: &Option<ChildStatement>| {
            if let Some(statement) = statement {
                print(&format!("level {number}, {what}"), &statement.one);
            }
        };
        several("rows", &node.rows);
        several("counts", &node.count);
    }
    if let Some(parent) = &program.parent {
        print("is the parent there, where there are no rows", parent);
    }
}

fn print(what: &str, statement: &Statement) {
    say!("-- {what}\n{};", statement.sql);
    for (i, param) in statement.params.iter().enumerate() {
        say!("--   parameter {}: {:?}", i + 1, param.value);
    }
}
