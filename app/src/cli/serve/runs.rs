//! The runs below one folder, to be read.

use retort_core::{
    Error, Result, archive,
    checkpoint::Files,
    platform::{
        Store,
        folder::{Content, Folder},
    },
    run::Run,
    train,
};

use crate::listed::{Host, Listed};

/// The files of a run that may be read, in whichever of its directories.
const SHOWN: [&str; 2] = [train::RUN, train::METRICS];

/// The folder, which may not be there yet.
#[derive(Debug, Clone)]
pub struct Runs {
    /// Its path.
    pub at: String,
}

impl Runs {
    /// All of them, as they stand.
    ///
    /// # Errors
    /// [`Error::Storage`] when a file cannot be read.
    pub fn list(&self) -> Result<Host> {
        let mut host = Host { native: true, runs: vec![] };
        let Ok(folder) = Folder::open(&self.at) else { return Ok(host) };
        for name in folder.folders()? {
            let Some(run) = folder.file(&format!("{name}/{}", train::RUN))? else { continue };
            let run = String::from_utf8_lossy(&whole(&name, run)?).into_owned();
            let mut told = vec![];
            for content in log(&folder, &name, &run)? {
                told.extend(whole(&name, content)?);
            }
            host.runs.push(Listed::of(&name, run, &told));
        }
        Ok(host)
    }

    /// A whole run as an archive, but for files of the user's that lie elsewhere: it can be looked at. Nothing where
    /// there is no such run, or where something in it leads out of the folder.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub fn archive(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Ok(folder) = Folder::open(&self.at) else { return Ok(None) };
        let at = folder.whole(name).filter(|_| !name.contains('/'));
        match (at, folder.file(&format!("{name}/{}", train::RUN))?) {
            (Some(at), Some(_)) => {
                let packed = async { archive::pack(&Store::open_existing(&at).await?, &Files::new(), None).await };
                pollster::block_on(packed).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The logs of a run so far, one hop after the other; nothing where there is no such run.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub fn log(&self, name: &str) -> Result<Option<Vec<Content>>> {
        let Ok(folder) = Folder::open(&self.at) else { return Ok(None) };
        match folder.file(&format!("{name}/{}", train::RUN))? {
            Some(run) => log(&folder, name, &String::from_utf8_lossy(&whole(name, run)?)).map(Some),
            None => Ok(None),
        }
    }

    /// A file of a run, by its path below the folder; nothing where there is none that may be read.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub fn file(&self, path: &str) -> Result<Option<Content>> {
        let shown = path.split('/').count() > 1 && SHOWN.iter().any(|name| path.ends_with(&format!("/{name}")));
        match Folder::open(&self.at) {
            Ok(folder) if shown => folder.file(path),
            _ => Ok(None),
        }
    }
}

/// The logs of all hops in a row. A hop only begins when the one before is over, so this too is only ever added to.
fn log(folder: &Folder, name: &str, run: &str) -> Result<Vec<Content>> {
    // What is no run file has no hops to tell of.
    let hops = Run::from_toml(name, run).map_or_else(|_| vec![train::METRICS.to_owned()], |run| train::logs(&run));
    hops.iter().filter_map(|hop| folder.file(&format!("{name}/{hop}")).transpose()).collect()
}

fn whole(name: &str, content: Content) -> Result<Vec<u8>> {
    content.all().map_err(|error| Error::storage(name, error))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn runs_are_listed_and_only_their_log_and_run_file_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let runs = Runs { at: dir.path().join("runs").to_str().unwrap().to_owned() };
        assert_eq!(runs.list().unwrap(), Host { native: true, runs: vec![] });
        for name in ["b", "a", "none"] {
            fs::create_dir_all(dir.path().join("runs").join(name).join("assistant-1")).unwrap();
        }
        for name in ["a", "b"] {
            fs::write(dir.path().join("runs").join(name).join("run.toml"), format!("name = \"{name}\"")).unwrap();
        }
        for name in ["a/metrics.jsonl", "a/student.bin", "a/assistant-1/metrics.jsonl", "metrics.jsonl"] {
            fs::write(dir.path().join("runs").join(name), "{}\n").unwrap();
        }
        let host = runs.list().unwrap();
        assert_eq!(host.runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((host.runs[1].run.as_str(), host.runs[1].steps), ("name = \"b\"", 0));
        for path in ["a/metrics.jsonl", "a/run.toml", "a/assistant-1/metrics.jsonl"] {
            assert!(runs.file(path).unwrap().is_some(), "{path}");
        }
        let run = "[[assistants]]\nlayers = 1\n[[phases]]\nobjectives = [{ method = \"kd\" }]\n";
        fs::write(dir.path().join("runs/a/run.toml"), run).unwrap();
        fs::write(dir.path().join("runs/a/assistant-1/metrics.jsonl"), "first\n").unwrap();
        let log = |name| {
            let contents = runs.log(name).unwrap()?;
            Some(contents.into_iter().flat_map(|content| content.all().unwrap()).collect::<Vec<u8>>())
        };
        assert_eq!(log("a").unwrap(), b"first\n{}\n");
        assert_eq!((log("b"), log("none")), (Some(vec![]), None));
        for path in ["a/student.bin", "metrics.jsonl", "a", "b/metrics.jsonl", "../runs/a/run.toml"] {
            assert!(runs.file(path).unwrap().is_none(), "{path}");
        }
    }
}
