//! Complex values and collections in columns of JSON, of types that the model file says.

use crate::common;
use crate::models::{round_trip, validate, wrong, wrong_at, wrong_conditions, wrong_parts};
use crate::world::{SOURCES, World};

const TABLES: &str = "
CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, boss int, address json, tags json, phones json, more json,
    FOREIGN KEY (boss) REFERENCES people (id));
";

const FILLED: &str = r#"
INSERT INTO people VALUES
    (1, 'Ann', NULL, '{"street": "Main 1", "city": "Ulm", "Geo": {"Lat": 48.40, "Lon": 9.99}, "other": 1, "Floors": [1, 2]}',
        '["b", "a", null, 7]', '[{"Kind": "home", "Number": "1", "Since": "2020-02-03"}, {"Kind": "work", "Number": "2"}]',
        '{"Whole": 7, "Large": 9007199254740993, "Exact": 12.50, "Real": 0.5, "Truth": true, "Day": "2024-02-29", "Moment": "2024-02-29T12:00:00Z", "Clock": "12:30:00", "Id": "01234567-89ab-cdef-0123-456789abcdef", "Span": "PT90M", "Data": "AP8Q"}'),
    (2, 'Bob', 1, '{"street": 5, "city": "K\u00f6ln \"x\"", "Geo": 1}', '[]', '[1, {"Kind": "work"}, null]',
        '{"Whole": "7", "Large": 1.5, "Exact": "12.50", "Real": true, "Truth": 1, "Day": "2023-02-29", "Moment": "noon", "Clock": 1, "Id": "x", "Span": "1 hour", "Data": "+/+/"}'),
    (3, 'Cy', 1, '[1]', '{"a": 1}', '{}', '"text"'),
    (4, 'Di', 2, NULL, NULL, NULL, NULL),
    (5, 'Eve', 2, '{}', '["a", "c"]', '[{"Kind": "home", "Number": "5"}]', '{"Whole": 5000000000, "Large": -1, "Exact": 2}');
"#;

const MODEL: &str = "
namespace: Shop
typeDefinitions:
  Degree: {underlying: Edm.Double}
complexTypes:
  Address:
    description: Where somebody is
    properties:
      Street: {column: street, type: Edm.String, maxLength: 60}
      City: {column: city, type: Edm.String}
      Geo: {type: Place}
      Floors: {type: Collection(Edm.Int16)}
  Place: {properties: {Lat: {type: Degree}, Lon: {type: Degree}}}
  Phone: {properties: {Kind: {type: Edm.String}, Number: {type: Edm.String}, Since: {type: Edm.Date}}}
  Facts:
    properties:
      Whole: {type: Edm.Int32}
      Large: {type: Edm.Int64}
      Exact: {type: Edm.Decimal}
      Real: {type: Edm.Double}
      Truth: {type: Edm.Boolean}
      Day: {type: Edm.Date}
      Moment: {type: Edm.DateTimeOffset}
      Clock: {type: Edm.TimeOfDay}
      Id: {type: Edm.Guid}
      Span: {type: Edm.Duration}
      Data: {type: Edm.Binary}
entities:
  People:
    table: people
    type: Person
    properties:
      Id: id
      Name: name
      Address: {column: address, type: Address}
      Tags: {column: tags, type: Collection(Edm.String)}
      Phones: {column: phones, type: Collection(Phone)}
      Facts: {column: more, type: Facts}
    hide: [boss]
    navigation:
      Boss: {target: People, on: {boss: Id}}
      Team: {target: People, on: {Id: boss}}
";

const ROWS: &[(&str, u16, &str)] = &[
    (
        "People(1)?$select=Id,Address,Tags,Phones",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2]},"Tags":["b","a",null,null],"Phones":[{"Kind":"home","Number":"1","Since":"2020-02-03"},{"Kind":"work","Number":"2","Since":null}]}"#,
    ),
    (
        "People(2)?$select=Id,Address,Tags,Phones",
        200,
        r#""Id":2,"Address":{"Street":null,"City":"Köln \"x\"","Geo":null,"Floors":[]},"Tags":[],"Phones":[null,{"Kind":"work","Number":null,"Since":null},null]}"#,
    ),
    (
        "People?$select=Address,Tags,Phones&$filter=Id ge 3 and Id le 4",
        200,
        r#""value":[{"@odata.id":"People(3)","Address":null,"Tags":[],"Phones":[]},{"@odata.id":"People(4)","Address":null,"Tags":[],"Phones":[]}]}"#,
    ),
    (
        "People(1)/Facts",
        200,
        r#""Whole":7,"Large":9007199254740993,"Exact":12.50,"Real":0.5,"Truth":true,"Day":"2024-02-29","Moment":"2024-02-29T12:00:00Z","Clock":"12:30:00","Id":"01234567-89ab-cdef-0123-456789abcdef","Span":"PT90M","Data":"AP8Q"}"#,
    ),
    (
        "People(2)/Facts",
        200,
        r#""Whole":null,"Large":null,"Exact":null,"Real":null,"Truth":null,"Day":null,"Moment":null,"Clock":null,"Id":null,"Span":null,"Data":null}"#,
    ),
    ("People(3)/Facts", 204, ""),
    ("People(5)/Facts/Whole", 204, ""),
    (
        "People(1)/Address",
        200,
        r#""Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2]}"#,
    ),
    ("People(1)/Address/City", 200, r#""value":"Ulm"}"#),
    ("People(1)/Address/City/$value", 200, "Ulm"),
    ("People(2)/Address/City/$value", 200, "Köln \"x\""),
    ("People(1)/Address/Geo/Lat/$value", 200, "48.4"),
    ("People(1)/Facts/Truth/$value", 200, "true"),
    ("People(2)/Address/Street", 204, ""),
    ("People(2)/Address/Street/$value", 204, ""),
    ("People(3)/Address/City", 204, ""),
    ("People(4)/Address", 204, ""),
    ("People(4)/Address/City/$value", 204, ""),
    ("People(9)/Address", 404, "NotFound"),
    ("People(1)/Address/Nope", 404, "NotFound"),
    ("People(1)/Address/$value", 404, "NotFound"),
    ("People(1)/Address/Floors", 200, r#""value":[1,2]}"#),
    ("People(1)/Address/Floors/-1/$value", 200, "2"),
    ("People(1)/Address/Floors/$count", 200, "2"),
    ("People(2)/Boss/Address/City/$value", 200, "Ulm"),
    (
        "People?$select=Address/City,Address/Geo/Lat&$filter=Id le 3",
        200,
        r#""value":[{"@odata.id":"People(1)","Address":{"City":"Ulm","Geo":{"Lat":48.4}}},{"@odata.id":"People(2)","Address":{"City":"Köln \"x\"","Geo":null}},{"@odata.id":"People(3)","Address":null}]}"#,
    ),
    ("People(1)?$select=Address($select=City)", 200, r#""@odata.id":"People(1)","Address":{"City":"Ulm"}}"#),
    (
        "People?$select=Id&$expand=Boss($select=Tags,Address/City)&$filter=Id eq 5 or Id eq 1",
        200,
        r#""value":[{"Id":1,"Boss":null},{"Id":5,"Boss":{"@odata.id":"People(2)","Address":{"City":"Köln \"x\""},"Tags":[]}}]}"#,
    ),
    (
        "People(1)?$select=Id&$expand=Team($select=Tags;$filter=Address ne null)",
        200,
        r#""Id":1,"Team":[{"@odata.id":"People(2)","Tags":[]}]}"#,
    ),
    ("People(1)/Tags", 200, r#""value":["b","a",null,null]}"#),
    ("People(1)/Tags/0/$value", 200, "b"),
    ("People(1)/Tags/2", 204, ""),
    ("People(1)/Tags/-1", 204, ""),
    ("People(1)/Tags/4", 404, "NotFound"),
    ("People(1)/Tags/-5", 404, "NotFound"),
    ("People(3)/Tags/0", 404, "NotFound"),
    ("People(4)/Tags", 200, r#""value":[]}"#),
    ("People(4)/Tags/0", 404, "NotFound"),
    ("People(1)/Tags/$count", 200, "4"),
    ("People(3)/Tags/$count", 200, "0"),
    ("People(4)/Tags/$count", 200, "0"),
    ("People(1)/Tags/$count?$filter=$this eq 'a'", 200, "1"),
    ("People(1)/Phones/0", 200, r#""Kind":"home","Number":"1","Since":"2020-02-03"}"#),
    ("People(1)/Phones/-1/Number/$value", 200, "2"),
    ("People(1)/Phones/2", 404, "NotFound"),
    ("People(1)/Phones/2/Number", 404, "NotFound"),
    ("People(2)/Phones/0", 204, ""),
    ("People(1)/Phones/$count?$filter=Kind eq 'work'", 200, "1"),
    (
        "People?$orderby=Address/City desc,Id&$select=Id",
        200,
        r#""value":[{"Id":1},{"Id":2},{"Id":3},{"Id":4},{"Id":5}]}"#,
    ),
    (
        "People?$orderby=Tags/$count desc,Facts/Whole,Id&$select=Id",
        200,
        r#""value":[{"Id":1},{"Id":5},{"Id":2},{"Id":3},{"Id":4}]}"#,
    ),
    (
        "People?$apply=groupby((Address/City),aggregate($count as N))",
        200,
        r##""value":[{"Address":{"City":null},"N@odata.type":"#Decimal","N":3},{"Address":{"City":"Köln \"x\""},"N@odata.type":"#Decimal","N":1},{"Address":{"City":"Ulm"},"N@odata.type":"#Decimal","N":1}]}"##,
    ),
    (
        "People?$compute=Facts/Whole add 1 as Next&$select=Next&$filter=Id le 2",
        200,
        r##""value":[{"@odata.id":"People(1)","Next@odata.type":"#Int64","Next":8},{"@odata.id":"People(2)","Next@odata.type":"#Int64","Next":null}]}"##,
    ),
    (
        "People?$apply=concat(filter(Id eq 1),aggregate($count as N))&$select=Id,Address,Tags,N",
        200,
        r##""value":[{"Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2]},"Tags":["b","a",null,null]},{"N@odata.type":"#Decimal","N":5}]}"##,
    ),
    (
        "People?$apply=concat(filter(Id le 2),identity)&$filter=Address/City eq 'Ulm' and Tags/any(t:t eq 'a')&$select=Id,Tags",
        200,
        r#""value":[{"Id":1,"Tags":["b","a",null,null]},{"Id":1,"Tags":["b","a",null,null]}]}"#,
    ),
    (
        "People?$apply=concat(filter(Id le 2),identity)&$filter=Phones/any(p:p/Kind eq 'work')&$select=Id,Phones&$orderby=Tags/$count,Id",
        200,
        r#""value":[{"Id":2,"Phones":[null,{"Kind":"work","Number":null,"Since":null},null]},{"Id":2,"Phones":[null,{"Kind":"work","Number":null,"Since":null},null]},{"Id":1,"Phones":[{"Kind":"home","Number":"1","Since":"2020-02-03"},{"Kind":"work","Number":"2","Since":null}]},{"Id":1,"Phones":[{"Kind":"home","Number":"1","Since":"2020-02-03"},{"Kind":"work","Number":"2","Since":null}]}]}"#,
    ),
    (
        "People?$apply=concat(identity,identity)/groupby((Address/City),aggregate($count as N))",
        200,
        r##""value":[{"Address":{"City":null},"N@odata.type":"#Decimal","N":6},{"Address":{"City":"Köln \"x\""},"N@odata.type":"#Decimal","N":2},{"Address":{"City":"Ulm"},"N@odata.type":"#Decimal","N":2}]}"##,
    ),
    (
        "People?$apply=join(Team as T)&$select=Id,Tags,T/Id,T/Address&$filter=T/Address/City ne 'x'",
        200,
        r##""value":[{"Id":1,"Tags":["b","a",null,null],"T":{"Id@odata.type":"#Int32","Id":2,"Address":{"Street":null,"City":"Köln \"x\"","Geo":null,"Floors":[]}}},{"Id":1,"Tags":["b","a",null,null],"T":{"Id@odata.type":"#Int32","Id":3,"Address":null}},{"Id":2,"Tags":[],"T":{"Id@odata.type":"#Int32","Id":4,"Address":null}},{"Id":2,"Tags":[],"T":{"Id@odata.type":"#Int32","Id":5,"Address":{"Street":null,"City":null,"Geo":null,"Floors":[]}}}]}"##,
    ),
    (
        "People?$apply=outerjoin(Team as T)&$select=Id,T/Id,T/Tags&$filter=Id ge 2",
        200,
        r##""value":[{"Id":2,"T":{"Id@odata.type":"#Int32","Id":4,"Tags":[]}},{"Id":2,"T":{"Id@odata.type":"#Int32","Id":5,"Tags":["a","c"]}},{"Id":3},{"Id":4},{"Id":5}]}"##,
    ),
    (
        "$all?$top=2",
        200,
        r##""value":[{"@odata.context":"#People/$entity","@odata.type":"#Shop.Person","Id":1,"Name":"Ann","Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2]},"Tags":["b","a",null,null],"Phones":[{"Kind":"home","Number":"1","Since":"2020-02-03"},{"Kind":"work","Number":"2","Since":null}],"Facts":{"Whole":7,"Large":9007199254740993,"Exact":12.50,"Real":0.5,"Truth":true,"Day":"2024-02-29","Moment":"2024-02-29T12:00:00Z","Clock":"12:30:00","Id":"01234567-89ab-cdef-0123-456789abcdef","Span":"PT90M","Data":"AP8Q"}},{"@odata.context":"#People/$entity","@odata.type":"#Shop.Person","Id":2,"Name":"Bob","Address":{"Street":null,"City":"Köln \"x\"","Geo":null,"Floors":[]},"Tags":[],"Phones":[null,{"Kind":"work","Number":null,"Since":null},null],"Facts":{"Whole":null,"Large":null,"Exact":null,"Real":null,"Truth":null,"Day":null,"Moment":null,"Clock":null,"Id":null,"Span":null,"Data":null}}]}"##,
    ),
    (
        "People(1)?$select=Tags($filter=$this ne substring($it/Name,0,1)),*",
        200,
        r#""Id":1,"Name":"Ann","Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2]},"Tags":["b","a",null,null],"Phones":[{"Kind":"home","Number":"1","Since":"2020-02-03"},{"Kind":"work","Number":"2","Since":null}],"Facts":{"Whole":7,"Large":9007199254740993,"Exact":12.50,"Real":0.5,"Truth":true,"Day":"2024-02-29","Moment":"2024-02-29T12:00:00Z","Clock":"12:30:00","Id":"01234567-89ab-cdef-0123-456789abcdef","Span":"PT90M","Data":"AP8Q"}}"#,
    ),
    (
        "People?$select=Id,Tags($filter=length($this) le $it/Id;$orderby=$this)&$filter=Id le 2",
        200,
        r#""value":[{"Id":1,"Tags":["a","b"]},{"Id":2,"Tags":[]}]}"#,
    ),
    ("People?$filter=hassubsequence(Tags,[\"b\",\"a\"])&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=hassubsequence(Tags,[\"a\",\"b\"])&$select=Id", 200, r#""value":[]}"#),
    ("People?$filter=hassubsequence(Tags,[null,null])&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=hassubsequence(Tags,[null,null,null])&$select=Id", 200, r#""value":[]}"#),
    ("People?$filter=hassubsequence(Address/Floors,[1,2])&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    (
        "People?$filter=hassubsequence(Boss/Tags,[\"b\",null])&$select=Id",
        200,
        r#""value":[{"Id":2},{"Id":3}]}"#,
    ),
    ("People?$filter=hassubsequence(Tags,[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1])", 400, "LimitExceeded"),
    ("People?$filter=Address/Nope eq 1", 400, "BadRequest"),
    ("People?$filter=Address eq Boss/Address&$select=Id", 200, r#""value":[]}"#),
    (
        "People?$filter=Address eq Address&$select=Id",
        200,
        r#""value":[{"Id":1},{"Id":2},{"Id":3},{"Id":4},{"Id":5}]}"#,
    ),
    ("People?$filter=Tags eq Boss/Tags&$select=Id", 200, r#""value":[{"Id":4}]}"#),
    ("People?$filter=Tags ne Boss/Tags&$select=Id", 200, r#""value":[{"Id":1},{"Id":2},{"Id":3},{"Id":5}]}"#),
    ("People?$filter=Tags eq [\"b\",\"a\",null,null]&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=Tags eq []&$select=Id", 200, r#""value":[{"Id":2},{"Id":3},{"Id":4}]}"#),
    ("People?$filter=[1.0,2] eq Address/Floors&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=Phones eq Boss/Phones&$select=Id", 200, r#""value":[]}"#),
    ("People?$filter=Phones eq Phones and Id le 2&$select=Id", 200, r#""value":[{"Id":1},{"Id":2}]}"#),
    ("People(1)/Tags?$search=A", 200, r#""value":["a"]}"#),
    ("People(1)/Tags/$count?$search=NOT a", 200, "3"),
    (
        "People(1)?$select=Phones($search=WORK;$count=true;$select=Number)",
        200,
        r#""@odata.id":"People(1)","Phones@odata.count":1,"Phones":[{"Number":"2"}]}"#,
    ),
    ("People?$filter=Phones/$count($search=home AND 5) eq 1&$select=Id", 200, r#""value":[{"Id":5}]}"#),
    ("People?$filter=Address eq Facts", 400, "BadRequest"),
    ("People?$filter=hassubset(Tags,[1])", 400, "BadRequest"),
    ("People?$filter=hassubset(Phones,Tags)", 400, "BadRequest"),
    ("People?$filter=hassubset(Name,Tags)", 400, "BadRequest"),
    ("People?$filter=hassubset([\"a\",\"b\"],[\"a\"]) and Id eq 1&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=hassubset([\"a\"],[\"a\",\"a\"])", 200, r#""value":[]}"#),
    ("People?$filter=hassubset([1,2],[\"a\"])", 400, "BadRequest"),
    ("People?$filter=hassubsequence([null,1],[\"a\"])", 400, "BadRequest"),
    ("People?$filter=[\"a\",null] eq [1,null]", 400, "BadRequest"),
    ("People?$filter=hassubset([null],[null,null])", 200, r#""value":[]}"#),
    ("People?$filter=hassubset([1,2.0],[2,1.00]) and Id eq 1&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=hassubsequence([1,2,3],[1,3.0]) and Id eq 1&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("People?$filter=hassubsequence([1,2,3],[3,1])", 200, r#""value":[]}"#),
    ("People?$filter=hassubsequence([],[])&$select=Id&$top=1", 200, r#""value":[{"Id":1}]}"#),
    ("People(1)/Address/Geo?$select=Lon", 200, r#""Lon":9.99}"#),
    ("People(2)/Address/Geo?$select=Lon", 204, ""),
    ("People(1)/Phones/-1?$select=Number", 200, r#""Number":"2"}"#),
    ("People(1)/Phones/0?$select=Nope", 400, "BadRequest"),
    ("People?$filter=Address/City eq 1", 400, "BadRequest"),
    ("People(1)/Tags?$orderby=$this", 200, r#""value":[null,null,"a","b"]}"#),
    ("People(1)/Tags?$orderby=$this desc&$skip=1&$top=2", 200, r#""value":["a",null]}"#),
    ("People(1)/Tags?$filter=$this ne null&$count=true&$top=1", 200, r#""@odata.count":2,"value":["b"]}"#),
    ("People(1)/Tags?$filter=endswith($it,'a')", 200, r#""value":["a"]}"#),
    ("People(1)/Tags?$orderby=$it desc&$top=2", 200, r#""value":["b","a"]}"#),
    ("People(1)/Tags/$count?$filter=$it gt 'a'", 200, "1"),
    ("People(1)/Tags/$filter($it gt 'a')", 200, r#""value":["b"]}"#),
    ("People(1)/Phones?$filter=$it/Kind eq 'home'&$select=Number", 200, r#""value":[{"Number":"1"}]}"#),
    ("People(1)/Tags?$skip=9", 200, r#""value":[]}"#),
    ("People(3)/Tags?$count=true", 200, r#""@odata.count":0,"value":[]}"#),
    ("People(4)/Tags?$top=1&$count=true", 200, r#""@odata.count":0,"value":[]}"#),
    ("People(9)/Tags?$top=1", 404, "NotFound"),
    ("People(1)/Tags?$orderby=Name", 400, "BadRequest"),
    (
        "People(1)/Phones?$orderby=Since,Kind desc",
        200,
        r#""value":[{"Kind":"work","Number":"2","Since":null},{"Kind":"home","Number":"1","Since":"2020-02-03"}]}"#,
    ),
    (
        "People(1)/Phones?$filter=Kind eq 'work'&$select=Number&$count=true",
        200,
        r#""@odata.count":1,"value":[{"Number":"2"}]}"#,
    ),
    ("People(2)/Phones?$select=Kind", 200, r#""value":[null,{"Kind":"work"},null]}"#),
    (
        "People(1)?$select=Id,Tags($filter=$this gt 'a';$count=true)",
        200,
        r#""Id":1,"Tags@odata.count":1,"Tags":["b"]}"#,
    ),
    (
        "People?$select=Tags($orderby=$this desc;$top=1)&$filter=Id eq 5 or Id eq 3",
        200,
        r#""value":[{"@odata.id":"People(3)","Tags":[]},{"@odata.id":"People(5)","Tags":["c"]}]}"#,
    ),
    (
        "People(1)?$select=Phones($filter=Kind eq 'work';$select=Number;$count=true)",
        200,
        r#""@odata.id":"People(1)","Phones@odata.count":1,"Phones":[{"Number":"2"}]}"#,
    ),
    (
        "People(1)?$select=Phones($orderby=Kind desc;$skip=1;$select=Kind)",
        200,
        r#""@odata.id":"People(1)","Phones":[{"Kind":"home"}]}"#,
    ),
    (
        "People?$select=Address/Floors($filter=$this gt 1;$count=true)&$filter=Id le 3",
        200,
        r#""value":[{"@odata.id":"People(1)","Address":{"Floors@odata.count":1,"Floors":[2]}},{"@odata.id":"People(2)","Address":{"Floors@odata.count":0,"Floors":[]}},{"@odata.id":"People(3)","Address":null}]}"#,
    ),
    (
        "People(1)?$select=Id,Address($select=City,Geo,Floors($orderby=$this desc;$top=1))",
        200,
        r#""Id":1,"Address":{"City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[2]}}"#,
    ),
    (
        "People(1)?$select=Address/Floors($filter=$this gt $it/Id)",
        200,
        r#""@odata.id":"People(1)","Address":{"Floors":[2]}}"#,
    ),
    (
        "People?$select=Address($compute=length(City) as L;$select=L)&$filter=Id ge 2 and Id le 3",
        200,
        r##""value":[{"@odata.id":"People(2)","Address":{"L@odata.type":"#Int32","L":8}},{"@odata.id":"People(3)","Address":null}]}"##,
    ),
    (
        "People(1)?$select=Address($compute=Geo/Lat add 1 as North)",
        200,
        r#""@odata.id":"People(1)","Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2],"North":49.4}}"#,
    ),
    (
        "People(1)/Address?$select=Geo($compute=$it/Id as I;$select=I)",
        200,
        r##""Geo":{"I@odata.type":"#Int32","I":1}}"##,
    ),
    (
        "People(1)?$select=Id,Address,Address/Floors($top=1)",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]}}"#,
    ),
    (
        "People(1)?$select=Address/Floors($top=1),Id,Address",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]}}"#,
    ),
    (
        "People(1)?$select=Address($select=*,Floors($top=1)),Id",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]}}"#,
    ),
    (
        "People(1)?$select=Id,Address($select=Floors($top=1),*)",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]}}"#,
    ),
    (
        "People(1)?$select=Id,Address($select=Floors($top=1)),Address",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]}}"#,
    ),
    (
        "People(1)?$select=*,Address,Address/Floors($top=1)",
        200,
        r##""Id":1,"Name":"Ann","Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]},"Tags":["b","a",null,null],"Phones":[{"Kind":"home","Number":"1","Since":"2020-02-03"},{"Kind":"work","Number":"2","Since":null}],"Facts":{"Whole":7,"Large":9007199254740993,"Exact":12.50,"Real":0.5,"Truth":true,"Day":"2024-02-29","Moment":"2024-02-29T12:00:00Z","Clock":"12:30:00","Id":"01234567-89ab-cdef-0123-456789abcdef","Span":"PT90M","Data":"AP8Q"}}"##,
    ),
    (
        "People(1)/Address?$select=Floors($top=1),*",
        200,
        r##""Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1]}"##,
    ),
    (
        "People(1)?$select=Address,Address/Geo($compute=Lat add 1 as North)",
        200,
        r##""@odata.id":"People(1)","Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99,"North":49.4},"Floors":[1,2]}}"##,
    ),
    (
        "People(1)?$select=Id,Address,Address/City",
        200,
        r#""Id":1,"Address":{"Street":"Main 1","City":"Ulm","Geo":{"Lat":48.4,"Lon":9.99},"Floors":[1,2]}}"#,
    ),
    ("People(1)?$select=Address/Floors($top=1),Address/Floors($top=2)", 400, "BadRequest"),
    ("People(1)?$select=Address,Address/City($top=2)", 400, "BadRequest"),
    ("People(1)?$select=Phones($compute=Kind as K)", 501, "NotImplemented"),
    ("People(1)/Address?$select=Floors($skip=1),City", 200, r#""City":"Ulm","Floors":[2]}"#),
    ("People(3)/Address?$select=Floors($top=1)", 204, ""),
    (
        "People(2)?$select=Id&$expand=Boss($select=Address/Floors($top=1))",
        200,
        r#""Id":2,"Boss":{"@odata.id":"People(1)","Address":{"Floors":[1]}}}"#,
    ),
    (
        "People(2)?$select=Id&$expand=Boss($select=Tags($top=1))",
        200,
        r#""Id":2,"Boss":{"@odata.id":"People(1)","Tags":["b"]}}"#,
    ),
    ("People(1)/Address?$select=Geo/Lon,City", 200, r#""City":"Ulm","Geo":{"Lon":9.99}}"#),
    ("People(4)/Address?$select=City", 204, ""),
    ("People(1)/Address/Floors?$orderby=$this desc", 200, r#""value":[2,1]}"#),
    ("People(1)/Address/Floors?$filter=$this gt 5", 200, r#""value":[]}"#),
    ("People?$filter=length(Tags) eq 3", 501, "NotImplemented"),
    ("People?$filter=contains(Tags,[\"a\"])", 501, "NotImplemented"),
    ("People?$filter=startswith([\"a\"],Tags)", 501, "NotImplemented"),
    ("People?$filter=endswith(Team/Name,'a')", 501, "NotImplemented"),
    ("People?$filter=concat(Tags,Tags) eq Tags", 501, "NotImplemented"),
    ("People?$filter=indexof(Team,'a') eq 1", 501, "NotImplemented"),
    ("People?$filter=substring(Tags,1) eq Tags", 501, "NotImplemented"),
    ("People?$filter=tolower(Tags) eq 'a'", 400, "BadRequest"),
    ("People?$filter=contains(Address,'a')", 501, "NotImplemented"),
    ("People?$filter=contains(Boss,'a')", 400, "BadRequest"),
    // As many levels as there can be with what is below each.
    (
        "People(1)?$select=Id&$expand=Team($levels=max;$select=Id;$expand=Boss($select=Id;$expand=Boss($select=Id)))",
        200,
        r#""Id":1,"Team":[{"Id":2,"Boss":{"Id":1,"Boss":null},"Team":[{"Id":4,"Boss":{"Id":2,"Boss":{"Id":1}},"Team":[]},{"Id":5,"Boss":{"Id":2,"Boss":{"Id":1}},"Team":[]}]},{"Id":3,"Boss":{"Id":1,"Boss":null},"Team":[]}]}"#,
    ),
    ("People(1)/Phones/$filter(Kind eq 'work')?$select=Number", 200, r#""value":[{"Number":"2"}]}"#),
    ("People(1)/Tags/$filter($this ne null)/$count", 200, "2"),
    ("People(2)/Boss/Tags?$filter=$this eq 'a'", 200, r#""value":["a"]}"#),
    (
        "People?$select=Phones/Kind&$filter=Id le 2",
        200,
        r#""value":[{"@odata.id":"People(1)","Phones":[{"Kind":"home"},{"Kind":"work"}]},{"@odata.id":"People(2)","Phones":[null,{"Kind":"work"},null]}]}"#,
    ),
    (
        "People(5)?$select=Id,Phones($select=Number,Kind)",
        200,
        r#""Id":5,"Phones":[{"Kind":"home","Number":"5"}]}"#,
    ),
];

/// Conditions, and the entities for which they hold.
const CONDITIONS: &[(&str, &[u8])] = &[
    ("Address/City eq 'Ulm'", &[1]),
    ("Address/City ne 'Ulm'", &[2, 3, 4, 5]),
    ("not (Address/City eq 'Ulm')", &[2, 3, 4, 5]),
    ("Address/City in ('Ulm','x')", &[1]),
    ("startswith(Address/City,'K')", &[2]),
    ("Address/City eq null", &[3, 4, 5]),
    ("Address/Street eq null", &[2, 3, 4, 5]),
    ("Address/Street eq '5'", &[]),
    ("Address eq null", &[3, 4]),
    ("Address ne null", &[1, 2, 5]),
    ("Address/Geo ne null", &[1]),
    ("Address/Geo/Lat gt 48", &[1]),
    ("Boss/Address/City eq 'Ulm'", &[2, 3]),
    ("Facts/Whole eq 7", &[1]),
    ("Facts/Whole gt 0", &[1]),
    ("Facts/Large eq 9007199254740993", &[1]),
    ("Facts/Large lt 0", &[5]),
    ("Facts/Exact ge 2", &[1, 5]),
    ("Facts/Exact eq 12.5", &[1]),
    ("Facts/Real eq 0.5", &[1]),
    ("Facts/Truth", &[1]),
    ("Facts/Day eq 2024-02-29", &[1]),
    ("year(Facts/Day) eq 2024", &[1]),
    ("Facts/Day eq null", &[2, 3, 4, 5]),
    ("Facts/Moment ge 2024-02-29T13:00:00+02:00", &[1]),
    ("Facts/Clock eq 12:30:00", &[1]),
    ("Facts/Id eq 01234567-89AB-CDEF-0123-456789abcdef", &[1]),
    ("Facts/Span gt duration'PT1H'", &[1]),
    ("Facts/Span eq 'PT1H30M'", &[1]),
    ("totalseconds(Facts/Span) eq 5400", &[1]),
    ("Facts/Span eq null", &[2, 3, 4, 5]),
    ("Facts/Data eq binary'AP8Q'", &[1]),
    ("Facts/Data ne null", &[1]),
    ("Tags/any()", &[1, 5]),
    ("Tags/any(t:t eq 'a')", &[1, 5]),
    ("Tags/any(t:t eq 'b')", &[1]),
    ("Tags/any(t:t eq '7')", &[]),
    ("Tags/any(t:t eq null)", &[1]),
    ("Tags/any(t:t eq Name)", &[]),
    ("Tags/all(t:t eq 'a' or t eq 'c')", &[2, 3, 4, 5]),
    ("'c' in Tags", &[5]),
    ("Tags/$count eq 0", &[2, 3, 4]),
    ("Tags/$count($filter=$this gt 'a') eq 1", &[1, 5]),
    ("Phones/any(p:p/Kind eq 'work')", &[1, 2]),
    ("Phones/any(p:p/Kind eq 'work' and p/Number eq '2')", &[1]),
    ("Phones/any(p:p/Since ge 2020-01-01)", &[1]),
    ("Phones/any(p:p/Number eq null)", &[2]),
    ("Phones/any(p:p eq null)", &[2]),
    ("Phones/all(p:p/Kind eq 'home')", &[3, 4, 5]),
    ("Phones/$count eq 3", &[2]),
    ("Phones/$count($filter=Kind eq 'home') eq 1", &[1, 5]),
    ("Phones/$filter(Kind eq 'home')/any(p:p/Number eq '5')", &[5]),
    ("Address/Floors/any(f:f gt 1)", &[1]),
    ("Address/Floors/$count gt 1", &[1]),
    ("Boss/Tags/any(t:t eq 'a')", &[2, 3]),
    ("Address/Geo eq Boss/Address/Geo", &[4, 5]),
    ("Facts eq Boss/Facts", &[]),
    ("Facts ne Boss/Facts", &[1, 2, 3, 4, 5]),
    ("Facts eq Facts", &[1, 2, 3, 4, 5]),
    ("Phones/any(p:Phones/any(q:q eq p and q/Kind eq 'work'))", &[1, 2]),
    ("Boss eq Boss", &[1, 2, 3, 4, 5]),
    ("Boss ne Boss/Boss", &[2, 3, 4, 5]),
    ("Boss eq $it", &[]),
    ("Team/any(t:t/Boss eq $it)", &[1, 2]),
    ("hassubset(Tags,[\"a\"])", &[1, 5]),
    ("hassubset(Tags,[\"b\",\"a\"])", &[1]),
    ("hassubset(Tags,[\"a\",\"a\"])", &[]),
    ("hassubset(Tags,[null,null])", &[1]),
    ("hassubset(Tags,[])", &[1, 2, 3, 4, 5]),
    ("hassubset(Tags,Tags)", &[1, 2, 3, 4, 5]),
    ("hassubset(Tags,Boss/Tags)", &[1, 4, 5]),
    ("hassubset(Boss/Tags,Tags/$filter($this eq 'a'))", &[2, 3, 4]),
    ("hassubset(Address/Floors,[2])", &[1]),
    ("hassubset([\"a\",\"c\",\"x\"],Tags)", &[2, 3, 4, 5]),
    ("hassubset([\"a\",\"b\",null,null],Tags)", &[1, 2, 3, 4]),
    ("hassubset([\"a\",\"b\",null],Tags)", &[2, 3, 4]),
    ("hassubset([],Tags)", &[2, 3, 4]),
    ("hassubset(Tags,@p)&@p=[\"c\"]", &[5]),
    ("Team/any(p:p/Tags/any(t:t eq 'c'))", &[2]),
    ("Team/any(p:p/Address/City ne null)", &[1]),
];

/// Parts of answers: URL, media type, part.
const TOLD: &[(&str, &str, &str)] = &[
    ("$metadata?$format=xml", "*/*", r#"<ComplexType Name="Address">"#),
    ("$metadata?$format=xml", "*/*", r#"<Property Name="Street" Type="Edm.String" MaxLength="60""#),
    ("$metadata?$format=xml", "*/*", r#"<Property Name="Lat" Type="Shop.Degree""#),
    ("$metadata?$format=xml", "*/*", r#"<Property Name="Tags" Type="Collection(Edm.String)""#),
    ("$metadata?$format=xml", "*/*", r#"<Property Name="Phones" Type="Collection(Shop.Phone)""#),
    ("People(1)/Phones/0?$select=Kind", "*/*", "$metadata#People(1)/Phones/0(Kind)\",\"Kind\":\"home\"}"),
    ("People?$select=Phones/Kind", "*/*", "$metadata#People(Phones/Kind)\""),
    (
        "People(1)/Phones?$select=Kind&$top=1",
        "*/*",
        "$metadata#People(1)/Phones(Kind)\",\"value\":[{\"Kind\":\"home\"}]}",
    ),
    ("People(1)/Address/City", "*/*", "$metadata#People(1)/Address/City\",\"value\":\"Ulm\"}"),
    ("People?$select=Address/City", "*/*", "$metadata#People(Address/City)\""),
    (
        "People(1)/Address",
        "application/json;odata.metadata=full",
        r##""Geo":{"@odata.type":"#Shop.Place","Lat@odata.type":"#Shop.Degree","Lat":48.4"##,
    ),
    (
        "People(1)/Facts",
        "application/json;IEEE754Compatible=true",
        r#""Large":"9007199254740993","Exact":"12.50""#,
    ),
    ("$openapi", "*/*", r#""Shop.Phone""#),
];

#[test]
fn json_is_of_the_types_that_the_model_says() {
    let jsonb =
        [&TABLES.replace("tags json", "tags jsonb").replace("phones json", "phones jsonb"), FILLED].concat();
    let plain = [TABLES, FILLED].concat();
    // A backslash in a text of MariaDB begins an escape.
    let escaped = [TABLES, &FILLED.replace('\\', "\\\\")].concat();
    let world = World::written([&plain, &jsonb, &escaped], MODEL);
    validate(MODEL);
    let mut wrong = wrong(&world, ROWS);
    wrong.extend(wrong_conditions(&world, "People", CONDITIONS));
    wrong.extend(wrong_parts(&world, TOLD));
    for source in SOURCES {
        let nothing = world.ask(source, "People(2)?$select=Address,Tags", &[("prefer", "omit-values=nulls")]);
        if !nothing.body.ends_with(r#","Address":{"City":"Köln \"x\"","Floors":[]},"Tags":[]}"#) {
            wrong.push(format!("{source}: {}", nothing.body));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

#[test]
fn columns_that_hold_no_json_keep_their_types() {
    let model = MODEL.replace("{column: address,", "{column: id,").replace("      Id: id\n", "");
    let world = World::modelled(TABLES, &model);
    let checked = common::run(&["check", "--config", &world.config()]);
    assert_eq!(
        checked.out.matches("it cannot be served as Address").count(),
        SOURCES.len(),
        "{}",
        checked.out
    );
}

/// Each value that is sought goes over the collection once, however many ways there are to choose some of it.
#[test]
fn sequences_in_long_collections() {
    let tags = vec!["\"a\""; 100].join(",");
    let script = format!(
        "CREATE TABLE things (id int PRIMARY KEY, tags json); INSERT INTO things VALUES (1, '[{tags}]'), (2, '[{tags},\"b\"]');"
    );
    let model = "entities: {Things: {table: things, properties: {Tags: {column: tags, type: Collection(Edm.String)}}}}";
    let world = World::modelled(&script, model);
    let sought = |last: &str| {
        format!("Things?$select=id&$filter=hassubsequence(Tags,[{}\"{last}\"])", "\"a\",".repeat(19))
    };
    for source in SOURCES {
        for (last, expected) in [("a", r#"[{"id":1},{"id":2}]}"#), ("b", r#"[{"id":2}]}"#), ("c", "[]}")] {
            let told = world.ask(source, &sought(last), &[]);
            assert!(told.status == 200 && told.body.ends_with(expected), "{source}: {last}: {}", told.body);
        }
    }
}

const HALVES: &str = r#"
CREATE TABLE things (id int PRIMARY KEY, box json, more json);
INSERT INTO things VALUES (1, '{"City": "\ud800x", "Size": 1}', '{"A": "x\udc00"}'), (2, '{"City": "\ud83d\ude00", "Size": 2}', '{"A": "\ud83d\ude00"}');
"#;

/// Half of a surrogate pair is no character.
#[test]
fn halves_of_surrogate_pairs() {
    let model = "
complexTypes: {Box: {properties: {City: {type: Edm.String}, Size: {type: Edm.Int32}}}}
entities: {Things: {table: things, open: more, properties: {Box: {column: box, type: Box}}}}
";
    // The type json of MariaDB does not take them.
    let escaped = HALVES.replace('\\', "\\\\").replace(" json", " longtext");
    let world = World::written([HALVES, HALVES, &escaped], model);
    let read: &[(&str, u16, &str)] = &[
        (
            "Things",
            200,
            "\"value\":[{\"id\":1,\"Box\":{\"City\":\"\u{fffd}x\",\"Size\":1},\"A\":\"x\\ufffd\"},{\"id\":2,\"Box\":{\"City\":\"😀\",\"Size\":2},\"A\":\"\\ud83d\\ude00\"}]}",
        ),
        ("Things(1)/Box/City", 200, "\"value\":\"\u{fffd}x\"}"),
        ("Things(1)/Box/City/$value", 200, "\u{fffd}x"),
        ("Things(1)/A/$value", 200, "x\u{fffd}"),
    ];
    let asked: &[(&str, u16, &str)] = &[
        ("Things?$select=id&$filter=Box/Size eq 1", 200, r#""value":[{"id":1}]}"#),
        ("Things?$select=id&$filter=Box/City eq '😀'", 200, r#""value":[{"id":2}]}"#),
    ];
    let computed: &[(&str, u16, &str)] = &[
        (
            "Things?$select=C&$compute=concat(Box/City,'!') as C&$top=1",
            200,
            "\"value\":[{\"@odata.id\":\"Things(1)\",\"C\":\"\u{fffd}x!\"}]}",
        ),
        ("Things?$select=id&$filter=Box/City eq '\u{fffd}x'", 200, r#""value":[{"id":1}]}"#),
    ];
    let refused: Vec<(&str, u16, &str)> =
        asked.iter().chain(computed).map(|(url, ..)| (*url, 400, "ExpressionFailed")).collect();
    let mut found = wrong(&world, read);
    found.extend(wrong_at(&world, &["sqlite"], asked));
    found.extend(wrong_at(&world, &["sqlite"], computed));
    let none: Vec<(&str, u16, &str)> =
        asked[..1].iter().map(|(url, status, _)| (*url, *status, "\"value\":[]}")).collect();
    found.extend(wrong_at(&world, &["mariadb"], &none));
    // Its columns of the type json hold such texts, which none of its functions takes.
    found.extend(wrong_at(&world, &["postgres"], &refused));
    assert!(found.is_empty(), "{found:#?}");
}
