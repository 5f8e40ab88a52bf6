//! Runs every call that may take time, and returns its value or an exception.
//!
//! All ways of running leave the interpreter to other threads and turn a panic into [`Failure::Panic`].
//!
//! | way | where the work runs | what ends it early |
//! |---|---|---|
//! | [`brief`] | on the calling thread | nothing: it is short |
//! | [`call`] | for the main thread, which checks for Ctrl-C, on a thread beside it; for others, on the calling thread
//! | Ctrl-C |
//! | [`stoppable`] | wherever the engine runs it; the calling thread checks for Ctrl-C | Ctrl-C |
//! | [`start_call`] | on one of few threads, in the order of the calls | cancelling the future |
//! | [`start`] | on the runtime, as a future | cancelling the future |

use crate::error::{Failure, Result};
use crate::mailbox::{self, Value, value};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_engine::host::process::{Hand, runtime};
use phago_engine::work::call::run_call;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

// How often a waiting call checks for Ctrl-C. A check takes the interpreter lock, so no more often than feels
// immediate.
const LOOK: Duration = Duration::from_millis(20);

/// Work that may take long, and polls the flag that tells it to stop.
pub(crate) trait Work<T>: FnOnce(&Cancel) -> phago_core::Result<T> + Send + 'static {}

impl<T, F: FnOnce(&Cancel) -> phago_core::Result<T> + Send + 'static> Work<T> for F {}

/// Runs something short. It cannot be interrupted.
pub(crate) fn brief<T: Send>(py: Python<'_>, work: impl FnOnce() -> phago_core::Result<T> + Send) -> Result<T> {
    py.detach(|| guarded(work))
}

/// Runs something that may take long, until it ends or Ctrl-C comes. Ctrl-C sets the flag and the call returns at once.
/// Work that does not poll the flag runs to its end in the background, and its result is dropped.
pub(crate) fn call<T: Send + 'static>(py: Python<'_>, work: impl Work<T>) -> Result<T> {
    let cancel = Cancel::new();
    if !hears_signals(py)? {
        return brief(py, || work(&cancel));
    }
    py.detach(|| {
        // If no thread can be started, the work cannot be interrupted.
        match Hand::take() {
            Ok(hand) => Begun::by(hand, work).end(true),
            Err(_) => guarded(|| work(&cancel)),
        }
    })
}

/// Work that may take long, and was begun on another thread. If it is dropped, the work runs to its end.
pub(crate) struct Begun<T> {
    hand: Hand,
    result: Receiver<Result<T>>,
    is_over: Arc<AtomicBool>,
    cancel: Cancel,
}

impl<T: Send + 'static> Begun<T> {
    /// Begins work by a hand.
    pub(crate) fn by(hand: Hand, work: impl Work<T>) -> Self {
        let (send, result) = sync_channel(1);
        let cancel = Cancel::new();
        let (flag, is_over) = (cancel.clone(), Arc::new(AtomicBool::new(false)));
        let over = is_over.clone();
        hand.work(Box::new(move || {
            let done = guarded(|| work(&flag));
            over.store(true, Ordering::Release);
            // Nobody listens after an interrupt.
            let _ = send.send(done);
        }));
        Begun { hand, result, is_over, cancel }
    }

    /// Returns whether it has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Does what [`call`] does once the work has begun.
    pub(crate) fn wait(self, py: Python<'_>) -> Result<T> {
        let hears = hears_signals(py)?;
        py.detach(|| self.end(hears))
    }

    fn end(self, hears: bool) -> Result<T> {
        loop {
            match self.result.recv_timeout(LOOK) {
                Ok(result) => {
                    self.hand.give_back();
                    return result;
                }
                Err(RecvTimeoutError::Timeout) if hears => {
                    if let Err(raised) = signals() {
                        self.cancel.cancel();
                        return Err(raised);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(unanswered()),
            }
        }
    }
}

/// Runs something that checks regularly whether it should stop, and then ends with an error. It should stop if a signal
/// handler raised; that exception is then the result.
pub(crate) fn stoppable<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut (dyn FnMut() -> bool + Send)) -> phago_core::Result<T> + Send,
) -> Result<T> {
    let hears = hears_signals(py)?;
    py.detach(|| {
        let mut raised = None;
        let outcome = guarded(|| {
            work(&mut || {
                if hears {
                    raised = raised.take().or_else(|| signals().err());
                }
                raised.is_some()
            })
        });
        raised.map_or(outcome, Err)
    })
}

/// Runs something that may take long on one of few threads, in the order of the calls, and returns an `asyncio.Future`
/// for it. Cancelling the future sets the flag; work that has not begun by then never begins.
pub(crate) fn start_call(py: Python<'_>, work: impl Work<Value>) -> Result<Bound<'_, PyAny>> {
    let runtime = runtime()?;
    let cancel = Cancel::new();
    let (flag, refused) = (cancel.clone(), cancel.clone());
    let (future, slot) = mailbox::open(py, move || flag.cancel())?;
    let begun = run_call(&runtime, move || {
        if !cancel.is_cancelled() {
            slot.answer(guarded(|| work(&cancel)));
        }
    });
    // What is refused must not be done later.
    begun.inspect_err(|_| refused.cancel())?;
    Ok(future)
}

/// Starts a future and returns an `asyncio.Future` for it. Cancelling that drops the Rust future.
///
/// This bridge is our own because the usual one prints "Event loop is closed" when its loop is gone, and attaches to an
/// interpreter that may be shutting down.
pub(crate) fn start<T>(
    py: Python<'_>,
    work: impl Future<Output = phago_core::Result<T>> + Send + 'static,
) -> Result<Bound<'_, PyAny>>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let runtime = runtime()?;
    let mut work = Box::pin(caught(work));
    // The first poll happens here and not on a thread of the runtime, so that calls enter a queue in the order in which
    // they were made. The next poll brings the waker.
    mailbox::running_loop(py)?;
    let begun = py.detach(|| {
        let _runtime = runtime.enter();
        work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    if let Poll::Ready(result) = begun {
        return mailbox::settled(py, result.map(value));
    }
    let (cancel, cancelled) = oneshot::channel();
    let (future, slot) = mailbox::open(py, move || {
        // The work may have ended meanwhile.
        let _ = cancel.send(());
    })?;
    runtime.spawn(async move {
        tokio::select! {
            biased;
            // Nobody waits any more. A sender dropped without a message went with its loop: the work goes on.
            Ok(()) = cancelled => {}
            result = work => slot.answer(result.map(value)),
        }
    });
    Ok(future)
}

// Returns whether Python runs signal handlers on this thread. Only there is it useful to check for Ctrl-C. Other
// threads stay out of the interpreter until their work is done: a thread that attaches while the interpreter ends would
// hang, with all that the work holds.
fn hears_signals(py: Python<'_>) -> PyResult<bool> {
    static MAIN_THREAD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static THIS_THREAD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    // Python's module of threads would be loaded for this question alone.
    if is_first_thread() {
        return Ok(true);
    }
    let ask = || -> PyResult<bool> {
        let main = MAIN_THREAD.import(py, "threading", "main_thread")?.call0()?.getattr("ident")?;
        main.eq(THIS_THREAD.import(py, "threading", "get_ident")?.call0()?)
    };
    match ask() {
        // A handler may have raised here already. An interpreter that is ending imports nothing, and runs no handlers.
        Err(raised) if !is_ending(py) => Err(raised),
        heard => Ok(heard.unwrap_or(false)),
    }
}

// Returns whether the process began with this thread, or with the fork that it made.
#[cfg(target_os = "linux")]
fn is_first_thread() -> bool {
    rustix::thread::gettid() == rustix::process::getpid()
}

// Others have no such number, and Python is asked.
#[cfg(not(target_os = "linux"))]
fn is_first_thread() -> bool {
    false
}

/// Returns whether the interpreter is ending: other threads cannot come back to it then.
pub(crate) fn is_ending(py: Python<'_>) -> bool {
    static IS_FINALIZING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let ask = || -> PyResult<bool> { IS_FINALIZING.import(py, "sys", "is_finalizing")?.call0()?.is_truthy() };
    ask().unwrap_or(true)
}

fn signals() -> Result<()> {
    // An interpreter that is ending runs no more handlers.
    Ok(Python::try_attach(|py| py.check_signals()).unwrap_or(Ok(()))?)
}

fn unanswered() -> Failure {
    Failure::Core(Error::CoordinatorUnavailable { reason: "a thread left without an answer".into() })
}

fn guarded<T>(work: impl FnOnce() -> phago_core::Result<T>) -> Result<T> {
    // A panic leaves nothing half-changed: staged work is dropped and swaps cannot fail.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Ok(result?),
        Err(panic) => Err(Failure::Panic(text(panic))),
    }
}

async fn caught<T>(work: impl Future<Output = phago_core::Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(result)) => Poll::Ready(result.map_err(Failure::from)),
        Err(panic) => Poll::Ready(Err(Failure::Panic(text(panic)))),
    })
    .await
}

fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => {
            panic.downcast::<&str>().map_or_else(|_| "a panic without a message".into(), |text| (*text).into())
        }
    }
}
