//! Many documents that leave: the places that they leave empty are closed up, and nothing shows it.

mod common;

use common::{colony, documents};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::GONE_MIN;
use phago_core::ids::DocumentId;

fn take(colony: &mut Colony, documents: &[(String, String)]) {
    for (key, text) in documents {
        colony.ingest(Some(key), key, text).unwrap();
    }
}

fn found(colony: &mut Colony, question: &str) -> Vec<(u128, u64)> {
    colony.search(question, 50).unwrap().iter().map(|one| (one.id, one.score.to_bits())).collect()
}

#[test]
fn a_shard_that_closed_up_its_places_answers_as_one_that_never_saw_the_rest() {
    let all = documents(7, 3 * GONE_MIN);
    let stays = |number: usize| number.is_multiple_of(7) || number + 20 > all.len();
    let kept: Vec<_> = (0..all.len()).filter(|number| stays(*number)).map(|number| all[number].clone()).collect();
    for shards in [1, 3] {
        let mut colony = colony(&ColonyConfig::default(), shards);
        take(&mut colony, &all);
        for (_, (key, _)) in all.iter().enumerate().filter(|(number, _)| !stays(*number)) {
            assert!(colony.delete(DocumentId::from_key(key)).unwrap());
        }
        let room: usize = colony.state().shards().iter().map(|shard| shard.documents().room()).sum();
        assert!(shards > 1 || room < all.len(), "{room} places: nothing was closed up");
        let mut fresh = self::colony(&ColonyConfig::default(), shards);
        take(&mut fresh, &kept);
        assert_eq!(colony.evidence_digest(), fresh.evidence_digest());
        for (_, text) in kept.iter().step_by(40) {
            assert_eq!(found(&mut colony, text), found(&mut fresh, text));
        }
        // What comes and goes afterwards finds its way as well.
        for (key, _) in kept.iter().step_by(3) {
            assert!(
                colony.delete(DocumentId::from_key(key)).unwrap() && fresh.delete(DocumentId::from_key(key)).unwrap()
            );
        }
        take(&mut colony, &all[..50]);
        take(&mut fresh, &all[..50]);
        assert_eq!(colony.evidence_digest(), fresh.evidence_digest());
    }
}
