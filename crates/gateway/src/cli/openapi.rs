//! `openapi`: the OpenAPI document of a source.

use super::OpenApiArgs;
use super::out::say;

/// Prints the document that `$openapi` gives, for people to read and for tools to take.
pub fn openapi(args: &OpenApiArgs) -> anyhow::Result<()> {
    let (name, served, config) = super::one_source(&args.source, args.config.as_ref())?;
    let served = served.seen_by(args.user.as_deref());
    let base = config.server.public_url.unwrap_or_default();
    say!("{}", served.open_api_at(&[base.trim_end_matches('/'), "/api/odata4/", &name, "/"].concat()));
    Ok(())
}
