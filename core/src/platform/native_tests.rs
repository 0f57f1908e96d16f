//! The native store, with disks that are full, shut and shared.

use pollster::block_on;

use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = block_on(Store::open(dir.path().join("run").to_str().unwrap())).unwrap();
    (dir, store)
}

#[test]
fn bytes_come_back_and_names_are_listed() {
    let (_dir, store) = store();
    block_on(async {
        assert_eq!(store.read("checkpoints/last").await.unwrap(), None);
        assert_eq!(store.list("checkpoints").await.unwrap(), Vec::<String>::new());
        store.write("checkpoints/last", b"one").await.unwrap();
        store.write("checkpoints/last", b"two").await.unwrap();
        store.write("checkpoints/best", b"").await.unwrap();
        assert_eq!(store.read("checkpoints/last").await.unwrap().unwrap(), b"two");
        assert_eq!(store.list("checkpoints").await.unwrap(), ["best", "last"]);
        store.remove("checkpoints/best").await.unwrap();
        store.remove("checkpoints/best").await.unwrap();
        assert_eq!(store.list("checkpoints").await.unwrap(), ["last"]);
    });
}

#[test]
fn lines_are_appended_and_cut() {
    let (_dir, store) = store();
    block_on(async {
        store.truncate("metrics.jsonl", 0).await.unwrap();
        store.append("metrics.jsonl", b"12345\n").await.unwrap();
        store.append("metrics.jsonl", b"678").await.unwrap();
        assert_eq!(store.read("metrics.jsonl").await.unwrap().unwrap(), b"12345\n678");
        store.truncate("metrics.jsonl", 6).await.unwrap();
        assert_eq!(store.read("metrics.jsonl").await.unwrap().unwrap(), b"12345\n");
        let error = store.truncate("metrics.jsonl", 7).await.unwrap_err().to_string();
        assert!(error.ends_with("metrics.jsonl: wanted at least 7 bytes, found 6"), "{error}");
    });
}

#[test]
fn what_a_kill_left_half_written_is_not_seen() {
    let (_dir, store) = store();
    block_on(async {
        store.write("last", b"whole").await.unwrap();
        // What a kill in the middle of a write leaves behind.
        fs::write(partial(&store.full("last")), b"ha").unwrap();
        assert_eq!(store.read("last").await.unwrap().unwrap(), b"whole");
        assert_eq!(store.list("").await.unwrap(), ["last"]);
        store.write("last", b"next").await.unwrap();
        assert_eq!(store.read("last").await.unwrap().unwrap(), b"next");
    });
}

/// `/dev/full` is a disk without room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_sentence_and_harms_nothing() {
    let (_dir, store) = store();
    block_on(async {
        store.write("last", b"whole").await.unwrap();
        std::os::unix::fs::symlink("/dev/full", partial(&store.full("last"))).unwrap();
        let error = store.write("last", b"next").await.unwrap_err().to_string();
        assert!(error.ends_with("last: the disk is full; what was there before is untouched"), "{error}");
        assert_eq!(store.read("last").await.unwrap().unwrap(), b"whole");

        std::os::unix::fs::symlink("/dev/full", store.full("metrics")).unwrap();
        let error = store.append("metrics", b"line").await.unwrap_err().to_string();
        assert!(error.ends_with("metrics: the disk is full; what was there before is untouched"), "{error}");
    });
}

#[cfg(unix)]
#[test]
fn a_directory_without_permission_is_one_sentence_and_harms_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, store) = store();
    block_on(async {
        store.write("last", b"whole").await.unwrap();
        fs::set_permissions(store.root(), fs::Permissions::from_mode(0o555)).unwrap();
        let written = store.write("last", b"next").await;
        fs::set_permissions(store.root(), fs::Permissions::from_mode(0o755)).unwrap();
        match written {
            // The superuser may write everywhere.
            Ok(()) => println!("skipped: this user needs no permission"),
            Err(error) => {
                assert!(error.to_string().ends_with("last: the system gives no permission"), "{error}");
                assert_eq!(store.read("last").await.unwrap().unwrap(), b"whole");
            }
        }
    });
}

#[test]
fn a_file_where_a_directory_should_be_is_an_error() {
    let (dir, _store) = store();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    block_on(async {
        let error = Store::open_existing(file.to_str().unwrap()).await.unwrap_err().to_string();
        assert!(error.ends_with("file: wanted a directory, found a file"), "{error}");
        let error = Store::open_existing(dir.path().join("none").to_str().unwrap()).await.unwrap_err().to_string();
        assert!(error.ends_with("none: wanted a directory, found nothing there"), "{error}");
        assert!(matches!(Store::open(file.join("run").to_str().unwrap()).await, Err(Error::Storage { .. })));
    });
}

#[test]
fn files_that_are_not_there_are_clear_errors() {
    let error = block_on(builtin("rotten-tomatoes/none")).unwrap_err().to_string();
    assert!(error.starts_with("builtin:rotten-tomatoes/none: wanted a file that is part of this program"), "{error}");
    let error = block_on(read_file("/none/at/all")).unwrap_err().to_string();
    assert_eq!(error, "/none/at/all: wanted a readable file, found nothing there");
}
