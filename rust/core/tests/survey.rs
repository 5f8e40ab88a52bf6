//! Surveys: what is planted is found, noise is not, and the bytes are those of one shard.

mod common;

use common::planted::{Corpus, ami, bridge_word, ingest};
use common::{Chance, colony};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::{DocumentId, NodeId};
use phago_core::membership::{ClusterId, Membership};
use phago_core::survey::adjacency::Adjacency;
use phago_core::survey::betweenness::betweenness;
use phago_core::survey::bridges::Holdings;
use phago_core::survey::clusters::Clusters;
use phago_core::survey::insights::Insights;
use phago_core::survey::lists::{Lists, ListsPart};
use phago_core::survey::pairs::{Pairs, Part};
use phago_core::survey::paths::shortest_path;
use phago_core::survey::significant::significant;
use phago_core::survey::structure::structure;
use phago_core::survey::weights::weights;
use std::collections::{BTreeMap, BTreeSet};

fn read(colony: &Colony) -> (Pairs, Lists) {
    let (view, cancel) = (colony.state().view(), Cancel::new());
    let pairs = Pairs::of(view, &cancel).unwrap();
    let lists = Lists::of(view, &pairs, &cancel).unwrap();
    (pairs, lists)
}

fn survey(colony: &Colony, last: &Membership) -> Insights {
    let (pairs, lists) = read(colony);
    Insights::of(&pairs, &lists, last, &Cancel::new()).unwrap()
}

/// The AMI of documents' clusters with their topics; documents in no cluster are one more group.
fn quality(insights: &Insights, texts: &[(u64, String)]) -> f64 {
    let placed: BTreeMap<DocumentId, ClusterId> = insights.placed.iter().copied().collect();
    let cluster = |number: usize| placed.get(&DocumentId::from_key(&number.to_string())).map_or(u64::MAX, |id| id.0);
    let found: Vec<u64> = (0..texts.len()).map(cluster).collect();
    ami(&texts.iter().map(|(topic, _)| *topic).collect::<Vec<_>>(), &found)
}

#[test]
fn the_measure_of_agreement_is_that_of_its_formula() {
    assert_eq!(ami(&[0, 0, 1, 1, 2, 2], &[5, 5, 9, 9, 7, 7]), 1.0);
    // As scikit-learn's adjusted_mutual_info_score says.
    assert!((ami(&[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 2, 2]) - 0.298_792_458_170_890_1).abs() < 1e-9);
    let mut chance = Chance(3);
    let mut labels = || (0..2000).map(|_| chance.below(20)).collect::<Vec<_>>();
    assert!(ami(&labels(), &labels()).abs() < 0.01);
}

#[test]
fn planted_topics_are_found() {
    for (topics, documents, other_words) in
        [(20, 500, 1000), (20, 2000, 1000), (50, 2000, 1000), (20, 4000, 3000), (50, 5000, 3000)]
    {
        let corpus = Corpus { other_words, ..Corpus::new(topics, topics, documents) };
        let mut colony = corpus.digested(1);
        let texts = corpus.texts();
        let insights = survey(&colony, &Membership::default());
        let ami = quality(&insights, &texts);
        println!("{topics} topics, {documents} documents: {} clusters, AMI {ami:.4}", insights.clusters.len());
        assert!(ami >= 0.95, "{topics} topics in {documents} documents: {ami}");
        assert_eq!(insights.clusters.len() as u64, topics);
        // What decayed is found as well: weights of pairs do not count, as long as the pairs live.
        (0..90).for_each(|_| drop(colony.tick().unwrap()));
        let ami = quality(&survey(&colony, &Membership::default()), &texts);
        println!("90 idle ticks later: AMI {ami:.4}");
        assert!(ami >= 0.95, "{topics} topics in {documents} documents, 90 idle ticks later: {ami}");
    }
}

#[test]
fn nothing_is_found_in_shuffled_text() {
    for seed in 0..10 {
        let topics = [10, 20, 50][seed as usize % 3];
        let corpus =
            Corpus { is_shuffled: true, bridges: 10, documents_of_a_bridge: 16, ..Corpus::new(seed, topics, 1500) };
        let colony = corpus.digested(1);
        let insights = survey(&colony, &Membership::default());
        assert_eq!((insights.clusters.len(), insights.bridges.len(), insights.placed.len()), (0, 0, 0), "seed {seed}");
        // There was something to be deceived by.
        let (pairs, _) = read(&colony);
        assert!(pairs.pairs.len() > 20_000);
        assert!(insights.modularity > 0.1);
    }
}

#[test]
fn planted_bridges_are_found_and_no_others() {
    let (mut runs, mut found) = (0, 0);
    for (topics, documents, of_a_bridge) in
        [(10, 1500, 16), (10, 2000, 16), (20, 1000, 8), (20, 2000, 8), (50, 2000, 8)]
    {
        for seed in 1..4 {
            let bridges = Corpus::new(seed, topics, documents);
            let corpus = Corpus { bridges: 10, documents_of_a_bridge: of_a_bridge, ..bridges };
            let colony = corpus.digested(1);
            let planted: BTreeSet<NodeId> = (0..10).map(|bridge| NodeId::concept(&bridge_word(bridge))).collect();
            let (pairs, lists) = read(&colony);
            let cancel = Cancel::new();
            let weights = weights(&pairs, &cancel).unwrap();
            let clusters = Clusters::of(&pairs, &weights, &Membership::default(), &cancel).unwrap();
            let candidates = Holdings::of(&lists, &clusters, &cancel).unwrap().candidates(&clusters, &cancel).unwrap();
            let first = candidates.iter().take(10).filter(|one| planted.contains(&pairs.id(one.place))).count();
            let insights = survey(&colony, &Membership::default());
            let accepted: BTreeSet<NodeId> = insights.bridges.iter().map(|bridge| bridge.concept).collect();
            let (good, bad) = (accepted.intersection(&planted).count(), accepted.difference(&planted).count());
            let what = format!("{topics} topics in {documents} documents, seed {seed}");
            println!("{what}: {first} of the first ten, accepted {good} of 10 and {bad} others");
            assert!(first >= 8 && good >= 9 && bad == 0, "{what}: {first}, {good}, {bad}");
            (runs, found) = (runs + 1, found + good);
            for bridge in &insights.bridges {
                let documents = |side: usize| bridge.sides[side].examples.len();
                assert_eq!((documents(0), documents(1)), (3, 3), "{what}");
                assert!(bridge.sides.iter().all(|side| side.strongest.len() == 4 && side.documents > 2.0));
                assert_ne!(bridge.sides[0].cluster, bridge.sides[1].cluster);
            }
        }
    }
    println!("{found} of {} bridges in {runs} corpora", 10 * runs);
    assert_eq!(runs, 15);
}

#[test]
fn clusters_are_found_again_after_more_documents() {
    let (mut again, mut all) = (0, 0);
    for (topics, documents) in [(20, 2000), (50, 4000)] {
        let corpus = Corpus::new(5, topics, documents);
        let texts = corpus.texts();
        let (most, more) = texts.split_at(documents * 20 / 21);
        let mut colony = colony(&ColonyConfig::default(), 1);
        ingest(&mut colony, most, 0);
        let before = survey(&colony, &Membership::default());
        ingest(&mut colony, more, most.len());
        let after = survey(&colony, &before.membership);
        // Found again: of the concepts that either has, both have half or more.
        let members = |insights: &Insights| {
            let mut members: BTreeMap<ClusterId, BTreeSet<NodeId>> = BTreeMap::new();
            for member in insights.membership.members() {
                members.entry(member.cluster).or_default().insert(member.concept);
            }
            members
        };
        let (old, new) = (members(&before), members(&after));
        let is_again = |(id, old): &(&ClusterId, &BTreeSet<NodeId>)| {
            new.get(id).is_some_and(|new| 2 * new.intersection(old).count() >= new.union(old).count())
        };
        again += old.iter().filter(is_again).count();
        all += old.len();
        let cold = survey(&colony, &Membership::default());
        println!("{topics} topics: {again} of {all}; modularity {:.4}, cold {:.4}", after.modularity, cold.modularity);
        assert!(after.modularity > cold.modularity - 0.01);
        assert!(quality(&after, &texts) >= 0.95);
    }
    assert!(all >= 70 && again * 100 >= all * 85, "{again} of {all}");
}

fn bytes(colony: &Colony, last: &Membership) -> Vec<Vec<u8>> {
    let (pairs, lists) = read(colony);
    let cancel = Cancel::new();
    let adjacency = Adjacency::of(&pairs, &cancel).unwrap();
    let found = structure(&adjacency, &cancel).unwrap();
    let significant = significant(&pairs, 200, &cancel).unwrap();
    let significant: Vec<(u32, u64)> = significant.iter().map(|one| (one.pair, one.g2.to_bits())).collect();
    let between = betweenness(&pairs, &adjacency, 10, 3, &cancel).unwrap();
    let between: Vec<u64> = between.into_iter().map(f64::to_bits).collect();
    let last_place = pairs.concepts.len() as u32 - 1;
    let path = shortest_path(&pairs, &adjacency, 0, last_place, &cancel).unwrap().unwrap();
    let insights = Insights::of(&pairs, &lists, last, &cancel).unwrap();
    // Term indices follow from what was ingested first, and are of no effect.
    let ids: Vec<(u128, u32)> = pairs.concepts.iter().map(|concept| (concept.id.0, concept.df)).collect();
    vec![
        postcard::to_stdvec(&(ids, &pairs.pairs)).unwrap(),
        postcard::to_stdvec(&lists).unwrap(),
        postcard::to_stdvec(&(found.components, found.bridges, found.articulation_points)).unwrap(),
        postcard::to_stdvec(&(significant, between)).unwrap(),
        postcard::to_stdvec(&(path.places, path.cost)).unwrap(),
        postcard::to_stdvec(&insights).unwrap(),
    ]
}

#[test]
fn the_same_bytes_on_any_number_of_shards() {
    let corpus = Corpus { bridges: 5, documents_of_a_bridge: 8, ..Corpus::new(2, 20, 600) };
    let texts = corpus.texts();
    let mut expected: Option<[Vec<Vec<u8>>; 2]> = None;
    for (round, shards) in [1, 2, 3, 7, 16].into_iter().enumerate() {
        phago_core::maps::set_seed(round as u64);
        let mut colony = colony(&ColonyConfig::default(), shards);
        let mut order: Vec<usize> = (0..500).collect();
        Chance(round as u64).shuffle(&mut order);
        for number in order {
            colony.ingest(Some(&number.to_string()), "", &texts[number].1).unwrap();
        }
        while !colony.state().is_quiet() {
            colony.tick().unwrap();
        }
        let before = survey(&colony, &Membership::default());
        assert!(before.clusters.len() >= 15 && !before.bridges.is_empty());
        let first = bytes(&colony, &Membership::default());
        ingest(&mut colony, &texts[500..], 500);
        assert!(colony.delete(DocumentId::from_key("17")).unwrap());
        (0..60).for_each(|_| drop(colony.tick().unwrap()));
        let found = [first, bytes(&colony, &before.membership)];
        let expected = expected.get_or_insert_with(|| found.clone());
        assert!(found == *expected, "{shards} shards");
    }
}

#[test]
fn parts_of_nodes_are_joined_to_what_one_process_reads() {
    let colony = Corpus::new(2, 10, 200).digested(5);
    let (pairs, lists) = read(&colony);
    let view = colony.state().view();
    // Each part crosses as bytes, and they come in any order.
    let mut parts: Vec<Part> = view
        .locals()
        .map(|local| postcard::from_bytes(&postcard::to_stdvec(&Part::of(local).unwrap()).unwrap()).unwrap())
        .collect();
    let mut of_lists: Vec<ListsPart> = view
        .locals()
        .map(|local| postcard::from_bytes(&postcard::to_stdvec(&ListsPart::of(local).unwrap()).unwrap()).unwrap())
        .collect();
    parts.rotate_left(2);
    of_lists.rotate_left(3);
    let joined = Pairs::join(pairs.tick, pairs.documents, &parts, &Cancel::new()).unwrap();
    assert_eq!(joined, pairs);
    assert_eq!(Lists::join(&of_lists, &joined, &Cancel::new()).unwrap(), lists);
    assert_eq!((lists.len(), pairs.documents), (200, 200));
}

#[test]
fn pairs_are_the_synapses_of_the_rows() {
    let mut colony = Corpus::new(4, 10, 300).digested(3);
    (0..120).for_each(|_| drop(colony.tick().unwrap()));
    let (pairs, _) = read(&colony);
    let state = colony.state();
    let mut expected: BTreeMap<(u128, u128), (u32, f64)> = BTreeMap::new();
    for term in state.nodes() {
        for synapse in state.row(term) {
            let [one, other] = [term, synapse.target].map(|term| state.commons().id(term));
            let pair = expected.entry((one.min(other), one.max(other))).or_default();
            *pair = (pair.0.max(synapse.co_activations), pair.1.max(state.weight(term, &synapse)));
        }
    }
    assert!(expected.len() > 1000 && expected.len() as u64 > state.edge_count() / 2);
    let found = pairs.pairs.iter().map(|pair| {
        let ends = (pairs.id(pair.one).0, pairs.id(pair.other).0);
        (ends, pair.co, f64::from(pair.weight) / f64::from(1 << 24))
    });
    assert_eq!(pairs.pairs.len(), expected.len());
    for ((ends, co, weight), (expected, (known, heavier))) in found.zip(expected) {
        assert_eq!((ends, co), (expected, known));
        assert!((weight - heavier).abs() < 1e-7);
    }
}

#[test]
fn every_step_answers_a_cancel() {
    let colony = Corpus::new(4, 20, 500).digested(2);
    let (pairs, lists) = read(&colony);
    let adjacency = Adjacency::of(&pairs, &Cancel::new()).unwrap();
    let view = colony.state().view();
    type Step<'a> = &'a dyn Fn(&Cancel) -> phago_core::Result<()>;
    let steps: [(&str, u64, Step<'_>); 6] = [
        ("pairs", 20, &|cancel| Pairs::of(view, cancel).map(drop)),
        ("lists", 20, &|cancel| Lists::of(view, &pairs, cancel).map(drop)),
        ("insights", 40, &|cancel| Insights::of(&pairs, &lists, &Membership::default(), cancel).map(drop)),
        ("structure", 3, &|cancel| structure(&adjacency, cancel).map(drop)),
        ("significant", 3, &|cancel| significant(&pairs, 5, cancel).map(drop)),
        ("betweenness", 40, &|cancel| betweenness(&pairs, &adjacency, 50, 0, cancel).map(drop)),
    ];
    for (what, polls, step) in steps {
        for poll in 1..=polls {
            assert!(matches!(step(&Cancel::at_poll(poll)), Err(Error::Cancelled)), "{what}, poll {poll}");
        }
        step(&Cancel::at_poll(1 << 40)).unwrap();
    }
}
