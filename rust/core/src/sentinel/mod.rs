//! The sentinel: learns how often concepts, pairs of concepts and new words occur, and tells what departs from it.
//!
//! It looks at a history that is all there: the documents that stand, in the order of the ticks that digested them. Its
//! time is counted in *beats*: ticks in which something was digested. First it is told of every beat, then it judges one
//! entity after the other from the beats that activated it. So it holds a few sums for each beat and those of the one
//! entity that it judges, however many there are. All are sums of integers, which no order or grouping shows in.
//!
//! * `rule` is the test and its constants; `sums` what is learned of one entity, `all` of all of them, `past` of what was
//!   before a window.
//! * `watch` is the sentinel itself; `alarm` is what it tells, of a `pair` or of one concept; `anomaly` puts together
//!   what belongs together.

mod alarm;
mod all;
mod anomaly;
mod pair;
mod past;
mod rule;
mod sums;
mod watch;

pub use alarm::{Alarm, Kind};
pub use anomaly::{Anomaly, Bearer, EVIDENCE_MAX, group};
pub use pair::Pair;
pub use past::Past;
pub use rule::{COUNT_MIN, Counts, LEARNING, Rule, SILENCE_MAX, SILENCE_MIN, SILENCE_STEP, WINDOW};
pub use watch::{Sentinel, Told};
