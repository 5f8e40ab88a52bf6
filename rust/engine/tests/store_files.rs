//! Every directory of files behaves the same, and the faulty one loses what a real one may lose.

use phago_engine::store::{Directory, Failure, Faulty, Files, Memory, Open, SECTOR_BYTES, Syncs};
use std::io;
use std::sync::Arc;

// Everything that the store relies on.
fn conformance(files: &dyn Files) {
    files.create_dir().expect("a directory");
    files.create_dir().expect("a directory that is there is no error");
    assert_eq!(files.list().expect("list"), Vec::<String>::new());
    assert_eq!(files.open("a", Open::Read).expect_err("missing").kind(), io::ErrorKind::NotFound);
    assert_eq!(files.open("a", Open::Write).expect_err("missing").kind(), io::ErrorKind::NotFound);
    assert_eq!(files.remove("a").expect_err("missing").kind(), io::ErrorKind::NotFound);

    let file = files.open("a", Open::Create).expect("new");
    assert_eq!(files.open("a", Open::Create).expect_err("there").kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(file.length().expect("length"), 0);
    file.write_full(0, b"phago").expect("write");
    file.write_full(2, b"XY").expect("write over");
    file.write_full(1030, b"far").expect("write behind the end");
    assert_eq!(file.length().expect("length"), 1033);
    let mut buffer = [7; 6];
    assert_eq!(file.read_full(0, &mut buffer).expect("read"), 6);
    assert_eq!(&buffer, b"phXYo\0");
    assert_eq!(file.read_full(1029, &mut buffer).expect("read over the end"), 4);
    assert_eq!(&buffer[..4], b"\0far");
    assert_eq!(file.read_full(5000, &mut buffer).expect("read behind the end"), 0);

    let reader = files.open("a", Open::Read).expect("a second handle");
    file.set_len(4).expect("cut");
    file.set_len(6).expect("fill up");
    assert_eq!(reader.read_full(0, &mut buffer).expect("read"), 6);
    assert_eq!(&buffer, b"phXY\0\0", "what was cut does not come back");
    file.sync().expect("sync");
    files.sync_dir().expect("sync the directory");

    files.open("b", Open::Create).expect("another");
    assert_eq!(files.list().expect("list"), ["a", "b"]);
    files.remove("a").expect("remove");
    assert_eq!(reader.read_full(0, &mut buffer).expect("read what was removed"), 6);
    assert_eq!(files.list().expect("list"), ["b"]);
    files.remove("b").expect("remove");

    let held = files.lock("LOCK", "first").expect("lock").expect("free");
    assert!(files.lock("LOCK", "second").expect("lock").is_none());
    drop(held);
    let again = files.lock("LOCK", "third").expect("lock").expect("free again");
    drop(again);
    let note = files.open("LOCK", Open::Read).expect("the note");
    let mut buffer = [0; 16];
    let read = note.read_full(0, &mut buffer).expect("read");
    assert_eq!(&buffer[..read], b"third");
}

#[test]
fn every_directory_of_files_keeps_to_the_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    conformance(&Directory::new(folder.path().join("made/on the way")));
    conformance(&Memory::new());
    conformance(&Faulty::new());
}

fn contents(files: &dyn Files, name: &str) -> Vec<u8> {
    let file = files.open(name, Open::Read).expect("there");
    let mut bytes = vec![0; file.length().expect("length") as usize];
    file.read_full(0, &mut bytes).expect("read");
    bytes
}

#[test]
fn power_takes_a_part_of_what_was_not_synced_and_nothing_else() {
    let old: Vec<u8> = vec![b'o'; 4 * SECTOR_BYTES];
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let disk = Faulty::new();
        let file = disk.open("a", Open::Create).expect("new");
        file.write_full(0, &old).expect("write");
        file.sync().expect("sync");
        disk.sync_dir().expect("sync");
        file.write_full(SECTOR_BYTES as u64, &vec![b'n'; 2 * SECTOR_BYTES]).expect("write over");
        disk.open("b", Open::Create).expect("a name that is not synced");
        disk.lose_power(seed);
        file.write_full(0, b"late").expect_err("the process is dead");
        let bytes = contents(&disk, "a");
        assert_eq!(bytes.len(), old.len());
        let sectors: Vec<u8> = bytes.chunks(SECTOR_BYTES).map(|sector| sector[0]).collect();
        assert!(
            bytes.chunks(SECTOR_BYTES).all(|sector| sector.iter().all(|byte| *byte == sector[0])),
            "sectors are whole"
        );
        assert_eq!((sectors[0], sectors[3]), (b'o', b'o'));
        seen.insert((sectors, disk.list().expect("list")));
    }
    assert_eq!(seen.len(), 8, "each of both sectors and the name, kept or not");
}

#[test]
fn a_sync_that_fails_forgets() {
    let disk = Faulty::new();
    let file = disk.open("a", Open::Create).expect("new");
    disk.sync_dir().expect("sync");
    file.write_full(0, b"phago").expect("write");
    disk.fail(0, Failure::Io, false);
    file.sync().expect_err("on order");
    file.sync().expect("it finds nothing to do");
    assert_eq!(contents(&disk, "a"), b"phago", "it can be read");
    disk.lose_power(1);
    assert_eq!(contents(&disk, "a").iter().filter(|byte| **byte != 0).count(), 0, "and was never on the disk");
}

#[test]
fn a_disk_whose_syncs_lie_loses_what_was_synced() {
    let lost = (0..20).filter(|seed| {
        let disk = Faulty::with_syncs(Syncs::LieFor("a"));
        for name in ["a", "b"] {
            let file = disk.open(name, Open::Create).expect("new");
            file.write_full(0, b"phago").expect("write");
            file.sync().expect("sync");
        }
        disk.sync_dir().expect("sync");
        disk.lose_power(*seed);
        assert_eq!(contents(&disk, "b"), b"phago");
        contents(&disk, "a") != b"phago"
    });
    assert!(lost.count() > 5);
}

#[test]
fn calls_fail_on_order() {
    let disk = Faulty::new();
    let file = disk.open("a", Open::Create).expect("new");
    disk.fail(0, Failure::Short, false);
    assert_eq!(file.write_at(0, b"phago").expect("short"), 3);
    assert_eq!(file.write_at(0, b"phago").expect("whole"), 5);
    disk.fail(0, Failure::ShortThenFull, true);
    assert_eq!(file.write_at(0, b"phago").expect("short"), 3);
    assert_eq!(file.write_at(3, b"go").expect_err("full").kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.open("b", Open::Create).expect_err("full").kind(), io::ErrorKind::StorageFull);
    file.sync().expect("nothing new is needed");
    disk.heal();
    disk.fail(1, Failure::NoSpace, false);
    file.write_at(0, b"p").expect("the call before");
    file.write_at(0, b"p").expect_err("full");
    file.write_at(0, b"p").expect("the call after");
    disk.fail(0, Failure::Io, true);
    for _ in 0..3 {
        file.read_at(0, &mut [0]).expect_err("for ever");
    }
    let shared: Arc<dyn Files> = Arc::new(disk.clone());
    shared.list().expect_err("a clone is the same disk");
}
