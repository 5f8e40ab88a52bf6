//! The one door: every call that may take time goes out through it and comes back as a value or an exception.
//!
//! All ways through it leave the interpreter to other threads and turn a panic into [`Failure::Panic`].

use crate::error::{Failure, Result};
use crate::process::{attach, is_left_behind, runtime};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;
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

/// Run something short. It cannot be interrupted.
pub(crate) fn brief<T: Send>(py: Python<'_>, work: impl FnOnce() -> phago_core::Result<T> + Send) -> Result<T> {
    py.detach(|| guarded(work))
}

/// Run something that may take long on another thread, and wait for it or for Ctrl-C.
///
/// Interrupted work that does not poll a flag of its own runs to its end unseen, and its result is dropped.
pub(crate) fn long<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> phago_core::Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = runtime()?;
    py.detach(|| {
        // A channel of std, not a join handle: this thread may belong to a runtime already, of ours or of
        // another module, and must then not enter one.
        let (send, receive) = sync_channel(1);
        runtime.spawn_blocking(move || {
            // Nobody listens after an interrupt.
            let _ = send.send(guarded(work));
        });
        loop {
            match receive.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => signals()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::Panic("a worker left without an answer".into()));
                }
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
    py.detach(|| {
        let mut raised = None;
        let outcome = guarded(|| {
            work(&mut || {
                raised = raised.take().or_else(|| signals().err());
                raised.is_some()
            })
        });
        raised.map_or(outcome, Err)
    })
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
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
    let future = event_loop.call_method0("create_future")?;
    let (cancel, cancelled) = oneshot::channel();
    future.call_method1("add_done_callback", (Cancel(std::sync::Mutex::new(Some(cancel))),))?;
    let waiting = (event_loop.unbind(), future.clone().unbind());
    let mut work = Box::pin(caught(work));
    // The first step is made here and not by a thread of the runtime, so that calls take their places in a queue in
    // the order in which they were made. Whoever polls next brings the waker.
    let begun = py.detach(|| {
        let _runtime = runtime.enter();
        work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    let work = async move {
        match begun {
            Poll::Ready(result) => result,
            Poll::Pending => work.await,
        }
    };
    runtime.spawn(async move {
        let result = tokio::select! {
            biased;
            _ = cancelled => {
                // Nobody waits any more. Letting go of the Python objects needs the interpreter.
                tokio::task::spawn_blocking(move || attach(|_| drop(waiting)));
                return;
            }
            result = work => result,
        };
        // Never wait for the interpreter on a thread that keeps deadlines.
        tokio::task::spawn_blocking(move || {
            attach(|py| {
                let (event_loop, future) = waiting;
                let outcome = match result.and_then(|value| Ok(value.into_py_any(py)?)) {
                    Ok(value) => (future, value, true),
                    Err(failure) => (future, PyErr::from(failure).into_value(py).into_any(), false),
                };
                // The only thing that fails here is a loop that was closed in the meantime: nobody listens.
                let _ = settle(py).and_then(|settle| {
                    let (future, value, good) = outcome;
                    event_loop.bind(py).call_method1("call_soon_threadsafe", (settle, future, value, good))
                });
            })
        });
    });
    Ok(future)
}

// Runs on the loop's own thread, where alone a future may be looked at and settled.
fn settle<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    static SETTLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = SETTLE.get_or_try_init(py, || -> PyResult<_> {
        let function = PyCFunction::new_closure(py, None, None, |arguments, _| -> PyResult<()> {
            let (future, value, good): (Bound<'_, PyAny>, Bound<'_, PyAny>, bool) = arguments.extract()?;
            if !future.call_method0("done")?.is_truthy()? {
                future.call_method1(if good { "set_result" } else { "set_exception" }, (value,))?;
            }
            Ok(())
        })?;
        Ok(function.into_any().unbind())
    })?;
    Ok(function.bind(py).clone())
}

/// The callback that tells Rust that the future is done. Where it was cancelled, the work stops.
#[pyclass(frozen, module = "phago._phago")]
struct Cancel(std::sync::Mutex<Option<oneshot::Sender<()>>>);

#[pymethods]
impl Cancel {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        // Sent for a result too; then the receiver has gone and nothing happens.
        if let Some(cancel) = crate::process::lock(&self.0).take() {
            let _ = cancel.send(());
        }
    }
}

fn signals() -> Result<()> {
    if is_left_behind() {
        // A daemon thread in an interpreter that ends: going back would end the thread in the midst of Rust code. The
        // process ends without it.
        loop {
            std::thread::park();
        }
    }
    match Python::try_attach(|py| py.check_signals()) {
        Some(result) => Ok(result?),
        None => Err(PyRuntimeError::new_err("the interpreter is shutting down").into()),
    }
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
