//! Calls that wait for their turn at a tick, and calls made from within them, as a signal handler makes them.

mod common;

use common::{documents, fault, ingest, never, runner, world};
use phago_core::Error;
use phago_core::phase::Phase;
use phago_engine::tick::turn::Turn;
use phago_engine::{Action, Runner};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

const LIMIT: Duration = Duration::from_secs(10);

/// A stop that says so when a test would hang, so that it fails instead.
fn guard() -> impl FnMut() -> bool {
    let since = Instant::now();
    move || since.elapsed() > LIMIT
}

/// The head of the queue, as another thread's tick holds it.
fn held(runner: &Runner) -> Option<Turn> {
    Some(Handle::current().block_on(runner.world().turn()))
}

fn on_a_runtime(test: impl FnOnce() + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let handle = runtime.handle().clone();
    let test = std::thread::spawn(move || {
        let _inside = handle.enter();
        test();
    });
    test.join().unwrap();
}

#[test]
fn a_call_made_while_its_own_thread_waits_for_a_turn_goes_first() {
    on_a_runtime(|| {
        let runner = runner(&world(2), 2, 5_000);
        let (mut turn, mut guard) = (held(&runner), guard());
        let mut nested = Vec::new();
        let outer = runner.tick_blocking(|| {
            // The turn comes to the outer call while the inner one runs in its place.
            if turn.take().is_some() {
                nested.push(runner.tick_blocking(self::guard()).map(|tick| tick.tick));
            }
            guard()
        });
        assert_eq!((nested, outer.map(|tick| tick.tick)), (vec![Ok(1)], Ok(2)));
    });
}

#[test]
fn calls_may_be_nested_while_a_tick_of_their_own_thread_is_under_way() {
    on_a_runtime(|| {
        let runner = runner(&world(2), 2, 5_000);
        runner.inject(fault(Action::HangDeaf { ms: 200 }, 0, Phase::Act, 1)).unwrap();
        let (mut left, mut guard) = (1, guard());
        let mut inner = Vec::new();
        let outer = runner.tick_blocking(|| {
            if left > 0 {
                left -= 1;
                let (mut asked, mut limit) = (false, self::guard());
                // The second handler begins while the first one waits behind the tick.
                inner.push(runner.tick_blocking(|| {
                    if !std::mem::replace(&mut asked, true) {
                        let innermost = runner.tick_blocking(self::guard());
                        assert_eq!(innermost.map(|tick| tick.tick), Ok(2));
                    }
                    limit()
                }));
            }
            guard()
        });
        let inner: Vec<_> = inner.into_iter().map(|tick| tick.map(|tick| tick.tick)).collect();
        assert_eq!((inner, outer.map(|tick| tick.tick)), (vec![Ok(3)], Ok(1)));
    });
}

#[test]
fn a_nested_call_that_gives_up_leaves_its_place_to_the_outer_one() {
    on_a_runtime(|| {
        let runner = runner(&world(1), 1, 5_000);
        let (mut turn, mut guard) = (held(&runner), guard());
        let mut stopped = None;
        let outer = runner.tick_blocking(|| {
            if stopped.is_none() {
                stopped = Some(runner.tick_blocking(|| true).map(|tick| tick.tick));
                turn = None;
            }
            guard()
        });
        assert_eq!((stopped, outer.map(|tick| tick.tick)), (Some(Err(Error::Cancelled)), Ok(1)));
        // Nobody is left in the queue.
        assert_eq!(runner.tick_blocking(never).map(|tick| tick.tick), Ok(2));
    });
}

#[test]
fn a_call_that_looks_whether_it_should_stop_keeps_nobody_waiting() {
    on_a_runtime(|| {
        let runner = runner(&world(1), 1, 5_000);
        let (mut turn, mut guard) = (held(&runner), guard());
        let mut other = None;
        let outer = runner.tick_blocking(|| {
            // What a handler does that waits for a thread of its own.
            if turn.take().is_some() {
                let tick = || runner.tick_blocking(self::guard()).map(|tick| tick.tick);
                other = std::thread::scope(|scope| scope.spawn(tick).join().ok());
            }
            guard()
        });
        assert_eq!((other, outer.map(|tick| tick.tick)), (Some(Ok(1)), Ok(2)));
    });
}

#[test]
fn calls_of_two_worlds_may_be_nested() {
    on_a_runtime(|| {
        let (one, two) = (runner(&world(1), 1, 5_000), runner(&world(2), 1, 5_000));
        let (mut turns, mut guard) = ((held(&one), held(&two)), guard());
        let outer = one.tick_blocking(|| {
            if let Some(turn) = turns.0.take() {
                let mut limit = self::guard();
                let inner = two.tick_blocking(|| {
                    if turns.1.take().is_some() {
                        assert_eq!(two.tick_blocking(self::guard()).map(|tick| tick.tick), Ok(1));
                    }
                    limit()
                });
                assert_eq!(inner.map(|tick| tick.tick), Ok(2));
                drop(turn);
            }
            guard()
        });
        assert_eq!(outer.map(|tick| tick.tick), Ok(1));
    });
}

#[test]
fn waiting_calls_of_many_threads_all_get_their_turn() {
    on_a_runtime(|| {
        let runner = runner(&world(2), 2, 5_000);
        let turn = held(&runner);
        let mut made = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| runner.tick_blocking(guard()).unwrap().tick)).collect();
            std::thread::sleep(Duration::from_millis(30));
            drop(turn);
            calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
        });
        made.sort_unstable();
        assert_eq!(made, (1..=8).collect::<Vec<_>>());
    });
}

#[test]
fn a_run_of_short_ticks_asks_whether_it_should_stop() {
    on_a_runtime(|| {
        let config = phago_core::config::ColonyConfig { documents_per_tick: 1, ..Default::default() };
        let runner = runner(&common::world_with(1, config), 1, 60_000);
        ingest(runner.world(), &documents(1, 20_000));
        // Whether a tick or the run asked, the answer ends the run.
        let mut asked = 0;
        let run = runner.run_until_quiet_blocking(None, || {
            asked += 1;
            true
        });
        assert_eq!((run, asked), (Err(Error::Cancelled), 1));
        assert!(runner.world().tick() < 20_000, "it stopped long before its end");
    });
}
