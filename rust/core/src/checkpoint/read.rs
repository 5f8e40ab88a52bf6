//! Converts columns to a colony. The caller has checked the bytes; if they do not fit together all the same, that is an
//! error and never a panic.

use super::columns::{Graph, Progress, ReadAnalyses, Runs, Section, State, VERSION, Words, odd};
use super::placing::{DocumentLists, Rows, Stored, norm_of, put};
use super::share::Share;
use super::sums::{Counted, Sums, Wired};
use crate::Result;
use crate::agents::Digester;
use crate::commons::{Commons, GrantKey, Waiting};
use crate::config::ColonyConfig;
use crate::documents::{Bodies, Body, Vector};
use crate::ids::{AgentId, DocumentId, ShardId, TICK_MAX};
use crate::life::Life;
use crate::maps::Set;
use crate::metadata::Metadata;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::shard::{Nodes, Shard};
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
    Progress(Progress, Runs),
    Graph(Graph, Runs),
}

// By document.
#[derive(Debug)]
struct Analyses {
    terms: Runs,
    counts: Vec<u32>,
    titles: Runs,
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
                let (terms, titles) = (terms.read()?, titles.read()?);
                equal(&[terms.numbers().len(), counts.len()])?;
                Columns::Analyses(Analyses { terms, counts, titles, sequences })
            }
            Section::Progress => {
                let mut columns: Progress = decode(&bytes)?;
                let concepts = std::mem::take(&mut columns.concepts).read()?;
                Columns::Progress(columns, concepts)
            }
            Section::Graph => {
                let mut columns: Graph = decode(&bytes)?;
                let targets = std::mem::take(&mut columns.targets).read()?;
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
    build_with(config, ring, share, get, |jobs| jobs.into_iter().try_for_each(|job| job()))
}

/// Work that may be done beside other work.
pub type Job<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

/// Does what [`build`] does, but leaves work to `run` several times, which may do it in parallel: it must do each of
/// the jobs, or return an error of one.
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
    run: impl Fn(Vec<Job<'_>>) -> Result<()>,
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
        // Read while others still parse the next two.
        let section = get(Section::Bodies)?;
        let bodies: Bodies<'_, Metadata> = decode(section.bytes()?)?;
        let (Columns::Progress(progress, concepts), Columns::Analyses(analyses)) =
            (get(Section::Progress)?.0, get(Section::Analyses)?.0)
        else {
            return Err(odd("a section is another one"));
        };
        let Analyses { terms, counts, titles, sequences } = analyses;
        let lists = DocumentLists { terms, counts, titles, concepts };
        let columns = (bodies, &lists, sequences);
        let (standing, mut wired) = documents(commons, share, columns, &progress, counted, &run)?;
        drop(section);
        let counts = (standing.digested, standing.failed);
        if counts != (state.digested, state.failed) {
            return Err(odd(format!("{counts:?} documents were digested, not {:?}", (state.digested, state.failed))));
        }
        waiting(commons, shards, share, &standing.ids, progress, &mut wired)?;
        match share {
            Share::Driver => Ok(()),
            _ => {
                let graph = get(Section::Graph)?;
                place((commons, &wired), shards, share, (standing.documents, &lists), graph, run)
            }
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
fn below(commons: &Commons, lists: &Runs) -> Result<()> {
    let greatest = lists.numbers().iter().max();
    let fits = greatest.is_none_or(|greatest| (*greatest as usize) < commons.terms());
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
    waiting: Vec<(GrantKey, Waiting)>,
    // By seat, those whose shards are given.
    documents: Vec<Vec<Stored>>,
}

/// What can be said of a document by itself.
struct Named {
    id: DocumentId,
    shard: ShardId,
    body: Box<Body>,
    // 0 if its shard is not given.
    norm: f64,
}

// So many documents are named together.
const NAMED_TOGETHER: usize = 2048;

// Every share counts all documents, so that all have the same statistics.
fn documents(
    commons: &mut Commons,
    share: Share<'_>,
    (bodies, lists, sequences): (Bodies<'_, Metadata>, &DocumentLists, Vec<Sequence>),
    progress: &Progress,
    counted: Counted,
    run: impl Fn(Vec<Job<'_>>) -> Result<()>,
) -> Result<(Standing, Wired)> {
    let DocumentLists { terms, titles, concepts, .. } = lists;
    let (arrivals, digested) = (&progress.arrivals, &progress.digested);
    let count = sequences.len();
    equal(&bodies.lengths())?;
    equal(&[bodies.lengths()[0], count])?;
    equal(&[count, terms.len(), titles.len(), concepts.len(), arrivals.len(), digested.len()])?;
    below(commons, titles)?;

    let parts: Vec<Bodies<'_, Metadata>> = bodies.parts(NAMED_TOGETHER).collect();
    let mut named: Vec<Vec<Named>> = parts.iter().map(|_| Vec::new()).collect();
    let mut sums = Sums::new(commons, counted);
    let known: &Commons = commons;
    let name = |place: usize, body: Body| -> Result<Named> {
        body.check(place).map_err(|error| odd(error.to_string()))?;
        let id = body.id();
        let shard = known.ring().shard_of(id.0);
        let norm = match share.has(known.seat(shard)) {
            true => norm_of(lists, place, &sequences[place], &body.text)?,
            false => 0.0,
        };
        Ok(Named { id, shard, body: Box::new(body), norm })
    };
    let name = &name;
    let mut jobs: Vec<Job<'_>> = vec![Box::new(|| {
        for (place, (sequence, digested)) in sequences.iter().zip(digested).enumerate() {
            sums.take(known, lists.terms(place), sequence.len(), concepts.of(place), *digested > 0)?;
        }
        Ok(())
    })];
    for ((part, bodies), named) in parts.into_iter().enumerate().zip(&mut named) {
        jobs.push(Box::new(move || {
            named.reserve(NAMED_TOGETHER);
            for (place, body) in (part * NAMED_TOGETHER..).zip(bodies.into_bodies()) {
                named.push(name(place, body)?);
            }
            Ok(())
        }));
    }
    run(jobs)?;
    let (statistics, wired) = sums.end(commons)?;
    commons.restore_statistics(statistics);

    let mut standing = Standing::default();
    // As the first vector has it.
    let mut dimension: Option<u32> = None;
    standing.ids.reserve(count);
    // The ring parts them about evenly.
    let room = count / commons.seat_count() * 9 / 8 + 16;
    let seats =
        (0..commons.seat_count()).map(|seat| if share.has(seat) { Vec::with_capacity(room) } else { Vec::new() });
    standing.documents = seats.collect();
    let documents = named.into_iter().flatten().zip(sequences).zip(arrivals.iter().zip(digested));
    for (place, ((document, sequence), (&arrival, &digested))) in documents.enumerate() {
        let Named { id, shard, body, norm } = document;
        let is_barren = concepts.of(place).is_empty();
        if let Some(given) = body.vector.as_ref().map(Vector::dimension)
            && *dimension.get_or_insert(given) != given
        {
            return Err(odd("vectors have different numbers of numbers"));
        }
        if !(1..=commons.tick() + 1).contains(&u64::from(arrival)) {
            return Err(odd("`arrivals` has a tick that was not, and is not the next"));
        }
        if !standing.ids.insert(id.0) {
            return Err(odd(format!("document {id} stands twice")));
        }
        let digested = match digested.checked_sub(1) {
            Some(tick) if !(u64::from(arrival)..=commons.tick()).contains(&tick) => {
                return Err(odd("`digested` has a tick before a document came, or one to come"));
            }
            Some(tick) => Some(tick as u32),
            None => None,
        };
        match (digested, is_barren) {
            (None, _) => {}
            (Some(_), true) => standing.failed += 1,
            (Some(_), false) => standing.digested += 1,
        }
        if share.drives() {
            commons.lifetimes_mut().insert(id, body.expires);
            commons.stand(id, body.thread.as_ref());
            match digested {
                None => standing.waiting.push(((arrival, id.0), Waiting { shard, bytes: body.text_bytes() })),
                Some(_) => commons.backlog_mut().restore_digested(is_barren),
            }
        }
        let seat = commons.seat(shard);
        if share.has(seat) {
            standing.documents[seat].push(Stored { id, body, place, sequence, norm, arrival, digested });
        }
    }
    if share.drives() && dimension.is_some() && dimension != commons.life().space().dimension() {
        return Err(odd("vectors have another number of numbers than the colony knows of"));
    }
    standing.waiting.sort_unstable_by_key(|(key, _)| *key);
    commons.backlog_mut().extend(std::mem::take(&mut standing.waiting));
    Ok((standing, wired))
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
    terms.iter().try_for_each(|list| wired_by.add("unwiring", list.iter().copied()))?;
    if progress.unwiring_ticks.iter().any(|tick| u64::from(*tick) > commons.tick()) {
        return Err(odd("`unwiring_ticks` has a tick to come"));
    }
    if share.drives() {
        commons.backlog_mut().restore_unwiring(terms.len() as u64);
    }
    // The documents are deleted, and their home shards are not recorded; any shard can report what they had wired.
    if share.has(0) {
        let lists = terms.iter().map(Box::from);
        shards[0].restore_unwiring(progress.unwiring_ticks.into_iter().zip(lists).collect());
    }
    let mut reinforced = Set::default();
    for (document, paths) in progress.reinforcing {
        let id = DocumentId(document);
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
    (mut documents, lists): (Vec<Vec<Stored>>, &DocumentLists),
    parsed: Parsed,
    run: impl Fn(Vec<Job<'_>>) -> Result<()>,
) -> Result<()> {
    let Columns::Graph(columns, targets) = &parsed.0 else { return Err(odd("a section is another one")) };
    let terms = commons.terms() as u32;
    below(commons, targets)?;
    let synapses = columns.weights.len();
    equal(&[columns.terms.len(), columns.wirings.len(), columns.uses.len(), targets.len()])?;
    equal(&[synapses, columns.since.len(), columns.ages.len(), columns.co_activations.len()])?;
    equal(&[synapses, targets.numbers().len()])?;
    if columns.terms.len() != wired.concepts() || columns.terms.iter().any(|term| *term >= terms) {
        return Err(odd("`terms` has not all that documents wired, or more"));
    }
    let mut nodes = vec![Vec::new(); commons.seat_count()];
    for (number, &term) in (0u32..).zip(&columns.terms) {
        nodes[commons.seat(commons.home(term).shard)].push(number);
    }
    let rows = Rows { commons, wired, columns, targets, nodes: &nodes };
    let mut read: Vec<Nodes> = shards.iter().map(|_| Nodes::default()).collect();
    let (mut jobs, mut jobs_of_nodes) = (Vec::<Job<'_>>::new(), Vec::<Job<'_>>::new());
    let seats = shards.iter_mut().zip(&mut documents).zip(&mut read).enumerate();
    for (seat, ((shard, documents), read)) in seats.filter(|(seat, _)| share.has(*seat)) {
        let pinned = Vec::from(shard.pinned());
        jobs.push(Box::new(move || {
            std::mem::take(documents).into_iter().for_each(|document| put(shard, document, lists));
            Ok(())
        }));
        jobs_of_nodes.push(Box::new(move || {
            *read = rows.of(seat, pinned)?;
            Ok(())
        }));
    }
    // The longer ones first, so that threads end together.
    jobs.extend(jobs_of_nodes);
    run(jobs)?;
    for (shard, nodes) in shards.iter_mut().zip(read) {
        shard.restore_nodes(nodes);
    }
    Ok(())
}
