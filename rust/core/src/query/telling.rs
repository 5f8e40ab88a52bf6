//! What the home of a hit tells of it.

use crate::Result;
use crate::query::bm25::per_word;
use crate::query::buffers::Buffers;
use crate::query::evidence::{Covered, blend, word_gain};
use crate::query::hit::{FoundDocument, Hit, ToldHit};
use crate::query::homes::{Meaning, Telling};
use crate::query::lexical;
use crate::query::lit::term_weight;
use crate::query::parts::Part;
use crate::query::passages::best_passage;
use crate::query::seeds;
use crate::query::view::Local;

/// Returns what a home tells of a hit. Words and concepts must be marked.
pub fn tell(local: Local<'_>, asked: &Telling<'_>, hit: &Hit, buffers: &mut Buffers) -> Result<ToldHit> {
    local.poll()?;
    let place = hit.found.place;
    let document = local.at(place);
    let (first, last) = best_passage(asked.meaning, document, buffers);
    let start = document.body.text[..first].chars().count();
    Ok(ToldHit {
        document: FoundDocument::new(document, hit.found.score),
        span: (start, start + document.body.text[first..last].chars().count()),
        words: word_points(local, asked.meaning, place, asked.unit, buffers)?,
        concepts: concept_points(local, asked, hit, buffers),
    })
}

// Returns the question's terms that a document has, with their points of its lexical part, in the order of the question's
// words. `unit` is what a unit of covered BM25 score is worth in the lexical part.
fn word_points(
    local: Local<'_>,
    meaning: Meaning<'_>,
    place: u32,
    unit: f64,
    buffers: &mut Buffers,
) -> Result<Vec<(u32, f64)>> {
    let Meaning { question, ranking, .. } = meaning;
    let evidence = lexical::evidence(local, question, place, ranking, buffers)?;
    let of = |covered: &Covered| if covered.bm25 > 0.0 { covered.covered / covered.bm25 * unit } else { 0.0 };
    let mut points = seeds::gains(local, question, place, buffers);
    for (_, gain) in &mut points {
        *gain *= of(&evidence.whole);
    }
    if let Some((best, covered)) = evidence.passage {
        let Buffers { found, tally, .. } = buffers;
        let per_word = per_word(local.commons);
        points.iter_mut().for_each(|points| points.1 = blend(points.1, 0.0, ranking));
        tally.visit(question, found, local.at(place), |number, met, length| {
            for &(at, count) in met.iter().filter(|_| number == best) {
                let gain = word_gain(question, found[at as usize].0, count, length, per_word);
                points[at as usize].1 += blend(0.0, gain * of(&covered), ranking);
            }
        });
    }
    points.sort_unstable_by_key(|&(term, _)| (question.terms[term as usize].word, term));
    Ok(points)
}

// Returns the concepts that add most to a document's score, by their indices, with their points, strongest first.
fn concept_points(local: Local<'_>, asked: &Telling<'_>, hit: &Hit, buffers: &mut Buffers) -> Vec<(u32, f64)> {
    let part = hit.parts[Part::Concepts];
    if part <= 0.0 {
        return Vec::new();
    }
    buffers.concepts.found(local.at(hit.found.place), &mut buffers.found);
    let lit = asked.meaning.lit;
    let found = buffers.found.iter();
    let mut given: Vec<(u32, f64)> =
        found.map(|&(place, tf)| (place, lit[place as usize].weight * term_weight(tf))).collect();
    let sum: f64 = given.iter().map(|given| given.1).sum();
    given.sort_by(|a, b| b.1.total_cmp(&a.1));
    given.truncate(asked.concepts_max);
    given.into_iter().map(|(place, weight)| (place, part * (weight / sum))).collect()
}
