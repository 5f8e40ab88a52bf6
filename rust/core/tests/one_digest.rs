//! One colony, any number of shards: the same digest, rankings and counts, however the inputs come.

mod common;

use common::{Chance, colony, documents};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;

const SHARDS: [u32; 5] = [1, 2, 3, 7, 16];

/// The first words of a text and those that lead to them.
fn path(text: &str) -> Vec<(String, Vec<String>)> {
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    (0..3).map(|place| (words[place].clone(), words[place + 1..place + 3].to_vec())).collect()
}

/// Three batches between ticks, each shuffled by the seed.
fn grown(shards: u32, seed: u64, config: &ColonyConfig) -> Colony {
    let mut colony = colony(config, shards);
    let mut chance = Chance(seed);
    let mut all = documents(3, 300);
    for batch in all.chunks_mut(100) {
        chance.shuffle(batch);
        for (key, text) in batch.iter() {
            colony.ingest(Some(key), "", text).unwrap();
        }
        colony.tick().unwrap();
        for (key, text) in batch.iter() {
            assert!(colony.reinforce(DocumentId::from_key(key), &path(text)).unwrap());
        }
        for _ in 0..2 {
            colony.tick().unwrap();
        }
    }
    colony
}

fn answers(colony: &mut Colony) -> Vec<(String, u64)> {
    let mut chance = Chance(99);
    let mut all = Vec::new();
    for _ in 0..20 {
        let question = chance.text(400, 4);
        for found in colony.search(&question, 10).unwrap() {
            all.push((colony.state().found(&found).name(), found.score.to_bits()));
        }
    }
    all
}

#[test]
fn same_digest_and_answers_for_any_number_of_shards_order_and_map_seed() {
    let config = ColonyConfig { documents_per_tick: 40, ..ColonyConfig::default() };
    phago_core::maps::set_seed(1);
    let mut reference = grown(1, 1, &config);
    assert!(reference.state().edge_count() > 10_000, "the test must see a real graph");
    let (digest, found) = (reference.digest(), answers(&mut reference));
    assert!(found.len() > 100);
    for (round, shards) in SHARDS.into_iter().enumerate() {
        phago_core::maps::set_seed(1000 + round as u64);
        let mut colony = grown(shards, 5 + round as u64, &config);
        assert_eq!(colony.digest(), digest, "{shards} shards");
        assert_eq!(answers(&mut colony), found, "{shards} shards");
        assert_eq!(colony.state().edge_count(), reference.state().edge_count());
        let digested = |colony: &Colony| -> Vec<_> {
            let state = colony.state();
            let mut all: Vec<_> = state.shards().iter().flat_map(|s| s.documents().all()).collect();
            all.sort_by_key(|document| document.id);
            all.into_iter().map(|document| (document.name(), document.digested)).collect()
        };
        assert_eq!(digested(&colony), digested(&reference));
        assert_eq!(colony.state().exchanged() > 0, shards > 1);
    }
}

#[test]
fn documents_of_equal_words_leave_one_digest() {
    let config = ColonyConfig { max_edge_degree: 5, ..ColonyConfig::default() };
    let digests = SHARDS.map(|shards| {
        let mut colony = colony(&config, shards);
        for number in 0..40 {
            let text: Vec<String> = (0..20).map(|word| format!("w{}x", (number / 10) * 20 + word)).collect();
            colony.ingest(Some(&format!("{number}")), "", &text.join(" ")).unwrap();
        }
        (0..5).for_each(|_| drop(colony.tick().unwrap()));
        assert_eq!(colony.state().edge_count(), 80 * 5);
        colony.digest()
    });
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn an_unrepeated_synapse_is_gone_at_tick_101_after_its_making() {
    for shards in [1, 8] {
        let mut colony = colony(&ColonyConfig::default(), shards);
        colony.ingest(Some("a"), "", "membrane ion").unwrap();
        colony.tick().unwrap();
        assert_eq!((colony.state().node_count(), colony.state().edge_count()), (2, 2));
        (0..100).for_each(|_| drop(colony.tick().unwrap()));
        assert_eq!((colony.state().tick(), colony.state().edge_count()), (101, 2));
        // An activation in the tick in which it would go makes a new one.
        colony.ingest(Some("b"), "", "membrane ion").unwrap();
        colony.tick().unwrap();
        let state = colony.state();
        let synapse = state.row(state.nodes()[0])[0];
        assert_eq!((synapse.created, synapse.co_activations, state.edge_count()), (102, 1, 2));
        (0..101).for_each(|_| drop(colony.tick().unwrap()));
        assert_eq!((colony.state().node_count(), colony.state().edge_count()), (2, 0));
    }
}

#[test]
fn a_hundred_words_make_thirty_concepts_or_a_hundred_when_asked() {
    let text: Vec<String> = (0..100).map(|word| format!("word{word}x")).collect();
    for (concepts, nodes, edges) in [(30, 30, 870), (100, 100, 3000)] {
        let config = ColonyConfig { concepts_per_document: concepts, ..ColonyConfig::default() };
        let mut colony = colony(&config, 3);
        colony.ingest(None, "", &text.join(" ")).unwrap();
        colony.tick().unwrap();
        assert_eq!((colony.state().node_count(), colony.state().edge_count()), (nodes, edges));
    }
}

#[test]
fn an_idle_tick_reads_no_synapse_and_mentions_stay() {
    let mut colony = grown(3, 1, &ColonyConfig::default());
    for _ in 0..30 {
        colony.tick().unwrap();
        let touched: u64 = colony.state().shards().iter().map(|shard| shard.touched()).sum();
        assert_eq!(touched, 0);
    }
    let mut small = common::colony(&ColonyConfig::default(), 2);
    small.ingest(Some("a"), "", "heart").unwrap();
    small.ingest(Some("b"), "", "art").unwrap();
    (0..30).for_each(|_| drop(small.tick().unwrap()));
    let commons = small.state().commons().clone();
    let nodes = small.state().nodes();
    assert_eq!(nodes.len(), 2);
    assert!(nodes.iter().all(|&term| commons.df(term) == 1));
    assert!(!small.ingest(Some("a"), "", "heart").unwrap(), "the same document again changes nothing");
    assert!(small.ingest(Some("a"), "", "other").is_err());
}

#[test]
fn sweeping_gives_memory_back_and_shows_in_nothing() {
    let mut colony = grown(2, 1, &ColonyConfig::default());
    let stored = |colony: &Colony| -> u64 { colony.state().shards().iter().map(|shard| shard.stored()).sum() };
    let before = stored(&colony);
    (0..600).for_each(|_| drop(colony.tick().unwrap()));
    assert!(stored(&colony) < before / 2);
    let counted: usize = colony.state().nodes().iter().map(|&node| colony.state().row(node).len()).sum();
    assert_eq!(counted as u64, colony.state().edge_count());
}

#[test]
fn a_batch_survives_its_bytes() {
    use phago_core::cancel::Cancel;
    use phago_core::message::Batch;
    use phago_core::phase::Phase;
    use phago_core::shard::Seat;
    let mut colony = colony(&ColonyConfig::default(), 2);
    for (number, (key, text)) in documents(1, 40).into_iter().enumerate() {
        colony.ingest(Some(&key), "", &text).unwrap();
        if number == 19 {
            colony.tick().unwrap();
        }
    }
    for (number, (key, text)) in documents(1, 20).into_iter().enumerate() {
        let id = DocumentId::from_key(&key);
        assert!(if number < 5 { colony.delete(id).unwrap() } else { colony.reinforce(id, &path(&text)).unwrap() });
    }
    let (state, cancel) = (colony.state(), Cancel::new());
    let (plan, commons) = (state.plan().unwrap(), state.commons());
    let (shard, mut seat) = (&state.shards()[0], Seat::new());
    for phase in [Phase::Sense, Phase::Act] {
        seat.step(phase, shard, &plan, commons, &cancel).unwrap();
    }
    let outbox = seat.take_outbox();
    assert_eq!(outbox.len(), 2);
    for (number, batch) in outbox.iter().enumerate() {
        assert!(batch.lists().count() > 0 && batch.unwired().count() > 0);
        assert!(!batch.uses().concepts.is_empty() && !batch.uses().synapses.is_empty());
        let bytes = batch.encode(commons.lexicon());
        let back = Batch::decode(&bytes, commons.lexicon()).unwrap();
        assert_eq!((back.tick, back.from, back.to, back.nbytes()), (batch.tick, batch.from, batch.to, batch.nbytes()));
        assert!(back.says_the_same(batch) && !back.says_the_same(&outbox[1 - number]));
        assert_eq!(back.uses(), batch.uses());
        assert!(Batch::decode(&bytes[..bytes.len() / 2], commons.lexicon()).is_err());
    }
}
