//! A colony in a directory: opening, following, checkpoints, verification.

use crate::backend::{Means, reached};
use crate::call::Call;
use crate::config::read;
use crate::error::{Failure, Result};
use crate::runtime::{brief, call};
use crate::world::World;
use phago_core::Error;
use phago_core::config::{ColonyConfig, DistributedConfig};
use phago_engine::host::colony::Colony;
use phago_engine::host::free::{self, FreedElsewhere};
use phago_engine::host::process::Home;
use phago_engine::lock::lock;
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
    fn call(&self, work: impl FnOnce(&world::World) -> phago_core::Result<()> + Send + 'static) -> Result<Call> {
        let world = self.0.get()?.world.clone();
        Ok(Call::act(move |_| work(&world)))
    }
}

#[pymethods]
impl Kept {
    /// `over` is what has the shards, if they are not here: a transport, how many nodes it reaches, and how many
    /// seconds one may take for a change or a question.
    #[staticmethod]
    #[pyo3(signature = (path, shards, config, make, wait, over=None))]
    fn open(
        path: PathBuf,
        shards: u32,
        config: Option<&Bound<'_, PyDict>>,
        make: bool,
        wait: f64,
        over: Option<Means>,
    ) -> Result<Call> {
        let config = config.map(|config| read::<ColonyConfig>(Some(config), "config")).transpose()?;
        let wait = Duration::try_from_secs_f64(wait).map_err(|_| Error::Config {
            field: "wait".into(),
            value: wait.to_string(),
            accepted: "seconds, 0 or more".into(),
        })?;
        let over = over.map(reached);
        Ok(Call::new(move |cancel| {
            // A colony that was dropped without being closed holds the directory until it is freed.
            free::wait(cancel)?;
            let options = Options { make, ..Options::default() };
            let layout = Some(layout(shards));
            let (files, config) = (directory(path), config.as_ref());
            let world = match &over {
                None => world::World::open_within(&files, options, layout, config, wait, cancel)?,
                Some(over) => world::World::open_over(&files, options, layout, config, over, wait, cancel)?,
            };
            Ok(Kept(Home::new(Colony::new(world))))
        }))
    }

    #[getter]
    fn world(&self) -> Result<World> {
        Ok(World::over(self.0.get()?.clone()))
    }

    fn checkpoint(&self) -> Result<Call> {
        self.call(world::World::checkpoint)
    }

    fn compact(&self) -> Result<Call> {
        self.call(world::World::compact)
    }

    fn snapshot(&self, path: PathBuf) -> Result<Call> {
        self.call(|world| world.snapshot(directory(path)))
    }

    /// Returns why what makes the next opening fast was not written, if it was not.
    fn close(&self) -> Call {
        // In a forked child there is nothing to close.
        let world = self.0.get().ok().map(|colony| colony.world.clone());
        Call::new(move |_| Ok(world.map_or(Ok(None), |world| world.close())?.map(|missing| missing.to_string())))
    }
}

/// A colony that is read beside its writer.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Follower(Home<Arc<Reader>>);

struct Reader(FreedElsewhere<Mutex<phago_engine::Follower>>);

#[pymethods]
impl Follower {
    #[staticmethod]
    fn open(path: PathBuf, shards: u32) -> Call {
        Call::new(move |_| {
            let follower = phago_engine::Follower::open(directory(path), Some(layout(shards)))?;
            Ok(Follower(Home::new(Arc::new(Reader(FreedElsewhere::new(Mutex::new(follower)))))))
        })
    }

    /// Returns the current world; after a refresh it is another one.
    #[getter]
    fn world(&self, py: Python<'_>) -> Result<World> {
        let reader = self.0.get()?;
        let world = brief(py, || Ok(lock(&reader.0).world().clone()))?;
        Ok(World::over(Colony::new(world)))
    }

    fn refresh(&self) -> Result<Call> {
        let reader = self.0.get()?.clone();
        Ok(Call::new(move |_| lock(&reader.0).refresh()))
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
