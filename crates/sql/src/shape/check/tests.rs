//! What is wrong in a model file, and where.

use super::super::Shape;

#[test]
fn bad_files_are_refused_with_line_and_column() {
    for (text, expected) in [
        ("a: [", "line 1"),
        ("nam: x", "line 1, column 1: `nam` is no key here"),
        ("entities:\n  A:\n    tabel: x", "line 3, column 5: `tabel` is no key here"),
        ("entities:\n  A: {table: [x]}", "line 2, column 14: "),
        ("entities:\n  A: {}\n  A: {}", "line 3, column 3: "),
        ("entities:\n  A b: {}", "line 2, column 3: `A b` cannot be a name"),
        ("namespace: a..b", "line 1, column 12: `a..b` cannot be a namespace"),
        ("case: loud", "line 1, column 7: "),
        ("pluralSets: maybe", "line 1, column 13: "),
        (
            "entities:\n  A: {type: T}\n  B: {type: T}",
            "line 3, column 13: the name `T` stands in line 2 already",
        ),
        (
            "entities:\n  A: {changes: {column: c, table: t, at: n}}",
            "line 2, column 35: changes are told by either",
        ),
        ("entities:\n  A: {rows: a eq}", "line 2, column 13: `rows`: "),
        ("entities:\n  A: {rows: a eq '%41' b}", "line 2, column 13: `rows`: "),
        (
            "entities:\n  A: {table: T}\n  B: {table: t, rows: a eq 1}",
            "line 3, column 23: another entity set is of this table, too",
        ),
        ("entities:\n  A: {rows: }", "line 2, column "),
        ("entities:\n  A: {readers: }", "line 2, column "),
        ("entities:\n  A: {readers: ~}", "line 2, column "),
        ("entities:\n  A: {readers: a}", "line 2, column 16: "),
        ("entities:\n  A: {readers: []}", "line 2, column 3: its list of logins is empty"),
        ("entities:\n  A: {readers: ['']}", "line 2, column 17: a login has a name"),
        (
            "entities:\n  A: {properties: {x: {readers: []}}}",
            "line 2, column 20: its list of logins is empty",
        ),
        ("entities:\n  A: {properties: {x: {readers: }}}", "line 2, column "),
        (
            "functions: {F: {sql: SELECT 1, type: Edm.Int32, readers: []}}",
            "line 1, column 13: its list of logins",
        ),
        ("functions: {F: {sql: SELECT 1, type: Edm.Int32, readers: }}", "line 1, column "),
        (
            "singletons: {S: {of: A, row: {x: 1}, readers: []}}",
            "line 1, column 14: its list of logins is empty",
        ),
        ("groups: {a: []}", "line 1, column 10: its list of logins is empty"),
        ("groups: {a: [b], b: [c]}", "line 1, column 14: `b` is a group: groups have logins"),
        (
            "entities:\n  A: {key: [x], properties: {x: {readers: [a]}}}",
            "line 2, column 30: `x` is part of the key",
        ),
        (
            "entities:\n  A: {properties: {x: {type: T, columns: {y: {readers: [a]}}}}}",
            "line 2, column 43: `readers` are told of the whole complex value",
        ),
        (
            "complexTypes: {T: {properties: {x: {type: Edm.String, readers: [a]}}}}",
            "line 1, column 33: `readers` are told of the whole complex value",
        ),
        (
            "entities:\n  A: {table: T}\n  B: {table: t, readers: [a]}",
            "line 3, column 3: another entity set is of this table, too",
        ),
        (
            "entities: {A: {table: T, properties: {x: {readers: [a]}}}}\nsingletons: {B: {table: t}}",
            "line 1, column 39: another entity set is of this table, too",
        ),
        ("entities:\n  A: {rows: ~}", "line 2, column "),
        ("entities:\n  A:\n    rows: #a eq 1\n", "line 3, column "),
        ("entities:\n  A: {rows: ''}", "line 2, column 13: `rows`: "),
        ("entities:\n  A: {changes: {table: t}}", "line 2, column 24: `table` needs `at`"),
        ("entities:\n  A: {changes: {column: c, at: n}}", "line 2, column 32: `key` and `at` are of"),
        ("entities:\n  A: {changes: {key: {a: b}}}", "line 2, column 23: `key` and `at` are of"),
        (
            "entities:\n  A: {changes: {table: t, at: n, key: {a: x, b: x}}}",
            "line 2, column 49: the column `x`",
        ),
        ("annotations:\n  A: {Core.Tags: 1}", "line 2, column 7: `Core.Tags`: a term begins with @"),
        ("annotations:\n  A: {'@UI.Tags': 1}", "line 2, column 7: `@UI.Tags`: a term begins with @"),
        (
            "annotations:\n  A: {'@Core.Description': x}",
            "line 2, column 7: `@Core.Description` is said of what",
        ),
        (
            "annotations:\n  A: {'@Core.Tags': {$Path: 1}}",
            "line 2, column 7: `@Core.Tags`: `$Path` is of a text",
        ),
        (
            "annotations:\n  A: {'@Core.Tags': [{'@type': X.Y}]}",
            "line 2, column 7: `@Core.Tags`: `X.Y` is of no",
        ),
        ("vocabularies:\n  A: {namespace: x}", "line 2, column 7: missing field `url`"),
        ("functions:\n  F: {sql: SELECT 1 AS a}", "line 2, column 3: a function has either `returns`"),
        (
            "functions:\n  F: {sql: SELECT 1 AS a, returns: A, type: B}",
            "line 2, column 3: a function has either",
        ),
        (
            "functions:\n  F: {sql: SELECT 1 AS a, type: Edm.Stream}",
            "line 2, column 33: `Edm.Stream`: a function gives no",
        ),
        (
            "functions:\n  F: {sql: SELECT 1 AS a, returns: A, nullable: true}",
            "line 2, column 36: `nullable` is said",
        ),
        ("enumerations:\n  E: {}", "line 2, column 3: an enumeration has either"),
        ("enumerations:\n  E: {members: {A: 1, B: 1}}", "line 2, column 23: another member"),
        ("enumerations:\n  E: {members: {A: 1, B: b}}", "line 2, column 3: all members"),
        ("enumerations:\n  E: {flags: true, members: {A: 3}}", "line 2, column 30: with flags"),
        (
            "enumerations:\n  E: {members: {A: 9223372036854775808}}",
            "line 2, column 20: the number is too great",
        ),
        ("entities:\n  A:\n    properties: {x: a, y: a}", "line 3, column 27: the column `a`"),
        ("entities:\n  A:\n    properties: {x: {columns: {a: b}}}", "line 3, column 18: a property made of"),
        ("entities:\n  A:\n    properties: {x: {type: Nope}}", "line 3, column 28: there is no type `Nope`"),
        (
            "entities:\n  A:\n    properties:\n      x: {type: T, columns: {a: b}}\n      y: {type: T, columns: {c: d}}",
            "line 5, column 17: `T` has other properties elsewhere: a",
        ),
        ("complexTypes:\n  A: {properties: {x: z}}", "line 2, column 20: a property in JSON needs `type`"),
        (
            "complexTypes:\n  A: {properties: {x: {type: A}}}",
            "line 2, column 3: a complex type cannot hold itself",
        ),
        (
            "complexTypes:\n  A: {properties: {x: {type: Collection(B)}}}\n  B: {properties: {z: {type: A}}}",
            "line 2, column 3: a complex type cannot hold itself",
        ),
        ("complexTypes:\n  A: {properties: {x: {type: Nope}}}", "line 2, column 30: `Nope`: values of JSON"),
        (
            "complexTypes:\n  A: {properties: {x: {column: a b, type: Edm.String}}}",
            "line 2, column 32: `a b`: members of JSON",
        ),
        (
            "entities:\n  A:\n    properties: {x: {type: Collection(Edm.Stream)}}",
            "line 3, column 28: `Collection(Edm.Stream)`: values of JSON",
        ),
        ("typeDefinitions:\n  A: {underlying: Money}", "line 2, column 19: `Money` is no primitive"),
        (
            "typeDefinitions:\n  A: {underlying: Edm.Int32, scale: 1}",
            "line 2, column 19: values of Edm.Int32",
        ),
        (
            "typeDefinitions:\n  A: {underlying: Edm.Decimal, precision: 2, scale: 3}",
            "line 2, column 19: `scale`",
        ),
        ("entities:\n  A: {derived: {B: {}}}", "line 2, column 17: a derived type needs `when`"),
        (
            "entities:\n  A: {derived: {B: {when: {k: 1}}, C: {table: c}}}",
            "line 2, column 47: derived types have either",
        ),
        (
            "entities:\n  A: {derived: {B: {table: b}, C: {when: {k: 1}}}}",
            "line 2, column 43: derived types have either",
        ),
        (
            "entities:\n  A: {sql: SELECT 1 AS a, key: [a], derived: {B: {table: b}}}",
            "line 2, column 12: where derived types have tables",
        ),
        ("entities:\n  A: {derived: {B: {when: {k: 1}, base: C}}}", "line 2, column 41: there is no derived"),
        (
            "entities:\n  A: {derived: {B: {when: {k: 1}}, C: {when: {k: [2, 1]}}}}",
            "line 2, column 47: each derived type",
        ),
        (
            "entities:\n  A: {derived: {B: {when: {k: 1}}, C: {when: {l: 2}}}}",
            "line 2, column 47: one column",
        ),
        (
            "entities:\n  A: {derived: {B: {abstract: true}}}",
            "line 2, column 17: all derived types are abstract",
        ),
        (
            "entities:\n  A: {properties: {x: {annotations: {'@Nobody.Knows': 1}}}}",
            "line 2, column 38: `@Nobody.Knows`: a term begins with @",
        ),
        (
            "entities:\n  A: {navigation: {X: {target: A, on: {a: b}, annotations: {'@Core.Description': x}}}}",
            "line 2, column 61: `@Core.Description` is said of what is there",
        ),
        ("settings: {pageRows: 0}", "line 1, column 22: the number must be 1 to 100000"),
        ("settings:\n  pageBytes: 99", "line 2, column 14: the number must be 1024 to"),
        ("settings: {onLoss: maybe}", "line 1, column 20: "),
        ("settings: {replicas: 3}", "line 1, column 22: the number must be 0 to 2"),
        ("settings: {readOnly: false}", "line 1, column 22: there is no writing yet"),
        ("settings:\n  limits:\n    rows: 0", "line 3, column 11: the number must be 1 to"),
        ("settings: {limits: {expandDepth: 17}}", "line 1, column 34: the number must be 0 to 16"),
        ("settings: {limits: {rows: many}}", "line 1, column 27: the number must be 1 to"),
        ("settings: {limits: {rows: -1}}", "line 1, column 27: the number must be 1 to"),
        ("settings: {replicas: }", "line 1, column 20: the number must be 0 to 2"),
        ("settings: {limits: {row: 5}}", "line 1, column 21: "),
        ("settings: {limits: {rows: 5, rows: 6}}", "line 1, column 30: "),
        ("settings: {limits: 5}", "line 1, column 20: a table of names (`name: …`) is needed here"),
        ("include: shop", "line 1, column 10: a list (`[one, two]`) is needed here"),
        ("case: Pascal", "line 1, column 7: `Pascal` is none of asIs, upper, lower, pascal, camel"),
        ("others: yes", "line 1, column 9: true or false is needed here"),
        (
            "typeDefinitions: {T: {underlying: Edm.String, maxLength: x}}",
            "line 1, column 58: a whole number is needed here",
        ),
        ("include: [~]", "line 1, column 11: a text is needed here"),
        (
            "functions: {F: {sql: SELECT a, b FROM c, type: T}}",
            "line 1, column 32: `b FROM c` is no key here; the keys are sql, routine, takes, arguments, parameters, returns, type, nullable, collection, \
             bound, boundSet, description, readers; a text with a comma in it stands in quotes",
        ),
        ("settings: {zone: UTC}", "line 1, column 12: "),
        (
            "settings: {timeZone: Berlin}",
            "line 1, column 22: `Berlin` is no time zone: give a name of the IANA",
        ),
        ("settings: {timeZone: +15:00}", "line 1, column 22: `+15:00` is no time zone"),
        (
            "entities:\n  A:\n    properties:\n      B: {timeZone: Mars}",
            "line 4, column 21: `Mars` is no time zone",
        ),
        (
            "entities:\n  A:\n    properties:\n      B: {type: C, timeZone: UTC, columns: {D: d}}",
            "line 4, column 30: `timeZone` is told of each of the `columns`",
        ),
        ("entities:\n  A: {table: a, abstract: true}", "line 2, column 14: an abstract type"),
        (
            "entities:\n  A: {media: {column: a}, derived: {B: {when: {k: 1}, media: {column: b}}}}",
            "line 2, column 71: a type above has `media` already",
        ),
        (
            "entities:\n  A: {derived: {B: {when: {k: 1}, media: {column: b}}, C: {base: B, when: {k: 2}}, D: {base: C, when: {k: 3}, media: {column: d}}}}",
            "line 2, column 127: a type above has `media` already",
        ),
        (
            "entities:\n  A: {derived: {B: {when: {k: 1}, media: {column: b, type: png}}}}",
            "line 2, column 60: `png` is no media type",
        ),
        (
            "entities:\n  A: {properties: {x: a}, derived: {B: {when: {k: 1}, properties: {p: {type: Edm.Stream, column: a}}}}}",
            "line 2, column 98: the column `a`",
        ),
        (
            "entities:\n  A: {properties: {x: a}, derived: {B: {when: {k: 1}, properties: {y: a}}}}",
            "line 2, column 71: the column `a`",
        ),
        ("singletons:\n  A: {of: B}", "line 2, column 3: a singleton has both"),
        ("singletons:\n  A: {of: B, row: {x: 1}, hide: [y]}", "line 2, column 3: a singleton with `of`"),
        ("entities:\n  A: {}\nsingletons:\n  A: {}", "line 4, column 3: the name `A` stands in line 2"),
        (
            "entities:\n  A: {sql: select 1, table: a, key: [x]}",
            "line 2, column 29: an entity set has either",
        ),
        (
            "functions:\n  F: {sql: 'select :a', returns: A}",
            "line 2, column 12: `:a`: there is no such parameter",
        ),
        (
            "functions:\n  F: {sql: 'select :a', parameters: {a: int}, returns: A}",
            "line 2, column 41: `int`: a parameter has a type",
        ),
        (
            "functions:\n  F: {sql: 'select :a', parameters: {a: Edm.GeographyPoint}, returns: A}",
            "line 2, column 41: `Edm.GeographyPoint`: a parameter has a type",
        ),
        (
            "functions:\n  F: {sql: 'select :a', parameters: {a: {type: Edm.Int32, default: 99999999999}}, type: Edm.Int32}",
            "line 2, column 48: the default of `a`",
        ),
        (
            "functions:\n  F: {sql: 'select :a', parameters: {a: {type: Edm.Int32, default: 1}, b: Edm.Int32}, type: Edm.Int32}",
            "line 2, column 72: `b`: parameters with a default",
        ),
        ("functions:\n  F: {sql: select 1}", "line 2, column "),
        ("entities:\n  F: {}\nfunctions:\n  F: {sql: select 1, returns: F}", "line 4, column 3: the name"),
        ("entities:\n  A: {sql: select 1}", "line 2, column 12: entities of `sql` need `key`"),
        (
            "entities:\n  A: {sql: 'select :a', key: [x]}",
            "line 2, column 12: `:a`: a SELECT of an entity set",
        ),
        ("entities:\n  A: {sql: delete from a, key: [x]}", "line 2, column 12: one SELECT is meant"),
        ("entities:\n  A:\n    navigation: {N: {target: B}}", "line 3, column 18: navigation needs `on`"),
        (
            "entities:\n  A:\n    properties: {P: {contentType: image/png}}",
            "line 3, column 18: `contentType` is for",
        ),
        (
            "entities:\n  A:\n    properties: {P: {type: Edm.Stream, contentType: png}}",
            "line 3, column 53: `png` is no media type",
        ),
        ("entities:\n  A:\n    media: {column: p, type: [x]}", "line 3, column "),
        ("entities:\n  A:\n    media: {type: image/png}", "line 3, column "),
        (
            "entities:\n  A:\n    properties: {x: {type: T, columns: {a: {type: Edm.Stream}}}}",
            "line 3, column 41: only entities",
        ),
        ("entities:\n  A:\n    navigation: {N: {on: {a: b}}}", "line 3, column "),
        (
            "entities:\n  A:\n    properties: {x: a}\n    navigation: {x: {target: B, on: {a: b}}}",
            "line 4, column 18: the name `x`",
        ),
    ] {
        let error = Shape::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
}

#[test]
fn good_files_are_read() {
    for text in [
        "",
        "# nothing\n",
        "entities:\n  A:\n    table: sales.a\n    properties: {Id: id, B: {column: b, maxLength: 3}, C: }\n    hide: [x]",
        "entities: {A: {properties: {N: n, Y: y, On: on, No: No}}}",
        "enumerations: {E: {flags: true, members: {A: 1, B: 4}}, F: {members: {A: a, B: b}}}",
    ] {
        Shape::parse(text).expect(text);
    }
}
