//! A store in use: callers that share a sync, readers beside a writer, generations that begin while others append.

mod common;
mod history;

use history::{Event, History, SETTINGS, checkpoint, note, open, put, read, read_on, snapshot, text};
use phago_core::Error;
use phago_engine::store::{
    Directory, Faulty, File, Files, Kind, Lock, Memory, Open, Options, PAYLOAD_BYTES_MAX, Prepared, Recovery,
    Refreshed, SETTINGS_BYTES_MAX, SectionId, Store, WitnessSync, verify,
};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };

fn memory() -> Arc<dyn Files> {
    Arc::new(Memory::new())
}

fn kept(store: &Store, bytes: Vec<u8>) -> u64 {
    let sequence = note(store, bytes).expect("appended");
    store.commit(sequence).expect("kept");
    sequence
}

// --- callers that come together --------------------------------------------------------------------------------

/// Files whose syncs of the log wait at a gate, and are counted.
#[derive(Debug)]
struct Gated {
    files: Memory,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    open: Mutex<bool>,
    moved: Condvar,
    waiting: AtomicU64,
    syncs: AtomicU64,
}

#[derive(Debug)]
struct GatedFile(Box<dyn File>, Option<Arc<Gate>>);

impl Gate {
    fn set(&self, open: bool) {
        *self.open.lock().expect("sound") = open;
        self.moved.notify_all();
    }
}

impl Files for Gated {
    fn path(&self) -> String {
        self.files.path()
    }
    fn create_dir(&self) -> io::Result<()> {
        self.files.create_dir()
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.files.list()
    }
    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>> {
        let gate = name.starts_with("log").then(|| Arc::clone(&self.gate));
        Ok(Box::new(GatedFile(self.files.open(name, open)?, gate)))
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.files.remove(name)
    }
    fn sync_dir(&self) -> io::Result<()> {
        self.files.sync_dir()
    }
    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>> {
        self.files.lock(name, note)
    }
}

impl File for GatedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(offset, bytes)
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
    fn sync(&self) -> io::Result<()> {
        if let Some(gate) = &self.1 {
            gate.waiting.fetch_add(1, Ordering::SeqCst);
            let open = gate.open.lock().expect("sound");
            drop(gate.moved.wait_while(open, |open| !*open).expect("sound"));
            gate.syncs.fetch_add(1, Ordering::SeqCst);
        }
        self.0.sync()
    }
}

fn until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} never happened");
        std::thread::yield_now();
    }
}

#[test]
fn callers_that_come_together_share_one_sync() {
    let gate = Arc::new(Gate::default());
    gate.set(true);
    let files = Arc::new(Gated { files: Memory::new(), gate: Arc::clone(&gate) });
    let (store, _) = open(files, OPTIONS).expect("new");
    gate.set(false);
    let (before, waited) = (gate.syncs.load(Ordering::SeqCst), gate.waiting.load(Ordering::SeqCst));
    let answered = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let call = || {
            kept(&store, b"one of many".to_vec());
            answered.fetch_add(1, Ordering::SeqCst);
        };
        scope.spawn(call);
        until("the first sync", || gate.waiting.load(Ordering::SeqCst) == waited + 1);
        for _ in 0..31 {
            scope.spawn(call);
        }
        until("every append", || store.extent().1 == 32);
        assert_eq!(answered.load(Ordering::SeqCst), 0, "nobody is answered before a sync");
        gate.set(true);
    });
    assert_eq!(gate.syncs.load(Ordering::SeqCst) - before, 2, "one for the first, one for all who came meanwhile");
    assert_eq!(answered.into_inner(), 32);
}

#[test]
fn many_threads_append_commit_and_checkpoint_and_all_is_there_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let files: Arc<dyn Files> = Arc::new(Directory::new(folder.path()));
    let options = Options { witness: WitnessSync::Within(Duration::from_millis(1)), ..OPTIONS };
    let (store, _) = open(Arc::clone(&files), options).expect("new");
    // Who orders inputs holds a lock of his own, as a colony does.
    let order = Mutex::new(History::new());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (store, order) = (&store, &order);
            scope.spawn(move || {
                for number in 0..40 {
                    let bytes = text(thread * 1000 + number, 50 + number as usize * 30);
                    let sequence = {
                        let mut history = order.lock().expect("sound");
                        history.push(Event::Note(bytes.clone()));
                        note(store, bytes).expect("appended")
                    };
                    store.commit(sequence).expect("kept");
                }
            });
        }
        let mut generations = 0;
        while generations < 5 {
            let (mark, state) = {
                let history = order.lock().expect("sound");
                (store.mark().expect("a mark"), history.clone())
            };
            checkpoint(&store, mark, &state).expect("a checkpoint");
            generations += 1;
        }
    });
    let history = order.into_inner().expect("sound");
    assert_eq!(history.len(), 160);
    drop(store);
    let (store, found) = open(Arc::clone(&files), options).expect("whole");
    assert_eq!(found, history);
    store.close().expect("closed");
    assert_eq!(files.list().expect("list"), ["LOCK", "checkpoint-5", "log-5", "witness"]);
    let verified = verify(&files).expect("whole");
    assert!(verified.damage.is_empty() && verified.sections == 2, "{verified:?}");
}

#[test]
fn the_witness_is_synced_soon_where_nobody_writes_any_more() {
    let disk = Faulty::new();
    let options = Options { witness: WitnessSync::Within(Duration::from_millis(20)), ..OPTIONS };
    let (store, _) = open(Arc::new(disk.clone()), options).expect("new");
    for _ in 0..3 {
        let before = disk.synced();
        kept(&store, b"alone".to_vec());
        // The log's, at once; the witness's, later.
        until("a sync of the witness", || disk.synced() >= before + 2);
    }
    drop(store);
    let (store, _) = open(Arc::new(disk.clone()), options).expect("the lock is free at once");
    drop(store);
}

// --- one writer ------------------------------------------------------------------------------------------------

#[test]
fn a_second_writer_is_told_who_has_it_and_since_when() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = || -> Arc<dyn Files> { Arc::new(Directory::new(folder.path())) };
    let (store, _) = open(files(), Options::default()).expect("new");
    kept(&store, b"mine".to_vec());
    match open(files(), Options::default()).map(|_| ()) {
        Err(Error::Locked { path, pid, since }) => {
            assert_eq!(path, folder.path().display().to_string());
            assert_eq!(pid, Some(std::process::id()));
            let since = since.expect("since when");
            assert!(since.len() == 20 && since.ends_with('Z'), "{since}");
        }
        other => panic!("{other:?}"),
    }
    let (_, found) = read(files()).expect("a reader needs no lock");
    assert_eq!(found.len(), 1);
    store.close().expect("closed");
    let (_, found) = open(files(), Options::default()).expect("it is free at once");
    assert_eq!(found.len(), 1);
}

#[test]
fn a_colony_is_made_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none");
    let files = || -> Arc<dyn Files> { Arc::new(Directory::new(&path)) };
    let none = Error::NoColony { path: path.display().to_string() };
    assert_eq!(Recovery::open(files(), OPTIONS, None).map(|_| ()).expect_err("none"), none);
    assert_eq!(read(files()).map(|_| ()).expect_err("none"), none);
    assert_eq!(verify(&files()).expect_err("none"), none);
    assert!(!path.exists(), "looking makes nothing");
    let (store, _) = open(files(), OPTIONS).expect("made");
    store.close().expect("closed");
    // What it was made with stays, whatever it is opened with.
    let recovery = Recovery::open(files(), OPTIONS, Some(b"other settings")).expect("there");
    assert_eq!(recovery.settings(), SETTINGS);
}

#[test]
fn what_looks_as_if_its_making_was_cut_off_is_made_only_where_it_is_asked_for() {
    let memory = Memory::new();
    let (store, _) = open(Arc::new(memory.clone()), OPTIONS).expect("made");
    kept(&store, b"a record".to_vec());
    let mut cut = memory.contents();
    cut.get_mut("witness").expect("there").clear();
    cut.get_mut("log-0").expect("there").truncate(4096);
    let memory = Memory::from_files(cut.clone());
    let files = || -> Arc<dyn Files> { Arc::new(memory.clone()) };
    let none = Error::NoColony { path: files().path() };
    assert_eq!(Recovery::open(files(), OPTIONS, None).map(|_| ()).expect_err("none"), none);
    assert_eq!(read(files()).map(|_| ()).expect_err("none"), none);
    cut.remove("LOCK");
    let mut left = memory.contents();
    left.remove("LOCK");
    assert_eq!(left, cut);
    assert_eq!(open(files(), OPTIONS).expect("made").1.len(), 0);
}

#[test]
fn files_of_others_with_such_names_are_not_written_over() {
    for (name, length) in [("witness", 9000), ("witness", 20), ("log-0", 20), ("log-0", 4096)] {
        let memory = Memory::from_files([(name.to_owned(), b"dear diary, ".repeat(750)[..length].to_vec())].into());
        let before = memory.contents()[name].clone();
        let files = || -> Arc<dyn Files> { Arc::new(memory.clone()) };
        for new in [None, Some(SETTINGS)] {
            let refused = Recovery::open(files(), OPTIONS, new).map(|_| ()).expect_err("others'");
            assert!(matches!(refused, Error::Corruption { .. }), "{refused}");
            assert_eq!(memory.contents()[name], before);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let (colony, other) = (folder.path().join("colony"), folder.path().join("precious"));
    std::fs::create_dir(&colony).expect("a folder");
    std::fs::write(&other, "precious").expect("written");
    std::os::unix::fs::symlink(&other, colony.join("LOCK")).expect("linked");
    let refused = open(Arc::new(Directory::new(&colony)), OPTIONS).map(|_| ()).expect_err("a link");
    assert!(matches!(&refused, Error::Storage { .. }) && refused.to_string().contains("a link"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&other).expect("read"), "precious");
}

#[test]
fn what_is_too_long_is_refused_and_changes_nothing() {
    let memory = Memory::new();
    let settings = vec![0; SETTINGS_BYTES_MAX + 1];
    let limit = Recovery::open(Arc::new(memory.clone()), OPTIONS, Some(&settings)).map(|_| ()).expect_err("too long");
    assert!(matches!(limit, Error::Limit { .. }), "{limit}");
    assert_eq!(memory.contents().keys().collect::<Vec<_>>(), ["LOCK"]);
    Recovery::open(Arc::new(memory.clone()), OPTIONS, Some(&settings[1..])).expect("as long as can be");
    let limit = Prepared::new(Kind(16), vec![0; PAYLOAD_BYTES_MAX + 1]).map(|_| ()).expect_err("too long");
    assert!(matches!(limit, Error::Limit { .. }), "{limit}");
}

// --- readers ---------------------------------------------------------------------------------------------------

#[test]
fn a_reader_sees_what_is_acknowledged_and_nothing_else() {
    let files = memory();
    let (store, _) = open(Arc::clone(&files), OPTIONS).expect("new");
    kept(&store, text(1, 1000));
    let (mut reader, mut found) = read(Arc::clone(&files)).expect("beside the writer");
    assert_eq!(found.len(), 1);
    note(&store, text(2, 50)).expect("appended");
    assert_eq!(reader.refresh().expect("whole"), Refreshed::Further);
    read_on(&mut reader, &mut found).expect("whole");
    assert_eq!(found.len(), 1, "it is not acknowledged");
    let last = kept(&store, text(3, 50));
    read_on(&mut reader, &mut found).expect("whole");
    assert_eq!(found.len(), 1, "nothing moves without a refresh");
    assert_eq!(reader.refresh().expect("whole"), Refreshed::Further);
    read_on(&mut reader, &mut found).expect("whole");
    assert_eq!(found.len(), 3);

    assert!(store.idle_tick(last).expect("sound"));
    store.seal().expect("kept");
    reader.refresh().expect("whole");
    read_on(&mut reader, &mut found).expect("whole");
    assert_eq!(found.last(), Some(&Event::Idle));

    let mark = store.mark().expect("a mark");
    checkpoint(&store, mark, &found).expect("a checkpoint");
    kept(&store, text(4, 50));
    read_on(&mut reader, &mut found).expect("what was read stands");
    assert_eq!((found.len(), reader.refresh().expect("whole")), (4, Refreshed::Anew));
    let (reader, found) = read(files).expect("anew");
    assert_eq!((found.len(), reader.base()), (5, 4));
}

#[test]
fn readers_race_a_writer_and_see_no_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = || -> Arc<dyn Files> { Arc::new(Directory::new(folder.path())) };
    let (store, mut history) = open(files(), Options::default()).expect("new");
    let writing = std::sync::atomic::AtomicBool::new(true);
    let looks = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut least = 0;
                while writing.load(Ordering::SeqCst) {
                    let (mut reader, mut found) = read(files()).expect("no damage");
                    while reader.refresh().expect("no damage") == Refreshed::Further && found.len() < least + 20 {
                        read_on(&mut reader, &mut found).expect("no damage");
                        looks.fetch_add(1, Ordering::SeqCst);
                        if !writing.load(Ordering::SeqCst) {
                            break;
                        }
                    }
                    let all = found.iter().enumerate();
                    assert!(all.clone().all(|(at, event)| *event == Event::Note(text(at as u64, at % 600))));
                    assert!(found.len() >= least, "it never goes back");
                    least = found.len();
                }
            });
        }
        for number in 0..300 {
            let bytes = text(number, number as usize % 600);
            kept(&store, bytes.clone());
            history.push(Event::Note(bytes));
            if number % 20 == 19 {
                let mark = store.mark().expect("a mark");
                checkpoint(&store, mark, &history).expect("a checkpoint");
            }
        }
        until("a look", || looks.load(Ordering::SeqCst) > 10);
        writing.store(false, Ordering::SeqCst);
    });
    println!("looks of readers beside a writer: {}", looks.into_inner());
}

// --- generations -----------------------------------------------------------------------------------------------

#[test]
fn what_comes_after_the_mark_is_carried_over() {
    let files = memory();
    let (store, mut history) = open(Arc::clone(&files), OPTIONS).expect("new");
    let push = |history: &mut History, bytes: usize| {
        let bytes = text(history.len() as u64, bytes);
        let sequence = note(&store, bytes.clone()).expect("appended");
        history.push(Event::Note(bytes));
        sequence
    };
    push(&mut history, 100);
    push(&mut history, 4000);
    let mark = store.mark().expect("a mark");
    let state = history.clone();
    let third = push(&mut history, 7);
    store.commit(third).expect("kept");
    push(&mut history, 900);
    let before = store.extent().0;
    let stale = store.mark().expect("a mark of the old generation");
    store
        .begin_generation(mark, |sections| {
            // While it is written, others append and commit, and no second one begins.
            let fifth = push(&mut history, 30);
            store.commit(fifth).expect("kept");
            push(&mut history, 31);
            let busy = checkpoint(&store, stale, &[]).expect_err("one at a time");
            assert!(matches!(busy, Error::Busy { .. }), "{busy}");
            sections.add(SectionId(3), b"")
        })
        .expect("a checkpoint");
    assert!(store.extent().0 < before + 100, "what the checkpoint holds is in the log no more");
    let busy = checkpoint(&store, stale, &[]).expect_err("its generation is over");
    assert!(matches!(busy, Error::Busy { .. }), "{busy}");
    store.close().expect("closed");

    let mut recovery = Recovery::open(files, OPTIONS, None).expect("whole");
    let checkpoint = recovery.checkpoint().expect("there is one");
    assert_eq!(checkpoint.sections().collect::<Vec<_>>(), [SectionId(3)]);
    assert_eq!(checkpoint.section(SectionId(3)).expect("whole"), b"");
    assert!(matches!(checkpoint.section(SectionId(4)), Err(Error::Corruption { .. })), "there is none");
    assert_eq!((recovery.base(), state.len()), (2, 2));
    let mut after = Vec::new();
    while let Some(record) = recovery.next().expect("whole") {
        after.push(record);
    }
    let sequences: Vec<u64> = after.iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, [3, 4, 5, 6]);
    assert!(after.iter().zip(&history[2..]).all(|(record, event)| Event::Note(record.payload.clone()) == *event));
}

#[test]
fn a_checkpoint_that_fails_leaves_the_generation_as_it_is() {
    let files = memory();
    let (store, _) = open(Arc::clone(&files), OPTIONS).expect("new");
    kept(&store, b"before".to_vec());
    let mark = store.mark().expect("a mark");
    let failed = store.begin_generation(mark, |sections| {
        sections.add(SectionId(1), &[7; 10_000])?;
        Err(Error::Cancelled)
    });
    assert_eq!(failed, Err(Error::Cancelled));
    assert_eq!(files.list().expect("list"), ["LOCK", "log-0", "witness"]);
    kept(&store, b"after".to_vec());
    checkpoint(&store, store.mark().expect("a mark"), &[]).expect("the next one");
    assert_eq!(files.list().expect("list"), ["LOCK", "checkpoint-1", "log-1", "witness"]);
}

#[test]
fn a_snapshot_is_a_colony_of_its_own() {
    let (here, there) = (memory(), memory());
    let (store, mut history) = open(Arc::clone(&here), OPTIONS).expect("new");
    history.push(Event::Note(text(0, 500)));
    kept(&store, text(0, 500));
    let mark = store.mark().expect("a mark");
    kept(&store, b"later".to_vec());
    snapshot(&store, mark, Arc::clone(&there), &history).expect("a copy");
    let taken = snapshot(&store, mark, Arc::clone(&there), &history).expect_err("there is one");
    assert_eq!(taken, Error::Occupied { path: ":memory:".to_owned() });
    let (copy, found) = open(Arc::clone(&there), OPTIONS).expect("a colony");
    assert_eq!(found, history);
    assert_ne!(copy.uuid(), store.uuid(), "its files fit no other colony");
    assert_eq!(kept(&copy, b"on its own".to_vec()), mark.sequence() + 1);
    copy.close().expect("closed");
    assert!(verify(&there).expect("whole").damage.is_empty());
}

// --- idle ticks ------------------------------------------------------------------------------------------------

#[test]
fn a_run_of_idle_ticks_costs_a_number() {
    let files = memory();
    let (store, _) = open(Arc::clone(&files), OPTIONS).expect("new");
    let first = kept(&store, b"first".to_vec());
    let before = store.extent();
    for _ in 0..100_000 {
        assert!(store.idle_tick(first).expect("sound"));
    }
    assert_eq!(store.extent(), before, "nothing was appended");
    let second = kept(&store, b"second".to_vec());
    assert!(store.extent().0 - before.0 < 120);
    assert!(!store.idle_tick(first).expect("sound"), "it did not see the second record");
    assert!(store.idle_tick(second).expect("sound"));
    store.seal().expect("kept");
    assert!(store.idle_tick(second).expect("sound"), "a record of idle ticks is none that a tick could miss");
    store.close().expect("closed");
    let (_, found) = open(files, OPTIONS).expect("whole");
    assert_eq!(found.len(), 100_004);
    assert_eq!(found.iter().filter(|event| **event == Event::Idle).count(), 100_002);
    assert_eq!(found[100_001], Event::Note(b"second".to_vec()));
}

#[test]
fn idle_ticks_outlive_their_process_in_any_generation() {
    let files = memory();
    let (store, mut history) = open(Arc::clone(&files), OPTIONS).expect("new");
    kept(&store, b"first".to_vec());
    history.push(Event::Note(b"first".to_vec()));
    drop(store);
    for life in 0..6 {
        let (store, found) = open(Arc::clone(&files), OPTIONS).expect("whole");
        assert_eq!(found, history, "life {life}");
        let last = store.settled().expect("sound");
        for _ in 0..=life {
            assert!(store.idle_tick(last).expect("sound"));
            history.push(Event::Idle);
        }
        if life % 3 == 1 {
            let mark = store.mark().expect("a mark");
            // While the checkpoint is made.
            let all = history.clone();
            store
                .begin_generation(mark, |sections| {
                    assert!(store.idle_tick(last).expect("sound"));
                    history.push(Event::Idle);
                    put(sections, &all)
                })
                .expect("a generation");
        }
        // Dropped as if the process were killed: nothing is sealed, and what was written stays.
        drop(store);
    }
}
