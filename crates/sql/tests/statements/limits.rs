//! Every limit of binding at its edge: the limit passes, one more is refused by its name.

use nextlink_odata::bind::{BindErrorKind, BindLimits, bind};
use nextlink_odata::url::{ParseOptions, parse_with};

use crate::shop::shop;

/// A URL that takes so much of something.
type Url = fn(usize) -> String;

/// A name, a limit, how it is set and a URL that takes so much of it.
type Row = (&'static str, usize, fn(&mut BindLimits, usize), Url);

fn nested(navigation: &str, depth: usize) -> String {
    let mut text = navigation.to_owned();
    for _ in 1..depth {
        text = format!("{navigation}($expand={text})");
    }
    text
}

#[test]
fn limits_pass_and_one_more_is_refused() {
    let nothing: fn(&mut BindLimits, usize) = |_, _| ();
    let rows: &[Row] = &[
        (
            "expand_depth",
            3,
            |l, n| l.expand_depth = n,
            |n| format!("Staff?$expand={}", nested("BossStaff", n)),
        ),
        ("expand_depth", 3, |l, n| l.expand_depth = n, |n| format!("Staff?$expand=BossStaff($levels={n})")),
        (
            "expand_depth",
            3,
            |l, n| l.expand_depth = n,
            |n| format!("Staff?$expand=StaffByBoss($expand=StaffByBoss($levels={}))", n - 1),
        ),
        (
            "expand_items",
            3,
            |l, n| l.expand_items = n,
            |n| format!("Staff?$expand={}", nested("StaffByBoss", n)),
        ),
        (
            "expand_items",
            3,
            |l, n| l.expand_items = n,
            |n| {
                let third = if n > 3 { "CustomerTags($expand=Tag)" } else { "CustomerTags" };
                format!("Customers?$expand=Orders,Tags,{third}")
            },
        ),
        (
            "list_values",
            5,
            |l, n| l.list_values = n,
            |n| format!("Staff?$filter=Id in ({})", vec!["1"; n].join(",")),
        ),
        (
            "expression_depth",
            6,
            |l, n| l.expression_depth = n,
            |n| format!("Staff?$filter={}true{}", "not (".repeat(n - 1), ")".repeat(n - 1)),
        ),
        (
            "expression_depth",
            6,
            |l, n| l.expression_depth = n,
            |n| format!("Staff?$filter={}Name{} eq ''", "trim(".repeat(n - 2), ")".repeat(n - 2)),
        ),
        (
            "navigations",
            4,
            |l, n| l.navigations = n,
            |n| format!("Staff?$filter={}Name eq 'a'", "BossStaff/".repeat(n)),
        ),
        (
            "navigations",
            4,
            |l, n| l.navigations = n,
            |n| format!("Staff?$filter=null ne {}BossStaff", "BossStaff/".repeat(n - 1)),
        ),
        ("navigations", 4, |l, n| l.navigations = n, |n| format!("Staff(1){}", "/BossStaff".repeat(n))),
        (
            "navigations",
            4,
            |l, n| l.navigations = n,
            |n| format!("Staff?$filter={}", vec!["StaffByBoss/any()"; n].join(" and ")),
        ),
        ("transformations", 25, nothing, |n| format!("Staff?$apply={}", vec!["top(9)"; n].join("/"))),
        ("transformations", 25, nothing, |n| {
            format!("Staff?$apply=concat(identity,{})", vec!["top(9)"; n - 2].join("/"))
        }),
        ("pattern", 1_000, nothing, |n| format!("Staff?$filter=matchesPattern(Name,'{}')", "a".repeat(n))),
        ("pattern", 100, nothing, |n| format!("Staff?$filter=matchesPattern(Name,'{}')", "(a)".repeat(n))),
        ("patterns", 20, nothing, |n| {
            format!("Staff?$filter={}", vec!["matchesPattern(Name,'a')"; n].join(" or "))
        }),
        ("patterns", 20, nothing, |n| {
            format!("Staff?$filter={}&@m=matchesPattern(Name,'a')", vec!["@m"; n].join(" or "))
        }),
        ("patterns", 20, nothing, |n| {
            // Where the name is made, and where it is used.
            let uses = vec!["M"; n - 1].join(" or ");
            format!("Staff?$compute=matchesPattern(Name,'a') as M&$filter={uses}")
        }),
        ("orderby_items", 100, nothing, |n| format!("Staff?$orderby={}", vec!["Id"; n].join(","))),
        (
            "expression_nodes",
            20_000,
            |l, _| l.list_values = 10_000,
            |n| {
                // Two operators with their properties, `or`, and the values of two lists.
                let list = |n: usize| vec!["1"; n].join(",");
                format!("Staff?$filter=Id in ({}) or Id in ({})", list(9_998), list(n - 9_998 - 5))
            },
        ),
    ];
    let mapping = shop();
    let parse = ParseOptions { max_depth: 1000, ..ParseOptions::default() };
    for (name, limit, set, url) in rows {
        let mut limits = BindLimits::default();
        set(&mut limits, *limit);
        for (asked, passes) in [(*limit, true), (*limit + 1, false)] {
            let text = url(asked);
            let tree = parse_with(&text, &parse).unwrap_or_else(|e| panic!("{name}: {text}: {e}"));
            let bound = bind(&mapping.model, &tree, limits, "2024-01-01T00:00:00");
            match bound {
                Ok(_) => assert!(passes, "{name} at {asked}: {text} passes"),
                Err(error) => {
                    assert!(!passes, "{name} at {asked}: {error}: {text}");
                    assert_eq!(error.kind, BindErrorKind::LimitExceeded, "{name}: {error}: {text}");
                    assert!(error.message.contains(&format!("`{name}`")), "{name}: {error}");
                }
            }
        }
    }
}

#[test]
fn long_chains_are_not_deep() {
    let mapping = shop();
    let limits = BindLimits { expression_depth: 12, ..BindLimits::default() };
    for joint in [" or ", " and "] {
        let text = format!("Staff?$filter={}", vec!["Id eq 1"; 1000].join(joint));
        let tree = nextlink_odata::url::parse(&text).expect("it parses");
        bind(&mapping.model, &tree, limits, "2024-01-01T00:00:00").expect("a chain counts once");
    }
}
