//! Converts columns to a colony. The caller has checked the bytes; if they do not fit together all the same, that is an
//! error and never a panic.

use super::columns::{Graph, Progress, ReadAnalyses, Section, State, VERSION, Words, odd};
use crate::Result;
use crate::agents::Digester;
use crate::commons::{Commons, Waiting};
use crate::config::ColonyConfig;
use crate::documents::{Analysed, Bodies};
use crate::graph::{Decay, Synapse};
use crate::ids::{AgentId, TICK_MAX};
use crate::maps::Set;
use crate::metadata::Metadata;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::shard::{Ends, Shard};
use crate::text::{ANALYSER, Analysis, norm};
use serde::Deserialize;

/// Reads a colony that [`super::write()`] wrote, onto the shards of a ring.
///
/// # Errors
/// [`crate::Error::Wire`] for bytes that no colony wrote, or that another analyser or version wrote; any error of
/// `get`.
pub fn read(config: ColonyConfig, ring: Ring, mut get: impl FnMut(Section) -> Result<Vec<u8>>) -> Result<Replica> {
    build(config, ring, |section| Parsed::new(section, get(section)?))
}

/// A section whose bytes are columns: what can be done for each section by itself.
#[derive(Debug)]
pub struct Parsed(Columns);

#[derive(Debug)]
enum Columns {
    // Columns of strings, which are borrowed when the colony is built.
    Bytes(Vec<u8>),
    Analyses(ReadAnalyses, [Vec<Box<[u32]>>; 2]),
    Progress(Progress, Vec<Box<[u32]>>),
    Graph(Graph, Vec<Box<[u32]>>),
}

impl Parsed {
    /// Parses a section.
    ///
    /// # Errors
    /// [`crate::Error::Wire`] for bytes that are not its columns.
    pub fn new(section: Section, bytes: Vec<u8>) -> Result<Parsed> {
        Ok(Parsed(match section {
            Section::State | Section::Words | Section::Bodies => Columns::Bytes(bytes),
            Section::Analyses => {
                let columns: ReadAnalyses = decode(&bytes)?;
                let lists = [columns.terms.read()?, columns.titles.read()?];
                Columns::Analyses(columns, lists)
            }
            Section::Progress => {
                let columns: Progress = decode(&bytes)?;
                let concepts = columns.concepts.read()?;
                Columns::Progress(columns, concepts)
            }
            Section::Graph => {
                let columns: Graph = decode(&bytes)?;
                let targets = columns.targets.read()?;
                Columns::Graph(columns, targets)
            }
        }))
    }

    fn bytes(&self) -> Result<&[u8]> {
        match &self.0 {
            Columns::Bytes(bytes) => Ok(bytes),
            _ => Err(odd("a section is another one")),
        }
    }
}

/// Builds a colony from its sections, as [`read`] does. Each may be parsed anywhere before.
///
/// # Errors
/// Those of [`read`].
pub fn build(config: ColonyConfig, ring: Ring, mut get: impl FnMut(Section) -> Result<Parsed>) -> Result<Replica> {
    let mut replica = Replica::new(config, ring)?;
    let parsed = get(Section::State)?;
    let state: State<'_> = decode(parsed.bytes()?)?;
    if (state.version, state.analyser) != (VERSION, ANALYSER) {
        let found = format!("columns {} of analyser {}", state.version, state.analyser);
        return Err(odd(format!("{found} are not columns {VERSION} of {ANALYSER}")));
    }
    if state.tick > TICK_MAX {
        return Err(odd("its tick is beyond the last"));
    }
    replica.restore(state.tick, state.exchanged, |commons, shards| {
        if let Some(now) = state.now {
            commons.lifetimes_mut().tell(now);
        }
        words(commons, get(Section::Words)?.bytes()?)?;
        let Columns::Progress(progress, concepts) = get(Section::Progress)?.0 else {
            return Err(odd("a section is another one"));
        };
        documents(commons, shards, get(Section::Bodies)?.bytes()?, get(Section::Analyses)?, &progress, concepts)?;
        let counts = (commons.digested(), commons.backlog().failed());
        if counts != (state.digested, state.failed) {
            return Err(odd(format!("{counts:?} documents were digested, not {:?}", (state.digested, state.failed))));
        }
        waiting(commons, shards, progress)?;
        graph(commons, shards, get(Section::Graph)?)
    })?;
    Ok(replica)
}

/// Stub.
pub fn build_part(
    config: ColonyConfig,
    ring: Ring,
    own: &[usize],
    get: impl FnMut(Section) -> Result<Parsed>,
) -> Result<Replica> {
    Ok(build(config, ring, get)?.part(own))
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let (columns, left) = postcard::take_from_bytes(bytes).map_err(|cause| odd(cause.to_string()))?;
    if left.is_empty() { Ok(columns) } else { Err(odd(format!("{} bytes are left over", left.len()))) }
}

// Whether all are indices of terms.
fn below(commons: &Commons, lists: &[Box<[u32]>]) -> Result<()> {
    let terms = commons.terms() as u32;
    let fits = lists.iter().all(|list| list.iter().all(|number| *number < terms));
    if fits { Ok(()) } else { Err(odd("a number is beyond what there is")) }
}

fn equal(lengths: &[usize]) -> Result<()> {
    let same = lengths.windows(2).all(|pair| pair[0] == pair[1]);
    if same { Ok(()) } else { Err(odd(format!("columns of {lengths:?} entries stand side by side"))) }
}

fn words(commons: &mut Commons, bytes: &[u8]) -> Result<()> {
    let Words { stems, forms, terms, counts } = decode(bytes)?;
    equal(&[forms.len(), terms.len(), counts.len()])?;
    let loaded = commons.lexicon().load(&stems, forms.iter().copied().zip(terms.iter().copied()));
    if !loaded {
        return Err(odd("a word stands twice, or belongs to no term"));
    }
    commons.learn();
    commons.restore_forms(&counts);
    Ok(())
}

fn documents(
    commons: &mut Commons,
    shards: &mut [&mut Shard],
    bodies: &[u8],
    analyses: Parsed,
    progress: &Progress,
    concepts: Vec<Box<[u32]>>,
) -> Result<()> {
    let bodies: Bodies<'_, Metadata> = decode(bodies)?;
    let Columns::Analyses(columns, [terms, title_terms]) = analyses.0 else {
        return Err(odd("a section is another one"));
    };
    let (arrivals, digested) = (&progress.arrivals, &progress.digested);
    let count = columns.sequences.len();
    equal(&bodies.lengths())?;
    equal(&[bodies.lengths()[0], count])?;
    equal(&[count, terms.len(), title_terms.len(), concepts.len(), arrivals.len(), digested.len()])?;
    below(commons, &terms)?;
    below(commons, &title_terms)?;
    equal(&[columns.counts.len(), terms.iter().map(|list| list.len()).sum()])?;

    let mut counts = columns.counts.into_iter();
    let mut known = Set::default();
    let bodies = bodies.into_bodies().zip(columns.sequences);
    let lists = terms.into_iter().zip(title_terms).zip(concepts);
    for (place, ((body, lists), (&arrival, &digested))) in
        bodies.zip(lists).zip(arrivals.iter().zip(digested)).enumerate()
    {
        let ((body, sequence), ((terms, title), concepts)) = (body, lists);
        body.check(place)?;
        let terms: Box<[(u32, u32)]> = terms.iter().copied().zip(&mut counts).collect();
        if !terms.is_sorted_by(|one, other| one.0 < other.0) || !sequence.fits(terms.len(), &body.text) {
            return Err(odd("a document's words do not fit together"));
        }
        let wired: Option<Box<[u32]>> =
            concepts.iter().map(|&place| terms.get(place as usize).map(|&(term, _)| term)).collect();
        let wired = wired.ok_or_else(|| odd("a document was wired with a term it does not have"))?;
        let id = body.id();
        if !known.insert(id.0) {
            return Err(odd(format!("document {id} stands twice")));
        }
        let bytes = body.text_bytes();
        let length = u32::try_from(sequence.len()).unwrap_or(u32::MAX);
        let standing = sequence.standing(terms.len());
        let norm = norm(terms.iter().zip(standing).filter(|(_, stands)| *stands).map(|(term, _)| term.1));
        let rest = Analysis::default();
        let analysis = Analysis { terms, length, norm, title, sequence, ..rest };
        let document = Analysed { id, body, analysis };
        commons.count(&document);
        let shard = commons.ring().shard_of(id.0);
        let home = &mut *shards[commons.seat(shard)];
        home.insert(document, arrival);
        match digested.checked_sub(1) {
            None => commons.backlog_mut().push((arrival, id.0), Waiting { shard, bytes }),
            Some(tick) if tick > commons.tick() => return Err(odd("a document was digested in a tick to come")),
            Some(tick) => {
                commons.backlog_mut().restore_digested(wired.is_empty());
                home.restore_digested(id, tick as u32, wired);
            }
        }
    }
    Ok(())
}

fn waiting(commons: &mut Commons, shards: &mut [&mut Shard], progress: Progress) -> Result<()> {
    let terms = progress.unwiring.read()?;
    below(commons, &terms)?;
    equal(&[terms.len(), progress.unwiring_ticks.len()])?;
    commons.backlog_mut().restore_unwiring(terms.len() as u64);
    // The documents are deleted, and their home shards are not recorded; any shard can report what they had wired.
    shards[0].restore_unwiring(progress.unwiring_ticks.into_iter().zip(terms).collect());
    for (document, paths) in progress.reinforcing {
        let shard = &mut *shards[commons.seat(commons.ring().shard_of(document))];
        let id = crate::ids::DocumentId(document);
        if shard.documents().get(id).is_none() {
            return Err(odd(format!("document {id} is reinforced and does not stand")));
        }
        for (path, times) in paths {
            let more = shard.reinforce(id, path, times);
            commons.backlog_mut().reinforce(more);
        }
    }
    let mut living = Vec::with_capacity(progress.digesters.len());
    for (birth, parent, ordinal, taken, idle) in progress.digesters {
        let id = AgentId { birth, parent, ordinal };
        living.push(id);
        shards[commons.seat(commons.ring().shard_of(id.key()))].restore_digester(Digester { id, taken, idle });
    }
    living.sort_unstable();
    commons.restore_roster(living);
    Ok(())
}

fn graph(commons: &Commons, shards: &mut [&mut Shard], parsed: Parsed) -> Result<()> {
    let Columns::Graph(columns, targets) = parsed.0 else { return Err(odd("a section is another one")) };
    let terms = commons.terms() as u32;
    below(commons, &targets)?;
    let synapses = columns.weights.len();
    equal(&[columns.terms.len(), columns.wirings.len(), columns.uses.len(), targets.len()])?;
    equal(&[synapses, columns.since.len(), columns.ages.len(), columns.co_activations.len()])?;
    equal(&[synapses, targets.iter().map(|row| row.len()).sum()])?;
    let (decay, now) = (Decay::new(commons.config()), commons.tick() as u32);
    let mut ends = Ends::new(&decay);
    let (mut at, mut row) = (0, Vec::new());
    for (node, targets) in targets.iter().enumerate() {
        let term = columns.terms[node];
        row.clear();
        for &target in targets {
            let last = now.checked_sub(columns.since[at]);
            let made = last.and_then(|last| Some((last, last.checked_sub(columns.ages[at])?)));
            let (last, created) = made.ok_or_else(|| odd("a synapse was made before the first tick"))?;
            let (weight, co_activations) = (columns.weights[at], columns.co_activations[at]);
            row.push(Synapse { target, weight, last, created, co_activations });
            at += 1;
        }
        let fits = term < terms && columns.wirings[node] > 0 && targets.is_sorted_by(|one, other| one < other);
        if !fits || row.iter().any(|synapse| synapse.co_activations == 0 || synapse.weight > crate::graph::synapse::ONE)
        {
            return Err(odd("a node is none"));
        }
        let home = commons.home(term);
        let shard = &mut *shards[commons.seat(home.shard)];
        if !shard.restore_node(home.slot, term, columns.wirings[node], columns.uses[node], &row, &mut ends) {
            return Err(odd("a node stands twice"));
        }
    }
    Ok(())
}
