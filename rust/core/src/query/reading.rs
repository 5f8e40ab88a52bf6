//! How a question and its operators are read: as the terms of one committed state.

use crate::maps::Set;
use crate::query::clause::{BEGINNINGS_MAX, Clause};
use crate::query::homes::Homes;
use crate::query::question::{Query, Question};
use crate::query::ranking::Ranking;
use crate::query::wording::{Operator, Sought};
use crate::query::{spelling, synonyms};
use crate::text::{Role, Session};
use crate::{Error, Result};

/// Analyses a question, and reads its words also as their synonyms, and those that no document has as known ones near
/// them. `clauses` are those of its operators.
///
/// # Errors
/// Those of the homes.
pub fn question<H: Homes>(
    homes: &mut H,
    asked: Query<'_>,
    clauses: &[Clause],
    ranking: &Ranking,
    session: &mut Session,
) -> Result<Question> {
    let text = asked.text;
    let mut question = Question::new(homes.commons(), session, asked);
    let mut readings = synonyms::readings(homes.commons(), &question, asked.synonyms, ranking, session);
    if ranking.near_share > 0.0 && !question.unknown.is_empty() {
        let near = spelling::readings(homes, &question, text, ranking, session)?;
        let has_synonym: Set<u32> = readings.iter().map(|reading| reading.word).collect();
        readings.extend(near.into_iter().filter(|near| !has_synonym.contains(&near.word)));
        readings.sort_by_key(|reading| reading.word);
    }
    for clause in clauses.iter().filter(|clause| !clause.is_excluded && !clause.begins.is_empty()) {
        let word = question.words.len() as u32;
        question.words.push(clause.written.clone());
        question.has_content = true;
        readings.extend(spelling::begun(homes.commons(), word, &clause.begins));
    }
    if !readings.is_empty() {
        question.take(readings, homes.commons(), text, session);
    }
    // What has no word of "who is the president" but "the" is no answer. Function words alone may be asked for: The Who.
    if question.has_content && question.content == 0 {
        question.terms.clear();
        question.mass = 0.0;
    }
    Ok(question)
}

/// Reads operators as terms.
///
/// # Errors
/// [`Error::Config`] naming `text` for a `begin*` that begins more than [`BEGINNINGS_MAX`] words; those of the homes.
pub fn clauses<H: Homes>(homes: &mut H, operators: &[Operator], session: &mut Session) -> Result<Vec<Clause>> {
    operators.iter().map(|operator| clause(homes, operator, session)).collect()
}

fn clause<H: Homes>(homes: &mut H, operator: &Operator, session: &mut Session) -> Result<Clause> {
    let Operator { written, is_excluded, field, sought } = operator;
    let (mut terms, mut phrase, mut begins) = (Vec::new(), Vec::new(), Vec::new());
    let mut plain = String::new();
    match sought {
        Sought::Beginning(begun) => {
            begins = homes.beginning(begun, BEGINNINGS_MAX + 1)?;
            if begins.len() > BEGINNINGS_MAX {
                let value = format!("`{written}`, which begins more than {BEGINNINGS_MAX} words");
                return Err(Error::Config { field: "text".into(), value, accepted: "a longer beginning".into() });
            }
            terms.extend(begins.iter().map(|near| near.term));
        }
        Sought::Word(said) | Sought::Phrase(said) => {
            let mut words: Vec<Option<(u32, Role)>> = Vec::new();
            session.words(said, |word| words.push(word.term.map(|term| (term, word.role))));
            match words.len() {
                1 => terms.extend(words[0].map(|(term, _)| term)),
                _ => phrase = words.into_iter().collect::<Option<_>>().unwrap_or_default(),
            }
            let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if phrase.len() > 1 && said.split_whitespace().all(is_plain) {
                plain = said.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            // What is written as one word may be one in documents: e-mail is email.
            if let Sought::Word(said) = sought {
                terms.extend(session.label(said).and_then(|word| word.term));
                terms.sort_unstable();
                terms.dedup();
            }
        }
    }
    Ok(Clause { written: written.clone(), is_excluded: *is_excluded, field: *field, terms, phrase, plain, begins })
}
