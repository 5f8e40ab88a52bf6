//! Converts columns to a colony. The caller has checked the bytes; if they do not fit together all the same, that is an
//! error and never a panic.

use super::columns::{Graph, Progress, ReadAnalyses, Section, State, VERSION, Words, odd};
use super::share::Share;
use crate::agents::{Digester, IDLE_TICKS_MAX};
use crate::commons::{Commons, Waiting};
use crate::config::ColonyConfig;
use crate::documents::{Analysed, Bodies};
use crate::graph::synapse::ONE;
use crate::graph::{Decay, Synapse};
use crate::ids::{AgentId, TICK_MAX};
use crate::maps::Set;
use crate::metadata::Metadata;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::shard::{Ends, Shard};
use crate::text::{ANALYSER, Analysis, norm};
use crate::{Error, Result};
use serde::Deserialize;

/// Reads a colony that [`super::write()`] wrote, onto the shards of a ring, or a share of it.
///
/// # Errors
/// [`crate::Error::Wire`] for bytes that no colony wrote, or that another analyser or version wrote; any error of
/// `get`.
///
/// # Panics
/// If the seats of a node are not in order, or there is no such seat.
pub fn read(
    config: ColonyConfig,
    ring: Ring,
    share: Share<'_>,
    mut get: impl FnMut(Section) -> Result<Vec<u8>>,
) -> Result<Replica> {
    build(config, ring, share, |section| Parsed::new(section, get(section)?))
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

/// Builds a colony from its sections, as [`read`] does. Each may be parsed anywhere before. Every share is made from
/// the same sections, but for the graph, which a driver does not need.
///
/// # Errors
/// Those of [`read`].
///
/// # Panics
/// As [`read`].
pub fn build(
    config: ColonyConfig,
    ring: Ring,
    share: Share<'_>,
    mut get: impl FnMut(Section) -> Result<Parsed>,
) -> Result<Replica> {
    let mut replica = Replica::new(config, ring)?;
    match share {
        Share::Whole => {}
        Share::Node(own) => replica = replica.part(own),
        Share::Driver => replica = replica.part(&[]),
    }
    let parsed = get(Section::State)?;
    let state: State<'_> = decode(parsed.bytes()?)?;
    if (state.version, state.analyser) != (VERSION, ANALYSER) {
        let found = format!("columns {} of analyser {}", state.version, state.analyser);
        return Err(odd(format!("{found} are not columns {VERSION} of {ANALYSER}")));
    }
    if state.tick > TICK_MAX {
        return Err(odd("`tick` is beyond the last"));
    }
    replica.restore(state.tick, state.exchanged, |commons, shards| {
        if let Some(now) = state.now.filter(|_| share.drives()) {
            commons.lifetimes_mut().tell(now);
        }
        let counted = words(commons, share, get(Section::Words)?.bytes()?)?;
        let Columns::Progress(progress, concepts) = get(Section::Progress)?.0 else {
            return Err(odd("a section is another one"));
        };
        let mut wired = Wired::new(commons);
        let lists = (get(Section::Analyses)?, concepts);
        let bodies = get(Section::Bodies)?;
        let standing = documents(commons, shards, share, bodies.bytes()?, lists, &progress, (counted, &mut wired))?;
        let counts = (standing.digested, standing.failed);
        if counts != (state.digested, state.failed) {
            return Err(odd(format!("{counts:?} documents were digested, not {:?}", (state.digested, state.failed))));
        }
        waiting(commons, shards, share, &standing.ids, progress, &mut wired)?;
        match share {
            Share::Driver => Ok(()),
            _ => graph(commons, shards, share, get(Section::Graph)?, &wired),
        }
    })?;
    Ok(replica)
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

// By term: how many documents wired it that are there, or that wait to be unwired. Each tick that unwires some relies
// on it, as nothing else says when a node has lost its last document.
struct Wired(Vec<u32>);

impl Wired {
    fn new(commons: &Commons) -> Wired {
        Wired(vec![0; commons.terms()])
    }

    fn add(&mut self, column: &str, concepts: &[u32]) -> Result<()> {
        if !concepts.is_sorted_by(|one, other| one < other) {
            return Err(odd(format!("`{column}` has a list that is not in order")));
        }
        concepts.iter().for_each(|term| self.0[*term as usize] += 1);
        Ok(())
    }

    fn of(&self, term: u32) -> u32 {
        self.0[term as usize]
    }

    fn concepts(&self) -> usize {
        self.0.iter().filter(|documents| **documents > 0).count()
    }
}

// By term: how often the documents that are still to come have its forms. A delete takes the forms of a document out of
// their counts.
struct Counted(Vec<u64>);

impl Counted {
    fn new(commons: &Commons, terms: &[u32], counts: &[u64]) -> Result<Counted> {
        let mut all = vec![0u64; commons.terms()];
        for (&term, &count) in terms.iter().zip(counts) {
            let sum = &mut all[term as usize];
            *sum = sum.checked_add(count).filter(|_| count > 0).ok_or_else(|| miscounted(commons, term))?;
        }
        Ok(Counted(all))
    }

    fn take(&mut self, commons: &Commons, terms: &[(u32, u32)]) -> Result<()> {
        for &(term, count) in terms {
            let left = &mut self.0[term as usize];
            let rest = left.checked_sub(count.into()).filter(|_| count > 0);
            *left = rest.ok_or_else(|| miscounted(commons, term))?;
        }
        Ok(())
    }

    fn end(self, commons: &Commons) -> Result<()> {
        match self.0.iter().position(|left| *left > 0) {
            Some(term) => Err(miscounted(commons, term as u32)),
            None => Ok(()),
        }
    }
}

fn miscounted(commons: &Commons, term: u32) -> Error {
    let stem = commons.lexicon().stem(term);
    odd(format!("`counts` of the word forms of `{stem}` are not how often documents have it"))
}

fn words(commons: &mut Commons, share: Share<'_>, bytes: &[u8]) -> Result<Counted> {
    let Words { stems, forms, terms, mut counts } = decode(bytes)?;
    equal(&[forms.len(), terms.len(), counts.len()])?;
    let loaded = commons.lexicon().load(&stems, forms.iter().copied().zip(terms.iter().copied()));
    if !loaded {
        return Err(odd("a word stands twice, or belongs to no term"));
    }
    commons.learn();
    let counted = Counted::new(commons, &terms, &counts)?;
    for (count, &term) in counts.iter_mut().zip(&terms) {
        *count *= u64::from(share.has(commons.seat(commons.home(term).shard)));
    }
    commons.restore_forms(&counts);
    Ok(counted)
}

/// The documents of the whole colony.
#[derive(Default)]
struct Standing {
    ids: Set<u128>,
    digested: u64,
    failed: u64,
}

// Every share counts all documents, so that all have the same statistics.
fn documents(
    commons: &mut Commons,
    shards: &mut [&mut Shard],
    share: Share<'_>,
    bodies: &[u8],
    (analyses, concepts): (Parsed, Vec<Box<[u32]>>),
    progress: &Progress,
    (mut counted, wired_by): (Counted, &mut Wired),
) -> Result<Standing> {
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
    let mut standing = Standing::default();
    let bodies = bodies.into_bodies().zip(columns.sequences);
    let lists = terms.into_iter().zip(title_terms).zip(concepts);
    for (place, ((body, lists), (&arrival, &digested))) in
        bodies.zip(lists).zip(arrivals.iter().zip(digested)).enumerate()
    {
        let ((body, sequence), ((terms, title), concepts)) = (body, lists);
        body.check(place)?;
        let terms: Box<[(u32, u32)]> = terms.iter().copied().zip(&mut counts).collect();
        let has = |term: &u32| terms.binary_search_by_key(term, |known| known.0).is_ok();
        let fits = terms.is_sorted_by(|one, other| one.0 < other.0) && sequence.fits(terms.len(), &body.text);
        if !fits || !title.iter().all(has) {
            return Err(odd("a document's words do not fit together"));
        }
        if !(1..=commons.tick() + 1).contains(&u64::from(arrival)) {
            return Err(odd("`arrivals` has a tick that was not, and is not the next"));
        }
        let wired: Option<Box<[u32]>> =
            concepts.iter().map(|&place| terms.get(place as usize).map(|&(term, _)| term)).collect();
        let wired = wired.ok_or_else(|| odd("a document was wired with a term it does not have"))?;
        let id = body.id();
        if !standing.ids.insert(id.0) {
            return Err(odd(format!("document {id} stands twice")));
        }
        counted.take(commons, &terms)?;
        let length = u32::try_from(sequence.len()).unwrap_or(u32::MAX);
        commons.restore_document(&terms, length.into());
        let shard = commons.ring().shard_of(id.0);
        let digested = match digested.checked_sub(1) {
            Some(tick) if !(u64::from(arrival)..=commons.tick()).contains(&tick) => {
                return Err(odd("`digested` has a tick before a document came, or one to come"));
            }
            Some(tick) => Some(tick as u32),
            None => None,
        };
        if digested.is_some() {
            wired_by.add("concepts", &wired)?;
        }
        match (digested, wired.is_empty()) {
            (None, _) => {}
            (Some(_), true) => standing.failed += 1,
            (Some(_), false) => standing.digested += 1,
        }
        if share.drives() {
            commons.lifetimes_mut().insert(id, body.expires);
            match digested {
                None => commons.backlog_mut().push((arrival, id.0), Waiting { shard, bytes: body.text_bytes() }),
                Some(_) => commons.backlog_mut().restore_digested(wired.is_empty()),
            }
        }
        let seat = commons.seat(shard);
        if !share.has(seat) {
            continue;
        }
        let stands = sequence.standing(terms.len());
        let norm = norm(terms.iter().zip(stands).filter(|(_, stands)| *stands).map(|(term, _)| term.1));
        let analysis = Analysis { terms, length, norm, title, sequence, ..Analysis::default() };
        shards[seat].insert(Analysed { id, body, analysis }, arrival);
        if let Some(tick) = digested {
            shards[seat].restore_digested(id, tick, wired);
        }
    }
    counted.end(commons)?;
    Ok(standing)
}

fn waiting(
    commons: &mut Commons,
    shards: &mut [&mut Shard],
    share: Share<'_>,
    standing: &Set<u128>,
    progress: Progress,
    wired_by: &mut Wired,
) -> Result<()> {
    let terms = progress.unwiring.read()?;
    below(commons, &terms)?;
    equal(&[terms.len(), progress.unwiring_ticks.len()])?;
    terms.iter().try_for_each(|list| wired_by.add("unwiring", list))?;
    if progress.unwiring_ticks.iter().any(|tick| u64::from(*tick) > commons.tick()) {
        return Err(odd("`unwiring_ticks` has a tick to come"));
    }
    if share.drives() {
        commons.backlog_mut().restore_unwiring(terms.len() as u64);
    }
    // The documents are deleted, and their home shards are not recorded; any shard can report what they had wired.
    if share.has(0) {
        shards[0].restore_unwiring(progress.unwiring_ticks.into_iter().zip(terms).collect());
    }
    let mut reinforced = Set::default();
    for (document, paths) in progress.reinforcing {
        let id = crate::ids::DocumentId(document);
        if !standing.contains(&document) || !reinforced.insert(document) {
            return Err(odd(format!("document {id} is reinforced twice, or does not stand")));
        }
        if !paths.is_sorted_by(|one, other| one.0 < other.0) || paths.iter().any(|(_, times)| *times == 0) {
            return Err(odd("`reinforcing` has paths of a document that are not in order, or were given 0 times"));
        }
        if share.drives() {
            paths.iter().for_each(|(path, _)| commons.backlog_mut().reinforce(path.size()));
        }
        let seat = commons.seat(commons.ring().shard_of(document));
        if share.has(seat) {
            for (path, times) in paths {
                shards[seat].reinforce(id, path, times);
            }
        }
    }
    let mut living = Vec::with_capacity(progress.digesters.len());
    for (birth, parent, ordinal, taken, idle) in progress.digesters {
        let id = AgentId { birth, parent, ordinal };
        if birth > commons.tick() || idle >= IDLE_TICKS_MAX {
            return Err(odd("`digesters` has one that is not born, or has ended"));
        }
        living.push(id);
        let seat = commons.seat(commons.ring().shard_of(id.key()));
        if share.has(seat) {
            shards[seat].restore_digester(Digester { id, taken, idle });
        }
    }
    living.sort_unstable();
    if !living.is_sorted_by(|one, other| one < other) {
        return Err(odd("`digesters` has one twice"));
    }
    if share.drives() {
        commons.restore_roster(living);
    }
    Ok(())
}

fn graph(commons: &Commons, shards: &mut [&mut Shard], share: Share<'_>, parsed: Parsed, wired: &Wired) -> Result<()> {
    let Columns::Graph(columns, targets) = parsed.0 else { return Err(odd("a section is another one")) };
    let terms = commons.terms() as u32;
    below(commons, &targets)?;
    let synapses = columns.weights.len();
    equal(&[columns.terms.len(), columns.wirings.len(), columns.uses.len(), targets.len()])?;
    equal(&[synapses, columns.since.len(), columns.ages.len(), columns.co_activations.len()])?;
    equal(&[synapses, targets.iter().map(|row| row.len()).sum()])?;
    if columns.terms.len() != wired.concepts() {
        return Err(odd("`terms` has not all that documents wired, or more"));
    }
    let (decay, now) = (Decay::new(commons.config()), commons.tick() as u32);
    let cap = commons.config().max_edge_degree as usize;
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
        let wirings = columns.wirings[node];
        if term >= terms || wirings == 0 || wired.of(term) != wirings {
            return Err(odd("`wirings` has not the number of a node's documents"));
        }
        if !targets.is_sorted_by(|one, other| one < other) || targets.len() > cap || targets.contains(&term) {
            return Err(odd("`targets` has a row that is not in order, too long, or leads to its own node"));
        }
        // No more documents wired a synapse than wired either end.
        let wired_it = |synapse: &Synapse| 1..=wirings.min(wired.of(synapse.target));
        if row.iter().any(|synapse| !wired_it(synapse).contains(&synapse.co_activations)) {
            return Err(odd("`co_activations` has another number than its documents can give"));
        }
        if row.iter().any(|synapse| synapse.weight > ONE || ends.of(synapse).is_some_and(|end| end <= now)) {
            return Err(odd("`weights` has a synapse that is none, or is gone"));
        }
        let home = commons.home(term);
        let seat = commons.seat(home.shard);
        if !share.has(seat) {
            continue;
        }
        let shard = &mut *shards[seat];
        if !shard.restore_node(home.slot, term, columns.wirings[node], columns.uses[node], &row, &mut ends) {
            return Err(odd("a node stands twice"));
        }
    }
    Ok(())
}
