//! The group commit, the log's ends and the journal.

use super::disk::Disk;
use super::saw;
use phago_core::Error;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::metadata::Metadata;
use phago_core::phase::Phase;
use phago_engine::store::{Files, Kind, Options, Prepared, Reader, Recovery, SectionId, Store, WitnessSync};
use phago_engine::{OnError, World};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::{Arc, Barrier};
use shuttle::thread;
use std::time::Duration;

const NOTE: Kind = Kind(16);
// With a keeper: the thread that syncs the witness later.
const KEPT: WitnessSync = WitnessSync::Within(Duration::from_millis(50));

fn open(disk: &Disk, witness: WitnessSync) -> Arc<Store> {
    let options = Options { witness, make: true, mutant: None };
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    Arc::new(Recovery::open(files, options, Some(b"settings")).unwrap().finish().unwrap())
}

fn note(writer: usize, number: usize) -> Vec<u8> {
    format!("[note {number} of writer {writer}]").into_bytes()
}

fn append(store: &Store, bytes: &[u8]) -> phago_core::Result<u64> {
    store.append(&Prepared::new(NOTE, bytes.to_vec())?)
}

fn close(store: Arc<Store>) {
    Arc::into_inner(store).expect("nobody else has it").close().unwrap();
}

// The last record that a reader in another process sees.
fn seen(disk: &Disk) -> u64 {
    let mut reader = Reader::open(Arc::new(disk.clone())).unwrap();
    let mut last = 0;
    while let Some(record) = reader.next().unwrap() {
        last = record.sequence;
    }
    last
}

pub fn what_is_acknowledged_is_durable_and_seen_by_readers() {
    let disk = Disk::default();
    let store = open(&disk, KEPT);
    let writers = [0, 1, 2].map(|writer| {
        let (disk, store) = (disk.clone(), store.clone());
        thread::spawn(move || {
            for number in 0..2 {
                let bytes = note(writer, number);
                let sequence = append(&store, &bytes).unwrap();
                store.commit(sequence).unwrap();
                assert!(disk.has_durably(&bytes), "what was acknowledged is not durable");
                assert!(writer > 0 || seen(&disk) >= sequence, "what was acknowledged is not seen");
            }
        })
    });
    for writer in writers {
        writer.join().unwrap();
    }
    let (syncs, in_vain) = disk.log_syncs();
    // The opening syncs twice what is new to nobody.
    assert!(syncs <= 6 + 2 && in_vain <= 1, "{syncs} syncs, {in_vain} in vain");
    if syncs < 6 {
        saw("shared syncs");
    }
    close(store);
}

pub fn one_sync_serves_all_who_wait() {
    let disk = Disk::default();
    let store = open(&disk, WitnessSync::Sealed);
    let (before, all) = (disk.log_syncs().0, Arc::new(Barrier::new(3)));
    let writers = [0, 1, 2].map(|writer| {
        let (disk, store, all) = (disk.clone(), store.clone(), all.clone());
        thread::spawn(move || {
            let bytes = note(writer, 0);
            let sequence = append(&store, &bytes).unwrap();
            all.wait();
            store.commit(sequence).unwrap();
            assert!(disk.has_durably(&bytes), "what was acknowledged is not durable");
        })
    });
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(disk.log_syncs().0 - before, 1);
    close(store);
}

pub fn a_sync_that_fails_is_told_to_all_who_wait() {
    let disk = Disk::default();
    let store = open(&disk, WitnessSync::Sealed);
    let writers = [0, 1, 2].map(|writer| {
        let (disk, store) = (disk.clone(), store.clone());
        thread::spawn(move || {
            if writer == 2 {
                disk.fail();
            }
            let bytes = note(writer, 0);
            match append(&store, &bytes).and_then(|sequence| store.commit(sequence)) {
                Ok(()) => assert!(disk.has_durably(&bytes), "what was acknowledged is not durable"),
                Err(Error::Storage { .. }) => saw("the leader is told"),
                Err(Error::Poisoned { .. }) => saw("others are told"),
                Err(error) => panic!("{error}"),
            }
        })
    });
    for writer in writers {
        writer.join().unwrap();
    }
    assert!(matches!(append(&store, b"more"), Err(Error::Poisoned { .. })));
}

pub fn a_seal_and_a_new_log_wait_for_whoever_writes() {
    let disk = Disk::default();
    let store = open(&disk, KEPT);
    let writers = [0, 1].map(|writer| {
        let (disk, store) = (disk.clone(), store.clone());
        thread::spawn(move || {
            for number in 0..2 {
                let bytes = note(writer, number);
                store.commit(append(&store, &bytes).unwrap()).unwrap();
                // In the log, or in the log that was begun since.
                assert!(disk.has_durably(&bytes), "what was acknowledged is not durable");
            }
            if writer == 1 {
                store.seal().unwrap();
            }
        })
    });
    let mark = store.mark().unwrap();
    // The state at the mark: as many records as were appended before it.
    let before = mark.sequence();
    let mut kept = Vec::new();
    let mut notes = Vec::new();
    store.begin_generation(mark, |sections| sections.add(SectionId(1), &before.to_le_bytes())).unwrap();
    for writer in writers {
        writer.join().unwrap();
    }
    close(store);
    let files: Arc<dyn Files> = Arc::new(disk.after_a_loss_of_power());
    let mut again = Recovery::open(files, Options::default(), None).unwrap();
    if (1..4).contains(&before) {
        saw("a mark between records");
    }
    let found = again.checkpoint().map(|checkpoint| checkpoint.section(SectionId(1)).unwrap());
    assert_eq!(found, Some(before.to_le_bytes().to_vec()));
    while let Some(record) = again.next().unwrap() {
        kept.push(record.sequence);
        notes.push(record.payload);
    }
    assert_eq!(kept, (before + 1..=4).collect::<Vec<_>>());
    notes.sort_unstable();
    notes.dedup();
    assert_eq!(notes.len(), kept.len(), "a record is there twice");
}

pub fn a_store_that_is_dropped_waits_for_the_keeper_of_its_witness() {
    let disk = Disk::default();
    let store = open(&disk, KEPT);
    let bytes = note(0, 0);
    store.commit(append(&store, &bytes).unwrap()).unwrap();
    for _ in 0..thread_rng().gen_range(0..20) {
        thread::yield_now();
    }
    if disk.is_busy() {
        saw("the keeper is inside");
    }
    // The disk notices who is inside when the lock is let go.
    drop(store);
    assert!(disk.has_durably(&bytes));
}

fn document(writer: usize, number: usize) -> Body {
    let text = format!("a cell {writer} takes in ions and another cell {number} lets them go");
    let key = Some(format!("{writer}-{number}").into());
    Body { key, title: "a cell".into(), text: text.into(), metadata: Metadata::default(), ..Body::default() }
}

pub fn a_close_waits_for_inputs_in_flight() {
    let disk = Disk::default();
    let options = Options { witness: KEPT, make: true, mutant: None };
    let open = |files: Arc<dyn Files>| World::open(files, options, None, Some(ColonyConfig::default())).unwrap();
    let world = open(Arc::new(disk.clone()));
    let writers = [0, 1].map(|writer| {
        let world = world.clone();
        thread::spawn(move || {
            let ingested =
                |number: &usize| match world.ingest(vec![Ok(document(writer, *number))], 0, OnError::Raise, None) {
                    Ok(_) => true,
                    Err(Error::Busy { .. }) => {
                        saw("refused, as it is closed");
                        false
                    }
                    Err(error) => panic!("{error}"),
                };
            (0..2).take_while(ingested).count()
        })
    });
    world.join(ShardId(0)).unwrap();
    for phase in Phase::ALL {
        world.phase_by_hand(ShardId(0), phase).unwrap();
        if phase == Phase::Act {
            for (shard, batch) in world.take_outbox(ShardId(0)).unwrap() {
                world.deliver(shard, &batch).unwrap();
            }
        }
    }
    world.close().unwrap();
    let durable = disk.after_a_loss_of_power();
    let accepted: Vec<usize> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    drop(world);
    let again = open(Arc::new(durable));
    let found = |writer: usize, number| {
        let id = document(writer, number).id();
        again.read(|state| state.document(id).is_some()).unwrap()
    };
    for (writer, accepted) in accepted.into_iter().enumerate() {
        if accepted == 2 {
            saw("a writer with all it wrote");
        }
        for number in 0..accepted {
            assert!(found(writer, number), "document {number} of {writer} was acknowledged and is gone");
        }
    }
    assert_eq!(again.tick(), 1);
}
