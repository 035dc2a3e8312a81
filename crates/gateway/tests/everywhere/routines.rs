//! Functions of the database that change nothing: they are served without a word in a model file.

use serde_json::{Value, json};

use crate::common::run;
use crate::models::{round_trip, validate, wrong_at};
use crate::world::World;

const TABLES: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) NOT NULL, city varchar(40));
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, total decimal(8,2) NOT NULL, placed date NOT NULL,
    FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE TABLE journal (id int PRIMARY KEY);
INSERT INTO customers VALUES (1, 'Ann', 'Ulm'), (2, 'bob', NULL), (3, 'Cy', 'Bonn'), (4, 'Di', 'Bonn');
INSERT INTO orders VALUES (10, 1, 5.5, '1996-05-01'), (11, 1, 7, '1997-02-03'), (12, 2, 1, '1997-08-09'), (13, 3, 9, '1998-01-01');
";

const POSTGRES: &str = "
CREATE TYPE state AS ENUM ('Open', 'Closed');
CREATE TYPE place AS (city text, number int);
CREATE DOMAIN percent AS int NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
CREATE FUNCTION turnover(since date) RETURNS numeric STABLE LANGUAGE sql AS 'SELECT sum(total) FROM orders WHERE placed >= since';
COMMENT ON FUNCTION turnover IS 'What came in';
CREATE FUNCTION strictly(a int, b int) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION page(first int, many int DEFAULT 2, named text DEFAULT 'x') RETURNS SETOF int STABLE LANGUAGE sql AS
    'SELECT id FROM orders WHERE id >= first ORDER BY id LIMIT many';
CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION best(lowest numeric) RETURNS SETOF orders STABLE LANGUAGE sql AS 'SELECT * FROM orders WHERE total >= lowest';
CREATE FUNCTION one_order(number int) RETURNS orders STABLE LANGUAGE sql AS 'SELECT * FROM orders WHERE id = number';
CREATE FUNCTION per_city(but text DEFAULT NULL) RETURNS TABLE(city text, many bigint) STABLE LANGUAGE sql AS
    'SELECT c.city, count(*) FROM customers c WHERE c.city IS DISTINCT FROM but GROUP BY c.city';
CREATE FUNCTION ends(OUT lowest int, OUT most int) STABLE LANGUAGE sql AS 'SELECT min(id), max(id) FROM orders';
CREATE FUNCTION where_is(id int) RETURNS place STABLE LANGUAGE sql AS
    'SELECT ROW(c.city, 7)::place FROM customers c WHERE c.id = where_is.id';
CREATE FUNCTION places() RETURNS SETOF place STABLE LANGUAGE sql AS 'SELECT c.city::text, c.id FROM customers c WHERE id > 2';
CREATE FUNCTION state_of(n int) RETURNS state IMMUTABLE LANGUAGE sql AS $$ SELECT CASE WHEN n = 0 THEN 'Open' ELSE 'Closed' END::state $$;
CREATE FUNCTION numbers(upto int) RETURNS int[] IMMUTABLE LANGUAGE sql AS 'SELECT array_agg(i) FROM generate_series(1, upto) i';
CREATE FUNCTION half(p percent) RETURNS percent IMMUTABLE LANGUAGE sql AS 'SELECT (p / 2)::percent';
CREATE FUNCTION kinds(a bool, b smallint, c bigint, d real, e timestamp, f timestamptz, g time, h uuid, i bytea, j interval, k varchar(5), l inet)
    RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT concat_ws('|', a, b, c, d, e, f AT TIME ZONE 'UTC', g, h, i, j, k, l) $$;
CREATE FUNCTION refuse(why text) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not with %', why USING ERRCODE = 'NX001'; END $$;
CREATE FUNCTION broken() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT nothing FROM nowhere); END $$;
CREATE FUNCTION lies() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN INSERT INTO journal VALUES (1); RETURN 1; END $$;
CREATE FUNCTION deeper() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO journal VALUES (2); RETURN 1; END $$;
CREATE FUNCTION lies_deeper() RETURNS int STABLE LANGUAGE sql AS 'SELECT deeper()';
CREATE FUNCTION find(n int) RETURNS SETOF orders STABLE LANGUAGE sql AS 'SELECT * FROM orders WHERE id = n';
CREATE FUNCTION find(day date) RETURNS SETOF orders STABLE LANGUAGE sql AS 'SELECT * FROM orders WHERE placed = day';
CREATE FUNCTION find(n text) RETURNS SETOF orders STABLE LANGUAGE sql AS 'SELECT * FROM orders';
CREATE FUNCTION customers() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION \"odd name\"(\"a b\" int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT \"a b\"';
CREATE FUNCTION any_of(a anyelement) RETURNS anyelement IMMUTABLE LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION rest(VARIADIC a int[]) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a[1]';
CREATE FUNCTION of_place(p place) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT (p).number';
CREATE FUNCTION some_record() RETURNS record IMMUTABLE LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION no_value() RETURNS void STABLE LANGUAGE sql AS 'SELECT';
CREATE FUNCTION nested() RETURNS TABLE(a int, b place) IMMUTABLE LANGUAGE sql AS 'SELECT 1, ROW(NULL, 2)::place';
CREATE PROCEDURE act() LANGUAGE sql AS 'INSERT INTO journal VALUES (3)';
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION own_sum(state int, next int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT state + next';
CREATE AGGREGATE own_total(int) (SFUNC = own_sum, STYPE = int, INITCOND = '0');
";

const MARIADB: &str = "
DELIMITER //
CREATE FUNCTION turnover(since date) RETURNS decimal(10,2) READS SQL DATA COMMENT 'What came in'
    RETURN (SELECT sum(total) FROM orders WHERE placed >= since)//
CREATE FUNCTION strictly(a int, b int) RETURNS int DETERMINISTIC RETURN a + b//
CREATE FUNCTION twice(p1 int) RETURNS int NO SQL RETURN 2 * p1//
CREATE FUNCTION refuse(why varchar(20)) RETURNS int NO SQL BEGIN
    DECLARE said varchar(60) DEFAULT concat('not with ', why); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = said; RETURN 1; END //
CREATE FUNCTION lies() RETURNS int READS SQL DATA BEGIN INSERT INTO journal VALUES (1); RETURN 1; END //
CREATE FUNCTION writes() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO journal VALUES (2); RETURN 1; END //
CREATE FUNCTION unsaid() RETURNS int RETURN 1//
CREATE FUNCTION customers() RETURNS int NO SQL RETURN 1//
CREATE FUNCTION `odd name`(`a b` int) RETURNS int NO SQL RETURN `a b`//
CREATE FUNCTION state_of(n int) RETURNS enum('Open','Closed') NO SQL RETURN if(n = 0, 'Open', 'Closed')//
CREATE FUNCTION of_shape(p point) RETURNS int NO SQL RETURN 1//
CREATE FUNCTION kinds(a bool, b smallint, c bigint unsigned, d double, e datetime, g time, i varbinary(9), k varchar(5), l enum('x','y'), m year)
    RETURNS text NO SQL RETURN concat_ws('|', a, b, c, d, e, g, hex(i), k, l, m)//
CREATE PROCEDURE act() INSERT INTO journal VALUES (3) //
DELIMITER ;
";

const BOTH: &[(&str, u16, &str)] = &[
    ("turnover(since=1997-01-01)", 200, r#""value":17}"#),
    ("turnover?since=1990-01-01", 200, r#""value":22.5}"#),
    ("turnover(since=@d)/$value?@d=1997-01-01", 200, "17"),
    ("turnover(since=2000-01-01)", 204, ""),
    ("turnover(since=null)", 204, ""),
    ("turnover(since='x')", 400, "BadRequest"),
    ("turnover()", 400, "BadRequest"),
    ("strictly(a=1,b=2)", 200, r#""value":3}"#),
    ("strictly(a=1,b=null)", 204, ""),
    ("strictly(a=2147483647,b=1)", 400, "ExpressionFailed"),
    ("strictly(a=2147483648,b=1)", 400, "BadRequest"),
    ("twice(p1=4)", 200, r#""value":8}"#),
    ("refuse(why='you')", 400, "ExpressionFailed"),
    ("lies()", 400, "ExpressionFailed"),
    ("journal", 200, r#""value":[]}"#),
    ("customers2()", 200, r#""value":1}"#),
    ("customers/$count", 200, "4"),
    ("odd_name(a_b=5)", 200, r#""value":5}"#),
    ("state_of(n=0)/$value", 200, "Open"),
    ("act()", 404, "NotFound"),
    ("customers?$filter=here.twice(p1=id) eq 4&$select=id", 200, r#""value":[{"id":2}]}"#),
    ("customers?$orderby=here.twice(p1=0 sub id)&$select=id&$top=1", 200, r#""value":[{"id":4}]}"#),
    ("orders?$filter=here.turnover(since=placed) gt 16&$select=id", 200, r#""value":[{"id":10},{"id":11}]}"#),
    ("customers?$filter=here.state_of(n=id sub 1) eq 'Open'&$select=id", 200, r#""value":[{"id":1}]}"#),
    ("customers?$filter=here.refuse(why=name) eq 1", 400, "ExpressionFailed"),
    ("customers?$filter=here.lies() eq 1", 400, "ExpressionFailed"),
];

const ONLY_POSTGRES: &[(&str, u16, &str)] = &[
    ("page(first=10)", 200, r#""value":[10,11]}"#),
    ("page(first=10,many=3)", 200, r#""value":[10,11,12]}"#),
    ("page(first=10,named='y')", 200, r#""value":[10,11]}"#),
    ("page(first=10,many=null)?$count=true&$top=1", 200, r#""@odata.count":4,"value":[10]}"#),
    ("page(many=3)", 400, "BadRequest"),
    ("best(lowest=6)?$select=id", 200, r#""value":[{"id":11},{"id":13}]}"#),
    ("best(lowest=6)(13)/total", 200, r#""value":9}"#),
    ("best(lowest=6)/$count?$filter=id gt 11", 200, "1"),
    (
        "best(lowest=6)?$expand=customer($select=name)&$select=id",
        200,
        r#""value":[{"id":11,"customer":{"@odata.id":"customers(1)","name":"Ann"}},{"id":13,"customer":{"@odata.id":"customers(3)","name":"Cy"}}]}"#,
    ),
    ("one_order(number=11)?$select=id", 200, r#""id":11}"#),
    ("one_order(number=11)/customer/name", 200, r#""value":"Ann"}"#),
    ("one_order(number=99)", 204, ""),
    ("per_city()", 200, r#""value":[{"city":"Bonn","many":2},{"city":"Ulm","many":1}]}"#),
    (
        "per_city(but='Ulm')?$orderby=many desc&$filter=many gt 1",
        200,
        r#""value":[{"city":"Bonn","many":2}]}"#,
    ),
    ("ends()", 200, r#""lowest":10,"most":13}"#),
    ("ends()/most/$value", 200, "13"),
    ("where_is(id=1)", 200, r#""city":"Ulm","number":7}"#),
    ("where_is(id=9)", 204, ""),
    ("places()?$orderby=number", 200, r#""value":[{"city":"Bonn","number":3},{"city":"Bonn","number":4}]}"#),
    ("state_of(n=1)", 200, r#""value":"Closed"}"#),
    ("numbers(upto=3)", 200, r#""value":[1,2,3]}"#),
    ("numbers(upto=0)", 200, r#""value":[]}"#),
    ("half(p=50)", 200, r#""value":25}"#),
    ("half(p=101)", 400, "ExpressionFailed"),
    ("half(p=null)", 400, "BadRequest"),
    (
        "kinds(a=true,b=1,c=2,d=1.5,e=2020-01-02T03:04:05Z,f=2020-01-02T03:04:05%2B01:00,g=01:02:03,h=00000000-0000-0000-0000-00000000000a,i=binary'YQ==',j=duration'PT1H',k='abcde',l='127.0.0.1')/$value",
        200,
        "t|1|2|1.5|2020-01-02 03:04:05|2020-01-02 02:04:05|01:02:03|00000000-0000-0000-0000-00000000000a|\\x61|PT1H|abcde|127.0.0.1",
    ),
    ("broken()", 400, "ExpressionFailed"),
    ("lies_deeper()", 400, "ExpressionFailed"),
    ("find(n=10)?$select=id", 200, r#""value":[{"id":10}]}"#),
    ("find(day=1997-08-09)?$select=id", 200, r#""value":[{"id":12}]}"#),
    ("deeper()", 404, "NotFound"),
    ("any_of(a=1)", 404, "NotFound"),
    ("touched()", 404, "NotFound"),
    ("own_sum(state=1,next=2)", 404, "NotFound"),
    ("own_total(p1=1)", 404, "NotFound"),
];

const ONLY_MARIADB: &[(&str, u16, &str)] = &[
    (
        "kinds(a=true,b=1,c=18446744073709551615,d=1.5,e=2020-01-02T03:04:05Z,g=duration'PT1H',i=binary'YQ==',k='abcde',l='y',m=2020)/$value",
        200,
        "1|1|18446744073709551615|1.5|2020-01-02 03:04:05|01:00:00|61|abcde|y|2020",
    ),
    ("kinds(a=true,b=1,c=1,d=1.5,e=null,g=null,i=null,k='abcdef',l='y',m=2020)", 400, "ExpressionFailed"),
    ("kinds(a=true,b=1,c=1,d=1.5,e=null,g=null,i=null,k='abc',l='z',m=2020)", 400, "ExpressionFailed"),
    ("unsaid()", 404, "NotFound"),
    ("writes()", 404, "NotFound"),
];

/// What `check` says of functions that are not served.
const SAID: &[(&str, usize)] = &[
    ("any_of: This function is not served: its argument `a` is of no primitive type.", 1),
    ("rest: This function is not served: it takes any number of arguments.", 1),
    ("of_place: This function is not served: its argument `p` is of no primitive type.", 1),
    ("some_record: This function is not served: it does not say what it gives.", 1),
    ("nested: This function is not served: it gives values that have values inside.", 1),
    (
        "find: This function is not served: another function of this name takes parameters of the same names.",
        1,
    ),
    (
        "public: Functions that may write are not served (deeper); those that do not are to be declared STABLE or IMMUTABLE.",
        1,
    ),
    (
        "Functions that may write are not served (unsaid, writes); those that do not are to be declared READS SQL DATA",
        1,
    ),
    ("of_shape: This function is not served: its argument `p` is of no primitive type.", 1),
    ("no_value", 0),
    ("touched", 0),
    ("own_", 0),
];

#[test]
fn functions_of_the_database_are_functions() {
    let world = World::scripts(&[TABLES, POSTGRES].concat(), &[TABLES, MARIADB].concat(), "");
    let mut wrong = wrong_at(&world, &["postgres", "mariadb"], BOTH);
    wrong.extend(wrong_at(&world, &["postgres"], ONLY_POSTGRES));
    wrong.extend(wrong_at(&world, &["mariadb"], ONLY_MARIADB));
    assert!(wrong.is_empty(), "{wrong:#?}");
    world.says(&world.config(), SAID);
    for source in ["postgres", "mariadb"] {
        let refused = world.node.get(&format!("/api/odata4/{source}/refuse(why='you')"), &[]).text();
        assert!(refused.contains("not with you"), "{source}: {refused}");
        assert!(!refused.to_lowercase().contains("select"), "{source}: {refused}");
        let metadata = world.ask(source, "$metadata", &[]).body;
        let metadata: String = metadata.lines().map(str::trim_start).collect();
        assert!(!metadata.contains("nested"), "{source}: {metadata}");
        for part in [
            "<Function Name=\"turnover\" IsComposable=\"true\"><Parameter Name=\"since\" Type=\"Edm.Date\"/>",
            "<Annotation Term=\"Org.OData.Core.V1.Description\" String=\"What came in\"/>",
            "<FunctionImport Name=\"customers2\" Function=\"here.customers2\" IncludeInServiceDocument=\"true\"/>",
            "<FunctionImport Name=\"twice\" Function=\"here.twice\"/>",
        ] {
            assert!(metadata.contains(part), "{source}: {part} in {metadata}");
        }
    }
    let metadata: Value =
        serde_json::from_str(&world.ask("postgres", "$metadata?$format=json", &[]).body).expect("JSON");
    let many = &metadata["here"]["page"][0]["$Parameter"][1];
    let optional = json!({ "$Name": "many", "$Type": "Edm.Int32", "$Nullable": true, "@Org.OData.Core.V1.OptionalParameter": {} });
    assert_eq!(*many, optional);
    assert_eq!(metadata["here"]["per_city"][0]["$ReturnType"]["$Type"], "here.per_city_result");
    assert_eq!(metadata["here"]["per_city_result"]["$Kind"], "ComplexType");
    let full = |url: &str| {
        let told = world.ask("postgres", url, &[("accept", "application/json;odata.metadata=full")]);
        serde_json::from_str::<Value>(&told.body).expect("JSON")
    };
    let ends = full("ends()");
    assert_eq!(
        (&ends["@odata.type"], &ends["most@odata.type"]),
        (&json!("#here.ends_result"), &json!("#Int32"))
    );
    let places = full("places()");
    assert_eq!(places["@odata.type"], "#Collection(here.place)");
    assert_eq!(places["value"][0]["@odata.type"], "#here.place");
    assert_eq!(full("numbers(upto=1)")["@odata.type"], "#Collection(Int32)");
    assert_eq!(full("twice(p1=1)")["@odata.type"], "#Int32");
}

const MODEL: &str = "
namespace: Shop
exclude: [refu*]
entities:
  Customers: {table: customers, properties: {Id: id}}
  Orders: {table: orders, properties: {Id: id}}
functions:
  Turnover: {routine: turnover, arguments: {Since: since}, description: All of it}
  SumOf: {routine: strictly, bound: Customers, arguments: {Id: a}}
  Nothing: {routine: nowhere}
  Wrong: {routine: twice, arguments: {X: other}}
  Hidden: {routine: refuse}
  Lost: {routine: strictly, bound: Customers}
  ByDay: {routine: find, takes: [Edm.Date]}
  ByText: {routine: find, takes: [Edm.String]}
  ByNone: {routine: find, takes: [Edm.Guid]}
complexTypes: {Where: {of: nowhere_t}}
enumerations: {Unused: {members: {A: 1}}}
";

const SHAPED: &[(&str, u16, &str)] = &[
    ("Turnover(Since=1997-01-01)", 200, r#""value":17}"#),
    ("turnover(since=1997-01-01)", 404, "NotFound"),
    ("Customers(4)/Shop.SumOf(b=3)", 200, r#""value":7}"#),
    ("Customers(9)/Shop.SumOf(b=3)", 404, "NotFound"),
    ("strictly(a=1,b=2)", 404, "NotFound"),
    ("Wrong(p1=2)", 200, r#""value":4}"#),
    ("Hidden(why='x')", 404, "NotFound"),
    ("refuse(why='x')", 404, "NotFound"),
    ("odd_name(a_b=5)", 200, r#""value":5}"#),
];

#[test]
fn a_model_file_shapes_functions_of_the_database() {
    let (postgres, mariadb) = ([TABLES, POSTGRES].concat(), [TABLES, MARIADB].concat());
    let world = World::written([TABLES, &postgres, &mariadb], MODEL);
    validate(MODEL);
    let wrong = wrong_at(&world, &["postgres", "mariadb"], SHAPED);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let said = [
        ("`nowhere`: the database has no such function that can be served", 3),
        ("`refuse`: the database has no such function that can be served", 1),
        ("Hidden: The model file, line 12, column 21: `refuse`: it is left out by `exclude`", 2),
        (
            "Lost: The model file, line 13, column 36: `Customers`: the function is not served: each property of its key has to be",
            2,
        ),
        ("`find`: what it takes (`takes`) is [Edm.Date] or [Edm.Int32] or [Edm.String]", 1),
        ("Where: The model file, line 17, column 28: `nowhere_t`: the database has no such type", 3),
        ("`Unused`: nothing that is served is of this type, so it is left out", 3),
        ("`other`: the function has no argument of this name", 2),
        ("refu*`: no table or view matches", 1),
    ];
    world.says(&world.config(), &said);
    assert!(world.ask("postgres", "$metadata", &[]).body.contains("String=\"All of it\""));
    // Two take parameters of one name.
    for (url, expected) in [
        ("ByDay(day=1997-02-03)/$count", "1"),
        ("ByText(n='x')/$count", "4"),
        ("find(n=10)/$count", "1"),
        ("ByNone(n=1)", "NotFound at ByNone"),
    ] {
        assert_eq!(world.ask("postgres", url, &[]).body, expected, "{url}");
    }
    round_trip(&world);
    for (number, (file, code)) in [
        ("namespace: Shop\nothers: false\nentities: {Customers: {table: customers}}", 404),
        ("namespace: Shop\nothers: false\nentities: {Customers: {table: customers}}\nfunctions: {twice: {routine: twice}}", 200),
        ("namespace: Shop\ninclude: [cust*]", 404),
        ("entities: {Customers: {table: customers, rows: id gt 1}}", 404),
        ("namespace: Shop\ninclude: [cust*, twice]", 200),
    ]
    .iter()
    .enumerate()
    {
        let node = world.node_with(&world.config_with(&format!("other{number}"), file));
        for source in ["postgres", "mariadb"] {
            let told = node.get(&format!("/api/odata4/{source}/twice(p1=2)"), &[]);
            assert_eq!(told.status, *code, "{source}: {file}: {}", told.text());
        }
    }
}

#[test]
fn model_files_that_say_too_much_of_functions_of_the_database_are_refused() {
    let world = World::written([TABLES; 3], "entities: {Customers: {table: customers}}");
    for (file, words) in [
        (
            "functions:\n  A: {routine: x, type: Edm.Int32}",
            "line 2, column 16: of a function of the database only `takes`, `arguments`",
        ),
        (
            "functions:\n  A: {routine: x, sql: SELECT 1}",
            "line 2, column 3: a function has either `sql` or `routine`",
        ),
        (
            "functions:\n  A: {sql: SELECT 1, type: Edm.Int32, arguments: {a: b}}",
            "line 2, column 3: a function has either",
        ),
        (
            "functions:\n  A: {sql: SELECT 1, type: Edm.Int32, takes: []}",
            "line 2, column 3: a function has either",
        ),
        (
            "functions:\n  A: {routine: x, takes: [int]}",
            "line 2, column 27: `int`: a function takes values of a type",
        ),
        ("functions:\n  A: {routine: x, bound: A, boundSet: B}", "`bound` or `boundSet`, not both"),
    ] {
        let checked = run(&["check", "--config", &world.config_with("refused", file)]);
        assert_ne!(checked.code, Some(0), "{file}");
        let said = [checked.out.as_str(), checked.err.as_str()].concat();
        assert!(said.contains(words), "{file}: {said}");
    }
}
