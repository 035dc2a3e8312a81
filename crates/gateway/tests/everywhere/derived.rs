//! Types below those of entity sets, told from each other by a column.

use crate::models::{round_trip, validate, wrong, wrong_parts};
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE teams (id int PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, kind varchar(5), salary int, bonus int, firm varchar(20), street varchar(20), city varchar(20),
    team int, boss int, FOREIGN KEY (team) REFERENCES teams (id), FOREIGN KEY (boss) REFERENCES people (id));
CREATE TABLE reports (id int PRIMARY KEY, author int NOT NULL, title varchar(20), FOREIGN KEY (author) REFERENCES people (id));
INSERT INTO teams VALUES (1, 'red'), (2, 'blue');
INSERT INTO people VALUES (1, 'Ann', 'M', 90, 7, NULL, NULL, NULL, 1, NULL), (2, 'Bob', 'E', 50, NULL, NULL, 'x', 'Bonn', 1, 1),
    (3, 'Cy', 'C', 33, NULL, 'Acme', 'High', 'Ulm', 1, NULL), (4, 'Di', NULL, NULL, NULL, NULL, NULL, NULL, 2, NULL),
    (5, 'Eve', 'T', NULL, 3, NULL, NULL, NULL, 2, 1), (6, 'Flo', 'e', 1, 1, 'x', NULL, NULL, NULL, 2);
INSERT INTO reports VALUES (10, 2, 'first'), (11, 1, 'second'), (12, 3, 'third');
";

const MODEL: &str = "
namespace: Firm
entities:
  People:
    table: people
    type: Person
    properties: {Id: id, Name: name}
    hide: [kind, team, boss]
    navigation: {Team: {target: Teams, on: {team: Id}}}
    derived:
      Employee:
        when: {kind: [E, T]}
        description: Who is paid
        properties: {Salary: salary}
        navigation:
          Boss: {target: People, on: {boss: Id}}
          Reports: {target: Reports, on: {Id: author}}
      Manager:
        base: Employee
        when: {kind: M}
        properties: {Bonus: {column: bonus, nullable: true}}
      Customer:
        when: {kind: C}
        properties: {Firm: firm, Home: {type: Home, columns: {Street: street, City: city}}}
  Teams:
    table: teams
    type: Team
    properties: {Id: id, Name: name}
    navigation: {Members: {target: People, on: {Id: team}, partner: Team}}
  Reports:
    table: reports
    type: Report
    properties: {Id: id, Title: title}
    hide: [author]
    navigation: {Author: {target: People, on: {author: Id}}}
";

const ROWS: &[(&str, u16, &str)] = &[
    (
        "People",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1,"Name":"Ann","Salary":90,"Bonus":7},{"@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Salary":50},{"@odata.type":"#Firm.Customer","Id":3,"Name":"Cy","Firm":"Acme","Home":{"Street":"High","City":"Ulm"}},{"Id":4,"Name":"Di"},{"@odata.type":"#Firm.Employee","Id":5,"Name":"Eve","Salary":null},{"Id":6,"Name":"Flo"}]}"##,
    ),
    ("People(2)", 200, r##""@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Salary":50}"##),
    (
        "People?$apply=concat(filter(Id ge 3 and Id le 4),aggregate($count as N))",
        200,
        r##""value":[{"Id":3,"Name":"Cy","Firm":"Acme","Home":{"Street":"High","City":"Ulm"}},{"Id":4,"Name":"Di"},{"N@odata.type":"#Decimal","N":6}]}"##,
    ),
    (
        "People?$apply=groupby((Team),aggregate($count as N))",
        200,
        r##""value":[{"Team":null,"N@odata.type":"#Decimal","N":1},{"Team":{"Id":1,"Name":"red"},"N@odata.type":"#Decimal","N":3},{"Team":{"Id":2,"Name":"blue"},"N@odata.type":"#Decimal","N":2}]}"##,
    ),
    (
        "People?$apply=groupby((Firm.Employee/Boss),aggregate($count as N))&$select=Boss/Name,N",
        200,
        r##""value":[{"Boss":null,"N@odata.type":"#Decimal","N":4},{"Boss":{"Name":"Ann"},"N@odata.type":"#Decimal","N":2}]}"##,
    ),
    (
        "People?$apply=groupby((Firm.Employee/Boss/Team,Team),aggregate($count as N))&$select=Boss/Team/Name,Team/Name,N",
        200,
        r##""value":[{"Boss":{"Team":null},"Team":null,"N@odata.type":"#Decimal","N":1},{"Boss":{"Team":null},"Team":{"Name":"red"},"N@odata.type":"#Decimal","N":2},{"Boss":{"Team":null},"Team":{"Name":"blue"},"N@odata.type":"#Decimal","N":1},{"Boss":{"Team":{"Name":"red"}},"Team":{"Name":"red"},"N@odata.type":"#Decimal","N":1},{"Boss":{"Team":{"Name":"red"}},"Team":{"Name":"blue"},"N@odata.type":"#Decimal","N":1}]}"##,
    ),
    ("People?$apply=groupby((Firm.Employee))", 400, "BadUrl"),
    ("People?$apply=groupby((Boss))", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))&$filter=$it/Id eq 1", 400, "BadRequest"),
    (
        "People?$apply=groupby((Firm.Employee/Boss/Team,Firm.Employee/Boss))&$select=Boss/Team/Id,Boss/Id",
        200,
        r##""value":[{"Boss":null},{"Boss":{"Team":{"Id@odata.type":"#Int32","Id":1},"Id@odata.type":"#Int32","Id":1}}]}"##,
    ),
    (
        "People?$apply=groupby((Firm.Employee/Boss,Firm.Employee/Boss/Team))&$select=Boss/Team/Id,Boss/Id",
        200,
        r##""value":[{"Boss":null},{"Boss":{"Id@odata.type":"#Int32","Id":1,"Team":{"Id@odata.type":"#Int32","Id":1}}}]}"##,
    ),
    ("Reports?$apply=groupby((Author))/groupby((Author),aggregate($count as C))", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))/aggregate(Author with countdistinct as D)", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))/compute(Author as P)", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))&$orderby=Author", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))&$filter=Author in (null)", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))&$filter=Author gt null", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))&$filter=Author eq 1", 400, "BadRequest"),
    ("Reports?$apply=groupby((Author))&$filter=Author eq Author/Firm.Employee/Boss", 200, r#""value":[]}"#),
    ("Reports?$apply=groupby((Author))&$filter=length(Author) gt 0", 400, "BadRequest"),
    ("People?$apply=concat(identity,identity)/groupby((Home),aggregate($count as C))", 501, "NotImplemented"),
    ("Reports?$apply=groupby((Author))&$orderby=$it/Id", 400, "BadRequest"),
    (
        "Reports?$apply=groupby((Author),aggregate($count as C))&$filter=isof(Author,Firm.Employee)&$select=Author/Id",
        200,
        r#""value":[{"Author":{"Id":1}},{"Author":{"Id":2}}]}"#,
    ),
    (
        "People?$apply=groupby((Team),aggregate($count as C))&$filter=isof(Team,Firm.Team)&$select=Team/Id",
        200,
        r#""value":[{"Team":{"Id":1}},{"Team":{"Id":2}}]}"#,
    ),
    (
        "Reports?$apply=groupby((Author))&$filter=isof(Author,Firm.Team)&$select=Author/Id",
        200,
        r#""value":[]}"#,
    ),
    (
        "Reports?$apply=groupby((Author))",
        200,
        r##""value":[{"Author":{"Id":1,"Name":"Ann","Salary@odata.type":"#Int32","Salary":90,"Bonus@odata.type":"#Int32","Bonus":7}},{"Author":{"Id":2,"Name":"Bob","Salary@odata.type":"#Int32","Salary":50}},{"Author":{"Id":3,"Name":"Cy","Firm":"Acme","Home":{"Street":"High","City":"Ulm"}}}]}"##,
    ),
    (
        "Reports?$apply=groupby((Author))&$select=Author/Home/City,Author/Name",
        200,
        r#""value":[{"Author":{"Name":"Ann"}},{"Author":{"Name":"Bob"}},{"Author":{"Name":"Cy","Home":{"City":"Ulm"}}}]}"#,
    ),
    ("People(4)", 200, r#""Id":4,"Name":"Di"}"#),
    (
        "People/Firm.Employee",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1,"Name":"Ann","Salary":90,"Bonus":7},{"Id":2,"Name":"Bob","Salary":50},{"Id":5,"Name":"Eve","Salary":null}]}"##,
    ),
    ("People/Firm.Manager", 200, r#""value":[{"Id":1,"Name":"Ann","Salary":90,"Bonus":7}]}"#),
    ("People/Firm.Employee/$count", 200, "3"),
    (
        "People/Firm.Employee?$apply=concat(filter(Salary gt 0),aggregate(Salary with sum as S,$count as N))",
        200,
        r##""value":[{"Id":1,"Name":"Ann","Salary@odata.type":"#Int32","Salary":90,"Bonus@odata.type":"#Int32","Bonus":7},{"Id":2,"Name":"Bob","Salary@odata.type":"#Int32","Salary":50},{"S@odata.type":"#Int64","S":140,"N@odata.type":"#Decimal","N":3}]}"##,
    ),
    (
        "People/Firm.Employee?$apply=groupby((Salary))/filter(Salary ne null)",
        200,
        r##""value":[{"Salary@odata.type":"#Int32","Salary":50},{"Salary@odata.type":"#Int32","Salary":90}]}"##,
    ),
    (
        "Teams(1)?$select=Id&$expand=Members/Firm.Employee($apply=topcount(1,Salary);$select=Name)",
        200,
        r##""Id":1,"Members":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"}]}"##,
    ),
    (
        "Teams?$select=Id&$expand=Members/Firm.Employee($apply=aggregate(Salary with sum as S,$count as N))",
        200,
        r##""value":[{"Id":1,"Members":[{"S@odata.type":"#Int64","S":140,"N@odata.type":"#Decimal","N":2}]},{"Id":2,"Members":[{"S@odata.type":"#Int64","S":null,"N@odata.type":"#Decimal","N":1}]}]}"##,
    ),
    ("People/Firm.Employee(2)/Salary", 200, r#""value":50}"#),
    ("People(2)/Firm.Employee/Salary/$value", 200, "50"),
    ("People(1)/Firm.Employee/Salary/$value", 200, "90"),
    ("People(1)/Firm.Employee/Firm.Manager/Bonus/$value", 200, "7"),
    ("People(3)/Firm.Employee", 404, "NotFound"),
    ("People(3)/Firm.Employee/Salary", 404, "NotFound"),
    ("People(6)/Firm.Employee/Salary", 404, "NotFound"),
    ("People(2)/Salary", 404, "NotFound"),
    ("People(2)/Firm.Person/Name/$value", 200, "Bob"),
    ("People/Firm.Team", 404, "NotFound"),
    ("People/Firm.Employee/Firm.Customer", 400, "BadRequest"),
    ("People(2)/Firm.Employee/Boss/Name/$value", 200, "Ann"),
    (
        "People(2)/Firm.Employee/Reports?$select=Title",
        200,
        r#""value":[{"@odata.id":"Reports(10)","Title":"first"}]}"#,
    ),
    (
        "Teams(1)/Members/Firm.Employee?$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"},{"@odata.id":"People(2)","Name":"Bob"}]}"##,
    ),
    ("Teams(1)/Members/Firm.Employee/$count", 200, "2"),
    (
        "People/Firm.Employee?$filter=Salary gt 50&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1}]}"##,
    ),
    (
        "People?$filter=Firm.Employee/Salary gt 0&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1},{"@odata.type":"#Firm.Employee","Id":2}]}"##,
    ),
    (
        "People?$filter=Firm.Employee/Salary eq null&$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"},{"@odata.id":"People(4)","Name":"Di"},{"@odata.type":"#Firm.Employee","@odata.id":"People(5)","Name":"Eve"},{"@odata.id":"People(6)","Name":"Flo"}]}"##,
    ),
    (
        "People?$filter=isof(Firm.Employee) and Id gt 1&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Employee","Id":5}]}"##,
    ),
    (
        "People?$filter=not isof(Firm.Employee)&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Customer","Id":3},{"Id":4},{"Id":6}]}"##,
    ),
    (
        "People?$filter=isof(Firm.Person)&$select=Id&$top=1",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1}]}"##,
    ),
    (
        "People?$filter=isof(Firm.Employee/Boss,Firm.Manager)&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Employee","Id":5}]}"##,
    ),
    ("Reports?$filter=isof(Author,Firm.Employee)&$select=Id", 200, r#""value":[{"Id":10},{"Id":11}]}"#),
    ("Reports?$filter=Author/Firm.Manager/Bonus eq 7&$select=Id", 200, r#""value":[{"Id":11}]}"#),
    (
        "People?$filter=Firm.Employee/Boss/Name eq 'Ann'&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Employee","Id":5}]}"##,
    ),
    ("People?$filter=Firm.Employee/Reports/any(r:r/Title eq 'third')", 200, r#""value":[]}"#),
    (
        "People?$filter=Firm.Employee/Reports/$count eq 1&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1},{"@odata.type":"#Firm.Employee","Id":2}]}"##,
    ),
    ("Teams?$filter=Members/any(m:m/Firm.Employee/Salary gt 80)&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Teams?$filter=Members/Firm.Employee/any(m:m/Salary lt 80)&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Teams?$filter=Members/Firm.Employee/all(m:m/Salary gt 20)&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Teams?$filter=Members/Firm.Customer/any()&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Teams?$orderby=Members/Firm.Employee/$count desc&$select=Id", 200, r#""value":[{"Id":1},{"Id":2}]}"#),
    (
        "People?$orderby=Firm.Employee/Salary desc,Id&$select=Name&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"}]}"##,
    ),
    (
        "People?$select=Name,Firm.Employee/Salary&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Salary":90},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob","Salary":50},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"}]}"##,
    ),
    (
        "People?$select=Name,Firm.Manager/Salary&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Salary":90},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"}]}"##,
    ),
    (
        "People?$select=Id,Firm.Manager/Name,Firm.Customer/Name&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1,"Name":"Ann"},{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Customer","Id":3,"Name":"Cy"}]}"##,
    ),
    (
        "People?$select=Firm.Manager/Name,Name&$top=2",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"}]}"##,
    ),
    (
        "People/Firm.Employee?$select=Name,Firm.Manager/Salary&$top=2",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Salary":90},{"@odata.id":"People(2)","Name":"Bob"}]}"##,
    ),
    (
        "People?$select=Name&$expand=Firm.Manager/Boss($select=Name)&$top=2",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Boss":null},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"}]}"##,
    ),
    (
        "People?$select=Name&$expand=Firm.Manager/Reports($select=Id)&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Reports":[{"Id":11}]},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"}]}"##,
    ),
    ("People?$select=Salary", 400, "BadRequest"),
    ("People?$filter=Salary gt 1", 400, "BadRequest"),
    ("People?$filter=Firm.Customer/Salary gt 1", 400, "BadRequest"),
    ("People?$filter=Firm.Employee ne null", 400, "BadUrl"),
    (
        "People?$select=Name&$expand=Firm.Employee/Boss($select=Name)&$top=4",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Boss":null},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob","Boss":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"}},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"},{"@odata.id":"People(4)","Name":"Di"}]}"##,
    ),
    (
        "People?$select=Name&$expand=Firm.Employee/Reports($select=Id)&$top=4",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Reports":[{"Id":11}]},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob","Reports":[{"Id":10}]},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"},{"@odata.id":"People(4)","Name":"Di"}]}"##,
    ),
    (
        "Reports?$select=Id&$expand=Author/Firm.Employee($select=Salary)",
        200,
        r##""value":[{"Id":10,"Author":{"@odata.id":"People(2)","Salary":50}},{"Id":11,"Author":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Salary":90}},{"Id":12,"Author":null}]}"##,
    ),
    (
        "Reports?$select=Id&$expand=Author/Firm.Employee($select=Id;$expand=Reports($select=Title))&$orderby=Id desc&$top=2",
        200,
        r##""value":[{"Id":12,"Author":null},{"Id":11,"Author":{"@odata.type":"#Firm.Manager","Id":1,"Reports":[{"@odata.id":"Reports(11)","Title":"second"}]}}]}"##,
    ),
    (
        "People?$select=Id&$expand=Firm.Employee/Boss/Firm.Manager($select=Bonus)&$orderby=Id desc&$top=2",
        200,
        r##""value":[{"Id":6},{"@odata.type":"#Firm.Employee","Id":5,"Boss":{"@odata.id":"People(1)","Bonus":7}}]}"##,
    ),
    ("People(3)/Firm.Customer/Home/City/$value", 200, "Ulm"),
    ("People(2)/Firm.Customer/Home", 404, "NotFound"),
    // What lies in the columns of an entity of another type is none of it.
    (
        "People?$filter=Firm.Customer/Home ne null&$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"}]}"##,
    ),
    ("People/$count?$filter=Firm.Customer/Home eq null", 200, "5"),
    ("People/$count?$filter=Firm.Customer/Home eq Firm.Customer/Home", 200, "6"),
    ("People/$count?$filter=isof(Firm.Customer/Home,Firm.Home)", 200, "1"),
    (
        "People?$filter=Firm.Customer/Home/City eq 'Ulm' or Firm.Customer/Home/City eq 'Bonn'&$select=Name,Firm.Customer/Home/City",
        200,
        r##""value":[{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy","Home":{"City":"Ulm"}}]}"##,
    ),
    (
        "People?$select=Firm.Customer/Home&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)"},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)"},{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Home":{"Street":"High","City":"Ulm"}}]}"##,
    ),
    ("Reports(12)?$expand=Author/Firm.Team", 400, "BadRequest"),
    (
        "People?$filter=cast(Firm.Employee)/Salary gt 50&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1}]}"##,
    ),
    ("Reports?$filter=cast(Author,Firm.Employee)/Salary eq 50&$select=Id", 200, r#""value":[{"Id":10}]}"#),
    (
        "Reports?$filter=cast(cast(Author,Firm.Employee),Firm.Manager)/Bonus eq 7&$select=Id",
        200,
        r#""value":[{"Id":11}]}"#,
    ),
    ("Reports?$filter=cast(Author,Firm.Employee) eq null&$select=Id", 200, r#""value":[{"Id":12}]}"#),
    ("Reports?$filter=Author/Firm.Manager ne null&$select=Id", 200, r#""value":[{"Id":11}]}"#),
    (
        "People?$filter=cast(Firm.Customer) ne null&$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Customer","@odata.id":"People(3)","Name":"Cy"}]}"##,
    ),
    (
        "People?$filter=Firm.Employee/Boss ne null&$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"},{"@odata.type":"#Firm.Employee","@odata.id":"People(5)","Name":"Eve"}]}"##,
    ),
    ("People?$orderby=cast(Firm.Employee)", 400, "BadRequest"),
    ("People?$filter=cast(Firm.Team)/Name eq 'red'", 400, "BadRequest"),
    ("People?$filter=cast(1,Firm.Employee)/Salary eq 1", 400, "BadUrl"),
    (
        "Teams/$each/Members/Firm.Employee?$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"},{"@odata.id":"People(2)","Name":"Bob"},{"@odata.id":"People(5)","Name":"Eve"}]}"##,
    ),
    (
        "Reports/$each/Author/Firm.Employee/Boss?$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"}]}"##,
    ),
    ("Reports/$each/Author/$count", 200, "3"),
    ("Reports/$filter(Id lt 12)/$each/Author(2)/Name/$value", 200, "Bob"),
    ("Reports/$filter(Id gt 99)/$each/Author", 200, r#""value":[]}"#),
    ("Teams(3)/Members/$each/Team", 404, "NotFound"),
    ("Teams(1)/Members/$each/Nothing", 404, "NotFound"),
    (
        "Reports(12)?$expand=Author",
        200,
        r##""Id":12,"Title":"third","Author":{"@odata.type":"#Firm.Customer","Id":3,"Name":"Cy","Firm":"Acme","Home":{"Street":"High","City":"Ulm"}}}"##,
    ),
    (
        "Teams?$select=Id&$expand=Members($select=Id)",
        200,
        r##""value":[{"Id":1,"Members":[{"@odata.type":"#Firm.Manager","Id":1},{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Customer","Id":3}]},{"Id":2,"Members":[{"Id":4},{"@odata.type":"#Firm.Employee","Id":5}]}]}"##,
    ),
    (
        "Teams?$select=Id&$expand=Members/Firm.Employee($select=Salary;$filter=Salary lt 80)",
        200,
        r#""value":[{"Id":1,"Members":[{"@odata.id":"People(2)","Salary":50}]},{"Id":2,"Members":[]}]}"#,
    ),
    (
        "People?$compute=Firm.Employee/Salary mul 2 as Twice&$select=Id,Twice&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1,"Twice@odata.type":"#Int64","Twice":180},{"@odata.type":"#Firm.Employee","Id":2,"Twice@odata.type":"#Int64","Twice":100},{"@odata.type":"#Firm.Customer","Id":3,"Twice@odata.type":"#Int64","Twice":null}]}"##,
    ),
    (
        "People?$apply=aggregate(Firm.Employee/Salary with sum as Sum)",
        200,
        r##""value":[{"Sum@odata.type":"#Int64","Sum":140}]}"##,
    ),
    (
        "People/Firm.Employee?$apply=aggregate($count as N)",
        200,
        r##""value":[{"N@odata.type":"#Decimal","N":3}]}"##,
    ),
    (
        "People/Firm.Employee?$apply=aggregate(Salary with sum as Sum)",
        200,
        r##""value":[{"Sum@odata.type":"#Int64","Sum":140}]}"##,
    ),
    (
        "Teams?$select=Id&$expand=Members/Firm.Employee($apply=aggregate(Salary with sum as Sum))",
        200,
        r##""value":[{"Id":1,"Members":[{"Sum@odata.type":"#Int64","Sum":140}]},{"Id":2,"Members":[{"Sum@odata.type":"#Int64","Sum":null}]}]}"##,
    ),
    (
        "People?$apply=filter(isof(Firm.Employee))/filter(Name eq 'Bob')",
        200,
        r##""value":[{"@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Salary":50}]}"##,
    ),
    ("People?$search=acme&$select=Id", 200, r##""value":[{"@odata.type":"#Firm.Customer","Id":3}]}"##),
    (
        "People?$filter=$root/People(2)/Firm.Employee/Salary eq 50&$top=1&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1}]}"##,
    ),
    ("$all/Firm.Person?$top=1&$select=Id", 200, r##""value":[{"@odata.type":"#Firm.Manager","Id":1}]}"##),
    ("$all/Firm.Employee/$count", 200, "3"),
    ("$all/Firm.Nobody", 404, "NotFound"),
    ("$entity/Firm.Employee?$id=People(2)", 200, r#""Id":2,"Name":"Bob","Salary":50}"#),
];

/// URLs, what is accepted, and parts of the answers.
const TOLD: &[(&str, &str, &str)] = &[
    ("People/Firm.Employee", MINIMAL, r##""@odata.context":"/$metadata#People/Firm.Employee","##),
    ("People/Firm.Employee?$select=Name,Salary", MINIMAL, r##"#People/Firm.Employee(Name,Salary)""##),
    ("People?$select=Name,Firm.Employee/Salary", MINIMAL, r##"#People(Name,Firm.Employee/Salary)""##),
    ("People?$select=Name,Firm.Manager/Salary", MINIMAL, r##"#People(Name,Firm.Manager/Salary)""##),
    (
        "People?$select=Firm.Manager/Name,Firm.Customer/Name",
        MINIMAL,
        r##"#People(Firm.Manager/Name,Firm.Customer/Name)""##,
    ),
    ("People?$expand=Firm.Manager/Boss($select=Name)", MINIMAL, r##"#People(Firm.Manager/Boss(Name))""##),
    ("People?$select=Firm.Employee/Boss", MINIMAL, r##"#People(Firm.Employee/Boss)""##),
    ("People/Firm.Employee?$select=Boss", MINIMAL, r##"#People/Firm.Employee(Boss)""##),
    ("People(2)/Firm.Employee", MINIMAL, r##"#People/Firm.Employee/$entity""##),
    ("People(2)/Firm.Employee/Salary", MINIMAL, r##"#People(2)/Firm.Employee/Salary""##),
    (
        "Reports?$expand=Author/Firm.Employee($select=Salary)",
        MINIMAL,
        r##"#Reports(Author/Firm.Employee(Salary))""##,
    ),
    ("People?$expand=Firm.Employee/Boss($select=Id)", MINIMAL, r##"#People(Firm.Employee/Boss(Id))""##),
    (
        "People(2)",
        FULL,
        r##""@odata.type":"#Firm.Employee","@odata.id":"People(2)","@odata.readLink":"People(2)""##,
    ),
    ("People(4)", FULL, r##""@odata.type":"#Firm.Person","@odata.id":"People(4)""##),
    ("People(2)", FULL, r#""Boss@odata.navigationLink":"People(2)/Firm.Employee/Boss""#),
    (
        "Reports(10)?$expand=Author",
        FULL,
        r#""Reports@odata.navigationLink":"People(2)/Firm.Employee/Reports""#,
    ),
    ("$metadata?$format=xml", "*/*", "<EntityType Name=\"Employee\" BaseType=\"Firm.Person\">"),
    ("$metadata?$format=xml", "*/*", "<EntityType Name=\"Manager\" BaseType=\"Firm.Employee\">"),
    (
        "$metadata?$format=xml",
        "*/*",
        "<NavigationPropertyBinding Path=\"Firm.Employee/Boss\" Target=\"People\"/>",
    ),
    ("$metadata?$format=xml", "*/*", "String=\"Who is paid\""),
    (
        "$metadata?$format=json",
        "*/*",
        r#""Manager":{"$Kind":"EntityType","$BaseType":"Firm.Employee","Bonus":{"$Type":"Edm.Int32","$Nullable":true}}"#,
    ),
];

const MINIMAL: &str = "application/json";
const FULL: &str = "application/json;odata.metadata=full";

#[test]
fn entities_are_of_several_types() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    let mut wrong = wrong(&world, ROWS);
    wrong.extend(wrong_parts(&world, TOLD));
    for source in SOURCES {
        for _ in 0..2 {
            // A read by key that is like an earlier one, and the same one so that it has to be parsed.
            for key in [1, 2, 3, 4, 5, 6] {
                let again = world.ask(source, &format!("People({key})"), &[]);
                assert_eq!(again, world.ask(source, &format!("People(Id={key})"), &[]), "{source}: {key}");
            }
        }
        let stages = |url: &str| {
            let answer = world.node.get(&["/api/odata4/", source, "/", url].concat(), &[]);
            answer.header("server-timing").unwrap_or_default().matches("dur=").count()
        };
        assert!(stages("People(2)") < stages("People(Id=2)"), "{source}: what was made is kept");
        let bare = world.ask(source, "People(4)", &[("accept", FULL)]).body;
        assert!(!bare.contains("Boss"), "{source}: {bare}");
        let none = world.ask(source, "People(2)", &[("accept", "application/json;odata.metadata=none")]).body;
        assert_eq!(none, r#"{"Id":2,"Name":"Bob","Salary":50}"#, "{source}");
        let newer = world.ask(source, "People(2)?$select=Id", &[("odata-maxversion", "4.01")]).body;
        assert!(newer.contains(r##""@type":"#Firm.Employee""##), "{source}: {newer}");
        let paged =
            world.ask(source, "People/Firm.Employee?$select=Salary", &[("prefer", "odata.maxpagesize=2")]);
        assert!(paged.body.contains("@odata.nextLink"), "{source}: {}", paged.body);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

const NUMBERED: &str = "
CREATE TABLE shapes (id int PRIMARY KEY, sort int NOT NULL, radius int, width int);
INSERT INTO shapes VALUES (1, 1, 5, NULL), (2, 2, NULL, 3), (3, 1, 6, 9);
";

const ABSTRACT: &str = "
namespace: Draw
entities:
  Shapes:
    table: shapes
    type: Shape
    properties: {Id: id, Sort: sort}
    abstract: true
    derived:
      Round: {abstract: true}
      Circle: {base: Round, when: {sort: 1}, properties: {Radius: radius}}
      Square: {when: {sort: 2}, properties: {Width: width}}
";

#[test]
fn numbers_tell_types_and_types_are_abstract() {
    let world = World::modelled(NUMBERED, ABSTRACT);
    validate(ABSTRACT);
    let wrong = wrong(
        &world,
        &[
            (
                "Shapes",
                200,
                r##""value":[{"@odata.type":"#Draw.Circle","Id":1,"Sort":1,"Radius":5},{"@odata.type":"#Draw.Square","Id":2,"Sort":2,"Width":3},{"@odata.type":"#Draw.Circle","Id":3,"Sort":1,"Radius":6}]}"##,
            ),
            ("Shapes/Draw.Round/$count", 200, "2"),
            (
                "Shapes?$filter=Draw.Circle/Radius gt 5&$select=Id",
                200,
                r##""value":[{"@odata.type":"#Draw.Circle","Id":3}]}"##,
            ),
        ],
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    for source in SOURCES {
        let metadata = world.ask(source, "$metadata", &[]).body;
        for part in
            ["Name=\"Shape\" Abstract=\"true\"", "Name=\"Round\" BaseType=\"Draw.Shape\" Abstract=\"true\""]
        {
            assert!(metadata.contains(part), "{source}: {part} in {metadata}");
        }
    }
    round_trip(&world);
}

#[test]
fn types_that_cannot_be_told_are_left_out() {
    let model = "
entities:
  Shapes: {table: shapes, derived: {A: {when: {sort: x}, properties: {W: width}}}}
";
    let world = World::modelled(NUMBERED, model);
    let words = "line 3, column 48: `sort`: its values have another type than those of `when`";
    world.says(&world.config(), &[(words, SOURCES.len())]);
    assert_eq!(world.ask("sqlite", "Shapes(1)?$select=id,width", &[]).status, 200);
}

const JOINED: &str = "
CREATE TABLE persons (id int PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE employees (id int PRIMARY KEY, salary int NOT NULL, boss int, FOREIGN KEY (id) REFERENCES persons (id));
CREATE TABLE guests (id int PRIMARY KEY, firm varchar(20), FOREIGN KEY (id) REFERENCES persons (id));
INSERT INTO persons VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cy'), (4, 'Di');
INSERT INTO employees VALUES (1, 90, NULL), (2, 50, 1);
INSERT INTO guests VALUES (3, 'Acme');
";

const JOINS: &str = "
namespace: Firm
others: false
entities:
  People:
    type: Person
    sql: |
      SELECT p.id, p.name, e.salary, e.boss, g.firm,
        CASE WHEN e.id IS NOT NULL THEN 'employee' WHEN g.id IS NOT NULL THEN 'guest' END AS kind
      FROM persons p LEFT JOIN employees e ON e.id = p.id LEFT JOIN guests g ON g.id = p.id
    key: [id]
    properties: {Id: id, Name: name}
    hide: [kind, boss]
    derived:
      Employee:
        when: {kind: employee}
        properties: {Salary: salary}
        navigation: {Boss: {target: People, on: {boss: Id}}}
      Guest: {when: {kind: guest}, properties: {Firm: firm}}
";

#[test]
fn joined_tables_tell_types_by_a_select() {
    let world = World::modelled(JOINED, JOINS);
    validate(JOINS);
    let wrong = wrong(
        &world,
        &[
            (
                "People",
                200,
                r##""value":[{"@odata.type":"#Firm.Employee","Id":1,"Name":"Ann","Salary":90},{"@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Salary":50},{"@odata.type":"#Firm.Guest","Id":3,"Name":"Cy","Firm":"Acme"},{"Id":4,"Name":"Di"}]}"##,
            ),
            ("People(3)/Firm.Guest/Firm/$value", 200, "Acme"),
            ("People(4)/Firm.Guest", 404, "NotFound"),
            (
                "People/Firm.Employee?$filter=Boss/Name eq 'Ann'",
                200,
                r#""value":[{"Id":2,"Name":"Bob","Salary":50}]}"#,
            ),
            (
                "People?$filter=Firm.Employee/Salary lt 80 or Firm.Guest/Firm eq 'Acme'&$select=Id",
                200,
                r##""value":[{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Guest","Id":3}]}"##,
            ),
            (
                "People(2)?$select=Id&$expand=Firm.Employee/Boss",
                200,
                r##""@odata.type":"#Firm.Employee","Id":2,"Boss":{"@odata.type":"#Firm.Employee","Id":1,"Name":"Ann","Salary":90}}"##,
            ),
        ],
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

/// What lies in columns that all types have is none of an entity of another type.
#[test]
fn values_behind_a_cast_are_of_that_type() {
    let script = "
CREATE TABLE staff (id int PRIMARY KEY, kind char(1), tags json, more json);
INSERT INTO staff VALUES (1, 'M', '[\"a\", \"b\"]', '{\"Color\": \"red\"}'), (2, NULL, '[\"a\"]', '{\"Color\": \"red\"}');
";
    let model = "
namespace: Shop
entities:
  Staff:
    table: staff
    type: Person
    open: more
    properties: {Id: id, Tags: {column: tags, type: Collection(Edm.String)}}
    hide: [kind]
    derived:
      Manager: {when: {kind: M}, properties: {}}
";
    let rows = [
        ("Staff/$count?$filter=Tags/any(t:t eq 'a')", 200, "2"),
        ("Staff/$count?$filter=Shop.Manager/Tags/any(t:t eq 'a')", 200, "1"),
        ("Staff/$count?$filter=Shop.Manager/Tags/$count gt 0", 200, "1"),
        ("Staff/$count?$filter='a' in Shop.Manager/Tags", 200, "1"),
        ("Staff/$count?$filter=hassubset(Shop.Manager/Tags,[\"a\"])", 200, "1"),
        ("Staff/$count?$filter=hassubset(Tags,Shop.Manager/Tags)", 200, "2"),
        ("Staff/$count?$filter=Color eq 'red'", 200, "2"),
        ("Staff/$count?$filter=Shop.Manager/Color eq 'red'", 200, "1"),
        ("Staff/$count?$filter=Shop.Manager/Color eq null", 200, "1"),
        ("Staff/$count?$filter=Shop.Manager/Color in ('red','blue')", 200, "1"),
        (
            "Staff?$orderby=Shop.Manager/Color desc&$select=Id&$top=1",
            200,
            r##""value":[{"@odata.type":"#Shop.Manager","Id":1}]}"##,
        ),
    ];
    let wrong = wrong(&World::modelled(script, model), &rows);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
