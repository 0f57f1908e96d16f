//! What is answered to what is asked, whoever carries it.

use std::{
    borrow::Cow,
    io::{self, Cursor, Read, Write},
};

use flate2::{Compression, write::GzEncoder};
use retort_core::{Error, Result, platform::folder::Content};

use super::{kind, page::Page, percent, range, runs::Runs};

/// Less than this is not worth compressing, in bytes.
const SMALL: usize = 1024;

/// What takes the place of a service worker that a host before this program left in the browser.
const LEAVE: &str = include_str!("leave.js");

/// Everything that is served.
#[derive(Debug, Clone)]
pub struct Site {
    /// The page.
    pub page: Page,
    /// The runs.
    pub runs: Runs,
}

/// A question, as far as it matters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `GET` and the like.
    pub method: &'a str,
    /// Path and query.
    pub url: &'a str,
    /// Whom the browser believes to be talking to.
    pub host: Option<&'a str>,
    /// Which bytes.
    pub range: Option<&'a str>,
    /// What the browser unpacks.
    pub encodings: &'a str,
}

/// An answer.
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// Its length in bytes.
    pub length: u64,
    /// What it says.
    pub body: Box<dyn Read + Send>,
}

impl Answer {
    fn new(status: u16, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self { status, headers: vec![], length: bytes.len() as u64, body: Box::new(Cursor::new(bytes)) }
    }

    fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, text.into().into_bytes()).with("content-type", kind::TEXT)
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn not_found() -> Self {
        Self::text(404, "there is nothing of this name")
    }
}

impl Site {
    /// Answers.
    pub fn answer(&self, asked: &Asked) -> Answer {
        let answer = match () {
            // Another name for this machine would let any page of that name read what is here.
            () if !asked.host.is_some_and(is_ours) => {
                Answer::text(421, "this program answers to 127.0.0.1 and localhost alone")
            }
            () if !["GET", "HEAD"].contains(&asked.method) => {
                Answer::text(405, "this program can only be read from").with("allow", "GET, HEAD")
            }
            () => self.read(asked).unwrap_or_else(|error| Answer::text(500, error.to_string())),
        };
        answer
            .with("x-content-type-options", "nosniff")
            .with("cross-origin-resource-policy", "same-origin")
            // Apart from every other site, so the page has threads.
            .with("cross-origin-opener-policy", "same-origin")
            .with("cross-origin-embedder-policy", "require-corp")
            .with("referrer-policy", "no-referrer")
    }

    fn read(&self, asked: &Asked) -> Result<Answer> {
        let (path, query) = asked.url.split_once('?').unwrap_or((asked.url, ""));
        let Some(name) = path.strip_prefix('/').and_then(percent::decode) else { return Ok(Answer::not_found()) };
        if name == "sw.js" {
            return packed(&name, LEAVE.as_bytes().into(), asked);
        }
        match name.strip_prefix("runs/") {
            Some("index.json") => {
                let list = serde_json::to_vec(&self.runs.list()?).map_err(|error| Error::storage("runs", error))?;
                packed("index.json", list.into(), asked)
            }
            Some(path) if path.ends_with("/archive") => {
                match self.runs.archive(path.strip_suffix("/archive").unwrap_or(path))? {
                    Some(bytes) => Ok(Answer::new(200, bytes).with("content-type", "application/zip")),
                    None => Ok(Answer::not_found()),
                }
            }
            Some(path) => {
                let run = path.strip_suffix("/metrics.jsonl").filter(|name| !name.contains('/'));
                let found = match run.map(|run| self.runs.log(run)).transpose()?.flatten() {
                    Some(log) => Some(log),
                    None => self.runs.file(path)?.map(|content| vec![content]),
                };
                match found {
                    Some(contents) => piece(path, contents, query, asked),
                    None => Ok(Answer::not_found()),
                }
            }
            None => {
                let index = if name.is_empty() || name.ends_with('/') { "index.html" } else { "" };
                let name = format!("{name}{index}");
                match self.page.file(&name)? {
                    Some(bytes) => packed(&name, bytes, asked),
                    None => Ok(Answer::not_found()),
                }
            }
        }
    }
}

/// Whether a browser that means this machine says so: a name with any port.
fn is_ours(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// A whole file, compressed where that is worth it.
fn packed(name: &str, bytes: Cow<'static, [u8]>, asked: &Asked) -> Result<Answer> {
    let gzip = kind::packs(name) && bytes.len() >= SMALL && accepts_gzip(asked.encodings);
    let bytes = if gzip { pack(&bytes).map_err(|error| Error::storage(name, error))?.into() } else { bytes };
    let answer =
        Answer::new(200, bytes).with("content-type", kind::of(name)).with("cache-control", kind::keeping(name));
    let answer = if kind::packs(name) { answer.with("vary", "accept-encoding") } else { answer };
    Ok(if gzip { answer.with("content-encoding", "gzip") } else { answer })
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(vec![], Compression::default());
    packed.write_all(bytes)?;
    packed.finish()
}

fn accepts_gzip(encodings: &str) -> bool {
    encodings.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let never = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()) == Some(0.0);
        ["gzip", "*"].contains(&name.trim()) && !never
    })
}

/// Files in a row, of which the last may be growing, or the part of them that is asked for: by `Range`, or by
/// `?from=BYTE`, which has an answer at the end as well.
fn piece(path: &str, contents: Vec<Content>, query: &str, asked: &Asked) -> Result<Answer> {
    let all = contents.iter().map(|content| content.bytes).sum();
    let from = query.split('&').find_map(|pair| pair.strip_prefix("from="));
    let beyond = || Answer::text(416, format!("there are {all} bytes")).with("content-range", format!("bytes */{all}"));
    let (status, start, end) =
        match (from.map(str::parse::<u64>), asked.range.and_then(|range| range::read(range, all))) {
            (Some(Ok(from)), _) if from <= all => (200, from, all),
            (Some(_), _) | (None, Some(range::Wanted::Beyond)) => return Ok(beyond()),
            (None, Some(range::Wanted::Part { start, end })) => (206, start, end),
            (None, None) => (200, 0, all),
        };
    let body = row(contents, start).map_err(|error| Error::storage(path, error))?;
    let length = end - start;
    let mut answer = Answer { status, headers: vec![], length, body: Box::new(body.take(length)) };
    if status == 206 {
        answer = answer.with("content-range", format!("bytes {start}-{}/{all}", end - 1));
    }
    Ok(answer.with("content-type", kind::of(path)).with("cache-control", "no-cache").with("accept-ranges", "bytes"))
}

/// Files in a row, from a byte on: those before it are not read.
fn row(contents: Vec<Content>, start: u64) -> io::Result<Box<dyn Read + Send>> {
    let (mut row, mut skipped): (Box<dyn Read + Send>, u64) = (Box::new(io::empty()), 0);
    for content in contents {
        let bytes = content.bytes;
        if start < skipped + bytes {
            row = Box::new(row.chain(content.from(start.saturating_sub(skipped))?));
        }
        skipped += bytes;
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn site() -> (tempfile::TempDir, Site) {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for folder in ["page/v-1", "runs/my run"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        fs::write(path("secret"), "no").unwrap();
        fs::write(path("page/index.html"), "<h1>").unwrap();
        fs::write(path("page/v-1/boot.js"), "//".repeat(1000)).unwrap();
        fs::write(path("runs/my run/run.toml"), "name = \"a\"").unwrap();
        fs::write(path("runs/my run/metrics.jsonl"), "0123456789").unwrap();
        let page = Page::open(path("page").to_str()).unwrap();
        let runs = Runs { at: path("runs").to_str().unwrap().to_owned() };
        (dir, Site { page, runs })
    }

    fn ask(site: &Site, asked: Asked) -> (Answer, Vec<u8>) {
        let mut answer = site.answer(&asked);
        let mut body = vec![];
        answer.body.read_to_end(&mut body).unwrap();
        assert_eq!(answer.length, body.len() as u64);
        (answer, body)
    }

    fn get(url: &str) -> Asked<'_> {
        Asked { method: "GET", url, host: Some("127.0.0.1:8080"), ..Asked::default() }
    }

    fn header<'a>(answer: &'a Answer, wanted: &str) -> Option<&'a str> {
        answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_hops_of_a_run_are_one_log() {
        let (dir, site) = site();
        let at = dir.path().join("runs/my run");
        let run = "[[assistants]]\nlayers = 1\n[[phases]]\nobjectives = [{ method = \"kd\" }]\n";
        fs::write(at.join("run.toml"), run).unwrap();
        fs::create_dir(at.join("assistant-1")).unwrap();
        fs::write(at.join("assistant-1/metrics.jsonl"), "abc").unwrap();
        for (from, wanted) in [(0, "abc0123456789"), (2, "c0123456789"), (3, "0123456789"), (12, "9"), (13, "")] {
            let (answer, body) = ask(&site, get(&format!("/runs/my%20run/metrics.jsonl?from={from}")));
            assert_eq!((answer.status, body.as_slice()), (200, wanted.as_bytes()), "from {from}");
        }
        let asked = Asked { range: Some("bytes=1-4"), ..get("/runs/my%20run/metrics.jsonl") };
        let (answer, body) = ask(&site, asked);
        assert_eq!((answer.status, body.as_slice()), (206, &b"bc01"[..]));
        assert_eq!(header(&answer, "content-range"), Some("bytes 1-4/13"));
    }

    #[test]
    fn pages_and_code_are_served_and_nothing_above_them() {
        let (_dir, site) = site();
        let (answer, body) = ask(&site, get("/?preset=demo"));
        assert_eq!((answer.status, body.as_slice()), (200, &b"<h1>"[..]));
        assert_eq!(header(&answer, "content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
        let (answer, _) = ask(&site, get("/v-1/boot.js"));
        assert_eq!(header(&answer, "cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(ask(&site, get("/sw.js")).1, LEAVE.as_bytes());
        for url in [
            "/../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/runs/../secret",
            "/runs/my%20run",
            "/%00",
            "secret",
            "/none",
        ] {
            assert_eq!(ask(&site, get(url)).0.status, 404, "{url}");
        }
    }

    #[test]
    fn only_this_machine_and_only_reading() {
        let (_dir, site) = site();
        let status = |method, host| site.answer(&Asked { method, host, ..get("/") }).status;
        let (answer, _) = ask(&site, get("/v-1/boot.js"));
        assert_eq!(header(&answer, "cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(header(&answer, "cross-origin-embedder-policy"), Some("require-corp"));
        for ours in ["127.0.0.1", "localhost:9", "LOCALHOST", "[::1]:8080"] {
            assert_eq!(status("GET", Some(ours)), 200, "{ours}");
        }
        for foreign in ["evil.example", "127.0.0.1.evil.example:8080", "localhost:", "", "10.0.0.1:8080"] {
            assert_eq!(status("GET", Some(foreign)), 421, "{foreign}");
        }
        assert_eq!((status("GET", None), status("HEAD", Some("localhost"))), (421, 200));
        assert_eq!((status("POST", Some("localhost")), status("DELETE", Some("localhost"))), (405, 405));
    }

    #[test]
    fn a_log_is_followed_from_where_one_stands() {
        let (_dir, site) = site();
        let part = |url: &str, range: Option<&str>| {
            let (answer, body) = ask(&site, Asked { range, ..get(url) });
            let range = header(&answer, "content-range").map(str::to_owned);
            (answer.status, String::from_utf8(body).unwrap(), range)
        };
        let log = "/runs/my%20run/metrics.jsonl";
        assert_eq!(part(log, None), (200, "0123456789".into(), None));
        assert_eq!(part(log, Some("bytes=7-")), (206, "789".into(), Some("bytes 7-9/10".into())));
        assert_eq!(part(log, Some("bytes=10-")).0, 416);
        let from = |from: &str| part(&format!("{log}?from={from}"), None);
        assert_eq!((from("7").1, from("10").1, from("10").0), ("789".into(), String::new(), 200));
        // The log was cut since: begin anew.
        assert_eq!((from("11").0, from("x").0), (416, 416));
    }

    #[test]
    fn text_is_compressed_for_whom_it_helps() {
        let (_dir, site) = site();
        let asked = |encodings| ask(&site, Asked { encodings, ..get("/v-1/boot.js") });
        let (answer, body) = asked("br, gzip");
        assert_eq!(
            (header(&answer, "content-encoding"), header(&answer, "vary")),
            (Some("gzip"), Some("accept-encoding"))
        );
        let mut plain = String::new();
        flate2::read::GzDecoder::new(body.as_slice()).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "//".repeat(1000));
        for encodings in ["", "br", "gzip;q=0"] {
            assert_eq!(header(&asked(encodings).0, "content-encoding"), None, "{encodings}");
        }
        assert!(accepts_gzip("*") && accepts_gzip("gzip;q=0.5"));
    }

    #[test]
    fn a_run_is_handed_over_as_an_archive() {
        let (_dir, site) = site();
        let (answer, body) = ask(&site, get("/runs/my%20run/archive"));
        assert_eq!((answer.status, &body[..4]), (200, &b"PK\x03\x04"[..]));
        for url in ["/runs/none/archive", "/runs/archive", "/runs/../archive", "/runs/my%20run/archive/archive"] {
            assert_eq!(ask(&site, get(url)).0.status, 404, "{url}");
        }
    }

    #[test]
    fn runs_are_listed() {
        let (_dir, site) = site();
        let (answer, body) = ask(&site, get("/runs/index.json"));
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        let host: crate::listed::Host = serde_json::from_slice(&body).unwrap();
        assert_eq!((host.native, host.runs[0].name.as_str()), (true, "my run"));
    }
}
