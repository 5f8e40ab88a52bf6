//! Reads settings from Python, and returns them.

use crate::error::{Failure, Result};
use phago_core::Error;
use phago_core::config::{ColonyConfig, DistributedConfig, SHARDS_MAX};
use phago_core::query::Ranking;
use phago_core::settings::{Kind, Number, Settings, within};
use phago_engine::RunnerConfig;
use pyo3::exceptions::{PyKeyError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool, PyDict};

/// What is known of a setting before one is made.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct Setting {
    name: &'static str,
    kind: &'static str,
    default: Given,
    low: Given,
    high: Given,
    at_least: Option<&'static str>,
    choices: Vec<&'static str>,
}

/// The value of a setting, as Python has it.
#[derive(Clone, Copy, IntoPyObject)]
pub(crate) enum Given {
    Flag(bool),
    Int(u64),
    Real(f64),
    Word(&'static str),
}

impl From<Number> for Given {
    fn from(number: Number) -> Self {
        match number {
            Number::Flag(value) => Given::Flag(value),
            Number::Int(value) => Given::Int(value),
            Number::Real(value) => Given::Real(value),
            Number::Word(value) => Given::Word(value),
        }
    }
}

/// Returns every setting of a class of `phago.config`, in order.
#[pyfunction]
pub(crate) fn settings(name: &str) -> PyResult<Vec<Setting>> {
    let all = match name {
        "ColonyConfig" => ColonyConfig::all(),
        "DistributedConfig" => DistributedConfig::all(),
        "Ranking" => Ranking::all(),
        "RunnerConfig" => RunnerConfig::all(),
        _ => return Err(PyKeyError::new_err(format!("`{name}` is no class of settings"))),
    };
    let row = |setting: phago_core::settings::Setting| Setting {
        name: setting.name,
        kind: match setting.kind {
            Kind::U32 | Kind::U64 => "int",
            Kind::F64 => "float",
            Kind::Bool => "bool",
            Kind::Choice(_) => "choice",
        },
        choices: if let Kind::Choice(words) = setting.kind { words.to_vec() } else { Vec::new() },
        default: setting.default.into(),
        low: setting.low.into(),
        high: setting.high.into(),
        at_least: setting.at_least,
    };
    Ok(all.into_iter().map(row).collect())
}

/// Raises `ConfigError` for the first field that is not accepted.
#[pyfunction]
pub(crate) fn check_config(config: &Bound<'_, PyDict>) -> Result<()> {
    read::<ColonyConfig>(Some(config), "config").map(drop)
}

/// Returns the settings with which a colony was made.
pub(crate) fn settings_of<'py>(py: Python<'py>, config: &ColonyConfig) -> PyResult<Bound<'py, PyDict>> {
    config.values().into_iter().map(|(name, value)| (name, Given::from(value))).into_py_dict(py)
}

/// Returns how many shards and virtual nodes a ring has; without `virtual_nodes` the default. `name` is what the caller
/// knows the number of shards by.
pub(crate) fn layout<'py>(
    name: &str,
    shards: &Bound<'py, PyAny>,
    virtual_nodes: Option<&Bound<'py, PyAny>>,
) -> Result<DistributedConfig> {
    let num_shards = number(name, shards)?;
    within(name, num_shards, 1, SHARDS_MAX)?;
    let mut layout = DistributedConfig { num_shards, ..DistributedConfig::default() };
    if let Some(value) = virtual_nodes {
        layout.virtual_nodes_per_shard = number("virtual_nodes_per_shard", value)?;
    }
    layout.validate()?;
    Ok(layout)
}

/// Returns the checked settings of a dictionary; absent fields have their defaults.
pub(crate) fn read<S: Settings>(values: Option<&Bound<'_, PyDict>>, what: &str) -> Result<S> {
    let (mut settings, all) = (S::default(), S::all());
    for (name, value) in values.into_iter().flatten() {
        let name: String = name.extract()?;
        let Some(setting) = all.iter().find(|setting| setting.name == name) else {
            let accepted = all.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ");
            return Err(Error::Config { field: name, value: format!("no field of a {what}"), accepted }.into());
        };
        let value = match setting.kind {
            Kind::U32 => Number::Int(number::<u32>(&name, &value)?.into()),
            Kind::U64 => Number::Int(number(&name, &value)?),
            Kind::F64 => Number::Real(number(&name, &value)?),
            Kind::Bool => Number::Flag(value.extract()?),
            Kind::Choice(words) => Number::Word(word(&name, &value, words)?),
        };
        settings.set(&name, value)?;
    }
    settings.validate()?;
    Ok(settings)
}

/// Returns a setting of the wanted type, or [`Error::Config`] naming it.
pub(crate) fn number<'py, T: Wanted + for<'a> FromPyObject<'a, 'py>>(
    name: &str,
    value: &Bound<'py, PyAny>,
) -> Result<T> {
    // In Python, True is an int; here it is a mistake.
    if value.is_instance_of::<PyBool>() {
        return Err(wrong(name, value, T::WORDS.into()));
    }
    match value.extract::<T>() {
        Ok(number) => Ok(number),
        Err(error) => {
            let error: PyErr = error.into();
            let py = value.py();
            let kinds = [py.get_type::<PyTypeError>(), py.get_type::<PyValueError>(), py.get_type::<PyOverflowError>()];
            // Else it is no wrong number, but for example a Ctrl-C meanwhile.
            let is_wrong = kinds.iter().any(|kind| error.is_instance(py, kind));
            Err(if is_wrong { wrong(name, value, T::WORDS.into()) } else { error.into() })
        }
    }
}

// Returns the error for a value that is not accepted, or what the handler of a signal raised while it was formatted.
fn wrong(name: &str, value: &Bound<'_, PyAny>, accepted: String) -> Failure {
    match value.str() {
        Ok(text) => Error::Config { field: name.into(), value: text.to_string_lossy().into_owned(), accepted }.into(),
        Err(raised) => raised.into(),
    }
}

// Returns one of the words that a setting accepts, or [`Error::Config`] naming it.
fn word(name: &str, value: &Bound<'_, PyAny>, words: &[&'static str]) -> Result<&'static str> {
    let given = value.extract::<String>().ok();
    let found = words.iter().find(|word| given.as_deref() == Some(**word));
    found.copied().ok_or_else(|| wrong(name, value, words.join(" or ")))
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
