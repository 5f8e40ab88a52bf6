//! The colony against a naive one: dictionaries, one loop, every synapse looked at in every tick.

mod common;

use common::{Chance, colony, documents};
use phago_core::colony::Colony;
use phago_core::commons::idf;
use phago_core::config::ColonyConfig;
use phago_core::ids::{DocumentId, NodeId};
use phago_core::text::{Lexicon, Session};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
struct Edge {
    weight: u32,
    last: u64,
    created: u64,
    co: u64,
}

// The tick that digested a document, and its concepts.
type Wiring = (u64, Vec<u128>);

// Concepts with the words that led to each.
type Path = Vec<(String, Vec<String>)>;

/// What a tick, a delete and a reinforcement do, as plainly as it can be written.
struct Naive {
    config: ColonyConfig,
    session: Session,
    lexicon: Arc<Lexicon>,
    tick: u64,
    df: BTreeMap<u128, u64>,
    documents: u64,
    backlog: BTreeMap<(u64, u128), (BTreeMap<u128, u64>, u64)>,
    // By document: its terms, and what it wired once it is digested.
    known: BTreeMap<u128, (BTreeMap<u128, u64>, Option<Wiring>)>,
    unwiring: Vec<Wiring>,
    // By document, since the last tick.
    reinforcing: Vec<(u128, Path)>,
    uses: BTreeMap<u128, u64>,
    edges: BTreeMap<(u128, u128), Edge>,
}

impl Naive {
    fn new(config: &ColonyConfig) -> Self {
        let lexicon = Arc::new(Lexicon::new());
        Naive {
            config: config.clone(),
            session: Session::new(lexicon.clone()),
            lexicon,
            tick: 0,
            df: BTreeMap::new(),
            documents: 0,
            backlog: BTreeMap::new(),
            known: BTreeMap::new(),
            unwiring: Vec::new(),
            reinforcing: Vec::new(),
            uses: BTreeMap::new(),
            edges: BTreeMap::new(),
        }
    }

    fn ingest(&mut self, key: &str, text: &str) {
        let analysis = self.session.analyse("", text);
        let id = |term: u32| NodeId::concept(&self.lexicon.stem(term)).0;
        let terms: BTreeMap<u128, u64> = analysis.terms().iter().map(|&(t, n)| (id(t), n.into())).collect();
        for id in terms.keys() {
            *self.df.entry(*id).or_default() += 1;
        }
        self.documents += 1;
        let id = DocumentId::from_key(key).0;
        self.known.insert(id, (terms.clone(), None));
        self.backlog.insert((self.tick + 1, id), (terms, text.len() as u64));
    }

    fn delete(&mut self, key: &str) {
        let id = DocumentId::from_key(key).0;
        let (terms, digested) = self.known.remove(&id).unwrap();
        self.documents -= 1;
        for term in terms.keys() {
            *self.df.get_mut(term).unwrap() -= 1;
        }
        self.backlog.retain(|(_, waiting), _| *waiting != id);
        self.reinforcing.retain(|(document, _)| *document != id);
        self.unwiring.extend(digested);
    }

    // A node is what some document that stands, or is not unwired yet, has wired.
    fn nodes(&self) -> BTreeSet<u128> {
        let standing = self.known.values().filter_map(|(_, digested)| digested.as_ref());
        standing.chain(&self.unwiring).flat_map(|(_, concepts)| concepts.clone()).collect()
    }

    fn weight(&self, edge: &Edge, now: u64) -> f64 {
        let (rate, mature) = (self.config.edge_decay_rate, edge.created + u64::from(self.config.maturation_ticks));
        let s = (now - edge.last) as f64;
        let m = edge.last.max(mature);
        let f = self.config.staleness_factor / (1.0 + 0.5 * edge.co as f64);
        let gap = (m - edge.last) as f64;
        let h = if now > m { rate * (s + f * (s * s - gap * gap) / 200.0) } else { rate * s };
        f64::from(edge.weight) / 16_777_216.0 * libm::exp(-h)
    }

    // What was deleted takes its share of each synapse that it wired and that is not younger.
    fn call_back(&mut self) {
        let unwiring = std::mem::take(&mut self.unwiring);
        for ((a, b), edge) in &mut self.edges {
            let wired_it =
                |(tick, concepts): &&Wiring| *tick >= edge.created && concepts.contains(a) && concepts.contains(b);
            let n = unwiring.iter().filter(wired_it).count() as u64;
            edge.weight = (u64::from(edge.weight) * (edge.co - n) / edge.co) as u32;
            edge.co -= n;
        }
        self.edges.retain(|_, edge| edge.co > 0);
    }

    fn reinforce(&mut self, key: &str, path: &Path) {
        self.reinforcing.push((DocumentId::from_key(key).0, path.clone()));
    }

    // A use for each concept of a path; a gain, in both directions, for what stands between a word and where it led.
    fn strengthen(&mut self, now: u64) {
        let gain = (self.config.reinforcement_gain * 16_777_216.0 + 0.5) as u64;
        let nodes = self.nodes();
        for (_, path) in std::mem::take(&mut self.reinforcing) {
            let (mut used, mut pairs) = (BTreeSet::new(), BTreeSet::new());
            for (label, words) in &path {
                let mut id = |word: &str| NodeId::concept(&self.session.query(word)[0].stem).0;
                let concept = id(label);
                used.insert(concept);
                for word in words {
                    let word = id(word);
                    used.insert(word);
                    pairs.extend([(word, concept), (concept, word)]);
                }
            }
            for node in used.intersection(&nodes) {
                *self.uses.entry(*node).or_default() += 1;
            }
            for pair in pairs {
                let Some(edge) = self.edges.get(&pair) else { continue };
                let weight = (self.weight(edge, now) * 16_777_216.0 + 0.5) as u64 + gain;
                let edge = Edge { weight: weight.min(1 << 24) as u32, last: now, ..edge.clone() };
                self.edges.insert(pair, edge);
            }
        }
    }

    fn forget(&mut self, now: u64) {
        let (mature, threshold) = (u64::from(self.config.maturation_ticks), self.config.edge_prune_threshold);
        let edges = std::mem::take(&mut self.edges);
        let lives = |e: &Edge| now < e.created + mature || self.weight(e, now) >= threshold;
        self.edges = edges.into_iter().filter(|(_, e)| lives(e)).collect();
    }

    fn tick(&mut self) {
        self.tick += 1;
        let (now, config) = (self.tick, self.config.clone());
        let (mut granted, mut bytes) = (Vec::new(), 0);
        while let Some(entry) = self.backlog.first_entry() {
            bytes += entry.get().1;
            let full = granted.len() as u64 >= config.documents_per_tick.into() || bytes > config.bytes_per_tick;
            if full && !granted.is_empty() {
                break;
            }
            granted.push((entry.key().1, entry.remove().0));
        }
        self.forget(now);
        self.call_back();
        self.forget(now);
        // A node that has left is forgotten, also where one of its name comes in this very tick.
        let nodes = self.nodes();
        self.uses.retain(|node, _| nodes.contains(node));
        let mut met: BTreeMap<(u128, u128), u64> = BTreeMap::new();
        for (id, terms) in granted {
            let mut ranked: Vec<(f64, u128)> = terms
                .iter()
                .map(|(id, &tf)| {
                    let weight = 1.0 + libm::log(tf as f64);
                    (weight * idf(self.documents, self.df[id] as u32), *id)
                })
                .collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            ranked.truncate(config.concepts_per_document as usize);
            let concepts = ranked.iter().map(|(_, id)| *id).collect();
            self.known.get_mut(&id).unwrap().1 = Some((now, concepts));
            for (_, a) in &ranked {
                for (_, b) in ranked.iter().filter(|(_, b)| a != b) {
                    *met.entry((*a, *b)).or_default() += 1;
                }
            }
        }
        for (pair, n) in &met {
            let now_weight = self.edges.get(pair).map(|edge| (self.weight(edge, now) * 16_777_216.0 + 0.5) as u64);
            let weight = (now_weight.unwrap_or(0) + n * 1_677_722).min(1 << 24) as u32;
            let old = self.edges.get(pair);
            let (created, co) = old.map_or((now, 0), |edge| (edge.created, edge.co));
            self.edges.insert(*pair, Edge { weight, last: now, created, co: co + n });
        }
        self.strengthen(now);
        // Without a time to mature, one may be under the threshold from its first moment.
        self.forget(now);
        for node in self.nodes() {
            let row = self.edges.range((node, 0)..=(node, u128::MAX));
            let mut row: Vec<_> =
                row.map(|(pair, e)| (self.weight(e, now), self.df[&pair.1], e.co, e.last, pair.1)).collect();
            row.sort_by(|a, b| {
                b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(b.2.cmp(&a.2)).then(b.3.cmp(&a.3)).then(a.4.cmp(&b.4))
            });
            for dropped in row.iter().skip(config.max_edge_degree as usize) {
                self.edges.remove(&(node, dropped.4));
            }
        }
    }
}

fn graph(colony: &Colony) -> (BTreeSet<u128>, BTreeMap<(u128, u128), Edge>) {
    let (state, commons) = (colony.state(), colony.state().commons());
    let mut edges = BTreeMap::new();
    for node in state.nodes() {
        for s in state.row(node) {
            let edge =
                Edge { weight: s.weight, last: s.last.into(), created: s.created.into(), co: s.co_activations.into() };
            edges.insert((commons.id(node), commons.id(s.target)), edge);
        }
    }
    (state.nodes().into_iter().map(|term| commons.id(term)).collect(), edges)
}

fn uses(colony: &Colony) -> BTreeMap<u128, u64> {
    let (state, commons) = (colony.state(), colony.state().commons());
    let uses = |term: u32| (commons.id(term), state.home(term).describe(term, commons).unwrap().uses);
    state.nodes().into_iter().map(uses).filter(|(_, uses)| *uses > 0).collect()
}

// Concepts mostly of the document, as a hit has them, and words of any.
fn path(chance: &mut Chance, text: &str) -> Path {
    let own: Vec<&str> = text.split(' ').collect();
    let word = |chance: &mut Chance| match chance.below(4) {
        0 => chance.word(400),
        _ => own[chance.below(own.len() as u64) as usize].to_owned(),
    };
    (0..1 + chance.below(3))
        .map(|_| {
            let concept = word(chance);
            (concept, (0..chance.below(4)).map(|_| word(chance)).collect())
        })
        .collect()
}

fn compare(config: &ColonyConfig, shards: u32, seed: u64, steps: usize) {
    let (mut colony, mut naive, mut chance) = (colony(config, shards), Naive::new(config), Chance(seed));
    let mut waiting = documents(seed, steps * 4);
    let mut standing: Vec<(String, String)> = Vec::new();
    for step in 0..steps {
        // Bursts, then silences long enough for synapses to go.
        let burst = if chance.below(3) == 0 { chance.below(9) as usize } else { 0 };
        for (key, text) in waiting.drain(..burst.min(waiting.len())) {
            colony.ingest(Some(&key), "", &text).unwrap();
            naive.ingest(&key, &text);
            standing.push((key, text));
        }
        // Before deletes and after, so that some wait for a document that goes.
        let reinforce = |colony: &mut Colony, naive: &mut Naive, chance: &mut Chance, standing: &[(String, String)]| {
            for _ in 0..chance.below(8).min(standing.len() as u64) {
                let (key, text) = &standing[chance.below(standing.len() as u64) as usize];
                let path = path(chance, text);
                assert!(colony.reinforce(DocumentId::from_key(key), &path).unwrap());
                naive.reinforce(key, &path);
            }
        };
        reinforce(&mut colony, &mut naive, &mut chance, &standing);
        if chance.below(3) == 0 {
            for _ in 0..chance.below(4).min(standing.len() as u64) {
                let (key, _) = standing.swap_remove(chance.below(standing.len() as u64) as usize);
                assert!(colony.delete(DocumentId::from_key(&key)).unwrap());
                naive.delete(&key);
            }
        }
        reinforce(&mut colony, &mut naive, &mut chance, &standing);
        assert_eq!(colony.state().commons().reinforcing() > 0, !naive.reinforcing.is_empty());
        let ticks = if chance.below(8) == 0 { 1 + chance.below(120) } else { 1 };
        for _ in 0..ticks {
            colony.tick().unwrap();
            naive.tick();
            assert_eq!(colony.state().edge_count(), naive.edges.len() as u64, "live count at tick {}", naive.tick);
            assert_eq!(colony.state().node_count(), naive.nodes().len() as u64);
        }
        let (nodes, edges) = graph(&colony);
        assert_eq!(nodes, naive.nodes());
        assert_eq!(edges, naive.edges, "seed {seed}, step {step}");
        assert_eq!(uses(&colony), naive.uses, "seed {seed}, step {step}");
        // Evidence is that of a colony that never saw what was deleted, in another order, on another ring.
        let mut fresh = common::colony(config, shards + 1);
        for (key, text) in standing.iter().rev() {
            fresh.ingest(Some(key), "", text).unwrap();
        }
        assert_eq!(colony.evidence_digest(), fresh.evidence_digest());
        let cap = config.max_edge_degree as usize;
        assert!(colony.state().nodes().iter().all(|&node| colony.state().row(node).len() <= cap));
    }
}

#[test]
fn the_fast_engine_equals_the_naive_one_at_every_tick() {
    for shards in [1, 3] {
        compare(&ColonyConfig::default(), shards, 7, 60);
    }
}

#[test]
fn a_small_cap_and_small_ticks_equal_the_naive_one_too() {
    let config = ColonyConfig {
        max_edge_degree: 4,
        concepts_per_document: 9,
        documents_per_tick: 3,
        bytes_per_tick: 300,
        ..ColonyConfig::default()
    };
    compare(&config, 2, 11, 60);
}

#[test]
fn synapses_too_weak_to_be_made_are_not_made_in_the_naive_one_either() {
    let config = ColonyConfig { maturation_ticks: 0, edge_prune_threshold: 0.15, ..ColonyConfig::default() };
    compare(&config, 2, 13, 40);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_config_equals_the_naive_one(
        seed in any::<u64>(), gain in prop_oneof![Just(0.0), Just(0.05), 0.0..1.0], cap in 1u32..40, concepts in 1u32..40, rate in prop_oneof![Just(0.0), 0.001..0.2],
        threshold in prop_oneof![Just(0.0), 0.01..0.6], staleness in 0.0..5.0, maturation in 0u32..60, shards in 1u32..9,
    ) {
        let config = ColonyConfig {
            max_edge_degree: cap, concepts_per_document: concepts, edge_decay_rate: rate, edge_prune_threshold: threshold,
            staleness_factor: staleness, maturation_ticks: maturation, reinforcement_gain: gain, ..ColonyConfig::default()
        };
        compare(&config, shards, seed, 12);
    }
}

#[test]
fn without_decay_and_caps_the_graph_is_that_of_a_colony_that_never_saw_what_was_deleted() {
    let config = ColonyConfig {
        edge_decay_rate: 0.0,
        max_edge_degree: 100_000,
        concepts_per_document: 1000,
        ..ColonyConfig::default()
    };
    // A vocabulary so large that no pair meets ten times, where its weight would reach 1.
    let mut chance = Chance(5);
    let all: Vec<(String, String)> = (0..60).map(|n| (n.to_string(), chance.text(4000, 12))).collect();
    let (kept, dropped) = all.split_at(35);
    let (mut colony, mut fresh) = (colony(&config, 3), common::colony(&config, 7));
    for (key, text) in &all {
        colony.ingest(Some(key), "", text).unwrap();
    }
    colony.tick().unwrap();
    for (key, _) in dropped {
        assert!(colony.delete(DocumentId::from_key(key)).unwrap());
    }
    assert!(!colony.delete(DocumentId::from_key("never seen")).unwrap());
    colony.tick().unwrap();
    for (key, text) in kept {
        fresh.ingest(Some(key), "", text).unwrap();
    }
    fresh.tick().unwrap();
    let pairs = |colony: &Colony| -> BTreeMap<(u128, u128), (u32, u64)> {
        let (_, edges) = graph(colony);
        assert!(edges.len() > 1000 && edges.values().all(|edge| edge.weight < 1 << 24));
        edges.into_iter().map(|(pair, edge)| (pair, (edge.weight, edge.co))).collect()
    };
    assert_eq!(pairs(&colony), pairs(&fresh));
    assert_eq!(graph(&colony).0, graph(&fresh).0);
}
