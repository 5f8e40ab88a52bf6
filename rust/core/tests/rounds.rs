//! Answers in rounds over nodes: every message crosses as bytes, each node has the shards of its own seats alone, and
//! what comes of it is, to the last bit, what comes of the rounds in one process.

mod common;
mod parted;

use common::{Chance, colony};
use parted::{DAY, DOCUMENTS, Parted, VOCABULARY, grown, grown_in_threads, vector, words};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::cluster::ask::{ASK_VERSION, ITEMS_MAX, MESSAGE_BYTES_MAX, PAGE_BYTES, Reply, Stamp, What};
use phago_core::cluster::{Ask, Far, home};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;
use phago_core::metadata::{Comparison, Filter, Span, Value};
use phago_core::query::bm25::WeightedTerm;
use phago_core::query::lit::{self, Lit, LitDocument};
use phago_core::query::{Buffers, Explanation, FoundDocument, Here, Homes, Part, Query, Ranking, Wording};
use phago_core::read::graph::near;
use phago_core::read::{AnsweredDocument, Asking, Edges, NearConcept, Whole, documents, similar};
use phago_core::replica::Replica;
use phago_core::text::Session;
use std::collections::BTreeMap;

// What one question brings, by whatever homes.
#[derive(Debug, PartialEq)]
struct Brought {
    answers: Vec<AnsweredDocument>,
    bare: Vec<AnsweredDocument>,
    explained: Vec<Option<Explanation>>,
    question: Explanation,
    lexical: Vec<FoundDocument>,
    concepts: Vec<NearConcept>,
    similar: Vec<Option<Vec<AnsweredDocument>>>,
}

struct Asked<'a> {
    text: &'a str,
    query: Query<'a>,
    k: usize,
    ranking: &'a Ranking,
    filter: &'a Filter,
    names: &'a [String],
}

fn bring<H: Homes>(homes: &mut H, session: &mut Session, asked: &Asked<'_>) -> Brought {
    let Asked { text, query, k, ranking, filter, names } = *asked;
    let words = session.query(text);
    Brought {
        answers: Asking { homes, text: query, ranking, session }.answer(k, filter, true).unwrap(),
        bare: Asking { homes, text: query, ranking, session }.answer(k, filter, false).unwrap(),
        explained: names
            .iter()
            .map(|name| Asking { homes, text: query, ranking, session }.explain(name).unwrap())
            .collect(),
        question: Asking { homes, text: query, ranking, session }.explain_question().unwrap(),
        lexical: documents::search(homes, &words, k, filter).unwrap(),
        concepts: near(homes, &words, k).unwrap(),
        similar: names.iter().map(|name| similar(homes, name, k, ranking, filter, session).unwrap()).collect(),
    }
}

// Equal to the last bit: a float is written with all its digits, and -0 is not 0.
fn exactly<T: std::fmt::Debug + PartialEq>(one: &T, other: &T, what: &str) {
    assert_eq!(one, other, "{what}");
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "{what}");
}

fn ranking(chance: &mut Chance) -> Ranking {
    let mut pick = |of: &[f64]| of[chance.below(of.len() as u64) as usize];
    Ranking {
        exhaustive_max: pick(&[0.0, 0.0, 20.0, 500.0]) as u32,
        lexical_candidates: pick(&[20.0, 40.0, 100.0]) as u32,
        concept_candidates: pick(&[5.0, 20.0, 80.0]) as u32,
        postings_max: pick(&[100.0, 500.0, 8000.0]) as u64,
        seeds_max: pick(&[1.0, 5.0, 20.0]) as u32,
        seed_power: pick(&[1.0, 8.0]),
        hop_share: pick(&[0.0, 0.3, 2.0]),
        bridge_weight: pick(&[0.0, 0.9, 0.9]),
        concepts_weight: pick(&[0.0, 1.8, 1.8]),
        stretch_words_max: pick(&[7.0, 60.0, 150.0]) as u32,
        passage_share: pick(&[0.0, 0.5]),
        bearers_max: pick(&[1.0, 5.0, 32.0]) as u32,
        context_weight: pick(&[0.0, 0.8, 0.8]),
        context_reach: pick(&[0.0, 1.0, 3.0]) as u32,
        context_candidates: pick(&[0.0, 3.0, 20.0]) as u32,
        similar_weight: pick(&[0.0, 0.45, 2.0]),
        similar_seed: pick(&[0.0, 0.2, 1.0]),
        similar_candidates: pick(&[1.0, 7.0, 100.0]) as u32,
        newer_weight: pick(&[0.0, 0.0, 0.3]),
        ..Ranking::default()
    }
}

fn filter(chance: &mut Chance) -> Filter {
    let colour = |name: &str| {
        Filter::new(vec![("colour".into(), vec![Comparison::In(vec![Value::Text(name.into())])])]).unwrap()
    };
    let below = |number: i64| Filter::new(vec![("number".into(), vec![Comparison::Lt(Value::Int(number))])]).unwrap();
    let within = |since: i64, until: i64, with_undated| {
        Filter::within(Span { since: Some(since * DAY), until: Some(until * DAY), with_undated })
    };
    match chance.below(11) {
        8 => within(200, 700, false),
        9 => Filter::all(vec![colour("red"), within(0, 500, true)]).unwrap(),
        10 => Filter::not(within(700, 200, false)).unwrap(),
        0 => colour("red"),
        1 => Filter::any(vec![colour("green"), below(30)]).unwrap(),
        2 => Filter::not(colour("blue")).unwrap(),
        // Few, one, and none.
        3 => below(12),
        4 => Filter::all(vec![colour("red"), below(1)]).unwrap(),
        5 => below(-1),
        _ => Filter::default(),
    }
}

#[test]
fn answers_over_nodes_are_those_of_one_process() {
    let (mut compared, mut hits, mut kinds) = (0, 0, [0usize; 10]);
    for (shards, is_in_threads) in [(1, true), (5, false), (5, true), (16, true)] {
        let colony = if is_in_threads { grown_in_threads(shards) } else { grown(shards) };
        let whole = colony.state();
        let mut chance = Chance(u64::from(shards));
        let mut session = Session::new(whole.commons().lexicon().clone());
        let mut buffers = Buffers::default();
        let driver = whole.part(&[]);
        for count in [1, 2, 3, 4, 8, 16] {
            let nodes = Parted::new(whole, count);
            for number in 0..40 {
                let length = 1 + chance.below(12);
                let mut text = words(&mut chance, length);
                match number {
                    0 => text = "zeppelin and the great airship".to_owned(),
                    1 => text = "the of and".to_owned(),
                    2 => text = "unheard syllables".to_owned(),
                    3 => text = String::new(),
                    _ => {}
                }
                let (ranking, filter) = (ranking(&mut chance), filter(&mut chance));
                let names: Vec<String> = [chance.below(DOCUMENTS), chance.below(DOCUMENTS), 3]
                    .iter()
                    .map(|number| format!("doc-{number}"))
                    .chain(whole.view().names(None, &Filter::default()).unwrap().into_iter().take(1))
                    .collect();
                let k = [1, 10, 100, 1000][chance.below(4) as usize];
                let vector = (number % 3 > 0).then(|| vector(&mut chance));
                let query = Query {
                    text: &text,
                    vector: vector.as_ref(),
                    as_of: (number % 5 == 0).then_some(500 * DAY),
                    diverse: [0.0, 0.0, 0.4][number % 3],
                    ..Query::default()
                };
                let asked = Asked { text: &text, query, k, ranking: &ranking, filter: &filter, names: &names };
                let near = bring(&mut Here::new(whole.view(), &mut buffers), &mut session, &asked);
                let far = bring(&mut Far::new(driver.commons(), &nodes), &mut session, &asked);
                let what = format!("{shards} shards, {count} nodes, `{text}`, {k}, {filter:?}, {ranking:?}");
                exactly(&far, &near, &what);
                compared += 6 + names.len();
                hits += near.answers.len();
                kinds[0] += near.answers.iter().filter(|answer| !answer.bridges.is_empty()).count();
                kinds[1] += near.answers.iter().filter(|answer| !answer.concepts.is_empty()).count();
                kinds[2] += usize::from(near.answers.len() > 150);
                kinds[3] += usize::from(!filter.is_empty() && (1..=20).contains(&near.answers.len()));
                let part = |part: Part| near.answers.iter().filter(|answer| answer.parts[part] > 0.0).count();
                kinds[5] += part(Part::Similar);
                kinds[6] += part(Part::Newer);
                kinds[7] += near.similar.iter().flatten().map(Vec::len).sum::<usize>();
                kinds[8] += near.answers.iter().filter(|answer| !answer.context.is_empty()).count();
                kinds[9] += near.answers.iter().filter(|answer| answer.speaker > 0.0).count();
                kinds[4] += near.explained.iter().flatten().filter(|told| told.named > 0.0).count();
            }
            assert!(nodes.bytes.get() > 0);
        }
    }
    println!("{compared} answers, explanations and rankings compared, with {hits} hits; of kinds {kinds:?}");
    assert!(compared > 7000 && hits > 20_000, "{compared}, {hits}");
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}");
}

// Questions with a word of which a letter is missing, with operators of all kinds, and with synonyms.
fn wording(chance: &mut Chance) -> Wording {
    let length = 1 + chance.below(5);
    let mut text = words(chance, length);
    let word = |chance: &mut Chance| chance.word(VOCABULARY);
    for _ in 0..1 + chance.below(3) {
        let (one, other) = (word(chance), word(chance));
        text = match chance.below(9) {
            0 => format!("{text} +{one}"),
            1 => format!("-{one} {text}"),
            2 => format!("{text} title:{one}"),
            3 => format!("{text} text:{one} -title:{other}"),
            4 => format!("{text} \"{one} {other}\""),
            5 => format!("zeppelin {text} -\"great airship\""),
            6 => format!("\"great airship\" {text}"),
            7 => format!("{text} {}*", &one[..3.min(one.len())]),
            _ => format!("{text} zepelin {}", &one[1..]),
        };
    }
    let mut wording = Wording::read(&text, Some(true)).unwrap();
    if chance.below(3) == 0 {
        wording.synonyms = vec![(word(chance), word(chance)), ("zeppelin".into(), "great airship".into())];
    }
    wording
}

#[test]
fn operators_near_words_and_synonyms_over_nodes_are_those_of_one_process() {
    let (mut hits, mut kinds) = (0, [0usize; 4]);
    for shards in [1, 5, 16] {
        let colony = grown(shards);
        let whole = colony.state();
        let mut chance = Chance(70 + u64::from(shards));
        let mut session = Session::new(whole.commons().lexicon().clone());
        let mut buffers = Buffers::default();
        let driver = whole.part(&[]);
        for count in [1, 3, 16] {
            let nodes = Parted::new(whole, count);
            for _ in 0..60 {
                let wording = wording(&mut chance);
                let (ranking, filter) = (ranking(&mut chance), filter(&mut chance));
                let mut near = Here::new(whole.view(), &mut buffers);
                let mut far = Far::new(driver.commons(), &nodes);
                macro_rules! all {
                    ($homes:expr) => {{
                        let (text, ranking) = (&wording, &ranking);
                        let session = &mut session;
                        let asked = Asking { homes: $homes, text, ranking, session };
                        let answer = asked.answer(50, &filter, true).unwrap();
                        let session = &mut Session::new(whole.commons().lexicon().clone());
                        let asked = Asking { homes: $homes, text, ranking, session };
                        let told = asked.explain("doc-7").unwrap().unwrap();
                        let lexical = documents::search_with($homes, &wording, 20, &filter, session).unwrap();
                        (answer, told, lexical)
                    }};
                }
                let (one, other) = (all!(&mut near), all!(&mut far));
                let what = format!("{shards} shards, {count} nodes, {wording:?}, {filter:?}, {ranking:?}");
                // First what can be read.
                let brief = |(answer, told, lexical): &(Vec<AnsweredDocument>, Explanation, Vec<FoundDocument>)| {
                    let answer: Vec<_> =
                        answer.iter().map(|hit| (hit.document.name.clone(), hit.parts, hit.words.clone())).collect();
                    let lexical: Vec<_> = lexical.iter().map(|hit| (hit.name.clone(), hit.score)).collect();
                    format!("{answer:?}\n{lexical:?}\n{:?} {:?} {:?}", told.parts, told.unmet, told.read_as)
                };
                assert!(brief(&one) == brief(&other), "{what}\n\nONE {}\n\nOTHER {}", brief(&one), brief(&other));
                exactly(&other, &one, &what);
                hits += one.0.len();
                let read = |hit: &AnsweredDocument| hit.words.iter().any(|word| word.read_as.is_some());
                kinds[0] += usize::from(one.0.iter().any(read));
                kinds[1] += usize::from(!one.1.unmet.is_empty());
                kinds[2] += usize::from(!wording.operators.is_empty() && !one.0.is_empty());
                kinds[3] += usize::from(!wording.operators.is_empty() && one.1.unmet.is_empty());
            }
        }
    }
    println!("{hits} hits; of kinds {kinds:?}");
    assert!(hits > 1000 && kinds.iter().all(|kind| *kind > 20), "{hits}, {kinds:?}");
}

#[test]
fn an_answer_takes_three_rounds_and_a_fetch_and_one_more_in_threads() {
    takes_rounds(&grown(8), 4);
    takes_rounds(&grown_in_threads(8), 5);
}

fn takes_rounds(colony: &Colony, rounds: usize) {
    let whole = colony.state();
    let driver = whole.part(&[]);
    let mut session = Session::new(whole.commons().lexicon().clone());
    let mut chance = Chance(5);
    let bounded = Ranking { exhaustive_max: 0, lexical_candidates: 40, ..Ranking::default() };
    let red = Filter::new(vec![("colour".into(), vec![Comparison::In(vec![Value::Text("red".into())])])]).unwrap();
    for ranking in [Ranking::default(), bounded] {
        for filter in [Filter::default(), red.clone()] {
            for paths in [true, false] {
                let nodes = Parted::new(whole, 4);
                let text = words(&mut chance, 6);
                let homes = &mut Far::new(driver.commons(), &nodes);
                let asking = Asking { homes, text: &text, ranking: &ranking, session: &mut session };
                assert_eq!(asking.answer(10, &filter, paths).unwrap().len(), 10);
                assert_eq!(nodes.scatters.get(), rounds);
            }
        }
    }
}

// What is read of a whole colony, in words that show every bit.
fn told(whole: &impl Whole, filters: &[Filter]) -> Vec<String> {
    let mut told = Vec::new();
    let mut tell = |what: &dyn std::fmt::Debug| told.push(format!("{what:?}"));
    let all = whole.names(None, &Filter::default()).unwrap();
    for filter in filters {
        tell(&whole.count(filter).unwrap());
        tell(&whole.names(None, filter).unwrap());
        tell(&whole.names(Some(&all[all.len() / 2]), filter).unwrap());
    }
    let mut names = all;
    names.extend(["doc-3".to_owned(), "nobody".to_owned(), DocumentId::from_key("doc-5").to_string()]);
    tell(&whole.stored(&names).unwrap());
    tell(&whole.counts().unwrap());
    tell(&whole.shards().unwrap());
    let (nodes, edges) = (whole.nodes().unwrap(), whole.edges().unwrap());
    let terms: Vec<u32> = (0..whole.commons().terms() as u32).collect();
    tell(&whole.describe(&terms).unwrap());
    tell(&whole.neighbors(&terms).unwrap());
    tell(&whole.ghosts(&terms).unwrap());
    for row in nodes.rows.iter().step_by(9) {
        let term = whole.concept(&row.data.label).unwrap().unwrap();
        assert_eq!(whole.node(term).unwrap().unwrap(), *row);
        assert_eq!(whole.concept_with(row.id).unwrap(), Some(term));
        tell(&whole.concept(&row.stem).unwrap());
    }
    let stems: Vec<String> = nodes.rows.iter().step_by(7).map(|row| row.stem.to_string()).collect();
    let df = BTreeMap::from([(stems[0].clone(), 3), ("neverheard".to_owned(), 1)]);
    for seat in 0..whole.commons().seat_count() {
        tell(&whole.shard(seat).unwrap());
        tell(&whole.terms_in(seat).unwrap());
        tell(&whole.find_in(seat, &stems, &df, 10).unwrap());
        tell(&whole.find_in(seat, &stems, &BTreeMap::new(), 1).unwrap());
        tell(&whole.node_in(seat, nodes.rows[seat].id).unwrap());
    }
    let cancel = Cancel::new();
    let pairs = whole.pairs(&cancel).unwrap();
    tell(&pairs);
    tell(&whole.lists(&pairs, &cancel).unwrap());
    tell(&whole.concept("the").unwrap());
    tell(&whole.concept("neverheard").unwrap());
    tell(&nodes);
    let Edges { tick, ends, rows } = edges;
    tell(&(tick, ends, rows));
    told
}

#[test]
fn reads_over_nodes_are_those_of_one_process() {
    let mut chance = Chance(9);
    let filters: Vec<Filter> = (0..20).map(|_| filter(&mut chance)).collect();
    let mut compared = 0;
    for shards in [1, 5, 16] {
        let colony = grown(shards);
        let whole = colony.state();
        let near = told(&whole.view(), &filters);
        let driver = whole.part(&[]);
        for count in [1, 2, 3, 4, 8, 16] {
            let nodes = Parted::new(whole, count);
            let far = told(&Far::new(driver.commons(), &nodes), &filters);
            assert!(far == near, "{shards} shards, {count} nodes");
            compared += far.len();
        }
    }
    println!("{compared} reads compared");
    assert!(compared > 1000, "{compared}");
}

#[test]
fn lists_that_do_not_fit_into_a_page_come_in_several() {
    let mut colony = colony(&ColonyConfig::default(), 3);
    let documents = ITEMS_MAX * 9 / 8;
    for number in 0..documents {
        let key = format!("doc-{number}-{}", "x".repeat(300));
        let words: Vec<String> = (0..6).map(|word| format!("w{}x", (6 * number + word) % 60_000)).collect();
        colony.ingest(Some(&key), "", &format!("{} common", words.join(" "))).unwrap();
    }
    (0..8).for_each(|_| drop(colony.tick().unwrap()));
    let whole = colony.state();
    let driver = whole.part(&[]);
    let mut buffers = Buffers::default();
    let words = Session::new(whole.commons().lexicon().clone()).query("common w7x");
    let terms = phago_core::query::bm25::weighted(driver.commons(), &words);
    let lit: Vec<Lit> = terms
        .iter()
        .map(|&WeightedTerm { id, term, weight }| Lit { id, term, strength: 1.0, hop: 0.0, weight, df: 2 })
        .collect();
    let filter = Filter::default();
    for count in [1, 2] {
        let nodes = Parted::new(whole, count);
        let (near, far) = (whole.view(), Far::new(driver.commons(), &nodes));
        assert!(Whole::names(&far, None, &filter).unwrap() == near.names(None, &filter).unwrap());
        let of_names = nodes.scatters.take();
        assert!(Whole::nodes(&far).unwrap().rows == near.nodes().unwrap().rows);
        let of_nodes = nodes.scatters.take();
        assert!(Whole::edges(&far).unwrap().rows == near.edges().unwrap().rows);
        let of_edges = nodes.scatters.take();
        let (mut near, mut far) = (Here::new(near, &mut buffers), far);
        for most in [10, documents - 5, documents + 5] {
            assert!(far.best(&terms, most, None).unwrap() == near.best(&terms, most, None).unwrap());
            let sorted = |mut all: Vec<LitDocument>| {
                all.sort_unstable_by(lit::order);
                all
            };
            let (one, other) = (far.most_lit(&lit, most, None), near.most_lit(&lit, most, None));
            assert!(sorted(one.unwrap()) == sorted(other.unwrap()));
        }
        let of_found = nodes.scatters.take();
        let pages = [of_names, of_nodes, of_edges];
        assert!(count > 1 || (pages.iter().all(|pages| *pages > 1) && of_found == 10), "{pages:?}, {of_found}");
    }
}

#[test]
fn a_node_that_may_hide_a_document_is_asked_again() {
    let colony = grown(1);
    let whole = colony.state();
    let driver = whole.part(&[]);
    let mut session = Session::new(whole.commons().lexicon().clone());
    let mut buffers = Buffers::default();
    let ranking = Ranking { exhaustive_max: 0, lexical_candidates: 40, concept_candidates: 40, ..Ranking::default() };
    let (text, filter) = (words(&mut Chance(6), 8), Filter::default());
    let session = &mut session;
    let near = Asking { homes: &mut Here::new(whole.view(), &mut buffers), text: &text, ranking: &ranking, session }
        .answer(60, &filter, true)
        .unwrap();
    // All documents are on one of the nodes, and each is first asked for its share.
    let nodes = Parted::new(whole, 4);
    let homes = &mut Far::new(driver.commons(), &nodes);
    let far = Asking { homes, text: &text, ranking: &ranking, session }.answer(60, &filter, true).unwrap();
    exactly(&far, &near, &text);
    assert_eq!(nodes.scatters.get(), 6);
}

#[test]
fn what_does_not_fit_into_a_page_comes_in_several() {
    // How often nodes are asked, for documents of so many bytes.
    let scatters = |bytes: usize| -> Vec<usize> {
        let mut colony = colony(&ColonyConfig::default(), 4);
        let long = "long words without end, ".repeat(bytes / 24);
        for number in 0..4 {
            let title = if number % 2 == 0 { &long[..long.len() / 3] } else { "a title" };
            colony.ingest(Some(&format!("doc-{number}")), title, &format!("{long} and ending {number}")).unwrap();
        }
        (0..3).for_each(|_| drop(colony.tick().unwrap()));
        let whole = colony.state();
        let driver = whole.part(&[]);
        let (mut session, mut buffers) = (Session::new(whole.commons().lexicon().clone()), Buffers::default());
        let (ranking, filter) = (Ranking { stretch_words_max: 1 << 20, ..Ranking::default() }, Filter::default());
        let session = &mut session;
        let near =
            Asking { homes: &mut Here::new(whole.view(), &mut buffers), text: "ending", ranking: &ranking, session }
                .answer(10, &filter, true)
                .unwrap();
        assert_eq!(near.len(), 4);
        let mut scatters = |count| {
            let nodes = Parted::new(whole, count);
            let homes = &mut Far::new(driver.commons(), &nodes);
            let far = Asking { homes, text: "ending", ranking: &ranking, session }.answer(10, &filter, true).unwrap();
            assert!(far == near, "{count} nodes");
            nodes.scatters.get()
        };
        [1, 2].map(&mut scatters).into()
    };
    let (short, long) = (scatters(100), scatters(PAGE_BYTES * 3 / 8));
    assert!(short.iter().zip(&long).all(|(short, long)| short < long), "{short:?}, {long:?}");
}

#[test]
fn an_ask_that_is_cut_off_or_of_another_version_is_refused() {
    let colony = grown(2);
    let stamp = Stamp::of(colony.state().commons());
    let bytes = Ask { stamp, what: What::Labels(vec![1, 2, 3]) }.encode().unwrap();
    assert!(Ask::decode(&bytes).is_ok());
    let mut refused = 0;
    let mut refuse = |bytes: &[u8]| {
        assert!(matches!(Ask::decode(bytes), Err(Error::Wire { what: "ask", .. })), "{bytes:?}");
        assert!(matches!(Reply::decode(bytes), Err(Error::Wire { what: "reply", .. })), "{bytes:?}");
        refused += 1;
    };
    (0..bytes.len()).for_each(|end| refuse(&bytes[..end]));
    refuse(&[&[ASK_VERSION + 1], &bytes[1..]].concat());
    refuse(&[&bytes[..], &[0]].concat());
    refuse(&[ASK_VERSION, 0xff, 0xff, 0xff, 0xff, 0xff]);
    refuse(&vec![ASK_VERSION; MESSAGE_BYTES_MAX + 1]);
    assert_eq!(refused, bytes.len() + 4);
}

#[test]
fn a_reply_larger_than_a_message_is_no_message() {
    let reply = Reply::Names(vec!["x".repeat(MESSAGE_BYTES_MAX)], false);
    assert!(matches!(reply.encode(), Err(Error::Limit { .. })));
}

#[test]
fn a_node_refuses_what_does_not_fit_its_state() {
    let mut colony = grown(4);
    let whole = colony.state().clone();
    let part = whole.part(&[1, 2]);
    let stamp = Stamp::of(whole.commons());
    let answer = |part: &Replica, stamp, what| {
        home::answer(part.view(), part.own(), &Ask { stamp, what }, &mut Buffers::default())
    };
    let terms = whole.commons().terms() as u32;
    let taken = whole.shards()[1].documents().placed().next().unwrap().0;
    let room = whole.shards()[1].documents().room() as u32;
    assert!(answer(&part, stamp, What::Labels(vec![terms - 1])).is_ok());
    assert!(answer(&part, stamp, What::Documents(vec![((1, taken), 0.0)])).is_ok());
    let spots = [(0, taken), (1, room), (4, 0), (usize::MAX, u32::MAX)];
    let unfit = spots.map(|spot| What::Stored(vec![spot])).into_iter().chain([
        What::Labels(vec![terms]),
        What::Rows(vec![u32::MAX]),
        What::Describe(vec![u32::MAX]),
    ]);
    for what in unfit {
        let refused = answer(&part, stamp, what.clone());
        assert!(matches!(refused, Err(Error::Wire { what: "ask", .. })), "{what:?}: {refused:?}");
    }
    // Another state: after a tick, and after a document more.
    for change in 0..2 {
        match change {
            0 => drop(colony.tick().unwrap()),
            _ => drop(colony.ingest(Some("new"), "", "a new document").unwrap()),
        }
        let part = colony.state().part(&[1, 2]);
        assert!(matches!(answer(&part, stamp, What::Counts), Err(Error::Wire { what: "ask", .. })));
        assert!(answer(&part, Stamp::of(part.commons()), What::Counts).is_ok());
    }
}
