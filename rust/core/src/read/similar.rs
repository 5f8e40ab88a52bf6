//! Documents that are like another one.

use crate::Result;
use crate::metadata::Filter;
use crate::query::parts::{PARTS, Part};
use crate::query::question::Question;
use crate::query::{Homes, Parts, Query, Ranking};
use crate::read::answers::{AnsweredDocument, Asking, bare};
use crate::read::documents::find;
use crate::text::Session;

// As much of a text is asked as a question: what it is about is said by then.
const ASKED_BYTES_MAX: usize = 8 << 10;

/// Returns the `k` documents that are most like the one of this name among those that match, best first, or `None` if
/// the colony has no document of this name. If it has a vector, these are the documents with the highest cosines above
/// 0, which are the scores; else its text is asked, and it is left out of the answer.
///
/// # Errors
/// Those of the homes.
pub fn similar<H: Homes>(
    homes: &mut H,
    name: &str,
    k: usize,
    ranking: &Ranking,
    filter: &Filter,
    session: &mut Session,
) -> Result<Option<Vec<AnsweredDocument>>> {
    let Some((spot, id)) = find(homes, name)? else { return Ok(None) };
    let most = k.saturating_add(1);
    let mut found = match homes.outline(&[spot])?.remove(0).vector {
        Some(vector) => {
            let question = Question::new(homes.commons(), session, Query { vector: Some(&vector), ..Query::default() });
            let allowed = homes.allow(&filter.into())?;
            let found = homes.most_similar(&question, most, allowed.as_ref())?;
            let found: Vec<_> = found.iter().map(|found| (found.spot(), found.score)).collect();
            let documents = homes.documents(&found)?.into_iter();
            let alike = documents.filter(|document| document.score > 0.0);
            let parts = |score: f64| {
                let mut parts = [0.0; PARTS];
                parts[Part::Similar as usize] = score;
                Parts(parts)
            };
            alike
                .map(|document| {
                    let parts = parts(document.score);
                    bare(document, parts)
                })
                .collect()
        }
        None => {
            let document = homes.documents(&[(spot, 0.0)])?.remove(0);
            let mut text = format!("{}\n{}", document.title, document.text);
            let end = (0..=ASKED_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
            Asking { homes, text: &text, ranking, session }.answer(most, filter, true)?
        }
    };
    found.retain(|found| found.document.id != id);
    found.truncate(k);
    Ok(Some(found))
}
