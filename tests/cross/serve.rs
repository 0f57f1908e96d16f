//! `retort serve` and `retort distil --open`, run as processes and asked over a socket.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    cli::bench,
    program::{path, retort},
};

/// A program that serves, until it is dropped.
struct Served {
    child: Child,
    port: u16,
    /// The address as it was said, behind the port.
    at: String,
    /// Keeps the pipe open.
    _said: BufReader<Box<dyn Read>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program in `folder`; `on_stderr`: it says its address there.
fn serve(folder: &Path, arguments: &[&str], on_stderr: bool) -> Served {
    let mut child = Command::new(path())
        .current_dir(folder)
        .args(arguments)
        .args(["--port", "0", "--dist", "page"])
        .stdin(Stdio::null())
        .stdout(if on_stderr { Stdio::null() } else { Stdio::piped() })
        .stderr(if on_stderr { Stdio::piped() } else { Stdio::inherit() })
        .spawn()
        .unwrap();
    let pipe: Box<dyn Read> = match on_stderr {
        true => Box::new(child.stderr.take().unwrap()),
        false => Box::new(child.stdout.take().unwrap()),
    };
    let mut said = BufReader::new(pipe);
    let address = loop {
        let mut line = String::new();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended without an address");
        if let Some((_, address)) = line.split_once("http://127.0.0.1:") {
            break address.split_whitespace().next().unwrap().to_owned();
        }
    };
    let (port, at) = address.split_once('/').unwrap();
    Served { child, port: port.parse().unwrap(), at: at.to_owned(), _said: said }
}

impl Served {
    /// The status and the whole answer to one request, headers and all.
    fn ask(&self, method: &str, target: &str, headers: &[&str]) -> (u16, String) {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        write!(socket, "{method} {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").unwrap();
        let mut answer = vec![];
        socket.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("no answer: {answer:?}")), answer)
    }

    fn get(&self, target: &str) -> (u16, String) {
        self.ask("GET", target, &["Host: localhost"])
    }
}

/// A folder with a page that is a heading, and a secret beside it.
fn page(at: &Path) {
    fs::create_dir_all(at.join("page")).unwrap();
    fs::write(at.join("page/index.html"), "<h1>Retort</h1>").unwrap();
    fs::write(at.join("secret"), "nobody's business").unwrap();
}

#[test]
fn the_page_is_served_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    page(folder.path());
    let served = serve(folder.path(), &["serve"], false);
    let (status, answer) = served.get("/");
    assert_eq!(status, 200);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "<h1>Retort</h1>");
    assert!(head.to_lowercase().contains("content-type: text/html; charset=utf-8"), "{head}");
    let (status, answer) = served.ask("HEAD", "/", &["Host: 127.0.0.1:8080"]);
    assert!(status == 200 && answer.ends_with("\r\n\r\n"), "{answer}");
    for target in
        ["/../secret", "/%2e%2e/secret", "/runs/../secret", "/runs/%2e%2e/%2e%2e/secret", "/..%5csecret", "//secret"]
    {
        let (status, answer) = served.get(target);
        assert!(status == 404 && !answer.contains("business"), "{target}: {answer}");
    }
    for host in ["Host: evil.example", "Host: 127.0.0.1.evil.example", "Accept: */*"] {
        assert_eq!(served.ask("GET", "/", &[host]).0, 421, "{host}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(served.ask(method, "/", &["Host: localhost"]).0, 405, "{method}");
    }
    let (_, listed) = served.get("/runs/index.json");
    assert!(listed.ends_with("{\"native\":true,\"runs\":[]}"), "{listed}");
}

#[test]
fn without_a_page_or_a_folder_it_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = retort(folder.path(), &["serve", "--dist", "none"]).refused(2);
    assert!(error.starts_with("retort: none: wanted a directory, found "), "{error}");
    fs::create_dir(folder.path().join("empty")).unwrap();
    let error = retort(folder.path(), &["serve", "--dist", "empty"]).refused(2);
    assert!(error.contains("wanted a built page, found no index.html"), "{error}");
    page(folder.path());
    let error = retort(folder.path(), &["serve", "elsewhere", "--dist", "page"]).refused(2);
    assert!(error.starts_with("retort: elsewhere: wanted a directory"), "{error}");
}

#[test]
fn a_run_is_shown_while_it_goes_and_after_it() {
    let folder = bench();
    page(folder.path());
    let run = ["train", "teacher.toml", "--device", "cpu", "--open", "--no-browser"];
    let served = serve(folder.path(), &run, true);
    assert_eq!(served.at, "#/runs/teacher");
    let log = folder.path().join("runs/teacher/metrics.jsonl");
    let clock = Instant::now();
    let whole = loop {
        let text = fs::read_to_string(&log).unwrap_or_default();
        if text.contains("\"event\":\"done\"") {
            break text;
        }
        assert!(clock.elapsed() < Duration::from_secs(120), "the run does not end: {text}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let body = |target: &str| served.get(target).1.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body("/runs/teacher/metrics.jsonl"), whole);
    assert_eq!(body("/runs/teacher/metrics.jsonl?from=100"), whole[100..]);
    let (status, part) = served.ask("GET", "/runs/teacher/metrics.jsonl", &["Host: localhost", "Range: bytes=0-9"]);
    assert!(status == 206 && part.ends_with(&whole[..10]), "{part}");
    assert!(body("/runs/teacher/run.toml").contains("name = \"teacher\""));
    assert_eq!(served.get("/runs/teacher/student/model.safetensors").0, 404);
    let listed: serde_json::Value = serde_json::from_str(&body("/runs/index.json")).unwrap();
    let run = &listed["runs"][0];
    assert_eq!(
        (run["name"].as_str(), run["done"].as_bool(), run["step"].as_u64()),
        (Some("teacher"), Some(true), Some(12))
    );
    assert!(run["test"]["student"]["accuracy"].is_number(), "{run}");
}
