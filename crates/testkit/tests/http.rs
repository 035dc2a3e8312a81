//! The HTTP client, against answers written byte for byte.

use nextlink_testkit::http::{HttpError, get, raw, read_answer, resolve, send};
use nextlink_testkit::ports::Port;
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread::JoinHandle;

/// A server for one connection: takes what comes up to the end of the head, answers with these bytes.
fn server(answer: &'static [u8]) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            request.push(byte[0]);
        }
        stream.write_all(answer).unwrap();
        // Closing with unread bytes would reset the connection, and the answer with it.
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        request
    });
    (host, thread)
}

#[test]
fn answers_are_read() {
    type Row = (&'static str, &'static str, bool, Result<(u16, &'static str), &'static str>);
    let rows: &[Row] = &[
        ("length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", false, Ok((200, "ab"))),
        ("to the end", "HTTP/1.0 404 \r\n\r\nabc", false, Ok((404, "abc"))),
        (
            "chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
            false,
            Ok((200, "ab0123456789")),
        ),
        ("no body", "HTTP/1.1 204 No Content\r\n\r\nabc", false, Ok((204, ""))),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, Ok((200, ""))),
        (
            "100",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\na",
            false,
            Ok((201, "a")),
        ),
        (
            "cut body",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
            false,
            Err("5 bytes were announced, 2 came"),
        ),
        ("cut chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false, Err("2 came")),
        (
            "no last chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            false,
            Err("not end"),
        ),
        (
            "long chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            false,
            Err("longer"),
        ),
        ("no HTTP", "SSH-2.0\r\n\r\n", false, Err("status line")),
        ("nothing", "", false, Err("a line that does not end")),
        ("bad length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false, Err("Content-Length `-1`")),
    ];
    for (name, bytes, head_only, expected) in rows {
        match (read_answer(&mut BufReader::new(bytes.as_bytes()), *head_only), expected) {
            (Ok(answer), Ok((status, body))) => {
                assert_eq!((answer.status, answer.text().as_str()), (*status, *body), "{name}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{name}: {error}"),
            (got, _) => panic!("{name}: {got:?}"),
        }
    }
}

#[test]
fn requests_are_written_as_given() {
    let (host, thread) = server(b"HTTP/1.1 200 OK\r\nX: 1\r\nx: 2\r\nContent-Length: 4\r\n\r\n[1]\n");
    let answer = get(&format!("http://{host}/a b?c=%27&d='#e"), &[("Accept", "x"), ("accept", "y")]);
    assert_eq!(answer.json(), serde_json::json!([1]));
    assert_eq!(answer.headers_named("X").collect::<Vec<_>>(), ["1", "2"]);
    let expected = format!(
        "GET /a b?c=%27&d='#e HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: x\r\naccept: y\r\n\r\n"
    );
    assert_eq!(String::from_utf8(thread.join().unwrap()).unwrap(), expected);

    let (host, thread) = server(b"HTTP/1.1 400 Bad\r\n\r\n");
    let answer = raw(&host, b"GET /\x01 HTTP/0.9\r\n\r\n").unwrap();
    assert_eq!(
        (answer.status, thread.join().unwrap().as_slice()),
        (400, b"GET /\x01 HTTP/0.9\r\n\r\n".as_slice())
    );

    let (host, thread) = server(b"HTTP/1.1 200 OK\r\n\r\n");
    send("POST", &format!("http://{host}"), &[("host", "h")], Some(b"abc")).unwrap();
    let request = String::from_utf8(thread.join().unwrap()).unwrap();
    assert_eq!(request, "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\nhost: h\r\n\r\n");
}

#[test]
fn no_answer_is_an_error_of_its_own_kind() {
    let closed = Port::claim();
    let refused = send("GET", &format!("http://127.0.0.1:{}/", closed.number()), &[], None);
    assert!(matches!(refused, Err(HttpError::Connection(_))), "{refused:?}");
    for url in ["https://h:1/", "http://h/", "h:1/", "http://h:1?x"] {
        assert!(matches!(send("GET", url, &[], None), Err(HttpError::Url(_))), "{url}");
    }
}

#[test]
fn links_are_resolved() {
    let base = "http://h:1/api/demo/Orders?$top=1";
    let rows = [
        ("http://x:2/y", "http://x:2/y"),
        ("/y?z", "http://h:1/y?z"),
        ("Orders?$skiptoken=a", "http://h:1/api/demo/Orders?$skiptoken=a"),
        ("?$skiptoken=a", "http://h:1/api/demo/Orders?$skiptoken=a"),
        ("Orders?x=http://y", "http://h:1/api/demo/Orders?x=http://y"),
    ];
    for (link, expected) in rows {
        assert_eq!(resolve(base, link).unwrap(), expected, "{link}");
    }
}
