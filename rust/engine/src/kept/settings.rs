//! The settings with which a colony was made, as its files hold them.

use phago_core::config::{ColonyConfig, DistributedConfig};
use phago_core::error::short;
use phago_core::settings::{Kind, Number, Settings};
use phago_core::text::ANALYSER;
use phago_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The layout with which a colony was made. It can be opened with any other.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Layout {
    /// Number of shards.
    pub shards: u32,
    /// Points of a shard on the hash ring.
    pub virtual_nodes: u32,
}

// Settings are stored by name, so that a later phago can add more.
#[derive(Deserialize, Serialize)]
struct Kept {
    analyser: String,
    layout: Layout,
    config: Vec<(String, Value)>,
}

#[derive(Deserialize, Serialize)]
enum Value {
    Int(u64),
    Real(f64),
    Flag(bool),
    Word(String),
}

impl Layout {
    /// Refuses a layout that no ring accepts.
    ///
    /// # Errors
    /// [`Error::Config`] with the field at fault.
    pub fn check(self) -> Result<()> {
        let cluster = DistributedConfig {
            num_shards: self.shards,
            virtual_nodes_per_shard: self.virtual_nodes,
            replication_factor: 1,
            ..DistributedConfig::default()
        };
        cluster.validate()
    }
}

/// Returns the bytes of a header's settings.
pub(super) fn encode(config: &ColonyConfig, layout: Layout) -> Vec<u8> {
    let value = |number| match number {
        Number::Int(value) => Value::Int(value),
        Number::Real(value) => Value::Real(value),
        Number::Flag(value) => Value::Flag(value),
        Number::Word(word) => Value::Word(word.to_owned()),
    };
    let config = config.values().into_iter().map(|(name, number)| (name.to_owned(), value(number)));
    let kept = Kept { analyser: ANALYSER.to_owned(), layout, config: config.collect() };
    postcard::to_allocvec(&kept).expect("plain data always encodes")
}

/// Decodes a header's settings.
///
/// # Errors
/// [`Error::Config`] for an unknown setting, and for another analyser, whose words would not match; [`Error::Wire`] for
/// bytes that are not settings.
pub(super) fn decode(bytes: &[u8]) -> Result<(ColonyConfig, Layout)> {
    let odd = |reason: String| Error::Wire { what: "colony", reason };
    let (kept, left): (Kept, _) = postcard::take_from_bytes(bytes).map_err(|cause| odd(cause.to_string()))?;
    if !left.is_empty() {
        return Err(odd(format!("{} bytes are left over", left.len())));
    }
    if kept.analyser != ANALYSER {
        let accepted = format!("{ANALYSER}, as words of another analyser would not be found");
        return Err(Error::Config { field: "analyser".into(), value: kept.analyser, accepted });
    }
    let mut config = ColonyConfig::default();
    for (name, value) in kept.config {
        let number = match value {
            Value::Int(value) => Number::Int(value),
            Value::Real(value) => Number::Real(value),
            Value::Flag(value) => Number::Flag(value),
            Value::Word(word) => Number::Word(known(&name, &word)?),
        };
        if !config.set(&name, number)? {
            let accepted = "a setting that this phago knows".into();
            return Err(Error::Config { field: name, value: "set".into(), accepted });
        }
    }
    config.validate()?;
    Ok((config, kept.layout))
}

// Returns one of the words that a setting accepts.
fn known(name: &str, word: &str) -> Result<&'static str> {
    let kind = ColonyConfig::all().into_iter().find(|setting| setting.name == name).map(|setting| setting.kind);
    let words = if let Some(Kind::Choice(words)) = kind { words } else { &[] };
    words.iter().find(|known| **known == word).copied().ok_or_else(|| Error::Config {
        field: name.into(),
        value: short(word),
        accepted: "a setting that this phago knows".into(),
    })
}

/// Refuses a config other than the one with which a colony was made.
///
/// # Errors
/// [`Error::Config`] with the first field that differs.
pub(super) fn check_same(given: &ColonyConfig, kept: &ColonyConfig) -> Result<()> {
    let show = |number| match number {
        Number::Int(value) => value.to_string(),
        Number::Real(value) => value.to_string(),
        Number::Flag(value) => value.to_string(),
        Number::Word(value) => value.to_owned(),
    };
    for ((name, given), (_, kept)) in given.values().into_iter().zip(kept.values()) {
        if given != kept {
            let accepted = format!("{}, with which the colony was made", show(kept));
            return Err(Error::Config { field: name.into(), value: show(given), accepted });
        }
    }
    Ok(())
}
