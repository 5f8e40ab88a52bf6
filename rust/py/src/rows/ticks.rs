//! Rows of ticks and runs.

use super::row;
use crate::cross_edges::CrossEdges;
use phago_engine::tick::report::{PhaseReport, RunReport};

row! {
    /// What one shard did in one phase.
    PhaseRow from report, &PhaseReport {
        shard: u32 = report.shard.0,
        phase: &'static str = report.phase.name(),
        tick: u64 = report.tick,
        node_count: u64 = report.node_count,
        edge_count: u64 = report.edge_count,
        cross_edges: CrossEdges = CrossEdges::new(report.cross_edges.clone()),
    }
}

row! {
    /// What a run did.
    RunRow from run, RunReport {
        ticks: u64 = run.ticks,
        digested: u64 = run.digested,
        failed: u64 = run.failed,
        recovered: u64 = run.recovered,
        last_fault: Option<String> = run.last_fault.map(|error| error.to_string()),
    }
}
