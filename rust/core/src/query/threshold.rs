//! The least score that the k best documents have, as far as is known while a search goes on.

use crate::documents::BLOCK;

// The search adds in single precision and in its own order, which is faster. A question has at most some 30,000 words,
// and each addition is off by 2^-24 of its sum at most: together by less than this share. The search scores what it
// finds again in the canonical order.
pub(super) const ROUNDING: f32 = 1.0 + 4e-3;

/// The scores that one list raises above a threshold, of which it keeps the best. No document below the k-th best of them
/// can be among the k best.
#[derive(Debug, Default)]
pub(super) struct Risen {
    k: usize,
    threshold: f32,
    // As many as are worth a selection.
    best: Vec<f32>,
    room: usize,
}

impl Risen {
    /// Begins a list, when no document below `threshold` can be among the k best.
    pub(super) fn begin(&mut self, k: usize, threshold: f32) {
        (self.k, self.threshold, self.room) = (k, threshold, k.saturating_mul(4).saturating_add(64));
        self.best.clear();
    }

    /// Returns the score above which one rises.
    #[inline]
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Adds the score of a document, each once in a list.
    #[inline]
    pub(super) fn add(&mut self, score: f32) {
        if score > self.threshold {
            self.best.push(score);
            if self.best.len() >= self.room {
                self.cut();
            }
        }
    }

    #[cold]
    fn cut(&mut self) {
        if self.best.len() >= self.k {
            let (_, last, _) = self.best.select_nth_unstable_by(self.k - 1, |a, b| b.total_cmp(a));
            self.threshold = self.threshold.max(*last / ROUNDING);
            self.best.truncate(self.k);
        }
    }

    /// Returns the threshold after the list.
    pub(super) fn end(&mut self) -> f32 {
        self.cut();
        self.threshold
    }
}

/// Leaves those of the places that were met whose scores can still win, in front, and takes the scores of the others back.
/// Returns how many are left. Which are cannot be foreseen, so nothing branches on it.
pub(super) fn shut_out(met: &mut [u32], scores: &mut [f32], can_win: impl Fn(f32) -> bool) -> usize {
    let mut left = 0;
    for start in (0..met.len()).step_by(BLOCK) {
        let many = BLOCK.min(met.len() - start);
        let (mut of_block, mut stay) = ([0.0; BLOCK], [false; BLOCK]);
        for (score, &place) in of_block.iter_mut().zip(&met[start..start + many]) {
            *score = scores[place as usize];
        }
        for (score, stays) in of_block.iter_mut().zip(&mut stay) {
            *stays = can_win(*score);
            *score = if *stays { *score } else { 0.0 };
        }
        for at in 0..many {
            let place = met[start + at];
            scores[place as usize] = of_block[at];
            met[left] = place;
            left += usize::from(stay[at]);
        }
    }
    left
}

/// What can be in the answer, between the bounds of its score.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) least: f32,
    pub(super) most: f32,
    pub(super) place: u32,
}

/// Leaves what can be among the k best. Returns the threshold, which is no lower.
pub(super) fn cut(k: usize, mut threshold: f32, kept: &mut Vec<Kept>) -> f32 {
    if kept.len() >= k {
        let (_, last, _) = kept.select_nth_unstable_by(k - 1, |a, b| b.least.total_cmp(&a.least));
        threshold = threshold.max(last.least / ROUNDING);
        kept.retain(|kept| kept.most * ROUNDING >= threshold);
    }
    threshold
}
