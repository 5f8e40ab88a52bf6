//! A history replayed on all cores. The steps are those of the sequential driver; what shards and documents do by
//! themselves within a step is done beside each other.

use crate::cores::cores;
use crate::lock::lock;
use crate::sync::{Mutex, beside, thread};
use phago_core::Result;
use phago_core::colony::{Colony, Step};
use phago_core::documents::Analysed;
use phago_core::input::Input;
use phago_core::life::Acted;
use phago_core::replay::Driven;
use phago_core::replica::{Placement, Raw, Replica};
use phago_core::text::Session;
use std::panic::resume_unwind;
use std::sync::Arc;

// Below this many documents, a step is done before threads have begun.
const DOCUMENTS_MIN: usize = 256;

/// A colony that is being rebuilt.
pub(crate) struct Threads {
    colony: Colony,
    // Warm ones, with the words of the colony's dictionary.
    sessions: Vec<Session>,
}

impl Threads {
    pub(super) fn of(state: Replica) -> Threads {
        Threads { colony: Colony::of(state), sessions: Vec::new() }
    }

    pub(super) fn into_state(self) -> Replica {
        self.colony.into_state()
    }

    // Takes a session for each core.
    fn sessions(&mut self) -> Vec<Session> {
        let lexicon = self.colony.state().commons().lexicon();
        self.sessions.retain(|session| Arc::ptr_eq(session.lexicon(), lexicon));
        self.sessions.resize_with(cores(), || Session::new(lexicon.clone()));
        std::mem::take(&mut self.sessions)
    }
}

impl Driven for Threads {
    fn replica(&self) -> &Replica {
        self.colony.state()
    }

    fn apply(&mut self, input: Input) -> Result<()> {
        let bodies = match input {
            Input::Ingest(bodies) if bodies.len() >= DOCUMENTS_MIN => bodies,
            input => return Driven::apply(&mut self.colony, input),
        };
        let mut sessions = self.sessions();
        let analyse = |new: Vec<Raw>| {
            let groups = split(new, sessions.len()).into_iter().zip(&mut sessions).collect();
            let analysed = |(group, session): (Vec<Raw>, &mut Session)| {
                group.into_iter().map(|raw| raw.analyse(session)).collect::<Vec<Result<Analysed>>>()
            };
            each(groups, analysed).into_iter().flatten().collect()
        };
        let done = self.colony.ingest_with_help(bodies, analyse, |work| each(work, Placement::place));
        self.sessions = sessions;
        done.map(drop)
    }

    fn tick(&mut self, acted: Option<Acted>) -> Result<()> {
        let run = |documents: usize, steps: Vec<Step<'_>>| match documents {
            0..DOCUMENTS_MIN => steps.into_iter().try_for_each(Step::take),
            _ => each(steps, Step::take).into_iter().collect(),
        };
        self.colony.tick_as(acted, run).map(drop)
    }

    fn pass(&mut self, ticks: u64) -> Result<()> {
        Driven::pass(&mut self.colony, ticks)
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}

// Cuts a list into at most this many parts of about one size, in order.
fn split<T>(mut items: Vec<T>, parts: usize) -> Vec<Vec<T>> {
    let size = items.len().div_ceil(parts.max(1)).max(1);
    let mut split = Vec::new();
    while items.len() > size {
        let rest = items.split_off(size);
        split.push(std::mem::replace(&mut items, rest));
    }
    split.push(items);
    split
}

/// Works off items on as many threads as there are cores. Returns what each gave, in order.
pub(super) fn each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let helpers = items.len().min(cores()).saturating_sub(1);
    let left = Mutex::new(items.into_iter().enumerate());
    let take = || lock(&left).next();
    let run = || std::iter::from_fn(take).map(|(at, item)| (at, work(item))).collect::<Vec<_>>();
    let mut done = thread::scope(|scope| {
        // Where no thread is to be had, the others do its part.
        let helpers: Vec<_> = (0..helpers).filter_map(|_| beside(scope, run).ok()).collect();
        let mut done = run();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|done| done.0);
    done.into_iter().map(|done| done.1).collect()
}
