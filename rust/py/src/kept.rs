//! A colony in a directory: opening, following, checkpoints, verification.

use crate::config::read;
use crate::error::{Failure, Result};
use crate::free::{self, FreedElsewhere};
use crate::process::{Home, lock};
use crate::runtime::{Work, brief, call, start_call};
use crate::world::{Colony, World};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::config::{ColonyConfig, DistributedConfig};
use phago_engine::store::{self, Directory, Files, Options};
use phago_engine::{Layout, world};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A colony that has a directory open for writing.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Kept(Home<Arc<Colony>>);

impl Kept {
    fn colony(&self) -> phago_core::Result<&Arc<Colony>> {
        self.0.get()
    }

    fn engine(&self) -> phago_core::Result<Arc<world::World>> {
        Ok(self.colony()?.world.clone())
    }

    fn closing(&self) -> impl Work<Option<String>> + use<> {
        let world = self.engine().ok();
        // In a forked child there is nothing to close.
        move |_: &Cancel| Ok(world.map_or(Ok(None), |world| world.close())?.map(|missing| missing.to_string()))
    }
}

#[pymethods]
impl Kept {
    #[staticmethod]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        shards: u32,
        config: Option<&Bound<'_, PyDict>>,
        make: bool,
        wait: f64,
    ) -> Result<Self> {
        call(py, opening(path, shards, config, make, wait)?)
    }

    #[staticmethod]
    fn open_async<'py>(
        py: Python<'py>,
        path: PathBuf,
        shards: u32,
        config: Option<&Bound<'py, PyDict>>,
        make: bool,
        wait: f64,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, opening(path, shards, config, make, wait)?)
    }

    #[getter]
    fn world(&self) -> Result<World> {
        Ok(World::over(self.colony()?.clone()))
    }

    fn checkpoint(&self, py: Python<'_>) -> Result<()> {
        let world = self.engine()?;
        call(py, move |_| world.checkpoint())
    }

    fn checkpoint_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.engine()?;
        start_call(py, move |_| world.checkpoint())
    }

    fn compact(&self, py: Python<'_>) -> Result<()> {
        let world = self.engine()?;
        call(py, move |_| world.compact())
    }

    fn compact_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.engine()?;
        start_call(py, move |_| world.compact())
    }

    fn snapshot(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        let world = self.engine()?;
        call(py, move |_| world.snapshot(directory(path)))
    }

    fn snapshot_async<'py>(&self, py: Python<'py>, path: PathBuf) -> Result<Bound<'py, PyAny>> {
        let world = self.engine()?;
        start_call(py, move |_| world.snapshot(directory(path)))
    }

    /// Returns why what makes the next opening fast was not written, if it was not.
    fn close(&self, py: Python<'_>) -> Result<Option<String>> {
        call(py, self.closing())
    }

    fn close_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.closing())
    }
}

/// A colony that is read beside its writer.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Follower(Home<Arc<Reader>>);

struct Reader(FreedElsewhere<Mutex<phago_engine::Follower>>);

#[pymethods]
impl Follower {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, shards: u32) -> Result<Self> {
        call(py, following(path, shards))
    }

    #[staticmethod]
    fn open_async<'py>(py: Python<'py>, path: PathBuf, shards: u32) -> Result<Bound<'py, PyAny>> {
        start_call(py, following(path, shards))
    }

    /// Returns the current world; after a refresh it is another one.
    #[getter]
    fn world(&self, py: Python<'_>) -> Result<World> {
        let reader = self.0.get()?;
        let world = brief(py, || Ok(lock(&reader.0).world().clone()))?;
        Ok(World::over(Colony::new(world)))
    }

    fn refresh(&self, py: Python<'_>) -> Result<bool> {
        let reader = self.0.get()?.clone();
        call(py, move |_| lock(&reader.0).refresh())
    }

    fn refresh_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let reader = self.0.get()?.clone();
        start_call(py, move |_| lock(&reader.0).refresh())
    }
}

/// The result of a verification.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct VerifiedRow {
    bytes: u64,
    records: u64,
    sections: u64,
    torn_bytes: u64,
    damage: Vec<Py<PyAny>>,
}

/// Names the file system of a directory if other machines share it over a network.
#[pyfunction]
pub(crate) fn network_file_system(py: Python<'_>, path: PathBuf) -> Result<Option<&'static str>> {
    brief(py, || Ok(store::network_file_system(&path)))
}

/// Reads every byte of a colony's files.
#[pyfunction]
pub(crate) fn verify(py: Python<'_>, path: PathBuf) -> Result<VerifiedRow> {
    let found = call(py, move |_| store::verify(&directory(path)))?;
    let raised = |error| PyErr::from(Failure::Core(error)).into_value(py).into_any();
    Ok(VerifiedRow {
        bytes: found.bytes,
        records: found.records,
        sections: found.sections,
        torn_bytes: found.torn_bytes,
        damage: found.damage.into_iter().map(raised).collect(),
    })
}

fn directory(path: PathBuf) -> Arc<dyn Files> {
    Arc::new(Directory::new(path))
}

fn layout(shards: u32) -> Layout {
    Layout { shards, virtual_nodes: DistributedConfig::default().virtual_nodes_per_shard }
}

fn opening(
    path: PathBuf,
    shards: u32,
    config: Option<&Bound<'_, PyDict>>,
    make: bool,
    wait: f64,
) -> Result<impl Work<Kept> + use<>> {
    let config = config.map(|config| read::<ColonyConfig>(Some(config), "config")).transpose()?;
    let wait = Duration::try_from_secs_f64(wait).map_err(|_| Error::Config {
        field: "wait".into(),
        value: wait.to_string(),
        accepted: "seconds, 0 or more".into(),
    })?;
    Ok(move |cancel: &Cancel| {
        // A colony that was dropped without being closed holds the directory until it is freed.
        free::wait(cancel)?;
        let options = Options { make, ..Options::default() };
        let layout = Some(layout(shards));
        let world = world::World::open_within(&directory(path), options, layout, config.as_ref(), wait, cancel)?;
        Ok(Kept(Home::new(Colony::new(world))))
    })
}

fn following(path: PathBuf, shards: u32) -> impl Work<Follower> {
    move |_: &Cancel| {
        let follower = phago_engine::Follower::open(directory(path), Some(layout(shards)))?;
        Ok(Follower(Home::new(Arc::new(Reader(FreedElsewhere::new(Mutex::new(follower)))))))
    }
}
