//! The rounds of an answer over bytes: each shard is asked on its own, answers in encoded plain data, and shards are heard
//! in another order. What comes of it is what comes of the rounds in memory.

mod common;

use common::{Chance, colony};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::metadata::{Every, Filter};
use phago_core::query::bridge::Bridges;
use phago_core::query::lexical::{self, ByWords, Scale};
use phago_core::query::parts::{Scorers, Weighed};
use phago_core::query::question::Question;
use phago_core::query::seeds::{self, Voice};
use phago_core::query::{Buffers, Hit, Ranking, Spot, concepts, lit, names};
use phago_core::text::Session;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const VOCABULARY: u64 = 300;

fn grown(shards: u32) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    let mut chance = Chance(41);
    let titles: Vec<String> = (0..250).map(|number| chance.text(VOCABULARY, 1 + number % 3)).collect();
    for (number, title) in titles.iter().enumerate() {
        let other = &titles[chance.below(250) as usize];
        let words = 5 + chance.below(200);
        let text = format!("{} {other}. {}", chance.text(VOCABULARY, words), chance.text(VOCABULARY, 20));
        colony.ingest(Some(&format!("doc-{number}")), title, &text).unwrap();
    }
    (0..5).for_each(|_| drop(colony.tick().unwrap()));
    colony
}

// Counts the bytes that cross.
#[derive(Default)]
struct Wire {
    bytes: usize,
}

impl Wire {
    fn cross<T: Serialize + DeserializeOwned>(&mut self, value: &T) -> T {
        let bytes = postcard::to_stdvec(value).unwrap();
        self.bytes += bytes.len();
        postcard::from_bytes(&bytes).unwrap()
    }
}

// The `k` best hits by rounds over bytes, with every shard's own buffers.
fn far(colony: &Colony, text: &str, k: usize, ranking: &Ranking, wire: &mut Wire) -> Vec<(u128, u64)> {
    let view = colony.state().view();
    let mut session = Session::new(view.commons.lexicon().clone());
    let mut buffers: Vec<Buffers> = view.shards.iter().map(|_| Buffers::default()).collect();
    let ranking = &wire.cross(&ranking.clone().among(view.commons.documents()));
    let question = &wire.cross(&Question::new(view.commons, &mut session, text));

    let mut by_words = ByWords::new(ranking);
    for local in view.locals().collect::<Vec<_>>().into_iter().rev() {
        let found = lexical::find(local, question, ranking, 0.0, &mut buffers[local.seat]).unwrap();
        assert!(found.found.len() <= ranking.lexical_candidates as usize);
        by_words.gather(wire.cross(&found));
        buffers[local.seat].mark_words(question, view.commons);
    }
    let mut unweighed = by_words.finish(question, view.commons, ranking);
    let wired = std::mem::take(&mut unweighed.wired);
    let weigh = |&((seat, place), _): &(Spot, u128)| {
        wire.cross(&lexical::evidence(view.local(seat), question, place, ranking, &mut buffers[seat]).unwrap())
    };
    let evidence = unweighed.spots.iter().map(weigh).collect();
    let (scale, candidates) = Scale::new(unweighed, evidence, ranking);

    let seeds = seeds::choose(&candidates, ranking);
    let mut voices: Vec<Voice> = Vec::new();
    for seed in &seeds {
        let (seat, place) = seed.spot;
        let voice = seeds::speak(view.local(seat), question, place, ranking, &mut buffers[seat]).unwrap();
        voices.push(wire.cross(&voice));
    }
    let mut spread = concepts::light(view.commons, question, &seeds, &voices, wired, ranking);
    spread.lit = wire.cross(&spread.lit);

    let sequences: Vec<&[u32]> = voices.iter().map(|voice| &*voice.sequence).collect();
    let mut mentions = Vec::new();
    let mut most_lit = Vec::new();
    let affordable = spread.affordable(ranking.postings_max);
    for local in view.locals().collect::<Vec<_>>().into_iter().rev() {
        mentions.push(wire.cross(&names::mentions(local, &sequences, ranking).unwrap()));
        let mut sums = lit::Sums::default();
        let most = ranking.concept_candidates as usize;
        most_lit.extend(wire.cross(&lit::find(local, &affordable, most, &Every, &mut sums).unwrap()));
        buffers[local.seat].mark_concepts(&spread.lit, view.commons);
    }
    let mentioned = names::gather(mentions, seeds.len(), ranking);
    let bridge = Bridges::new(mentioned, &seeds, &voices, view.commons, ranking);
    let most_lit = lit::keep_best(most_lit, ranking.concept_candidates as usize);
    let mut scorers = Scorers { lexical: scale, concepts: spread, bridge };
    let mut weigh = |scorers: &Scorers, (seat, place): Spot| {
        let buffers = &mut buffers[seat];
        let evidence = lexical::evidence(view.local(seat), question, place, ranking, buffers).unwrap();
        let activation = concepts::activation(&scorers.concepts.lit, view.local(seat), place, buffers).unwrap();
        wire.cross(&Weighed { evidence, activation })
    };
    let Some(best) = seeds.first() else { return Vec::new() };
    scorers.concepts.full = weigh(&scorers, best.spot).activation;
    let mut all: BTreeMap<u128, Spot> = candidates.iter().map(|candidate| (candidate.id, candidate.spot)).collect();
    all.extend(most_lit.iter().map(|lit| (lit.id, lit.spot)));
    all.extend(scorers.bridge.spots().map(|(spot, id)| (id, spot)));
    let score = |(id, spot)| (id, scorers.parts(spot, &weigh(&scorers, spot), ranking).score());
    let mut hits: Vec<(u128, f64)> = all.into_iter().map(score).filter(|hit| hit.1 > 0.0).collect();
    hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    hits.into_iter().take(k).map(|(id, score)| (id, score.to_bits())).collect()
}

#[test]
fn rounds_over_bytes_answer_as_rounds_in_memory() {
    let mut chance = Chance(7);
    let questions: Vec<String> = (0..20).map(|length| chance.text(VOCABULARY, 1 + length % 9)).collect();
    let bounded = Ranking {
        exhaustive_max: 0,
        lexical_candidates: 40,
        concept_candidates: 20,
        postings_max: 500,
        hop_share: 0.3,
        stretch_words_max: 60,
        ..Ranking::default()
    };
    for shards in [1, 2, 5] {
        let colony = grown(shards);
        let (mut session, mut buffers) = (Session::new(colony.state().commons().lexicon().clone()), Buffers::default());
        for ranking in [&bounded, &Ranking::default()] {
            let (mut wire, mut heard) = (Wire::default(), 0);
            for question in &questions {
                let answer = colony
                    .state()
                    .answer(question, 20, ranking, &Filter::default(), &mut session, &mut buffers)
                    .unwrap();
                let near = |hit: &Hit| (hit.found.id, hit.found.score.to_bits());
                let near: Vec<(u128, u64)> = answer.hits.iter().map(near).collect();
                assert_eq!(far(&colony, question, 20, ranking, &mut wire), near, "{shards} shards, `{question}`");
                heard += near.len();
            }
            assert!(heard > 300 && wire.bytes > 0, "{heard}");
        }
    }
}
