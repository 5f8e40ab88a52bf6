//! The worker threads: OS threads that stay alive between phases and run nothing but shard work.
//!
//! Work never runs on the runtime's threads: those keep timers and cancellation, and a shard that hangs must not stop
//! the clock. A job is a number of items that any worker may claim. The worker that ends the last item runs the job's
//! continuation, which may submit the next job, so that a tick of many phases wakes no second thread if one worker is
//! enough.
//!
//! Waking is a chain. A submission wakes one worker; a worker that finds more than one unclaimed item wakes (or starts)
//! the next one before it begins. A phase with little work is over before a second worker is awake, and a long one has
//! all its workers after a few microseconds each.

pub use crate::work::job::ItemState;

use crate::lock::lock;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Condvar, Mutex, PoisonError, now, spin_loop, thread, thread_local};
use crate::work::job::{Done, Job, Work};
use phago_core::{Error, Result};
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// The most threads that may be lost to work that never returns. Beyond that the pool refuses to start more.
pub const LOST_MAX: usize = 64;

// Workers that spin at a barrier take under 9 us on a quiet machine, and over a millisecond beside a busy process.
const SPIN: Duration = Duration::from_micros(4);

thread_local! {
    // The pool this thread works for (0: none), so that a submission by a worker need not wake another.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

// Of std also where a test draws the schedule: it outlives a schedule.
static POOLS: AtomicUsize = AtomicUsize::new(1);

/// At most `max_parallelism` worker threads, started when they are first needed.
///
/// Dropping the pool ends its threads: each exits after the item it is in. The pool does not wait for them, because one
/// may hang. Jobs that no worker has begun are dropped with their continuations, which are then never called, so
/// whoever waits for a job must hold the pool.
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    id: usize,
    size: usize,
    core: Mutex<Core>,
    wake: Condvar,
    // Counts submissions; idle workers watch it for a few microseconds before they park.
    epoch: AtomicU64,
}

#[derive(Default)]
struct Core {
    // Jobs that may have unclaimed items: phases at the front, helpers' work at the back.
    jobs: VecDeque<Arc<Job>>,
    // Jobs found without an unclaimed item. The next thread that holds the lock drops them after it releases it: what
    // they own may be large, and may be the last owner of this pool.
    finished: Vec<Arc<Job>>,
    workers: Vec<Worker>,
    spinning: usize,
    sleeping: usize,
    // Wake-ups that were sent and not yet taken. Counted here and not on the condition variable, so that a spurious or
    // stolen wake-up is not lost.
    tokens: usize,
    // Started threads that have not yet looked for work.
    starting: usize,
    named: u64,
    lost: usize,
    closed: bool,
}

struct Worker {
    id: u64,
    job: Option<Arc<Job>>,
}

/// A submitted job. Dropping this changes nothing: the job runs to its end.
#[derive(Clone)]
pub struct PhaseHandle {
    job: Arc<Job>,
    shared: Arc<Shared>,
}

impl PhaseHandle {
    /// Returns the state of each item.
    pub fn states(&self) -> Vec<ItemState> {
        self.job.states()
    }

    /// Gives the job up: no further item begins and its continuation is not called. Items that run continue until they
    /// notice their own cancel flag. Does nothing if every item has ended.
    pub fn abandon(&self) {
        self.job.abandon();
    }

    /// Returns whether no worker of the pool is inside this job.
    pub fn is_quiet(&self) -> bool {
        let core = lock(&self.shared.core);
        !core.workers.iter().any(|worker| worker.job.as_ref().is_some_and(|job| Arc::ptr_eq(job, &self.job)))
    }
}

impl Pool {
    /// Returns a pool of at most `max_parallelism` threads (at least one). None is started yet.
    pub fn new(max_parallelism: usize) -> Pool {
        let shared = Shared {
            id: POOLS.fetch_add(1, Ordering::Relaxed),
            size: max_parallelism.max(1),
            core: Mutex::new(Core::default()),
            wake: Condvar::new(),
            epoch: AtomicU64::new(0),
        };
        Pool { shared: Arc::new(shared) }
    }

    /// Returns the most threads that work at once.
    pub fn max_parallelism(&self) -> usize {
        self.shared.size
    }

    /// Returns how many threads are alive and were not given up.
    pub fn thread_count(&self) -> usize {
        lock(&self.shared.core).workers.len()
    }

    /// Returns how many threads were given up and have not returned.
    pub fn lost_count(&self) -> usize {
        lock(&self.shared.core).lost
    }

    /// Runs `work` for every item below `items` on the workers. The worker that ends the last item calls `done`.
    ///
    /// Panics of `work` are caught and kept as the item's state. Without items, the calling thread calls `done`.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no worker thread is alive and the system starts none.
    pub fn run_phase(
        &self,
        items: usize,
        work: impl Fn(usize) + Send + Sync + 'static,
        done: impl FnOnce() + Send + 'static,
    ) -> Result<PhaseHandle> {
        let job = Job::new(items, self.shared.size, true, Box::new(work), Box::new(done));
        if items == 0 {
            if let Some(done) = job.take_done() {
                done();
            }
        } else {
            self.shared.submit(job.clone())?;
        }
        Ok(PhaseHandle { job, shared: self.shared.clone() })
    }

    /// Applies `f` to every item and returns the results in order. The calling thread takes part and at most
    /// `max_parallelism - 1` workers help, with whatever else is shared at the time, so it never waits for a free worker.
    /// Items are claimed one by one.
    ///
    /// # Errors
    /// The message of the first panic in order of items, with its item; the results are dropped.
    pub fn map<T, R>(
        &self,
        items: Vec<T>,
        f: impl Fn(T) -> R + Send + Sync + 'static,
    ) -> std::result::Result<Vec<R>, Panicked>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.begin_map(items, f).finish()
    }

    /// Does what [`Pool::map`] does, but leaves it to the workers until it is finished.
    pub fn begin_map<T, R>(&self, items: Vec<T>, f: impl Fn(T) -> R + Send + Sync + 'static) -> Mapping<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let count = items.len();
        let slots: Arc<Slots<T, R>> = Arc::new(items.into_iter().map(|item| Mutex::new(Slot::Item(item))).collect());
        let finished = Arc::new((Mutex::new(count == 0), Condvar::new()));
        let work: Work = {
            let slots = slots.clone();
            Box::new(move |index| {
                // The lock is free while `f` runs: a panic must not poison the result's slot.
                let item = std::mem::replace(&mut *lock(&slots[index]), Slot::Empty);
                if let Slot::Item(item) = item {
                    let result = f(item);
                    *lock(&slots[index]) = Slot::Result(result);
                }
            })
        };
        let done: Done = {
            let finished = finished.clone();
            Box::new(move || {
                *lock(&finished.0) = true;
                finished.1.notify_all();
            })
        };
        let job = Job::new(count, self.shared.size - 1, false, work, done);
        if self.shared.size > 1 && count > 1 {
            // If no thread can be started, whoever finishes it does all the work.
            let _ = self.shared.submit(job.clone());
        }
        Mapping { job, slots, finished }
    }

    /// Gives up every worker that is still inside an abandoned job, so that new threads may replace them. A given-up
    /// worker that returns after all exits. Returns how many were given up.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if more than [`LOST_MAX`] threads would be lost at once; nothing changes.
    pub fn replace_stuck(&self) -> Result<usize> {
        let mut core = lock(&self.shared.core);
        let stuck = core.workers.iter().filter(|worker| worker.is_stuck()).count();
        if core.lost + stuck > LOST_MAX {
            return Err(Error::CoordinatorUnavailable {
                reason: format!(
                    "{} worker threads hang in shard work that never polls its cancel flag; at most {LOST_MAX} are \
                     replaced, restart the process",
                    core.lost + stuck
                ),
            });
        }
        core.workers.retain(|worker| !worker.is_stuck());
        core.lost += stuck;
        Ok(stuck)
    }

    /// Returns how many threads it has: none before they are first needed.
    pub fn threads(&self) -> usize {
        lock(&self.shared.core).workers.len()
    }

    /// Returns whether a worker is still inside an abandoned job.
    pub fn has_stuck(&self) -> bool {
        lock(&self.shared.core).workers.iter().any(Worker::is_stuck)
    }
}

impl Pool {
    // Ends the threads, as dropping the pool does.
    pub(crate) fn close(&self) {
        let jobs = {
            let mut core = lock(&self.shared.core);
            core.closed = true;
            (std::mem::take(&mut core.jobs), std::mem::take(&mut core.finished))
        };
        self.shared.epoch.fetch_add(1, Ordering::Release);
        self.shared.wake.notify_all();
        // Dropped outside of the lock: what a job owns may refer back to this pool.
        drop(jobs);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

type Slots<T, R> = Vec<Mutex<Slot<T, R>>>;

enum Slot<T, R> {
    Item(T),
    Result(R),
    Empty,
}

/// Work of [`Pool::begin_map`]. Dropped unfinished, no further item is begun.
pub struct Mapping<T, R> {
    job: Arc<Job>,
    slots: Arc<Slots<T, R>>,
    finished: Arc<(Mutex<bool>, Condvar)>,
}

impl<T, R> Mapping<T, R> {
    /// Takes part in the work, and returns the results in order of the items.
    ///
    /// # Errors
    /// As [`Pool::map`].
    pub fn finish(self) -> std::result::Result<Vec<R>, Panicked> {
        self.take_part();
        let mut over = lock(&self.finished.0);
        while !*over {
            over = self.finished.1.wait(over).unwrap_or_else(PoisonError::into_inner);
        }
        drop(over);
        if let Some((item, message)) = self.job.first_panic() {
            return Err(Panicked { item, message });
        }
        let results = self.slots.iter().map(|slot| match std::mem::replace(&mut *lock(slot), Slot::Empty) {
            Slot::Result(result) => result,
            _ => unreachable!("an item that did not panic left its result"),
        });
        Ok(results.collect())
    }

    fn take_part(&self) {
        while let Some(item) = self.job.claim() {
            self.job.run(item);
        }
    }
}

impl<T, R> Drop for Mapping<T, R> {
    fn drop(&mut self) {
        // The job is not abandoned, as its workers do not hang. Its items go, and what is left of it is nothing to do.
        self.slots.iter().for_each(|slot| *lock(slot) = Slot::Empty);
        self.take_part();
    }
}

/// A panic in [`Pool::map`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Panicked {
    /// The item's index.
    pub item: usize,
    /// The panic's message.
    pub message: String,
}

impl Worker {
    fn is_stuck(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.abandoned.load(Ordering::Acquire))
    }
}

// Whom to call for more work: a sleeping thread to notify, or a thread to start.
enum Call {
    Nobody,
    Notify,
    Start(u64),
}

impl Shared {
    fn submit(self: &Arc<Self>, job: Arc<Job>) -> Result<()> {
        let mut core = lock(&self.core);
        if job.urgent {
            core.jobs.push_front(job.clone());
        } else {
            core.jobs.push_back(job.clone());
        }
        self.epoch.fetch_add(1, Ordering::Release);
        if job.urgent && WORKS_FOR.with(Cell::get) == self.id {
            // This worker looks for work as soon as it returns, and wakes the next one then.
            return Ok(());
        }
        let call = if core.find().is_some() { self.call_one(&mut core) } else { Call::Nobody };
        drop(core);
        let started = self.answer(call);
        if started.is_err() {
            let mut core = lock(&self.core);
            if core.workers.is_empty() {
                core.jobs.retain(|other| !Arc::ptr_eq(other, &job));
                return started;
            }
        }
        Ok(())
    }

    // Decides under the lock which thread to call. A worker that spins or is on its way sees the work by itself and
    // calls the next. Calling several at once would wake all eight for an empty tick on two cores.
    fn call_one(&self, core: &mut Core) -> Call {
        if core.spinning + core.tokens + core.starting > 0 {
            Call::Nobody
        } else if core.sleeping > 0 {
            core.sleeping -= 1;
            core.tokens += 1;
            Call::Notify
        } else if core.workers.len() < self.size {
            let id = core.named;
            core.named += 1;
            core.starting += 1;
            core.workers.push(Worker { id, job: None });
            Call::Start(id)
        } else {
            Call::Nobody
        }
    }

    fn answer(self: &Arc<Self>, call: Call) -> Result<()> {
        match call {
            Call::Nobody => Ok(()),
            Call::Notify => {
                self.wake.notify_one();
                Ok(())
            }
            Call::Start(id) => {
                let shared = self.clone();
                let started = thread::Builder::new().name(format!("phago-worker-{id}")).spawn(move || {
                    WORKS_FOR.with(|id| id.set(shared.id));
                    lock(&shared.core).starting -= 1;
                    shared.work(id);
                });
                started.map(drop).map_err(|error| {
                    let mut core = lock(&self.core);
                    core.starting -= 1;
                    core.workers.retain(|worker| worker.id != id);
                    Error::CoordinatorUnavailable { reason: format!("no worker thread could be started: {error}") }
                })
            }
        }
    }

    fn work(self: &Arc<Self>, id: u64) {
        while let Some(job) = self.next_job(id) {
            while let Some(item) = job.claim() {
                job.run(item);
                if !job.urgent && self.has_before(&job) {
                    break;
                }
            }
        }
    }

    // Returns whether work waits that comes before the rest of a job.
    fn has_before(&self, job: &Arc<Job>) -> bool {
        let core = lock(&self.core);
        core.closed || core.jobs.iter().take_while(|other| !Arc::ptr_eq(other, job)).any(|other| other.unclaimed() > 0)
    }

    // Leaves the last job and finds another, or returns `None` if this thread is to end.
    fn next_job(self: &Arc<Self>, id: u64) -> Option<Arc<Job>> {
        let mut core = lock(&self.core);
        let last = core.workers.iter_mut().find(|worker| worker.id == id).map(|worker| worker.job.take());
        let Some(last) = last else {
            core.lost -= 1;
            return None;
        };
        if let Some(last) = last {
            last.workers.fetch_sub(1, Ordering::Relaxed);
            // What a job owns may be large and this thread may be its last owner: never drop it under the lock.
            drop(core);
            drop(last);
            core = lock(&self.core);
        }
        let mut spun = false;
        loop {
            if core.closed {
                core.workers.retain(|worker| worker.id != id);
                return None;
            }
            if let Some(job) = core.find() {
                job.workers.fetch_add(1, Ordering::Relaxed);
                if let Some(worker) = core.workers.iter_mut().find(|worker| worker.id == id) {
                    worker.job = Some(job.clone());
                }
                let call = if core.has_work_beside(&job) { self.call_one(&mut core) } else { Call::Nobody };
                let finished = std::mem::take(&mut core.finished);
                drop(core);
                drop(finished);
                // If a thread cannot be started, this one does its share.
                let _ = self.answer(call);
                return Some(job);
            }
            if spun {
                core.sleeping += 1;
                while core.tokens == 0 && !core.closed {
                    core = self.wake.wait(core).unwrap_or_else(PoisonError::into_inner);
                }
                core.tokens = core.tokens.saturating_sub(1);
                spun = false;
            } else {
                core.spinning += 1;
                let epoch = self.epoch.load(Ordering::Acquire);
                let finished = std::mem::take(&mut core.finished);
                drop(core);
                drop(finished);
                self.spin(epoch);
                core = lock(&self.core);
                core.spinning -= 1;
                spun = true;
            }
        }
    }

    fn spin(&self, epoch: u64) {
        let start = now();
        while self.epoch.load(Ordering::Acquire) == epoch && now() - start < SPIN {
            for _ in 0..8 {
                spin_loop();
            }
        }
    }
}

impl Core {
    // Returns the first job with an unclaimed item and room for a worker; drops jobs that have no unclaimed item.
    fn find(&mut self) -> Option<Arc<Job>> {
        while let Some(at) = self.jobs.iter().position(|job| job.unclaimed() == 0) {
            self.finished.extend(self.jobs.remove(at));
        }
        let helpers = self.helpers();
        self.jobs.iter().find(|job| has_room(job, helpers)).cloned()
    }

    // Returns whether there is more than the one item of a job that a worker is about to claim.
    fn has_work_beside(&self, job: &Arc<Job>) -> bool {
        let helpers = self.helpers();
        let is_left = |other: &Arc<Job>| other.unclaimed() > usize::from(Arc::ptr_eq(other, job));
        self.jobs.iter().any(|other| is_left(other) && has_room(other, helpers))
    }

    fn helpers(&self) -> usize {
        self.workers.iter().filter(|worker| worker.job.as_ref().is_some_and(|job| !job.urgent)).count()
    }
}

// Returns whether another worker may enter a job. Those that help anybody are counted together: with whom they help they
// are as many as may work at once, and one more would have to wait for a core with an item in its hands.
fn has_room(job: &Job, helpers: usize) -> bool {
    let inside = if job.urgent { job.workers.load(Ordering::Relaxed) } else { helpers };
    inside < job.workers_max
}
