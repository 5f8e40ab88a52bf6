//! A colony over several processes.
//!
//! The world in the driver's process holds a replica without seats. Everything that it does to documents or asks of
//! them goes to the nodes as `wire` messages, over a [`Transport`]; a [`Server`] obeys them in the process of a node.
//! What a change or a tick means is said in `phago_core::cluster`; here is what may wait or fail: `reach` sends and
//! names what failed, `changes` and `ticks` put the log between preparing and applying, `ahead` has documents read before
//! their change, `rebuild` makes nodes again from what is stored, and `loading` replays a history to them.

mod ahead;
mod asking;
mod changes;
mod columns;
mod loading;
mod reach;
mod rebuild;
mod remote;
mod server;
mod threads;
mod ticks;
mod transport;
mod wire;

pub(crate) use asking::Asked;
pub(crate) use remote::Remote;
pub use server::{Handled, Server};
pub use threads::{Mishap, Threads};
pub use transport::{Answer, Lane, Lost, Message, Parcel, Transport};
