//! Nodes in other processes: a transport that Python brings, and the node that Python runs.

use crate::error::Result;
use crate::runtime::brief;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_engine::cluster::{Answer, Lane, Lost, Message, Parcel, Server, Transport};
use phago_engine::kept::Over;
use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyDict, PyList, PyTuple};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, Instant};

/// A node of a cluster, in its own process.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Node(Server);

#[pymethods]
impl Node {
    #[new]
    fn new() -> Self {
        Node(Server::new())
    }

    /// Obeys a message. Returns its answer, and what goes to other nodes, by node.
    fn handle<'py>(
        &self,
        py: Python<'py>,
        message: &[u8],
        parcels: Vec<Bound<'py, PyBytes>>,
    ) -> Result<(Bound<'py, PyBytes>, Bound<'py, PyList>)> {
        let parcels: Vec<Vec<u8>> = parcels.iter().map(|parcel| parcel.as_bytes().to_vec()).collect();
        let (answer, parcels) = brief(py, || Ok(self.0.handle(message, &parcels)))?;
        let parcels = parcels.into_iter().map(|parcel| parcel.map(|bytes| PyBytes::new(py, &bytes)));
        Ok((PyBytes::new(py, &answer), PyList::new(py, parcels)?))
    }
}

/// Says whether whoever sent a message still wants an answer.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Stop(Cancel);

#[pymethods]
impl Stop {
    fn is_set(&self) -> bool {
        self.0.is_cancelled() || ARE_OVER.load(SeqCst)
    }
}

/// What has the shards of a colony, if they are not here: a transport, how many nodes it reaches, and how many seconds
/// one may take for a change or a question.
pub(crate) type Means = (Py<PyAny>, usize, f64);

/// Returns nodes as the engine takes them.
pub(crate) fn reached((transport, nodes, seconds): Means) -> Over {
    let answer = Duration::from_secs_f64(seconds.clamp(0.001, 1e9));
    Over { transport: Arc::new(FromPython::new(transport)), nodes, answer }
}

// How many threads are in a transport's methods, and whether no more may enter. Without a lock, which a fork could copy
// while it is taken.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static ARE_OVER: AtomicBool = AtomicBool::new(false);
// Long enough for a node that is being started.
const LEAVE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(2);

// Calls a method of a transport, if Python is not ending.
fn call<R>(work: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            INSIDE.fetch_sub(1, SeqCst);
        }
    }
    INSIDE.fetch_add(1, SeqCst);
    let _inside = Inside;
    if ARE_OVER.load(SeqCst) { None } else { Python::try_attach(work) }
}

/// Has Python, before it ends, let no thread into a transport's methods any more, and wait for those that are in there,
/// which are asked to stop: it kills a thread that comes back to it later, and that aborts the process. What others
/// registered after the import of this module comes before, and may still use a colony over nodes.
pub(crate) fn leave_before_the_end(py: Python<'_>) -> PyResult<()> {
    let imported_by = std::process::id();
    let leave = move |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        // Threads are not copied by a fork.
        if std::process::id() != imported_by {
            return;
        }
        ARE_OVER.store(true, SeqCst);
        Python::attach(|py| {
            py.detach(|| {
                let begun = Instant::now();
                while INSIDE.load(SeqCst) > 0 && begun.elapsed() < LEAVE {
                    std::thread::sleep(LOOK);
                }
            });
        });
    };
    let leave = PyCFunction::new_closure(py, None, None, leave)?;
    py.import("atexit")?.call_method1("register", (leave,)).map(drop)
}

/// A transport written in Python.
pub(crate) struct FromPython(Py<PyAny>);

impl FromPython {
    pub(crate) fn new(transport: Py<PyAny>) -> Self {
        FromPython(transport)
    }

    fn send_now(
        &self,
        py: Python<'_>,
        messages: Vec<Message>,
        wait: Duration,
        cancel: &Cancel,
    ) -> PyResult<Vec<std::result::Result<Answer, Lost>>> {
        let count = messages.len();
        let message = |message: Message| {
            let parcels = message.parcels.into_iter().filter_map(|parcel| parcel.downcast::<Py<PyAny>>().ok());
            let parcels = PyList::new(py, parcels.map(|parcel| *parcel))?;
            let lane = match message.lane {
                Lane::Orders => "orders",
                Lane::Questions => "questions",
                Lane::Ahead => "ahead",
            };
            (message.node, lane, PyBytes::new(py, &message.bytes), parcels).into_pyobject(py)
        };
        let messages = messages.into_iter().map(message).collect::<PyResult<Vec<_>>>()?;
        let stop = Bound::new(py, Stop(cancel.clone()))?;
        let answers = self.0.bind(py).call_method1("_send", (PyList::new(py, messages)?, wait.as_secs_f64(), stop))?;
        let answers = answers.try_iter()?.map(|answer| read(&answer?)).collect::<PyResult<Vec<_>>>()?;
        if answers.len() != count {
            let message = format!("a transport returned {} answers to {count} messages", answers.len());
            return Err(PyTypeError::new_err(message));
        }
        Ok(answers)
    }
}

// An answer is (bytes, list of parcels or None) or (kind, reason).
fn read(answer: &Bound<'_, PyAny>) -> PyResult<std::result::Result<Answer, Lost>> {
    let answer = answer.cast::<PyTuple>()?;
    let first = answer.get_item(0)?;
    if let Ok(kind) = first.extract::<String>() {
        let reason = answer.get_item(1)?.extract::<String>()?;
        return Ok(Err(match kind.as_str() {
            "died" => Lost::Died(reason),
            "late" => Lost::Late,
            "undelivered" => Lost::Undelivered(reason),
            _ => Lost::Cancelled,
        }));
    }
    let bytes = first.cast::<PyBytes>()?.as_bytes().to_vec();
    let parcels = answer.get_item(1)?.try_iter()?.map(|parcel| {
        let parcel = parcel?;
        Ok((!parcel.is_none()).then(|| Box::new(parcel.unbind()) as Parcel))
    });
    Ok(Ok(Answer { bytes, parcels: parcels.collect::<PyResult<_>>()? }))
}

// What a signal handler raised in the midst of a message is raised again as soon as the call is over.
fn raise_later(py: Python<'_>, error: &PyErr) {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        let _ = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
    }
}

fn failed(error: &PyErr) -> Error {
    Error::CoordinatorUnavailable { reason: format!("the transport failed: {error}") }
}

impl Transport for FromPython {
    fn send(&self, messages: Vec<Message>, wait: Duration, cancel: &Cancel) -> Vec<std::result::Result<Answer, Lost>> {
        let count = messages.len();
        let sent = call(|py| {
            self.send_now(py, messages, wait, cancel).map_err(|error| {
                raise_later(py, &error);
                failed(&error).to_string()
            })
        });
        match sent {
            Some(Ok(answers)) => answers,
            Some(Err(reason)) => (0..count).map(|_| Err(Lost::Died(reason.clone()))).collect(),
            None => (0..count).map(|_| Err(Lost::Died("the interpreter is ending".into()))).collect(),
        }
    }

    fn restart(&self, nodes: &[usize]) -> phago_core::Result<()> {
        let restarted = call(|py| self.0.bind(py).call_method1("_restart", (nodes.to_vec(),)).map(drop));
        match restarted {
            Some(done) => done.map_err(|error| failed(&error)),
            None => Err(Error::CoordinatorUnavailable { reason: "the interpreter is ending".into() }),
        }
    }

    fn close(&self) {
        let _ = call(|py| {
            if let Err(error) = self.0.bind(py).call_method0("close") {
                error.write_unraisable(py, Some(self.0.bind(py)));
            }
        });
    }
}

impl fmt::Debug for FromPython {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromPython")
    }
}
