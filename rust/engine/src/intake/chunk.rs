//! Documents that are ingested together. They may be read ahead: by their homes, where these are other processes; else by
//! the threads that help.

use super::looked::{Checked, Looked};
use crate::store::Prepared as Record;
use crate::sync::Arc;
use crate::work::pool::Pool;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::message::Step;
use phago_core::documents::Body;
use phago_core::{Error, Result};

// Below this, whoever ingests them has read them before a helper is awake.
const AHEAD_MIN: usize = 64;
// So many documents ahead, a text is fetched: it was written when the first of them were.
const FETCHED_AHEAD: usize = 3;

/// Documents that are ingested together, of one colony.
#[derive(Debug)]
pub struct Chunk(pub(super) Documents);

#[derive(Debug)]
pub(super) enum Documents {
    /// With the caller's index of the first.
    Here(Vec<Checked>, usize),
    Begun(Looked),
    Far(Ahead),
}

/// Steps that change together, and what was made of them ahead.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) steps: Vec<Step>,
    /// The documents that are refused already, with the caller's indices.
    pub(crate) refused: Vec<(usize, Error)>,
    /// The record of all steps.
    pub(crate) record: Option<Record>,
    /// The number by which their homes have read them.
    pub(crate) read: Option<u64>,
}

impl Ahead {
    // Checks documents.
    fn new(documents: Vec<Result<Body>>, first_index: usize) -> Ahead {
        let mut ahead = Ahead { steps: Vec::with_capacity(documents.len()), ..Ahead::default() };
        for (document, index) in documents.into_iter().zip(first_index..) {
            match document.and_then(|body| body.check(index).map(|()| body)) {
                Ok(body) => ahead.steps.push(Step::Ingest(index as u64, Arc::new(body))),
                Err(error) => ahead.refused.push((index, error)),
            }
        }
        ahead
    }
}

impl From<Step> for Ahead {
    fn from(step: Step) -> Ahead {
        Ahead { steps: vec![step], ..Ahead::default() }
    }
}

fn all_checked(documents: Vec<Result<Body>>, first_index: usize) -> Vec<Checked> {
    let (mut all, mut coming) = (Vec::with_capacity(documents.len()), documents.into_iter());
    while let Some(document) = coming.next() {
        if let Some(Ok(body)) = coming.as_slice().get(FETCHED_AHEAD) {
            body.prefetch();
        }
        all.push(checked(document, first_index + all.len()));
    }
    all
}

fn checked(document: Result<Body>, index: usize) -> Checked {
    let body = document?;
    body.check(index)?;
    Ok((body.id(), Box::new(body)))
}

impl World {
    /// Returns documents for [`World::ingest_chunk`] of this colony, with the arguments of [`World::ingest`]. Does what
    /// needs no look at the colony, so that a caller who makes the next chunk meanwhile has that done beside it.
    pub fn chunk(&self, documents: Vec<Result<Body>>, first_index: usize) -> Chunk {
        Chunk(match &self.remote {
            Some(_) => Documents::Far(Ahead::new(documents, first_index)),
            None => Documents::Here(all_checked(documents, first_index), first_index),
        })
    }

    /// Lets the workers of `pool` begin to read documents, if they are many, while those before them are ingested. A pool of
    /// one leaves that to whoever ingests them: then the calling thread does what needs no dictionary, if it `idles`
    /// meanwhile. It waits for nobody and never fails: what is not done now is done later.
    pub fn begin_chunk(&self, chunk: &mut Chunk, pool: &Pool, idles: bool) {
        if let Documents::Here(documents, first_index) = &mut chunk.0
            && (pool.max_parallelism() > 1 || idles)
            && documents.len() >= AHEAD_MIN
            && let Some(looked) = self.look_ahead(documents, *first_index, pool)
        {
            chunk.0 = Documents::Begun(looked);
        }
    }

    /// Does what can be done for documents while those before them are ingested: their homes, where they are other
    /// processes, read them. It never fails: what is not done now is done later.
    pub fn read_ahead(&self, chunk: &mut Chunk, cancel: &Cancel) {
        if let (Some(remote), Documents::Far(ahead)) = (&self.remote, &mut chunk.0) {
            remote.read_ahead(self, ahead, cancel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::looked::Fate;
    use super::*;
    use phago_core::config::ColonyConfig;
    use phago_core::ring::Ring;

    // Returns how many documents of these texts have outlines once a chunk of them is begun.
    fn outlined(texts: &[String], threads: usize, idles: bool) -> usize {
        let world = World::new(ColonyConfig::default(), Ring::new(2, 150)).unwrap();
        let bodies = texts.iter().map(|text| Ok(Body { text: text.as_str().into(), ..Body::default() }));
        let mut chunk = world.chunk(bodies.collect(), 0);
        world.begin_chunk(&mut chunk, &Pool::new(threads), idles);
        let Documents::Begun(looked) = chunk.0 else { return 0 };
        looked.fates.iter().filter(|fate| matches!(fate, Fate::Raw(_, _, Some(_)))).count()
    }

    #[test]
    fn a_thread_that_idles_makes_outlines_where_nobody_helps() {
        let texts: Vec<String> = (0..AHEAD_MIN).map(|at| format!("ion pump {at}")).collect();
        assert_eq!(outlined(&texts, 1, true), AHEAD_MIN);
        assert_eq!(
            [(1, false), (2, true), (2, false)].map(|(threads, idles)| outlined(&texts, threads, idles)),
            [0; 3]
        );
        assert_eq!(outlined(&texts[1..], 1, true), 0);
        // No more than take a few megabytes.
        let long: Vec<String> = (0..AHEAD_MIN).map(|at| format!("{at} {}", "ion ".repeat(1 << 17))).collect();
        assert_eq!(outlined(&long, 1, true), 15);
    }
}
