//! A result can be gone on with after the last row of any page, whatever it is ordered by: the rows are those that
//! stood behind it.

use nextlink_sql::plan::Resume;
use nextlink_sql::position::from_bytes;

use crate::ask::{Ask, Asked, Failure};

/// Properties and expressions to order by.
const ORDERS: &[&str] = &[
    "Id",
    "T",
    "S",
    "I",
    "J",
    "L",
    "D",
    "E",
    "F",
    "B",
    "Day",
    "Clock",
    "At",
    "ParentId",
    "length(S)",
    "tolower(T)",
    "I add J",
    "F mul 2",
    "D sub E",
    "year(At)",
    "Parent/T",
    "Parent/At",
    "B,S desc,J",
    "I desc,T",
    "concat(S,T)",
    "S eq null",
];
/// What else is asked.
const OTHERS: &[&str] = &["", "&$expand=Part($orderby=Id),Parent($select=T)", "&$top=50&$skip=7&$select=T"];
/// Rows that are no entities.
const ROWS_OF_GROUPS: &[&str] = &[
    "Thing?$apply=groupby((T))",
    "Thing?$apply=groupby((S,B,I),aggregate($count as N))&$orderby=N desc",
    "Thing?$apply=groupby((D,At),aggregate(F with sum as A,D with max as M))&$orderby=A,M desc",
    "Thing?$apply=groupby((Parent/Day,Parent/E),aggregate(E with average as A))&$orderby=A",
    "Thing?$apply=compute(length(T) as K)/groupby((rollup(K,S)),aggregate(D with sum as A))&$orderby=A desc",
    "Thing?$apply=topcount(41,E)&$compute=E mul 2 as C&$orderby=C",
    "Thing?$apply=concat(groupby((S)),aggregate($count as N),groupby((Day),aggregate(E with sum as A)))",
];
/// Rows of a page.
const ROWS: u64 = 8;

/// Goes on after each page of many results; gives how many of them the database cannot go on with.
pub fn go_on(world: Asked<'_>) -> usize {
    let mut ask = Ask::default();
    ask.limits.rows = ROWS;
    let (mut refused, mut wrong) = (0, Vec::new());
    let ordered = ORDERS.iter().flat_map(|order| {
        let others = OTHERS.iter().flat_map(|other| [("", other), (" desc", other)]);
        others.map(move |(descending, other)| format!("Thing?$orderby={order}{descending}{other}"))
    });
    for urls in [ordered.collect::<Vec<_>>(), ROWS_OF_GROUPS.iter().map(|url| (*url).to_owned()).collect()] {
        for url in urls {
            let whole = match world.ask_paged(&url, &ask, None) {
                Ok(answer) => answer,
                Err(Failure::Unsupported(_)) => {
                    refused += 1;
                    continue;
                }
                Err(failure) => panic!("{url}: {failure}"),
            };
            // A last page that is full may have one, too.
            if !(whole.pages.len() - 1..=whole.pages.len()).contains(&whole.positions.len()) {
                wrong.push(format!(
                    "{url}: {} positions, {} pages",
                    whole.positions.len(),
                    whole.pages.len()
                ));
                continue;
            }
            for (page, position) in whole.positions.iter().enumerate() {
                let last = from_bytes(position).unwrap_or_else(|| panic!("{url}: a position"));
                let resume = Resume { last, rows: ROWS * (page as u64 + 1) };
                let behind: Vec<&str> =
                    whole.pages[page + 1..].iter().map(|(rows, _)| rows.as_str()).collect();
                let found = match world.ask_paged(&url, &ask, Some(&resume)) {
                    Ok(answer) => answer.rows(),
                    Err(failure) => failure.to_string(),
                };
                if found != behind.join(",") {
                    let start = |rows: &str| rows.chars().take(200).collect::<String>();
                    let expected = behind.join(",");
                    wrong.push(format!(
                        "{url} after page {page}\n  found    {}\n  expected {}",
                        start(&found),
                        start(&expected)
                    ));
                    break;
                }
            }
        }
    }
    let shown = wrong.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} are wrong:\n{shown}", wrong.len());
    refused
}
