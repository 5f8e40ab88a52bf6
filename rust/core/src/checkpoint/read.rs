//! Converts columns to a colony. The caller has checked the bytes; if they do not fit together all the same, that is an
//! error and never a panic.

use super::columns::{Graph, Pairs, Progress, ReadAnalyses, Section, State, VERSION, Words, odd};
use super::placing::{Placing, Rows, Stored};
use super::share::Share;
use super::sums::{Counted, Wired};
use crate::Result;
use crate::agents::Digester;
use crate::commons::{Commons, Waiting};
use crate::config::ColonyConfig;
use crate::documents::{Bodies, Vector};
use crate::ids::{AgentId, TICK_MAX};
use crate::life::Life;
use crate::maps::Set;
use crate::metadata::Metadata;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::shard::Shard;
use crate::text::{ANALYSER, Sequence};
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
    Analyses(Analyses),
    Progress(Progress, Vec<Box<[u32]>>),
    Graph(Graph, Vec<Box<[u32]>>),
}

// By document.
#[derive(Debug)]
struct Analyses {
    terms: Vec<Pairs>,
    titles: Vec<Box<[u32]>>,
    sequences: Vec<Sequence>,
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
                let ReadAnalyses { terms, counts, titles, sequences } = decode(&bytes)?;
                Columns::Analyses(Analyses { terms: terms.beside(&counts)?, titles: titles.read()?, sequences })
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
    get: impl FnMut(Section) -> Result<Parsed>,
) -> Result<Replica> {
    build_with(config, ring, share, get, |work| work.into_iter().try_for_each(Placing::place))
}

/// Does what [`build`] does, but leaves what concerns one shard alone to `run`, which may do it in parallel: it must
/// run [`Placing::place`] on each, or return an error of one.
///
/// # Errors
/// Those of [`read`].
///
/// # Panics
/// As [`read`].
pub fn build_with(
    config: ColonyConfig,
    ring: Ring,
    share: Share<'_>,
    mut get: impl FnMut(Section) -> Result<Parsed>,
    run: impl FnOnce(Vec<Placing<'_>>) -> Result<()>,
) -> Result<Replica> {
    let mut replica = Replica::new(config, ring)?;
    match share {
        Share::Whole => {}
        Share::Node(own) => replica = replica.part(own),
        Share::Driver => replica = replica.part(&[]),
    }
    let parsed = get(Section::State)?;
    let (state, life): (State<'_>, _) = decode_first(parsed.bytes()?)?;
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
        if !life.is_empty() {
            let life = Life::decode(life, state.tick, commons.config())?;
            let pinned = commons.pinned(life.pins().held());
            for shard in shards.iter_mut() {
                let here = pinned.iter().copied().filter(|&term| commons.home(term).shard == shard.id());
                shard.restore_pinned(here.collect());
            }
            if share.drives() {
                commons.restore_life(life);
            }
        }
        let Columns::Progress(progress, concepts) = get(Section::Progress)?.0 else {
            return Err(odd("a section is another one"));
        };
        let mut wired = Wired::new(commons);
        let lists = (get(Section::Analyses)?, concepts);
        let bodies = get(Section::Bodies)?;
        let standing = documents(commons, share, bodies.bytes()?, lists, &progress, (counted, &mut wired))?;
        let counts = (standing.digested, standing.failed);
        if counts != (state.digested, state.failed) {
            return Err(odd(format!("{counts:?} documents were digested, not {:?}", (state.digested, state.failed))));
        }
        waiting(commons, shards, share, &standing.ids, progress, &mut wired)?;
        match share {
            Share::Driver => Ok(()),
            _ => place((commons, &wired), shards, share, standing.documents, get(Section::Graph)?, run),
        }
    })?;
    Ok(replica)
}

fn decode_first<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8])> {
    postcard::take_from_bytes(bytes).map_err(|cause| odd(cause.to_string()))
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let (columns, left) = decode_first(bytes)?;
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
    // By seat, those whose shards are given.
    documents: Vec<Vec<Stored>>,
}

// Every share counts all documents, so that all have the same statistics.
fn documents(
    commons: &mut Commons,
    share: Share<'_>,
    bodies: &[u8],
    (analyses, concepts): (Parsed, Vec<Box<[u32]>>),
    progress: &Progress,
    (mut counted, wired_by): (Counted, &mut Wired),
) -> Result<Standing> {
    let bodies: Bodies<'_, Metadata> = decode(bodies)?;
    let Columns::Analyses(Analyses { terms, titles, sequences }) = analyses.0 else {
        return Err(odd("a section is another one"));
    };
    let (arrivals, digested) = (&progress.arrivals, &progress.digested);
    let count = sequences.len();
    equal(&bodies.lengths())?;
    equal(&[bodies.lengths()[0], count])?;
    equal(&[count, terms.len(), titles.len(), concepts.len(), arrivals.len(), digested.len()])?;
    below(commons, &titles)?;

    let mut standing = Standing::default();
    // As the first vector has it.
    let mut dimension: Option<u32> = None;
    standing.ids.reserve(count);
    standing.documents.resize_with(commons.seat_count(), Vec::new);
    let bodies = bodies.into_bodies().zip(sequences);
    let lists = terms.into_iter().zip(titles).zip(concepts);
    for (place, ((body, lists), (&arrival, &digested))) in
        bodies.zip(lists).zip(arrivals.iter().zip(digested)).enumerate()
    {
        let ((body, sequence), ((terms, title), mut concepts)) = (body, lists);
        body.check(place)?;
        if let Some(given) = body.vector.as_ref().map(Vector::dimension)
            && *dimension.get_or_insert(given) != given
        {
            return Err(odd("vectors have different numbers of numbers"));
        }
        let is_known = terms.last().is_none_or(|last| (last.0 as usize) < commons.terms());
        if !is_known || !terms.is_sorted_by(|one, other| one.0 < other.0) {
            return Err(odd("a document's words do not fit together"));
        }
        counted.take(commons, &terms)?;
        if !(1..=commons.tick() + 1).contains(&u64::from(arrival)) {
            return Err(odd("`arrivals` has a tick that was not, and is not the next"));
        }
        for concept in &mut concepts {
            let known = terms.get(*concept as usize);
            *concept = known.ok_or_else(|| odd("a document was wired with a term it does not have"))?.0;
        }
        let id = body.id();
        if !standing.ids.insert(id.0) {
            return Err(odd(format!("document {id} stands twice")));
        }
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
            wired_by.add("concepts", &concepts)?;
        }
        match (digested, concepts.is_empty()) {
            (None, _) => {}
            (Some(_), true) => standing.failed += 1,
            (Some(_), false) => standing.digested += 1,
        }
        if share.drives() {
            commons.lifetimes_mut().insert(id, body.expires);
            commons.stand(id, body.thread.as_ref());
            match digested {
                None => commons.backlog_mut().push((arrival, id.0), Waiting { shard, bytes: body.text_bytes() }),
                Some(_) => commons.backlog_mut().restore_digested(concepts.is_empty()),
            }
        }
        let seat = commons.seat(shard);
        if share.has(seat) {
            let digested = digested.map(|tick| (tick, concepts));
            standing.documents[seat].push(Stored { id, body, terms, title, sequence, arrival, digested });
        }
    }
    counted.end(commons)?;
    if share.drives() && dimension.is_some() && dimension != commons.life().space().dimension() {
        return Err(odd("vectors have another number of numbers than the colony knows of"));
    }
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
        if birth > commons.tick() || idle >= commons.config().digester_patience.max(1) {
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

// Puts documents and nodes into the shards that are given.
fn place(
    (commons, wired): (&Commons, &Wired),
    shards: &mut [&mut Shard],
    share: Share<'_>,
    mut documents: Vec<Vec<Stored>>,
    parsed: Parsed,
    run: impl FnOnce(Vec<Placing<'_>>) -> Result<()>,
) -> Result<()> {
    let Columns::Graph(columns, targets) = &parsed.0 else { return Err(odd("a section is another one")) };
    let terms = commons.terms() as u32;
    below(commons, targets)?;
    let synapses = columns.weights.len();
    equal(&[columns.terms.len(), columns.wirings.len(), columns.uses.len(), targets.len()])?;
    equal(&[synapses, columns.since.len(), columns.ages.len(), columns.co_activations.len()])?;
    equal(&[synapses, targets.iter().map(|row| row.len()).sum()])?;
    if columns.terms.len() != wired.concepts() || columns.terms.iter().any(|term| *term >= terms) {
        return Err(odd("`terms` has not all that documents wired, or more"));
    }
    let (mut begun, mut before) = (Vec::with_capacity(targets.len()), 0);
    let mut nodes = vec![Vec::new(); commons.seat_count()];
    for ((number, row), &term) in (0u32..).zip(targets).zip(&columns.terms) {
        begun.push(before);
        before += row.len();
        nodes[commons.seat(commons.home(term).shard)].push(number);
    }
    let rows = Rows { commons, wired, columns, targets, begun: &begun, nodes: &nodes };
    let given = shards.iter_mut().enumerate().filter(|(seat, _)| share.has(*seat));
    let work = given.map(|(seat, shard)| Placing { shard, documents: std::mem::take(&mut documents[seat]), rows });
    run(work.collect())
}
