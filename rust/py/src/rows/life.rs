//! Rows of what a colony has beside its documents: events, anomalies and agents.

use super::{row, rows};
use phago_core::life::{Cells, Kind, Type};
use phago_core::sentinel::{self, Alarm, Anomaly};
use phago_engine::changes::{Difference, FadingSynapse};
use phago_engine::events::{Told, What};
use phago_engine::surveys::Found;
use pyo3::prelude::*;

row! {
    /// An event.
    EventRow from told, Told {
        number: u64 = told.event.number,
        tick: u64 = told.event.tick,
        what: &'static str = told.event.what.name(),
        kind: Option<String> = told.event.what.agent().map(|agent| agent.kind.name().to_owned()),
        agent: Option<String> = told.event.what.agent().map(|agent| format!("{:032x}", agent.id.key())),
        document: Option<String> = told.document,
        concept: Option<String> = told.concept,
        count: Option<u64> = match told.event.what {
            What::Wired(count) | What::Faded(count) | What::Transferred(count) | What::Dissolved(_, count) => Some(count),
            _ => None,
        },
        text: Option<String> = match told.event.what {
            What::Insight(text) | What::Anomaly(text) => Some(text.into()),
            _ => None,
        },
    }
}

row! {
    /// A departure from normal.
    #[derive(Clone)]
    AlarmRow from (found, alarm), (&Found<Vec<Anomaly>>, &Alarm) {
        what: &'static str = match alarm.kind {
            sentinel::Kind::New(_) => "new",
            sentinel::Kind::Rising(_) => "rising",
            sentinel::Kind::Pair(_) => "pair",
            sentinel::Kind::Vocabulary => "vocabulary",
            sentinel::Kind::Fading(_) => "fading",
        },
        concepts: Vec<String> = alarm.kind.concepts().map(|concept| found.label(concept)).collect(),
        tick: u64 = alarm.tick,
        since: u64 = alarm.since,
        count: u64 = alarm.counts.count,
        expected: f64 = alarm.counts.expected(),
        strength: f64 = alarm.counts.strength(),
    }
}

row! {
    /// Departures of the same documents.
    AnomalyRow from (found, anomaly), (&Found<Vec<Anomaly>>, &Anomaly) {
        tick: u64 = anomaly.tick,
        since: u64 = anomaly.since,
        alarms: Vec<AlarmRow> = rows(anomaly.alarms.iter().map(|alarm| (found, alarm))),
        documents: u64 = anomaly.documents,
        examples: Vec<String> = anomaly.evidence.iter().map(|document| found.name(*document)).collect(),
    }
}

row! {
    /// A synapse that fades.
    FadingRow from fading, FadingSynapse {
        source: String = fading.source,
        target: String = fading.target,
        weight: f64 = fading.weight,
        gone: u64 = fading.gone,
    }
}

row! {
    /// What changed between two ticks.
    DiffRow from found, Difference {
        since: u64 = found.since,
        until: u64 = found.until,
        documents: Vec<String> = found.documents,
        digested: u64 = found.digested,
        concepts: Vec<String> = found.concepts,
        new_concepts: u64 = found.new_concepts,
        made: u64 = found.made,
        repeated: u64 = found.repeated,
        rested: u64 = found.rested,
    }
}

row! {
    /// A kind of agents.
    KindRow from (name, kind), (&str, &Kind) {
        name: String = name.to_owned(),
        count: usize = kind.ids().len(),
        columns: Vec<(String, &'static str)> =
            kind.columns().iter().map(|(name, of)| (name.to_string(), type_name(*of))).collect(),
    }
}

/// The agents of a kind, by column.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct PopulationRow {
    pub(crate) tick: u64,
    pub(crate) ids: Vec<String>,
    pub(crate) births: Vec<u64>,
    pub(crate) names: Vec<String>,
    pub(crate) cells: Vec<Py<PyAny>>,
}

fn type_name(of: Type) -> &'static str {
    match of {
        Type::Int => "int",
        Type::Real => "float",
        Type::Flag => "bool",
        Type::Concept => "concept",
    }
}

/// Returns a column as a list; concepts by their ids, and None for none.
pub(crate) fn cells_of(py: Python<'_>, cells: &Cells) -> PyResult<Py<PyAny>> {
    let list = match cells {
        Cells::Int(cells) => cells.into_pyobject(py)?,
        Cells::Real(cells) => cells.into_pyobject(py)?,
        Cells::Flag(cells) => cells.into_pyobject(py)?,
        Cells::Concept(cells) => {
            let ids: Vec<Option<String>> = cells.iter().map(|id| (*id != 0).then(|| format!("{id:032x}"))).collect();
            ids.into_pyobject(py)?
        }
    };
    Ok(list.into_any().unbind())
}
