//! Clients read each database through HAProxy and three nodes: programs in Python and JavaScript, and tables in a browser.

use crate::installed::{Language, run};
use crate::power_query;
use crate::site::Site;

/// A script that reads each service it is given, with the arguments before them.
const SCRIPTS: &[(Language, &str, &[&str])] = &[
    // Without a session, so without cookies: every set, in pages of the service's size and in smaller ones.
    (Language::Python, "plain_requests.py", &[]),
    // Makes classes of `$metadata`, follows next links by itself, filters, orders, expands.
    (Language::Python, "python_odata.py", &[]),
    // Takes next links apart and encodes them anew; it keeps no cookie.
    (Language::Node, "o_js.mjs", &[]),
    // Follows next links by itself, out of which it takes the token.
    (Language::Node, "angular.mjs", &[]),
    // Makes a typed client of `$metadata`, which has to compile.
    (Language::Node, "odata2ts.mjs", &[]),
    // Tables that grow and scroll, with filter and order.
    (Language::Node, "ui5.mjs", &["$direct", "same"]),
    // The same as a page of another origin, by multipart batches, as the model does by itself.
    (Language::Node, "ui5.mjs", &["$batch", "other"]),
];

/// One site for all, since it takes longer to fill the databases than to read them.
#[test]
fn clients_read_every_database_through_a_load_balancer() {
    let site = Site::start();
    let roots = site.roots();
    for (language, script, args) in SCRIPTS {
        let all: Vec<&str> = args.iter().copied().chain(roots.iter().map(String::as_str)).collect();
        run(*language, script, &all);
    }
    for root in &roots {
        power_query::read(root);
    }
}
