//! The one door: every call that may take time goes out through it and comes back as a value or an exception.
//!
//! All ways through it leave the interpreter to other threads and turn a panic into [`Failure::Panic`].
//!
//! | way | where the work runs | what ends it early |
//! |---|---|---|
//! | [`brief`] | on the calling thread | nothing: it is short |
//! | [`call`] | on a thread beside the main one, which looks for Ctrl-C; other threads do it themselves | Ctrl-C |
//! | [`stoppable`] | wherever the engine does it; the calling thread looks for Ctrl-C | Ctrl-C |
//! | [`start_call`] | on one of few threads, in the order of the calls | cancelling the future |
//! | [`start`] | on the runtime, as a future | cancelling the future |

use crate::error::{Failure, Result};
use crate::mailbox;
use crate::process::{Hand, runtime};
use phago_core::Error;
use phago_core::cancel::Cancel;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

// How often a waiting call looks for Ctrl-C. Looking costs the interpreter lock, so not oftener than needed to
// feel immediate.
const LOOK: Duration = Duration::from_millis(20);

/// Work that may take long, and polls the flag that tells it to stop.
pub(crate) trait Work<T>: FnOnce(&Cancel) -> phago_core::Result<T> + Send + 'static {}

impl<T, F: FnOnce(&Cancel) -> phago_core::Result<T> + Send + 'static> Work<T> for F {}

/// Run something short. It cannot be interrupted.
pub(crate) fn brief<T: Send>(py: Python<'_>, work: impl FnOnce() -> phago_core::Result<T> + Send) -> Result<T> {
    py.detach(|| guarded(work))
}

/// Run something that may take long, until it ends or Ctrl-C comes. That sets the flag, and is answered at once:
/// work that does not poll the flag runs to its end unseen, and its result is dropped.
pub(crate) fn call<T: Send + 'static>(py: Python<'_>, work: impl Work<T>) -> Result<T> {
    let cancel = Cancel::new();
    if !hears_signals(py)? {
        return brief(py, || work(&cancel));
    }
    py.detach(|| {
        // Where no thread is to be had, it cannot be interrupted.
        let Ok(hand) = Hand::take() else { return guarded(|| work(&cancel)) };
        let (send, receive) = sync_channel(1);
        let flag = cancel.clone();
        hand.work(Box::new(move || {
            // Nobody listens after an interrupt.
            let _ = send.send(guarded(|| work(&flag)));
        }));
        loop {
            match receive.recv_timeout(LOOK) {
                Ok(result) => {
                    hand.give_back();
                    return result;
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(raised) = signals() {
                        cancel.cancel();
                        return Err(raised);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(unanswered()),
            }
        }
    })
}

/// Run something that asks every now and then whether it should stop, and then ends with an error. It should when
/// a signal handler raised; that exception is then the outcome.
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

/// Run something that may take long on one of few threads, in the order of the calls, and return an `asyncio.Future`
/// for it. Cancelling that sets the flag; what has not begun by then never begins.
pub(crate) fn start_call<T>(py: Python<'_>, work: impl Work<T>) -> Result<Bound<'_, PyAny>>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let runtime = runtime()?;
    let cancel = Cancel::new();
    let flag = cancel.clone();
    let (future, slot) = mailbox::open(py, move || flag.cancel())?;
    runtime.spawn_blocking(move || {
        if !cancel.is_cancelled() {
            slot.answer(guarded(|| work(&cancel)));
        }
    });
    Ok(future)
}

/// Start a future and return an `asyncio.Future` for it. Cancelling that drops the Rust future.
///
/// This is a bridge of our own because the usual one prints "Event loop is closed" when its loop has gone, and
/// attaches to an interpreter that may be shutting down.
pub(crate) fn start<T>(
    py: Python<'_>,
    work: impl Future<Output = phago_core::Result<T>> + Send + 'static,
) -> Result<Bound<'_, PyAny>>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let runtime = runtime()?;
    let (cancel, cancelled) = oneshot::channel();
    let (future, slot) = mailbox::open(py, move || {
        // The work may have ended in the meantime.
        let _ = cancel.send(());
    })?;
    let mut work = Box::pin(caught(work));
    // The first step is made here and not by a thread of the runtime, so that calls take their places in a queue in
    // the order in which they were made. Whoever polls next brings the waker.
    let begun = py.detach(|| {
        let _runtime = runtime.enter();
        work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    match begun {
        Poll::Ready(result) => slot.answer(result),
        Poll::Pending => {
            runtime.spawn(async move {
                tokio::select! {
                    biased;
                    // Nobody waits any more. A sender that went without a word went with its loop: the work goes on.
                    Ok(()) = cancelled => {}
                    result = work => slot.answer(result),
                }
            });
        }
    }
    Ok(future)
}

// Whether Python runs signal handlers on this thread. Only there is it of use to look for Ctrl-C. Another thread stays
// away from the interpreter until its work is done: one that ends would keep it, with all that the work holds.
fn hears_signals(py: Python<'_>) -> PyResult<bool> {
    static MAIN_THREAD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static THIS_THREAD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let ask = || -> PyResult<bool> {
        let main = MAIN_THREAD.import(py, "threading", "main_thread")?.call0()?.getattr("ident")?;
        main.eq(THIS_THREAD.import(py, "threading", "get_ident")?.call0()?)
    };
    match ask() {
        // A handler may have raised here already. An interpreter that ends imports nothing, and runs no handlers either.
        Err(raised) if !is_ending(py) => Err(raised),
        heard => Ok(heard.unwrap_or(false)),
    }
}

fn is_ending(py: Python<'_>) -> bool {
    static IS_FINALIZING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let ask = || -> PyResult<bool> { IS_FINALIZING.import(py, "sys", "is_finalizing")?.call0()?.is_truthy() };
    ask().unwrap_or(true)
}

fn signals() -> Result<()> {
    // An interpreter that has begun to end runs no more handlers.
    Ok(Python::try_attach(|py| py.check_signals()).unwrap_or(Ok(()))?)
}

fn unanswered() -> Failure {
    Failure::Core(Error::CoordinatorUnavailable { reason: "a thread left without an answer".into() })
}

fn guarded<T>(work: impl FnOnce() -> phago_core::Result<T>) -> Result<T> {
    // A panic leaves nothing half-changed behind: staged work is dropped and swaps cannot fail.
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
