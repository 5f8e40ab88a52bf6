//! What belongs to one process: after a fork the child has the memory but none of the threads.

use phago_core::{Error, Result};
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::ThreadId;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// A value that only the process that made it may use. In a forked child it can neither be read (its locks
/// may be held by threads that stayed behind) nor dropped (dropping would wait for those threads), so there
/// it is refused and, at the end, left to the operating system.
pub(crate) struct Home<T> {
    pid: u32,
    value: Option<T>,
}

impl<T> Home<T> {
    pub(crate) fn new(value: T) -> Self {
        Home { pid: std::process::id(), value: Some(value) }
    }

    /// The value, or [`Error::CoordinatorUnavailable`] in another process.
    pub(crate) fn get(&self) -> Result<&T> {
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

impl<T> Drop for Home<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

/// The runtime of a process: it keeps timers and wakes waiting calls, and does no work of shards.
static RUNTIME: Mutex<Option<Home<Runtime>>> = Mutex::new(None);

/// The handle of this process's one runtime, started at the first call, and anew in a forked child.
pub(crate) fn runtime() -> Result<Handle> {
    // Held for a few instructions, but a fork may fall into them: then the child waits for ever. The same is
    // true of every lock of the allocator; Python warns of forking with threads for this reason.
    let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = slot.as_ref().and_then(|home| home.get().ok()) {
        return Ok(runtime.handle().clone());
    }
    let runtime = Builder::new_multi_thread()
        // One thread keeps timers while the other polls a tick; shard work has its own threads.
        .worker_threads(2)
        .thread_name("phago-timer")
        .enable_time()
        .build()
        .map_err(|error| Error::CoordinatorUnavailable { reason: format!("no thread could be started: {error}") })?;
    let handle = runtime.handle().clone();
    *slot = Some(Home::new(runtime));
    Ok(handle)
}

/// The thread that ends the interpreter, once it has begun to. A thread that asks an ending interpreter for its lock is
/// ended by Python in the midst of Rust code, which aborts the process; so nobody asks any more.
static ENDING: RwLock<Option<ThreadId>> = RwLock::new(None);

/// Attach a thread of ours to the interpreter, unless that has begun to end.
pub(crate) fn attach<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    // Held while attached: the end waits for those who are inside.
    let ending = ENDING.read().unwrap_or_else(PoisonError::into_inner);
    if ending.is_some() { None } else { Python::try_attach(work) }
}

/// Whether the interpreter has begun to end and the calling thread is not the one that ends it.
pub(crate) fn is_left_behind() -> bool {
    let ending = ENDING.read().unwrap_or_else(PoisonError::into_inner);
    ending.is_some_and(|thread| thread != std::thread::current().id())
}

/// Called at exit, before the interpreter begins to end.
#[pyfunction]
pub(crate) fn interpreter_ends(py: Python<'_>) {
    py.detach(|| {
        // A forked child may have inherited this lock in a state that nobody will change: it does not wait for ever.
        for _ in 0..200 {
            if let Ok(mut ending) = ENDING.try_write() {
                *ending = Some(std::thread::current().id());
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

/// A lock that a panic elsewhere does not take away: what it guards is swapped whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
