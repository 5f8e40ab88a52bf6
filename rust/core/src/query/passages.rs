//! The passage of a document that has most of a question.

use crate::documents::Document;
use crate::query::buffers::Buffers;
use crate::query::homes::Meaning;
use crate::text::passages::{PASSAGE_CHARS_MAX, passages, trimmed};

/// Returns the passage of a document that has most of the question, as the offsets of its start and end in the
/// text, in bytes. It has the highest sum of the masses of the question's words in it, each counted once with a
/// little more for repeats, and of the strengths of its concepts on the same scale. Returns the first of equals,
/// and an empty passage for an empty text. Words and concepts must be marked.
pub fn best_passage(meaning: Meaning<'_>, document: &Document, buffers: &mut Buffers) -> (usize, usize) {
    let sequence = &document.sequence;
    let passages = sequence.passages();
    if passages.is_empty() {
        return first_passage(&document.body.text);
    }
    let Meaning { question, lit, .. } = meaning;
    let strongest = lit.iter().map(|lit| lit.weight).fold(0.0, f64::max);
    let mean = question.mass / question.content.max(1) as f64;
    // What each term of the document is worth, and how often the current passage has it.
    let mut terms: Vec<(f64, u32)> = document
        .terms
        .iter()
        .map(|(term, _)| {
            let mass = match (buffers.words.of(term), buffers.concepts.of(term)) {
                (0, 0) => 0.0,
                (0, place) => lit[place as usize - 1].weight / strongest * 0.5 * mean,
                (word, _) => question.terms[word as usize - 1].mass(),
            };
            (mass, 0)
        })
        .collect();
    let (mut best, mut most) = (0, -1.0);
    let mut met: Vec<u32> = Vec::new();
    for number in 0..passages.len() {
        sequence.visit(sequence.words_of(number), |place| {
            let (mass, count) = &mut terms[place as usize];
            if *mass > 0.0 {
                if *count == 0 {
                    met.push(place);
                }
                *count += 1;
            }
        });
        // In the order of the text, which does not depend on shards.
        let worth = met.drain(..).map(|place| {
            let (mass, count) = &mut terms[place as usize];
            let tf = f64::from(std::mem::take(count));
            *mass * tf / (tf + 0.5)
        });
        let worth = worth.sum::<f64>() + 0.0;
        if worth > most {
            (best, most) = (number, worth);
        }
    }
    let (start, end) = passages[best].bytes;
    (start as usize, end as usize)
}

// Returns the passage of a text that is one passage, or that has no word and so no passages to choose from.
fn first_passage(text: &str) -> (usize, usize) {
    let (start, end) = trimmed(text, (0, text.len()));
    // The end of a passage depends on few characters behind it, so no more of a long text is read.
    let head = text[start..end].char_indices().nth(2 * PASSAGE_CHARS_MAX).map_or(end, |(at, _)| start + at);
    let first = passages(&text[start..head]).first().copied();
    first.map_or((start, start), |(from, to)| (start + from, start + to))
}
