//! Sizes of campaigns, and what they say at their end.
#![allow(dead_code, unreachable_pub)]

use std::any::Any;
use std::io::Write;

/// Returns how many cases of a kind to try: `small` by default, `long` with PHAGO_CAMPAIGN=long, and a number of one's
/// own with PHAGO_CAMPAIGN=kind=number. Several of these are separated by commas.
pub fn size(kind: &str, small: u64, long: u64) -> u64 {
    let wanted = std::env::var("PHAGO_CAMPAIGN").unwrap_or_default();
    let mut size = small;
    for part in wanted.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            None if part == "long" => size = long,
            Some((name, number)) if name == kind => {
                size = number.parse().unwrap_or_else(|_| panic!("PHAGO_CAMPAIGN: {part}: no number"));
            }
            Some(_) => {}
            None => panic!("PHAGO_CAMPAIGN: {part}: neither `long` nor kind=number"),
        }
    }
    size
}

/// Returns the only seed to try, if PHAGO_SEED names one.
pub fn only_seed() -> Option<u64> {
    std::env::var("PHAGO_SEED").ok().map(|seed| seed.parse().expect("PHAGO_SEED is a number"))
}

/// Says what a campaign did, also where a test passes and its output is caught.
pub fn tell(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody listens");
}

/// Returns what a panic says.
pub fn cause(panic: Box<dyn Any + Send>) -> String {
    let said = panic.downcast_ref::<String>().cloned();
    said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "a panic".to_owned())
}
