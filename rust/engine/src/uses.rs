//! Learning from use: what helped is told at once, or when the tick under way ends, and takes effect in the next tick.

use crate::changes::named;
use crate::pool::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::ids::ShardId;
use phago_core::reinforcement::Reinforcement;

/// A document that helped, as it was found: how it is named, what it said, and which concepts led there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Helped {
    /// The caller's id, or the identity in hexadecimal of a document without one.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Labels of the concepts on its path, each with the question's words that led there, most first.
    pub path: Vec<(String, Vec<String>)>,
}

impl World {
    /// Learn from a document that helped. Each concept of its path counts one use, and the synapses between a word of
    /// the question and the concepts it led to are strengthened in the next tick.
    ///
    /// `false`, and nothing is done, when the document is gone or has changed, or when its path holds no word. While a
    /// tick is made, this waits for its end.
    ///
    /// # Errors
    /// [`phago_core::Error::Limit`] when too much waits for the next tick. Then nothing changes.
    pub fn reinforce(&self, helped: &Helped) -> Result<bool> {
        let path = helped.path.iter().map(|(label, words)| (&**label, &**words));
        let mut session = self.sessions.take();
        let reinforcement = Reinforcement::new(path, |word| session.concept(word));
        self.sessions.give(session);
        let Some(reinforcement) = reinforcement else { return Ok(false) };
        let mut inputs = lock(&self.inputs);
        let state = self.state()?;
        let Some(id) = named(&state, &inputs.pending, &helped.name) else { return Ok(false) };
        let same = |title: &str, text: &str| *title == *helped.title && *text == *helped.text;
        let stands = match inputs.pending.standing(id) {
            None => state.document(id).is_some_and(|found| same(&found.title, &found.text)),
            Some(waiting) => waiting.is_some_and(|found| same(&found.title, &found.text)),
        };
        if !stands {
            return Ok(false);
        }
        if !inputs.pending.has_reinforcement(id, &reinforcement) {
            state.check_reinforcement(id, &reinforcement, inputs.pending.reinforcing())?;
        }
        drop(state);
        if inputs.is_running() {
            inputs.pending.reinforce(id, reinforcement);
            return Ok(true);
        }
        Ok(self.state_mut()?.reinforce(id, reinforcement, 1))
    }

    /// [`World::reinforce`] for a document of one shard.
    ///
    /// # Errors
    /// [`phago_core::Error::RoutingFailed`] naming the home of a document that lives elsewhere, and those of
    /// [`World::reinforce`].
    pub fn reinforce_in(&self, shard: ShardId, helped: &Helped) -> Result<bool> {
        self.check_home(shard, &helped.name)?;
        self.reinforce(helped)
    }
}
