//! The classes of the native module, each of which is made when it is first asked for or has its first object: most
//! programs see few of them, and to make all takes as long as to load the module.

use crate::backend::{Node, Stop};
use crate::batch::Batch;
use crate::call::Call;
use crate::column::Column;
use crate::config::Setting;
use crate::coordinator::Coordinator;
use crate::cross_edges::CrossEdges;
use crate::document::StoredRow;
use crate::kept::{Follower, Kept, VerifiedRow};
use crate::life::{AgentView, Census, Living};
use crate::ring::Ring;
use crate::rows::answers::{BridgeRow, ConceptShareRow, ContextRow, ExplainedRow, PathRow, WordRow};
use crate::rows::documents::{IngestedRow, RejectedRow, UpdatedRow};
use crate::rows::graph::{AssociatedRow, CrossEdgeRow, EdgeRow, NeighborRow, NodeRow, RankedRow};
use crate::rows::life::{AlarmRow, AnomalyRow, DiffRow, EventRow, FadingRow, KindRow, PopulationRow};
use crate::rows::shards::{GhostRow, HealthRow, LocalAnswerRow, LocalConceptRow, ShardRow};
use crate::rows::surveys::{
    ClusterBridgeRow, ClusterRow, InsightsRow, ShortestPathRow, SideRow, SignificantRow, StructureRow,
};
use crate::rows::ticks::{PhaseRow, RunRow};
use crate::runner::Runner;
use crate::shard::ShardHandle;
use crate::tables::{EdgeTable, NodeTable};
use crate::tick_result::TickResult;
use crate::world::World;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyType;

macro_rules! classes {
    ($($class:ident,)*) => {
        const NAMES: &[&str] = &[$(stringify!($class)),*];

        fn of_name<'py>(py: Python<'py>, name: &str) -> Option<Bound<'py, PyType>> {
            $(if name == stringify!($class) {
                return Some(py.get_type::<$class>());
            })*
            None
        }
    };
}

classes! {
    AgentView,
    AlarmRow,
    AnomalyRow,
    AssociatedRow,
    Batch,
    BridgeRow,
    Call,
    Census,
    ClusterBridgeRow,
    ClusterRow,
    Column,
    ConceptShareRow,
    ContextRow,
    Coordinator,
    CrossEdgeRow,
    CrossEdges,
    DiffRow,
    EdgeRow,
    EdgeTable,
    EventRow,
    ExplainedRow,
    FadingRow,
    Follower,
    GhostRow,
    HealthRow,
    IngestedRow,
    InsightsRow,
    Kept,
    KindRow,
    Living,
    LocalAnswerRow,
    LocalConceptRow,
    NeighborRow,
    Node,
    NodeRow,
    NodeTable,
    PathRow,
    PhaseRow,
    PopulationRow,
    RankedRow,
    RejectedRow,
    Ring,
    Runner,
    RunRow,
    Setting,
    ShardHandle,
    ShardRow,
    ShortestPathRow,
    SideRow,
    SignificantRow,
    Stop,
    StoredRow,
    StructureRow,
    TickResult,
    UpdatedRow,
    VerifiedRow,
    WordRow,
    World,
}

/// Lets a module have all classes.
pub(crate) fn name(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let all = module.index()?;
    NAMES.iter().try_for_each(|name| all.append(*name))?;
    // Not one of the names that the module exports.
    module.setattr("__getattr__", wrap_pyfunction!(class, module)?)
}

/// Returns a class of the module, which Python asks for when the module does not have it yet.
#[pyfunction(name = "__getattr__", pass_module)]
fn class<'py>(module: &Bound<'py, PyModule>, name: &str) -> PyResult<Bound<'py, PyType>> {
    let Some(class) = of_name(module.py(), name) else {
        return Err(PyAttributeError::new_err(format!("module '{}' has no attribute '{name}'", module.name()?)));
    };
    module.setattr(name, &class)?;
    Ok(class)
}
