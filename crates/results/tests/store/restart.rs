//! Restart: what is taken over, what is removed, what is left alone.

use std::os::unix::fs::PermissionsExt as _;

use nextlink_results::keys::MasterKeys;
use nextlink_results::{
    Codec, Error, Incomplete, NodeIdentity, PageError, PageIn, ResultState, Store, StoreConfig,
};

use crate::support::*;

fn pages() -> Vec<PageIn> {
    (0..5).map(|number| sample(number, 20)).collect()
}

#[test]
fn complete_results_are_read_on_after_a_restart() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let ids = CODECS.map(|codec| write(&store, codec, &pages()));
    let before = store.list();
    let bytes = store.stats().bytes;
    drop(store);
    for boot in 2..4 {
        let store = fixture.open();
        assert_eq!(store.list(), before, "boot {boot}");
        assert_eq!(store.stats().bytes, bytes, "boot {boot}: what lies there is counted");
        for id in ids {
            for number in 0..5 {
                let name = format!("boot {boot}, page {number}");
                assert_page(&name, &read(&store, id, number).unwrap(), number, &pages());
            }
        }
    }
    assert_eq!(fixture.registry.count("update"), 3, "rows that agree are not written again");
}

#[test]
fn an_unfinished_result_ends_in_an_error_after_a_restart() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut writer = store.create(new_result(Codec::Deflate)).unwrap();
    let id = writer.id();
    writer.page(sample(0, 20)).unwrap();
    writer.page(sample(1, 20)).unwrap();
    drop(store);
    assert!(writer.page(sample(2, 20)).is_err(), "the store is closed");
    drop(writer);
    let store = fixture.open();
    let mut whole = pages();
    whole.truncate(3);
    for number in 0..2 {
        assert_page("after", &read(&store, id, number).unwrap(), number, &whole);
    }
    let beyond = read(&store, id, 2).unwrap_err();
    assert!(matches!(beyond, PageError::Incomplete(Incomplete::Restarted)), "{beyond}");
    assert_eq!(fixture.registry.rows.lock().unwrap()[&id].state, ResultState::Failed);
}

#[test]
fn file_and_registry_must_agree() {
    type Change = fn(&Fixture, nextlink_results::ResultId);
    fn row(
        fixture: &Fixture,
        id: nextlink_results::ResultId,
        change: impl Fn(&mut nextlink_results::ResultRow),
    ) {
        change(fixture.registry.rows.lock().unwrap().get_mut(&id).unwrap());
    }
    let rows: [(&str, Change); 9] = [
        ("no row", |fixture, id| drop(fixture.registry.rows.lock().unwrap().remove(&id))),
        ("no pages", |fixture, id| std::fs::remove_file(fixture.file(id, "pages")).unwrap()),
        ("no index", |fixture, id| std::fs::remove_file(fixture.file(id, "index")).unwrap()),
        ("empty pages", |fixture, id| std::fs::write(fixture.file(id, "pages"), "").unwrap()),
        ("other generation", |fixture, id| row(fixture, id, |row| row.generation = 2)),
        ("other user", |fixture, id| row(fixture, id, |row| row.user = "bob".into())),
        ("other source", |fixture, id| row(fixture, id, |row| row.source = "bank".into())),
        ("other time", |fixture, id| row(fixture, id, |row| row.created_ms += 1)),
        ("expired", |fixture, _| fixture.advance(15 * 60)),
    ];
    for (name, change) in rows {
        let fixture = Fixture::new();
        let id = write(&fixture.open(), Codec::None, &pages());
        change(&fixture, id);
        let store = fixture.open();
        assert!(matches!(read(&store, id, 0), Err(PageError::Unknown)), "{name}");
        store.sweep();
        assert_eq!((fixture.files().len(), fixture.registry.len()), (0, 0), "{name}: nothing is left");
        assert_eq!(store.stats().bytes, 0, "{name}");
    }
}

#[test]
fn only_what_is_provably_ours_is_deleted() {
    let fixture = Fixture::new();
    let id = write(&fixture.open(), Codec::None, &pages());
    let path = fixture.file(id, "pages");
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let dir = fixture.results();
    let outside = fixture.dir.path().join("outside");
    std::fs::write(&outside, "precious").unwrap();
    let foreign = name.replace(&name[42..50], "00000000");
    let left = ["notes.txt", "pages", &name[..name.len() - 1], &format!("{name}.bak"), &foreign];
    for other in left {
        std::fs::copy(&path, dir.join(other)).unwrap();
    }
    let sub = name.replace(&name[..4], "ffff");
    std::fs::create_dir(dir.join(&sub)).unwrap();
    let link = name.replace(&name[..4], "eeee");
    std::os::unix::fs::symlink(&outside, dir.join(&link)).unwrap();
    // Our name on the file of another result: its header says that it is not what the name says.
    let renamed = name.replace(&name[..4], "dddd");
    std::fs::copy(&path, dir.join(&renamed)).unwrap();
    fixture.registry.rows.lock().unwrap().clear();
    let store = fixture.open();
    assert!(path.exists(), "nobody waits for a removal at the start");
    store.sweep();
    drop(store);
    for other in left.iter().copied().chain([&*sub, &*link, &*renamed]) {
        assert!(std::fs::symlink_metadata(dir.join(other)).is_ok(), "{other} is left alone");
    }
    assert!(!path.exists(), "our own file without a row is removed");
    assert_eq!(std::fs::read_to_string(outside).unwrap(), "precious");
}

#[test]
fn one_directory_belongs_to_one_store() {
    let fixture = Fixture::new();
    let store = fixture.open();
    assert!(matches!(NodeIdentity::open(fixture.dir.path()), Err(Error::Locked { .. })), "same identity");
    let other = tempfile::tempdir().unwrap();
    let node = NodeIdentity::open(other.path()).unwrap();
    let keys = MasterKeys::open(other.path()).unwrap();
    let config = StoreConfig::new(fixture.results(), node, keys);
    let refused = Store::open(config, fixture.registry.clone()).unwrap_err();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    drop(store);
    fixture.open();
}

#[test]
fn directory_and_files_are_private() {
    let fixture = Fixture::new();
    let store = fixture.open();
    write(&store, Codec::None, &pages());
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&fixture.results()), 0o700);
    for path in fixture.files() {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&b"ann"[..], b"shop", b"Orders", b"after 0"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found || secret.len() < 4, "{} shows {secret:?}", path.display());
        }
    }
}

#[test]
fn results_outlive_a_rotation_of_keys_but_not_the_loss_of_theirs() {
    let fixture = Fixture::new();
    let open = |keys| Store::open(fixture.config_with_keys(keys), fixture.registry.clone()).unwrap();
    let id = write(&open(keys(1, &[])), Codec::Lz4, &pages());
    let store = open(keys(2, &[1]));
    assert_page("rotated", &read(&store, id, 4).unwrap(), 4, &pages());
    let newer = write(&store, Codec::Lz4, &pages());
    drop(store);
    let store = open(keys(3, &[2]));
    assert!(matches!(read(&store, id, 0), Err(PageError::Unknown)), "its key is gone");
    assert_page("newer", &read(&store, newer, 0).unwrap(), 0, &pages());
    store.sweep();
    assert_eq!((fixture.files().len(), fixture.registry.len()), (2, 1));
}

#[test]
fn a_registry_that_is_down_at_start_stops_the_store_before_it_removes_anything() {
    let fixture = Fixture::new();
    let id = write(&fixture.open(), Codec::None, &pages());
    fixture.registry.down.store(true, std::sync::atomic::Ordering::SeqCst);
    let refused = Store::open(fixture.config(), fixture.registry.clone());
    assert!(matches!(refused, Err(Error::Registry(_))));
    fixture.registry.down.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(read(&fixture.open(), id, 0).is_ok());
}

#[test]
fn settings_that_cannot_work_are_named() {
    type Change = fn(&mut StoreConfig);
    let rows: [(&str, Change); 6] = [
        ("writer_threads", |config| config.writer_threads = 0),
        ("open_results", |config| config.open_results = 0),
        ("slow_reads", |config| config.slow_reads = 0),
        ("deflate_level", |config| config.deflate_level = 10),
        ("idle_expiry", |config| config.idle_expiry = std::time::Duration::ZERO),
        ("absolute_expiry", |config| config.absolute_expiry = config.idle_expiry / 2),
    ];
    for (wanted, change) in rows {
        let fixture = Fixture::new();
        let mut config = fixture.config();
        change(&mut config);
        let refused = Store::open(config, fixture.registry.clone());
        assert!(matches!(refused, Err(Error::Setting { name, .. }) if name == wanted), "{wanted}");
    }
}
