//! Runs the published grammar cases of OData (core, aggregation, temporal) through the parser's entry points.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nextlink_odata::batch;
use nextlink_odata::lexical;
use nextlink_odata::prefer;
use nextlink_odata::url::ast::{ExprKind, Literal};
use nextlink_odata::url::{self, ParseError, ParseOptions};
use serde_json::Value;

/// Rules that are not run, with the reason.
const SKIPPED_RULES: [(&str, &str); 1] = [("header", "other headers than Prefer are read by the server")];

/// Cases that may go another way than published, with the reason. One that agrees after all fails the test,
/// so that the list cannot go stale. What only the model knows is refused by it: `refused.rs` of the tests of statements.
const SKIPPED_INPUTS: [(&str, &str); 15] = [
    ("Categories/TheBestProduct()", "only the model knows that the function is not bound"),
    ("Categories(1)/Address/$value", "only the model knows that the address is complex"),
    ("Categories(1)/Thumbnail/$value", "only the model knows that the thumbnail is a stream"),
    (
        "Products(1)/Model.BestSellingProduct/Model.BestSellingProduct",
        "only the model tells types from functions",
    ),
    ("$search=more&more", "a custom query option may have any name"),
    ("$format=json&$Format=atom&$format=xml&$format=text/html", "the protocol forbids options given twice"),
    ("$format=JSON&$format=Atom&$format=XML&$format=text/html", "the protocol forbids options given twice"),
    ("#Customers(Address/AddressWithLocation,Orders)", "only the model tells types from properties"),
    (
        "$apply=aggregate(Sales/Amount sub Sales/Cost with sum as TotalAmount)",
        "only the model knows collections",
    ),
    ("$apply=aggregate(Amount as Total)", "only the model knows custom aggregates"),
    ("$apply=aggregate(Amount)", "only the model knows custom aggregates"),
    (
        "$apply=aggregate(Amount from Time with average as DailyAverage)",
        "only the model knows custom aggregates",
    ),
    ("$apply=groupby((Product/Price/Quantity))", "only the model knows that the price is no complex value"),
    ("$apply=groupby((Sales/Product/Name))", "only the model knows collections"),
    ("$apply=join(ShipTo as Detail,identity)", "only the model knows collections"),
];

/// Service roots of the cases that start with one; the host is the business of the server.
const ROOTS: [&str; 8] = [
    "http://127.0.0.1:8080/MyService/",
    "https://[2001:db8:85a3:8d3:1319:8a2e:370:7348]:8080/MyService/",
    "https://[v7.0]/MyService/",
    "http://services.odata.org/OData/OData.svc/",
    "http://host/service/",
    "http://My.Org:80/",
    "http://serviceRoot/Model.Container/",
    "http://serviceRoot/",
];

/// What the parser made of a case: nothing, or where it stopped.
type Outcome = Result<(), usize>;

fn habits() -> ParseOptions {
    ParseOptions { plus_is_space: false, lenient_space: false, ..ParseOptions::default() }
}

fn outcome<T>(result: Result<T, ParseError>, before: usize) -> Outcome {
    result.map(drop).map_err(|error| (error.at as usize).saturating_sub(before))
}

fn value<T>(result: Result<T, lexical::Malformed>) -> Outcome {
    result.map(drop).map_err(|error| error.at)
}

/// Parses the input behind a prefix that makes it a whole expression.
fn expression_behind(prefix: &str, input: &str) -> Outcome {
    outcome(url::parse_expression(&format!("{prefix}{input}"), &habits()), prefix.len())
}

/// A path alone, or with a query.
fn relative(input: &str) -> Outcome {
    if let Some(fragment) = input.strip_prefix("$metadata#") {
        return outcome(url::check_context(fragment, &habits()), 0).map_err(|at| at + "$metadata#".len());
    }
    outcome(url::parse_with(input, &habits()), 0)
}

/// One query option, which has no ampersand.
fn one_option(input: &str) -> Outcome {
    let end = input.find('&').unwrap_or(input.len());
    outcome(url::parse_query_options(&input[..end], &habits()), 0)?;
    if end < input.len() { Err(end) } else { Ok(()) }
}

/// The entry point of a rule of the grammar.
fn run(rule: &str, input: &str) -> Option<Outcome> {
    Some(match rule {
        "odataUri" => match ROOTS.iter().find_map(|root| input.strip_prefix(root)) {
            Some(rest) => relative(rest).map_err(|at| at + input.len() - rest.len()),
            None => Err(0),
        },
        "odataRelativeUri" | "resourcePath" | "entitySetName" => relative(input),
        "functionParameter" => {
            let path = format!("F({input})");
            outcome(url::parse_with(&path, &habits()), 2)
        }
        "queryOptions" => outcome(url::parse_query_options(input, &habits()), 0),
        "filter" | "select" | "expand" | "orderby" | "orderBy" | "compute" | "search" | "skiptoken"
        | "deltatoken" | "systemQueryOption" | "customQueryOption" => one_option(input),
        "searchExpr" => outcome(url::parse_search(input, &habits()), 0),
        "commonExpr" | "boolCommonExpr" | "boolcommonExpr" | "firstMemberExpr" | "propertyPathExpr"
        | "isofExpr" | "notExpr" | "primitiveLiteral" | "stringInUrl" => expression_behind("", input),
        "anyExpr" => expression_behind("X/", input),
        rule if rule.starts_with("geo") => expression_behind("", input),
        "boolean"
        | "null"
        | "guid"
        | "date"
        | "binaryLiteral"
        | "dateTimeOffsetLiteral"
        | "dateTimeOffsetValueInUrl"
        | "durationLiteral"
        | "decimalLiteral"
        | "doubleLiteral"
        | "singleLiteral"
        | "sbyteLiteral"
        | "int16Literal"
        | "int32Literal"
        | "int64Literal"
        | "stringLiteral"
        | "enumLiteral"
        | "timeOfDayLiteral" => literal(rule, input),
        "context" => {
            let fragment = input.strip_prefix('#')?;
            outcome(url::check_context(fragment, &habits()), 0).map_err(|at| at + 1)
        }
        "odataIdentifier" => value(lexical::identifier(input)),
        "booleanValue" => value(lexical::boolean(input)),
        "dateValue" => value(lexical::date(input)),
        "dateTimeOffsetValue" => value(lexical::date_time_offset(input)),
        "timeOfDayValue" => value(lexical::time_of_day(input)),
        "durationValue" => value(lexical::duration(input)),
        "decimalValue" | "doubleValue" | "singleValue" => value(lexical::decimal(input)),
        "byteValue" | "sbyteValue" => value(lexical::integer(input, 3)),
        "int16Value" => value(lexical::integer(input, 5)),
        "int32Value" => value(lexical::integer(input, 10)),
        "int64Value" => value(lexical::integer(input, 19)),
        "enumValue" => value(lexical::enumeration(input)),
        "primitiveValue" => value(lexical::primitive(input)),
        "request-id" => request_id(input),
        "prefer" => preferences(input.strip_prefix("Prefer: ")?),
        "preference" | "includeAnnotationsPreference" | "maxpagesizePreference" => preferences(input),
        _ => return None,
    })
}

/// A whole expression that is a literal of the rule's type.
fn literal(rule: &str, input: &str) -> Outcome {
    let expr = url::parse_expression(input, &habits()).map_err(|error| error.at as usize)?;
    let ExprKind::Literal(literal) = expr.kind else {
        return Err(0);
    };
    let fits = match literal {
        Literal::Null => rule == "null",
        Literal::Boolean(_) => rule == "boolean",
        Literal::Guid(_) => rule == "guid",
        Literal::Date(_) => rule == "date",
        Literal::TimeOfDay(_) => rule == "timeOfDayLiteral",
        Literal::DateTimeOffset(_) => rule.starts_with("dateTimeOffset"),
        Literal::Binary(_) => rule == "binaryLiteral",
        Literal::Duration(_) => rule == "durationLiteral",
        Literal::Enum { .. } => rule == "enumLiteral",
        Literal::String(_) => ["stringLiteral", "durationLiteral", "enumLiteral"].contains(&rule),
        Literal::Integer(_) => rule.contains("int") || rule.contains("byte"),
        Literal::Decimal(_) | Literal::Double(_) => {
            ["decimalLiteral", "doubleLiteral", "singleLiteral"].contains(&rule)
        }
        Literal::Geo { .. } => rule.starts_with("geo"),
    };
    // The grammar reads a sign before it sees that no number of the rule follows.
    if fits { Ok(()) } else { Err(input.len() - input.trim_start_matches('-').len()) }
}

/// The id of the one request of a batch.
fn request_id(input: &str) -> Outcome {
    let text = format!("--b\nContent-ID: {input}\n\nGET A\n--b--");
    match batch::multipart(text.as_bytes(), "b", 1).as_deref() {
        Ok([Ok(request)]) if request.id.as_deref() == Some(input) => Ok(()),
        _ => Err(0),
    }
}

fn preferences(input: &str) -> Outcome {
    prefer::parse_strict(input).map(drop).map_err(|error| error.at)
}

fn cases(file: &str) -> Option<Vec<Value>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/abnf");
    let path = folder.join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: the published cases are not at {}", path.display());
        return None;
    };
    let whole: Value = serde_json::from_str(&text).expect("the cases are JSON");
    Some(whole["cases"].as_array().expect("a list of cases").clone())
}

fn check(file: &str) {
    let Some(cases) = cases(file) else { return };
    let mut failures = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        let rule = case["rule"].as_str().unwrap_or_default();
        let input = case["input"].as_str().unwrap_or_default();
        let must_fail = case["must_fail"].as_bool().unwrap_or_default();
        let skip = SKIPPED_RULES
            .iter()
            .find(|(skipped, _)| *skipped == rule)
            .or_else(|| SKIPPED_INPUTS.iter().find(|(skipped, _)| *skipped == input));
        let outcome = run(rule, input);
        let agrees = outcome.is_some_and(|outcome| outcome.is_err() == must_fail);
        match (skip, agrees) {
            (Some(_), true) => failures.push(format!("{rule}: {input:?} is skipped for no reason")),
            (Some(_), _) => *counts.entry("skipped").or_default() += 1,
            (None, false) => {
                failures.push(format!("{rule}: {input:?}, must fail: {must_fail}, was {outcome:?}"))
            }
            (None, true) => *counts.entry("agree").or_default() += 1,
        }
        if let (None, true, Some(Err(at))) = (skip, must_fail, outcome) {
            let wanted = case["fail_at"].as_u64().unwrap_or_default() as usize;
            let near = if at == wanted { "same offset" } else { "other offset" };
            *counts.entry(near).or_default() += 1;
            if at != wanted {
                println!("{rule}: {input:?} fails at {at}, not {wanted}");
            }
        }
    }
    println!("{file}: {counts:?} of {}", cases.len());
    assert!(failures.is_empty(), "{} cases of {file} disagree:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn core_cases() {
    check("core.json");
}

#[test]
fn aggregation_cases() {
    check("aggregation.json");
}

#[test]
fn temporal_cases() {
    check("temporal.json");
}
