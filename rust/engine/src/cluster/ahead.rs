//! Reads documents at their homes while the change before theirs is under way.

use super::changes::record_of;
use super::reach::Reach;
use super::remote::Remote;
use crate::intake::chunk::Ahead;
use crate::sync::{beside, thread};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::{Carrier, Driver};

impl Remote {
    /// Has the homes of documents read them, while whatever else is under way goes on. The documents are compressed for
    /// the log meanwhile. If it fails, the documents are read when they are ingested.
    pub(crate) fn read_ahead(&self, world: &World, ahead: &mut Ahead, cancel: &Cancel) {
        if ahead.steps.is_empty() {
            return;
        }
        let Ok(state) = world.state() else { return };
        let (epoch, tick) = (self.stamp().0, state.tick());
        let number = self.numbers(1);
        let orders = Driver::read(&self.layout, &state, number, &ahead.steps);
        drop(state);
        let reach = Reach::new(self, epoch, tick, self.wait(), cancel);
        let steps = &ahead.steps;
        let (read, record) = thread::scope(|scope| {
            let record = world.journal.is_some().then(|| beside(scope, || record_of(steps)));
            let read = reach.send(orders);
            (read, record.and_then(|record| record.ok()?.join().ok()).flatten())
        });
        (ahead.read, ahead.record) = (read.is_ok().then_some(number), record);
        if !reach.lost().is_empty() {
            self.report(epoch, reach.lost());
        }
    }
}
