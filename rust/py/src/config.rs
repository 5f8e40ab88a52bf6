//! Configs as dictionaries of Python.

use crate::error::Result;
use phago_core::Error;
use phago_core::config::ColonyConfig;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

macro_rules! fields {
    ($($name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// A checked config of a dictionary; absent fields have their defaults.
        pub(crate) fn colony(values: &Bound<'_, PyDict>) -> Result<ColonyConfig> {
            let mut config = ColonyConfig::default();
            for (name, value) in values {
                let name = name.to_string();
                match name.as_str() {
                    $(stringify!($name) => config.$name = number(&name, &value)?,)*
                    _ => return Err(unknown(name).into()),
                }
            }
            config.validate()?;
            Ok(config)
        }

        /// A config as a dictionary.
        pub(crate) fn dictionary<'py>(py: Python<'py>, config: &ColonyConfig) -> PyResult<Bound<'py, PyDict>> {
            let dictionary = PyDict::new(py);
            $(dictionary.set_item(stringify!($name), config.$name)?;)*
            Ok(dictionary)
        }
    };
}

fields!(
    seed,
    signal_decay_rate,
    signal_removal_threshold,
    trace_decay_rate,
    trace_removal_threshold,
    edge_decay_rate,
    edge_prune_threshold,
    staleness_factor,
    maturation_ticks,
    reinforcement_gain,
    max_edge_degree,
    concepts_per_document,
    documents_per_tick,
    bytes_per_tick,
    documents_per_digester,
    ghosts_max,
);

/// A setting of the wanted type, or [`Error::Config`] naming it.
pub(crate) fn number<'py, T: Wanted + for<'a> FromPyObject<'a, 'py>>(
    name: &str,
    value: &Bound<'py, PyAny>,
) -> Result<T, Error> {
    let wrong = || Error::Config { field: name.into(), value: value.to_string(), accepted: T::WORDS.into() };
    // True is an int to Python, and a slip to everybody else.
    if value.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    value.extract().map_err(|_| wrong())
}

fn unknown(field: String) -> Error {
    Error::Config { field, value: "no field of a config".into(), accepted: NAMES.join(", ") }
}

pub(crate) trait Wanted {
    const WORDS: &'static str;
}

impl Wanted for f64 {
    const WORDS: &'static str = "a number";
}

impl Wanted for u32 {
    const WORDS: &'static str = "an int from 0 to 2**32 - 1";
}

impl Wanted for u64 {
    const WORDS: &'static str = "an int from 0 to 2**64 - 1";
}
