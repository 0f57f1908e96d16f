//! Running programs: where they are looked for, where they build, and what is said when they fail.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::site::{self, Delivered};

/// How the modules of what one sees are compiled. Every browser with WebGPU has vector instructions in WebAssembly. Where
/// Leptos forgets the types of its views, a module is a third smaller.
const SEEN: &str = "-C target-feature=+simd128 --cfg erase_components";
/// The page's modules, and how each is compiled.
pub const MODULES: [(&str, &str); 4] =
    [("unpack", SEEN), ("front", SEEN), ("page", SEEN), ("worker", "-C target-feature=+simd128")];

/// The modules that multiply, and how each is compiled: for every browser, and for those with relaxed SIMD.
const HANDS: [(&str, &str); 2] = [("retort-hand", "+simd128"), ("retort-hand-relaxed", "+simd128,+relaxed-simd")];

/// Multiplications of vectors in one step of their loop (`core/hand/src/block.rs`). More steps at once do not fit a browser's
/// registers.
const STEP: usize = 8;

/// What lets JavaScript give a module its memory, and say where its stack is.
const ON_ANY_MEMORY: &str = "-C link-arg=--import-memory -C link-arg=--export=__stack_pointer";

/// The folders a chore works in.
pub struct Shop {
    /// The repository.
    pub root: PathBuf,
    /// What outlives a clone: tools, the Python environment. `$RETORT_CACHE`, else `~/.cache/retort`.
    pub cache: PathBuf,
    /// Trunk and wasm-bindgen. `$RETORT_TOOLS`, else a folder of the cache.
    pub tools: PathBuf,
    /// Cargo's target folder for everything the chores build.
    pub target: PathBuf,
}

impl Shop {
    /// Finds the folders; creates none.
    ///
    /// # Errors
    /// When there is neither a home folder nor a `RETORT_CACHE`.
    pub fn open() -> Result<Self> {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the repository")?.to_path_buf();
        let cache = match folder("RETORT_CACHE") {
            Some(cache) => cache,
            None => folder("XDG_CACHE_HOME")
                .or_else(|| folder("HOME").map(|home| home.join(".cache")))
                .or_else(|| folder("LOCALAPPDATA"))
                .context("no home folder: set RETORT_CACHE to a folder for tools")?
                .join("retort"),
        };
        let tools = folder("RETORT_TOOLS").unwrap_or_else(|| cache.join("tools"));
        let kept = cache.join("target");
        let target = folder("CARGO_TARGET_DIR")
            .or_else(|| folder("RETORT_TARGET"))
            .or_else(|| kept.is_dir().then_some(kept))
            .unwrap_or_else(|| root.join("target"));
        Ok(Self { root, cache, tools, target })
    }

    /// A program in the repository, with the tools first on its path and one target folder.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path()).env("CARGO_TARGET_DIR", &self.target);
        if env::var_os("CI").is_some() && env::var_os("CARGO_INCREMENTAL").is_none() {
            command.env("CARGO_INCREMENTAL", "0"); // nothing is edited between two builds there
        }
        command
    }

    /// Cargo, with these words for arguments.
    pub fn cargo(&self, words: &str) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(words.split_whitespace());
        command
    }

    /// The `retort` program as [`Shop::build`] leaves it.
    pub fn retort(&self) -> PathBuf {
        self.target.join("release").join(format!("retort{}", env::consts::EXE_SUFFIX))
    }

    /// Builds every native crate: one feature set, so that nothing is built twice.
    ///
    /// # Errors
    /// When Cargo fails.
    pub fn build(&self) -> Result<()> {
        run(&mut self.cargo("build --release --workspace"))
    }

    /// Builds the page's modules, and of them the site in `dist`. Trunk works offline, so what Cargo lacks is fetched
    /// before.
    ///
    /// # Errors
    /// When Cargo or Trunk fails, or a page is wrong.
    pub fn build_page(&self) -> Result<Delivered> {
        run(&mut self.cargo("fetch --quiet --locked"))?;
        for (module, flags) in MODULES {
            let (target, dist) = (format!("www/modules/{module}.html"), format!("built/{module}"));
            run(self
                .command("trunk")
                .args(["build", &target, "--release", "--offline=true", "--dist", &dist])
                .env("RUSTFLAGS", flags))?;
        }
        self.build_hands()?;
        site::deliver(self)
    }

    /// Builds the modules that multiply into `built/hands`. They are put on memories that are in use, so they may bring
    /// no data of their own.
    fn build_hands(&self) -> Result<()> {
        let folder = self.root.join("built/hands");
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        for (name, features) in HANDS {
            run(self
                .cargo("rustc --quiet --locked --target wasm32-unknown-unknown --profile wasm-release")
                .args(["--package", "retort-hand", "--lib", "--features", "module", "--crate-type", "cdylib"])
                .env("RUSTFLAGS", format!("-C target-feature={features} {ON_ANY_MEMORY}")))?;
            let made = self.target.join("wasm32-unknown-unknown/wasm-release/retort_hand.wasm");
            let module = fs::read(&made).with_context(|| format!("could not read {}", made.display()))?;
            ensure!(!brings_data(&module), "{name}: wanted a module without data, found some");
            let found = multiplications(&module);
            ensure!(
                found == STEP,
                "{name}: wanted a loop of one step, {STEP} multiplications of vectors, found {found}"
            );
            let to = folder.join(format!("{name}.wasm"));
            fs::write(&to, module).with_context(|| format!("could not write {}", to.display()))?;
        }
        Ok(())
    }

    /// The first file of this name on the path the programs get.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        let name = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&self.path()).map(|folder| folder.join(&name)).find(|file| file.is_file())
    }

    fn path(&self) -> OsString {
        let mut folders = vec![self.tools.join("bin")];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        env::join_paths(folders).unwrap_or_else(|_| env::var_os("PATH").unwrap_or_default())
    }
}

/// Whether a module has a section of data, or does something when it starts.
fn brings_data(module: &[u8]) -> bool {
    let mut rest = module.get(8..).unwrap_or_default();
    while let [kind, after @ ..] = rest {
        if matches!(kind, 8 | 11) {
            return true;
        }
        // The length comes in sevens of bits, the lowest first.
        let digits = after.iter().take_while(|byte| **byte >= 128).count() + 1;
        let length = after.iter().take(digits).rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 127));
        rest = after.get(digits + length..).unwrap_or_default();
    }
    false
}

/// Multiplications of vectors in a module: `f32x4.mul` and `f32x4.relaxed_madd`.
fn multiplications(module: &[u8]) -> usize {
    module.windows(3).filter(|code| matches!(code, [0xfd, 0xe6, 1] | [0xfd, 0x85, 2])).count()
}

fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Runs a program to its end, its output passed through.
///
/// # Errors
/// When it cannot be started or does not succeed; the message is its command line.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", line(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line(command));
    }
    Ok(())
}

/// What a program prints to standard output, trimmed; nothing when it fails or is not there.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn line(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program()).file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned(),
    ];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplications_are_counted() {
        let once = [0xfd, 0xe6, 0x01, 0xfd, 0xe4, 0x01, 0xfd, 0x85, 0x02];
        assert_eq!([multiplications(&[]), multiplications(&once), multiplications(&once.repeat(4))], [0, 2, 8]);
    }

    #[test]
    fn a_module_with_data_is_found() {
        let types = [&[1, 0x80, 1][..], &[0; 128]].concat(); // a section of 128 bytes
        let module = |last: &[u8]| [b"\0asm\x01\0\0\0", types.as_slice(), last].concat();
        assert!(!brings_data(&module(&[])) && !brings_data(&module(&[10, 1, 11])));
        assert!(brings_data(&module(&[11, 1, 0])) && brings_data(&module(&[8, 1, 0])));
    }
}
