//! The worker threads.

use super::saw;
use phago_engine::Pool;
use phago_engine::work::pool::ItemState;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::sync::{Arc, mpsc};
use shuttle::thread;

fn counters(count: usize) -> Arc<Vec<AtomicUsize>> {
    Arc::new((0..count).map(|_| AtomicUsize::new(0)).collect())
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn read(counters: &[AtomicUsize]) -> Vec<usize> {
    counters.iter().map(|counter| counter.load(Ordering::SeqCst)).collect()
}

// Runs a phase and waits for its end. A continuation that is dropped, or called twice, is noticed.
fn run(pool: &Pool, items: usize, work: impl Fn(usize) + Send + Sync + 'static) {
    let (told, ends) = mpsc::channel();
    pool.run_phase(items, work, move || told.send(()).unwrap()).unwrap();
    ends.recv().expect("its end is told");
    assert!(ends.try_recv().is_err(), "its end is told once");
}

pub fn each_item_runs_once_and_each_end_is_told_once() {
    let pool = Arc::new(Pool::new(2));
    let phases = [1, 3].map(|items| {
        let pool = pool.clone();
        thread::spawn(move || {
            let ran = counters(items);
            for _ in 0..2 {
                let counted = ran.clone();
                run(&pool, items, move |item| count(&counted[item]));
            }
            assert_eq!(read(&ran), vec![2; items]);
        })
    });
    assert_eq!(pool.map(vec![1, 2, 3], |number| 2 * number).unwrap(), [2, 4, 6]);
    for phase in phases {
        phase.join().unwrap();
    }
    assert!(pool.thread_count() <= 2);
}

pub fn a_panic_is_told_once_and_the_rest_is_done() {
    let pool = Pool::new(2);
    let (told, ends) = mpsc::channel();
    let ran = counters(3);
    let counted = ran.clone();
    let work = move |item: usize| {
        count(&counted[item]);
        if item == 1 {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    };
    let phase = pool.run_phase(3, work, move || told.send(()).unwrap()).unwrap();
    ends.recv().expect("its end is told");
    assert_eq!(read(&ran), [1; 3]);
    let panicked = ItemState::Panicked("on purpose".to_owned());
    assert_eq!(phase.states(), [ItemState::Answered, panicked, ItemState::Answered]);
    let odd = |number: u32| if number % 2 == 1 { std::panic::resume_unwind(Box::new("odd")) } else { number };
    let told = pool.map(vec![0, 1, 2, 3], odd).unwrap_err();
    assert_eq!((told.item, told.message.as_str()), (1, "odd"));
}

pub fn who_is_done_helps_within_a_phase() {
    let pool = Arc::new(Pool::new(2));
    let (ran, helped) = (counters(4), Arc::new(AtomicBool::new(false)));
    let (within, counted, seen) = (pool.clone(), ran.clone(), helped.clone());
    run(&pool, 2, move |item| {
        let (counted, seen, owner) = (counted.clone(), seen.clone(), thread::current().id());
        let work = move |part: usize| {
            count(&counted[part]);
            thread::yield_now();
            if thread::current().id() != owner {
                seen.store(true, Ordering::SeqCst);
            }
            10 * part
        };
        let parts = [vec![0, 1, 2], vec![3]][item].clone();
        let wanted: Vec<usize> = parts.iter().map(|part| 10 * part).collect();
        assert_eq!(within.map(parts, work).unwrap(), wanted);
    });
    assert_eq!(read(&ran), [1; 4]);
    if helped.load(Ordering::SeqCst) {
        saw("helped");
    }
    assert!(pool.thread_count() <= 2);
}

pub fn what_is_given_up_ends_and_its_workers_are_replaced() {
    let pool = Pool::new(1);
    let (told, ends) = mpsc::channel();
    let (free, ran) = (Arc::new(AtomicBool::new(false)), counters(2));
    let (gate, counted) = (free.clone(), ran.clone());
    let work = move |item: usize| {
        count(&counted[item]);
        while !gate.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    };
    let phase = pool.run_phase(2, work, move || told.send(()).unwrap()).unwrap();
    phase.abandon();
    assert!(ends.recv().is_err(), "what was given up has no end");
    let stuck = pool.replace_stuck().unwrap();
    assert!(stuck <= 1 && pool.lost_count() <= stuck);
    saw(if stuck == 1 { "replaced" } else { "not begun" });
    run(&pool, 2, |_| ());
    free.store(true, Ordering::SeqCst);
    while pool.lost_count() > 0 {
        thread::yield_now();
    }
    run(&pool, 1, |_| ());
    let ran = read(&ran);
    assert!(ran[0] <= 1 && ran[1] == 0, "nothing begins after it was given up: {ran:?}");
    assert_eq!(pool.thread_count(), 1);
}

pub fn a_pool_that_is_dropped_ends_its_threads() {
    let pool = Pool::new(2);
    let ran = counters(3);
    let counted = ran.clone();
    pool.run_phase(3, move |item| count(&counted[item]), || ()).unwrap();
    drop(pool);
    let ran = read(&ran);
    assert!(ran.iter().all(|times| *times <= 1));
    if ran.contains(&0) {
        saw("items that never ran");
    }
    // A schedule is over when all threads have ended.
}

pub fn a_chain_of_phases_comes_to_its_end() {
    fn step(pool: Arc<Pool>, left: usize, told: mpsc::Sender<()>) {
        let next = pool.clone();
        let done = move || match left {
            0 => told.send(()).unwrap(),
            left => step(next, left - 1, told),
        };
        pool.run_phase(2, |_| (), done).unwrap();
    }
    let pool = Arc::new(Pool::new(2));
    let (told, ends) = mpsc::channel();
    step(pool.clone(), 3, told);
    let other = pool.clone();
    let beside = thread::spawn(move || other.map(vec![1, 2], |number| number).unwrap());
    ends.recv().expect("its end is told");
    assert_eq!(beside.join().unwrap(), [1, 2]);
}
