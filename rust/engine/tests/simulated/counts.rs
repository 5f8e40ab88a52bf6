//! What schedules did.

use phago_engine::store::Failure;
use std::collections::BTreeMap;
use std::fmt;

/// What schedules did.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub schedules: u64,
    pub lives: u64,
    pub kills: u64,
    pub losses_of_power: u64,
    /// Openings that were themselves cut off.
    pub ended_in_opening: u64,
    /// States that were found after the end of a life and compared.
    pub reopened: u64,
    /// Openings of what an opening had recovered.
    pub reopened_twice: u64,
    pub inputs: u64,
    pub inputs_within_ticks: u64,
    /// Times that were told.
    pub told: u64,
    /// Signals, surveys and agents.
    pub deeds: u64,
    /// Ticks in which agents acted.
    pub lived: u64,
    /// Documents that left by themselves.
    pub expired: u64,
    pub retried: u64,
    pub refused: u64,
    pub ticks: u64,
    pub idle_ticks: u64,
    pub given_up: u64,
    pub late_batches: u64,
    pub panics: u64,
    pub hangs: u64,
    pub checkpoints: u64,
    pub snapshots: u64,
    pub readings: u64,
    pub second_writers: u64,
    pub in_vain: u64,
    /// Lives that ended within a write of two records.
    pub torn: u64,
    /// What was attempted and not acknowledged, and found all the same.
    pub beyond: u64,
    /// The first strike of each ordered failure, by failure and what was being done.
    pub struck: BTreeMap<(String, &'static str), u64>,
    /// The same, by failure and system call.
    pub calls: BTreeMap<(String, String), u64>,
}

impl Counts {
    pub fn struck(&mut self, failure: Failure, phase: &'static str, call: &str) {
        *self.struck.entry((format!("{failure:?}"), phase)).or_default() += 1;
        *self.calls.entry((format!("{failure:?}"), call.to_owned())).or_default() += 1;
    }

    pub fn add(&mut self, other: &Counts) {
        let Counts { struck, calls, .. } = other;
        for (key, count) in struck {
            *self.struck.entry(key.clone()).or_default() += count;
        }
        for (key, count) in calls {
            *self.calls.entry(key.clone()).or_default() += count;
        }
        for (mine, theirs) in self.numbers().into_iter().zip(other.clone().numbers()) {
            *mine.1 += *theirs.1;
        }
    }

    /// Returns how often a failure struck while something was done.
    pub fn of(&self, phase: &str) -> u64 {
        self.struck.iter().filter(|((_, at), _)| *at == phase).map(|(_, count)| count).sum()
    }

    fn numbers(&mut self) -> Vec<(&'static str, &mut u64)> {
        vec![
            ("schedules", &mut self.schedules),
            ("lives", &mut self.lives),
            ("kills", &mut self.kills),
            ("losses of power", &mut self.losses_of_power),
            ("ended in opening", &mut self.ended_in_opening),
            ("states found and compared", &mut self.reopened),
            ("opened twice", &mut self.reopened_twice),
            ("inputs", &mut self.inputs),
            ("of them within a tick", &mut self.inputs_within_ticks),
            ("times told", &mut self.told),
            ("signals, surveys and agents", &mut self.deeds),
            ("ticks in which agents acted", &mut self.lived),
            ("documents that expired", &mut self.expired),
            ("retried", &mut self.retried),
            ("refused", &mut self.refused),
            ("ticks", &mut self.ticks),
            ("idle ticks", &mut self.idle_ticks),
            ("ticks given up", &mut self.given_up),
            ("late batches", &mut self.late_batches),
            ("shard panics", &mut self.panics),
            ("shard hangs", &mut self.hangs),
            ("checkpoints", &mut self.checkpoints),
            ("snapshots", &mut self.snapshots),
            ("readings beside the writer", &mut self.readings),
            ("second writers", &mut self.second_writers),
            ("calls after a failed write", &mut self.in_vain),
            ("writes of two records cut off", &mut self.torn),
            ("found beyond what was acknowledged", &mut self.beyond),
        ]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut copy = self.clone();
        let numbers: Vec<String> = copy.numbers().iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(f, "{}", numbers.join(", "))?;
        for (title, table) in [
            ("faults by kind and phase", rows(self.struck.iter().map(|((kind, at), count)| (kind, *at, *count)))),
            ("faults by kind and call", rows(self.calls.iter().map(|((kind, at), count)| (kind, &**at, *count)))),
        ] {
            writeln!(f, "{title}:")?;
            for (kind, row) in table {
                writeln!(f, "  {kind:14} {}", row.join(", "))?;
            }
        }
        Ok(())
    }
}

fn rows<'a>(of: impl Iterator<Item = (&'a String, &'a str, u64)>) -> BTreeMap<String, Vec<String>> {
    let mut table: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, at, count) in of {
        table.entry(kind.clone()).or_default().push(format!("{at} {count}"));
    }
    table
}
