//! HTTP, on this machine alone.

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use retort_core::{Error, Result, platform::process};
use tiny_http::{Request, Server, StatusCode};

use super::{
    super::interrupt,
    answer::{Answer, Asked, Site},
};

/// How many questions are answered at once.
const HANDS: usize = 4;
/// How many ports are tried.
const PORTS: u16 = 50;

/// Serves in the background until the program ends, and gives the address. A port that is taken leaves it to the
/// next; port 0 is any that is free.
///
/// # Errors
/// [`Error::Device`] when none is free.
pub fn start(site: Site, port: u16) -> Result<String> {
    let mut ports = port..=port.saturating_add(PORTS);
    let server = ports.find_map(|port| Server::http((Ipv4Addr::LOCALHOST, port)).ok());
    let server = server.ok_or_else(|| Error::device("127.0.0.1", format!("no port from {port} on is free")))?;
    let port = server.server_addr().to_ip().map_or(port, |address| address.port());
    let (server, site) = (Arc::new(server), Arc::new(site));
    for _ in 0..HANDS {
        let (server, site) = (server.clone(), site.clone());
        process::beside(move || {
            while let Ok(request) = server.recv() {
                respond(&site, request);
            }
        });
    }
    Ok(format!("http://127.0.0.1:{port}/"))
}

/// Waits for Ctrl-C.
pub fn stay() {
    while !interrupt::asked() {
        process::pause(Duration::from_millis(100));
    }
}

fn respond(site: &Site, request: Request) {
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|header| header.field.equiv(name));
        found.map(|header| header.value.as_str())
    };
    let method = request.method().to_string();
    let answer = site.answer(&Asked {
        method: &method,
        url: request.url(),
        host: header("host"),
        range: header("range"),
        encodings: header("accept-encoding").unwrap_or_default(),
    });
    // A browser that went away needs no answer.
    if let Err(error) = send(answer, method == "HEAD", request.into_writer()) {
        log::debug!("an answer was not taken: {error}");
    }
}

/// Writes an answer that ends its connection. `tiny_http` gives every connection a thread for as long as it is open, and
/// of two that come at the same moment it may have one wait for a thread that an idle one holds.
fn send(mut answer: Answer, head: bool, mut to: impl Write) -> io::Result<()> {
    let status = StatusCode(answer.status);
    write!(to, "HTTP/1.1 {} {}\r\nconnection: close\r\n", status.0, status.default_reason_phrase())?;
    for (name, value) in &answer.headers {
        write!(to, "{name}: {value}\r\n")?;
    }
    write!(to, "content-length: {}\r\n\r\n", answer.length)?;
    if !head {
        io::copy(&mut answer.body, &mut to)?;
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(head: bool) -> String {
        let answer = Answer {
            status: 206,
            headers: vec![("content-type", "text/plain".into())],
            length: 3,
            body: Box::new(&b"abc"[..]),
        };
        let mut to = vec![];
        send(answer, head, &mut to).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn an_answer_ends_its_connection() {
        let head = "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\n";
        assert_eq!(sent(false), format!("{head}abc"));
        assert_eq!(sent(true), head);
    }
}
