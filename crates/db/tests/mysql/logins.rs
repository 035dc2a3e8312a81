//! Who reads: the login of the source, or one that the client has.

use nextlink_db::error::Error;
use nextlink_db::location::Location;
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;

use crate::ask::{Ask, Asked, Failure};
use crate::world::{World, connections, login, server};

/// More logins than a source keeps connections for.
const LOGINS: usize = 70;

fn as_user(user: &str, password: &str) -> Ask {
    let mut ask = Ask::default();
    ask.run.login = Some(login(user, password));
    ask
}

#[test]
fn clients_say_who_reads() {
    let world = World::new("CREATE TABLE T (Id INT PRIMARY KEY); INSERT INTO T VALUES (1);");
    let name = world.database.name();
    let users: Vec<String> = (0..LOGINS).map(|i| format!("u{i}_{}", &name[9..])).collect();
    let script: Vec<String> = users
        .iter()
        .map(|user| {
            format!("CREATE USER {user} IDENTIFIED BY 'of {user}'; GRANT SELECT ON {name}.* TO {user};")
        })
        .collect();
    world.database.run(&script.concat());
    let mut place = server(&world.database);
    place.login = None;
    let source = Source::open(&Location::MySql(place)).expect("nobody logs in yet");
    let introspected = source.introspect(&IntrospectLimits::default());
    assert!(matches!(introspected, Err(Error::LoginNeeded)), "{introspected:?}");
    let asked = Asked { source: &source, mapping: &world.mapping };
    for url in ["T", "T(1)", "T/$count", "T?$count=true"] {
        let found = asked.ask_with(url, &Ask::default());
        assert!(matches!(found, Err(Failure::Run(Error::LoginNeeded))), "{url}: {found:?}");
        let found = asked.ask_with(url, &as_user(&users[0], "wrong"));
        assert!(matches!(found, Err(Failure::Run(Error::LoginRefused { .. }))), "{url}: {found:?}");
        let found = asked.ask_with(url, &as_user(&users[0], &format!("of {}", users[0])));
        assert!(found.is_ok(), "{url}: {found:?}");
        // The right password before does not open for a wrong one after.
        let found = asked.ask_with(url, &as_user(&users[0], "wrong"));
        assert!(matches!(found, Err(Failure::Run(Error::LoginRefused { .. }))), "{url}: {found:?}");
    }
    for user in &users {
        let found = asked.ask_with("T", &as_user(user, &format!("of {user}"))).expect("an answer");
        assert_eq!(found.rows(), r#"{"Id":1}"#);
    }
    let kept = connections(&world.database).len();
    assert!((60..=66).contains(&kept), "connections of the logins that were used last are kept: {kept}");
    for user in &users {
        let found = asked.ask_with("T", &as_user(user, "wrong"));
        assert!(matches!(found, Err(Failure::Run(Error::LoginRefused { .. }))), "{found:?}");
    }
    assert_eq!(connections(&world.database).len(), kept, "wrong ones drive no right ones out");
    // A login of the client goes before that of the source.
    let asked = Asked { source: &world.source, mapping: &world.mapping };
    let found = asked.ask_with("T", &as_user(&users[1], "wrong"));
    assert!(matches!(found, Err(Failure::Run(Error::LoginRefused { .. }))), "{found:?}");
    let drops: Vec<String> = users.iter().map(|user| format!("DROP USER {user};")).collect();
    world.database.run(&drops.concat());
}
