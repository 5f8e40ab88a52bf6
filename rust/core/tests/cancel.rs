//! Work asks whether it should stop as often as there is work, whatever the work is.

mod common;

use common::colony;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::colony::{Colony, stage};
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;

const DOCUMENTS: usize = 300;

// Documents that share most of their words, all of which are wired: the work of a delivery is their number times
// the square of their words.
fn filled() -> Colony {
    let config =
        ColonyConfig { concepts_per_document: 300, max_edge_degree: 300, edge_decay_rate: 0.0, ..Default::default() };
    let mut colony = colony(&config, 1);
    for number in 0..DOCUMENTS {
        let words = (0..280).map(|word| format!("w{}x", (word + number) % 300));
        colony.ingest(Some(&number.to_string()), "", &words.collect::<Vec<_>>().join(" ")).unwrap();
    }
    colony
}

// The next tick stops at this poll.
fn stops_at(colony: &Colony, poll: u64) -> bool {
    let plan = colony.state().plan().unwrap();
    match stage(colony.state(), &plan, &Cancel::at_poll(poll)) {
        Ok(_) => false,
        Err(error) => {
            assert!(matches!(error, Error::Cancelled), "{error}");
            true
        }
    }
}

#[test]
fn a_delivery_polls_as_often_as_it_has_work() {
    let colony = filled();
    // 23 million activations; a poll for at most 300,000 of them, and few polls elsewhere.
    for poll in [1, 2, 10, 40, 75] {
        assert!(stops_at(&colony, poll), "poll {poll}");
    }
    assert!(!stops_at(&colony, 1000));
}

#[test]
fn calling_back_deleted_documents_polls_as_often_as_it_has_work() {
    let mut colony = filled();
    colony.tick().unwrap();
    for number in 0..DOCUMENTS {
        assert!(colony.delete(DocumentId::from_key(&number.to_string())).unwrap());
    }
    // Each of 300 rows of 299 synapses is held against 280 lists.
    for poll in [1, 2, 10, 40, 75] {
        assert!(stops_at(&colony, poll), "poll {poll}");
    }
    assert!(!stops_at(&colony, 1000));
}
