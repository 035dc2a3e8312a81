//! Databases that are legal and odd, and what becomes of them.

/// A database.
pub struct Odd {
    /// What is odd about it.
    pub name: &'static str,
    /// How it is made.
    pub script: &'static str,
    /// The outline of its model.
    pub outline: &'static str,
    /// How each notice begins.
    pub notices: &'static [&'static str],
}

/// All of them.
pub const ODD: &[Odd] = &[
    Odd {
        name: "empty",
        script: r#""#,
        outline: "\
",
        notices: &[],
    },
    Odd {
        name: "names",
        script: r#"CREATE TABLE "order" ("select" INTEGER PRIMARY KEY, "a ""quoted"" name" TEXT,
                "null" TEXT, "2nd" INT,
            "größe" REAL, "な" TEXT, "order" TEXT, "" TEXT, "ü b" TEXT);
            CREATE TABLE "Container" (id INTEGER PRIMARY KEY);
            CREATE TABLE "it's" ("x/y" TEXT PRIMARY KEY NOT NULL, "🙂" TEXT);"#,
        outline: "\
Container of Container (id)
  id Edm.Int64
it_s of it_s (x_y)
  x_y Edm.String
  _ Edm.String?
order of order (select)
  select Edm.Int64
  a__quoted__name Edm.String?
  null_ Edm.String?
  _2nd Edm.Int32?
  größe Edm.Double?
  な Edm.String?
  order Edm.String?
  _ Edm.String?
  ü_b Edm.String?
",
        notices: &[],
    },
    Odd {
        name: "collisions",
        script: r#"CREATE TABLE "a b" (id INTEGER PRIMARY KEY, "x y" INT, "x-y" INT, x_y INT, "X_Y 2" INT);
            CREATE TABLE "a-b" (id INTEGER PRIMARY KEY, a_b_id INT REFERENCES a_b);
            CREATE TABLE a_b (id INTEGER PRIMARY KEY, "a b_id" INT REFERENCES "a b", "a_b" INT);"#,
        outline: "\
a_b2 of a_b2 (id)
  id Edm.Int64
  x_y2 Edm.Int32?
  x_y3 Edm.Int32?
  x_y Edm.Int32?
  X_Y_2 Edm.Int32?
  > a_b: a_b* <a_b_id_a_b>
a_b3 of a_b3 (id)
  id Edm.Int64
  a_b_id Edm.Int32?
  > a_b: a_b? <a_b_by_a_b>
a_b of a_b (id)
  id Edm.Int64
  a_b_id Edm.Int32?
  a_b Edm.Int32?
  > a_b_id_a_b: a_b2? <a_b>
  > a_b_by_a_b: a_b3* <a_b>
",
        notices: &[],
    },
    Odd {
        name: "keys",
        script: r#"CREATE TABLE none (a INT);
            CREATE TABLE nullable (a INT UNIQUE);
            CREATE TABLE by_unique (a INT UNIQUE, b INT NOT NULL, c INT NOT NULL,
                d INT NOT NULL UNIQUE, UNIQUE (b, c));
            CREATE TABLE partial (a INT NOT NULL);
            CREATE UNIQUE INDEX partial_a ON partial (a) WHERE a > 0;
            CREATE TABLE expression (a INT NOT NULL);
            CREATE UNIQUE INDEX expression_a ON expression (abs(a));
            CREATE TABLE reals (a REAL PRIMARY KEY NOT NULL);
            CREATE TABLE blobs (a BLOB PRIMARY KEY NOT NULL, code TEXT NOT NULL UNIQUE);
            CREATE TABLE composite (a INT NOT NULL, b TEXT NOT NULL, c DATE NOT NULL, PRIMARY KEY (c, a));
            CREATE TABLE nulls (a TEXT PRIMARY KEY, b INT); INSERT INTO nulls VALUES (NULL, 1), (NULL,
                2), ('x', 3);
            CREATE VIEW v AS SELECT a FROM none;"#,
        outline: "\
blobs of blobs (code)
  a Edm.Binary
  code Edm.String
by_unique of by_unique (d)
  a Edm.Int32?
  b Edm.Int32
  c Edm.Int32
  d Edm.Int32
composite of composite (c, a)
  a Edm.Int32
  b Edm.String
  c Edm.Date
nulls of nulls (a)
  a Edm.String
  b Edm.Int32?
",
        notices: &[
            "nulls.a: Rows with null in this column of the primary key ca",
            "expression: Not served: it has no primary key and no unique ",
            "none: Not served: it has no primary key and no unique index ",
            "nullable: Not served: it has no primary key and no unique in",
            "partial: Not served: it has no primary key and no unique ind",
            "reals: Not served: its primary key cannot be a key in OData: ",
            "v: Not served: a view has no key. Name columns that identify",
        ],
    },
    Odd {
        name: "forms of tables",
        script: r#"CREATE TABLE strict (id INT PRIMARY KEY, a ANY, t TEXT) STRICT;
            CREATE TABLE no_rowid (k TEXT PRIMARY KEY, v INT) WITHOUT ROWID;
            CREATE TABLE down (id INTEGER PRIMARY KEY DESC, v INT);
            CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO counted DEFAULT VALUES;
            CREATE TABLE made (id INTEGER PRIMARY KEY, a INT, twice INT AS (a * 2),
                thrice AS (a * 3) STORED);
            CREATE TEMP TABLE strict (other TEXT); CREATE TEMP TABLE passing (id INTEGER PRIMARY KEY);
            CREATE VIRTUAL TABLE words USING fts5 (body);
            CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1);
            CREATE VIEW gone AS SELECT * FROM nowhere;
            CREATE VIEW wrong AS SELECT no_such_function(id) AS x FROM made;
            ANALYZE;"#,
        outline: "\
counted of counted (id)
  id Edm.Int64
down of down (id)
  id Edm.Int64
  v Edm.Int32?
made of made (id)
  id Edm.Int64
  a Edm.Int32?
  twice Edm.Int32?
  thrice Edm.String?
no_rowid of no_rowid (k)
  k Edm.String
  v Edm.Int32?
strict of strict (id)
  id Edm.Int32
  a Edm.String?
  t Edm.String?
",
        notices: &[
            "gone: Not served: SQLite cannot read it (no such table: main.",
            "wrong: Not served: SQLite cannot read it (no such function: n",
            "boxes: Not served: it has no primary key and no unique index",
            "words: Not served: it has no primary key and no unique index",
        ],
    },
    Odd {
        name: "self-references",
        script: r#"CREATE TABLE employees (id INTEGER PRIMARY KEY, manager_id INT REFERENCES employees);
            CREATE TABLE node (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES node (id),
                root_id INTEGER NOT NULL REFERENCES node);"#,
        outline: "\
employees of employees (id)
  id Edm.Int64
  manager_id Edm.Int32?
  > manager: employees? <employees_by_manager>
  > employees_by_manager: employees* <manager>
node of node (id)
  id Edm.Int64
  parent Edm.Int64?
  root_id Edm.Int64
  > parent_node: node? <node_by_parent>
  > root: node <node_by_root>
  > node_by_parent: node* <parent_node>
  > node_by_root: node* <root>
",
        notices: &[],
    },
    Odd {
        name: "several to one table",
        script: r#"CREATE TABLE addresses (id INTEGER PRIMARY KEY);
            CREATE TABLE orders (id INTEGER PRIMARY KEY,
            billing_address_id INTEGER NOT NULL REFERENCES addresses ON DELETE CASCADE,
            shipping_address_id INTEGER REFERENCES addresses ON DELETE SET NULL,
            origin INTEGER REFERENCES addresses ON DELETE RESTRICT,
            OtherAddress INTEGER REFERENCES addresses ON DELETE SET DEFAULT);"#,
        outline: "\
addresses of addresses (id)
  id Edm.Int64
  > orders_by_billing_address: orders* <billing_address>
  > orders_by_shipping_address: orders* <shipping_address>
  > orders_by_origin: orders* <origin_address>
  > orders_by_OtherAddress: orders* <OtherAddress_address>
orders of orders (id)
  id Edm.Int64
  billing_address_id Edm.Int64
  shipping_address_id Edm.Int64?
  origin Edm.Int64?
  OtherAddress Edm.Int64?
  > billing_address: addresses <orders_by_billing_address>
  > shipping_address: addresses? <orders_by_shipping_address>
  > origin_address: addresses? <orders_by_origin>
  > OtherAddress_address: addresses? <orders_by_OtherAddress>
",
        notices: &[],
    },
    Odd {
        name: "composite",
        script: r#"CREATE TABLE regions (country TEXT NOT NULL, code TEXT NOT NULL,
                PRIMARY KEY (country, code));
            CREATE TABLE cities (id INTEGER PRIMARY KEY, country TEXT NOT NULL, region TEXT,
            FOREIGN KEY (country, region) REFERENCES regions);
            CREATE TABLE offices (id INTEGER PRIMARY KEY, country TEXT NOT NULL, region TEXT NOT NULL,
            FOREIGN KEY (region, country) REFERENCES regions (code, country));
            CREATE TABLE routes (id INTEGER PRIMARY KEY, fc TEXT NOT NULL, fr TEXT NOT NULL,
                tc TEXT NOT NULL, tr TEXT NOT NULL,
            FOREIGN KEY (fc, fr) REFERENCES regions, FOREIGN KEY (tc, tr) REFERENCES regions);"#,
        outline: "\
cities of cities (id)
  id Edm.Int64
  country Edm.String
  region Edm.String?
  > regions: regions? <cities>
offices of offices (id)
  id Edm.Int64
  country Edm.String
  region Edm.String
  > regions: regions <offices>
regions of regions (country, code)
  country Edm.String
  code Edm.String
  > cities: cities* <regions>
  > offices: offices* <regions>
  > routes_by_fc_fr: routes* <fc_fr_region>
  > routes_by_tc_tr: routes* <tc_tr_region>
routes of routes (id)
  id Edm.Int64
  fc Edm.String
  fr Edm.String
  tc Edm.String
  tr Edm.String
  > fc_fr_region: regions <routes_by_fc_fr>
  > tc_tr_region: regions <routes_by_tc_tr>
",
        notices: &[],
    },
    Odd {
        name: "foreign keys that lead nowhere",
        script: r#"CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE, plain TEXT);
            CREATE TABLE q (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b));
            CREATE TABLE no_key (x INT);
            CREATE TABLE a (id INTEGER PRIMARY KEY, x1 INT REFERENCES nowhere, x2 INT REFERENCES p (absent),
            x3 INT REFERENCES q, x4 TEXT REFERENCES p (plain), x5 INT REFERENCES no_key (x),
            x6 TEXT REFERENCES P (CODE));
            CREATE TABLE twice (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p REFERENCES p (id));"#,
        outline: "\
a of a (id)
  id Edm.Int64
  x1 Edm.Int32?
  x2 Edm.Int32?
  x3 Edm.Int32?
  x4 Edm.String?
  x5 Edm.Int32?
  x6 Edm.String?
  > p: p? <a>
p of p (id)
  id Edm.Int64
  code Edm.String?
  plain Edm.String?
  > a: a* <p>
  > twice: twice* <p>
q of q (a, b)
  a Edm.Int32
  b Edm.Int32
twice of twice (id)
  id Edm.Int64
  p_id Edm.Int64?
  > p: p? <twice>
",
        notices: &[
            "a: The foreign key to `nowhere` was dropped: there is no suc",
            "a: The foreign key to `p` was dropped: `p` has no column `ab",
            "a: The foreign key to `q` was dropped: of its columns there ",
            "no_key: Not served: it has no primary key and no unique inde",
            "a: A foreign key to `p` was dropped: the columns it points t",
            "twice: A second foreign key to `p` over the same columns was",
        ],
    },
    Odd {
        name: "one to one",
        script: r#"CREATE TABLE users (id INTEGER PRIMARY KEY);
            CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users, text TEXT);
            CREATE TABLE badges (id INTEGER PRIMARY KEY, user_id INTEGER UNIQUE REFERENCES users);"#,
        outline: "\
badges of badges (id)
  id Edm.Int64
  user_id Edm.Int64?
  > user: users? <badge>
profiles of profiles (user_id)
  user_id Edm.Int64
  text Edm.String?
  > user: users <profile>
users of users (id)
  id Edm.Int64
  > badge: badges? <user>
  > profile: profiles? <user>
",
        notices: &[],
    },
    Odd {
        name: "link tables",
        script: r#"CREATE TABLE people (id INTEGER PRIMARY KEY);
            CREATE TABLE clubs (id INTEGER PRIMARY KEY);
            CREATE TABLE friends (person_id INTEGER NOT NULL REFERENCES people,
                friend_id INTEGER NOT NULL REFERENCES people,
            PRIMARY KEY (person_id, friend_id));
            CREATE TABLE members (person_id INTEGER NOT NULL REFERENCES people,
                club_id INTEGER NOT NULL REFERENCES clubs,
            PRIMARY KEY (club_id, person_id));
            CREATE TABLE founders (person_id INTEGER NOT NULL REFERENCES people,
                club_id INTEGER NOT NULL REFERENCES clubs,
            PRIMARY KEY (club_id, person_id)) WITHOUT ROWID;
            CREATE TABLE visits (person_id INTEGER NOT NULL REFERENCES people,
                club_id INTEGER NOT NULL REFERENCES clubs,
            day DATE NOT NULL, PRIMARY KEY (club_id, person_id));"#,
        outline: "\
clubs of clubs (id)
  id Edm.Int64
  > founders: founders* <club>
  > members: members* <club>
  > visits: visits* <club>
  > people_via_founders: people* <clubs_via_founders>
  > people_via_members: people* <clubs_via_members>
founders of founders (club_id, person_id)
  person_id Edm.Int64
  club_id Edm.Int64
  > person: people <founders>
  > club: clubs <founders>
friends of friends (person_id, friend_id)
  person_id Edm.Int64
  friend_id Edm.Int64
  > person: people <friends_by_person>
  > friend: people <friends_by_friend>
members of members (club_id, person_id)
  person_id Edm.Int64
  club_id Edm.Int64
  > person: people <members>
  > club: clubs <members>
people of people (id)
  id Edm.Int64
  > founders: founders* <person>
  > friends_by_person: friends* <person>
  > friends_by_friend: friends* <friend>
  > members: members* <person>
  > visits: visits* <person>
  > clubs_via_founders: clubs* <people_via_founders>
  > people_by_friend: people* <people_by_person>
  > people_by_person: people* <people_by_friend>
  > clubs_via_members: clubs* <people_via_members>
visits of visits (club_id, person_id)
  person_id Edm.Int64
  club_id Edm.Int64
  day Edm.Date
  > person: people <visits>
  > club: clubs <visits>
",
        notices: &[],
    },
    Odd {
        name: "names of relations",
        script: r#"CREATE TABLE customer (id INTEGER PRIMARY KEY);
            CREATE TABLE countries (code TEXT PRIMARY KEY NOT NULL);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer,
                country TEXT REFERENCES countries);
            CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT,
                customer_id INT REFERENCES customer, customerid INTEGER);
            CREATE TABLE notes (id INTEGER PRIMARY KEY, orders INT, order_id INTEGER REFERENCES orders);
            CREATE TABLE tags (id INTEGER PRIMARY KEY, note_fk INTEGER REFERENCES notes,
                idCountry TEXT REFERENCES countries);"#,
        outline: "\
countries of countries (code)
  code Edm.String
  > orders: orders* <countries>
  > tags: tags* <country>
customer of customer (id)
  id Edm.Int64
  > invoices: invoices* <customer_id_customer>
  > orders: orders* <customer_navigation>
invoices of invoices (id)
  id Edm.Int64
  customer Edm.String?
  customer_id Edm.Int32?
  customerid Edm.Int64?
  > customer_id_customer: customer? <invoices>
notes of notes (id)
  id Edm.Int64
  orders Edm.Int32?
  order_id Edm.Int64?
  > order: orders? <notes>
  > tags: tags* <note>
orders of orders (id)
  id Edm.Int64
  customer Edm.Int64?
  country Edm.String?
  > customer_navigation: customer? <orders>
  > countries: countries? <orders>
  > notes: notes* <order>
tags of tags (id)
  id Edm.Int64
  note_fk Edm.Int64?
  idCountry Edm.String?
  > note: notes? <tags>
  > country: countries? <tags>
",
        notices: &[],
    },
];
