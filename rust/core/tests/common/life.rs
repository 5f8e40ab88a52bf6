//! Lives of colonies: what may happen to one, made from a seed.
#![allow(dead_code, unreachable_pub)]

use super::Chance;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Lifetime};
use phago_core::ids::DocumentId;
use phago_core::input::Input;
use phago_core::metadata::{Metadata, Value, Values};
use phago_core::reinforcement::Reinforcement;

/// A config with which much happens in few ticks.
pub fn config() -> ColonyConfig {
    ColonyConfig { documents_per_tick: 9, maturation_ticks: 5, documents_per_digester: 4, ..ColonyConfig::default() }
}

/// A document of its number, of any kind.
pub fn body(chance: &mut Chance, number: u64) -> Body {
    let words = match chance.below(12) {
        0 => 400,
        1 => 1,
        _ => 5 + chance.below(40),
    };
    let metadata = match number % 3 {
        0 => Metadata::default(),
        _ => Metadata::new(vec![("n".into(), Values::One(Value::Int(number as i64)))]).unwrap(),
    };
    let title = if number.is_multiple_of(4) { String::new() } else { chance.text(50, 2) };
    // Some hold nothing to digest.
    let text = if number % 17 == 3 { "the of and".to_owned() } else { chance.text(400, words) + ". " };
    let key = (!number.is_multiple_of(5)).then(|| format!("doc-{number}").into());
    let expires = match number % 7 {
        0 => Some(Lifetime::Tick(number / 3)),
        1 => Some(Lifetime::Time(number as i64)),
        _ => None,
    };
    Body { key, title: title.into(), text: text.into(), metadata, expires, ..Body::default() }
}

/// Something that happens to a colony, as it is stored.
pub fn happens(chance: &mut Chance, colony: &Colony, next: &mut u64) -> Option<Input> {
    let any = |chance: &mut Chance| {
        let all: Vec<_> = colony.state().shards().iter().flat_map(|shard| shard.documents().all()).collect();
        let mut ids: Vec<DocumentId> = all.iter().map(|document| document.id).collect();
        ids.sort_unstable();
        if ids.is_empty() { None } else { Some(ids[chance.below(ids.len() as u64) as usize]) }
    };
    match chance.below(11) {
        10 => Some(Input::Now(chance.below(*next + 1) as i64)),
        0..=3 => {
            let count = 1 + chance.below(6);
            let batch = (0..count).map(|_| {
                *next += 1;
                body(chance, *next)
            });
            Some(Input::Ingest(batch.collect()))
        }
        4 => any(chance).map(Input::Delete),
        5 => {
            let id = any(chance)?;
            let key = colony.state().document(id)?.body.key.clone()?;
            *next += 1;
            Some(Input::Update(Body { key: Some(key), ..body(chance, *next) }))
        }
        6 => {
            let id = any(chance)?;
            let words: Vec<String> =
                colony.state().document(id)?.body.text.split(' ').take(3).map(Into::into).collect();
            let path = Reinforcement::new([(&*words[0], &words[..])], |word| Some(word.to_owned()))?;
            Some(Input::Reinforce { id, path, times: 1 + chance.below(3) })
        }
        _ => None,
    }
}
