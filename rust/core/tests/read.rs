//! What is told of a committed state: the same on any number of shards.

mod common;

use common::{Chance, colony};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::dump;
use phago_core::ids::DocumentId;
use phago_core::metadata::{Comparison, Filter, Metadata, Value, Values};
use phago_core::query::{Buffers, Here, Ranking, View};
use phago_core::read::{Asking, Whole, documents};
use phago_core::text::Session;

const DOCUMENTS: usize = 120;

fn grown(shards: u32) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    let mut chance = Chance(17);
    for number in 0..DOCUMENTS {
        let metadata = Metadata::new(vec![("third".into(), Values::One(Value::Int(number as i64 % 3)))]).unwrap();
        let words = 5 + chance.below(30);
        colony.ingest_with(Some(&format!("doc-{number}")), "", &chance.text(150, words), metadata).unwrap();
    }
    colony.ingest(None, "", "a document without a name").unwrap();
    (0..4).for_each(|_| drop(colony.tick().unwrap()));
    colony
}

fn third(number: i64) -> Filter {
    Filter::new(vec![("third".into(), vec![Comparison::In(vec![Value::Int(number)])])]).unwrap()
}

#[test]
fn names_are_those_of_every_document_that_matches_in_their_order() {
    let mut seen: Vec<Vec<String>> = Vec::new();
    for shards in [1, 3, 8] {
        let mut colony = grown(shards);
        for gone in ["doc-7", "doc-50", "doc-0"] {
            assert!(colony.delete(DocumentId::from_key(gone)).unwrap());
        }
        let view = colony.state().view();
        let all = view.names(None, &Filter::default()).unwrap();
        assert_eq!((all.len(), view.count(&Filter::default())), (DOCUMENTS - 2, DOCUMENTS as u64 - 2));
        assert!(all.is_sorted_by(|a, b| a < b));
        for number in 0..3 {
            let some = view.names(None, &third(number)).unwrap();
            let accepted = |name: &&String| third(number).accepts(&view.find(name).unwrap().body.metadata);
            assert_eq!(some.iter().collect::<Vec<_>>(), all.iter().filter(accepted).collect::<Vec<_>>());
            assert_eq!(view.count(&third(number)), some.len() as u64);
            assert!(some.len() > 30);
        }
        assert_eq!(view.names(Some(&all[4]), &Filter::default()).unwrap(), all[5..]);
        assert!(view.names(all.last().map(String::as_str), &Filter::default()).unwrap().is_empty());
        seen.push(all);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_document_is_found_by_its_name_and_by_its_id_where_it_has_none() {
    let colony = grown(3);
    let view = colony.state().view();
    let named = view.find("doc-5").unwrap();
    assert_eq!((named.id, named.name()), (DocumentId::from_key("doc-5"), "doc-5".to_owned()));
    assert!(view.find(&named.id.to_string()).is_none(), "a named document does not go by its id");
    let unnamed = DocumentId::from_content("", "a document without a name");
    assert_eq!(view.find(&unnamed.to_string()).unwrap().id, unnamed);
    assert!(view.find("doc-500").is_none() && view.find("").is_none());
}

#[test]
fn snapshots_rows_and_counts_agree_on_any_number_of_shards() {
    let first = grown(1);
    let (nodes, edges) = (first.state().view().nodes().unwrap(), first.state().view().edges().unwrap());
    assert!(nodes.rows.len() > 50 && edges.rows.len() > 500);
    for shards in [2, 5] {
        let colony = grown(shards);
        let view = colony.state().view();
        let told = |nodes: &phago_core::read::Nodes| -> Vec<_> {
            nodes
                .rows
                .iter()
                .map(|node| (node.id, node.stem.clone(), node.data.label.clone(), node.data.degree))
                .collect()
        };
        assert_eq!(told(&view.nodes().unwrap()), told(&nodes));
        let (other, counts) = (view.edges().unwrap(), view.counts().unwrap());
        assert_eq!((&other.ends, &other.rows), (&edges.ends, &edges.rows));
        assert_eq!((counts.nodes, counts.edges), (nodes.rows.len() as u64, edges.rows.len() as u64));
        let parts: Vec<_> = view.locals().map(|local| local.counts()).collect();
        assert_eq!(parts.iter().map(|part| part.edges).sum::<u64>(), counts.edges);
        assert_eq!(parts.iter().map(|part| part.documents).sum::<u64>(), DOCUMENTS as u64 + 1);
        let crossing: u64 = view.locals().flat_map(|local| local.crossing().unwrap()).sum();
        assert!(crossing > 0 && crossing == counts.cross_shard_edges && crossing < counts.edges);
        for node in view.nodes().unwrap().rows.iter().step_by(9) {
            let term = view.commons.lexicon().term(&node.stem).unwrap();
            let near = view.neighbors(term);
            assert_eq!(near.len() as u32, node.data.degree);
            assert!(near.is_sorted_by(|a, b| (-a.weight, a.id) <= (-b.weight, b.id)));
            let ghost = view.ghosts(&[term]).unwrap().remove(0).unwrap();
            assert_eq!((ghost.node, ghost.label, ghost.is_resolved), (node.id, Some(node.data.label.clone()), true));
            let (home, seats) = (view.commons.seat(node.data.shard), view.shards.len());
            assert_eq!(view.node_in(home, node.id).unwrap().as_ref(), Some(node));
            assert!(seats == 1 || view.node_in((home + 1) % seats, node.id).unwrap().is_none());
        }
    }
}

// Runs a reading again and again, ended at one poll after the other; how many polls there are until it ends by itself.
fn polls<T: PartialEq + std::fmt::Debug>(
    view: View<'_>,
    step: u64,
    mut read: impl FnMut(View<'_>) -> phago_core::Result<T>,
) -> u64 {
    let expected = read(view).unwrap();
    for number in (1..).step_by(step as usize) {
        match read(view.until(&Cancel::at_poll(number))) {
            Err(error) => assert_eq!(error, Error::Cancelled),
            Ok(told) => {
                assert_eq!(told, expected);
                return number;
            }
        }
        // What was ended half-way leaves nothing behind in the buffers.
        assert_eq!(read(view).unwrap(), expected);
    }
    unreachable!()
}

#[test]
fn every_reading_ends_at_any_poll_and_leaves_nothing_behind() {
    let colony = grown(3);
    let view = colony.state().view();
    let (mut session, mut buffers) = (Session::new(view.commons.lexicon().clone()), Buffers::default());
    let question = view.document(DocumentId::from_key("doc-3")).unwrap().body.text.to_string();
    let words = session.query(&question);
    let third = third(1);
    let bounded = Ranking {
        exhaustive_max: 10,
        lexical_candidates: 30,
        concept_candidates: 10,
        hop_share: 0.2,
        ..Ranking::default()
    };
    for ranking in [Ranking::default(), bounded] {
        for filter in [Filter::default(), third.clone()] {
            let ended = polls(view, 11, |view| {
                let asking = Asking {
                    homes: &mut Here::new(view, &mut buffers),
                    text: &question,
                    ranking: &ranking,
                    session: &mut session,
                };
                asking.answer(100, &filter, true)
            });
            assert!(ended > 300, "{ended}");
        }
        let ended = polls(view, 5, |view| {
            let asking = Asking {
                homes: &mut Here::new(view, &mut buffers),
                text: &question,
                ranking: &ranking,
                session: &mut session,
            };
            asking.explain("doc-7")
        });
        assert!(ended > 100, "{ended}");
    }
    assert!(
        polls(view, 1, |view| {
            documents::search(&mut Here::new(view, &mut buffers), &words, 10, &Filter::default())
        }) > 10
    );
    assert!(polls(view, 1, |view| view.near(&words, 10)) > 10);
    assert!(polls(view, 7, |view| view.counts()) > 100);
    assert!(polls(view, 7, |view| Ok(view.nodes()?.rows)) > 100);
    assert!(polls(view, 7, |view| Ok(view.edges()?.rows)) > 100);
    assert!(polls(view, 1, |view| Ok(view.names(None, &third)?.len())) > 3);
}

#[test]
fn the_digest_ends_at_any_poll() {
    let colony = grown(2);
    let expected = colony.digest();
    let ended = (1u64..).step_by(9).find(|&number| match dump::digest(colony.state(), &Cancel::at_poll(number)) {
        Err(error) => {
            assert_eq!(error, Error::Cancelled);
            false
        }
        Ok(digest) => {
            assert_eq!(digest, expected);
            true
        }
    });
    let records = DOCUMENTS + colony.state().commons().terms();
    assert!(ended > Some(records as u64 - 9), "{ended:?}");
}
