//! Batches in bytes: what one process says, another that learned its words otherwise understands, or refuses whole.

mod common;

use common::{colony, documents};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;
use phago_core::message::{Batch, Header};
use phago_core::phase::Phase;
use phago_core::shard::{Seat, Shard};
use phago_core::text::{Lexicon, Session};
use std::sync::Arc;

// A colony of two shards that learned its words in the order of its documents, or in the opposite one; a part of them
// was digested, deleted and reinforced.
fn grown(opposite: bool) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), 2);
    let (mut first, mut second) = (documents(1, 20), documents(2, 20));
    if opposite {
        let all: Vec<String> = first.iter().chain(&second).rev().map(|(_, text)| text.clone()).collect();
        let words = all.join(" ");
        let reversed: Vec<&str> = words.split(' ').rev().collect();
        Session::new(colony.state().commons().lexicon().clone()).analyse("", &reversed.join(" "));
        first.reverse();
        second.reverse();
    }
    for (key, text) in &first {
        colony.ingest(Some(key), "", text).unwrap();
    }
    colony.tick().unwrap();
    // What is called back travels in the order in which it was asked.
    first.sort();
    for (key, text) in &first {
        let (id, words) = (DocumentId::from_key(key), text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let path = [(words[0].clone(), words[1..3].to_vec()), (words[1].clone(), words[2..4].to_vec())];
        assert!(if id.0 % 4 == 0 { colony.delete(id).unwrap() } else { colony.reinforce(id, &path).unwrap() });
    }
    for (key, text) in &second {
        colony.ingest(Some(&format!("second-{key}")), "", text).unwrap();
    }
    colony
}

fn outbox(colony: &Colony) -> Vec<Batch> {
    let (state, cancel) = (colony.state(), Cancel::new());
    let (plan, commons) = (state.plan().unwrap(), state.commons());
    let speak = |shard: &Arc<Shard>| {
        let mut seat = Seat::new();
        for phase in [Phase::Sense, Phase::Act] {
            seat.step(phase, shard, &plan, commons, &cancel).unwrap();
        }
        seat.take_outbox()
    };
    state.shards().iter().flat_map(speak).collect()
}

#[test]
fn a_batch_means_the_same_where_words_were_learned_in_another_order() {
    let (here, there) = (grown(false), grown(true));
    let (lexicon, other) = (here.state().commons().lexicon(), there.state().commons().lexicon());
    let moved = (0..lexicon.term_count()).filter(|&term| other.term(&lexicon.stem(term)) != Some(term)).count();
    assert!(moved > 100, "{moved} words have another number there");
    let (said, expected) = (outbox(&here), outbox(&there));
    assert_eq!((said.len(), expected.len()), (4, 4));
    for (batch, own) in said.iter().zip(&expected) {
        assert!(batch.lists().count() > 0 && batch.unwired().count() > 0);
        assert!(batch.uses().concepts.len() > 1 && batch.uses().synapses.len() > 1);
        let read = Batch::decode(&batch.encode(lexicon), other).unwrap();
        // Lists and uses in the order of the numbers there, as the shards there make them.
        assert!(read.says_the_same(own));
        assert_eq!(read.nbytes(), own.nbytes());
        assert!(read.lists().all(|list| list.is_sorted_by(|a, b| a < b)));
    }
}

#[test]
fn a_batch_of_words_never_heard_is_refused_by_name_and_teaches_none() {
    let here = grown(false);
    let lexicon = here.state().commons().lexicon();
    let batch = &outbox(&here)[0];
    let bytes = batch.encode(lexicon);
    let fresh = Arc::new(Lexicon::new());
    let Err(Error::Wire { reason, .. }) = Batch::decode(&bytes, &fresh) else { panic!("understood") };
    let named = reason.strip_prefix("unknown term `").and_then(|rest| rest.strip_suffix('`')).unwrap();
    assert!(lexicon.term(named).is_some(), "{reason}");
    assert_eq!((fresh.term_count(), fresh.form_count()), (0, 0));
    // Its header needs no words.
    let header = Header::read(&bytes).unwrap();
    assert_eq!(
        (header.tick, header.from, header.to, header.nbytes),
        (batch.tick, batch.from, batch.to, batch.nbytes())
    );
    // Once it has heard them, it understands.
    let mut session = Session::new(fresh.clone());
    for (_, text) in documents(2, 20).into_iter().chain(documents(1, 20)) {
        session.analyse("", &text);
    }
    let read = Batch::decode(&bytes, &fresh).unwrap();
    assert_eq!(read.len(), batch.len());
    assert_eq!(read.lists().map(<[u32]>::len).sum::<usize>(), batch.lists().map(<[u32]>::len).sum::<usize>());
}

// What travels, field by field: version, tick, from, to, packed, stems, wired, unwired, used, reinforced.
type Stamped = Vec<(u32, Vec<u32>)>;
type Wire = (u8, u64, u32, u32, u64, Vec<String>, Stamped, Stamped, Vec<(u32, u64)>, Vec<((u32, u32), u64)>);

fn wire(version: u8, list: Vec<u32>) -> Vec<u8> {
    let stems = ["bak", "dak", "fak"].map(String::from).to_vec();
    let wire: Wire = (version, 3, 0, 1, 9, stems, vec![(3, list.clone())], vec![(2, list)], Vec::new(), Vec::new());
    postcard::to_stdvec(&wire).unwrap()
}

#[test]
fn a_list_is_read_sorted_and_each_word_once() {
    let lexicon = Arc::new(Lexicon::new());
    Session::new(lexicon.clone()).analyse("", "dak fak bak");
    let read = Batch::decode(&wire(2, vec![0, 1, 1, 2, 0]), &lexicon).unwrap();
    assert_eq!(read.lists().collect::<Vec<_>>(), [[0, 1, 2]]);
    assert_eq!(read.unwired().collect::<Vec<_>>(), [(2, &[0, 1, 2][..])]);
}

#[test]
fn another_version_and_a_word_beyond_the_list_are_refused() {
    let lexicon = Arc::new(Lexicon::new());
    Session::new(lexicon.clone()).analyse("", "dak fak bak");
    let why = |bytes: &[u8]| match Batch::decode(bytes, &lexicon) {
        Err(Error::Wire { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(&wire(1, vec![0])), "version 1 is not 2");
    assert_eq!(why(&wire(3, vec![0])), "version 3 is not 2");
    assert!(Header::read(&wire(3, vec![0])).is_err());
    assert_eq!(why(&wire(2, vec![3])), "a term is missing");
}
