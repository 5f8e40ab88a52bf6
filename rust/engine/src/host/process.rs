//! What belongs to one process: after a fork the child has the memory but none of the threads.

use crate::cores::cores;
use crate::lock::lock;
use phago_core::{Error, Result};
use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use tokio::runtime::{Builder, Handle, Runtime};

/// A value that only the process that made it may use. In a forked child it can neither be read (threads of the parent
/// may hold its locks) nor dropped (dropping would wait for those threads). So there it is refused, and its memory is
/// left to the operating system.
pub struct Home<T> {
    pid: u32,
    value: Option<T>,
}

impl<T> Home<T> {
    /// Returns a value of this process.
    pub fn new(value: T) -> Self {
        Home { pid: std::process::id(), value: Some(value) }
    }

    /// Returns the value.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] in another process.
    pub fn get(&self) -> Result<&T> {
        match &self.value {
            Some(value) if self.pid == std::process::id() => Ok(value),
            _ => Err(Error::CoordinatorUnavailable {
                reason: format!(
                    "process {} made it, and its worker threads stayed there when process {} was forked; make a \
                     new one here, or start processes with the `spawn` method",
                    self.pid,
                    std::process::id()
                ),
            }),
        }
    }
}

impl<T> Home<T> {
    /// Returns the value, if this is its process.
    pub fn into_inner(mut self) -> Option<T> {
        if self.pid == std::process::id() { self.value.take() } else { None }
    }
}

impl<T> fmt::Debug for Home<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl<T> Drop for Home<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

/// The runtime of a process: it keeps timers, wakes waiters, and has the few threads that run awaited calls.
static RUNTIME: Mutex<Option<Home<Runtime>>> = Mutex::new(None);

// There are as many threads for awaited calls as cores, and two more, so that long calls (a digest, an ingested chunk)
// leave a thread for questions. With a thread for each call, 2,000 questions at once had 523 threads, which kept the
// event loop from its core for seconds.
const SPARE: usize = 2;
const THREADS_MAX: usize = 256;
// One thread keeps timers while the other polls a tick; shard work has its own threads.
const WORKERS: usize = 2;

/// Returns the handle of this process's one runtime, which starts at the first call, and again in a forked child.
///
/// # Errors
/// [`Error::CoordinatorUnavailable`] if no thread can be started.
pub fn runtime() -> Result<Handle> {
    // Held for a few instructions. If a fork happens within them, the child waits for ever. The same is true of every
    // lock of the allocator; Python warns of forking with threads for this reason.
    let mut slot = lock(&RUNTIME);
    if let Some(runtime) = slot.as_ref().and_then(|home| home.get().ok()) {
        return Ok(runtime.handle().clone());
    }
    try_threads(WORKERS)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(cores().saturating_add(SPARE).min(THREADS_MAX))
        .thread_name("phago-call")
        .enable_time()
        .build()
        .map_err(|error| no_thread(&error))?;
    let handle = runtime.handle().clone();
    *slot = Some(Home::new(runtime));
    Ok(handle)
}

// Starts so many threads, which end at once. The runtime panics where it cannot start its own, and waits for ever for
// those that it could.
fn try_threads(count: usize) -> Result<()> {
    let mut started = Vec::with_capacity(count);
    for _ in 0..count {
        // All live until the last one does, as those of the runtime do.
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new().spawn(move || ended.recv()).map_err(|error| no_thread(&error))?;
        started.push((end, thread));
    }
    for (end, thread) in started {
        drop(end);
        let _ = thread.join();
    }
    Ok(())
}

/// What a [`Hand`] does.
pub type Job = Box<dyn FnOnce() + Send>;

/// A thread that works while the main thread checks for Ctrl-C. It ends when its hand is dropped, after its current
/// work.
#[derive(Debug)]
pub struct Hand(Sender<Job>);

// Kept between calls, because starting a thread takes longer than most of them.
static HAND: Mutex<Option<Home<Hand>>> = Mutex::new(None);

impl Hand {
    /// Returns the hand that was given back, or a new one.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no thread can be started.
    pub fn take() -> Result<Hand> {
        if let Some(hand) = lock(&HAND).take().and_then(Home::into_inner) {
            return Ok(hand);
        }
        let (jobs, receive) = channel::<Job>();
        let work = move || receive.into_iter().for_each(|job| job());
        std::thread::Builder::new().name("phago-hand".into()).spawn(work).map_err(|error| no_thread(&error))?;
        Ok(Hand(jobs))
    }

    /// Gives it a job. A job must not panic.
    pub fn work(&self, job: Job) {
        // Its thread lives as long as the hand does.
        let _ = self.0.send(job);
    }

    /// Keeps it for the next call. A hand that still works is dropped instead.
    pub fn give_back(self) {
        *lock(&HAND) = Some(Home::new(self));
    }
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::CoordinatorUnavailable { reason: format!("no thread could be started: {error}") }
}
