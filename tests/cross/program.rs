//! The `retort` program, run as its users run it.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace")
}

/// Where the program of this very source lies: `RETORT_BIN`, or what Cargo builds (Cargo builds no
/// programs of other packages for a test).
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(given) = env::var_os("RETORT_BIN") {
            return given.into();
        }
        // …/target/release/deps/cross-0123
        let test = env::current_exe().expect("a running program has a path");
        let profile = test.ancestors().nth(2).expect("Cargo puts tests two folders below the programs");
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root()).args(["build", "--quiet", "--workspace", "--bin", "retort", "--target-dir"]);
        build.arg(profile.parent().expect("a profile's folder lies in the target folder"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("Cargo runs").success(), "the program does not build");
        profile.join(format!("retort{}", env::consts::EXE_SUFFIX))
    })
}

/// A run of the program.
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error, without the remarks of graphics drivers.
    pub err: String,
}

/// Runs the program in `folder`.
pub fn retort(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(path()).current_dir(folder).args(arguments).output().expect("the program runs");
    said(&output)
}

/// What a run that is over said.
pub fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let err =
        text(&output.stderr).lines().filter(|line| !line.contains("XDG_RUNTIME_DIR")).collect::<Vec<_>>().join("\n");
    Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err }
}

impl Said {
    /// Asserts that all went well, and gives what was printed.
    #[track_caller]
    pub fn fine(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.out
    }

    /// Asserts that the program refused with this exit code and one sentence on standard error.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        assert!(self.err.starts_with("retort: ") && self.err.lines().count() == 1, "not one sentence: {}", self.err);
        assert_eq!(self.out, "", "{}", self.err);
        self.err
    }
}
