//! Nodes as threads of this process: for tests, and to measure what the messages themselves cost.

use super::server::Server;
use super::transport::{Answer, Lost, Message, Parcel, Transport};
use crate::lock::lock;
use crate::sync::mpsc::{RecvTimeoutError, channel};
use crate::sync::{Arc, Mutex};
use phago_core::Result;
use phago_core::cancel::Cancel;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What happens to one message.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Mishap {
    /// It does not arrive.
    LoseMessage,
    /// What other nodes send with it is lost, so it does not arrive.
    LoseParcels,
    /// It is obeyed, and the answer does not arrive.
    LoseAnswer,
    /// It arrives twice; the first answer counts.
    Twice,
    /// The node ends before it is obeyed.
    DieBefore,
    /// The node ends after it has obeyed.
    DieAfter,
    /// It arrives after so many milliseconds.
    Late(u64),
}

/// Nodes as threads of this process, whose messages can be given mishaps.
#[derive(Debug)]
pub struct Threads {
    nodes: Mutex<Vec<Option<Arc<Server>>>>,
    // What happens to the next messages, in the order in which they are sent; beyond it nothing does.
    mishaps: Mutex<VecDeque<Option<Mishap>>>,
    // The nodes that were made again.
    restarted: Mutex<Vec<usize>>,
    // Messages and bytes sent, both ways.
    sent: Mutex<(u64, u64)>,
}

impl Threads {
    /// Returns as many nodes.
    pub fn new(nodes: usize) -> Threads {
        let nodes = (0..nodes).map(|_| Some(Arc::default())).collect();
        Threads {
            nodes: Mutex::new(nodes),
            mishaps: Mutex::default(),
            restarted: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    /// Gives the next messages these mishaps, in the order in which they are sent.
    pub fn plan(&self, mishaps: impl IntoIterator<Item = Option<Mishap>>) {
        *lock(&self.mishaps) = mishaps.into_iter().collect();
    }

    /// Returns how many messages were sent, and how many bytes both ways, and counts from 0 again.
    pub fn sent(&self) -> (u64, u64) {
        std::mem::take(&mut *lock(&self.sent))
    }

    /// Returns the nodes that were made again, and forgets them.
    pub fn restarted(&self) -> Vec<usize> {
        std::mem::take(&mut *lock(&self.restarted))
    }

    fn kill(&self, node: usize) {
        lock(&self.nodes)[node] = None;
    }
}

impl Transport for Threads {
    fn send(&self, messages: Vec<Message>, wait: Duration, cancel: &Cancel) -> Vec<Result<Answer, Lost>> {
        let begun = Instant::now();
        let calls = messages.into_iter().map(|message| {
            let mishap = lock(&self.mishaps).pop_front().flatten();
            let parcels: Vec<Vec<u8>> = message
                .parcels
                .into_iter()
                .filter_map(|parcel| parcel.downcast::<Vec<u8>>().ok())
                .map(|parcel| *parcel)
                .collect();
            let node = message.node;
            let Some(server) = lock(&self.nodes)[node].clone() else { return Err(Lost::Died("it has ended".into())) };
            match mishap {
                Some(Mishap::LoseMessage) => return Err(Lost::Late),
                Some(Mishap::LoseParcels) => return Err(Lost::Undelivered("what came with it is lost".into())),
                Some(Mishap::DieBefore) => {
                    self.kill(node);
                    return Err(Lost::Died("it ended before".into()));
                }
                _ => {}
            }
            let (sender, answer) = channel();
            let bytes = message.bytes;
            let carried = bytes.len() + parcels.iter().map(Vec::len).sum::<usize>();
            crate::sync::thread::spawn(move || {
                if let Some(Mishap::Late(ms)) = mishap {
                    crate::sync::sleep(Duration::from_millis(ms));
                }
                let handled = server.handle(&bytes, &parcels);
                if mishap == Some(Mishap::Twice) {
                    server.handle(&bytes, &parcels);
                }
                // Whoever asked may have gone.
                let _ = sender.send(handled);
            });
            Ok((node, mishap, carried, answer))
        });
        let calls: Vec<_> = calls.collect();
        let wait_for = |call| {
            let (node, mishap, carried, answer) = call?;
            let answer: crate::sync::mpsc::Receiver<super::server::Handled> = answer;
            let handled = loop {
                match answer.recv_timeout(Duration::from_millis(5)) {
                    Ok(handled) => break handled,
                    Err(RecvTimeoutError::Disconnected) => return Err(Lost::Died("it ended meanwhile".into())),
                    Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Err(Lost::Cancelled),
                    Err(RecvTimeoutError::Timeout) if begun.elapsed() >= wait => return Err(Lost::Late),
                    Err(RecvTimeoutError::Timeout) => {}
                }
            };
            if mishap == Some(Mishap::DieAfter) {
                self.kill(node);
                return Err(Lost::Died("it ended after".into()));
            }
            if mishap == Some(Mishap::LoseAnswer) {
                return Err(Lost::Late);
            }
            let (bytes, parcels) = handled;
            {
                let mut sent = lock(&self.sent);
                *sent = (sent.0 + 1, sent.1 + (carried + bytes.len()) as u64);
            }
            let parcels = parcels.into_iter().map(|parcel| parcel.map(|bytes| Box::new(bytes) as Parcel)).collect();
            Ok(Answer { bytes, parcels })
        };
        calls.into_iter().map(wait_for).collect()
    }

    fn restart(&self, nodes: &[usize]) -> Result<()> {
        for &node in nodes {
            lock(&self.nodes)[node] = Some(Arc::default());
        }
        lock(&self.restarted).extend(nodes);
        Ok(())
    }

    fn close(&self) {
        lock(&self.nodes).fill(None);
    }
}
