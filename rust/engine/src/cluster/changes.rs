//! Changes of a colony whose documents are on nodes: judged at their homes, logged, and applied everywhere.

use super::reach::Reach;
use super::remote::{Driving, Remote};
use crate::intake::chunk::Ahead;
use crate::intake::ingest::{Ingested, OnError};
use crate::intake::many::UpdatedAll;
use crate::journal::{INPUT, documents_of_input};
use crate::store::Prepared as Record;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, MutexGuard, beside};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::Settled;
use phago_core::cluster::message::{Fate, Step};
use phago_core::documents::Body;
use phago_core::ids::DocumentId;
use phago_core::input::{Change, Input, Outcome, Prepared, Updated};
use phago_core::life::Deed;
use phago_core::query::{FoundDocument, Homes};
use phago_core::read::documents;
use phago_core::reinforcement::Reinforcement;
use phago_core::{Error, Result};
use std::panic::resume_unwind;

// How often a change is judged again after nodes were lost.
const RETRIES_MAX: usize = 3;
// Fewer documents are compressed, and are on the disk, before a thread has begun.
const LONG_MIN: usize = 64;

// What the homes said of a change, with the lock under which it is applied and the way to the nodes.
type Judged<'a> = (MutexGuard<'a, Driving>, Reach<'a>, Settled);

impl Remote {
    /// Does what [`World::ingest`] does.
    pub(crate) fn ingest(&self, world: &World, mut ahead: Ahead, on_error: OnError) -> Result<Ingested> {
        world.check_writable()?;
        let mut refused = std::mem::take(&mut ahead.refused);
        let dimension = self.admit(world, &mut ahead, &mut refused)?;
        let mut report = Ingested::default();
        self.change(world, ahead, |steps, fates| {
            let mut new = Vec::with_capacity(steps.len());
            for (step, fate) in steps.into_iter().zip(fates) {
                let Step::Ingest(index, body) = step else { unreachable!("all were made right here") };
                let (index, body) = (index as usize, Arc::unwrap_or_clone(body));
                match fate {
                    Fate::New { too_long } => {
                        if *too_long > 0 {
                            report.unindexed.push((index, body.key.as_deref().map(str::to_owned), *too_long));
                        }
                        new.push(body);
                    }
                    Fate::Taken => refused.push((index, body.taken(index))),
                    Fate::TooManyWords => refused.push((index, body.too_many_words(index))),
                    _ => report.unchanged += 1,
                }
            }
            refused.sort_by_key(|refused| refused.0);
            if on_error == OnError::Raise && !refused.is_empty() {
                return Err(refused.swap_remove(0).1);
            }
            // Perhaps another caller's vectors were the first ones meanwhile.
            check_dimension(world, &new, dimension)?;
            report.accepted = new.len() as u64;
            Ok((!new.is_empty()).then_some(Input::Ingest(new)))
        })?;
        report.rejected = refused.into_iter().map(|refused| refused.1).collect();
        Ok(report)
    }

    /// Does what [`World::update_all`] does, with a sync for each document.
    pub(crate) fn update_all(
        &self,
        world: &World,
        documents: Vec<Result<Body>>,
        first_index: usize,
        on_error: OnError,
        cancel: &Cancel,
    ) -> Result<UpdatedAll> {
        let checked = documents.into_iter().zip(first_index..);
        let checked = checked.map(|(document, index)| document.and_then(|body| body.check_named(index).map(|()| body)));
        let checked: Vec<Result<Arc<Body>>> = checked.map(|document| document.map(Arc::new)).collect();
        if on_error == OnError::Raise {
            self.refuse_as_a_whole(world, &checked, first_index)?;
        }
        let mut report = UpdatedAll::default();
        for (document, index) in checked.into_iter().zip(first_index..) {
            cancel.poll()?;
            match document.and_then(|body| self.update_at(world, body, index)) {
                Ok(Updated::New) => report.new += 1,
                Ok(Updated::Changed) => report.changed += 1,
                Ok(Updated::Unchanged) => report.unchanged += 1,
                Err(error @ Error::InvalidDocument { .. }) if on_error == OnError::Skip => report.rejected.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    // Returns the error of the first document that would be refused, if there is one. The homes are asked, and change
    // nothing.
    fn refuse_as_a_whole(&self, world: &World, documents: &[Result<Arc<Body>>], first_index: usize) -> Result<()> {
        let (mut indices, mut steps, mut first) = (Vec::new(), Vec::new(), None);
        for (index, document) in (first_index..).zip(documents) {
            match document {
                Ok(body) => {
                    indices.push(index);
                    steps.push(Step::Update(body.clone()));
                }
                Err(error) => first = first.or(Some((index, error.clone()))),
            }
        }
        let mut space = world.read(|state| state.commons().life().space().clone())?;
        self.change(world, Ahead { steps, ..Ahead::default() }, |steps, fates| {
            for ((step, fate), index) in steps.iter().zip(fates).zip(indices) {
                let Step::Update(body) = step else { unreachable!("all were made right here") };
                let judged = space.admit(body, index).and_then(|()| match fate {
                    Fate::Taken => Err(body.named_as_another(index)),
                    Fate::TooManyWords => Err(body.too_many_words(index)),
                    _ => Ok(()),
                });
                if let Err(error) = judged {
                    first = first.take().filter(|(before, _)| *before < index).or(Some((index, error)));
                    break;
                }
                if !matches!(fate, Fate::Unchanged) {
                    space.meet(body);
                }
            }
            Ok(None)
        })?;
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Does what [`World::update`] does.
    pub(crate) fn update(&self, world: &World, document: Body) -> Result<Updated> {
        document.check_named(0)?;
        self.update_at(world, Arc::new(document), 0)
    }

    // Refuses the documents whose vectors have another number of numbers than those of the colony, or than that of the
    // first new document that has one. What was read ahead is then read again. Returns that number, if it is certain.
    fn admit(&self, world: &World, ahead: &mut Ahead, refused: &mut Vec<(usize, Error)>) -> Result<Option<u32>> {
        let mut space = world.read(|state| state.commons().life().space().clone())?;
        let is_open = space.dimension().is_none() && are_of_several_dimensions(&ahead.steps);
        let first = if is_open { self.first_new_vector(world, &ahead.steps)? } else { Some(0) };
        let count = ahead.steps.len();
        ahead.steps.retain(|step| {
            let Step::Ingest(index, body) = step else { return true };
            // The documents before it with vectors are not new.
            if first.is_none_or(|first| *index < first) {
                return true;
            }
            let admitted = space.admit(body, *index as usize);
            space.meet(body);
            admitted.map_err(|error| refused.push((*index as usize, error))).is_ok()
        });
        if ahead.steps.len() < count {
            (ahead.record, ahead.read) = (None, None);
        }
        Ok(space.dimension().filter(|_| !is_open))
    }

    // Asks the homes which document is the first that is new and has a vector. Returns its index.
    fn first_new_vector(&self, world: &World, steps: &[Step]) -> Result<Option<u64>> {
        let mut first = None;
        self.change(world, Ahead { steps: steps.to_vec(), ..Ahead::default() }, |steps, fates| {
            first = steps.iter().zip(fates).find_map(|judged| match judged {
                (Step::Ingest(index, body), Fate::New { .. }) if body.vector.is_some() => Some(*index),
                _ => None,
            });
            Ok(None)
        })?;
        Ok(first)
    }

    fn update_at(&self, world: &World, document: Arc<Body>, index: usize) -> Result<Updated> {
        let mut updated = Updated::Unchanged;
        world.read(|state| state.commons().life().space().admit(&document, index))??;
        self.change(world, Step::Update(document).into(), |mut steps, fates| {
            let Some(Step::Update(body)) = steps.pop() else { unreachable!("it was made right here") };
            let body = Arc::unwrap_or_clone(body);
            updated = match fates[0] {
                Fate::New { .. } => Updated::New,
                Fate::Changed(_) | Fate::Renewed(_) => Updated::Changed,
                Fate::Taken => return Err(body.named_as_another(index)),
                Fate::TooManyWords => return Err(body.too_many_words(index)),
                _ => return Ok(None),
            };
            check_dimension(world, std::slice::from_ref(&body), None)?;
            Ok(Some(Input::Update(body)))
        })?;
        Ok(updated)
    }

    /// Does what [`World::delete`] does.
    pub(crate) fn delete(&self, world: &World, key: &str) -> Result<bool> {
        match self.named(world, key)? {
            Some((id, _)) => self.delete_by_id(world, id),
            None => Ok(false),
        }
    }

    pub(crate) fn delete_by_id(&self, world: &World, id: DocumentId) -> Result<bool> {
        let mut deleted = false;
        self.change(world, Step::Delete(id).into(), |_, fates| {
            deleted = matches!(fates[0], Fate::Deleted(_));
            Ok(deleted.then_some(Input::Delete(id)))
        })?;
        Ok(deleted)
    }

    /// Reinforces a document.
    pub(crate) fn reinforce(&self, world: &World, id: DocumentId, path: Reinforcement, times: u64) -> Result<bool> {
        let mut is_there = false;
        self.change(world, Step::Reinforce(id, path.clone(), times).into(), |_, fates| {
            is_there = matches!(fates[0], Fate::Reinforced(_));
            Ok(is_there.then_some(Input::Reinforce { id, path, times }))
        })?;
        Ok(is_there)
    }

    /// Does what [`World::tell_time`] does.
    pub(crate) fn tell_time(&self, world: &World, now: i64) -> Result<bool> {
        world.check_writable()?;
        let driving = self.drive(world)?;
        if world.state()?.commons().now() >= Some(now) {
            return Ok(false);
        }
        let sequence = append(world, &Input::Now(now))?;
        world.state_mut()?.apply(Prepared { change: Change::Now(now), outcome: Outcome::Told(true) });
        drop(driving);
        keep(world, sequence)?;
        Ok(true)
    }

    /// Does what [`World::live`] does: only the driver has it.
    pub(crate) fn live(&self, world: &World, deed: Deed) -> Result<()> {
        world.check_writable()?;
        let driving = self.drive(world)?;
        world.state()?.commons().life().check(&deed, [])?;
        let sequence = append(world, &Input::Life(deed.clone()))?;
        world.state_mut()?.apply(Prepared { change: Change::Life(deed), outcome: Outcome::Done });
        drop(driving);
        keep(world, sequence)
    }

    /// Returns the identity of the document of a name, with what is stored of it.
    ///
    /// # Errors
    /// Those of [`Remote::asking`].
    pub(crate) fn named(&self, world: &World, name: &str) -> Result<Option<(DocumentId, FoundDocument)>> {
        self.asking(world, &Cancel::new(), |mut far| {
            let Some((spot, id)) = documents::find(&mut far, name)? else { return Ok(None) };
            Ok(far.documents(&[(spot, 0.0)])?.pop().map(|document| (id, document)))
        })
    }

    // Has the homes judge steps. `accept` turns what they say into the input that is logged; `None` if nothing changes.
    // It is then applied everywhere.
    fn change(
        &self,
        world: &World,
        ahead: Ahead,
        accept: impl FnOnce(Vec<Step>, &[Fate]) -> Result<Option<Input>>,
    ) -> Result<()> {
        world.check_writable()?;
        let Ahead { steps, record, read, .. } = ahead;
        if steps.is_empty() {
            return accept(steps, &[]).map(drop);
        }
        let cancel = Cancel::new();
        let ((mut driving, reach, settled), early) = match record {
            Some(record) => (self.judged(world, &steps, read, &cancel)?, Some(record)),
            None => self.judged_and_recorded(world, &steps, read, &cancel)?,
        };
        let count = steps.len();
        let input = match accept(steps, &settled.fates) {
            Ok(Some(input)) => input,
            none => {
                let discarded = driving.driver.discard(&reach);
                self.check(&mut driving, &reach, &discarded);
                return none.map(drop);
            }
        };
        // Unless a document was refused or was there, the early record is right.
        let is_whole = matches!(&input, Input::Ingest(new) if new.len() == count);
        let appended = match early.filter(|_| is_whole) {
            Some(record) => append_record(world, &record, &input),
            None => append(world, &input),
        };
        let sequence = match appended {
            Ok(sequence) => sequence,
            Err(error) => {
                let discarded = driving.driver.discard(&reach);
                self.check(&mut driving, &reach, &discarded);
                return Err(error);
            }
        };
        let kept = if count >= LONG_MIN { keep_beside(world, sequence, input) } else { None };
        let applied = {
            let mut state = world.state_mut()?;
            let applied = driving.driver.apply(&mut state, &reach, settled);
            self.note(&driving);
            applied
        };
        self.check(&mut driving, &reach, &applied);
        if applied.is_err() {
            // It is in the log: nodes that are made again from there have it.
            drop(driving);
            driving = self.drive(world)?;
        }
        self.checkpoint_if_due(world, &mut driving);
        drop(driving);
        match kept.map(JoinHandle::join) {
            Some(Ok(kept)) => kept,
            Some(Err(panic)) => resume_unwind(panic),
            None => keep(world, sequence),
        }
    }

    // Has the homes judge steps. Documents are compressed for the log meanwhile.
    fn judged_and_recorded<'a>(
        &'a self,
        world: &World,
        steps: &[Step],
        read: Option<u64>,
        cancel: &'a Cancel,
    ) -> Result<(Judged<'a>, Option<Record>)> {
        let is_long = world.journal.is_some() && steps.len() >= LONG_MIN;
        thread::scope(|scope| {
            let early = is_long.then(|| beside(scope, || record_of(steps)));
            let judged = self.judged(world, steps, read, cancel)?;
            // Where no thread is to be had, the record is made later.
            let early = early.and_then(|early| early.ok()?.join().ok()).flatten();
            Ok((judged, early))
        })
    }

    fn judged<'a>(
        &'a self,
        world: &World,
        steps: &[Step],
        read: Option<u64>,
        cancel: &'a Cancel,
    ) -> Result<Judged<'a>> {
        let mut tried = 0;
        loop {
            let mut driving = self.drive(world)?;
            let reach = self.way(&driving, world, cancel);
            let settled = driving.driver.prepare(&*world.state()?, &reach, steps, read);
            self.check(&mut driving, &reach, &settled);
            match settled {
                Ok(settled) => return Ok((driving, reach, settled)),
                // Nothing was logged: it is judged again by nodes that are made again.
                Err(_) if !reach.lost().is_empty() && tried < RETRIES_MAX => tried += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn way<'a>(&'a self, driving: &Driving, world: &World, cancel: &'a Cancel) -> Reach<'a> {
        Reach::new(self, driving.epoch, world.tick() + 1, self.wait(), cancel)
    }

    // Notes lost nodes. After a refusal nobody knows what the nodes hold, either.
    pub(super) fn check<T>(&self, driving: &mut MutexGuard<'_, Driving>, reach: &Reach<'_>, done: &Result<T>) {
        let lost = reach.lost();
        let is_odd = matches!(done, Err(Error::BarrierFailed { .. } | Error::Wire { .. }));
        if !lost.is_empty() || is_odd {
            self.give_up(driving, lost);
        }
    }
}

// Returns the record of documents that are all new.
pub(super) fn record_of(steps: &[Step]) -> Option<Record> {
    let bodies = steps.iter().map(|step| match step {
        Step::Ingest(_, body) => Some(&**body),
        _ => None,
    });
    Record::new(INPUT, Input::encode_ingest(bodies.collect::<Option<_>>()?)).ok()
}

// Appends an input to the log, if there is one.
fn append(world: &World, input: &Input) -> Result<Option<u64>> {
    if world.journal.is_none() {
        return Ok(None);
    }
    append_record(world, &Record::new(INPUT, input.encode())?, input)
}

fn append_record(world: &World, record: &Record, input: &Input) -> Result<Option<u64>> {
    let Some(journal) = &world.journal else { return Ok(None) };
    journal.append(record, documents_of_input(input)).map(Some)
}

// Begins to make durable what was appended, while the nodes apply it, and frees it. `None` if there is no log, or no
// thread.
fn keep_beside(world: &World, sequence: Option<u64>, input: Input) -> Option<JoinHandle<Result<()>>> {
    let (journal, sequence) = (Arc::clone(world.journal.as_ref()?), sequence?);
    let keep = move || {
        let kept = journal.keep(sequence);
        drop(input);
        kept
    };
    thread::Builder::new().name("phago-log".into()).spawn(keep).ok()
}

// Waits until what was appended is durable.
fn keep(world: &World, sequence: Option<u64>) -> Result<()> {
    match (&world.journal, sequence) {
        (Some(journal), Some(sequence)) => journal.keep(sequence),
        _ => Ok(()),
    }
}

fn are_of_several_dimensions(steps: &[Step]) -> bool {
    let mut dimensions = steps.iter().filter_map(|step| match step {
        Step::Ingest(_, body) => Some(body.vector.as_ref()?.dimension()),
        _ => None,
    });
    let first = dimensions.next();
    dimensions.any(|other| Some(other) != first)
}

// Refuses documents whose vectors have another number of numbers than those of the colony, or than each other, where that
// was another when they were looked at.
fn check_dimension(world: &World, documents: &[Body], looked: Option<u32>) -> Result<()> {
    let mut space = world.read(|state| state.commons().life().space().clone())?;
    if looked.is_some() && space.dimension() == looked {
        return Ok(());
    }
    documents.iter().zip(0..).try_for_each(|(document, index)| {
        space.admit(document, index)?;
        space.meet(document);
        Ok(())
    })
}
