//! Ticks with next to nothing to do, which their callers' threads make.

mod common;

use common::*;
use phago_core::phase::Phase;
use phago_core::{Error, colony::Colony};
use phago_engine::Action;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_with_little_to_do_start_no_worker_and_make_the_same_colony() {
    for shards in [1, 2, 7] {
        let world = world(shards);
        let runner = runner(&world, 2, FOREVER_MS);
        let state = world.read(Clone::clone).unwrap();
        let mut colony = Colony::of(state);
        for document in documents(5, 6) {
            ingest(&world, std::slice::from_ref(&document));
            colony.apply(phago_core::input::Input::Ingest(vec![document])).unwrap();
            let made = runner.run_until_quiet(None).await.unwrap();
            for tick in 0..made.ticks + 2 {
                colony.tick().unwrap();
                if tick >= made.ticks {
                    let report = runner.tick().await.unwrap();
                    assert_eq!((report.phases.len(), report.is_quiet), (3 * shards as usize, true));
                }
            }
            assert_eq!(world.digest().unwrap(), colony.digest());
        }
        assert_eq!(runner.pool().threads(), 0, "{shards} shards");
        // What takes a while is for the workers.
        ingest(&world, &documents(5, 46)[6..]);
        runner.tick().await.unwrap();
        assert!(runner.pool().threads() > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_tick_with_a_fault_goes_to_the_workers_and_is_redone() {
    for phase in Phase::ALL {
        let world = world(2);
        let runner = runner(&world, 2, FOREVER_MS);
        runner.inject(fault(Action::Panic, 1, phase, 1)).unwrap();
        let report = ends(runner.tick()).await.unwrap();
        assert_eq!((report.tick, report.recovered.len()), (1, 1));
        assert!(runner.pool().threads() > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_tick_waits_for_no_reader_on_its_callers_thread() {
    let world = world(2);
    let runner = Arc::new(runner(&world, 2, FOREVER_MS));
    let mut tick = pin!(runner.tick());
    // The commit has to wait for this reader, but not the thread that polls.
    world
        .read(|state| {
            assert!(tick.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(state.tick(), 0);
        })
        .unwrap();
    assert_eq!(ends(tick).await.unwrap().tick, 1);
    let stopped = world.read(|_| runner.tick_blocking(|| true)).unwrap();
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    // Whole or undone, and the next one works.
    let next = ends(runner.tick()).await.unwrap().tick;
    assert!(next == 2 || next == 3, "{next}");
    // Without a reader it is there at once.
    assert!(matches!(pin!(runner.tick()).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_))));
}
