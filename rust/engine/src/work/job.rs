//! One job of the worker threads.

use crate::lock::lock;
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The state of one item of a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ItemState {
    /// No worker has claimed it.
    NotBegun,
    /// A worker is inside, perhaps for ever.
    Running,
    /// It returned.
    Answered,
    /// It panicked, with this message.
    Panicked(String),
}

pub(crate) type Work = Box<dyn Fn(usize) + Send + Sync>;
pub(crate) type Done = Box<dyn FnOnce() + Send>;

/// A number of items that any worker may claim, one by one, and a continuation for when all have ended.
pub(crate) struct Job {
    work: Work,
    // Taken by the worker that ends the last item or by the thread that abandons the job, so it is called at most once.
    done: Mutex<Option<Done>>,
    next: AtomicUsize,
    left: AtomicUsize,
    states: Box<[AtomicU8]>,
    panics: Mutex<Vec<(usize, String)>>,
    pub(crate) abandoned: AtomicBool,
    // The most workers inside at once, and how many there are; the second changes under the pool's lock.
    pub(crate) workers_max: usize,
    pub(crate) workers: AtomicUsize,
    // A phase keeps its workers until it has no unclaimed item; helpers look after each item for what comes before.
    pub(crate) urgent: bool,
}

const NOT_BEGUN: u8 = 0;
const RUNNING: u8 = 1;
const ANSWERED: u8 = 2;
const PANICKED: u8 = 3;

impl Job {
    pub(crate) fn new(items: usize, workers_max: usize, urgent: bool, work: Work, done: Done) -> Arc<Job> {
        Arc::new(Job {
            work,
            done: Mutex::new(Some(done)),
            next: AtomicUsize::new(0),
            left: AtomicUsize::new(items),
            states: (0..items).map(|_| AtomicU8::new(NOT_BEGUN)).collect(),
            panics: Mutex::new(Vec::new()),
            abandoned: AtomicBool::new(false),
            workers_max,
            workers: AtomicUsize::new(0),
            urgent,
        })
    }

    pub(crate) fn unclaimed(&self) -> usize {
        if self.abandoned.load(Ordering::Acquire) {
            return 0;
        }
        self.states.len().saturating_sub(self.next.load(Ordering::Acquire))
    }

    pub(crate) fn claim(&self) -> Option<usize> {
        // Without this check, failed claims on a long-lived job would increase the counter without end.
        if self.unclaimed() == 0 {
            return None;
        }
        let item = self.next.fetch_add(1, Ordering::AcqRel);
        (item < self.states.len()).then_some(item)
    }

    pub(crate) fn run(&self, item: usize) {
        self.states[item].store(RUNNING, Ordering::Release);
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(item)));
        let state = match outcome {
            Ok(()) => ANSWERED,
            Err(payload) => {
                lock(&self.panics).push((item, message(payload)));
                PANICKED
            }
        };
        self.states[item].store(state, Ordering::Release);
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = self.take_done()
        {
            // A continuation reports its own failures; its panic must not end the worker.
            let _ = catch_unwind(AssertUnwindSafe(done));
        }
    }

    /// Returns the state of each item.
    pub(crate) fn states(&self) -> Vec<ItemState> {
        let panics = lock(&self.panics);
        let state = |(item, state): (usize, &AtomicU8)| match state.load(Ordering::Acquire) {
            NOT_BEGUN => ItemState::NotBegun,
            RUNNING => ItemState::Running,
            ANSWERED => ItemState::Answered,
            _ => {
                let found = panics.iter().find(|(of, _)| *of == item);
                ItemState::Panicked(found.map(|(_, message)| message.clone()).unwrap_or_default())
            }
        };
        self.states.iter().enumerate().map(state).collect()
    }

    /// Returns the first panic in order of items.
    pub(crate) fn first_panic(&self) -> Option<(usize, String)> {
        lock(&self.panics).iter().min().cloned()
    }

    /// Takes the continuation out. It may own the caller, so the caller must drop it without a lock.
    pub(crate) fn take_done(&self) -> Option<Done> {
        lock(&self.done).take()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    pub(crate) fn abandon(&self) {
        if !self.is_over() {
            self.abandoned.store(true, Ordering::Release);
            drop(self.take_done());
        }
    }
}

/// Returns the message of a panic.
pub(crate) fn message(payload: Box<dyn Any + Send>) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Ok(text) = payload.downcast::<String>() {
        *text
    } else {
        "a panic without a message".to_owned()
    }
}
