//! Whether documents can leave. A checkpoint holds the counts of word forms apart from the documents, and only the text
//! of a document tells which forms it has: what was read from columns that no colony wrote is found when a document
//! leaves, which needs the analysis of its text anyway.

use super::Replica;
use crate::commons::Tally;
use crate::documents::Document;
use crate::ids::DocumentId;
use crate::maps::Map;
use crate::shard::Delta;
use crate::{Error, Result};

/// The word forms of documents that leave together.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    // By form index: how often they have it.
    forms: Map<u32, u64>,
}

impl Outgoing {
    /// Checks that a document of `state` with these word forms can leave too.
    ///
    /// # Errors
    /// [`Error::Wire`] if its terms are not those of its text, or the counts do not include its forms and those of the
    /// documents before.
    ///
    /// # Panics
    /// If it does not stand.
    pub fn check(&self, state: &Replica, id: DocumentId, forms: &[(u32, u32)]) -> Result<()> {
        let document = state.document(id).unwrap_or_else(|| panic!("document {id} is to go and does not stand"));
        state.check_text(document, forms)?;
        let vocabulary = state.commons.vocabulary();
        for &(form, count) in forms {
            let before = self.forms.get(&form).copied().unwrap_or(0);
            let (known, gone) = (vocabulary.form_count(form), before + u64::from(count));
            if gone > known {
                return Err(state.miscounted(form, known, gone));
            }
        }
        Ok(())
    }

    /// Adds the word forms of a document.
    pub fn take(&mut self, forms: &[(u32, u32)]) {
        for &(form, count) in forms {
            *self.forms.entry(form).or_default() += u64::from(count);
        }
    }
}

impl Replica {
    /// Checks that the documents which leave with a tick can leave, but for those that `is_known` says are among
    /// `outgoing`, and adds them there.
    ///
    /// # Errors
    /// As [`Outgoing::check`].
    pub fn check_leaving(
        &self,
        deltas: &[Delta],
        outgoing: &mut Outgoing,
        mut is_known: impl FnMut(DocumentId) -> bool,
    ) -> Result<()> {
        for (id, forms) in deltas.iter().flat_map(|delta| &delta.leaving).filter(|(id, _)| !is_known(*id)) {
            outgoing.check(self, *id, forms)?;
            outgoing.take(forms);
        }
        Ok(())
    }

    /// Checks that the analysis of a document's text gives its terms. The counts of terms, and those of their forms
    /// together, are sums over the terms of documents.
    ///
    /// # Errors
    /// [`Error::Wire`].
    pub(crate) fn check_text(&self, document: &Document, forms: &[(u32, u32)]) -> Result<()> {
        if self.commons.lexicon().terms_of(forms).into_iter().eq(document.terms.iter()) {
            return Ok(());
        }
        Err(odd(format!("`terms` of document {} are not those of its text", document.id)))
    }

    /// Checks that the counts of the word forms here include what a tally takes out of them.
    ///
    /// # Errors
    /// [`Error::Wire`].
    pub(crate) fn check_tally(&self, tally: &Tally) -> Result<()> {
        for &(form, by) in &tally.forms {
            let known = self.commons.vocabulary().form_count(form);
            if known.checked_add_signed(by).is_none() {
                return Err(self.miscounted(form, known, by.unsigned_abs()));
            }
        }
        Ok(())
    }

    fn miscounted(&self, form: u32, known: u64, gone: u64) -> Error {
        let word = self.commons.lexicon().form(form);
        odd(format!("`counts` has {known} occurrences of the word form `{word}`, and documents that leave have {gone}"))
    }
}

fn odd(reason: String) -> Error {
    Error::Wire { what: "checkpoint", reason }
}
