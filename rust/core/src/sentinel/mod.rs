//! The sentinel: learns how often concepts, pairs of concepts and new words occur, and tells what departs from it.
//!
//! Everything learned is a sum of integers, so that it does not depend on shards, order or grouping. A concept's sums
//! live at the concept's home, a pair's at the home of its source, the smaller of its ids: both in a [`Part`]. What all
//! parts must agree on is the [`Clock`], which every shard reads. Its time is counted in *beats*: ticks in which
//! something was digested. So an idle colony forgets nothing, and an idle tick costs nothing.
//!
//! A beat has these steps. [`Clock::next`] makes the clock of the beat from the totals of all shards; each part judges
//! what it saw ([`Part::judge`]), without a change; [`Clock::close`] takes the merged reports; each part takes over what
//! it judged ([`Part::commit`]). [`Sentinel`] does all of this in one place.
//!
//! * `rule` is the test and its constants; `sums` what is learned of one entity, `totals` of all; `seen` what a beat
//!   brings.
//! * `clock`, `ledger` and `part` are the state, `rank` and `report` who is forgotten when there is too much of it;
//!   `silence` is how fading is found without a sweep, `records` the canonical form.
//! * `alarm` is what is told; `kept` the latest alarms; `anomaly` puts together what belongs together.

mod alarm;
mod anomaly;
mod clock;
mod kept;
mod ledger;
mod part;
mod rank;
mod records;
mod report;
mod rule;
mod seen;
mod silence;
mod sums;
mod totals;
mod whole;

pub use alarm::{Alarm, Kind};
pub use anomaly::{Anomaly, Bearer, EVIDENCE_MAX, group};
pub use clock::Clock;
pub use kept::{ALARMS_MAX, Kept};
pub use part::{Part, Staged};
pub use rank::{Census, Rank};
pub use records::{Record, Records};
pub use report::{Floors, Report};
pub use rule::{COUNT_MIN, Counts, LEARNING, Rule, SILENCE_MAX, SILENCE_MIN, SILENCE_STEP, WINDOW};
pub use seen::{Pair, Seen};
pub use sums::{SEEN_MAX, State, Sums};
pub use totals::{Past, Totals};
pub use whole::Sentinel;
