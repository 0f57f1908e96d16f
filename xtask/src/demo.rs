//! A short distillation in the terminal, then the page in the browser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::setup::Need;
use crate::shell::{Shop, run};

/// Distil a small student in the terminal, then build the page and serve it.
#[derive(Args)]
pub struct Demo {
    /// Stop after the run in the terminal.
    #[arg(long)]
    no_serve: bool,
    /// Where to compute: auto, vulkan, metal, dx12 or cpu.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Where to serve the page; the next free port when it is taken.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Demo {
    /// Sets up, distils, serves.
    ///
    /// # Errors
    /// When something cannot be installed, built or served.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        println!("Setting up");
        Need::Vulkan.meet(shop)?;
        println!("Building retort (the first time takes many minutes)");
        shop.build()?;
        let out = fresh(shop);
        println!("Distilling into {}", out.display());
        run(shop
            .command(shop.retort())
            .args(["distil", "www/presets/demo.toml", "--device", &self.device, "--out"])
            .arg(&out))?;
        if self.no_serve {
            return Ok(ExitCode::SUCCESS);
        }
        for need in [Need::Wasm, Need::Page] {
            need.meet(shop)?;
        }
        serve(shop, self.port)
    }
}

/// `runs/demo`, or the first of `runs/demo-2`, `runs/demo-3`, … that is not there yet.
fn fresh(shop: &Shop) -> PathBuf {
    let first = PathBuf::from("runs/demo");
    let others = (2u32..).map(|number| PathBuf::from(format!("runs/demo-{number}")));
    std::iter::once(first)
        .chain(others)
        .find(|folder| !shop.root.join(folder).exists())
        .unwrap_or_else(|| PathBuf::from("runs/demo"))
}

fn serve(shop: &Shop, port: u16) -> Result<ExitCode> {
    let port = (port..=port.saturating_add(50))
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .with_context(|| format!("no free port from {port} on"))?;
    println!("Building the page (the first time takes many minutes)");
    shop.build_page()?;
    let mut trunk = shop
        .command("trunk")
        .args(["--quiet", "serve", "--release", "--offline", "--no-autoreload", "--no-spa", "--address", "127.0.0.1"])
        .args(["--port", &port.to_string()])
        .spawn()
        .context("could not start trunk")?;
    while !answers(port) {
        if let Some(status) = trunk.try_wait()? {
            bail!("trunk serve ended with {status}");
        }
        thread::sleep(Duration::from_millis(200));
    }
    println!("The page is at http://127.0.0.1:{port}/ (Ctrl-C ends it)");
    let status = trunk.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the page itself comes from this port.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(String::from_utf8_lossy(&start).into_owned())
    };
    ask().is_ok_and(|start| start.ends_with("200"))
}
