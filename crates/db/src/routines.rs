//! What is said of functions of a server that are not served.

use nextlink_sql::notice::Notice;

/// Functions that are named when it is said that they may write.
const NAMED: usize = 5;

/// That functions of a schema may write, and how they are declared where they do not.
pub fn may_write(schema: &str, names: &[&str], declared: &str) -> Notice {
    let more = if names.len() > NAMED { ", …" } else { "" };
    let names = names[..names.len().min(NAMED)].join(", ");
    let text = ["Functions that may write are not served (", &names, more, "); those that do not are to be "];
    Notice::table(schema, [&text.concat(), declared, "."].concat())
}

/// That there are more than the limit.
pub fn too_many() -> Notice {
    Notice::table("*", "There are too many functions: none is served. Name fewer schemas.")
}

/// That a function cannot be served.
pub fn not_served(name: &str, why: &str) -> Notice {
    Notice::table(name, ["This function is not served: ", why, "."].concat())
}
