//! Columns that are well-formed each, and that no colony wrote together.

use super::columns::{Graph, Lists, Progress, ReadAnalyses, Section, Words};
use super::{Job, Parsed, Share, build_with, read, write};
use crate::colony::Colony;
use crate::config::ColonyConfig;
use crate::documents::{Body, Lifetime};
use crate::ids::DocumentId;
use crate::input::Input;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::convert::Infallible;

type Sections = BTreeMap<Section, Vec<u8>>;

fn config() -> ColonyConfig {
    ColonyConfig { max_edge_degree: 4, documents_per_tick: 5, maturation_ticks: 0, ..ColonyConfig::default() }
}

// A colony with digested, waiting and deleted documents, and living digesters.
fn stored() -> Sections {
    let mut colony = Colony::new(config(), Ring::new(2, 20)).unwrap();
    let words = ["ion", "cell", "pump", "salt", "membrane", "water"];
    let body = |number: usize| Body {
        key: Some(format!("{number}").into()),
        text: (0..4).map(|at| words[(number + at * (1 + number % 2)) % 6]).collect::<Vec<_>>().join(" ").into(),
        ..Body::default()
    };
    colony.apply(Input::Ingest((0..12).map(body).collect())).unwrap();
    colony.tick().unwrap();
    colony.tick().unwrap();
    assert!(colony.delete(DocumentId::from_key("1")).unwrap());
    written(&colony)
}

fn written(colony: &Colony) -> Sections {
    let mut sections = Sections::new();
    let put = |section, bytes: Vec<u8>| {
        sections.insert(section, bytes);
        Ok::<(), Infallible>(())
    };
    write(colony.state(), put).unwrap();
    sections
}

fn restored(sections: &Sections) -> Result<Replica> {
    read(config(), Ring::new(3, 20), Share::Whole, |section| Ok(sections[&section].clone()))
}

fn forged<C: DeserializeOwned + Serialize>(section: Section, forge: impl FnOnce(&mut C)) -> Result<Replica> {
    let mut sections = stored();
    let mut columns: C = postcard::from_bytes(&sections[&section]).unwrap();
    forge(&mut columns);
    sections.insert(section, postcard::to_allocvec(&columns).unwrap());
    restored(&sections)
}

#[track_caller]
fn refused(found: Result<Replica>, column: &str) {
    match found {
        Err(Error::Wire { what: "checkpoint", reason }) => assert!(reason.contains(column), "{reason}"),
        other => panic!("{column}: {:?}", other.map(|_| ())),
    }
}

fn decoded(lists: &Lists) -> Vec<Vec<u32>> {
    lists.clone().read().unwrap().iter().map(Vec::from).collect()
}

// Changes the lists of a column.
fn relisted(lists: &mut Lists, change: impl FnOnce(&mut Vec<Vec<u32>>)) {
    let mut all = decoded(lists);
    change(&mut all);
    *lists = Lists::default();
    all.into_iter().for_each(|list| lists.push(list.into_iter()));
}

#[test]
fn a_colony_is_the_same_in_whatever_order_its_parts_are_read() {
    let config = ColonyConfig { documents_per_tick: 3_000, ..config() };
    let mut colony = Colony::new(config.clone(), Ring::new(2, 20)).unwrap();
    let body = |number: usize| Body {
        key: Some(format!("{number}").into()),
        text: format!("ion {} {}", number % 97, "cell ".repeat(1 + number % 7)).into(),
        title: if number.is_multiple_of(3) { "pump".into() } else { "".into() },
        ..Body::default()
    };
    // Three parts of documents, the last of which is short; some wait for the next tick.
    colony.apply(Input::Ingest((0..4_100).map(body).collect())).unwrap();
    colony.tick().unwrap();
    let sections = written(&colony);
    // Computed again by who reads, and no part of a digest.
    let norms = |state: &Replica| -> BTreeMap<u128, f64> {
        let documents = state.shards().iter().map(|shard| shard.documents());
        documents.flat_map(|all| all.all().map(|one| one.id.0).zip(all.norms().iter().copied())).collect()
    };
    let get = |section: Section| Parsed::new(section, sections[&section].clone());
    for shards in 1..4 {
        let backwards = |jobs: Vec<Job<'_>>| jobs.into_iter().rev().try_for_each(|job| job());
        let read = build_with(config.clone(), Ring::new(shards, 20), Share::Whole, get, backwards).unwrap();
        assert_eq!(norms(&read), norms(colony.state()));
        assert_eq!(Colony::of(read).digest(), colony.digest());
    }
}

#[test]
fn a_graph_that_is_not_that_of_the_documents_is_refused() {
    let graph = |forge: fn(&mut Graph)| forged(Section::Graph, forge);
    assert!(graph(|_| ()).is_ok(), "unchanged it is one");
    refused(graph(|graph| graph.wirings[0] += 1), "wirings");
    refused(graph(|graph| graph.wirings[1] -= 1), "wirings");
    refused(graph(|graph| graph.wirings[2] = u32::MAX), "wirings");
    refused(graph(|graph| graph.co_activations[0] = u32::MAX), "co_activations");
    refused(graph(|graph| graph.co_activations[3] += 40), "co_activations");
    refused(graph(|graph| graph.co_activations[0] = 0), "co_activations");
    refused(graph(|graph| graph.weights[0] = u32::MAX), "weights");
    // It weighed too little for its age, and is gone.
    refused(graph(|graph| graph.weights[0] = 0), "weights");
    refused(graph(|graph| graph.since[0] = 1000), "before the first tick");
    let own = |graph: &mut Graph| {
        let term = graph.terms[0];
        relisted(&mut graph.targets, |rows| {
            rows[0][0] = term;
            rows[0].sort_unstable();
        });
    };
    refused(graph(own), "targets");
    refused(graph(|graph| relisted(&mut graph.targets, |rows| rows[0].swap(0, 1))), "targets");
    let one_less = |graph: &mut Graph| {
        let synapses = decoded(&graph.targets).last().unwrap().len();
        relisted(&mut graph.targets, |rows| drop(rows.pop()));
        for column in [&mut graph.weights, &mut graph.since, &mut graph.ages, &mut graph.co_activations] {
            column.truncate(column.len() - synapses);
        }
        let _ = (graph.terms.pop(), graph.wirings.pop(), graph.uses.pop());
    };
    refused(graph(one_less), "terms");
}

#[test]
fn analyses_that_are_not_those_of_texts_are_refused() {
    let analyses = |forge: fn(&mut ReadAnalyses)| forged(Section::Analyses, forge);
    assert!(analyses(|_| ()).is_ok(), "unchanged they are");
    refused(analyses(|analyses| relisted(&mut analyses.terms, |lists| lists[0].swap(0, 1))), "words do not fit");
    refused(analyses(|analyses| relisted(&mut analyses.terms, |lists| *lists[0].last_mut().unwrap() = 9_999)), "words");
    refused(analyses(|analyses| _ = analyses.counts.pop()), "side by side");
    refused(analyses(|analyses| _ = analyses.sequences.pop()), "side by side");
    refused(analyses(|analyses| relisted(&mut analyses.titles, |lists| lists[0].push(9_999))), "beyond");
    let foreign = |analyses: &mut ReadAnalyses| {
        let terms = decoded(&analyses.terms);
        let other = *terms.iter().flatten().find(|term| !terms[0].contains(term)).expect("not all have all words");
        relisted(&mut analyses.titles, |lists| lists[0].push(other));
    };
    refused(analyses(foreign), "words do not fit");
    // Of one text, it is not that of another with fewer words.
    let other = |analyses: &mut ReadAnalyses| analyses.sequences.reverse();
    refused(analyses(other), "words do not fit");
}

#[test]
fn a_document_that_no_colony_takes_is_refused_as_what_it_is() {
    let mut sections = stored();
    let bodies = sections.get_mut(&Section::Bodies).unwrap();
    let text = b"ion cell pump salt";
    let at = bodies.windows(text.len()).position(|part| part == text).expect("the first one has it");
    bodies[at..at + text.len()].fill(b' ');
    refused(restored(&sections), "`text` is blank");
}

#[test]
fn progress_that_was_not_is_refused() {
    let progress = |forge: fn(&mut Progress)| forged(Section::Progress, forge);
    assert!(progress(|_| ()).is_ok(), "unchanged it is one");
    refused(progress(|progress| progress.arrivals[0] = 9), "arrivals");
    refused(progress(|progress| progress.arrivals[0] = 0), "arrivals");
    refused(progress(|progress| progress.arrivals[0] = 3), "digested");
    refused(progress(|progress| progress.digested[0] = 9), "digested");
    refused(progress(|progress| progress.digesters[0].0 = 9), "digesters");
    refused(progress(|progress| progress.digesters[0].4 = 3), "digesters");
    refused(progress(|progress| progress.digesters.extend_from_within(..1)), "digesters");
    refused(progress(|progress| progress.unwiring_ticks[0] = 9), "unwiring_ticks");
    refused(progress(|progress| relisted(&mut progress.unwiring, |lists| lists[0].swap(0, 1))), "unwiring");
    refused(progress(|progress| relisted(&mut progress.unwiring, |lists| _ = lists[0].pop())), "wirings");
    refused(progress(|progress| relisted(&mut progress.concepts, |lists| lists[0].swap(0, 1))), "concepts");
    refused(progress(|progress| relisted(&mut progress.concepts, |lists| lists[0][0] = 9_999)), "does not have");
    refused(progress(|progress| relisted(&mut progress.concepts, |lists| _ = lists[0].pop())), "wirings");
}

#[test]
fn counts_that_fit_together_and_were_never_are_an_error_of_the_tick_that_meets_them() {
    // Every synapse says that all documents of its rarer end wired it, which no column denies by itself.
    let state = forged(Section::Graph, |graph: &mut Graph| {
        let wirings: BTreeMap<u32, u32> = graph.terms.iter().copied().zip(graph.wirings.iter().copied()).collect();
        let rows = decoded(&graph.targets);
        let ends = graph.terms.iter().zip(&rows).flat_map(|(term, row)| row.iter().map(move |target| (term, target)));
        let least = |(term, target): (&u32, &u32)| wirings[term].min(wirings[target]);
        graph.co_activations = ends.map(least).collect();
    });
    let mut colony = Colony::of(state.expect("it is read"));
    for number in 0..12 {
        colony.delete(DocumentId::from_key(&format!("{number}"))).unwrap();
    }
    let before = colony.digest();
    refused(colony.tick().map(|_| unreachable!("a document less than the synapse has")), "co_activations");
    assert_eq!(colony.digest(), before);
}

// A colony whose documents have two forms of one word: `cell` twice, and `cells` twice each.
fn forms() -> Colony {
    let mut colony = Colony::new(config(), Ring::new(2, 20)).unwrap();
    let body = |key: &str, text: &str| Body {
        key: Some(key.into()),
        text: text.into(),
        expires: (key != "stays").then_some(Lifetime::Tick(2)),
        ..Body::default()
    };
    let bodies = [
        ("one", "cells, cells, pump"),
        ("two", "cell, two cells, cells"),
        ("three", "cells of cells, salt"),
        ("stays", "cell, cells, cells"),
    ];
    colony.apply(Input::Ingest(bodies.map(|(key, text)| body(key, text)).into())).unwrap();
    colony.tick().unwrap();
    colony
}

// The sections of that colony, with other counts of word forms.
fn recounted(forge: impl FnOnce(BTreeMap<&str, &mut u64>)) -> Sections {
    let mut sections = written(&forms());
    let bytes = sections[&Section::Words].clone();
    let mut words: Words<'_> = postcard::from_bytes(&bytes).unwrap();
    forge(words.forms.iter().copied().zip(&mut words.counts).collect());
    sections.insert(Section::Words, postcard::to_allocvec(&words).unwrap());
    sections
}

fn each_share(sections: &Sections) -> [Result<Replica>; 4] {
    [Share::Whole, Share::Node(&[0, 2]), Share::Node(&[1]), Share::Driver]
        .map(|share| read(config(), Ring::new(3, 20), share, |section| Ok(sections[&section].clone())))
}

#[test]
fn counts_of_word_forms_that_documents_do_not_have_are_refused() {
    assert!(each_share(&recounted(|_| ())).iter().all(Result::is_ok), "unchanged they are theirs");
    for forge in [|count| count - 1, |count| count + 1, |_| 0, |_| u64::MAX] {
        for word in ["cell", "cells", "pump", "of"] {
            let forged = recounted(|mut counts| {
                let count = counts.get_mut(word).unwrap();
                **count = forge(**count);
            });
            each_share(&forged).into_iter().for_each(|found| refused(found, "counts"));
        }
    }
    let never = |analyses: &mut ReadAnalyses| analyses.counts[0] = 0;
    refused(forged(Section::Analyses, never), "counts");
}

#[test]
fn a_document_whose_word_forms_are_not_counted_stays_and_says_so() {
    let moved = |by: u64| {
        let forge = |mut counts: BTreeMap<&str, &mut u64>| {
            **counts.get_mut("cell").unwrap() += by;
            **counts.get_mut("cells").unwrap() -= by;
        };
        Colony::of(restored(&recounted(forge)).expect("together they are as often as documents have them"))
    };
    let id = DocumentId::from_key;
    let another = |key: &str| Input::Update(Body { key: Some(key.into()), text: "salt".into(), ..Body::default() });
    let mut colony = moved(7);
    let before = colony.digest();
    for key in ["one", "two", "three", "stays"] {
        refused(colony.delete(id(key)).map(|_| unreachable!()), "word form `cells`");
        refused(colony.apply(another(key)).map(|_| unreachable!()), "word form `cells`");
    }
    // Three documents leave with this tick.
    refused(colony.tick().map(|_| unreachable!()), "word form `cells`");
    assert_eq!(colony.digest(), before);

    // Each document can leave alone, and not with another.
    let mut colony = moved(5);
    let before = colony.digest();
    refused(colony.tick().map(|_| unreachable!()), "word form `cells`");
    assert_eq!(colony.digest(), before);
    assert!(colony.delete(id("one")).unwrap());
    refused(colony.delete(id("two")).map(|_| unreachable!()), "word form `cells`");

    let mut colony = moved(0);
    colony.tick().unwrap();
    assert_eq!(colony.state().commons().documents(), 1);
    assert!(colony.delete(id("stays")).unwrap());
}

#[test]
fn a_document_whose_terms_are_not_those_of_its_text_stays_and_says_so() {
    let mut sections = written(&forms());
    let words: Words<'_> = postcard::from_bytes(&sections[&Section::Words]).unwrap();
    let term = |stem: &str| words.stems.iter().position(|known| *known == stem).unwrap() as u32;
    let (cell, pump, two) = (term("cell"), term("pump"), term("two"));
    let mut analyses: ReadAnalyses = postcard::from_bytes(&sections[&Section::Analyses]).unwrap();
    // One document has the word more often, another less often.
    let mut counts = analyses.counts.iter_mut();
    for list in decoded(&analyses.terms) {
        let count = list.iter().zip(&mut counts).filter(|(term, _)| **term == cell).last().unwrap().1;
        *count += u32::from(list.contains(&pump));
        *count -= u32::from(list.contains(&two));
    }
    sections.insert(Section::Analyses, postcard::to_allocvec(&analyses).unwrap());
    let mut colony = Colony::of(restored(&sections).expect("together they are as often as the counts say"));
    let before = colony.digest();
    for key in ["one", "two"] {
        refused(colony.delete(DocumentId::from_key(key)).map(|_| unreachable!()), "terms");
    }
    refused(colony.tick().map(|_| unreachable!()), "terms");
    assert_eq!(colony.digest(), before);
    assert!(colony.delete(DocumentId::from_key("three")).unwrap());
}
