//! The `Prefer` header: what is understood, what is ignored, what the strict reader refuses.

use nextlink_odata::prefer::{Preferences, parse_lenient, parse_strict};

/// What was understood, as short text.
fn short(found: &Preferences) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (name, flag) in [
        ("entity-references", found.allow_entity_references),
        ("async", found.respond_async),
        ("track", found.track_changes),
    ] {
        parts.extend(flag.then(|| name.to_owned()));
    }
    parts.extend(found.callback.iter().map(|url| format!("callback={url}")));
    parts.extend(found.continue_on_error.map(|value| format!("continue={value}")));
    for filter in found.include_annotations.iter().flatten() {
        let qualifier = filter.qualifier.as_deref().unwrap_or("none");
        parts.push(format!(
            "{}{} qualifier {qualifier}",
            if filter.exclude { "not " } else { "" },
            filter.term
        ));
    }
    parts.extend(found.max_page_size.map(|size| format!("size={size}")));
    parts.extend(found.omit_values.map(|values| format!("omit={values:?}")));
    parts.extend(found.return_content.map(|content| format!("return={content:?}")));
    parts.extend(found.wait.map(|seconds| format!("wait={seconds}")));
    parts.join("; ")
}

#[test]
fn preferences_are_read() {
    let rows = [
        ("", ""),
        ("odata.maxpagesize=50", "size=50"),
        ("MaxPageSize = 50 , respond-async", "async; size=50"),
        ("maxpagesize=\"7\"", "size=7"),
        ("maxpagesize=1, maxpagesize=2", "size=1"),
        ("maxpagesize=0, maxpagesize=2", "size=2"),
        ("return=minimal;foo=bar, wait=10", "return=Minimal; wait=10"),
        ("return=representation", "return=Representation"),
        ("return=Minimal", ""),
        ("omit-values=NULLS", "omit=Nulls"),
        ("odata.omit-values=defaults", "omit=Defaults"),
        ("continue-on-error=FALSE", "continue=false"),
        ("odata.continue-on-error, track-changes", "track; continue=true"),
        ("include-annotations=\"*,-N.T#Q,M.*\"", "* qualifier none; not N.T qualifier Q; M.* qualifier none"),
        ("callback; url=\"http://a/b?c,d;e\", unknown=1, handling=lenient", "callback=http://a/b?c,d;e"),
        ("foo=\"a, maxpagesize=5\"", ""),
        ("odata.allow-entityreferences,", "entity-references"),
        ("odata.wait=1, odata.return=minimal, wait=x", ""),
    ];
    for (header, wanted) in rows {
        assert_eq!(short(&parse_lenient(header)), wanted, "{header}");
    }
}

#[test]
fn the_strict_reader_says_where() {
    let rows = [
        ("maxpagesize", 11, "= and a value"),
        ("respond-async, maxpagesize=x", 27, "a whole number from 1"),
        ("maxpagesize=99999999999999999999", 12, "a whole number from 1"),
        ("unknown", 0, "a preference of OData"),
        ("return=all", 7, "representation or minimal"),
        ("callback", 8, "; url= and a URL in double quotes"),
        ("callback;url=x", 13, "a URL in double quotes"),
        ("include-annotations=*", 20, "a list in double quotes"),
        ("include-annotations=\"a\"", 22, "*, a namespace and a term, or a namespace and *"),
        ("track-changes=1", 13, "no value"),
    ];
    for (header, at, expected) in rows {
        let error = parse_strict(header).expect_err(header);
        assert_eq!((error.at, error.expected), (at, expected), "{header}");
    }
}
