//! Accepts inputs. Each is checked, analysed without a lock, judged against the documents that are present, and then
//! applied at once or when the running tick ends.
//!
//! * [`ingest`], `change` and [`reinforce`] each handle one kind of input up to where it is judged; `submit` takes any
//!   kind as data.
//! * [`chunk`] are documents on their way to [`ingest`], which `looked` looks at first.
//! * [`many`] makes many changes that share their syncs.
//! * `analyse` analyses on several threads.
//! * `enter` is where all of them end: in the state, or in the queue of `pending`.

pub(crate) mod analyse;
mod change;
pub mod chunk;
pub mod embeddable;
mod enter;
pub mod ingest;
mod looked;
pub mod many;
pub(crate) mod pending;
pub mod reinforce;
mod submit;
