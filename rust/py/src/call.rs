//! A call of Python that may take time, written once for callers that block and for event loops.

use crate::error::Result;
use crate::mailbox::{Value, value};
use crate::runtime::{Begun, Work, brief, call, is_ending, start_call};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_engine::host::process::{Hand, Home};
use phago_engine::lock::lock;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex};

type Test = Box<dyn FnOnce() -> phago_core::Result<bool> + Send>;
type Todo = Box<dyn FnOnce(&Cancel) -> phago_core::Result<Value> + Send>;
type Ahead = Arc<dyn Fn(&Cancel) -> phago_core::Result<()> + Send + Sync>;

/// A call whose arguments were read from Python. It begins once, and its result is taken once.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Call(Home<Asked>);

struct Asked {
    // `None` once the result was asked for.
    state: Mutex<Option<State>>,
    // What may be done before it begins.
    ahead: Option<Ahead>,
}

enum State {
    Todo(Test, Todo),
    Begun(Begun<Value>),
}

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
        let state = Mutex::new(Some(State::Todo(Box::new(test), Box::new(todo))));
        Call(Home::new(Asked { state, ahead: None }))
    }

    /// Adds what may be done before it begins.
    pub(crate) fn ahead(self, ahead: impl Fn(&Cancel) -> phago_core::Result<()> + Send + Sync + 'static) -> Self {
        let asked = self.0.into_inner().expect("it was made in this process");
        Call(Home::new(Asked { ahead: Some(Arc::new(ahead)), ..asked }))
    }

    /// Returns a call without a result.
    pub(crate) fn act(work: impl Work<()>) -> Self {
        Call::new(move |cancel| work(cancel).map(|()| None::<bool>))
    }

    fn take(&self) -> phago_core::Result<State> {
        lock(&self.0.get()?.state).take().ok_or_else(begun)
    }
}

#[pymethods]
impl Call {
    fn wait(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        let (test, work) = match self.take()? {
            State::Todo(test, work) => (test, work),
            State::Begun(begun) => return Ok(begun.wait(py)?(py)?),
        };
        let tried = brief(py, || Ok(if test()? { Ok(work(&Cancel::new())?) } else { Err(work) }))?;
        let value = tried.or_else(|work| call(py, work))?;
        Ok(value(py)?)
    }

    fn begin(&self, py: Python<'_>) -> Result<()> {
        // A thread beside could not speak to nodes any more.
        if is_ending(py) {
            return Ok(());
        }
        let mut state = lock(&self.0.get()?.state);
        *state = match state.take().ok_or_else(begun)? {
            // If no thread can be started, it begins when it is waited for.
            State::Todo(test, work) => Some(match Hand::take() {
                Ok(hand) => State::Begun(Begun::by(hand, work)),
                Err(_) => State::Todo(test, work),
            }),
            begun => Some(begun),
        };
        Ok(())
    }

    fn is_over(&self) -> Result<bool> {
        Ok(match &*lock(&self.0.get()?.state) {
            Some(State::Todo(..)) => false,
            Some(State::Begun(begun)) => begun.is_over(),
            None => true,
        })
    }

    fn read_ahead(&self, py: Python<'_>) -> Result<()> {
        match self.0.get()?.ahead.clone() {
            Some(ahead) => call(py, move |cancel| ahead(cancel)),
            None => Ok(()),
        }
    }

    fn start_ahead<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let ahead = self.0.get()?.ahead.clone();
        let work = move |cancel: &Cancel| ahead.map_or(Ok(()), |ahead| ahead(cancel)).map(|()| value(None::<bool>));
        start_call(py, work)
    }

    fn start<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        match self.take()? {
            State::Todo(_, work) => start_call(py, work),
            State::Begun(_) => Err(begun().into()),
        }
    }
}

fn begun() -> Error {
    Error::Busy { what: "the call was begun already; make it again".into() }
}
