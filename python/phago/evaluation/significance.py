"""Whether a difference is more than noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["paired_t_test"]


def paired_t_test(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """The two-sided p value of Student's paired t test; `None` for fewer than two pairs.

    t = mean / (s / sqrt n) over the n differences, with s their standard deviation (n - 1), and
    p = I_x(v / 2, 1 / 2) with v = n - 1 and x = v / (v + t^2) (Abramowitz and Stegun, 26.7.1 and 26.5.27). On measures
    like these it agrees with the randomisation test (Smucker, Allan and Carterette, CIKM 2007), without chance.
    """
    differences = [our - their for our, their in zip(ours, theirs, strict=True)]
    count = len(differences)
    if count < 2:
        return None
    mean = math.fsum(differences) / count
    if mean == 0:
        return 1.0
    if min(differences) == max(differences):
        return 0.0
    variance = math.fsum((difference - mean) ** 2 for difference in differences) / (count - 1)
    freedom = count - 1
    squared = mean * mean * count / variance
    # Both shares are computed, as one minus the other would lose the digits of the smaller.
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + squared), squared / (freedom + squared))


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function I_x(a, b), `rest` being 1 - x.

    By its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22), which converges fast below
    (a + 1) / (a + b + 2), and by I_x(a, b) = 1 - I_(1-x)(b, a) above; evaluated by Lentz's method as modified by
    Thompson and Barnett (1986).
    """
    if x <= 0 or rest <= 0:
        return float(x > 0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, rest, x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest) - math.log(a)
    )
    tiny = 1e-300
    value, upper, lower = 1.0, 1.0, 0.0
    for step in range(10_000):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / ((1 + term * lower) or tiny)
        upper = (1 + term / upper) or tiny
        value *= upper * lower
        if step and abs(upper * lower - 1) < 1e-15:
            break
    # Lentz began with 1 + 1 / (1 + ...): the first 1 is no part of the fraction.
    return min(1.0, front * (value - 1))
