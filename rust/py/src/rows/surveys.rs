//! Rows of surveys: structure, clusters and bridges.

use super::{row, rows};
use phago_core::survey::identity::Origin;
use phago_core::survey::insights::{Bridge, BridgeSide, Cluster, Insights};
use phago_core::survey::paths::{ONE, Path};
use phago_core::survey::significant::Significant;
use phago_core::survey::structure::Structure;
use phago_engine::surveys::{Found, Surveyed};

row! {
    /// What hangs together, by labels.
    StructureRow from (graph, structure), (Surveyed, Structure) {
        tick: u64 = graph.pairs.tick,
        components: Vec<Vec<String>> =
            graph.groups(&structure.components).into_iter().map(|group| graph.labels(group)).collect(),
        bridges: Vec<(String, String)> = structure.bridges.iter().map(|pair| {
            let pair = &graph.pairs.pairs[*pair as usize];
            (graph.label(pair.one).to_owned(), graph.label(pair.other).to_owned())
        }).collect(),
        articulation_points: Vec<String> = graph.labels(structure.articulation_points.iter().copied()),
    }
}

row! {
    /// A shortest path.
    ShortestPathRow from (graph, path), (Surveyed, Path) {
        labels: Vec<String> = graph.labels(path.places.iter().copied()),
        cost: f64 = path.cost as f64 / ONE as f64,
    }
}

row! {
    /// A pair of concepts, and how far it is from chance.
    SignificantRow from (graph, found), (&Surveyed, Significant) {
        one: String = graph.label(graph.pairs.pairs[found.pair as usize].one).to_owned(),
        other: String = graph.label(graph.pairs.pairs[found.pair as usize].other).to_owned(),
        co: u32 = graph.pairs.pairs[found.pair as usize].co,
        weight: f64 = f64::from(graph.pairs.pairs[found.pair as usize].weight) / ONE as f64,
        g2: f64 = found.g2,
    }
}

row! {
    /// A cluster with its evidence.
    #[derive(Clone)]
    ClusterRow from (found, cluster), (&Found<Insights>, &Cluster) {
        members: Vec<String> = {
            let members = found.what.membership.members().iter();
            let own = members.filter(|member| member.cluster == cluster.identity.id);
            own.map(|member| found.label(member.concept)).collect()
        },
        strongest: Vec<String> = cluster.strongest.iter().map(|(concept, _)| found.label(*concept)).collect(),
        documents: u64 = cluster.documents,
        examples: Vec<String> = cluster.examples.iter().map(|(document, _)| found.name(*document)).collect(),
        pairs: u32 = cluster.support.pairs,
        id: u64 = cluster.identity.id.0,
        since: u64 = cluster.identity.since,
        change: &'static str = match cluster.identity.origin {
            Origin::New => "new",
            Origin::Split(_) => "split",
            Origin::Known if !cluster.identity.merged.is_empty() => "merged",
            Origin::Known => match (cluster.identity.joined, cluster.identity.left) {
                (0, 0) => "same",
                (joined, left) if joined >= left => "grown",
                _ => "shrunk",
            },
        },
        split_from: Option<u64> = if let Origin::Split(from) = cluster.identity.origin { Some(from.0) } else { None },
        merged: Vec<u64> = cluster.identity.merged.iter().map(|id| id.0).collect(),
        joined: u32 = cluster.identity.joined,
        left: u32 = cluster.identity.left,
    }
}

row! {
    /// One side of a bridge.
    #[derive(Clone)]
    SideRow from (found, side), (&Found<Insights>, &BridgeSide) {
        cluster: usize = {
            let mut clusters = found.what.clusters.iter();
            clusters.position(|cluster| cluster.identity.id == side.cluster).expect("a side is a cluster")
        },
        documents: f64 = side.documents,
        g2: f64 = side.g2,
        strongest: Vec<String> = side.strongest.iter().map(|concept| found.label(*concept)).collect(),
        examples: Vec<String> = side.examples.iter().map(|document| found.name(*document)).collect(),
    }
}

row! {
    /// A concept that joins two clusters, with its evidence.
    #[derive(Clone)]
    ClusterBridgeRow from (found, bridge), (&Found<Insights>, &Bridge) {
        label: String = found.label(bridge.concept),
        sides: Vec<SideRow> = rows(bridge.sides.iter().map(|side| (found, side))),
        mentions: u32 = bridge.df,
        cover: f64 = bridge.cover,
        score: f64 = bridge.score,
    }
}

row! {
    /// What a survey finds out.
    InsightsRow from found, Found<Insights> {
        tick: u64 = found.what.tick,
        documents: u64 = found.what.documents,
        modularity: f64 = found.what.modularity,
        clusters: Vec<ClusterRow> = rows(found.what.clusters.iter().map(|cluster| (&found, cluster))),
        gone: Vec<(u64, Option<u64>)> = found.what.gone.iter().map(|gone| (gone.id.0, gone.into.map(|id| id.0))).collect(),
        bridges: Vec<ClusterBridgeRow> = rows(found.what.bridges.iter().map(|bridge| (&found, bridge))),
    }
}
