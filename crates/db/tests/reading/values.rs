//! Values of all types as JSON, in all forms of the format (JSON Format sections 3, 4.5, 7.1).

use nextlink_odata::json::Format;
use nextlink_odata::version::{MetadataLevel, Version};

use crate::data::{EDGES, PEOPLE};
use crate::world::{Ask, World};

fn check(world: &World, rows: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (url, expected) in rows {
        let found = world.ask(url);
        if found != *expected {
            wrong += &format!("{url}\n    is  {found}\n    not {expected}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn each_value_is_exact() {
    let world = World::new(EDGES);
    check(
        &world,
        &[
            ("Text(1)/V", r#""""#),
            ("Text(2)/V", r#""it's \"50%\" \\ /""#),
            ("Text(3)/V", r#""a\u0000b""#),
            ("Text(4)/V", "\"\\u0001\\t\\n\\r\\u001f\u{7f}\""),
            ("Text(5)/V", "\"日本語 العربية עברית हिन्दी\""),
            ("Text(6)/V", "\"😀👩\u{200d}👩\u{200d}👧\""),
            ("Text(7)/V", "null"),
            ("Text(8)/V", "\"\u{2028}\""),
            ("Text(9)/V", r#""</script>""#),
            ("Text(99)/V", ""),
            ("Text?$filter=V eq ''&$select=Id", r#"{"Id":1}"#),
            ("Text?$filter=V eq 'it''s \"50%25\" %5C /'&$select=Id", r#"{"Id":2}"#),
            ("Text?$filter=V eq 'a%00b'&$select=Id", r#"{"Id":3}"#),
            ("Text?$filter=length(V) eq 3&$select=Id", r#"{"Id":3}"#),
            ("Text?$filter=contains(V,'%00')&$select=Id", r#"{"Id":3}"#),
            ("Text?$filter=concat(V,'x') eq 'a%00bx'&$select=Id", r#"{"Id":3}"#),
            ("Num(1)", r#"{"Id":1,"D":0.1,"P":0.1,"I":9223372036854775807,"S":32767,"Y":255,"F":true}"#),
            ("Num(2)", r#"{"Id":2,"D":0.0,"P":-0.5,"I":-9223372036854775808,"S":-32768,"Y":0,"F":false}"#),
            ("Num(3)", r#"{"Id":3,"D":"INF","P":100000000000000.25,"I":0,"S":0,"Y":1,"F":null}"#),
            ("Num(4)?$select=D,P,I", r#"{"D":"-INF","P":100000000000000,"I":9007199254740993}"#),
            ("Num(5)?$select=D,P", r#"{"D":1e+300,"P":0.000001}"#),
            ("Num(6)?$select=D,P", r#"{"D":5.0,"P":5}"#),
            ("Num(7)/D", "null"),
            ("Num?$filter=D eq INF&$select=Id", r#"{"Id":3}"#),
            ("Num?$filter=D eq -INF&$select=Id", r#"{"Id":4}"#),
            ("Num?$filter=I eq -9223372036854775808&$select=Id", r#"{"Id":2}"#),
            ("Num?$filter=I eq 9007199254740993&$select=Id", r#"{"Id":4}"#),
            ("Num?$filter=I gt 9007199254740992.5&$select=Id", r#"{"Id":1},{"Id":4}"#),
            ("Num?$filter=P eq 0.1&$select=Id", r#"{"Id":1}"#),
            ("Num?$filter=P add 0.2 eq 0.3&$select=Id", r#"{"Id":1}"#),
            ("Num?$filter=D div 2 eq 2.5&$select=Id", r#"{"Id":6}"#),
            ("Num(6)/D/$value", "5.0"),
            ("Dated(1)", r#"{"Id":1,"Day":"0001-01-01","At":"0001-01-01T00:00:00Z","Clock":"00:00:00"}"#),
            (
                "Dated(2)",
                concat!(
                    r#"{"Id":2,"Day":"9999-12-31","At":"9999-12-31T23:59:59.999999999999Z","#,
                    r#""Clock":"23:59:59.999999999999"}"#
                ),
            ),
            ("Dated(3)/At", r#""2024-02-29T00:00:00Z""#),
            ("Dated(4)/At", r#""2024-01-01T12:30:00Z""#),
            ("Dated(5)/At", r#""2024-01-01T12:30:00.120+05:30""#),
            ("Dated(5)/Clock", r#""01:02:03.04""#),
            ("Dated(6)/At", r#""2024-01-01T12:30:00-00:30""#),
            ("Dated?$orderby=At desc&$select=Id", r#"{"Id":2},{"Id":3},{"Id":6},{"Id":4},{"Id":5},{"Id":1}"#),
            (
                "Ids",
                concat!(
                    r#"{"G":"0f8fad5b-d9cb-469f-a165-70867728950e","#,
                    r#""H":"0f8fad5b-d9cb-469f-a165-70867728950e","B":"AP_7"},"#,
                    r#"{"G":"1f8fad5b-d9cb-469f-a165-70867728950e","H":null,"B":""}"#
                ),
            ),
            ("Ids(0F8FAD5B-d9cb-469f-a165-70867728950e)/B", r#""AP_7""#),
            ("Ids?$filter=H eq 0f8fad5b-d9cb-469f-a165-70867728950e&$select=B", r#"{"B":"AP_7"}"#),
            ("Ids?$filter=B eq binary''&$select=B", r#"{"B":""}"#),
            (
                "Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2024-01-01T00:00:00%2B01:00,P=1.50)/P",
                "1.5",
            ),
            ("Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2023-12-31T23:00:00Z,P=1.5)/P", "1.5"),
            ("Keyed(K='a',At=2023-12-31T23:00:00Z,P=1.5)/P", ""),
            ("Ids?$orderby=H desc&$select=B", r#"{"B":"AP_7"},{"B":""}"#),
        ],
    );
}

#[test]
fn forms_of_the_format() {
    let world = World::new(EDGES);
    let people = World::new(PEOPLE);
    let format = |version, metadata, ieee754_compatible, omit_nulls| Format {
        version,
        metadata,
        ieee754_compatible,
        omit_nulls,
    };
    use MetadataLevel::{Full, Minimal, None};
    use Version::{V40, V401};
    let rows: &[(&World, &str, Format, &str)] = &[
        (
            &world,
            "Num(1)?$select=I,P,D,S",
            format(V40, Minimal, true, false),
            r#"{"@odata.id":"Num(1)","D":0.1,"P":"0.1","I":"9223372036854775807","S":32767}"#,
        ),
        (&world, "Num(3)?$select=F,D", format(V40, None, false, true), r#"{"D":"INF"}"#),
        (&world, "Num(7)?$select=F,D", format(V40, None, false, true), "{}"),
        (&world, "Num(7)/D", format(V40, Minimal, false, true), "null"),
        (
            &world,
            "Num(4)",
            format(V40, Full, false, false),
            r##"{"@odata.type":"#Default.Num","@odata.id":"Num(4)","@odata.readLink":"Num(4)","Id@odata.type":"#Int64","Id":4,"D@odata.type":"#Double","D":"-INF","P@odata.type":"#Decimal","P":100000000000000,"I@odata.type":"#Int64","I":9007199254740993,"S@odata.type":"#Int16","S":1,"Y@odata.type":"#Byte","Y":2,"F":null}"##,
        ),
        (
            &world,
            "Num(4)?$select=P,F",
            format(V401, Full, true, true),
            r##"{"@type":"#Default.Num","@id":"Num(4)","@readLink":"Num(4)","P@type":"Decimal","P":"100000000000000"}"##,
        ),
        (
            &world,
            "Num(3)?$compute=D as A,I add 1 as B,P as C,F as G,S as H&$select=A,B,C,G,H",
            format(V40, Minimal, false, false),
            r##"{"@odata.id":"Num(3)","A@odata.type":"#Double","A":"INF","B@odata.type":"#Int64","B":1,"C@odata.type":"#Decimal","C":100000000000000.25,"G":null,"H@odata.type":"#Int16","H":0}"##,
        ),
        (
            &world,
            "Num(3)?$compute=D as A,I add 1 as B,P as C&$select=D,A,B,C",
            format(V401, Minimal, true, false),
            r##"{"@id":"Num(3)","D":"INF","A@type":"Double","A":"INF","B@type":"Int64","B":"1","C@type":"Decimal","C":"100000000000000.25"}"##,
        ),
        (
            &world,
            "Num(1)?$compute=D as A,I add -1 as B,D lt 1 as C&$select=A,B,C",
            format(V40, Minimal, false, false),
            r##"{"@odata.id":"Num(1)","A":0.1,"B@odata.type":"#Int64","B":9223372036854775806,"C":true}"##,
        ),
        (
            &world,
            "Num(3)?$compute=D as A,I as B&$select=D,A,B",
            format(V40, Full, false, false),
            r##"{"@odata.type":"#Default.Num","@odata.id":"Num(3)","@odata.readLink":"Num(3)","D@odata.type":"#Double","D":"INF","A@odata.type":"#Double","A":"INF","B@odata.type":"#Int64","B":0}"##,
        ),
        (
            &world,
            "Num(3)?$compute=D as A,I as B&$select=D,A,B",
            format(V40, None, false, false),
            r##"{"D":"INF","A":"INF","B":0}"##,
        ),
        (
            &world,
            "Num(3)?$compute=F as A,I as B&$select=A,B",
            format(V40, Minimal, false, true),
            r##"{"@odata.id":"Num(3)","B@odata.type":"#Int64","B":0}"##,
        ),
        (
            &world,
            "Num?$apply=filter(Id eq 3)/groupby((I),aggregate(D with max as Most,$count as N))",
            format(V40, Minimal, true, false),
            r##"{"I":"0","Most@odata.type":"#Double","Most":"INF","N@odata.type":"#Decimal","N":"1"}"##,
        ),
        (
            &world,
            "Keyed?$select=P&$expand=Part($select=Id)",
            format(V40, Full, false, false),
            concat!(
                r##"{"@odata.type":"#Default.Keyed","##,
                r##""@odata.id":"Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2024-01-01T00:00:00%2B01:00,P=1.5)","##,
                r##""@odata.readLink":"Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2024-01-01T00:00:00%2B01:00,P=1.5)","##,
                r##""P@odata.type":"#Decimal","P":1.5,"Part":["##,
                r##"{"@odata.type":"#Default.Part","@odata.id":"Part(1)","@odata.readLink":"Part(1)","Id@odata.type":"#Int64","Id":1,"Keyed@odata.associationLink":"Part(1)/Keyed/$ref","Keyed@odata.navigationLink":"Part(1)/Keyed"},"##,
                r##"{"@odata.type":"#Default.Part","@odata.id":"Part(2)","@odata.readLink":"Part(2)","Id@odata.type":"#Int64","Id":2,"Keyed@odata.associationLink":"Part(2)/Keyed/$ref","Keyed@odata.navigationLink":"Part(2)/Keyed"}"##,
                r##"],"Part@odata.associationLink":"Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2024-01-01T00:00:00%2B01:00,P=1.5)/Part/$ref","##,
                r##""Part@odata.navigationLink":"Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2024-01-01T00:00:00%2B01:00,P=1.5)/Part"}"##,
            ),
        ),
        (
            &world,
            "Part(1)/Keyed/$ref",
            format(V401, None, false, false),
            r#"{"@id":"Keyed(K='a''b%2Fc%3Fd%23e%25f%26g%2Bh%20%C3%BC',At=2024-01-01T00:00:00%2B01:00,P=1.5)"}"#,
        ),
        (
            &people,
            "Line/$ref?$top=1",
            format(V40, Minimal, false, false),
            r#"{"@odata.id":"Line(PersonId=1,No=1)"}"#,
        ),
        (
            &people,
            "Team?$expand=Person/$ref",
            format(V401, Minimal, false, false),
            r#"{"Code":"empty","Title":"Nobody","Person":[]},{"Code":"o'hara/1 %","Title":null,"Person":[{"@id":"Person(3)"}]},{"Code":"red","Title":"The Reds","Person":[{"@id":"Person(1)"},{"@id":"Person(2)"}]}"#,
        ),
        (
            &people,
            "Person(3)?$select=Id&$expand=Team/$ref,Boss/$ref",
            format(V40, Minimal, false, false),
            r#"{"Id":3,"Team":{"@odata.id":"Team('o''hara%2F1%20%25')"},"Boss":{"@odata.id":"Person(1)"}}"#,
        ),
        (
            &people,
            "Person(1)?$select=Id&$expand=Line($count=true;$top=1;$select=No)",
            format(V401, Minimal, true, false),
            r#"{"Id":"1","Line@count":"3","Line":[{"@id":"Line(PersonId=1,No=1)","No":"1"}]}"#,
        ),
        (
            &people,
            "Person(1)?$select=Id&$expand=Line/$count,Boss",
            format(V401, Minimal, false, true),
            r#"{"Id":1,"Line@count":3}"#,
        ),
        (
            &people,
            "Person(3)?$select=Id&$expand=Boss($select=Id)",
            format(V401, Full, false, true),
            concat!(
                r##"{"@type":"#Default.Person","@id":"Person(3)","@readLink":"Person(3)","Id@type":"Int64","Id":3,"##,
                r##""Boss":{"@type":"#Default.Person","@id":"Person(1)","@readLink":"Person(1)","Id@type":"Int64","Id":1,LINKS1},LINKS3}"##
            ),
        ),
    ];
    let links = |person: &str| {
        let names = ["Team", "Boss", "Line", "PersonByBoss", "PersonSkill", "Skill"];
        let one = |n: &str| {
            format!(
                r#""{n}@associationLink":"Person({person})/{n}/$ref","{n}@navigationLink":"Person({person})/{n}""#
            )
        };
        names.map(one).join(",")
    };
    for (world, url, format, expected) in rows {
        let ask = Ask { format: *format, ..Ask::default() };
        let found = world.ask_with(url, &ask).map_or_else(|e| e.to_string(), |a| a.rows());
        let expected = expected.replace("LINKS1", &links("1")).replace("LINKS3", &links("3"));
        assert_eq!(found, expected, "{url} {format:?}");
    }
}

#[test]
fn every_identifier_leads_to_its_entity() {
    for (script, sets) in [
        (EDGES, &["Text", "Num", "Dated", "Ids", "Keyed", "Part"][..]),
        (PEOPLE, &["Team", "Person", "Line", "PersonSkill", "Loose"]),
    ] {
        let world = World::new(script);
        for set in sets {
            let rows = world.ask(set);
            let rows: Vec<serde_json::Value> = serde_json::from_str(&format!("[{rows}]")).expect(set);
            let references = world.ask(&format!("{set}/$ref"));
            let references: Vec<serde_json::Value> =
                serde_json::from_str(&format!("[{references}]")).expect(set);
            assert_eq!(rows.len(), references.len(), "{set}");
            for (row, reference) in rows.iter().zip(&references) {
                let identifier = reference["@odata.id"].as_str().expect("an identifier");
                let found = world.ask(identifier);
                assert_eq!(found.parse::<serde_json::Value>().expect(identifier), *row, "{identifier}");
            }
        }
    }
}
