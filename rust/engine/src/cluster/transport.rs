//! How messages reach the nodes of a cluster: what a transport must do.

use phago_core::Result;
use phago_core::cancel::Cancel;
use std::any::Any;
use std::fmt;
use std::time::Duration;

/// Carries messages from a driver to its nodes, which are numbered from 0, and their answers back.
///
/// A message may be lost, late, delivered twice or to another node, and answers and parcels may be mixed up: what does
/// not belong is refused. No bytes may be changed. A question must not wait for an order that its node is obeying.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends messages, each to another node, all at once, and waits for their answers up to this time, or until
    /// `cancel` is set. Returns the answers in the order of the messages. Many threads call it at once.
    fn send(&self, messages: Vec<Message>, wait: Duration, cancel: &Cancel) -> Vec<Result<Answer, Lost>>;

    /// Makes nodes anew, which know nothing yet. What still runs under their numbers is stopped first.
    ///
    /// # Errors
    /// [`phago_core::Error::CoordinatorUnavailable`] if one cannot be made.
    fn restart(&self, nodes: &[usize]) -> Result<()>;

    /// Stops all nodes. Nothing is sent after it.
    fn close(&self);
}

/// What one node sends to another: bytes, or what stands for them where they travel.
pub type Parcel = Box<dyn Any + Send>;

/// Which messages wait for which: those of one lane are obeyed one after another.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Lane {
    /// Changes and ticks.
    Orders,
    /// Questions. A node answers them while it makes a tick.
    Questions,
    /// Documents that are read ahead. They need not wait for orders on their way: their node reads them between orders.
    Ahead,
}

/// A message to a node.
pub struct Message {
    /// The node.
    pub node: usize,
    /// Its lane.
    pub lane: Lane,
    /// What it is told.
    pub bytes: Vec<u8>,
    /// What other nodes sent it.
    pub parcels: Vec<Parcel>,
}

/// The answer of a node.
pub struct Answer {
    /// What it says.
    pub bytes: Vec<u8>,
    /// What it sends to other nodes, by node.
    pub parcels: Vec<Option<Parcel>>,
}

/// Why a node did not answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lost {
    /// It ended; why, as far as that is known.
    Died(String),
    /// It did not answer in time.
    Late,
    /// It lives and has not obeyed: what other nodes sent it is lost with one of them; why, as far as that is known.
    Undelivered(String),
    /// Whoever asked wants no answer any more.
    Cancelled,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, parcels) = (self.bytes.len(), self.parcels.len());
        f.debug_struct("Message").field("node", &self.node).field("bytes", &bytes).field("parcels", &parcels).finish()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, parcels) = (self.bytes.len(), self.parcels.len());
        f.debug_struct("Answer").field("bytes", &bytes).field("parcels", &parcels).finish()
    }
}
