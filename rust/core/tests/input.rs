//! Inputs as data: their bytes, what is refused, and that the same inputs make the same colony.

mod common;

use common::*;
use phago_core::Error;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, DOCUMENT_BYTES_MAX, KEY_BYTES_MAX, Lifetime, ThreadPlace, Vector};
use phago_core::ids::DocumentId;
use phago_core::input::{INPUT_VERSION, Input, Outcome, Updated};
use phago_core::life::{Acted, Deed};
use phago_core::metadata::{Metadata, Value, Values};
use phago_core::reinforcement::Reinforcement;
use proptest::prelude::*;

fn path(of: &[(&str, &[&str])]) -> Reinforcement {
    let owned: Vec<(&str, Vec<String>)> =
        of.iter().map(|(label, words)| (*label, words.iter().map(ToString::to_string).collect())).collect();
    Reinforcement::new(owned.iter().map(|(label, words)| (*label, &**words)), |word| Some(word.to_owned())).unwrap()
}

fn body(key: Option<&str>, text: &str) -> Body {
    Body { key: key.map(Into::into), text: text.into(), ..Body::default() }
}

fn metadata() -> Metadata {
    let one = |key: &str, value| (key.into(), Values::One(value));
    let many = Values::Many([Value::Bool(true), Value::Float(1.5)].into());
    Metadata::new(vec![one("n", Value::Int(-3)), ("l".into(), many), one("s", Value::Text("x".into()))]).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_of_each_kind_are_a_durable_format() {
    let title = "T".into();
    let full = Body { key: Some("a".into()), title, text: "ions".into(), metadata: metadata(), ..Body::default() };
    let turn = ThreadPlace { thread: "talk".into(), place: -2 };
    let expiring = |expires| Body { expires: Some(expires), ..body(Some("k"), "t") };
    let id = DocumentId(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
    let golden = [
        (
            Input::Ingest(vec![full, body(None, "b")]),
            "01000201016101540469\
             6f6e73030\
             16c0102000102000000000000f83f\
             016e000105\
             0173000301780000000162\
             0000",
        ),
        (Input::Update(body(Some("k"), "t")), "010101016b0001740000"),
        (
            Input::Update(Body { thread: Some(turn), ..body(Some("k"), "t") }),
            "010101016b0001740002000000010474616c6b03",
        ),
        (Input::Update(expiring(Lifetime::Tick(300))), "010101016b000174000100ac02"),
        (Input::Update(expiring(Lifetime::Time(-2))), "010101016b00017400010103"),
        (Input::Delete(id), "0102100f0e0d0c0b0a090807060504030201"),
        (
            Input::Reinforce { id, path: path(&[("pump", &["ion"])]), times: 300 },
            "0103100f0e0d0c0b0a09080706050403020102\
             03696f6e0470756d70\
             010001ac02",
        ),
        (Input::Now(-3), "010505"),
        (Input::Now(1_800_000_000_000_000), "01058080c489e5c5b206"),
        (Input::Life(Deed::Dismiss("ant".into())), "01060303616e74"),
        (
            Input::Lived { tick: 3, attempt: 1, cut: 2, acted: Acted { sensed: 2, ..Acted::default() } },
            "0107030102020000",
        ),
    ];
    for (input, expected) in golden {
        let bytes = input.encode();
        assert_eq!(hex(&bytes), expected, "{input:?}");
        assert_eq!(Input::decode(&bytes), Ok(input));
    }
}

#[test]
fn what_is_no_input_is_refused() {
    let good = Input::Ingest(vec![body(Some("k"), "text")]).encode();
    assert_eq!(good[0], INPUT_VERSION);
    let refused = |bytes: &[u8], why: &str| match Input::decode(bytes) {
        Err(Error::Wire { what: "input", reason }) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    };
    refused(&[], "none");
    for version in [0, INPUT_VERSION + 1, 255] {
        refused(&[&[version], &good[1..]].concat(), "version");
    }
    refused(&[&good[..], &[0]].concat(), "1 bytes are left over");
    // A kind that is not known, and a batch that says it holds more than there is.
    refused(&[INPUT_VERSION, 200, 1], "");
    refused(&[INPUT_VERSION, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "");
    for end in 0..good.len() {
        refused(&good[..end], "");
    }
    // Values that no colony takes are no inputs.
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    let huge = "x".repeat(DOCUMENT_BYTES_MAX + 1);
    for bad in [body(Some(""), "t"), body(Some(&long), "t"), body(None, " \n"), body(None, &huge)] {
        refused(&Input::Ingest(vec![body(None, "good"), bad.clone()]).encode(), "");
        refused(&Input::Update(bad).encode(), "");
    }
    let id = DocumentId(1);
    let reinforce = Input::Reinforce { id, path: path(&[("b", &["a"])]), times: 1 }.encode();
    let at = reinforce.len();
    let changed = |index: usize, to: u8| {
        let mut bytes = reinforce.clone();
        bytes[index] = to;
        bytes
    };
    assert!(Input::decode(&reinforce).is_ok());
    refused(&changed(at - 1, 0), "0 times");
    // A pair of a stem with itself, of one that is not there, and stems out of order.
    refused(&changed(at - 2, 0), "");
    refused(&changed(at - 2, 2), "");
    refused(&changed(at - 6, b'c'), "");
}

proptest! {
    #[test]
    fn bytes_from_anywhere_are_an_input_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for bytes in [bytes.clone(), [&[INPUT_VERSION][..], &bytes].concat()] {
            if let Ok(input) = Input::decode(&bytes) {
                prop_assert_eq!(Input::decode(&input.encode()).unwrap(), input);
            }
        }
    }
}

// Few ids and contents, so that they meet.
fn input(chance: &mut Chance) -> Input {
    let document = |chance: &mut Chance| {
        let key = (chance.below(5) > 0).then(|| format!("doc-{}", chance.below(20)));
        let mut content = Chance(chance.below(30));
        let length = 4 + content.below(20);
        let text = content.text(60, length);
        let metadata = if chance.below(3) == 0 { metadata() } else { Metadata::default() };
        let expires = match chance.below(6) {
            0 => Some(Lifetime::Tick(chance.below(9))),
            1 => Some(Lifetime::Time(chance.below(9) as i64)),
            _ => None,
        };
        let thread = (chance.below(3) == 0)
            .then(|| ThreadPlace { thread: chance.word(3).into(), place: chance.below(4) as i64 });
        let time = (chance.below(4) == 0).then(|| chance.below(9) as i64);
        let vector = (chance.below(3) == 0).then(|| Vector::new(&[1.0, chance.below(9) as f64, -3.0]).unwrap());
        let (key, title) = (key.map(Into::into), content.word(9).into());
        Body { key, title, text: text.into(), metadata, expires, thread, time, vector }
    };
    let id = |chance: &mut Chance| DocumentId::from_key(&format!("doc-{}", chance.below(20)));
    match chance.below(10) {
        0..=4 => Input::Ingest((0..1 + chance.below(3)).map(|_| document(chance)).collect()),
        5..=6 => Input::Update(document(chance)),
        7 => Input::Delete(id(chance)),
        8 => Input::Now(chance.below(9) as i64),
        _ => {
            let (label, word) = (chance.word(60), chance.word(60));
            Input::Reinforce { id: id(chance), path: path(&[(&label, &[&word])]), times: 1 + chance.below(3) }
        }
    }
}

#[test]
fn stored_inputs_make_the_same_colony_again() {
    let config = ColonyConfig { documents_per_tick: 7, ..ColonyConfig::default() };
    let colony = |shards| colony(&config, shards);
    let (mut done, mut failed) = (0, 0);
    for seed in 0..8 {
        let mut chance = Chance(seed);
        let (mut first, mut log) = (colony(1), Vec::new());
        let mut again = [colony(1), colony(3)];
        for _ in 0..60 {
            if chance.below(5) == 0 {
                first.tick().unwrap();
                log.push(None);
                continue;
            }
            let input = input(&mut chance);
            let before = first.digest();
            match first.apply(input.clone()) {
                Ok(_) => {
                    done += 1;
                    log.push(Some(input.encode()));
                }
                Err(_) => {
                    failed += 1;
                    assert_eq!(first.digest(), before, "a refused input changes nothing");
                }
            }
        }
        for colony in &mut again {
            for entry in &log {
                match entry {
                    None => drop(colony.tick().unwrap()),
                    Some(bytes) => drop(colony.apply(Input::decode(bytes).unwrap()).unwrap()),
                }
            }
            assert_eq!(colony.digest(), first.digest(), "seed {seed}");
        }
    }
    assert!(done > 200 && failed > 20, "{done} done, {failed} refused");
}

#[test]
fn an_outcome_says_what_was_done() {
    let mut colony = colony(&ColonyConfig::default(), 2);
    let mut apply = |input| colony.apply(input);
    let ingested = |accepted, unchanged| Ok(Outcome::Ingested { accepted, unchanged });
    let (a, b) = (body(Some("a"), "ions cross"), body(Some("b"), "ions stay"));
    assert_eq!(apply(Input::Ingest(vec![a.clone(), b.clone(), a.clone()])), ingested(2, 1));
    assert_eq!(apply(Input::Ingest(vec![a.clone()])), ingested(0, 1));
    let clash = apply(Input::Ingest(vec![body(None, "free"), body(Some("a"), "other")]));
    assert_eq!(clash, Err(Error::DocumentExists { index: 1, id: "a".into() }));
    let changed = body(Some("a"), "ions pass");
    assert_eq!(apply(Input::Update(changed.clone())), Ok(Outcome::Updated(Updated::Changed)));
    assert_eq!(apply(Input::Update(changed)), Ok(Outcome::Updated(Updated::Unchanged)));
    assert_eq!(apply(Input::Update(body(Some("c"), "new"))), Ok(Outcome::Updated(Updated::New)));
    assert!(matches!(apply(Input::Update(body(None, "x"))), Err(Error::InvalidDocument { .. })));
    let reinforce =
        |key: &str| Input::Reinforce { id: DocumentId::from_key(key), path: path(&[("ion", &["pass"])]), times: 2 };
    assert_eq!(apply(reinforce("a")), Ok(Outcome::Reinforced(true)));
    assert_eq!(apply(Input::Delete(DocumentId::from_key("a"))), Ok(Outcome::Deleted(true)));
    assert_eq!(apply(Input::Delete(DocumentId::from_key("a"))), Ok(Outcome::Deleted(false)));
    assert_eq!(apply(reinforce("a")), Ok(Outcome::Reinforced(false)));
    assert_eq!(colony.state().commons().documents(), 2);
}

#[test]
fn the_inputs_of_every_seat_make_a_colony_at_tick_0_again() {
    let mut chance = Chance(5);
    let mut first = colony(&ColonyConfig::default(), 3);
    for _ in 0..40 {
        // Those that are refused leave nothing behind.
        let _ = first.apply(input(&mut chance));
    }
    assert!(first.state().commons().reinforcing() > 0);
    let mut second = colony(&ColonyConfig::default(), 2);
    for seat in 0..3 {
        for input in first.state().inputs_of(seat) {
            second.apply(input).unwrap();
        }
    }
    assert_eq!(second.digest(), first.digest());
}

#[test]
fn no_two_documents_have_one_name() {
    let nameless = body(None, "ions cross the membrane");
    let name = nameless.id().to_string();
    let (same, other) = (body(Some(&name), "ions cross the membrane"), body(Some(&name), "yeast makes bread"));
    let unchanged = Ok(Outcome::Ingested { accepted: 0, unchanged: 1 });
    let taken = |index| Err(Error::DocumentExists { index, id: name.clone() });
    for shards in [1, 3] {
        let mut first = colony(&ColonyConfig::default(), shards);
        let together = vec![nameless.clone(), same.clone(), other.clone()];
        assert_eq!(first.apply(Input::Ingest(together)), taken(2));
        first.apply(Input::Ingest(vec![nameless.clone()])).unwrap();
        assert_eq!(first.apply(Input::Ingest(vec![same.clone()])), unchanged);
        assert_eq!(first.apply(Input::Ingest(vec![other.clone()])), taken(0));
        assert!(
            matches!(first.apply(Input::Update(other.clone())), Err(Error::InvalidDocument { field, .. }) if field == "id")
        );
        assert_eq!(first.apply(Input::Update(same.clone())), Ok(Outcome::Updated(Updated::Unchanged)));
        assert_eq!(first.search("ions", 9).unwrap().len(), 1);
        // The other way round, and free again once the one that has it goes.
        let mut second = colony(&ColonyConfig::default(), shards);
        second.apply(Input::Ingest(vec![other.clone()])).unwrap();
        assert_eq!(second.apply(Input::Ingest(vec![nameless.clone()])), taken(0));
        assert!(second.delete(other.id()).unwrap());
        second.apply(Input::Ingest(vec![nameless.clone()])).unwrap();
        assert_eq!(second.evidence_digest(), first.evidence_digest());
        // What only looks like a name of that kind is free.
        let upper = body(Some(&name.to_uppercase()), "another");
        assert_eq!(second.apply(Input::Ingest(vec![upper])), Ok(Outcome::Ingested { accepted: 1, unchanged: 0 }));
    }
}
