//! Answers without near copies: maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR, Diversity-Based
//! Reranking for Reordering Documents and Producing Summaries", 1998).
//!
//! The next hit is the one with the highest (1 - diverse) * score / best score - diverse * its likeness to the hit
//! before it that it is most like. Likeness is the cosine of vectors, or of terms ([`crate::query::outline`]).

use crate::Result;
use crate::query::hit::Hit;
use crate::query::homes::Homes;
use crate::query::outline::Compared;

/// The most hits that are chosen so; those behind them stay as they are.
pub const CHOSEN_MAX: usize = 200;

/// Returns how many hits are looked at to choose `k`.
pub fn pool(k: usize) -> usize {
    k.saturating_mul(4).clamp(50, CHOSEN_MAX).max(k)
}

/// Returns the `k` first of hits, which are given best first, chosen by score and by how unlike each other they are.
///
/// # Errors
/// Those of the homes.
pub fn choose<H: Homes>(homes: &mut H, hits: &[Hit], k: usize, diverse: f64) -> Result<Vec<Hit>> {
    let (head, rest) = hits.split_at(hits.len().min(CHOSEN_MAX));
    let Some(best) = head.first().map(|hit| hit.found.score) else { return Ok(Vec::new()) };
    let spots: Vec<_> = head.iter().map(|hit| hit.found.spot()).collect();
    let outlines = homes.outline(&spots)?;
    let compared: Vec<Compared> = outlines.into_iter().map(|outline| Compared::new(outline, homes.commons())).collect();
    let mut chosen: Vec<Hit> = Vec::with_capacity(k.min(hits.len()));
    // By rank: how like each is to what was chosen, and whether it was.
    let mut likeness = vec![0.0f64; head.len()];
    let mut left: Vec<usize> = (0..head.len()).collect();
    while chosen.len() < k && !left.is_empty() {
        homes.poll()?;
        let worth = |rank: usize| (1.0 - diverse) * (head[rank].found.score / best) - diverse * likeness[rank];
        // Of equals the one of the better rank.
        let at = (1..left.len()).fold(0, |at, next| if worth(left[next]) > worth(left[at]) { next } else { at });
        let rank = left.remove(at);
        chosen.push(head[rank]);
        for &other in &left {
            likeness[other] = likeness[other].max(compared[other].likeness(&compared[rank]));
        }
    }
    chosen.extend(rest.iter().take(k - chosen.len()));
    Ok(chosen)
}
