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
    let mut says = |behaviour, patience| {
        proxy.behave(behaviour);
        stream.set_read_timeout(Some(patience)).expect("a time-out");
        stream.write_all(b"x").expect("it is open");
        stream.read(&mut [0; 8]).ok()
    };
    let (here, long) = (std::process::id(), Duration::from_secs(60));
    assert_eq!(says(Behaviour::Pass, long), Some(1));
    // What was being read goes on.
    let mut tries = (0..100).map(|_| says(Behaviour::HoleFrom(here), Duration::from_millis(200)));
    assert!(tries.any(|said| said.is_none()), "it is cut off");
    assert!(says(Behaviour::Pass, long).is_some(), "what was held back, at least");
    assert!(says(Behaviour::HoleFrom(1), long).is_some(), "another process");
}
