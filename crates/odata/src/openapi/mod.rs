//! The OpenAPI 3.1 document of a model: what can be read, by which addresses and options, and in which form it comes.
//!
//! It follows the mapping that OASIS describes for OData, and says less than `$metadata`: options are lists of what is
//! likely, where the language of a URL allows more.

mod names;
mod schemas;
mod parameters;
mod responses;
mod calls;
mod paths;

use serde_json::{Map, Value, json};

use crate::model::Model;

/// A JSON object whose members stay in the order in which they are put in.
pub type Object = Map<String, Value>;

/// What the document tells beside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenApiOptions {
    /// What the service is called.
    pub title: String,
    /// Version of what serves it.
    pub version: String,
    /// Whether clients say who reads.
    pub login: Login,
}

/// Whether clients say who reads in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Nobody has to.
    None,
    /// They can.
    Optional,
    /// They have to.
    Required,
}

/// The document without its servers, which depend on who asks: [`servers`].
pub fn document(model: &Model, options: &OpenApiOptions) -> Object {
    let description = "Served as OData 4.0, and as 4.01 to clients that send OData-MaxVersion: 4.01. Query options take more than \
                       is listed here: $metadata has the whole model, and the OData standard the whole language.";
    let mut document = Object::new();
    document.insert("openapi".to_owned(), "3.1.0".into());
    document.insert(
        "info".to_owned(),
        json!({ "title": options.title, "version": options.version, "description": description }),
    );
    document.insert("tags".to_owned(), tags(model));
    document.insert("paths".to_owned(), paths::paths(model).into());
    document.insert("components".to_owned(), components(model, options.login));
    if let Some(security) = security(options.login) {
        document.insert("security".to_owned(), security);
    }
    document
}

/// The member `servers`: where the service is.
pub fn servers(root: &str) -> Value {
    // Paths start with a slash.
    json!([{ "url": root.strip_suffix('/').unwrap_or(root) }])
}

fn tags(model: &Model) -> Value {
    let tag = |(name, description): (&String, &Option<String>)| match description {
        Some(text) => json!({ "name": name, "description": text }),
        None => json!({ "name": name }),
    };
    let sets = model.served_sets().map(|(_, set)| (&set.name, &set.description));
    let singletons = model.singletons.iter().map(|single| (&single.name, &single.description));
    sets.chain(singletons).map(tag).collect()
}

fn components(model: &Model, login: Login) -> Value {
    let mut components = Object::new();
    components.insert("schemas".to_owned(), schemas::schemas(model).into());
    components.insert("parameters".to_owned(), parameters::components(model).into());
    components.insert("responses".to_owned(), responses::components().into());
    if login != Login::None {
        let header = |name: &str, what: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": what });
        let schemes = json!({
            "user": header("ddcloud-datasource-user", "User of the database."),
            "password": header("ddcloud-datasource-password", "Password of the user."),
        });
        components.insert("securitySchemes".to_owned(), schemes);
    }
    components.into()
}

fn security(login: Login) -> Option<Value> {
    let both = json!({ "user": [], "password": [] });
    match login {
        Login::None => None,
        Login::Optional => Some(json!([{}, both])),
        Login::Required => Some(json!([both])),
    }
}
