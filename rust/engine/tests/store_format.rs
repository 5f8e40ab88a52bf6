//! What is on disk stays readable: directories of every released format are kept and read. And what is written today is
//! what was written then, byte for byte, where no compression has a say.

mod common;
mod history;

use history::{Event, History, Step, Used, checkpoint, note, open, read, text};
use phago_engine::store::{Directory, FORMAT, Files, Memory, Open, Options, WitnessSync, verify};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };

fn folder(format: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/store-{format}"))
}

fn golden(format: u32) -> BTreeMap<String, Vec<u8>> {
    let files = Directory::new(folder(format));
    let names = files.list().expect("kept");
    let load = |name: String| {
        let file = files.open(&name, Open::Read).expect("kept");
        let mut bytes = vec![0; file.length().expect("length") as usize];
        file.read_full(0, &mut bytes).expect("read");
        (name, bytes)
    };
    names.into_iter().map(load).collect()
}

// One of everything: a checkpoint, records short and long, idle ticks, both in a checkpoint and in the log.
fn write(files: &Arc<dyn Files>) -> History {
    let mut used = Used::open(Arc::clone(files), OPTIONS).expect("opened");
    for step in [Step::Note(40), Step::Idle, Step::Idle, Step::Note(100), Step::Checkpoint, Step::Note(3), Step::Idle] {
        used.step(step, files, OPTIONS).expect("a sound disk");
    }
    let store = used.store.take().expect("open");
    used.appended.push(Event::Note(Vec::new()));
    note(&store, Vec::new()).expect("appended");
    store.close().expect("closed");
    used.appended
}

// `cargo test -p phago-engine --test store_format -- --ignored` for a format that is new.
#[test]
#[ignore = "writes the golden directory of the format of now"]
fn write_the_golden_directory() {
    let files: Arc<dyn Files> = Arc::new(Directory::new(folder(FORMAT)));
    let history = write(&files);
    let (store, found) = open(Arc::clone(&files), OPTIONS).expect("whole");
    assert_eq!(found, history);
    // And one that is compressed.
    note(&store, text(99, 900)).expect("appended");
    store.close().expect("closed");
    std::fs::remove_file(folder(FORMAT).join("LOCK")).expect("removed");
}

#[test]
fn directories_of_every_format_are_read() {
    let mut formats = 0;
    for format in 1..=FORMAT {
        let contents = golden(format);
        assert_eq!(contents.keys().collect::<Vec<_>>(), ["checkpoint-1", "log-1", "witness"]);
        let mut history = write(&(Arc::new(Memory::new()) as Arc<dyn Files>));
        history.push(Event::Note(text(99, 900)));
        let files: Arc<dyn Files> = Arc::new(Memory::from_files(contents));
        assert!(verify(&files).expect("whole").damage.is_empty());
        assert_eq!(read(Arc::clone(&files)).expect("whole").1, history);
        let (store, found) = open(files, OPTIONS).expect("whole");
        assert_eq!(found, history);
        checkpoint(&store, store.mark().expect("a mark"), &history).expect("it goes on");
        formats += 1;
    }
    assert!(formats >= 1);
}

#[test]
fn what_is_written_is_what_was_written() {
    let golden = golden(FORMAT);
    // A log without a witness is one whose making was cut off: its header gives the colony the same identity.
    let header = |name: &str| golden[name][..4096].to_vec();
    let mut first = header("log-1");
    first[32..40].copy_from_slice(&0u64.to_le_bytes());
    // Sequence, chain and checkpoint are none in the first log; the hash is made anew.
    first[40..88].fill(0);
    let check = xxhash_rust::xxh3::xxh3_128(&first[..4080]);
    first[4080..].copy_from_slice(&check.to_le_bytes());
    let memory = Memory::from_files(BTreeMap::from([("log-0".to_owned(), first)]));
    write(&(Arc::new(memory.clone()) as Arc<dyn Files>));
    let now = memory.contents();
    assert_eq!(now["checkpoint-1"], golden["checkpoint-1"]);
    assert_eq!(now["log-1"], golden["log-1"][..now["log-1"].len()]);
    let identity = |witness: &[u8]| witness[..36].to_vec();
    assert_eq!(identity(&now["witness"]), identity(&golden["witness"]));
}
