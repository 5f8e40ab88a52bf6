//! Reinforcement: a document that helped is reported at once, or when the running tick ends, and takes effect in the
//! next tick.

use super::enter::Standing;
use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::documents::Known;
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Change, Outcome, Prepared};
use phago_core::reinforcement::Reinforcement;

/// A document that helped, as it was found: its name, its content, and the concepts that led to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Helped {
    /// The caller's id, or the identity in hexadecimal of a document without one.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Labels of the concepts on its path, each with the question's words that led there, the strongest first.
    pub path: Vec<(String, Vec<String>)>,
}

impl World {
    /// Learns from a document that helped. Each concept of its path counts one use. The next tick strengthens the
    /// synapses between a word of the question and the concepts it led to.
    ///
    /// Returns `false` and changes nothing if the document is gone or has changed, or if its path holds no word. While
    /// a tick runs, this waits for its end.
    ///
    /// # Errors
    /// [`phago_core::Error::Limit`] if too much waits for the next tick. Then nothing changes.
    pub fn reinforce(&self, helped: &Helped) -> Result<bool> {
        let path = helped.path.iter().map(|(label, words)| (&**label, &**words));
        let mut session = self.sessions.take(&self.lexicon()?);
        let path = Reinforcement::new(path, |word| session.concept(word));
        self.sessions.give(session);
        let Some(path) = path else { return Ok(false) };
        let same = |body: Known<'_>| *body.title == *helped.title && *body.text == *helped.text;
        if let Some(remote) = &self.remote {
            return match remote.named(self, &helped.name)? {
                Some((id, found)) if *found.title == helped.title && *found.text == helped.text => {
                    remote.reinforce(self, id, path, 1)
                }
                _ => Ok(false),
            };
        }
        let found =
            |standing: Standing<'_>| standing.named(&helped.name).filter(|id| standing.body(*id).is_some_and(same));
        Ok(self.strengthen(found, path, 1)? == Outcome::Reinforced(true))
    }

    /// Does what [`World::reinforce`] does, for a document of one shard.
    ///
    /// # Errors
    /// [`phago_core::Error::RoutingFailed`] naming the home of a document of another shard, and those of
    /// [`World::reinforce`].
    pub fn reinforce_in(&self, shard: ShardId, helped: &Helped) -> Result<bool> {
        self.check_home(shard, &helped.name)?;
        self.reinforce(helped)
    }

    pub(super) fn reinforce_by_id(&self, id: DocumentId, path: Reinforcement, times: u64) -> Result<Outcome> {
        if let Some(remote) = &self.remote {
            return remote.reinforce(self, id, path, times).map(Outcome::Reinforced);
        }
        self.strengthen(|standing| standing.body(id).map(|_| id), path, times)
    }

    fn strengthen(
        &self,
        find: impl Fn(Standing<'_>) -> Option<DocumentId>,
        path: Reinforcement,
        times: u64,
    ) -> Result<Outcome> {
        let inputs = lock(&self.inputs);
        let state = self.state()?;
        let found = find(Standing { state: &state, pending: &inputs.pending });
        let Some(id) = found else { return Ok(Outcome::Reinforced(false)) };
        if !inputs.pending.has_reinforcement(id, &path) {
            state.check_reinforcement(id, &path, inputs.pending.reinforcing())?;
        }
        drop(state);
        let prepared = Prepared { change: Change::Reinforce { id, path, times }, outcome: Outcome::Reinforced(true) };
        self.enter(inputs, prepared, None, None)
    }
}
