//! Metadata and filters over it: the index against a plain scan, answers against plain filtering.

mod common;

use common::{Chance, colony};
use phago_core::Error;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;
use phago_core::metadata::{
    Comparison, FILTER_BYTES_MAX, Filter, METADATA_BYTES_MAX, METADATA_KEYS_MAX, Metadata, Value, Values,
};
use phago_core::query::lit::{self, Lit, Sums};
use phago_core::query::{Buffers, Here, Hit, Ranking, Scratch};
use phago_core::text::Session;
use proptest::prelude::*;
use std::collections::BTreeSet;

const BIG: i64 = 1 << 53;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

// Few values, so that they meet; some that only exact arithmetic tells apart.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![1 => any::<bool>().prop_map(Value::Bool), 3 => ordered()]
}

// Values that a range can be bound by: all but bools.
fn ordered() -> impl Strategy<Value = Value> {
    let integers = prop_oneof![-2i64..3, Just(BIG), Just(BIG + 1), Just(i64::MAX), Just(i64::MIN)];
    let halves = (-4i32..6).prop_map(|half| f64::from(half) / 2.0);
    let floats = prop_oneof![halves, Just(BIG as f64), Just(i64::MAX as f64), Just(-1e300), Just(1e300)];
    prop_oneof![
        integers.prop_map(Value::Int),
        floats.prop_map(Value::Float),
        prop::sample::select(vec!["", "a", "b", "B", "\u{e9}", "\u{1f600}"]).prop_map(text),
    ]
}

fn values() -> impl Strategy<Value = Values> {
    let list = prop::collection::vec(value(), 0..4).prop_map(|list| Values::Many(list.into()));
    prop_oneof![3 => value().prop_map(Values::One), 1 => list]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let keys = prop::sample::subsequence(vec!["one", "two", "three"], 0..=3);
    (keys, prop::collection::vec(values(), 3))
        .prop_map(|(keys, values)| Metadata::new(keys.into_iter().map(Into::into).zip(values).collect()).unwrap())
}

fn comparison() -> impl Strategy<Value = Comparison<Value>> {
    let bound = || prop_oneof![8 => ordered(), 1 => Just(Value::Float(f64::INFINITY))];
    prop_oneof![
        prop::collection::vec(value(), 0..4).prop_map(Comparison::In),
        prop::collection::vec(value(), 0..4).prop_map(Comparison::NotIn),
        value().prop_map(Comparison::Ne),
        any::<bool>().prop_map(Comparison::Exists),
        bound().prop_map(Comparison::Gt),
        bound().prop_map(Comparison::Gte),
        bound().prop_map(Comparison::Lt),
        bound().prop_map(Comparison::Lte),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let keys = prop::sample::subsequence(vec!["one", "two", "three"], 0..=3);
    let comparisons = prop::collection::vec(prop::collection::vec(comparison(), 1..4), 3);
    let plain = (keys, comparisons)
        .prop_map(|(keys, all)| Filter::new(keys.into_iter().map(Into::into).zip(all).collect()).unwrap());
    plain.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| Filter::all(all).unwrap()),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|any| Filter::any(any).unwrap()),
            inner.prop_map(|filter| Filter::not(filter).unwrap()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_index_is_a_plain_scan_whatever_comes_and_goes(
        steps in prop::collection::vec((0u32..12, prop::option::weighted(0.7, metadata())), 1..60),
        filters in prop::collection::vec(filter(), 1..8), shards in 1u32..4,
    ) {
        let mut colony = colony(&ColonyConfig::default(), shards);
        for (number, metadata) in steps {
            let key = number.to_string();
            colony.delete(DocumentId::from_key(&key)).unwrap();
            if let Some(metadata) = metadata {
                colony.ingest_with(Some(&key), "", "ions", metadata).unwrap();
            }
            for filter in &filters {
                for shard in colony.state().shards() {
                    let documents = shard.documents();
                    let found: Vec<u32> = documents.matching(filter).iter().collect();
                    let all = documents.placed();
                    let plain = all.filter(|(_, document)| filter.accepts(&document.body.metadata)).map(|(place, _)| place);
                    prop_assert_eq!(&found, &plain.collect::<Vec<u32>>(), "{:?}", filter);
                    prop_assert_eq!(documents.matching(filter).count(), found.len());
                }
            }
        }
    }

    #[test]
    fn equal_metadata_has_equal_bytes_and_no_other_has(a in metadata(), b in metadata()) {
        prop_assert_eq!(a == b, a.encode() == b.encode());
        prop_assert_eq!(a == b, a.content_id("t", "x") == b.content_id("t", "x"));
    }
}

fn of(entries: &[(&str, Values)]) -> Metadata {
    Metadata::new(entries.iter().map(|(key, values)| ((*key).into(), values.clone())).collect()).unwrap()
}

fn one(key: &str, comparisons: Vec<Comparison<Value>>) -> Filter {
    Filter::new(vec![(key.into(), comparisons)]).unwrap()
}

#[test]
fn values_compare_exactly_and_within_their_kind() {
    use Comparison::{Gt, Gte, In, Lt, Lte, Ne};
    use Value::{Bool, Float, Int};
    let holds = |comparison: Comparison<Value>, value: Value| {
        one("k", vec![comparison]).accepts(&of(&[("k", Values::One(value))]))
    };
    let equal = |a: &Value, b: &Value| holds(In(vec![a.clone()]), b.clone());
    for (a, b, expected) in [
        (Int(1), Float(1.0), true),
        (Float(-0.0), Int(0), true),
        (Int(BIG + 1), Float(BIG as f64), false),
        (Int(BIG), Float(BIG as f64), true),
        (Int(i64::MAX), Float(i64::MAX as f64), false),
        (Int(i64::MIN), Float(i64::MIN as f64), true),
        (Bool(true), Int(1), false),
        (text("1"), Int(1), false),
        (text("e"), text("E"), false),
    ] {
        assert_eq!((equal(&a, &b), equal(&b, &a)), (expected, expected), "{a} {b}");
        assert_eq!(holds(Ne(a.clone()), b.clone()), !expected, "{a} {b}");
    }
    // Each less than the next.
    let rising = [Float(-1e300), Int(i64::MIN), Float(-0.5), Int(0), Float(0.5), Int(BIG), Int(BIG + 1), Float(1e300)];
    let words = [text(""), text("B"), text("a"), text("\u{e9}"), text("\u{ffff}"), text("\u{1f600}")];
    for rising in [&rising[..], &words[..]] {
        for (at, low) in rising.iter().enumerate() {
            for (other, high) in rising.iter().enumerate() {
                let told = [Lt(high.clone()), Lte(high.clone()), Gt(high.clone()), Gte(high.clone())];
                let told = told.map(|comparison| holds(comparison, low.clone()));
                assert_eq!(told, [at < other, at <= other, at > other, at >= other], "{low} {high}");
            }
        }
    }
    assert!(!holds(Gt(Int(0)), text("z")) && !holds(Lt(text("z")), Int(0)) && !holds(Gte(Int(0)), Bool(true)));
}

#[test]
fn one_value_of_a_list_must_pass_all_and_none_may_be_excluded() {
    use Comparison::{Gte, In, Lt, Ne};
    let list = |values: &[i64]| of(&[("k", Values::Many(values.iter().map(|value| Value::Int(*value)).collect()))]);
    let range = one("k", vec![Gte(Value::Int(2)), Lt(Value::Int(5))]);
    assert!(range.accepts(&list(&[1, 4])) && !range.accepts(&list(&[1, 5])) && !range.accepts(&list(&[])));
    let not = one("k", vec![Ne(Value::Int(2))]);
    assert!(not.accepts(&list(&[1])) && not.accepts(&list(&[])) && !not.accepts(&list(&[1, 2])));
    assert!(not.accepts(&Metadata::default()) && not.accepts(&of(&[("other", Values::One(Value::Int(1)))])));
    assert!(!one("k", vec![In(Vec::new())]).accepts(&list(&[1])));
    assert!(Filter::default().accepts(&Metadata::default()));
}

#[test]
fn what_cannot_be_metadata_says_why() {
    let refused = |entries: Vec<(&str, Values)>| {
        Metadata::new(entries.into_iter().map(|(key, values)| (key.into(), values)).collect()).unwrap_err()
    };
    let int = || Values::One(Value::Int(1));
    assert!(refused(vec![(" \t", int())]).contains("blank"));
    assert!(refused(vec![("a", int()), ("b", int()), ("a", int())]).contains("`a` twice"));
    assert!(refused(vec![("a", Values::Many([Value::Float(f64::NAN)].into()))]).contains("NaN for key `a`"));
    assert!(refused(vec![("a", Values::One(Value::Float(f64::INFINITY)))]).contains("inf for key `a`"));
    let keys: Vec<String> = (0..=METADATA_KEYS_MAX).map(|number| number.to_string()).collect();
    assert!(refused(keys.iter().map(|key| (&**key, int())).collect()).contains("65 keys"));
    let room = METADATA_BYTES_MAX - 9;
    let long = |length| Values::One(text(&"x".repeat(length)));
    assert!(Metadata::new(vec![("k".into(), long(room))]).is_ok());
    assert!(refused(vec![("k", long(room + 1))]).contains("65537 bytes"));
    // Strings of nothing are no way around the bound.
    let many = Values::Many(vec![text(""); METADATA_BYTES_MAX / 8].into());
    assert!(refused(vec![("k", many)]).contains("65537 bytes"));
    assert_eq!(size_of::<Metadata>(), 2 * size_of::<usize>());
}

#[test]
fn a_bad_filter_is_refused_by_key_and_value() {
    let refused = |key: &str, comparisons: Vec<Comparison<Value>>| match Filter::new(vec![(key.into(), comparisons)]) {
        Err(Error::Config { field, value, accepted }) if field == "where" && !accepted.is_empty() => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(" ", vec![Comparison::Ne(Value::Int(1))]), "{' ': ...}");
    assert_eq!(refused("year", vec![]), "{'year': {}}");
    assert_eq!(refused("year", vec![Comparison::Gt(Value::Float(f64::NAN))]), "{'year': {'gt': NaN}}");
    assert_eq!(refused("year", vec![Comparison::Lte(Value::Bool(true))]), "{'year': {'lte': true}}");
    let many = vec![Value::Int(0); FILTER_BYTES_MAX / 8];
    assert_eq!(refused("year", vec![Comparison::In(many)]), "a filter of 1048580 bytes");
    let keys = (0..65).map(|number| (number.to_string().into(), vec![Comparison::Ne(Value::Int(1))])).collect();
    assert!(Filter::new(keys).is_err());
}

#[test]
fn a_filter_of_filters_is_bounded_as_a_whole() {
    use phago_core::metadata::{FILTER_DEPTH_MAX, FILTER_KEYS_MAX};
    let one = || one("k", vec![Comparison::Ne(Value::Int(1))]);
    let value = |result: Result<Filter, Error>| match result {
        Err(Error::Config { field, value, .. }) if field == "where" => value,
        other => panic!("{other:?}"),
    };
    assert!(Filter::any(vec![one(); FILTER_KEYS_MAX]).is_ok());
    assert_eq!(value(Filter::any(vec![one(); FILTER_KEYS_MAX + 1])), "a filter of 65 conditions on keys");
    let mut deep = one();
    for _ in 0..FILTER_DEPTH_MAX {
        deep = Filter::not(deep).unwrap();
    }
    assert!(deep.accepts(&Metadata::default()));
    assert_eq!(value(Filter::all(vec![deep])), "a filter of 17 levels");
    let half = |key: &str| self::one(key, vec![Comparison::In(vec![text(&"x".repeat(FILTER_BYTES_MAX / 2))])]);
    assert!(value(Filter::any(vec![half("a"), half("b")])).ends_with("bytes"));
}

#[test]
fn what_is_excluded_may_be_missing_and_what_is_asked_for_may_not() {
    use Comparison::{Exists, Gt, In, Ne, NotIn};
    let none = Metadata::default();
    let two = of(&[("k", Values::One(Value::Int(2)))]);
    let empty = of(&[("k", Values::Many(Box::new([])))]);
    let two_is = Value::Int(2);
    for (comparisons, expected) in [
        (vec![Ne(two_is.clone())], [true, false, true]),
        (vec![NotIn(vec![two_is.clone(), text("2")])], [true, false, true]),
        (vec![NotIn(vec![])], [true, true, true]),
        (vec![In(vec![two_is.clone()])], [false, true, false]),
        (vec![Gt(Value::Int(1)), Ne(Value::Int(3))], [false, true, false]),
        (vec![Exists(true)], [false, true, true]),
        (vec![Exists(false)], [true, false, false]),
        (vec![Exists(true), Ne(two_is.clone())], [false, false, true]),
        (vec![Exists(true), Exists(false)], [false, false, false]),
        (vec![Exists(false), In(vec![two_is])], [false, false, false]),
    ] {
        let filter = one("k", comparisons);
        assert_eq!([&none, &two, &empty].map(|metadata| filter.accepts(metadata)), expected, "{filter:?}");
        let not = Filter::not(filter.clone()).unwrap();
        assert_eq!([&none, &two, &empty].map(|metadata| not.accepts(metadata)), expected.map(|one| !one), "{not:?}");
    }
}

#[test]
fn metadata_is_content() {
    let year = |year| of(&[("year", Values::One(Value::Int(year)))]);
    let fill = |documents: &[(Option<&str>, Metadata)]| {
        let mut colony = colony(&ColonyConfig::default(), 2);
        for (key, metadata) in documents {
            colony.ingest_with(*key, "T", "ions cross", metadata.clone()).unwrap();
        }
        colony
    };
    let mut colony = fill(&[(Some("a"), year(1))]);
    assert!(!colony.ingest_with(Some("a"), "T", "ions cross", year(1)).unwrap());
    for other in [Metadata::default(), year(2), of(&[("year", Values::One(Value::Float(1.0)))])] {
        assert!(matches!(colony.ingest_with(Some("a"), "T", "ions cross", other), Err(Error::DocumentExists { .. })));
    }
    let digests = |colony: &Colony| (colony.digest(), colony.evidence_digest());
    let all = [Metadata::default(), year(1), year(2)];
    let told: BTreeSet<_> =
        all.iter().flat_map(|one| <[_; 2]>::from(digests(&fill(&[(Some("a"), one.clone())])))).collect();
    assert_eq!(told.len(), 6);
    // Without a key, each is a document of its own, and the one without metadata has the id it always had.
    let colony = fill(&all.map(|metadata| (None, metadata)));
    assert_eq!(colony.state().commons().documents(), 3);
    assert!(colony.state().document(DocumentId::from_content("T", "ions cross")).is_some());
    let list = [Value::Int(1), Value::Float(-0.0), Value::Bool(true), text("\u{e9}")];
    let every_kind = of(&[("tags", Values::Many(list.into())), ("year", Values::One(Value::Int(-1)))]);
    assert_eq!(every_kind.content_id("Cells", "A membrane.").to_string(), "f132f32ca1fd421248b929e7cacccd12");
}

const VOCABULARY: u64 = 300;

// As in the tests of answers, with a rare, a common and a growing property.
fn filled(shards: u32, count: usize) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    let mut chance = Chance(31);
    let titles: Vec<String> = (0..count).map(|number| chance.text(VOCABULARY, 1 + number as u64 % 3)).collect();
    for (number, title) in titles.iter().enumerate() {
        let words = 5 + chance.below(50);
        let other = &titles[chance.below(count as u64) as usize];
        let text = format!("{} {other}", chance.text(VOCABULARY, words));
        let sort = if chance.below(20) == 0 { "rare" } else { ["wiki", "news"][chance.below(2) as usize] };
        let tags = (0..chance.below(4)).map(|_| Value::Int(chance.below(6) as i64)).collect();
        let metadata = of(&[
            ("sort", Values::One(self::text(sort))),
            ("number", Values::One(Value::Int(number as i64))),
            ("tags", Values::Many(tags)),
        ]);
        colony.ingest_with(Some(&format!("doc-{number}")), title, &text, metadata).unwrap();
    }
    colony
}

fn filters(count: i64) -> Vec<Filter> {
    use Comparison::{Gte, In, Lt, Ne};
    vec![
        Filter::default(),
        one("sort", vec![In(vec![text("rare")])]),
        one("sort", vec![In(vec![text("wiki"), text("rare")])]),
        one("sort", vec![Ne(text("wiki"))]),
        one("number", vec![Gte(Value::Int(count / 4)), Lt(Value::Int(count / 2))]),
        one("tags", vec![In(vec![Value::Float(3.0)])]),
        Filter::new(vec![
            ("sort".into(), vec![In(vec![text("news")])]),
            ("tags".into(), vec![Lt(Value::Int(4)), Ne(Value::Int(1))]),
        ])
        .unwrap(),
        one("number", vec![In(vec![Value::Int(7)])]),
        one("nothing", vec![Ne(Value::Int(7))]),
    ]
}

fn plain(hits: &[Hit]) -> Vec<(u128, u64)> {
    hits.iter().map(|hit| (hit.found.id, hit.found.score.to_bits())).collect()
}

// What the rule says, made of parts that know no filter: scores as explained; the best by words, the best by
// concepts and the mentioned of those that match; after them the rest that has a word of the question.
fn expected(colony: &Colony, question: &str, k: usize, filter: &Filter, ranking: &Ranking) -> Vec<(u128, u64)> {
    let state = colony.state();
    let (view, commons) = (state.view(), state.commons());
    let mut session = Session::new(commons.lexicon().clone());
    let mut buffers = Buffers::default();
    let inquiry = state.inquire(question, ranking, &mut session, &mut buffers).unwrap();
    // What is bounded may grow with the colony.
    let ranking = &inquiry.ranking.clone();
    let matches = |id: u128| filter.accepts(&state.document(DocumentId(id)).unwrap().body.metadata);
    let words = session.query(question);
    let lexical = state.search(&words, 100_000, &Filter::default(), &mut Scratch::default()).unwrap();
    let lexical: Vec<u128> = lexical.iter().map(|found| found.id).filter(|id| matches(*id)).collect();
    let concepts = &inquiry.scorers.concepts;
    let most_lit = |concepts: &[Lit]| -> Vec<u128> {
        let mut lit = Vec::new();
        for local in view.locals() {
            lit.extend(
                lit::find(local, concepts, 100_000, &phago_core::metadata::Every, &mut Sums::default()).unwrap(),
            );
        }
        lit.sort_by(|a, b| b.sum.total_cmp(&a.sum).then(a.id.cmp(&b.id)));
        lit.iter().map(|lit| lit.id).filter(|id| matches(*id)).collect()
    };
    // With a filter there are twice as many candidates by words, and more postings by as much as it passes by.
    let matching = view.count(filter);
    let (factor, passed_by) =
        if filter.is_empty() { (1, 1) } else { (2, (view.commons.documents() / matching.max(1)).clamp(1, 16)) };
    let words_max = factor * ranking.lexical_candidates as usize;
    let postings_max = ranking.postings_max * passed_by;
    let (lit, all_lit) = (most_lit(&concepts.affordable(postings_max)), most_lit(&concepts.lit));
    let mut named = BTreeSet::new();
    for document in state.shards().iter().flat_map(|shard| shard.documents().all()) {
        let told = inquiry.explain(&mut Here::new(view, &mut buffers), document.id).unwrap().unwrap();
        if matches(document.id.0) && (told.named > 0.0 || !told.bridges.is_empty()) {
            named.insert(document.id.0);
        }
    }
    let mut first: BTreeSet<u128> = lexical.iter().take(words_max).copied().collect();
    first.extend(lit.iter().take(ranking.concept_candidates as usize).copied());
    first.extend(named);
    let mut scored = |ids: Vec<u128>| {
        let mut score =
            |id| inquiry.explain(&mut Here::new(view, &mut buffers), DocumentId(id)).unwrap().unwrap().score;
        let mut all: Vec<(u128, f64)> = ids.into_iter().map(|id| (id, score(id))).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all
    };
    let mut all = scored(first.iter().copied().collect());
    // The tail: what is left by words, then by concepts, in blocks that double.
    let bounds = [words_max, ranking.concept_candidates as usize];
    for (list, mut size) in [lexical, all_lit].into_iter().zip(bounds) {
        let mut from = 0;
        while from < list.len() {
            let block = list[from..size.min(list.len())].iter().copied().filter(|id| first.insert(*id)).collect();
            all.extend(scored(block));
            (from, size) = (size, 2 * size);
        }
    }
    all.truncate(k);
    all.into_iter().map(|(id, score)| (id, score.to_bits())).collect()
}

#[test]
fn an_answer_is_the_best_of_those_that_match() {
    const COUNT: usize = 400;
    let narrow = Ranking {
        exhaustive_max: 0,
        lexical_candidates: 30,
        concept_candidates: 15,
        postings_max: 300,
        ..Ranking::default()
    };
    let mut chance = Chance(8);
    let questions: Vec<String> = (0..10).map(|length| chance.text(VOCABULARY, 1 + length % 7)).collect();
    let mut all = Vec::new();
    let mut kept_back = 0;
    for (at, shards) in [1, 2, 3, 7, 16].into_iter().enumerate() {
        let colony = filled(shards, COUNT);
        let mut session = Session::new(colony.state().commons().lexicon().clone());
        let mut buffers = Buffers::default();
        let mut told = Vec::new();
        for question in &questions {
            for filter in &filters(COUNT as i64) {
                for k in [1, 10, 400] {
                    let hits =
                        colony.state().answer(question, k, &narrow, filter, &mut session, &mut buffers).unwrap().hits;
                    let words = session.query(question);
                    let lexical = colony.state().search(&words, k, filter, &mut Scratch::default()).unwrap();
                    told.push((plain(&hits), lexical.iter().map(|one| (one.id, one.score.to_bits())).collect()));
                    if at > 0 {
                        continue;
                    }
                    let (hits, lexical): &(Vec<_>, Vec<_>) = &told[told.len() - 1];
                    assert_eq!(*hits, expected(&colony, question, k, filter, &narrow), "{question} {filter:?} {k}");
                    let whole =
                        colony.state().search(&words, 1000, &Filter::default(), &mut Scratch::default()).unwrap();
                    let matches = |id| filter.accepts(&colony.state().document(DocumentId(id)).unwrap().body.metadata);
                    let whole = whole.iter().filter(|one| matches(one.id)).map(|one| (one.id, one.score.to_bits()));
                    assert_eq!(*lexical, whole.take(k).collect::<Vec<_>>());
                    // Would the k best, filtered, have been fewer? Else this proves little.
                    let answer = colony
                        .state()
                        .answer(question, k, &narrow, &Filter::default(), &mut session, &mut buffers)
                        .unwrap();
                    let kept = answer.hits.iter().filter(|hit| matches(hit.found.id)).count();
                    kept_back += usize::from(kept < hits.len());
                }
            }
        }
        if at == 0 {
            all = told;
        } else {
            assert_eq!(told, all, "{shards} shards");
        }
    }
    assert!(kept_back > 50, "{kept_back}");
}
