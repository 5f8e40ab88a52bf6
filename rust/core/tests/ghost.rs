//! The ghost cache keeps its bound and its order.

use phago_core::ghost::{Ghost, GhostCache, GhostData};
use phago_core::ids::{NodeId, ShardId};
use proptest::prelude::*;

fn ghost(node: u128, shard: u32, version: u64) -> Ghost {
    Ghost::unresolved(NodeId(node), ShardId(shard), version)
}

fn nodes(cache: &GhostCache) -> Vec<u128> {
    cache.iter().map(|ghost| ghost.node.0).collect()
}

#[test]
fn the_least_recently_used_ghost_goes_first() {
    let mut cache = GhostCache::new(2);
    assert_eq!(cache.insert(ghost(1, 0, 1)), None);
    assert_eq!(cache.insert(ghost(2, 0, 1)), None);
    assert!(cache.get(NodeId(1)).is_some());
    assert_eq!(cache.insert(ghost(3, 0, 1)), Some(ghost(2, 0, 1)));
    assert_eq!(nodes(&cache), [3, 1]);
    // Looking is not using.
    assert!(cache.peek(NodeId(1)).is_some());
    cache.insert(ghost(4, 0, 1));
    assert_eq!(nodes(&cache), [4, 3]);
    assert_eq!((cache.len(), cache.capacity()), (2, 2));
}

#[test]
fn a_cache_holds_at_least_one() {
    let mut cache = GhostCache::new(0);
    cache.insert(ghost(1, 0, 1));
    cache.insert(ghost(2, 0, 1));
    assert_eq!(nodes(&cache), [2]);
    assert_eq!(cache.capacity(), 1);
}

#[test]
fn a_large_bound_costs_nothing_until_it_is_used() {
    // A table of this capacity would be larger than any machine's memory.
    let mut cache = GhostCache::new(1 << 60);
    cache.insert(ghost(1, 0, 1));
    assert_eq!((cache.len(), cache.capacity()), (1, 1 << 60));
}

#[test]
fn a_newer_or_resolved_copy_is_never_replaced_by_less() {
    let data = GhostData { mentions: 3, uses: 0, degree: 7 };
    let resolved = |version| Ghost::resolved(NodeId(1), ShardId(2), version, "membrane".into(), data);
    let mut cache = GhostCache::new(4);
    cache.insert(ghost(1, 2, 5));
    assert_eq!(cache.peek(NodeId(1)).map(|ghost| ghost.is_resolved), Some(false));
    cache.insert(resolved(5));
    cache.insert(ghost(1, 2, 5));
    cache.insert(resolved(4));
    let known = cache.get(NodeId(1)).unwrap();
    assert_eq!(*known, resolved(5));
    assert_eq!((known.label.as_deref(), known.data), (Some("membrane"), Some(data)));
    cache.insert(ghost(1, 2, 6));
    assert_eq!(cache.get(NodeId(1)), Some(&ghost(1, 2, 6)));
    assert_eq!(cache.len(), 1);
}

#[test]
fn an_offline_shard_takes_its_ghosts_along() {
    let mut cache = GhostCache::new(10);
    for node in 0..10 {
        cache.insert(ghost(node, node as u32 % 3, 1));
    }
    assert_eq!(cache.remove_shard(ShardId(0)), 4);
    assert_eq!(cache.remove_shard(ShardId(0)), 0);
    assert_eq!(nodes(&cache), [8, 7, 5, 4, 2, 1]);
    assert_eq!(cache.remove(NodeId(8)), Some(ghost(8, 2, 1)));
    cache.clear();
    assert!(cache.is_empty() && cache.get(NodeId(1)).is_none());
}

proptest! {
    #[test]
    fn it_behaves_as_a_list_with_the_last_used_in_front(
        capacity in 1usize..6,
        steps in prop::collection::vec((0u8..4, 0u128..9), 0..100)
    ) {
        let mut cache = GhostCache::new(capacity);
        let mut list: Vec<u128> = Vec::new();
        for (step, node) in steps {
            let known = list.iter().position(|&other| other == node);
            match step {
                0 | 1 => {
                    cache.insert(ghost(node, node as u32 % 2, 1));
                    known.map(|at| list.remove(at));
                    list.insert(0, node);
                    list.truncate(capacity);
                }
                2 => {
                    prop_assert_eq!(cache.get(NodeId(node)).is_some(), known.is_some());
                    if let Some(at) = known {
                        list.remove(at);
                        list.insert(0, node);
                    }
                }
                _ => {
                    cache.remove_shard(ShardId(node as u32 % 2));
                    list.retain(|other| other % 2 != node % 2);
                }
            }
            prop_assert_eq!(nodes(&cache), list.clone());
        }
    }
}
