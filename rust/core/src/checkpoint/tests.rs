//! Columns that are well-formed each, and that no colony wrote together.

use super::columns::{Graph, Lists, Progress, Section};
use super::{Share, read, write};
use crate::colony::Colony;
use crate::config::ColonyConfig;
use crate::documents::Body;
use crate::ids::DocumentId;
use crate::input::Input;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::convert::Infallible;

type Sections = BTreeMap<Section, Vec<u8>>;

fn config() -> ColonyConfig {
    ColonyConfig { max_edge_degree: 4, documents_per_tick: 5, maturation_ticks: 0, ..ColonyConfig::default() }
}

// A colony with digested, waiting and deleted documents, and living digesters.
fn stored() -> Sections {
    let mut colony = Colony::new(config(), Ring::new(2, 20)).unwrap();
    let words = ["ion", "cell", "pump", "salt", "membrane", "water"];
    let body = |number: usize| Body {
        key: Some(format!("{number}").into()),
        text: (0..4).map(|at| words[(number + at * (1 + number % 2)) % 6]).collect::<Vec<_>>().join(" ").into(),
        ..Body::default()
    };
    colony.apply(Input::Ingest((0..12).map(body).collect())).unwrap();
    colony.tick().unwrap();
    colony.tick().unwrap();
    assert!(colony.delete(DocumentId::from_key("1")));
    let mut sections = Sections::new();
    let put = |section, bytes: Vec<u8>| {
        sections.insert(section, bytes);
        Ok::<(), Infallible>(())
    };
    write(colony.state(), put).unwrap();
    sections
}

fn restored(sections: &Sections) -> Result<Replica> {
    read(config(), Ring::new(3, 20), Share::Whole, |section| Ok(sections[&section].clone()))
}

fn forged<C: DeserializeOwned + Serialize>(section: Section, forge: impl FnOnce(&mut C)) -> Result<Replica> {
    let mut sections = stored();
    let mut columns: C = postcard::from_bytes(&sections[&section]).unwrap();
    forge(&mut columns);
    sections.insert(section, postcard::to_allocvec(&columns).unwrap());
    restored(&sections)
}

#[track_caller]
fn refused(found: Result<Replica>, column: &str) {
    match found {
        Err(Error::Wire { what: "checkpoint", reason }) => assert!(reason.contains(column), "{reason}"),
        other => panic!("{column}: {:?}", other.map(|_| ())),
    }
}

// Changes the lists of a column.
fn relisted(lists: &mut Lists, change: impl FnOnce(&mut Vec<Vec<u32>>)) {
    let mut all: Vec<Vec<u32>> = lists.read().unwrap().into_iter().map(Vec::from).collect();
    change(&mut all);
    *lists = Lists::default();
    all.into_iter().for_each(|list| lists.push(list.into_iter()));
}

#[test]
fn a_graph_that_is_not_that_of_the_documents_is_refused() {
    let graph = |forge: fn(&mut Graph)| forged(Section::Graph, forge);
    assert!(graph(|_| ()).is_ok(), "unchanged it is one");
    refused(graph(|graph| graph.wirings[0] += 1), "wirings");
    refused(graph(|graph| graph.wirings[1] -= 1), "wirings");
    refused(graph(|graph| graph.wirings[2] = u32::MAX), "wirings");
    refused(graph(|graph| graph.co_activations[0] = u32::MAX), "co_activations");
    refused(graph(|graph| graph.co_activations[3] += 40), "co_activations");
    refused(graph(|graph| graph.co_activations[0] = 0), "co_activations");
    refused(graph(|graph| graph.weights[0] = u32::MAX), "weights");
    // It weighed too little for its age, and is gone.
    refused(graph(|graph| graph.weights[0] = 0), "weights");
    refused(graph(|graph| graph.since[0] = 1000), "before the first tick");
    let own = |graph: &mut Graph| {
        let term = graph.terms[0];
        relisted(&mut graph.targets, |rows| {
            rows[0][0] = term;
            rows[0].sort_unstable();
        });
    };
    refused(graph(own), "targets");
    refused(graph(|graph| relisted(&mut graph.targets, |rows| rows[0].swap(0, 1))), "targets");
    let one_less = |graph: &mut Graph| {
        let synapses = graph.targets.read().unwrap().last().unwrap().len();
        relisted(&mut graph.targets, |rows| drop(rows.pop()));
        for column in [&mut graph.weights, &mut graph.since, &mut graph.ages, &mut graph.co_activations] {
            column.truncate(column.len() - synapses);
        }
        let _ = (graph.terms.pop(), graph.wirings.pop(), graph.uses.pop());
    };
    refused(graph(one_less), "terms");
}

#[test]
fn progress_that_was_not_is_refused() {
    let progress = |forge: fn(&mut Progress)| forged(Section::Progress, forge);
    assert!(progress(|_| ()).is_ok(), "unchanged it is one");
    refused(progress(|progress| progress.arrivals[0] = 9), "arrivals");
    refused(progress(|progress| progress.arrivals[0] = 0), "arrivals");
    refused(progress(|progress| progress.arrivals[0] = 3), "digested");
    refused(progress(|progress| progress.digested[0] = 9), "digested");
    refused(progress(|progress| progress.digesters[0].0 = 9), "digesters");
    refused(progress(|progress| progress.digesters[0].4 = 3), "digesters");
    refused(progress(|progress| progress.digesters.extend_from_within(..1)), "digesters");
    refused(progress(|progress| progress.unwiring_ticks[0] = 9), "unwiring_ticks");
    refused(progress(|progress| relisted(&mut progress.unwiring, |lists| lists[0].swap(0, 1))), "unwiring");
    refused(progress(|progress| relisted(&mut progress.unwiring, |lists| _ = lists[0].pop())), "wirings");
    refused(progress(|progress| relisted(&mut progress.concepts, |lists| lists[0].swap(0, 1))), "concepts");
    refused(progress(|progress| relisted(&mut progress.concepts, |lists| _ = lists[0].pop())), "wirings");
}

#[test]
fn counts_that_fit_together_and_were_never_are_an_error_of_the_tick_that_meets_them() {
    // Every synapse says that all documents of its rarer end wired it, which no column denies by itself.
    let state = forged(Section::Graph, |graph: &mut Graph| {
        let wirings: BTreeMap<u32, u32> = graph.terms.iter().copied().zip(graph.wirings.iter().copied()).collect();
        let rows = graph.targets.read().unwrap();
        let ends = graph.terms.iter().zip(&rows).flat_map(|(term, row)| row.iter().map(move |target| (term, target)));
        let least = |(term, target): (&u32, &u32)| wirings[term].min(wirings[target]);
        graph.co_activations = ends.map(least).collect();
    });
    let mut colony = Colony::of(state.expect("it is read"));
    for number in 0..12 {
        colony.delete(DocumentId::from_key(&format!("{number}")));
    }
    let before = colony.digest();
    refused(colony.tick().map(|_| unreachable!("a document less than the synapse has")), "co_activations");
    assert_eq!(colony.digest(), before);
}
