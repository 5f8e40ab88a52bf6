//! The sentinel as plainly as it can be written: nothing is remembered but history, and all is counted from it again.

use super::Beat;
use phago_core::ids::NodeId;
use phago_core::sentinel::{
    Alarm, COUNT_MIN, Counts, Kind, LEARNING, Pair, Past, Rule, SILENCE_MAX, SILENCE_MIN, SILENCE_STEP, WINDOW,
};
use std::collections::BTreeSet;

impl Beat {
    fn of(&self, what: Kind) -> u64 {
        let has = |list: &&Vec<NodeId>| what.concepts().all(|concept| list.contains(&concept));
        self.lists.iter().filter(has).count() as u64
    }

    fn all(&self, pairs: bool) -> u64 {
        let lengths = self.lists.iter().map(|list| list.len() as u64);
        lengths.map(|length| if pairs { length * (length - 1) / 2 } else { length }).sum()
    }

    fn pairs(&self) -> BTreeSet<Pair> {
        let lists = self.lists.iter();
        lists
            .flat_map(|list| list.iter().flat_map(|&one| list.iter().filter_map(move |&two| Pair::new(one, two))))
            .collect()
    }

    fn concepts(&self) -> BTreeSet<NodeId> {
        self.lists.iter().flatten().copied().collect()
    }
}

pub struct Naive {
    rule: Rule,
    beats: Vec<Beat>,
    told: BTreeSet<Kind>,
}

impl Naive {
    pub fn new(rule: Rule) -> Naive {
        Naive { rule, beats: Vec::new(), told: BTreeSet::new() }
    }

    pub fn observe(&mut self, beat: Beat) -> Vec<Alarm> {
        let (concepts, pairs) = (beat.concepts(), beat.pairs());
        self.beats.push(beat);
        let now = self.beats.len() as u32;
        let mut alarms: Vec<Alarm> = concepts.iter().filter_map(|&concept| self.judge(Kind::Rising(concept))).collect();
        let of_pairs: Vec<Alarm> = pairs.iter().filter_map(|&pair| self.judge(Kind::Pair(pair))).collect();
        // Of a pair nothing is told while one of its concepts is raised.
        let is_raised = |concept| self.told.contains(&Kind::Rising(concept));
        alarms.extend(of_pairs.into_iter().filter(|alarm| !alarm.kind.concepts().any(is_raised)));
        alarms.extend(if self.seen(Kind::Vocabulary, now) > 0 { self.judge(Kind::Vocabulary) } else { None });
        let all: BTreeSet<NodeId> = self.beats.iter().flat_map(Beat::concepts).collect();
        alarms.extend(all.difference(&concepts).filter_map(|&concept| self.fades(concept)));
        alarms.sort_unstable();
        alarms
    }

    fn judge(&mut self, what: Kind) -> Option<Alarm> {
        let now = self.beats.len() as u32;
        if let Kind::Rising(concept) = what {
            self.told.remove(&Kind::Fading(concept));
        }
        let latest = now.saturating_sub(WINDOW - 1).max(1)..=now;
        let window: Vec<u32> = latest.filter(|&beat| self.seen(what, beat) > 0).collect();
        if window.len() == 1 {
            self.told.remove(&what);
        }
        let since = window[0];
        let counts = self.counts(what, now, WINDOW)?;
        let is_pair = matches!(what, Kind::Pair(_));
        let threshold = f64::from(if is_pair { self.rule.pair_threshold } else { self.rule.threshold });
        let (g2, p, phi) = statistic(&counts);
        let share = counts.count as f64 / counts.of as f64;
        let rise = if share > counts.before as f64 / counts.past.sum as f64 { g2 / phi } else { 0.0 };
        if self.told.contains(&what) {
            if rise < threshold / 2.0 {
                self.told.remove(&what);
            }
            return None;
        }
        if counts.count < COUNT_MIN || share <= f64::from(self.rule.ratio) * p || rise <= threshold {
            return None;
        }
        self.told.insert(what);
        let kind = match what {
            Kind::Rising(concept) if counts.before == 0 => Kind::New(concept),
            _ => what,
        };
        Some(Alarm { tick: self.tick(now), kind, since: self.tick(since), counts })
    }

    fn fades(&mut self, concept: NodeId) -> Option<Alarm> {
        let (now, what) = (self.beats.len() as u32, Kind::Rising(concept));
        let last = (1..=now).rev().find(|&beat| self.seen(what, beat) > 0)?;
        let silent = now - last;
        let looked_at = (SILENCE_MIN..=SILENCE_MAX).step_by(SILENCE_STEP as usize).any(|step| step == silent);
        if !looked_at || last <= LEARNING || self.told.contains(&Kind::Fading(concept)) {
            return None;
        }
        let (sum, _) = self.before(last, |beat| self.seen(what, beat));
        let seen = sum + (last.saturating_sub(WINDOW - 1).max(1)..=last).map(|beat| self.seen(what, beat)).sum::<u64>();
        let (remembered, _) = self.before(last, |_| 1);
        if seen * 5 < 2 * (remembered + u64::from(last.min(WINDOW))) {
            return None;
        }
        let counts = self.counts(what, now, silent)?;
        let (g2, _, phi) = statistic(&counts);
        if g2 / phi <= f64::from(self.rule.threshold) {
            return None;
        }
        self.told.insert(Kind::Fading(concept));
        Some(Alarm { tick: self.tick(now), kind: Kind::Fading(concept), since: self.tick(last), counts })
    }

    // The counts of the latest beats, and of those before them. Every beat joins the past a window after it was.
    fn counts(&self, what: Kind, now: u32, window: u32) -> Option<Counts> {
        let pairs = matches!(what, Kind::Pair(_));
        let all = |beat: u32| self.beats[beat as usize - 1].all(pairs);
        let latest = || now.saturating_sub(window - 1).max(1)..=now;
        let early = |beat: u32| beat + window <= now;
        let (before, squares) = self.before(now, |beat| if early(beat) { self.seen(what, beat) } else { 0 });
        let (sum, all_squares) = self.before(now, |beat| if early(beat) { all(beat) } else { 0 });
        let (beats, _) = self.before(now, |beat| u64::from(early(beat)));
        let past = Past { beats: beats as u32, sum, squares: all_squares.into() };
        let seen = || latest().map(|beat| self.seen(what, beat));
        let (count, count_squares) = (seen().sum(), seen().map(|seen| seen * seen).sum());
        let (of, of_squares) = (latest().map(all).sum(), latest().map(|beat| u128::from(all(beat).pow(2))).sum());
        let counts = Counts { count, count_squares, of, of_squares, before, squares, past };
        (now > LEARNING && sum > 0).then_some(counts)
    }

    // Sums what was before the window at a beat, and its squares.
    fn before(&self, at: u32, of: impl Fn(u32) -> u64) -> (u64, u64) {
        let (mut sum, mut squares) = (0, 0);
        for beat in 1..=at {
            if beat.is_multiple_of(self.rule.halving) {
                (sum, squares) = (sum / 2, squares / 2);
            }
            if beat > WINDOW {
                sum += of(beat - WINDOW);
                squares += of(beat - WINDOW) * of(beat - WINDOW);
            }
        }
        (sum, squares)
    }

    fn seen(&self, what: Kind, beat: u32) -> u64 {
        let (before, from) = self.beats.split_at(beat as usize - 1);
        if what == Kind::Vocabulary {
            let known: BTreeSet<NodeId> = before.iter().flat_map(Beat::concepts).collect();
            return from[0].concepts().difference(&known).count() as u64;
        }
        from[0].of(what)
    }

    fn tick(&self, beat: u32) -> u64 {
        self.beats[beat as usize - 1].tick
    }
}

// G2, p and phi, in another form than that of the crate.
fn statistic(counts: &Counts) -> (f64, f64, f64) {
    let [k, n, c, all] = [counts.count, counts.of, counts.before, counts.past.sum].map(|count| count as f64);
    let own = |count: f64| if count > 0.0 { count * count.ln() } else { 0.0 };
    let g2 = own(k) + own(n - k) + own(c) + own(all - c) + own(n + all)
        - own(k + c)
        - own(n + all - k - c)
        - own(n)
        - own(all);
    let uneven =
        |squares: u64, p: f64, all: f64, all_squares: u128| (squares as f64 - p * p * all_squares as f64) / (p * all);
    let p = (c + 0.5) / all;
    let before = uneven(counts.squares, p, all, counts.past.squares);
    let now = if k > 0.0 { uneven(counts.count_squares, k / n, n, counts.of_squares) } else { 0.0 };
    (2.0 * g2, p, before.max(now).max(1.0))
}
