//! The Hebbian hop as a part of the ranking: off by default; the same on any number of shards; explained whole.

mod common;

use common::{Chance, colony};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;
use phago_core::metadata::Filter;
use phago_core::query::{Answer, Buffers, Here, Part, Ranking};
use phago_core::text::Session;

const VOCABULARY: u64 = 300;

fn hopping() -> Ranking {
    Ranking { hop_share: 0.4, ..Ranking::default() }
}

fn grown(shards: u32) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    let mut chance = Chance(31);
    for number in 0..200 {
        let words = 5 + chance.below(40);
        colony.ingest(Some(&format!("doc-{number}")), "", &chance.text(VOCABULARY, words)).unwrap();
        if number % 50 == 49 {
            (0..9).for_each(|_| drop(colony.tick().unwrap()));
        }
    }
    colony
}

fn questions() -> Vec<String> {
    let mut chance = Chance(8);
    (0..20).map(|length| chance.text(VOCABULARY, 1 + length % 6)).collect()
}

fn ask(colony: &Colony, question: &str, ranking: &Ranking) -> (Answer, Buffers) {
    let mut session = Session::new(colony.state().commons().lexicon().clone());
    let mut buffers = Buffers::default();
    (colony.state().answer(question, 60, ranking, &Filter::default(), &mut session, &mut buffers).unwrap(), buffers)
}

fn bits(answer: &Answer) -> Vec<(u128, u64)> {
    answer.hits.iter().map(|hit| (hit.found.id, hit.found.score.to_bits())).collect()
}

#[test]
fn with_the_hop_answers_follow_the_graph_and_without_it_they_do_not() {
    let (mut colony, off) = (grown(3), Ranking::default());
    let told = |colony: &Colony, ranking: &Ranking| -> Vec<_> {
        questions().iter().map(|question| bits(&ask(colony, question, ranking).0)).collect()
    };
    let (plain, with) = (told(&colony, &off), told(&colony, &hopping()));
    assert_ne!(plain, with);
    for (question, before) in questions().iter().zip(&with).filter(|(_, before)| !before.is_empty()) {
        let words: Vec<String> = question.split(' ').map(str::to_owned).collect();
        let path = [(words[0].clone(), words)];
        (0..30).for_each(|_| assert!(colony.reinforce(DocumentId(before[0].0), &path).unwrap()));
    }
    (0..60).for_each(|_| drop(colony.tick().unwrap()));
    assert_eq!(told(&colony, &off), plain);
    assert_ne!(told(&colony, &hopping()), with);
}

#[test]
fn the_hop_is_the_same_on_any_number_of_shards_and_scaled_to_what_the_seeds_give() {
    let colonies = [1, 2, 3, 7, 16].map(grown);
    let (mut hops, mut only) = (0, 0);
    for question in questions() {
        let answers = colonies.each_ref().map(|colony| ask(colony, &question, &hopping()).0);
        for (answer, colony) in answers.iter().zip(&colonies) {
            assert_eq!(bits(answer), bits(&answers[0]));
            let id = |term: u32| colony.state().commons().id(term);
            let told = |answer: &Answer, colony: &Colony| -> Vec<_> {
                let id = |term: u32| colony.state().commons().id(term);
                answer
                    .inquiry
                    .scorers
                    .concepts
                    .hops
                    .iter()
                    .map(|hop| (id(hop.term), hop.word, hop.strength.to_bits()))
                    .collect()
            };
            assert_eq!(told(answer, colony), told(&answers[0], &colonies[0]));
            let spread = &answer.inquiry.scorers.concepts;
            assert!(spread.hops.is_sorted_by_key(|hop| id(hop.term)));
            let (hop, all) = spread.lit.iter().fold((0.0, 0.0), |(hop, all), lit| (hop + lit.hop, all + lit.strength));
            // Less where some of either were not among the strongest.
            assert!(hop >= 0.0 && hop <= 0.4 * all);
            hops += spread.hops.len();
            only += spread.lit.iter().filter(|lit| lit.hop == lit.strength).count();
        }
    }
    assert!(hops > 1000 && only > 100, "{hops} {only}");
}

#[test]
fn what_a_hop_lit_is_told_by_the_words_it_came_from() {
    let colony = grown(3);
    let (mut straight, mut mixed) = (0, 0);
    for question in questions() {
        let (answer, mut buffers) = ask(&colony, &question, &hopping());
        for hit in &answer.hits {
            let view = colony.state().view();
            let told =
                answer.inquiry.explain(&mut Here::new(view, &mut buffers), DocumentId(hit.found.id)).unwrap().unwrap();
            assert_eq!((told.score.to_bits(), told.parts), (hit.found.score.to_bits(), hit.parts));
            let sum: f64 = told.concepts.iter().map(|concept| concept.points).sum();
            assert!((sum - hit.parts[Part::Concepts]).abs() < 1e-9);
            for concept in &told.concepts {
                let light = &concept.light;
                let [words, seeds] = [&light.words, &light.seeds].map(|all| all.iter().map(|part| part.1).sum::<f64>());
                assert!((words - 1.0).abs() < 1e-9, "{concept:?}");
                let hop = answer.inquiry.scorers.concepts.lit.iter().find(|lit| lit.term == light.term).unwrap();
                assert!((seeds - (1.0 - hop.hop / hop.strength)).abs() < 1e-9);
                straight += usize::from(light.seeds.is_empty());
                mixed += usize::from(!light.seeds.is_empty() && hop.hop > 0.0);
            }
        }
    }
    assert!(straight > 50 && mixed > 50, "{straight} {mixed}");
}
