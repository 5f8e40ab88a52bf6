//! Synonyms: a caller's own list of what words are read as too.
//!
//! A word of the question with a synonym is also looked for as that, with `synonym_share` of the synonym's idf, and no more
//! than that share of the word's own. A document with both has more of the question, but no more of its coverage. Synonyms
//! of one word may be several words; all of them are looked for.

use crate::commons::Commons;
use crate::query::question::{Question, Reading};
use crate::query::ranking::Ranking;
use crate::text::{Role, Session, stem};

/// Returns what words of a question are read as by the caller's list, in the order of the words, then of the list.
pub fn readings(
    commons: &Commons,
    question: &Question,
    synonyms: &[(String, String)],
    ranking: &Ranking,
    session: &mut Session,
) -> Vec<Reading> {
    let mut all = Vec::new();
    if synonyms.is_empty() || ranking.synonym_share <= 0.0 {
        return all;
    }
    let list: Vec<(String, &str)> = {
        let mut stem_of = |word: &str| session.label(word).map(|word| word.stem);
        synonyms.iter().filter_map(|(word, synonym)| Some((stem_of(word)?, &**synonym))).collect()
    };
    for (place, word) in (0..).zip(&question.words) {
        let its = stem(word).into_owned();
        let own = question.terms.iter().find(|term| term.word == place);
        for (_, synonym) in list.iter().filter(|(stem, _)| *stem == its) {
            let mut terms = Vec::new();
            session.words(synonym, |word| {
                terms.extend(word.term.filter(|&term| word.role != Role::Function && commons.df(term) > 0));
            });
            let most = own.map_or(f64::INFINITY, |term| term.idf);
            let weigh = |term: u32| (term, commons.idf(term).min(most) * ranking.synonym_share);
            let terms: Vec<(u32, f64)> = terms.into_iter().map(weigh).collect();
            if !terms.is_empty() {
                let (stem, text, count) = (its.clone(), (*synonym).to_owned(), own.map_or(1, |term| term.count));
                all.push(Reading { word: place, stem, count, text, terms, role: Role::Word });
            }
        }
    }
    all
}
