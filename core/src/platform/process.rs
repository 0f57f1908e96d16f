//! What only a process of an operating system has: threads to work among, and what it shares with other processes:
//! locks, logs, the pipe that says when to stop.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom},
    process::Stdio,
    thread,
    time::Duration,
};

use crate::{Error, Result};

/// Runs `work` on one of the threads that share the CPU device's work out, which then need not wake this one for
/// every piece.
pub fn among_hands<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // As much room as a main thread has. Threads that are there already stay as they are.
    let made = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global();
    if let Err(error) = made {
        log::debug!("the threads for the work were there: {error}");
    }
    rayon::scope(|_| work())
}

/// Bytes.
const STACK: usize = 8 << 20;

/// A file that this process alone holds, until it drops this or ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock of this name; nothing while another process holds it.
///
/// # Errors
/// [`Error::Storage`] when the file cannot be made or its file system has no locks.
pub fn lock(path: &str) -> Result<Option<Lock>> {
    let failed = |error: io::Error| Error::storage(path, error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// A directory for what nobody needs afterwards; it goes with this.
#[derive(Debug)]
pub struct Scratch(String);

impl Scratch {
    /// Makes one among the system's temporary files.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be made.
    pub fn new() -> Result<Self> {
        let mut number = 0;
        loop {
            let path = std::env::temp_dir().join(format!("retort-{}-{number}", std::process::id()));
            let path = path.to_string_lossy().into_owned();
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Error::storage(path, error)),
            }
        }
    }

    /// Its path.
    pub fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            log::warn!("{} is left behind: {error}", self.0);
        }
    }
}

/// A new, empty file as some process's output.
///
/// # Errors
/// [`Error::Storage`] when it cannot be made.
pub fn output_to(path: &str) -> Result<Stdio> {
    File::create(path).map(Stdio::from).map_err(|error| Error::storage(path, error))
}

/// The last bytes of a file, at most so many; none of a file that is not there.
///
/// # Errors
/// [`Error::Storage`] when there is one that cannot be read.
pub fn tail(path: &str, most: u64) -> Result<Vec<u8>> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        let mut bytes = vec![];
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        other => other.map_err(|error| Error::storage(path, error)),
    }
}

/// Whether there is a file of this name.
pub fn is_file(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}

/// Does something once standard input ends: whoever holds its other end closed it, or is gone.
pub fn at_end_of_input(act: impl FnOnce() + Send + 'static) {
    thread::spawn(move || {
        // What comes through it is of no interest, and a broken pipe is an end, too.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        act();
    });
}

/// Does something beside what this thread does, until it is done or the program ends.
pub fn beside(act: impl FnOnce() + Send + 'static) {
    thread::spawn(act);
}

/// Processor cores that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Waits.
pub fn pause(time: Duration) {
    thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(dir: &tempfile::TempDir) -> String {
        dir.path().join("file").to_str().unwrap().to_owned()
    }

    #[test]
    fn a_lock_is_held_once() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(&path(&dir)).unwrap().expect("nobody holds it");
        assert!(lock(&path(&dir)).unwrap().is_none());
        drop(held);
        assert!(lock(&path(&dir)).unwrap().is_some());
        assert!(matches!(lock(dir.path().to_str().unwrap()), Err(Error::Storage { .. })));
    }

    #[test]
    fn scratch_is_gone_with_what_is_in_it() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        fs::write(format!("{path}/file"), b"1").unwrap();
        assert_ne!(Scratch::new().unwrap().path(), path);
        drop(scratch);
        assert!(fs::metadata(&path).is_err());
    }

    #[test]
    fn a_tail_is_the_end_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(tail(&path(&dir), 4).unwrap(), b"");
        assert!(!is_file(&path(&dir)) && !is_file(dir.path().to_str().unwrap()));
        fs::write(path(&dir), b"123456").unwrap();
        assert_eq!(tail(&path(&dir), 4).unwrap(), b"3456");
        assert_eq!(tail(&path(&dir), 9).unwrap(), b"123456");
        assert!(is_file(&path(&dir)));
    }
}
