//! What departed from normal in the history of a colony.
//!
//! The sentinel looks at the ticks that digested documents, one after the other. All that it learns follows from the
//! documents that stand, with the ticks that digested them: so nothing of it is kept, a tick costs nothing for it, and a
//! document that is deleted was never seen. A document that is updated is seen when its new content is digested.

use super::history::History;
use super::lists::Lists;
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;
use crate::sentinel::{Alarm, Anomaly, Bearer, LEARNING, Rule, group};

/// Returns what departed from normal, in the order of the first alarms, by the documents that stand.
///
/// # Errors
/// [`crate::Error::Cancelled`] once the flag is set; [`crate::Error::Config`] for a rule outside of its bounds.
pub fn anomalies(lists: &Lists, pairs: &Pairs, rule: Rule, cancel: &Cancel) -> Result<Vec<Anomaly>> {
    let mut pace = Pace::new(cancel);
    let history = History::of(lists, pairs, rule, &mut pace)?;
    // Before it has learned, it tells of nothing.
    if history.sentinel.beats() <= LEARNING {
        return Ok(Vec::new());
    }
    let (mut alarms, raised) = history.concepts(&mut pace)?;
    // A concept that is frequent of a sudden is with many others of a sudden, and that says nothing more.
    let is_explained = |alarm: &Alarm| alarm.kind.concepts().any(|end| raised.contains(&(end, alarm.tick)));
    alarms.extend(history.pairs(&mut pace)?.into_iter().filter(|alarm| !is_explained(alarm)));
    alarms.extend(history.sentinel.vocabulary(&history.new).alarms);
    let bearer = |document: usize| Bearer {
        document: lists.documents()[document],
        tick: lists.tick(document),
        concepts: lists.list(document).iter().map(|entry| pairs.id(entry.place)).collect(),
        new: history.brought[document],
    };
    let bearers: Vec<Bearer> = if alarms.is_empty() { Vec::new() } else { (0..lists.len()).map(bearer).collect() };
    Ok(group(&alarms, &bearers))
}
