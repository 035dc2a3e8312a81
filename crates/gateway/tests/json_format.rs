//! JSON Format 4.0 and 4.01, sections 3, 4 and 10: the exact text of answers for each version, metadata level and
//! IEEE754Compatible.

mod common;

use common::{SHOP, ask, shop};

/// How an answer is written in one of the forms.
struct Form {
    version: &'static str,
    level: &'static str,
    ieee: bool,
    root: String,
}

impl Form {
    /// The prefix of control information.
    fn at(&self) -> &'static str {
        if self.version == "4.0" { "@odata." } else { "@" }
    }

    fn full(&self) -> bool {
        self.level == "full"
    }

    /// A member that only metadata=full has.
    fn only_full(&self, text: &str) -> String {
        if self.full() { text.replace('@', self.at()) } else { String::new() }
    }

    fn context(&self, fragment: &str) -> String {
        if self.level == "none" {
            return String::new();
        }
        format!("\"{}context\":\"{}$metadata#{fragment}\",", self.at(), self.root)
    }

    /// A 64-bit integer or a decimal.
    fn exact(&self, digits: &str) -> String {
        if self.ieee { format!("\"{digits}\"") } else { digits.to_owned() }
    }

    /// A property whose type metadata=full tells.
    fn typed(&self, name: &str, ty: &str, value: &str) -> String {
        let hash = if self.version == "4.0" { "#" } else { "" };
        let told = format!("\"{name}@type\":\"{hash}{ty}\",");
        format!("{}\"{name}\":{value}", self.only_full(&told))
    }

    /// A property that the model does not have: minimal metadata tells its type, too.
    fn dynamic(&self, name: &str, ty: &str, value: &str) -> String {
        let hash = if self.version == "4.0" { "#" } else { "" };
        let told = format!("\"{name}{}type\":\"{hash}{ty}\",", self.at());
        let told = if self.level == "none" { String::new() } else { told };
        format!("{told}\"{name}\":{value}")
    }

    /// The type of a value that stands alone.
    fn value_type(&self, ty: &str) -> String {
        let hash = if self.version == "4.0" { "#" } else { "" };
        self.only_full(&format!("\"@type\":\"{hash}{ty}\","))
    }

    fn int64(&self, name: &str, digits: &str) -> String {
        self.typed(name, "Int64", &self.exact(digits))
    }

    /// What tells of an entity whose key is not told: minimal metadata has its identifier.
    fn identity_alone(&self, ty: &str, id: &str) -> String {
        match self.level {
            "minimal" => format!("\"{}id\":\"{id}\",", self.at()),
            _ => self.identity(ty, id),
        }
    }

    fn identity(&self, ty: &str, id: &str) -> String {
        self.only_full(&format!("\"@type\":\"#shop.{ty}\",\"@id\":\"{id}\",\"@readLink\":\"{id}\","))
    }

    fn links(&self, id: &str, names: &[&str]) -> String {
        let links = names.iter().map(|name| {
            format!(
                ",\"{name}@associationLink\":\"{id}/{name}/$ref\",\"{name}@navigationLink\":\"{id}/{name}\""
            )
        });
        self.only_full(&links.collect::<String>())
    }

    fn product(&self) -> String {
        [
            self.identity("Products", "Products(1)"),
            self.int64("ID", "1"),
            ",\"Name\":\"Sencha\",".to_owned(),
            self.typed("Price", "Decimal", &self.exact("12.5")),
            ",\"Weight\":0.25,\"Active\":true,".to_owned(),
            self.typed("Made", "Date", "\"2024-02-29\""),
            ",".to_owned(),
            self.typed("Changed", "DateTimeOffset", "\"2024-02-29T12:30:00.125Z\""),
            ",".to_owned(),
            self.typed("Picture", "Binary", "\"AP8Q\""),
            self.links("Products(1)", &["Category", "Order_Details"]),
        ]
        .concat()
    }
}

const PRODUCT: &str = "ID,Name,Price,Weight,Active,Made,Changed,Picture";

/// Each resource with its URL and what it is to be.
fn resources(form: &Form) -> Vec<(String, String)> {
    let count = |n: &str| format!("\"{}count\":{},", form.at(), form.exact(n));
    let links = ["ParentCategory", "CategoriesByParent", "Products"];
    let category = |id: &str| {
        let path = format!("Categories({id})");
        [form.identity("Categories", &path), form.int64("ID", id)].concat()
    };
    // Without a context URL, links are relative to the request.
    let base = if form.level == "none" { SHOP } else { "" };
    let reference = |id: &str| format!("\"{}id\":\"{base}{id}\"", form.at());
    vec![
        (
            format!("Products?$count=true&$top=1&$select={PRODUCT}"),
            format!(
                "{{{}{}\"value\":[{{{}}}]}}",
                form.context(&format!("Products({PRODUCT})")),
                count("5000"),
                form.product()
            ),
        ),
        (
            format!("Products(1)?$select={PRODUCT}"),
            format!("{{{}{}}}", form.context(&format!("Products({PRODUCT})/$entity")), form.product()),
        ),
        (
            "Products(1)/Stock".to_owned(),
            format!(
                "{{{}{}\"value\":{}}}",
                form.context("Products(1)/Stock"),
                form.value_type("Int64"),
                form.exact("9007199254740993")
            ),
        ),
        (
            "Products(1)/Weight".to_owned(),
            format!("{{{}\"value\":0.25}}", form.context("Products(1)/Weight")),
        ),
        (
            "Products(1)?$compute=Stock sub 1 as A,Weight mul 2 as B,Price as C,concat(Name,'!') as D,Made as E&$select=A,B,C,D,E".to_owned(),
            format!(
                "{{{}{}{},\"B\":0.5,{},\"D\":\"Sencha!\",{}{}}}",
                form.context("Products(A,B,C,D,E)/$entity"),
                form.identity_alone("Products", "Products(1)"),
                form.dynamic("A", "Int64", &form.exact("9007199254740992")),
                form.dynamic("C", "Decimal", &form.exact("12.5")),
                form.dynamic("E", "Date", "\"2024-02-29\""),
                form.links("Products(1)", &["Category", "Order_Details"]),
            ),
        ),
        (
            "Products?$apply=filter(ID eq 1)/groupby((Active,CategoryID),aggregate($count as N,Weight with max as W))&$top=1".to_owned(),
            format!(
                "{{{}\"value\":[{{\"Active\":true,{},{},\"W\":0.25}}]}}",
                form.context("Products(Active,CategoryID,N,W)"),
                form.int64("CategoryID", "2"),
                form.dynamic("N", "Decimal", &form.exact("1")),
            ),
        ),
        (
            "Products(1)/Name".to_owned(),
            format!("{{{}\"value\":\"Sencha\"}}", form.context("Products(1)/Name")),
        ),
        ("Products/$count".to_owned(), "5000".to_owned()),
        (
            "Products(1)?$select=ID&$expand=Category($select=ID)".to_owned(),
            format!(
                "{{{}{}{},\"Category\":{{{}{}}}{}}}",
                form.context("Products(ID,Category(ID))/$entity"),
                form.identity("Products", "Products(1)"),
                form.int64("ID", "1"),
                category("2"),
                form.links("Categories(2)", &links),
                form.links("Products(1)", &["Category", "Order_Details"]),
            ),
        ),
        (
            "Categories(3)?$select=ID&$expand=Products($select=ID;$count=true)".to_owned(),
            format!(
                "{{{}{},\"Products{}count\":{},\"Products\":[]{}}}",
                form.context("Categories(ID,Products(ID))/$entity"),
                category("3"),
                form.at(),
                form.exact("0"),
                form.links("Categories(3)", &links),
            ),
        ),
        (
            "Products(1)/Category/$ref".to_owned(),
            format!("{{{}{}}}", form.context("$ref"), reference("Categories(2)")),
        ),
        (
            "Categories(2)/Products/$ref?$top=2".to_owned(),
            format!(
                "{{{}\"value\":[{{{}}},{{{}}}]}}",
                form.context("Collection($ref)"),
                reference("Products(1)"),
                reference("Products(5)")
            ),
        ),
        (
            "Products?$filter=ID lt 0&$count=true".to_owned(),
            format!("{{{}{}\"value\":[]}}", form.context("Products"), count("0")),
        ),
    ]
}

#[test]
fn every_form_of_every_resource() {
    let node = shop();
    for version in ["4.0", "4.01"] {
        for level in ["none", "minimal", "full"] {
            for ieee in [false, true] {
                let form = Form { version, level, ieee, root: node.url(SHOP) };
                for (url, expected) in resources(&form) {
                    for prefix in ["odata.metadata", "metadata"] {
                        let accept = format!("application/json;{prefix}={level};IEEE754Compatible={ieee}");
                        let headers = [("OData-MaxVersion", version), ("Accept", accept.as_str())];
                        let answer = ask(&node, &url, &headers);
                        let what = format!("{url} {version} {accept}");
                        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
                        assert_eq!(answer.text(), expected, "{what}");
                        assert_eq!(answer.header("odata-version"), Some(version), "{what}");
                        let parameter = if version == "4.0" { "odata.metadata" } else { "metadata" };
                        let ieee = if ieee { ";IEEE754Compatible=true" } else { "" };
                        let media = match url.ends_with("$count") {
                            true => "text/plain".to_owned(),
                            false => format!("application/json;{parameter}={level}{ieee}"),
                        };
                        assert_eq!(answer.header("content-type"), Some(media.as_str()), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn values_are_exact() {
    let node = shop();
    for (url, expected) in [
        ("Products(2)?$select=Name,Price", r#""Name":"Crème & \"Sugar\"","Price":null"#),
        ("Products(3)?$select=Name,Price,Weight", r#""Name":"日本茶","Price":0.1,"Weight":1e+300"#),
        ("Products(3)?$select=Stock,Picture,Made", r#""Stock":-5,"Made":"1999-12-31","Picture":"""#),
        ("Words('😀')", r#""Word":"😀","Meaning":"emoji""#),
        ("Pairs(A=1,B='y')", r#""A":1,"B":"y","Note":null"#),
    ] {
        let answer = ask(&node, url, &[("Accept", "application/json;odata.metadata=none")]);
        let found: serde_json::Value = answer.json();
        let wanted: serde_json::Value = serde_json::from_str(&format!("{{{expected}}}")).expect(expected);
        assert_eq!(answer.status, 200, "{url}");
        assert_eq!(found, wanted, "{url}");
    }
    for (url, media, expected) in [
        ("Products(1)/Price/$value", "text/plain;charset=utf-8", b"12.5".as_slice()),
        ("Products(1)/Stock/$value", "text/plain;charset=utf-8", b"9007199254740993"),
        ("Products(1)/Active/$value", "text/plain;charset=utf-8", b"true"),
        ("Products(3)/Name/$value", "text/plain;charset=utf-8", "日本茶".as_bytes()),
        ("Products(1)/Picture/$value", "application/octet-stream", b"\x00\xff\x10"),
        ("Products(3)/Picture/$value", "application/octet-stream", b""),
    ] {
        let answer = ask(&node, url, &[]);
        let found = (answer.status, answer.header("content-type"), answer.body.as_slice());
        assert_eq!(found, (200, Some(media), expected), "{url}");
    }
}
