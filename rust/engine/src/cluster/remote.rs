//! The nodes of one colony, and who changes them.

use super::transport::Transport;
use crate::lock::lock;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex};
use phago_core::cluster::{Driver, Layout};
use phago_core::config::{ColonyConfig, DistributedConfig};
use phago_core::ids::ShardId;
use phago_core::ring::Ring;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The nodes of one colony.
pub(crate) struct Remote {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) layout: Layout,
    pub(super) ring: DistributedConfig,
    pub(super) config: ColonyConfig,
    shards: Vec<ShardId>,
    pub(super) wait: Duration,
    // Locked before the world's locks. Whoever holds it is the only one who changes the colony.
    pub(super) driving: Mutex<Driving>,
    // Those of the state that the world shows. They change only under its write lock.
    epoch: AtomicU64,
    sequence: AtomicU64,
    // The number of the next message.
    number: AtomicU64,
}

/// Who changes the nodes.
pub(super) struct Driving {
    pub(super) driver: Driver,
    pub(super) epoch: u64,
    // Nodes that must be made again before anything else, and whether all must join again.
    pub(super) lost: BTreeSet<usize>,
    pub(super) is_broken: bool,
    // Whether nodes may still make a tick that was given up.
    pub(super) is_making: bool,
}

// What a node may need for a document, where it does something with all that it holds: some fifty times as much as it
// does. So a node that is stopped is noticed, and one that holds much is not taken for it.
const DOCUMENT_MAX: Duration = Duration::from_millis(1);

impl Remote {
    /// Returns the nodes of a colony with this config over `nodes` processes; they have not joined.
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        nodes: usize,
        config: ColonyConfig,
        layout: crate::kept::Layout,
        wait: Duration,
    ) -> Remote {
        let ring = DistributedConfig {
            num_shards: layout.shards,
            virtual_nodes_per_shard: layout.virtual_nodes,
            replication_factor: 1,
            ..DistributedConfig::default()
        };
        let shards = Ring::new(layout.shards, layout.virtual_nodes).shards().to_vec();
        let layout = Layout::new(shards.len(), nodes);
        let driver = Driver::new(layout.clone());
        let driving = Driving { driver, epoch: 0, lost: BTreeSet::new(), is_broken: true, is_making: false };
        let (epoch, sequence, number) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Remote { transport, layout, ring, config, shards, wait, driving: Mutex::new(driving), epoch, sequence, number }
    }

    /// Returns the first of so many numbers for messages, which no other message has.
    pub(super) fn numbers(&self, count: u64) -> u64 {
        self.number.fetch_add(count, Ordering::Relaxed)
    }

    pub(super) fn shards(&self) -> &[ShardId] {
        &self.shards
    }

    /// Returns how long a node may take for a change or a question.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// Returns how long a node may take for what it does with all that it holds, in a colony of so many documents.
    pub(super) fn wait_for_all(&self, documents: u64) -> Duration {
        self.wait + DOCUMENT_MAX * u32::try_from(documents).unwrap_or(u32::MAX)
    }

    /// Returns the epoch and the number of the last change of the state that the world shows, whose lock the caller
    /// holds.
    pub(super) fn stamp(&self) -> (u64, u64) {
        (self.epoch.load(Ordering::Acquire), self.sequence.load(Ordering::Acquire))
    }

    /// Notes the number of the last change, under the world's write lock.
    pub(super) fn note(&self, driving: &Driving) {
        self.epoch.store(driving.epoch, Ordering::Release);
        self.sequence.store(driving.driver.sequence(), Ordering::Release);
    }

    /// Notes that nodes are lost, or that no one knows what they did.
    pub(super) fn give_up(&self, driving: &mut Driving, lost: BTreeSet<usize>) {
        driving.lost.extend(lost);
        driving.is_broken = true;
    }

    /// Does [`Remote::give_up`] for whoever only asked.
    pub(super) fn report(&self, epoch: u64, lost: BTreeSet<usize>) {
        let mut driving = lock(&self.driving);
        // They may have been made again meanwhile.
        if driving.epoch == epoch {
            self.give_up(&mut driving, lost);
        }
    }

    /// Stops the nodes.
    pub(crate) fn close(&self) {
        self.transport.close();
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("layout", &self.layout)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
