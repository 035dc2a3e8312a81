//! The shape of the syntax trees the URL parser makes, as tables of input and tree.

mod render;

use nextlink_odata::url::{ParseOptions, parse, parse_expression, parse_search};

/// Expressions and their trees.
const EXPRESSIONS: &[(&str, &str)] = &[
    // Precedence, Part 2 section 5.1.1.16
    ("a or b and c", "(or a (and b c))"),
    ("a and b or c and d", "(or (and a b) (and c d))"),
    ("(a or b) and c", "(and (or a b) c)"),
    ("a or b or c", "(or (or a b) c)"),
    ("a or b or c or d or e", "(or (or (or a b) (or c d)) e)"),
    ("a eq b gt c", "(eq a (gt b c))"),
    ("a gt b eq c lt d", "(eq (gt a b) (lt c d))"),
    ("1 add 2 mul 3 sub 4", "(sub (add 1 (mul 2 3)) 4)"),
    ("8 div 4 div 2", "(div (div 8 4) 2)"),
    ("8 divby 3 mod 2", "(mod (divby 8 3) 2)"),
    ("not a and b", "(and (not a) b)"),
    ("not a eq b", "(eq (not a) b)"),
    ("not (a eq b)", "(not (eq a b))"),
    ("not(a)", "(not a)"),
    ("not not a", "(not (not a))"),
    ("not a in (1,2)", "(not (in a (1 2)))"),
    ("not a has N.E'X'", "(not (has a N.E:X))"),
    ("-a mul b", "(mul (- a) b)"),
    ("- 5", "(- 5)"),
    ("a sub -5", "(sub a -5)"),
    ("a EQ 1 AND NOT b", "(and (eq a 1) (not b))"),
    ("nota eq notb", "(eq nota notb)"),
    ("orders or andy", "(or orders andy)"),
    // Paths and lambdas
    ("Customer/Address/City", "Customer/Address/City"),
    ("$it/Name eq $this", "(eq $it/Name $this)"),
    ("$root/Sets('A')/Name", "$root/Sets('A')/Name"),
    ("Items/any()", "Items/any()"),
    ("Items/any(i:i/N gt 1) and a", "(and Items/any(i: (gt i/N 1)) a)"),
    ("Items/ALL( i : i/N in (1) )", "Items/all(i: (in i/N (1)))"),
    ("N.Customer/Items/$count gt 1", "(gt N.Customer/Items/$count 1)"),
    ("Items/$count($filter=N eq 1;$search=x) gt 1", "(gt Items/$count(filter=(eq N 1); search=x) 1)"),
    ("Items/$filter(N gt 1)(2)/N", "Items/$filter((gt N 1))/<key>(2)/N"),
    ("N.F(a=1,b=x/y)(2)/Name", "N.F(a=1 b=x/y)/<key>(2)/Name"),
    ("Emails/-1", "Emails/-1"),
    ("Price/@N.Unit%23Q eq 'x'", "(eq Price/@N.Unit#Q 'x')"),
    ("@p eq 1", "(eq @p 1)"),
    ("@p/Name eq @N.Term", "(eq @p/Name @N.Term)"),
    ("$these/$count", "$these/$count"),
    // Functions
    ("CONTAINS(Name,'x')", "contains(Name 'x')"),
    ("geo.Distance( A , B )", "geo.distance(A B)"),
    ("substring(a,1,2)", "substring(a 1 2)"),
    ("case(a gt 0:1,true:-1)", "case((gt a 0) 1 true -1)"),
    ("case(a gt 10:11,b eq 10:30:20)", "case((gt a 10) 11 (eq b time:10:30) 20)"),
    ("cast(a,Edm.Int32)", "cast(a Edm.Int32)"),
    ("cast(a,'Edm.Int32')", "cast(a Edm.Int32)"),
    ("isof(a, 'N.T')", "isof(a N.T)"),
    ("cast(N.T)", "cast(N.T)"),
    ("isof(a,Collection(Edm.String))", "isof(a Collection(Edm.String))"),
    ("length", "length"),
    ("now() gt date(x)", "(gt now() date(x))"),
    ("Date(1)", "date(1)"),
    ("My.Date(x=1)", "My.Date(x=1)"),
    // in
    ("a in ()", "(in a ())"),
    ("a in ( 'x' , 'y' )", "(in a ('x' 'y'))"),
    ("a in (@p,@q)", "(in a (@p @q))"),
    ("a in (@p)", "(in a @p)"),
    ("a in (Names)", "(in a Names)"),
    ("a in Names and b", "(and (in a Names) b)"),
    (r#"a in ["x",'y']"#, "(in a ['x' 'y'])"),
    // JSON
    (r#"{"a":[1,{}],"b c":$it/N}"#, "{a:[1 {}] b c:$it/N}"),
    (r#"["\u00e9\uD83D\uDE00\"\\\/\n"]"#, "['é😀\"\\/\n']"),
];

#[test]
fn expressions() {
    for &(input, wanted) in EXPRESSIONS {
        let found = parse_expression(input, &ParseOptions::default());
        let found = found.map(|tree| render::expr(&tree)).map_err(|error| error.to_string());
        assert_eq!(found, Ok(wanted.to_owned()), "{input}");
    }
}

/// Literals and their values.
const LITERALS: &[(&str, &str)] = &[
    ("null", "null"),
    ("Null", "Null"),
    ("TRUE", "true"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775808", "decimal:9223372036854775808"),
    ("%2B42", "42"),
    ("0.10", "decimal:0.10"),
    ("1e5", "decimal:1e5"),
    ("1.5E%2B3", "decimal:1.5E+3"),
    ("1.5e+3", "decimal:1.5e+3"),
    ("INF", "double:inf"),
    ("-INF", "double:-inf"),
    ("NaN", "double:NaN"),
    ("INF/x", "INF/x"),
    ("'O''Neil'", "'O'Neil'"),
    ("''", "''"),
    ("''''", "'''"),
    ("'%C3%A9%20+'", "'é  '"),
    ("2024-02-29", "date:2024-02-29"),
    ("-0044-03-15", "date:-0044-03-15"),
    ("12345678-01-01", "date:12345678-01-01"),
    ("12:30", "time:12:30"),
    ("12:30:15.25", "time:12:30:15.25"),
    ("2024-02-29T12:30z", "stamp:2024-02-29T12:30Z"),
    ("2024-02-29T12:30:60.5+01:00", "stamp:2024-02-29T12:30:60.5+01:00"),
    ("2024-02-29T12:30%2B01:00", "stamp:2024-02-29T12:30+01:00"),
    ("2024-02-29T12:30-01:00", "stamp:2024-02-29T12:30-01:00"),
    ("duration'-P1DT2H3M4.5S'", "duration:-P1DT2H3M4.5S"),
    ("Duration'PT0S'", "duration:PT0S"),
    ("ABCDEF01-2345-6789-abcd-EF0123456789", "guid:abcdef01-2345-6789-abcd-ef0123456789"),
    ("12345678-1234-1234-1234-123456789012", "guid:12345678-1234-1234-1234-123456789012"),
    ("binary'AP-_'", "binary:[00, ff, bf]"),
    ("binary'Zg=='", "binary:[66]"),
    ("N.Color'Red,-2'", "N.Color:Red,-2"),
    ("geography'SRID=4326;Point(1.5 -2)'", "geography:SRID=4326;Point(1.5 -2)"),
];

#[test]
fn literals() {
    for &(input, wanted) in LITERALS {
        let found = parse_expression(input, &ParseOptions::default());
        let found = found.map(|tree| render::expr(&tree)).map_err(|error| error.to_string());
        assert_eq!(found, Ok(wanted.to_owned()), "{input}");
    }
}

#[test]
fn paths() {
    let rows = [
        ("", ""),
        ("/", ""),
        ("Products", "Products@0"),
        ("/Products/", "Products@1"),
        ("Products()", "Products@0()"),
        ("Products%281%29", "Products@0(1)"),
        ("Products(-1)/Name/$value", "Products@0(-1) Name@13 Value@18"),
        ("Items(Order=1,Line='a%2Fb')", "Items@0(Order=1 Line='a/b')"),
        ("Set(@k)/N.Derived", "Set@0(@k) N.Derived@8"),
        ("F(a=1,b=@b)(2)/X", "F@0(a=1 b=@b)(2) X@15"),
        ("F(a=[1,2])", "F@0(a=[1 2])"),
        ("Set/O'Neil/1+1/-5/a%20b", "Set@0 O'Neil@4 1+1@11 -5@15 a b@18"),
        ("Set/2024-02-29/a%2Fb", "Set@0 2024-02-29@4 a/b@15"),
        ("%C3%84pfel", "Äpfel@0"),
        ("$metadata", "Metadata@0"),
        ("$openapi", "OpenApi@0"),
        ("$crossjoin(A,B)", "$crossjoin@0(A B)"),
        ("$all/N.T", "All@0 N.T@5"),
        ("Set/$filter(A/B eq 'x/y')/$count", "Set@0 $filter@4((eq A/B 'x/y')) Count@26"),
        ("Set/$filter(@f)(1)", "Set@0 $filter@4(@f) <key>@15(1)"),
        ("Set/$each/N.Act", "Set@0 Each@4 N.Act@10"),
    ];
    for (input, wanted) in rows {
        let found = parse(input).map(|url| render::segments(&url.path)).map_err(|error| error.to_string());
        assert_eq!(found, Ok(wanted.to_owned()), "{input}");
    }
}

#[test]
fn options() {
    let rows = [
        ("", ""),
        ("&$top=1&&", "top=1@8"),
        ("%24filter=a%20eq%20%27x%26y%27", "filter=(eq a 'x&y')"),
        ("$filter=a+eq+'x%2By'", "filter=(eq a 'x+y')"),
        ("$filter=+a eq 1+", "filter=(eq a 1)"),
        ("FILTER=a&Top=5&$SKIP=2", "filter=a; top=5@15; skip=2@23"),
        ("$orderby=a desc,b/c, length(d) asc,desc", "orderby=a- b/c+ length(d)+ desc+"),
        ("$count=TRUE&$index=-1", "count=true@9; index=-1@21"),
        ("$select=*,N.*,A/B,@N.T,C($select=D;$top=1)", "select=* N.* A/B @N.T C(select=D; top=1@42)"),
        ("$select=N.F(a,b),F(x)", "select=N.F<a b> F<x>"),
        (
            "$expand=A,B/$ref,C/N.T/$count($filter=x),*($levels=max)",
            "expand=A B/Ref C/N.T/Count(filter=x) *(levels=Max@53)",
        ),
        (
            "$expand=A($filter=x eq ';)';$expand=B($top=1);$count=true)",
            "expand=A(filter=(eq x ';)'); expand=B(top=1@45); count=true@55)",
        ),
        (
            "$expand=A(orderby=b desc;levels=2;@a=$this)",
            "expand=A(orderby=b-; levels=Number(2)@34; @a=$this@36)",
        ),
        ("$expand=$value,*/$ref", "expand=/Value */Ref"),
        ("$compute=a add 1 as b,c as d", "compute=(add a 1)->b@22 c->d@29"),
        ("@p='a'&@q=[1]&$filter=x eq @p", "filter=(eq x @p); @p='a'@2; @q=[1]@9"),
        ("x=1&empty&find=O%27Neil%20y", "<x>=1@2; <empty>=@6; <find>=O'Neil y@12"),
        ("$format=json&skiptoken=a%20b", "$format=json@2; $skiptoken=a b@15"),
        ("levels=1&from=2", "<levels>=1@2; <from>=2@11"),
        ("$from=2020-01-01&$TO=max", "$from=2020-01-01@2; $to=max@19"),
    ];
    for (query, wanted) in rows {
        let input = format!("S?{query}");
        let found = parse(&input).map(|url| render::options(&url.options)).map_err(|error| error.to_string());
        assert_eq!(found, Ok(wanted.to_owned()), "{input}");
    }
}

#[test]
fn searches() {
    let rows = [
        ("a b OR c NOT d", "(or (and a b) (and c (not d)))"),
        ("NOT a b", "(and (not a) b)"),
        ("a AND (b OR c)", "(and a (or b c))"),
        ("\"a  b\" c", "(and \"a  b\" c)"),
        (r#""a\"b" c"#, r#"(and "a"b" c)"#),
        (r#""a\\" b"#, r#"(and "a\" b)"#),
        (r#""a\b""#, r#""a\b""#),
        ("a%3Bb,c", "a;b,c"),
        ("AND OR NOT", "(or AND NOT)"),
        ("NOT", "NOT"),
        ("not a or b", "(and (and not a) (and or b))"),
        ("ORANGE ANDY", "(and ORANGE ANDY)"),
        ("'a \"b'", "'a \"b'"),
    ];
    for (input, wanted) in rows {
        let found = parse_search(input, &ParseOptions::default());
        let found = found.map(|tree| render::search(&tree)).map_err(|error| error.to_string());
        assert_eq!(found, Ok(wanted.to_owned()), "{input}");
    }
}

/// Values of `$apply`, which starts at offset 10, and a part of their tree.
const APPLIES: &[(&str, &str)] = &[
    ("filter(a gt 1)/top(5)", "{ at: 10, kind: Filter(Expr { at: 19,"),
    ("filter(a gt 1)/top(5)", "{ at: 25, kind: Top(5) }]"),
    ("topcount(2,b)", "{ at: 10, kind: Rank { method: TopCount, amount: Expr { at: 19,"),
    ("aggregate($count as n)", "[PathSegment { at: 20, kind: Count("),
    ("aggregate(a with sum as b)", "method: Some(Method { at: 27, kind: Sum })"),
    ("aggregate(a with sum as b)", "from: [], alias: Some(Name { at: 34, name: \"b\" })"),
    ("aggregate(a with N.M as b,c)", "kind: Custom(\"N.M\")"),
    ("aggregate(a with N.M as b,c)", "method: None, from: [], alias: None }"),
    ("aggregate(a with sum from b,c/d with max as e)", "AggregateFrom { at: 31, grouping: [[Name { at: 36,"),
    ("aggregate(a with sum from b,c/d with max as e)", "method: Some(Method { at: 47, kind: Max }) }]"),
    (
        "groupby((a/b))",
        "elements: [Path([Name { at: 19, name: \"a\" }, Name { at: 21, name: \"b\" }])], then: None",
    ),
    ("groupby((rollup(c,d)))", "Rollup([[Name { at: 26, name: \"c\" }], [Name { at: 28, name: \"d\" }]])"),
    ("groupby((rollup(H)),identity)", "then: Some([Transformation { at: 30, kind: Identity }])"),
    ("ancestors($root/N,Q,a/b,filter(x),2,keep start)", "Relatives { direction: Ancestors,"),
    ("ancestors($root/N,Q,a/b,filter(x),2,keep start)", "max_distance: Some(2), keep_start: true }"),
    ("traverse($root/N,Q,a,preorder,b desc)", "order: Preorder, start: None, orderby: [OrderItem"),
    ("traverse($root/N,Q,a,postorder,top(1))", "start: Some([Transformation { at: 41, kind: Top(1) }])"),
    ("join(a as b)", "Join { outer: false, path: [Name { at: 15, name: \"a\" }], alias: Name { at: 20,"),
    (
        "nest(identity as a)",
        "Nest([NestItem { pipeline: [Transformation { at: 15, kind: Identity }], alias: Name { at: 27",
    ),
    ("N.F(a=1)", "Function { name: \"N.F\", args: [Argument { at: 14, name: Some(\"a\")"),
];

#[test]
fn applies() {
    for &(value, wanted) in APPLIES {
        let input = format!("Se?$apply={value}");
        let found = parse(&input).map(|url| format!("{:?}", url.options.apply.unwrap_or_default()));
        let found = found.unwrap_or_else(|error| error.to_string());
        assert!(found.contains(wanted), "{input}\nwanted {wanted}\nfound  {found}");
    }
}
