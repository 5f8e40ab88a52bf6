//! The documents that stand, as the sentinel looks at them: in the order of the ticks that digested them.

use super::holders::Holders;
use super::lists::Lists;
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::ids::{NodeId, Tick};
use crate::maps::Set;
use crate::sentinel::{Alarm, COUNT_MIN, Pair, Rule, Sentinel};

/// The concepts that were raised, each with a tick that activated it then.
pub(super) type Raised = Set<(NodeId, Tick)>;

/// A history, and the sentinel that knows its beats. One concept is judged after the other, and then its pairs with those
/// of larger places. So beside the lists there are their numbers turned round, and at most as much again for the pairs of
/// that one concept.
pub(super) struct History<'a> {
    lists: &'a Lists,
    pairs: &'a Pairs,
    /// The sentinel.
    pub(super) sentinel: Sentinel,
    holders: Holders,
    // By document: the beat that digested it.
    beats: Vec<u32>,
    /// By document: how many of its concepts no document had wired in an earlier beat.
    pub(super) brought: Vec<u32>,
    /// For each concept, in order, the beat that wired it first.
    pub(super) new: Vec<u32>,
}

impl<'a> History<'a> {
    /// Returns the history of lists, of which `pairs` has the concepts.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a rule outside of its bounds; [`crate::Error::Cancelled`], as below.
    pub(super) fn of(lists: &'a Lists, pairs: &'a Pairs, rule: Rule, pace: &mut Pace<'_>) -> Result<History<'a>> {
        let mut sentinel = Sentinel::new(rule)?;
        let mut order: Vec<u32> = (0..lists.len() as u32).collect();
        order.sort_by_key(|document| lists.tick(*document as usize));
        let (mut beats, mut brought) = (vec![0; lists.len()], vec![0; lists.len()]);
        let (mut new, mut is_known) = (Vec::new(), vec![false; pairs.concepts.len()]);
        for digested in order.chunk_by(|one, next| lists.tick(*one as usize) == lists.tick(*next as usize)) {
            let list = |document: &u32| lists.list(*document as usize);
            let beat = sentinel.beat(lists.tick(digested[0] as usize), digested.iter().map(|one| list(one).len()));
            for document in digested {
                pace.steps(1 + list(document).len())?;
                let unknown = list(document).iter().filter(|entry| !is_known[entry.place as usize]);
                brought[*document as usize] = unknown.count() as u32;
                beats[*document as usize] = beat;
            }
            let first = |place: &u32| !std::mem::replace(&mut is_known[*place as usize], true);
            let places = digested.iter().flat_map(list).map(|entry| entry.place);
            new.extend(places.filter(first).map(|_| beat));
        }
        let holders = Holders::of(lists, pairs.concepts.len(), &order, pace)?;
        Ok(History { lists, pairs, sentinel, holders, beats, brought, new })
    }

    /// Returns the alarms of concepts, and when which of them were raised.
    pub(super) fn concepts(&self, pace: &mut Pace<'_>) -> Result<(Vec<Alarm>, Raised)> {
        let (mut alarms, mut raised) = (Vec::new(), Raised::default());
        let mut beats: Vec<u32> = Vec::new();
        for (place, concept) in (0..).zip(&self.pairs.concepts) {
            let documents = self.holders.holding(place);
            pace.steps(1 + documents.len())?;
            beats.clear();
            beats.extend(documents.iter().map(|&document| self.beats[document as usize]));
            let told = self.sentinel.concept(concept.id, &beats);
            alarms.extend(told.alarms);
            raised.extend(told.raised.into_iter().map(|tick| (concept.id, tick)));
        }
        Ok((alarms, raised))
    }

    /// Returns the alarms of pairs.
    pub(super) fn pairs(&self, pace: &mut Pace<'_>) -> Result<Vec<Alarm>> {
        // Of what is in fewer documents nothing is ever told, and that is most.
        let is_watched = |place: u32| self.holders.holding(place).len() as u64 >= COUNT_MIN;
        let (mut alarms, mut beats) = (Vec::new(), Vec::new());
        // The other concepts of each document with a concept, with its beat.
        let mut others: Vec<(u32, u32)> = Vec::new();
        for place in (0..self.pairs.concepts.len() as u32).filter(|place| is_watched(*place)) {
            others.clear();
            for &document in self.holders.holding(place) {
                let list = self.lists.list(document as usize);
                let larger = &list[list.partition_point(|entry| entry.place <= place)..];
                pace.steps(1 + larger.len())?;
                let watched = larger.iter().map(|entry| entry.place).filter(|place| is_watched(*place));
                others.extend(watched.map(|place| (place, self.beats[document as usize])));
            }
            others.sort_unstable();
            let together = others.chunk_by(|one, next| one.0 == next.0);
            for together in together.filter(|together| together.len() as u64 >= COUNT_MIN) {
                pace.steps(together.len())?;
                beats.clear();
                beats.extend(together.iter().map(|(_, beat)| *beat));
                let pair = Pair::new(self.pairs.id(place), self.pairs.id(together[0].0));
                alarms.extend(pair.into_iter().flat_map(|pair| self.sentinel.pair(pair, &beats).alarms));
            }
        }
        Ok(alarms)
    }
}
