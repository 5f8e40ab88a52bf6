//! Results on their way to an event loop.
//!
//! A thread of ours that has a result puts it into the loop's mailbox and writes one byte into a pair of sockets, of
//! which the loop watches the other end. The loop's own thread reads the mailbox and settles the futures. So no thread
//! of ours ever enters the interpreter: none waits for its lock, none makes others wait, and none is inside when the
//! interpreter ends. A result arrives as long as the loop runs, even in an exit handler.

use crate::error::{Failure, Result};
use phago_core::Error;
use phago_engine::lock::lock;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyNotImplementedError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

// How long a loop settles futures before others have their turn. Two thousand results at once would block it for tens
// of milliseconds.
const STINT: Duration = Duration::from_millis(2);

/// A result that is turned into a Python object where the interpreter is held.
pub(crate) type Value = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Returns a result that becomes this value.
pub(crate) fn value<T>(value: T) -> Value
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    Box::new(move |py| value.into_py_any(py))
}

struct Letter {
    call: u64,
    answer: Result<Value>,
}

#[derive(Default)]
struct Letters {
    waiting: VecDeque<Letter>,
    // Whether a byte is on its way or the loop is reading: then no other thread need ring.
    rung: bool,
}

struct Post {
    letters: Mutex<Letters>,
    bell: UnixStream,
}

impl Post {
    fn ring(&self) {
        // At most one byte is ever on its way, so the sockets are never full. If the loop is gone, nobody listens.
        let _ = (&self.bell).write(&[0]);
    }

    fn put(&self, letter: Letter) {
        let mut letters = lock(&self.letters);
        letters.waiting.push_back(letter);
        if !std::mem::replace(&mut letters.rung, true) {
            self.ring();
        }
    }

    fn take(&self) -> Option<Letter> {
        let mut letters = lock(&self.letters);
        let letter = letters.waiting.pop_front();
        letters.rung = letter.is_some();
        letter
    }
}

/// Where the result of one call goes. Dropped without a result, it reports that there is none.
pub(crate) struct Slot {
    post: Arc<Post>,
    call: u64,
    answered: bool,
}

impl Slot {
    /// Settles the call. The value is turned into Python objects on the loop's thread.
    pub(crate) fn answer(mut self, answer: Result<Value>) {
        self.put(answer);
    }

    fn put(&mut self, answer: Result<Value>) {
        self.answered = true;
        self.post.put(Letter { call: self.call, answer });
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.answered {
            self.put(Err(Failure::Core(Error::Cancelled)));
        }
    }
}

// An awaited call. Neither it nor the mailbox keeps the future alive: that would keep the loop, and with it the
// mailbox, for as long as a call hangs. Whoever awaits the future keeps it alive.
struct Awaited {
    future: Py<PyWeakrefReference>,
    cancel: Box<dyn FnOnce() + Send>,
}

/// The mailbox of one event loop, which calls it when there is something to read.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Mailbox {
    post: Arc<Post>,
    watched: UnixStream,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    made: u64,
    open: HashMap<u64, Awaited>,
}

impl Mailbox {
    fn new() -> std::io::Result<Self> {
        let (bell, watched) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        watched.set_nonblocking(true)?;
        Ok(Mailbox { post: Arc::new(Post { letters: Mutex::default(), bell }), watched, calls: Mutex::default() })
    }

    // Returns the mailbox of a loop, made at its first call. It is freed with its loop.
    fn of<'py>(event_loop: &Bound<'py, PyAny>) -> Result<Bound<'py, Self>> {
        static MAILBOXES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = event_loop.py();
        let mailboxes = MAILBOXES
            .get_or_try_init(py, || py.import("weakref")?.call_method0("WeakKeyDictionary").map(Bound::unbind))
            .map_err(ending)?
            .bind(py);
        let known = mailboxes.call_method1("get", (event_loop,))?;
        if let Ok(mailbox) = known.cast_into::<Self>() {
            return Ok(mailbox);
        }
        let mailbox = Bound::new(py, Mailbox::new().map_err(PyErr::from)?)?;
        let watched = mailbox.get().watched.as_raw_fd();
        event_loop.call_method1("add_reader", (watched, &mailbox)).map_err(|error| {
            if !error.is_instance_of::<PyNotImplementedError>(py) {
                return error;
            }
            let refused = PyRuntimeError::new_err(format!(
                "{event_loop} cannot watch a socket, by which answers come; accepted is a loop with `add_reader`, as \
                 asyncio's own on this system is"
            ));
            refused.set_cause(py, Some(error));
            refused
        })?;
        mailboxes.set_item(event_loop, &mailbox)?;
        Ok(mailbox)
    }

    fn settle(&self, py: Python<'_>, letter: Letter) -> PyResult<()> {
        // A call that was cancelled is no longer in the map.
        let Some(call) = lock(&self.calls).open.remove(&letter.call) else { return Ok(()) };
        let Some(future) = call.future.bind(py).upgrade() else { return Ok(()) };
        settle(&future, letter.answer)
    }
}

#[pymethods]
impl Mailbox {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let begun = Instant::now();
        // One byte stands for all letters. There is none if a forked child's loop has read it.
        let _ = (&self.watched).read(&mut [0; 8]);
        while let Some(letter) = self.post.take() {
            let settled = self.settle(py, letter);
            if settled.is_err() || begun.elapsed() >= STINT {
                // Letters that remain wait until the loop's other callbacks have run; if none remain, the next reading
                // costs little.
                self.post.ring();
                return settled;
            }
        }
        Ok(())
    }
}

/// Called when a future is done. If it was cancelled, the work is told to stop.
#[pyclass(frozen, module = "phago._phago")]
struct Done {
    mailbox: Py<Mailbox>,
    call: u64,
}

#[pymethods]
impl Done {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        // A call that was settled is no longer in the map.
        let call = lock(&self.mailbox.get().calls).open.remove(&self.call);
        if let Some(call) = call {
            (call.cancel)();
        }
    }
}

/// Returns a future of the running loop, and the slot for its result. `cancel` is called when the future is cancelled.
pub(crate) fn open<'py>(py: Python<'py>, cancel: impl FnOnce() + Send + 'static) -> Result<(Bound<'py, PyAny>, Slot)> {
    let event_loop = running_loop(py)?;
    let mailbox = Mailbox::of(&event_loop)?;
    let future = event_loop.call_method0("create_future")?;
    let weak = PyWeakrefReference::new(&future)?.unbind();
    let call = {
        let mut calls = lock(&mailbox.get().calls);
        calls.made += 1;
        let call = calls.made;
        calls.open.insert(call, Awaited { future: weak, cancel: Box::new(cancel) });
        call
    };
    let post = mailbox.get().post.clone();
    future.call_method1("add_done_callback", (Done { mailbox: mailbox.unbind(), call },))?;
    Ok((future, Slot { post, call, answered: false }))
}

/// Returns a future of the running loop for a result that is there already. The loop settles it when it next goes round:
/// if it were settled already, whoever awaits many such calls would let nobody else have a turn.
pub(crate) fn settled<'py>(py: Python<'py>, answer: Result<Value>) -> Result<Bound<'py, PyAny>> {
    let event_loop = running_loop(py)?;
    let future = event_loop.call_method0("create_future")?;
    let settle = Settle { future: future.clone().unbind(), answer: Mutex::new(Some(answer)) };
    event_loop.call_method1("call_soon", (settle,))?;
    Ok(future)
}

/// Settles a future when it is called.
#[pyclass(frozen, module = "phago._phago")]
struct Settle {
    future: Py<PyAny>,
    answer: Mutex<Option<Result<Value>>>,
}

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let answer = lock(&self.answer).take();
        answer.map_or(Ok(()), |answer| settle(self.future.bind(py), answer))
    }
}

// Gives a future its result, unless it is done: it may have been cancelled.
fn settle(future: &Bound<'_, PyAny>, answer: Result<Value>) -> PyResult<()> {
    let py = future.py();
    if future.call_method0("done")?.is_truthy()? {
        return Ok(());
    }
    match answer.and_then(|value| Ok(value(py)?)) {
        Ok(value) => future.call_method1("set_result", (value,)),
        Err(failure) => future.call_method1("set_exception", (PyErr::from(failure).into_value(py),)),
    }?;
    Ok(())
}

/// Returns the running loop of asyncio.
pub(crate) fn running_loop(py: Python<'_>) -> Result<Bound<'_, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running = RUNNING_LOOP.import(py, "asyncio", "get_running_loop").map_err(ending)?.call0();
    Ok(running.map_err(|error| {
        let advice = PyRuntimeError::new_err(
            "no running event loop: phago's coroutines are for asyncio; with trio call a `Colony` in a thread, as in \
             `await trio.to_thread.run_sync(colony.query, text)`",
        );
        advice.set_cause(py, Some(error));
        advice
    })?)
}

// Modules of the standard library fail to import only if the interpreter has taken them down.
fn ending(error: PyErr) -> Failure {
    Failure::Core(Error::CoordinatorUnavailable {
        reason: format!("the interpreter ends, and no event loop can be answered any more ({error}); call a `Colony`"),
    })
}
