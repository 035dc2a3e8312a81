//! Names of tables with the schema of the connection, which on some databases is no part of their own names.

use crate::common::run;
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE people (id int PRIMARY KEY, name varchar(20));
CREATE TABLE things (id int PRIMARY KEY, owner int, FOREIGN KEY (owner) REFERENCES people (id));
CREATE VIEW counts AS SELECT owner, count(*) AS number FROM things GROUP BY owner;
";

/// What the configuration or a model file says, and the numbers of entity sets and of words about it.
const ROWS: &[(&str, &str, usize, usize)] = &[
    ("", "", 2, 0),
    ("exclude = ['SCHEMA.things']", "", 1, 0),
    ("exclude = ['SCHEMA.*']", "", 0, 0),
    ("exclude = ['nowhere.things']", "", 2, 1),
    ("include = ['schema.PEOPLE']", "", 1, 0),
    ("include = ['SCHEMA.p*', 'things']", "", 2, 0),
    ("keys = {'SCHEMA.counts' = ['owner']}", "", 3, 0),
    ("", "exclude: [SCHEMA.things]", 1, 0),
    ("", "include: ['SCHEMA.*']", 2, 0),
    ("", "entities: {People: {table: SCHEMA.people}}\nothers: false", 1, 0),
    ("", r#"{"odata_mapping_v3": {"schemas": [{"name": "SCHEMA"}]}}"#, 2, 0),
    ("", r#"{"odata_mapping_v3": {"schemas": [{"name": "SCHEMA", "excludedTables": ["things"]}]}}"#, 1, 0),
    ("", r#"{"odata_mapping_v3": {"schemas": [{"name": "SCHEMA", "tables": {"people": {}}}]}}"#, 1, 0),
];

#[test]
fn names_may_have_the_schema_of_the_connection() {
    let world = World::modelled(SCRIPT, "");
    let settings = std::fs::read_to_string(world.config()).expect("the configuration is there");
    let url = |source: &str| {
        let own = settings.split("[sources.").find(|part| part.starts_with(source)).expect("a source");
        own.split('"').nth(1).expect("a URL").to_owned()
    };
    let dir = std::path::Path::new(&world.config()).with_file_name("");
    for source in SOURCES {
        let url = url(source);
        let schema = match source {
            "sqlite" => "main",
            "postgres" => "public",
            _ => url.rsplit('/').next().expect("the name of a database"),
        };
        for (number, (setting, model, sets, words)) in ROWS.iter().enumerate() {
            let path = |extension: &str| dir.join(format!("{source}{number}.{extension}"));
            let (config, file) = (path("toml"), path("yaml"));
            std::fs::write(&file, model.replace("SCHEMA", schema)).expect("the model can be written");
            let setting = setting.replace("SCHEMA", schema).replace("schema", &schema.to_uppercase());
            let text = format!("[sources.s]\nurl = {url:?}\nmodel = {file:?}\n{setting}\n");
            std::fs::write(&config, text).expect("the configuration can be written");
            let told = run(&["check", "--config", &config.display().to_string()]);
            let what = format!("{source}: {setting} {model}: {}{}", told.out, told.err);
            assert_eq!(told.code, Some(0), "{what}");
            assert!(told.out.contains(&format!("s: {sets} entity sets")), "{what}");
            assert_eq!(told.out.matches("no table, view or function matches").count(), *words, "{what}");
            assert_eq!(told.out.contains("Nothing of it is served"), *sets == 0, "{what}");
        }
    }
}
