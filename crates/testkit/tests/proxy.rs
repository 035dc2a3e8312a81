//! The proxy, as the process that it can tell from others.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use nextlink_testkit::proxy::{Behaviour, Proxy};

#[test]
fn connections_of_one_process_are_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let target = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (mut from, mut to) = (client.try_clone().expect("a socket"), client);
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    let proxy = Proxy::start();
    proxy.lead_to(&target);
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time-out");
    let mut says = |behaviour| {
        proxy.behave(behaviour);
        // What was being read goes on.
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(b"x").expect("it is open");
        stream.read(&mut [0; 8]).ok()
    };
    let here = std::process::id();
    assert_eq!(says(Behaviour::Pass), Some(1));
    assert_eq!(says(Behaviour::HoleFrom(here)), None);
    assert!(says(Behaviour::Pass).is_some(), "what was held back, at least");
    assert!(says(Behaviour::HoleFrom(1)).is_some(), "another process");
}
