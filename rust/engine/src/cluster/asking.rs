//! Questions to a colony whose shards are on nodes.

use super::reach::Reach;
use super::remote::Remote;
use super::wire::{Reply as Replied, Told};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::message::Done;
use phago_core::cluster::{Ask, Far, Nodes, Reply};
use phago_core::{Error, Result};

// How often a question is asked again after nodes were lost.
const RETRIES_MAX: usize = 3;

/// The nodes, as one question asks them.
pub(crate) struct Asked<'a> {
    remote: &'a Remote,
    reach: Reach<'a>,
    tick: u64,
    sequence: u64,
}

impl Remote {
    /// Calls `read` with the homes on the nodes, at one committed state. If nodes are lost, they are made again, and
    /// `read` is called again.
    ///
    /// # Errors
    /// Those of `read`; [`Error::CoordinatorUnavailable`] if nodes are lost again and again; [`Error::Cancelled`].
    pub(crate) fn asking<T>(
        &self,
        world: &World,
        cancel: &Cancel,
        mut read: impl FnMut(Far<'_, Asked<'_>>) -> Result<T>,
    ) -> Result<T> {
        let mut tried = 0;
        loop {
            let (error, epoch, lost) = {
                // While it is held, no change and no tick is applied.
                let state = world.state()?;
                let (epoch, sequence) = self.stamp();
                let reach = Reach::new(self, epoch, state.tick(), self.wait(), cancel);
                let asked = Asked { remote: self, reach, tick: state.tick(), sequence };
                match read(Far::new(state.commons(), &asked)) {
                    Ok(read) => return Ok(read),
                    Err(error) => (error, epoch, asked.reach.lost()),
                }
            };
            // Nodes that are being made again refuse what belongs to the state before.
            let is_passing = matches!(error, Error::BarrierFailed { .. }) || !lost.is_empty();
            if !is_passing || tried == RETRIES_MAX || cancel.is_cancelled() {
                return Err(error);
            }
            tried += 1;
            if !lost.is_empty() {
                self.report(epoch, lost);
            }
            drop(self.drive(world)?);
        }
    }
}

impl Nodes for Asked<'_> {
    fn node_of(&self, seat: usize) -> usize {
        self.remote.layout.node_of(seat)
    }

    fn count(&self) -> usize {
        self.remote.layout.nodes()
    }

    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>> {
        let letter = |(node, ask): (usize, Ask)| {
            let told = Told::Ask { tick: self.tick, sequence: self.sequence, ask: ask.encode()? };
            Ok((node, told, Vec::new()))
        };
        let replies = self.reach.tell(requests.into_iter().map(letter).collect::<Result<_>>()?)?;
        let reply = |(reply, _)| match reply {
            Replied::Answer(bytes) => Reply::decode(&bytes),
            Replied::Done(Done::Refused(reason)) => Err(Error::BarrierFailed { reason }),
            other => Err(Error::Wire { what: "answer of a node", reason: format!("it replied {other:?}") }),
        };
        replies.into_iter().map(reply).collect()
    }
}
