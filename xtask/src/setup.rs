//! What a fresh machine lacks, and how it gets it.
//!
//! Every step first looks whether there is anything to do, then says in one line what it installs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell::{Shop, output, run};

/// The newest Trunk that the toolchain compiles.
const TRUNK: &str = "0.22.0-beta.1";
/// Equal to the crate's version in `Cargo.toml`.
const WASM_BINDGEN: &str = "0.2.130";
/// The engine of `retort study --on hyperqueue`, and what its package imports.
const HYPERQUEUE: [&str; 3] = ["hyperqueue==0.27.0", "cloudpickle==3.1.2", "tqdm==4.70.1"];
/// Where Vulkan drivers are listed.
const DRIVERS: [&str; 3] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/// Something a chore needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Rust's browser target.
    Wasm,
    /// Trunk and wasm-bindgen.
    Page,
    /// A Vulkan adapter, if only one in software.
    Vulkan,
    /// Node 20 and what the browser tests take from npm.
    Playwright,
    /// Node 20 and what Retort is measured against.
    Peers,
    /// Chromium.
    Chromium,
    /// Firefox.
    Firefox,
    /// Python with what `tests/hugging_face` asks for.
    Python,
    /// Python with HyperQueue.
    HyperQueue,
}

impl Need {
    /// Meets the need. The time is how long installing took, when something was installed.
    ///
    /// # Errors
    /// When it cannot be met here; the message says how to get what is missing.
    pub fn meet(self, shop: &Shop) -> Result<Option<Duration>> {
        let clock = Instant::now();
        let installed = match self {
            Self::Wasm => wasm_target(shop),
            Self::Page => page_tools(shop),
            Self::Vulkan => vulkan(shop),
            Self::Playwright => npm(shop, "tests/browser"),
            Self::Peers => npm(shop, "tests/peers"),
            Self::Chromium => chromium(shop),
            Self::Firefox => firefox(shop),
            Self::Python => python(shop),
            Self::HyperQueue => hyperqueue(shop),
        }?;
        Ok(installed.then(|| clock.elapsed()))
    }

    /// As the summary calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasm => "wasm target",
            Self::Page => "trunk, wasm-bindgen",
            Self::Vulkan => "software Vulkan",
            Self::Playwright => "playwright-core, puppeteer-core, axe-core",
            Self::Peers => "jax-js, tensorflow.js",
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Python => "python packages",
            Self::HyperQueue => "hyperqueue",
        }
    }
}

fn say(what: &str, wher: &str) {
    println!("  installing {what} {wher}");
}

fn wasm_target(shop: &Shop) -> Result<bool> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let libraries = output(shop.command("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(false);
    }
    say(TARGET, "with rustup");
    run(shop.command("rustup").args(["target", "add", TARGET]))?;
    Ok(true)
}

fn page_tools(shop: &Shop) -> Result<bool> {
    // Trunk waits for other programs: how well it is optimised does not show. wasm-bindgen does
    // the work itself. Its published lock file asks for a crate that was withdrawn.
    let trunk = tool(shop, "trunk", TRUNK, &["trunk", "--locked"], "0")?;
    let bindgen = tool(shop, "wasm-bindgen", WASM_BINDGEN, &["wasm-bindgen-cli"], "1")?;
    Ok(trunk || bindgen)
}

fn tool(shop: &Shop, program: &str, version: &str, install: &[&str], optimise: &str) -> Result<bool> {
    let wanted = |text: String| text.split_whitespace().any(|word| word == version);
    let here = shop.tools.join("bin").join(format!("{program}{}", env::consts::EXE_SUFFIX));
    let found = if here.is_file() { Some(here) } else { shop.which(program) };
    if found.and_then(|file| output(Command::new(file).arg("--version"))).is_some_and(wanted) {
        return Ok(false);
    }
    say(&format!("{program} {version}"), &format!("from source into {} (some minutes)", shop.tools.display()));
    let build = shop.tools.join("build");
    let done = run(shop
        .cargo("install --quiet --debug --force --version")
        .arg(version)
        .args(install)
        .arg("--root")
        .arg(&shop.tools)
        .env("CARGO_TARGET_DIR", &build)
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", optimise)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0"));
    if build.is_dir() {
        fs::remove_dir_all(&build).with_context(|| format!("could not remove {}", build.display()))?;
    }
    done.map(|()| true)
}

fn vulkan(shop: &Shop) -> Result<bool> {
    if !cfg!(target_os = "linux") {
        return Ok(false); // Metal and DirectX come with their systems
    }
    let listed = DRIVERS.iter().any(|folder| {
        fs::read_dir(folder).is_ok_and(|files| {
            files.flatten().any(|file| file.path().extension().is_some_and(|ending| ending == "json"))
        })
    });
    let given = env::var_os("VK_DRIVER_FILES").or_else(|| env::var_os("VK_ICD_FILENAMES")).is_some();
    let loader = Command::new("/sbin/ldconfig").arg("-p").stderr(Stdio::null()).output();
    let loader = loader.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).contains("libvulkan.so.1"));
    if (listed || given) && loader {
        return Ok(false);
    }
    apt(shop, &["mesa-vulkan-drivers", "libvulkan1"], "Mesa's software Vulkan driver", "a Vulkan driver")?;
    Ok(true)
}

/// The packages of the lock file in a folder of the repository.
fn npm(shop: &Shop, place: &str) -> Result<bool> {
    let version = output(shop.command("node").arg("--version"))
        .context("Node is missing: install version 20 or newer from your system or nodejs.org")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|word| word.parse().ok());
    if major.is_none_or(|major: u32| major < 20) {
        bail!("Node: wanted version 20 or newer, found {version}");
    }
    let folder = shop.root.join(place);
    let changed = |file: PathBuf| fs::metadata(file).and_then(|found| found.modified()).ok();
    let lock = changed(folder.join("package-lock.json"));
    if changed(folder.join("node_modules/.package-lock.json")).is_some_and(|kept| Some(kept) >= lock) {
        return Ok(false);
    }
    say("the packages of package-lock.json", &format!("with npm into {place}/node_modules"));
    run(shop
        .command(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(&folder))?;
    Ok(true)
}

/// npm packages of a version each (`name@version`), into a folder of the repository; gives the folders
/// they lie in.
pub fn npm_packages(shop: &Shop, place: &str, packages: &[&str]) -> Result<Vec<PathBuf>> {
    let folder = shop.root.join(place);
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    say(&packages.join(" and "), &format!("with npm into {place}/node_modules"));
    run(shop
        .command(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix", "."])
        .args(packages)
        .current_dir(&folder))?;
    let name = |package: &&str| package.rsplit_once('@').map_or(*package, |(name, _)| name).to_owned();
    Ok(packages.iter().map(|package| folder.join("node_modules").join(name(package))).collect())
}

/// The browser of the tests: `$RETORT_CHROMIUM`, or the first one found.
pub fn browser(shop: &Shop) -> Option<PathBuf> {
    program(shop, "RETORT_CHROMIUM", &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"])
}

/// The other one: `$RETORT_FIREFOX`, or the first one found.
pub fn other_browser(shop: &Shop) -> Option<PathBuf> {
    program(shop, "RETORT_FIREFOX", &["firefox-esr", "firefox"])
}

fn program(shop: &Shop, variable: &str, names: &[&str]) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).or_else(|| names.iter().find_map(|name| shop.which(name)))
}

fn firefox(shop: &Shop) -> Result<bool> {
    if other_browser(shop).is_some() {
        return Ok(false);
    }
    apt(shop, &["firefox-esr"], "Firefox", "Firefox 140 or newer (RETORT_FIREFOX may name the program)")?;
    Ok(true)
}

fn chromium(shop: &Shop) -> Result<bool> {
    if browser(shop).is_some() {
        return Ok(false);
    }
    apt(shop, &["chromium"], "Chromium", "Chromium or Chrome 113 or newer (RETORT_CHROMIUM may name the program)")?;
    Ok(true)
}

/// The Python of the environment in the cache.
pub fn environment(shop: &Shop) -> PathBuf {
    shop.cache.join("python").join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// The Python of the tests: `$RETORT_PYTHON`, or that of the environment in the cache.
pub fn interpreter(shop: &Shop) -> PathBuf {
    env::var_os("RETORT_PYTHON").map_or_else(|| environment(shop), PathBuf::from)
}

fn python(shop: &Shop) -> Result<bool> {
    if env::var_os("RETORT_PYTHON").is_some() {
        return Ok(false);
    }
    let file = "tests/hugging_face/requirements.txt";
    let text = fs::read_to_string(shop.root.join(file)).with_context(|| format!("could not read {file}"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let list: Vec<&str> = lines.collect();
    install(shop, "torch and transformers (3 GB)", &list.join(", "), &["-r", file])
}

/// The Python that has HyperQueue: `$RETORT_HQ`, or that of the environment in the cache. None
/// where its workers do not run.
pub fn queue(shop: &Shop) -> Option<PathBuf> {
    cfg!(target_os = "linux").then(|| env::var_os("RETORT_HQ").map_or_else(|| environment(shop), PathBuf::from))
}

fn hyperqueue(shop: &Shop) -> Result<bool> {
    if env::var_os("RETORT_HQ").is_some() || queue(shop).is_none() {
        return Ok(false);
    }
    install(shop, "hyperqueue", &HYPERQUEUE.join(", "), &HYPERQUEUE)
}

/// Installs one Python package, without what it asks for, into the environment in the cache.
///
/// # Errors
/// When Python or the package cannot be had.
pub fn package(shop: &Shop, wanted: &str) -> Result<bool> {
    install(shop, wanted, wanted, &[wanted])
}

/// Installs what pip calls `arguments`, unless the record says that this very `list` was.
fn install(shop: &Shop, what: &str, list: &str, arguments: &[&str]) -> Result<bool> {
    let folder = shop.cache.join("python");
    let record = folder.join("installed.txt");
    let installed = fs::read_to_string(&record).unwrap_or_default();
    let interpreter = environment(shop);
    let usable = output(Command::new(&interpreter).args(["-m", "pip", "--version"])).is_some();
    if usable && installed.lines().any(|kept| kept == list) {
        return Ok(false);
    }
    say(what, &format!("with pip into {}", folder.display()));
    if !usable {
        create_environment(shop, &folder)?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    run(shop.command(&interpreter).args(pip).args(arguments))?;
    let kept = if usable { installed } else { String::new() };
    fs::write(&record, format!("{kept}{list}\n")).with_context(|| format!("could not write {}", record.display()))?;
    Ok(true)
}

/// Makes a virtual environment; Debian keeps the module for that in a package of its own.
fn create_environment(shop: &Shop, folder: &Path) -> Result<()> {
    let python = ["python3", "python"].into_iter().find(|name| shop.which(name).is_some());
    let python = python.context("Python is missing: install version 3.10 or newer")?;
    if output(shop.command(python).args(["-c", "import ensurepip"])).is_none() {
        apt(shop, &["python3-venv"], "Python's venv module", "Python's venv module")?;
    }
    run(shop.command(python).args(["-m", "venv", "--clear"]).arg(folder))
}

/// Installs Debian packages, or says on another system what is missing.
fn apt(shop: &Shop, packages: &[&str], what: &str, missing: &str) -> Result<()> {
    let words = packages.join(" ");
    if shop.which("apt-get").is_none() {
        bail!("{missing} is missing: install it with your system's package manager (Debian calls it {words})");
    }
    say(what, &format!("with apt-get ({words})"));
    let root = output(Command::new("id").arg("-u")).is_some_and(|user| user == "0");
    let command = |arguments: &[&str]| {
        let mut command = shop.command(if root { "apt-get" } else { "sudo" });
        if !root {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        command
    };
    let install = [&["install", "-y", "-qq", "--no-install-recommends"], packages].concat();
    run(&mut command(&["update", "-qq"]))
        .and_then(|()| run(&mut command(&install)))
        .with_context(|| format!("{what} could not be installed; as an administrator: apt-get install {words}"))
}
