//! HTTP, on this machine alone.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use retort_core::{Error, Result, platform::process};
use tiny_http::{Header, Request, Response, Server};

use super::{
    super::interrupt,
    answer::{Asked, Site},
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
    let headers = answer.headers.iter().filter_map(|(name, value)| Header::from_bytes(*name, value.as_bytes()).ok());
    let length = usize::try_from(answer.length).ok();
    let response = Response::new(answer.status.into(), headers.collect(), answer.body, length, None);
    // A browser that went away needs no answer.
    if let Err(error) = request.respond(response.with_chunked_threshold(usize::MAX)) {
        log::debug!("an answer was not taken: {error}");
    }
}
