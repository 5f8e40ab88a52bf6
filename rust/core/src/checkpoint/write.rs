//! Converts a colony to columns, or what some seats have of it to pieces of them.

use super::columns::{Analyses, Graph, Lists, Progress, Section, State, VERSION, Words, odd};
use super::piece::Piece;
use crate::Result;
use crate::commons::Commons;
use crate::documents::{Bodies, Document};
use crate::graph::Synapse;
use crate::maps::Set;
use crate::replica::Replica;
use crate::shard::Shard;
use crate::text::ANALYSER;
use serde::{Deserialize, Serialize};

/// Writes a colony that is in one replica, section by section.
///
/// # Errors
/// Any error of `put`.
pub fn write<E>(replica: &Replica, mut put: impl FnMut(Section, Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let words = WordsInUse::of(replica);
    let pieces = Pieces { replica, numbers: Numbers::new(replica.commons(), &words.gone) };
    put(Section::State, state(replica))?;
    put(Section::Words, words.section(replica.commons(), &pieces.numbers))?;
    for section in Section::OF_SEATS {
        let mut whole = Piece::default();
        replica.own().iter().for_each(|&seat| pieces.add(section, seat, &mut whole));
        put(section, whole.section(as_it_is).expect("nothing is packed").0)?;
    }
    Ok(())
}

/// Returns the sections of a colony that is spread over nodes which no seat has pieces of. `driver` is the replica without
/// a seat, `words` are those of all nodes.
///
/// # Errors
/// [`crate::Error::Wire`] if the words are not those of the driver.
pub fn common(driver: &Replica, words: &WordsInUse) -> Result<Vec<(Section, Vec<u8>)>> {
    let commons = driver.commons();
    words.check(commons)?;
    Ok(vec![
        (Section::State, state(driver)),
        (Section::Words, words.section(commons, &Numbers::new(commons, &words.gone))),
    ])
}

/// Joins the pieces of all seats, in their order, which their nodes made with [`Pieces`] and packed with `pack`, to a
/// section of a colony of so many documents. Returns it packed, and how many bytes it has.
///
/// # Errors
/// [`crate::Error::Wire`] if the pieces are not those of all documents, and those of `pack`.
pub fn join(
    section: Section,
    pieces: Vec<Piece>,
    documents: u64,
    pack: impl Fn(&[u8]) -> Result<Vec<u8>>,
) -> Result<(Vec<u8>, u64)> {
    let mut whole = Piece::default();
    pieces.into_iter().for_each(|piece| whole.append(piece));
    if section != Section::Graph && whole.entries() != documents {
        return Err(odd(format!("its pieces have {} documents of {documents}", whole.entries())));
    }
    whole.section(pack)
}

/// Packs nothing.
///
/// # Errors
/// None.
pub fn as_it_is(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(bytes.to_vec())
}

/// What a replica knows of the words of a colony and the others do not.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct WordsInUse {
    /// The terms that no document has and that something of its seats still refers to: documents that the next tick
    /// unwires.
    pub gone: Vec<u32>,
    /// Word forms and their counts, of the terms that live at its seats; by form index.
    pub forms: Vec<(u32, u64)>,
}

impl WordsInUse {
    /// Returns those of the seats that a replica has.
    pub fn of(replica: &Replica) -> WordsInUse {
        let commons = replica.commons();
        let mut gone = Set::default();
        let mut mark = |term: u32| {
            if commons.df(term) == 0 {
                gone.insert(term);
            }
        };
        let mut is_own = vec![false; commons.seat_count()];
        for &seat in replica.own() {
            is_own[seat] = true;
            let shard = &replica.shards()[seat];
            shard.unwiring().iter().flat_map(|(_, terms)| terms.iter()).for_each(|&term| mark(term));
            for term in shard.concepts() {
                mark(term);
                shard.row(term, commons).for_each(|synapse| mark(synapse.target));
            }
        }
        let mut gone: Vec<u32> = gone.into_iter().collect();
        gone.sort_unstable();
        let counts = (0..).zip(commons.vocabulary().form_counts().iter().copied());
        let seat = |form: u32| commons.seat(commons.home(commons.lexicon().term_of_form(form)).shard);
        WordsInUse { gone, forms: counts.filter(|&(form, count)| count > 0 && is_own[seat(form)]).collect() }
    }

    /// Takes over those of other seats.
    pub fn merge(&mut self, other: WordsInUse) {
        self.gone.extend(other.gone);
        self.gone.sort_unstable();
        self.gone.dedup();
        self.forms.extend(other.forms);
        self.forms.sort_unstable();
    }

    // Whether the driver's dictionary has all of them.
    fn check(&self, commons: &Commons) -> Result<()> {
        check(commons, &self.gone)?;
        let known = commons.vocabulary().form_counts().len() as u32;
        let is_known = |form: u32| form < known && commons.df(commons.lexicon().term_of_form(form)) > 0;
        let fits =
            self.forms.is_sorted_by(|one, other| one.0 < other.0) && self.forms.iter().all(|one| is_known(one.0));
        if fits { Ok(()) } else { Err(odd("word forms stand twice, or no document has them")) }
    }

    fn section(&self, commons: &Commons, numbers: &Numbers) -> Vec<u8> {
        let lexicon = commons.lexicon();
        let stems: Vec<_> = numbers.kept().map(|term| lexicon.stem(term)).collect();
        let forms: Vec<_> = self.forms.iter().map(|&(form, _)| lexicon.form(form)).collect();
        encode(&Words {
            stems: stems.iter().map(|stem| &**stem).collect(),
            forms: forms.iter().map(|form| &**form).collect(),
            terms: self.forms.iter().map(|&(form, _)| numbers.of(lexicon.term_of_form(form))).collect(),
            counts: self.forms.iter().map(|&(_, count)| count).collect(),
        })
    }
}

fn encode(columns: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(columns).expect("plain data always encodes")
}

/// New indices of the terms in use, without gaps and in their old order.
#[derive(Debug)]
struct Numbers(Vec<u32>);

const NONE: u32 = u32::MAX;

impl Numbers {
    fn new(commons: &Commons, gone: &[u32]) -> Numbers {
        let mut is_used: Vec<bool> = (0..commons.terms() as u32).map(|term| commons.df(term) > 0).collect();
        gone.iter().for_each(|&term| is_used[term as usize] = true);
        let mut next = 0..;
        Numbers(is_used.into_iter().map(|is_used| is_used.then(|| next.next()).flatten().unwrap_or(NONE)).collect())
    }

    fn of(&self, term: u32) -> u32 {
        self.0[term as usize]
    }

    // Returns the old indices of the terms in use, in order.
    fn kept(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.0.len() as u32).filter(|term| self.of(*term) != NONE)
    }
}

// Returns the section of the state. What a colony has beside its documents follows, if it has anything.
fn state(replica: &Replica) -> Vec<u8> {
    let commons = replica.commons();
    let mut section = encode(&State {
        version: VERSION,
        analyser: ANALYSER,
        tick: commons.tick(),
        exchanged: replica.exchanged(),
        digested: commons.digested(),
        failed: commons.backlog().failed(),
        now: commons.now(),
    });
    section.extend(commons.life().encode(commons.tick()).unwrap_or_default());
    section
}

/// Makes the pieces of the seats that a replica has.
#[derive(Debug)]
pub struct Pieces<'a> {
    replica: &'a Replica,
    numbers: Numbers,
}

impl<'a> Pieces<'a> {
    /// Begins. `gone` are those of the [`WordsInUse`] of the whole colony, so that all pieces have the same new
    /// indices.
    ///
    /// # Errors
    /// [`crate::Error::Wire`] if there is no such term.
    pub fn new(replica: &'a Replica, gone: &[u32]) -> Result<Pieces<'a>> {
        check(replica.commons(), gone)?;
        Ok(Pieces { replica, numbers: Numbers::new(replica.commons(), gone) })
    }

    /// Returns the piece of a seat.
    ///
    /// # Errors
    /// [`crate::Error::Wire`] if seats have no pieces of this section, or the replica does not have this seat.
    pub fn of(&self, section: Section, seat: usize) -> Result<Piece> {
        if !Section::OF_SEATS.contains(&section) || !self.replica.own().contains(&seat) {
            return Err(odd(format!("there is no piece of {section:?} of seat {seat} here")));
        }
        let mut piece = Piece::default();
        self.add(section, seat, &mut piece);
        Ok(piece)
    }

    // Adds the piece of a seat to that of the seats before it.
    fn add(&self, section: Section, seat: usize, piece: &mut Piece) {
        let (shard, numbers) = (&self.replica.shards()[seat], &self.numbers);
        match section {
            Section::Bodies => {
                let bodies: Vec<_> = shard.documents().known().collect();
                Bodies::of(bodies.iter().map(|known| (known.body, known.vector()))).write_to(piece.columns());
            }
            Section::Analyses => analyses(shard, numbers).add_to(piece),
            Section::Progress => progress(shard, numbers).add_to(piece),
            Section::Graph => graph(shard, self.replica.commons(), numbers).add_to(piece),
            Section::State | Section::Words => unreachable!("seats have no pieces of {section:?}"),
        }
    }
}

fn check(commons: &Commons, gone: &[u32]) -> Result<()> {
    let terms = commons.terms() as u32;
    let fits = gone.iter().all(|term| *term < terms);
    if fits { Ok(()) } else { Err(odd(format!("a term is beyond the {terms} that there are"))) }
}

fn analyses<'a>(shard: &'a Shard, numbers: &Numbers) -> Analyses<&'a crate::text::Sequence> {
    let (mut terms, mut titles) = (Lists::default(), Lists::default());
    for document in shard.documents().all() {
        terms.push(document.terms.iter().map(|(term, _)| numbers.of(term)));
        titles.push(document.title_terms.iter().map(|&term| numbers.of(term)));
    }
    let documents = || shard.documents().all();
    Analyses {
        terms,
        counts: documents().flat_map(|document| document.terms.iter().map(|(_, count)| count)).collect(),
        titles,
        sequences: documents().map(|document| &document.sequence).collect(),
    }
}

fn progress(shard: &Shard, numbers: &Numbers) -> Progress {
    let (mut concepts, mut unwiring) = (Lists::default(), Lists::default());
    let documents = || shard.documents().all();
    let place = |document: &Document, term: &u32| {
        let found = document.terms.find(*term);
        found.expect("a document was wired with terms of its own").0 as u32
    };
    documents().for_each(|document| concepts.push(document.concepts.iter().map(|term| place(document, term))));
    shard.unwiring().iter().for_each(|(_, terms)| unwiring.push(terms.iter().map(|&term| numbers.of(term))));
    let reinforcing = shard
        .reinforcing()
        .iter()
        .map(|(document, waiting)| (*document, waiting.iter().map(|(path, times)| (path.clone(), *times)).collect()));
    let agent =
        |agent: &crate::agents::Digester| (agent.id.birth, agent.id.parent, agent.id.ordinal, agent.taken, agent.idle);
    Progress {
        arrivals: documents().map(|document| document.arrival).collect(),
        digested: documents().map(|document| document.digested.map_or(0, |tick| 1 + u64::from(tick))).collect(),
        concepts,
        unwiring_ticks: shard.unwiring().iter().map(|(digested, _)| *digested).collect(),
        unwiring,
        reinforcing: reinforcing.collect(),
        digesters: shard.digesters().map(agent).collect(),
    }
}

fn graph(shard: &Shard, commons: &Commons, numbers: &Numbers) -> Graph {
    let mut graph = Graph::default();
    let now = commons.tick() as u32;
    let mut nodes: Vec<u32> = shard.concepts().collect();
    nodes.sort_unstable();
    for term in nodes {
        graph.terms.push(numbers.of(term));
        graph.wirings.push(shard.wirings(term, commons));
        graph.uses.push(shard.uses_of(term, commons));
        let mut row: Vec<Synapse> = shard.row(term, commons).collect();
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
