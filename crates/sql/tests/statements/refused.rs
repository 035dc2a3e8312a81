//! What the published grammar refuses and only a model can tell: it parses, and is refused when it is bound.

use nextlink_odata::bind::{BindLimits, bind};
use nextlink_odata::url;
use nextlink_sql::catalog::{Catalog, CatalogComposite, Column, ColumnType};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};

use crate::NOW;
use crate::shop::{column, table};

/// Categories with an address, products, and their sales.
fn model() -> Mapping {
    let address = CatalogComposite {
        schema: None,
        name: "Address".to_owned(),
        columns: vec![column("Street String?")],
        comment: None,
    };
    let mut categories = table("Categories", &["ID Int32", "Name String"], &[0], &[]);
    categories.columns.push(Column { ty: ColumnType::Composite(0), ..column("Address String?") });
    let products = ["ID Int32", "Name String", "Price Decimal", "CategoryID Int32"];
    let sales = ["ID Int32", "Amount Decimal", "Cost Decimal", "ProductID Int32"];
    let tables = vec![
        categories,
        table("Products", &products, &[0], &[(&[3], 0)]),
        table("Sales", &sales, &[0], &[(&[3], 1)]),
    ];
    build(&Catalog { tables, composites: vec![address], ..Catalog::default() }, &ModelOptions::default()).0
}

#[test]
fn what_only_the_model_knows_is_refused_by_it() {
    let mapping = model();
    let bound = |text: &str| {
        let url = url::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        bind(&mapping.model, &url, BindLimits::default(), NOW)
    };
    for text in [
        "Categories(1)/Address/Street/$value",
        "Sales?$apply=aggregate(Amount sub Cost with sum as Total)",
        "Sales?$apply=groupby((Product/Price))",
    ] {
        assert!(bound(text).is_ok(), "{text}: {:?}", bound(text).err());
    }
    for text in [
        "Categories/TheBestProduct()",
        "Categories(1)/Address/$value",
        "Products(1)/Model.BestSellingProduct/Model.BestSellingProduct",
        "Products?$apply=aggregate(Sales/Amount sub Sales/Cost with sum as TotalAmount)",
        "Sales?$apply=aggregate(Amount as Total)",
        "Sales?$apply=aggregate(Amount)",
        "Sales?$apply=aggregate(Amount from Time with average as DailyAverage)",
        "Sales?$apply=groupby((Product/Price/Quantity))",
        "Products?$apply=groupby((Sales/Product/Name))",
        "Products?$apply=join(Name as Detail,identity)",
    ] {
        assert!(bound(text).is_err(), "{text}");
    }
}
