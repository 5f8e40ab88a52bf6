//! The worker threads: every item once, panics kept, hung workers replaced, no more threads than agreed.

use phago_engine::work::pool::{ItemState, PhaseHandle, Pool};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

fn run(pool: &Pool, items: usize, work: impl Fn(usize) + Send + Sync + 'static) -> PhaseHandle {
    let (send, receive) = mpsc::channel();
    let handle = pool.run_phase(items, work, move || send.send(()).unwrap()).unwrap();
    receive.recv_timeout(LONG).unwrap();
    handle
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LONG, "waited too long for {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn every_item_runs_once_and_the_threads_stay() {
    let pool = Pool::new(3);
    assert_eq!(pool.thread_count(), 0);
    let names = Arc::new(Mutex::new(HashSet::new()));
    for _ in 0..200 {
        let counts: Arc<Vec<AtomicUsize>> = Arc::new((0..17).map(|_| AtomicUsize::new(0)).collect());
        let (seen, names) = (counts.clone(), names.clone());
        let handle = run(&pool, 17, move |item| {
            seen[item].fetch_add(1, Ordering::Relaxed);
            names.lock().unwrap().insert(thread::current().name().unwrap().to_owned());
        });
        assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        assert!(handle.states().iter().all(|state| *state == ItemState::Answered));
    }
    let names = names.lock().unwrap();
    assert!(names.len() <= 3 && names.iter().all(|name| name.starts_with("phago-worker-")), "{names:?}");
    assert!(pool.thread_count() <= 3);
}

#[test]
fn as_many_workers_as_agreed_run_at_once_and_no_more() {
    for size in [1, 2, 4] {
        let pool = Pool::new(size);
        // All of them meet: it would never end with fewer.
        let barrier = Arc::new(Barrier::new(size));
        run(&pool, size, move |_| {
            barrier.wait();
        });
        let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counter, peak) = (inside.clone(), most.clone());
        run(&pool, 40, move |_| {
            peak.fetch_max(counter.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_micros(300));
            counter.fetch_sub(1, Ordering::SeqCst);
        });
        assert!(most.load(Ordering::SeqCst) <= size);
    }
}

#[test]
fn panics_are_kept_with_their_messages_and_the_rest_is_done() {
    let pool = Pool::new(2);
    let handle = run(&pool, 4, |item| {
        if item == 2 {
            std::panic::resume_unwind(Box::new(format!("item {item}")));
        }
    });
    let states = handle.states();
    assert_eq!(states[2], ItemState::Panicked("item 2".into()));
    assert_eq!(states.iter().filter(|state| **state == ItemState::Answered).count(), 3);
    run(&pool, 4, |_| ());
}

#[test]
fn a_continuation_may_submit_the_next_phase() {
    let pool = Arc::new(Pool::new(2));
    let (send, receive) = mpsc::channel();
    fn step(pool: Arc<Pool>, left: usize, send: mpsc::Sender<()>) {
        let next = pool.clone();
        let done = move || if left == 0 { send.send(()).unwrap() } else { step(next, left - 1, send) };
        pool.run_phase(3, |_| (), done).unwrap();
    }
    step(pool.clone(), 1000, send);
    receive.recv_timeout(LONG).unwrap();
}

#[test]
fn a_worker_that_hangs_is_replaced_and_exits_when_it_comes_back() {
    let pool = Pool::new(1);
    let free = Arc::new(AtomicBool::new(false));
    let gate = free.clone();
    let handle = pool
        .run_phase(
            2,
            move |_| {
                while !gate.load(Ordering::Acquire) {
                    thread::sleep(Duration::from_millis(1));
                }
            },
            || panic!("an abandoned job has no end"),
        )
        .unwrap();
    until("the item to begin", || handle.states()[0] == ItemState::Running);
    assert!(!pool.has_stuck());
    handle.abandon();
    assert!(pool.has_stuck() && !handle.is_quiet());
    assert_eq!(pool.replace_stuck(), Ok(1));
    assert_eq!((pool.lost_count(), pool.replace_stuck()), (1, Ok(0)));
    run(&pool, 5, |_| ());
    free.store(true, Ordering::Release);
    until("the lost worker to exit", || pool.lost_count() == 0);
    assert_eq!(handle.states()[1], ItemState::NotBegun);
    assert_eq!(pool.thread_count(), 1);
}

#[test]
fn lost_threads_are_bounded() {
    let pool = Pool::new(13);
    let free = Arc::new(AtomicBool::new(false));
    let mut refused = None;
    for _ in 0..6 {
        let gate = free.clone();
        let hang = move |_| {
            while !gate.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(1));
            }
        };
        let handle = pool.run_phase(13, hang, || ()).unwrap();
        until("all to hang", || handle.states().iter().all(|state| *state == ItemState::Running));
        handle.abandon();
        if let Err(error) = pool.replace_stuck() {
            refused = Some(error.to_string());
            break;
        }
    }
    assert_eq!(pool.lost_count(), 52);
    assert!(refused.unwrap().contains("at most 64"));
    free.store(true, Ordering::Release);
    until("all to come back", || pool.lost_count() == 0 && !pool.has_stuck());
    run(&pool, 13, |_| ());
}

#[test]
fn map_keeps_order_takes_part_and_needs_no_free_worker() {
    let pool = Arc::new(Pool::new(2));
    assert_eq!(pool.map((0..1000u64).collect(), |n| n * n).unwrap(), (0..1000).map(|n| n * n).collect::<Vec<u64>>());
    assert_eq!(pool.map(Vec::<u64>::new(), |n| n).unwrap(), Vec::<u64>::new());
    // Both workers hang in a phase; the caller does everything itself.
    let free = Arc::new(AtomicBool::new(false));
    let gate = free.clone();
    let (send, receive) = mpsc::channel();
    let hang = move |_| {
        while !gate.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
    };
    pool.run_phase(2, hang, move || send.send(()).unwrap()).unwrap();
    let caller = thread::current().id();
    let ids = pool.map(vec![(); 50], move |()| thread::current().id()).unwrap();
    assert!(ids.iter().all(|id| *id == caller));
    free.store(true, Ordering::Release);
    receive.recv_timeout(LONG).unwrap();
    // Two callers meet inside one map: a helper does take part.
    let barrier = Arc::new(Barrier::new(2));
    pool.map(vec![(), ()], move |()| {
        barrier.wait();
    })
    .unwrap();
    // From inside a worker as well.
    let inner = pool.clone();
    let sum = Arc::new(AtomicUsize::new(0));
    let total = sum.clone();
    run(&pool, 2, move |_| {
        total.fetch_add(inner.map((0..100usize).collect(), |n| n).unwrap().iter().sum(), Ordering::Relaxed);
    });
    assert_eq!(sum.load(Ordering::Relaxed), 2 * 4950);
}

#[test]
fn a_map_that_is_begun_goes_on_without_its_caller_until_it_is_finished_or_dropped() {
    let pool = Pool::new(3);
    let done = Arc::new(AtomicUsize::new(0));
    let count = |done: &Arc<AtomicUsize>| {
        let done = done.clone();
        move |n: usize| {
            done.fetch_add(1, Ordering::Relaxed);
            2 * n
        }
    };
    let begun = pool.begin_map((0..100).collect(), count(&done));
    until("the workers to do all of it", || done.load(Ordering::Relaxed) == 100);
    assert_eq!(begun.finish().unwrap(), (0..100).map(|n| 2 * n).collect::<Vec<_>>());
    // Without a worker, nothing is done before, and nothing at all once it is dropped.
    let (alone, items) = (Pool::new(1), Arc::new(()));
    let begun = alone.begin_map(vec![items.clone(); 10], |_| panic!("it was dropped"));
    assert_eq!(Arc::strong_count(&items), 11);
    drop(begun);
    assert_eq!(Arc::strong_count(&items), 1);
    // The workers of one that is dropped are free for others.
    drop(pool.begin_map(vec![(); 1000], |()| thread::sleep(Duration::from_micros(100))));
    run(&pool, 3, |_| ());
    assert!(!pool.has_stuck());
}

#[test]
fn those_that_help_with_several_maps_are_no_more_together_than_with_one() {
    for size in [2, 4] {
        let pool = Pool::new(size);
        let [inside, most, done] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        // Each item waits for all that may help, however late they start: with fewer it would never end.
        let helpers = Arc::new(Barrier::new(size - 1));
        let begin = |_| {
            let (inside, most, done, helpers) = (inside.clone(), most.clone(), done.clone(), helpers.clone());
            pool.begin_map(vec![(); 30], move |()| {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                helpers.wait();
                thread::sleep(Duration::from_micros(300));
                inside.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst);
            })
        };
        let maps = [0; 4].map(begin);
        // Nobody takes part before, so all is done by helpers.
        until("the helpers to do all of it", || done.load(Ordering::SeqCst) == 120);
        assert_eq!(most.load(Ordering::SeqCst), size - 1);
        assert!(maps.into_iter().all(|map| map.finish().is_ok()));
    }
}

#[test]
fn map_reports_the_first_panic() {
    let pool = Pool::new(4);
    let error = pool
        .map((0..100).collect(), |n: usize| {
            if n % 10 == 7 {
                std::panic::resume_unwind(Box::new(format!("at {n}")));
            }
            n
        })
        .unwrap_err();
    assert_eq!((error.item, error.message.as_str()), (7, "at 7"));
}

#[test]
fn a_phase_goes_before_the_work_of_helpers() {
    let pool = Arc::new(Pool::new(2));
    let mapper = {
        let pool = pool.clone();
        thread::spawn(move || pool.map(vec![(); 400], |()| thread::sleep(Duration::from_millis(1))).unwrap().len())
    };
    until("a helper", || pool.thread_count() > 0);
    run(&pool, 2, |_| ());
    assert!(!mapper.is_finished());
    assert_eq!(mapper.join().unwrap(), 400);
}

#[test]
fn those_that_help_leave_their_map_for_a_phase_that_needs_all_workers() {
    let (pool, done) = (Pool::new(2), Arc::new(AtomicUsize::new(0)));
    let count = done.clone();
    let map = pool.begin_map(vec![(); 2000], move |()| {
        thread::sleep(Duration::from_millis(1));
        count.fetch_add(1, Ordering::SeqCst);
    });
    until("a helper", || done.load(Ordering::SeqCst) > 0);
    let both = Barrier::new(2);
    run(&pool, 2, move |_| {
        both.wait();
    });
    assert!(done.load(Ordering::SeqCst) < 2000);
    drop(map);
}

#[test]
fn dropping_the_pool_ends_its_threads() {
    let pool = Pool::new(3);
    let alive = Arc::new(());
    let held = alive.clone();
    run(&pool, 30, move |_| {
        let _ = &held;
    });
    drop(pool);
    until("the threads to let go", || Arc::strong_count(&alive) == 1);
}

#[test]
fn many_callers_lose_no_wake_up() {
    let pool = Arc::new(Pool::new(3));
    let threads: Vec<_> = (0..4)
        .map(|caller| {
            let pool = pool.clone();
            thread::spawn(move || {
                for round in 0..300usize {
                    if (round + caller) % 3 == 0 {
                        assert_eq!(pool.map((0..20).collect(), |n: usize| n).unwrap().len(), 20);
                    } else {
                        run(&pool, 1 + round % 5, |_| ());
                    }
                    if round % 7 == 0 {
                        thread::sleep(Duration::from_micros(20));
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(pool.thread_count() <= 3);
}
