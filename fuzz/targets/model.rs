//! Model files: each is refused where it stands, or makes models that can be told of.

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
use nextlink_odata::csdl::{CsdlOptions, json, xml};
use nextlink_odata::openapi::{Login, OpenApiOptions, document};
use nextlink_sql::catalog::Catalog;
use nextlink_sql::mapping::{ModelOptions, build};
use nextlink_sql::shape::Shape;
use shop::{Kind, shop_catalog};
use studio::studio_catalog;

static CATALOGS: LazyLock<[Catalog; 2]> =
    LazyLock::new(|| [shop_catalog(Kind::Postgres), studio_catalog(Kind::Postgres)]);

fuzz_target!(|text: &str| {
    let shape = match Shape::parse(text) {
        Ok(shape) => shape,
        Err(error) => {
            assert!(!error.problem.is_empty(), "{error:?}");
            return;
        }
    };
    let options = ModelOptions { shape, ..ModelOptions::default() };
    for catalog in CATALOGS.iter() {
        let (mapping, notices) = build(catalog, &options);
        assert!(notices.iter().all(|notice| !notice.to_string().is_empty()));
        let told = |model| {
            let csdl = CsdlOptions::default();
            let title = String::new();
            let _ = document(model, &OpenApiOptions { title, version: "1".to_owned(), login: Login::None });
            (xml(model, &csdl), json(model, &csdl))
        };
        // The same text gives the same model.
        assert_eq!(told(&mapping.model), told(&build(catalog, &options).0.model));
    }
});
