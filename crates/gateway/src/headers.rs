//! Names of headers that HTTP libraries do not know.

use http::{HeaderMap, HeaderName};

/// Whether anything that stands in an answer to a read depends on a header of the request, given by its name: what
/// is agreed on, who asks, and where links start.
pub fn counts(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept-encoding"
            | "ddcloud-datasource-password"
            | "ddcloud-datasource-user"
            | "forwarded"
            | "host"
            | "odata-maxversion"
            | "prefer"
            | "x-forwarded-host"
            | "x-forwarded-port"
            | "x-forwarded-prefix"
            | "x-forwarded-proto"
    )
}

/// Whether a client wants all that it is given of a request to be of one point in time, its further pages too (Part 1,
/// header Isolation).
pub fn wants_snapshot(headers: &HeaderMap) -> bool {
    [ISOLATION, ODATA_ISOLATION].iter().any(|name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.trim().eq_ignore_ascii_case("snapshot"))
    })
}

/// See [`wants_snapshot`].
pub const ISOLATION: HeaderName = HeaderName::from_static("isolation");
/// See [`wants_snapshot`].
pub const ODATA_ISOLATION: HeaderName = HeaderName::from_static("odata-isolation");
/// Version of the answer (Part 1 section 8.1.5).
pub const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
/// Greatest version the client takes (Part 1 section 8.2.7).
pub const ODATA_MAX_VERSION: HeaderName = HeaderName::from_static("odata-maxversion");
/// Preferences that were followed (RFC 7240 section 3).
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// What the client prefers (RFC 7240 section 2).
pub const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Times of the stages (W3C Server Timing).
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The number of the execution that a page comes from, where that is not the first one.
pub const GENERATION: HeaderName = HeaderName::from_static("nextlink-generation");
/// The method that a client means that can only send GET and POST.
pub const HTTP_METHOD: HeaderName = HeaderName::from_static("x-http-method");
/// See [`HTTP_METHOD`].
pub const HTTP_METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// See [`HTTP_METHOD`].
pub const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-method-override");
/// A token against requests that other pages forge, as clients of SAP ask for it.
pub const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// The status of an answer that was asked for before (Part 1 section 8.3.1).
pub const ASYNC_RESULT: HeaderName = HeaderName::from_static("asyncresult");
/// Identifies a request in logs.
pub const TRACE_ID: HeaderName = HeaderName::from_static("trace-id");
/// Who reads, where a source leaves that to clients.
pub const SOURCE_USER: HeaderName = HeaderName::from_static("ddcloud-datasource-user");
/// The password of that user.
pub const SOURCE_PASSWORD: HeaderName = HeaderName::from_static("ddcloud-datasource-password");
/// Scheme, host, port and path prefix that a load balancer was asked for.
pub const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// See [`FORWARDED_PROTO`].
pub const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// See [`FORWARDED_PROTO`].
pub const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
/// See [`FORWARDED_PROTO`].
pub const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
