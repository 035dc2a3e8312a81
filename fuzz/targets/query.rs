//! URLs of two services with all kinds of types: bound, planned, and written as SQL of each database.

#![no_main]

// The models of the tests of statements, which use all of them.
#[allow(dead_code)]
#[path = "../../crates/sql/tests/statements/shop.rs"]
mod shop;
#[allow(dead_code)]
#[path = "../../crates/sql/tests/statements/studio.rs"]
mod studio;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::context::fragment;
use nextlink_odata::json::{Format, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::url::parse;
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_sql::dialect::{Dialect, MARIADB, MYSQL, Postgres, Sqlite};
use nextlink_sql::mapping::Mapping;
use nextlink_sql::plan::{PlanLimits, paged, plan, program};
use shop::{Kind, shop_on};
use studio::studio_on;

const NOW: &str = "2024-05-06T07:08:09";
const DATABASES: [(&dyn Dialect, Kind); 4] =
    [(&Sqlite, Kind::Sqlite), (&Postgres, Kind::Postgres), (&MARIADB, Kind::MySql), (&MYSQL, Kind::MySql)];

static SERVICES: LazyLock<Vec<(&dyn Dialect, Mapping)>> = LazyLock::new(|| {
    let of = |(dialect, kind)| [(dialect, shop_on(kind)), (dialect, studio_on(kind))];
    DATABASES.into_iter().flat_map(of).collect()
});

fuzz_target!(|text: &str| {
    let Ok(url) = parse(text) else { return };
    for (dialect, mapping) in SERVICES.iter() {
        let model = &mapping.model;
        let query = match bind(model, &url, BindLimits::default(), NOW) {
            Ok(Request::Query(query)) => query,
            Ok(_) => continue,
            Err(error) => {
                assert!(!error.message.is_empty(), "{error:?}");
                assert!(error.at as usize <= text.len(), "{error:?}");
                continue;
            }
        };
        for (version, metadata) in [(Version::V40, MetadataLevel::None), (Version::V401, MetadataLevel::Full)]
        {
            let _ = fragment(model, &query, "Set(1)", version);
            let format = Format { version, metadata, ieee754_compatible: false, omit_nulls: false };
            let layout = Layout::of(model, &query, Shape::needs(&query, format));
            let _ = Shape::new(model, &query, &layout, format, "/s/");
            let limits = PlanLimits { nested: Some(11), ..PlanLimits::default() };
            if let Ok(planned) = plan(mapping, *dialect, &query, &layout, limits) {
                let _ = program(*dialect, &planned);
                let _ = paged(*dialect, planned, None);
            }
        }
    }
});
