//! Identities and placement are durable: these values never change.

use phago_core::Error;
use phago_core::ids::{AgentId, DocumentId, NodeId, ShardId};
use phago_core::ring::Ring;
use proptest::prelude::*;

fn ids(count: usize) -> Vec<u128> {
    (0..count).map(|i| DocumentId::from_key(&format!("doc-{i}")).0).collect()
}

fn homes(ring: &Ring, ids: &[u128]) -> Vec<u32> {
    ids.iter().map(|&id| ring.shard_of(id).0).collect()
}

#[test]
fn identities_are_golden() {
    assert_eq!(DocumentId::from_key("doc-0").to_string(), "bbb948e57c70bc0c7a6494583a402d48");
    assert_eq!(DocumentId::from_key("").to_string(), "2dc894cc6e42367c832f88c02872bcda");
    assert_eq!(DocumentId::from_key("Zürich").to_string(), "7688b5bb66e970711f5e898e8e12dde1");
    assert_eq!(DocumentId::from_content("Cells", "A membrane.").to_string(), "ef46e7273e06264474771ba034aa83fc");
    assert_eq!(NodeId::concept("membran").to_string(), "ab67cd3458b002e429605421b69beadc");
    assert_eq!(NodeId::concept("日本語").to_string(), "bdff4a94087fbdd380a921a7a34aa960");
    let agent = |birth, parent, ordinal| format!("{:032x}", AgentId { birth, parent, ordinal }.key());
    assert_eq!(agent(1, 0, 0), "07d0990ca5d50714b8686b65f6712c73");
    assert_eq!(agent(7, 42, 3), "6842d5ba4d3e6beed27c9f0a53d29d00");
}

#[test]
fn identities_of_different_parts_differ() {
    assert_ne!(DocumentId::from_content("ab", "c"), DocumentId::from_content("a", "bc"));
    assert_ne!(DocumentId::from_key("cell").0, NodeId::concept("cell").0);
}

#[test]
fn homes_of_ten_ids_are_golden() {
    let ids = ids(10);
    assert_eq!(homes(&Ring::new(1, 150), &ids), [0; 10]);
    assert_eq!(homes(&Ring::new(3, 150), &ids), [1, 2, 2, 2, 2, 1, 0, 1, 0, 1]);
    assert_eq!(homes(&Ring::new(16, 150), &ids), [10, 2, 13, 9, 8, 6, 3, 5, 14, 1]);
}

#[test]
fn three_hundred_ids_spread_over_three_shards() {
    let homes = homes(&Ring::new(3, 150), &ids(300));
    for shard in 0..3 {
        let count = homes.iter().filter(|&&home| home == shard).count();
        assert!((60..=140).contains(&count), "shard {shard} has {count}");
    }
}

#[test]
fn adding_a_shard_moves_one_nth_and_only_to_it() {
    let ids = ids(10_000);
    for n in [1, 2, 3, 4, 7, 15] {
        let mut ring = Ring::new(n, 150);
        let before = homes(&ring, &ids);
        assert_eq!(ring.add_shard(), ShardId(n));
        let after = homes(&ring, &ids);
        let moved: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
        assert!(moved.iter().all(|&(_, &to)| to == n));
        let fair = 10_000.0 / f64::from(n + 1);
        assert!((moved.len() as f64 - fair).abs() < fair * 0.25, "{n} shards: {} moved, fair is {fair}", moved.len());
    }
}

#[test]
fn removing_a_shard_moves_only_what_it_held() {
    let ids = ids(10_000);
    for n in [2, 3, 4, 7, 16] {
        for gone in [0, n / 2, n - 1] {
            let mut ring = Ring::new(n, 150);
            let before = homes(&ring, &ids);
            ring.remove_shard(ShardId(gone)).unwrap();
            let after = homes(&ring, &ids);
            let held = before.iter().filter(|&&home| home == gone).count();
            assert!(before.iter().zip(&after).all(|(a, b)| (a != b) == (*a == gone)));
            let fair = 10_000.0 / f64::from(n);
            assert!((held as f64 - fair).abs() < fair * 0.25, "{n} shards: {held} moved, fair is {fair}");
        }
    }
}

#[test]
fn the_lowest_empty_place_is_filled_first() {
    let whole = Ring::new(4, 20);
    let mut ring = whole.clone();
    ring.remove_shard(ShardId(1)).unwrap();
    ring.remove_shard(ShardId(0)).unwrap();
    assert_eq!(ring.shards(), [ShardId(2), ShardId(3)]);
    assert_ne!(ring, whole);
    assert_eq!([ring.add_shard(), ring.add_shard()], [ShardId(0), ShardId(1)]);
    assert_eq!(ring, whole);
    assert_eq!(ring.add_shard(), ShardId(4));
    assert_eq!(ring, Ring::new(5, 20));
}

#[test]
fn a_shard_leaves_once_and_the_last_one_stays() {
    let mut ring = Ring::new(2, 10);
    ring.remove_shard(ShardId(1)).unwrap();
    let error = ring.remove_shard(ShardId(1)).unwrap_err();
    assert_eq!(error, Error::ShardNotFound { shard: ShardId(1), registered: "shard-0".into() });
    assert!(matches!(ring.remove_shard(ShardId(0)), Err(Error::Config { .. })));
    assert_eq!((ring.shard_count(), ring.total_virtual_nodes()), (1, 10));
}

#[test]
fn replicas_are_the_primary_and_then_distinct_shards() {
    let ring = Ring::new(5, 150);
    for id in ids(200) {
        let all = ring.replicas(id, 99);
        assert_eq!(all[0], ring.shard_of(id));
        let mut sorted = all.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ring.shards());
        for count in 0..=5 {
            assert_eq!(ring.replicas(id, count), all[..count]);
        }
        // A copy takes over in place: without the primary, the second is the home.
        let mut smaller = ring.clone();
        smaller.remove_shard(all[0]).unwrap();
        assert_eq!(smaller.shard_of(id), all[1]);
    }
    assert_eq!(Ring::new(1, 1).replicas(7, 2), [ShardId(0)]);
}

#[test]
fn sizes_out_of_range_are_brought_into_it() {
    assert_eq!(Ring::new(0, 0), Ring::new(1, 1));
    assert_eq!(Ring::new(3, 150).virtual_nodes(), 150);
    assert_eq!(Ring::new(3, 150).total_virtual_nodes(), 450);
    assert!(Ring::new(3, 1).contains(ShardId(2)) && !Ring::new(3, 1).contains(ShardId(3)));
}

proptest! {
    #[test]
    fn a_ring_depends_on_its_shards_and_not_on_their_history(removed in prop::collection::vec(0u32..6, 0..12), id: u128) {
        let mut ring = Ring::new(6, 8);
        for shard in removed {
            if ring.remove_shard(ShardId(shard)).is_err() {
                ring.add_shard();
            }
        }
        let shards = ring.shards().to_vec();
        prop_assert!(shards.contains(&ring.shard_of(id)));
        while ring.shard_count() < 6 {
            ring.add_shard();
        }
        prop_assert_eq!(ring, Ring::new(6, 8));
    }
}
