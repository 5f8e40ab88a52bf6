//! Converts a colony to columns.

use super::columns::{Analyses, Graph, Lists, Progress, Section, State, VERSION, Words};
use crate::documents::{Bodies, Document};
use crate::graph::Synapse;
use crate::reinforcement::Reinforcement;
use crate::replica::Replica;
use crate::text::ANALYSER;
use serde::Serialize;

/// Writes a colony, section by section.
///
/// # Errors
/// Any error of `put`.
pub fn write<E>(replica: &Replica, mut put: impl FnMut(Section, Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let documents: Vec<&Document> = replica.shards().iter().flat_map(|shard| shard.documents().all()).collect();
    let numbers = Numbers::new(replica, &documents);
    put(Section::State, encode(&state(replica)))?;
    put(Section::Words, words(replica, &numbers))?;
    put(Section::Bodies, encode(&Bodies::of(documents.iter().map(|document| &document.body))))?;
    put(Section::Analyses, encode(&analyses(&documents, &numbers)))?;
    put(Section::Progress, encode(&progress(replica, &documents, &numbers)))?;
    put(Section::Graph, encode(&graph(replica, &numbers)))
}

fn encode(columns: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(columns).expect("plain data always encodes")
}

/// New indices of the terms in use, without gaps and in their old order.
struct Numbers(Vec<u32>);

const NONE: u32 = u32::MAX;

impl Numbers {
    fn new(replica: &Replica, documents: &[&Document]) -> Numbers {
        let commons = replica.commons();
        let mut numbers = vec![NONE; commons.terms()];
        let mut mark = |term: u32| numbers[term as usize] = 0;
        for document in documents {
            document.terms.iter().for_each(|&(term, _)| mark(term));
            document.title_terms.iter().chain(&document.concepts).for_each(|&term| mark(term));
        }
        for shard in replica.shards() {
            shard.unwiring().iter().flat_map(|(_, terms)| terms.iter()).for_each(|&term| mark(term));
            for term in shard.concepts() {
                mark(term);
                shard.row(term, commons).for_each(|synapse| mark(synapse.target));
            }
        }
        for (next, number) in numbers.iter_mut().filter(|number| **number != NONE).enumerate() {
            *number = next as u32;
        }
        Numbers(numbers)
    }

    fn of(&self, term: u32) -> u32 {
        self.0[term as usize]
    }

    // Returns the old indices of the terms in use, in order.
    fn kept(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.0.len() as u32).filter(|term| self.of(*term) != NONE)
    }
}

fn state(replica: &Replica) -> State<'static> {
    let commons = replica.commons();
    State {
        version: VERSION,
        analyser: ANALYSER,
        tick: commons.tick(),
        exchanged: replica.exchanged(),
        digested: commons.digested(),
        failed: commons.backlog().failed(),
        now: commons.now(),
    }
}

fn words(replica: &Replica, numbers: &Numbers) -> Vec<u8> {
    let commons = replica.commons();
    let lexicon = commons.lexicon();
    let stems: Vec<_> = numbers.kept().map(|term| lexicon.stem(term)).collect();
    let (mut forms, mut terms, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (form, &count) in commons.vocabulary().form_counts().iter().enumerate().filter(|(_, count)| **count > 0) {
        forms.push(lexicon.form(form as u32));
        terms.push(numbers.of(lexicon.term_of_form(form as u32)));
        counts.push(count);
    }
    let stems = stems.iter().map(|stem| &**stem).collect();
    encode(&Words { stems, forms: forms.iter().map(|form| &**form).collect(), terms, counts })
}

fn analyses<'a>(documents: &[&'a Document], numbers: &Numbers) -> Analyses<&'a crate::text::Sequence> {
    let (mut terms, mut titles) = (Lists::default(), Lists::default());
    for document in documents {
        terms.push(document.terms.iter().map(|&(term, _)| numbers.of(term)));
        titles.push(document.title_terms.iter().map(|&term| numbers.of(term)));
    }
    Analyses {
        terms,
        counts: documents.iter().flat_map(|document| document.terms.iter().map(|&(_, count)| count)).collect(),
        titles,
        sequences: documents.iter().map(|document| &document.sequence).collect(),
    }
}

fn progress(replica: &Replica, documents: &[&Document], numbers: &Numbers) -> Progress {
    let (mut concepts, mut unwiring) = (Lists::default(), Lists::default());
    for document in documents {
        let place = |term: &u32| {
            let found = document.terms.binary_search_by_key(term, |&(term, _)| term);
            found.expect("a document was wired with terms of its own") as u32
        };
        concepts.push(document.concepts.iter().map(place));
    }
    let gone = || replica.shards().iter().flat_map(|shard| shard.unwiring());
    gone().for_each(|(_, terms)| unwiring.push(terms.iter().map(|&term| numbers.of(term))));
    let reinforcing = replica.shards().iter().flat_map(|shard| shard.reinforcing()).map(|(document, waiting)| {
        let waiting: Vec<(Reinforcement, u64)> = waiting.iter().map(|(path, times)| (path.clone(), *times)).collect();
        (*document, waiting)
    });
    let digesters = replica.shards().iter().flat_map(|shard| shard.digesters());
    Progress {
        arrivals: documents.iter().map(|document| document.arrival).collect(),
        digested: documents.iter().map(|document| document.digested.map_or(0, |tick| 1 + u64::from(tick))).collect(),
        concepts,
        unwiring_ticks: gone().map(|(digested, _)| *digested).collect(),
        unwiring,
        reinforcing: reinforcing.collect(),
        digesters: digesters
            .map(|agent| (agent.id.birth, agent.id.parent, agent.id.ordinal, agent.taken, agent.idle))
            .collect(),
    }
}

fn graph(replica: &Replica, numbers: &Numbers) -> Graph {
    let (commons, mut graph) = (replica.commons(), Graph::default());
    let now = commons.tick() as u32;
    let mut nodes = replica.nodes();
    nodes.sort_unstable();
    for term in nodes {
        let home = replica.home(term);
        graph.terms.push(numbers.of(term));
        graph.wirings.push(home.wirings(term, commons));
        graph.uses.push(home.uses_of(term, commons));
        let mut row: Vec<Synapse> = home.row(term, commons).collect();
        row.sort_unstable_by_key(|synapse| synapse.target);
        graph.targets.push(row.iter().map(|synapse| numbers.of(synapse.target)));
        for synapse in row {
            graph.weights.push(synapse.weight);
            graph.since.push(now - synapse.last);
            graph.ages.push(synapse.last - synapse.created);
            graph.co_activations.push(synapse.co_activations);
        }
    }
    graph
}
