//! Analysis of texts on several threads, with warm analysers.

use crate::lock::lock;
use crate::sync::{Arc, Mutex};
use crate::work::job::message;
use crate::work::pool::{Mapping, Pool};
use phago_core::documents::{Analysed, Body};
use phago_core::ids::DocumentId;
use phago_core::input::Forms;
use phago_core::text::{Lexicon, Outline, Session};
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

// How many documents a thread analyses at once: enough to hide the hand-over, and so few that a phase that waits for a
// helper waits milliseconds.
const GROUP_DOCUMENTS: usize = 16;
const GROUP_BYTES: usize = 256 << 10;
// The most warm sessions kept; each remembers up to a million word forms.
const SESSIONS_MAX: usize = 16;

/// A body to be analysed.
pub(super) struct Raw {
    /// The index by which errors name it.
    pub(super) index: usize,
    pub(super) id: DocumentId,
    pub(super) body: Box<Body>,
    /// Its outline, if it was made.
    pub(super) outline: Option<Outline>,
}

/// Warm analysers, each lent to one thread at a time. Each numbers words by one lexicon; it is useless once the colony
/// has another one.
#[derive(Default)]
pub(crate) struct Sessions {
    idle: Mutex<Vec<Session>>,
}

impl Sessions {
    /// Keeps all sessions from being lent while the returned value lives.
    #[cfg(test)]
    pub(super) fn held(&self) -> impl Drop + '_ {
        lock(&self.idle)
    }

    pub(crate) fn take(&self, lexicon: &Arc<Lexicon>) -> Session {
        let mut idle = lock(&self.idle);
        // Under the same lock: another one may be given back at any moment.
        keep_those_of(lexicon, &mut idle);
        idle.pop().unwrap_or_else(|| Session::new(lexicon.clone()))
    }

    /// Drops sessions of other lexicons: each keeps all words it knows alive. Those of this one whose words have other
    /// indices by now go too.
    pub(crate) fn drop_all_but(&self, lexicon: &Arc<Lexicon>) {
        keep_those_of(lexicon, &mut lock(&self.idle));
    }

    pub(crate) fn give(&self, session: Session) {
        let mut idle = lock(&self.idle);
        if idle.len() < SESSIONS_MAX {
            idle.push(session);
        }
    }

    /// Returns the word forms of a text with their counts.
    pub(super) fn forms(&self, lexicon: &Arc<Lexicon>, title: &str, text: &str) -> Forms {
        let mut session = self.take(lexicon);
        let forms = session.analyse(title, text).into_forms();
        self.give(session);
        forms
    }

    /// Analyses one body on the calling thread.
    pub(super) fn analyse(&self, lexicon: &Arc<Lexicon>, id: DocumentId, body: Box<Body>) -> Result<Analysed> {
        let mut session = self.take(lexicon);
        let analysed = analyse_with(&mut session, Raw { index: 0, id, body, outline: None });
        self.give(session);
        analysed
    }

    /// Begins to analyse bodies by the workers of a pool. Without one, nothing is done before it is finished.
    pub(super) fn begin_all(
        self: &Arc<Self>,
        lexicon: &Arc<Lexicon>,
        bodies: Vec<Raw>,
        pool: Option<&Pool>,
    ) -> Analysing {
        let (sessions, lexicon) = (self.clone(), lexicon.clone());
        let analyse = move |group: Vec<Raw>| -> Vec<Result<Analysed>> {
            let mut session = sessions.take(&lexicon);
            let done = group.into_iter().map(|raw| analyse_with(&mut session, raw)).collect();
            sessions.give(session);
            done
        };
        let groups = groups(bodies);
        match pool {
            Some(pool) => Analysing::Begun(pool.begin_map(groups, analyse)),
            None => Analysing::Waiting(groups, Box::new(analyse)),
        }
    }

    /// Analyses bodies on the calling thread and the workers of a pool. Returns them in their order.
    pub(super) fn analyse_all(
        self: &Arc<Self>,
        lexicon: &Arc<Lexicon>,
        bodies: Vec<Raw>,
        pool: Option<&Pool>,
    ) -> impl Iterator<Item = Result<Analysed>> + use<> {
        self.begin_all(lexicon, bodies, pool).finish()
    }
}

type Group = Vec<Raw>;
type Done = Vec<Result<Analysed>>;

/// Bodies that are analysed.
pub(super) enum Analysing {
    Begun(Mapping<Group, Done>),
    Waiting(Vec<Group>, Box<dyn Fn(Group) -> Done + Send>),
}

impl Analysing {
    /// Does what is left, with the calling thread. Returns what was analysed, in the order of the bodies.
    pub(super) fn finish(self) -> impl Iterator<Item = Result<Analysed>> + use<> {
        let done = match self {
            // Panics are caught document by document, so none reaches the pool.
            Analysing::Begun(mapping) => {
                mapping.finish().unwrap_or_else(|panic| resume_unwind(Box::new(panic.message)))
            }
            Analysing::Waiting(groups, analyse) => groups.into_iter().map(analyse).collect(),
        };
        done.into_iter().flatten()
    }
}

fn keep_those_of(lexicon: &Arc<Lexicon>, sessions: &mut Vec<Session>) {
    sessions.retain(|session| Arc::ptr_eq(session.lexicon(), lexicon) && session.is_current());
}

fn analyse_with(session: &mut Session, Raw { index, id, body, outline }: Raw) -> Result<Analysed> {
    let analyse = || Box::new(session.analyse_outlined(&body.title, &body.text, outline));
    let analysis = catch_unwind(AssertUnwindSafe(analyse));
    match analysis {
        Ok(analysis) => Analysed::of(id, body, index, analysis),
        Err(panic) => {
            // Else, counts that the session began for this text would go to the next one.
            *session = Session::new(session.lexicon().clone());
            let reason = format!("made the analyser fail: {}", message(panic));
            let id = body.key.as_deref().map(str::to_owned);
            Err(Error::InvalidDocument { index, id, field: "text".into(), reason })
        }
    }
}

fn groups(bodies: Vec<Raw>) -> Vec<Vec<Raw>> {
    let mut groups: Vec<Vec<Raw>> = Vec::new();
    let mut bytes = 0;
    for raw in bodies {
        let more = raw.body.text.len();
        match groups.last_mut() {
            Some(group) if group.len() < GROUP_DOCUMENTS && bytes < GROUP_BYTES => {
                bytes += more;
                group.push(raw);
            }
            _ => {
                bytes = more;
                groups.push(vec![raw]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    // Others give sessions back at any moment, also such as number words by a dictionary that the colony had before.
    #[test]
    fn a_session_that_is_lent_numbers_words_as_asked() {
        let (sessions, lexicons) = (Sessions::default(), [Arc::new(Lexicon::default()), Arc::new(Lexicon::default())]);
        let is_other = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for lexicon in &lexicons {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let session = sessions.take(lexicon);
                        is_other.fetch_or(!Arc::ptr_eq(session.lexicon(), lexicon), Ordering::Relaxed);
                        sessions.give(session);
                    }
                });
            }
        });
        assert!(!is_other.into_inner());
    }
}
