//! How much more weight lies inside of communities than chance has it.

use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;

/// Returns the modularity of communities (Newman and Girvan 2004; resolution 1), between -1/2 and 1: the share of
/// weight inside of them, less the share that chance would put there. `weights` are those of the pairs, `community` the
/// community of each concept, by place, all below the number of concepts. 0 if nothing has a weight.
pub fn modularity(pairs: &Pairs, weights: &[u32], community: &[u32], cancel: &Cancel) -> Result<f64> {
    let mut pace = Pace::new(cancel);
    let mut totals = vec![0u64; community.len()];
    let (mut inside, mut all) = (0u64, 0u64);
    for (pair, &weight) in pairs.pairs.iter().zip(weights) {
        pace.steps(1)?;
        let [one, other] = [pair.one, pair.other].map(|place| community[place as usize]);
        totals[one as usize] += u64::from(weight);
        totals[other as usize] += u64::from(weight);
        all += 2 * u64::from(weight);
        inside += if one == other { 2 * u64::from(weight) } else { 0 };
    }
    if all == 0 {
        return Ok(0.0);
    }
    let expected: u128 = totals.iter().map(|&total| u128::from(total) * u128::from(total)).sum();
    let all = u128::from(all);
    // Exact up to here, so that the order of sums does not show.
    Ok(((u128::from(inside) * all) as i128 - expected as i128) as f64 / (all * all) as f64)
}
