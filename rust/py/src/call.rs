//! A call of Python that may take time, written once for callers that block and for event loops.

use crate::error::Result;
use crate::mailbox::{Value, value};
use crate::runtime::{Work, brief, call, start_call};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_engine::host::process::Home;
use phago_engine::lock::lock;
use pyo3::prelude::*;
use std::sync::Mutex;

type Test = Box<dyn FnOnce() -> phago_core::Result<bool> + Send>;
type Todo = Box<dyn FnOnce(&Cancel) -> phago_core::Result<Value> + Send>;

/// A call whose arguments were read from Python, and that has not begun. It begins once, by either of its methods.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Call(Home<Mutex<Option<(Test, Todo)>>>);

impl Call {
    /// Returns a call that may take long.
    pub(crate) fn new<T>(work: impl Work<T>) -> Self
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        Call::brief_if(|| Ok(false), work)
    }

    /// Returns a call that is short if the test says so: it is then worked off on the calling thread. Handing it to a
    /// thread that Ctrl-C can abandon, and back, would take longer than the work.
    pub(crate) fn brief_if<T>(
        test: impl FnOnce() -> phago_core::Result<bool> + Send + 'static,
        work: impl Work<T>,
    ) -> Self
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let todo = move |cancel: &Cancel| Ok(value(work(cancel)?));
        Call(Home::new(Mutex::new(Some((Box::new(test), Box::new(todo))))))
    }

    /// Returns a call without a result.
    pub(crate) fn act(work: impl Work<()>) -> Self {
        Call::new(move |cancel| work(cancel).map(|()| None::<bool>))
    }

    fn take(&self) -> phago_core::Result<(Test, Todo)> {
        let taken = lock(self.0.get()?).take();
        taken.ok_or_else(|| Error::Busy { what: "the call was begun already; make it again".into() })
    }
}

#[pymethods]
impl Call {
    fn wait(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        let (test, work) = self.take()?;
        let tried = brief(py, || Ok(if test()? { Ok(work(&Cancel::new())?) } else { Err(work) }))?;
        let value = tried.or_else(|work| call(py, work))?;
        Ok(value(py)?)
    }

    fn start<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let (_, work) = self.take()?;
        start_call(py, work)
    }
}
