//! The agents of users' own: columns of what each keeps, a kind after the other.
//!
//! An agent reads the committed state and chooses; what all of them chose for a tick is [`Acted`], a part of that tick:
//! it is committed with it or not at all. Who asked them, and in which language, is not known here.

use super::cells::{Cells, Type};
use crate::error::short;
use crate::field::Emissions;
use crate::ids::{AgentId, Tick};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_128;

/// The most agents of all kinds together.
pub const AGENTS_MAX: u64 = 1 << 20;
/// The most kinds.
const KINDS_MAX: usize = 64;
/// The most columns of a kind.
pub const COLUMNS_MAX: usize = 32;
/// The most concepts whose use an agent that dissolves leaves.
pub const DISSOLVED_MAX: usize = 256;
/// The longest name of a kind or column, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 64;

/// The agents of one kind, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Kind {
    columns: Vec<(Box<str>, Type)>,
    ids: Vec<AgentId>,
    cells: Vec<Cells>,
    // The tick at which the last one was spawned, and how many were spawned at that tick.
    spawned: (Tick, u32),
}

/// All agents of users' own, by the name of their kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "BTreeMap<Box<str>, Kind>", into = "BTreeMap<Box<str>, Kind>")]
pub struct Population {
    kinds: BTreeMap<Box<str>, Kind>,
}

/// New agents of a kind, which is made if it is new.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Spawn {
    /// The name of the kind.
    pub kind: Box<str>,
    /// Its columns, those of the kind if there is one of this name.
    pub columns: Vec<(Box<str>, Type)>,
    /// How many.
    pub count: u32,
    /// Their values, by column.
    pub cells: Vec<Cells>,
}

/// What the agents of a kind chose.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct KindActed {
    /// The values that change: the column, the rows in order, and their values.
    pub changes: Vec<(u32, Vec<u32>, Option<Cells>)>,
    /// The rows whose agents end, in order. What they change does not count.
    pub deaths: Vec<u32>,
    /// The parents' rows of agents that are born, in order.
    pub parents: Vec<u32>,
    /// The values of those, by column.
    pub born: Vec<Cells>,
    /// Of agents that end, the rows of those that dissolve, in order, with the concepts that they leave to all, by id:
    /// each gains a use.
    pub dissolved: Vec<(u32, Vec<u128>)>,
}

/// What all agents chose, having read the state of one committed tick, for the next one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Acted {
    /// The tick whose state they read.
    pub sensed: Tick,
    /// By kind.
    pub kinds: BTreeMap<Box<str>, KindActed>,
    /// What they emitted.
    pub emissions: Emissions,
}

impl Acted {
    /// Returns how many uses agents that dissolve leave to each concept, by id.
    pub fn uses(&self) -> BTreeMap<u128, u64> {
        let mut uses = BTreeMap::new();
        for (_, concepts) in self.kinds.values().flat_map(|kind| &kind.dissolved) {
            concepts.iter().for_each(|&concept| *uses.entry(concept).or_default() += 1);
        }
        uses
    }

    /// Returns what agents chose that were seen in one population, for another one: who left meanwhile does nothing, and
    /// who came does not act yet.
    pub fn translated(mut self, seen: &Population, now: &Population) -> Acted {
        self.kinds.retain(|name, choices| {
            let (Some(seen), Some(now)) = (seen.kind(name), now.kind(name)) else { return false };
            if seen.columns != now.columns {
                return false;
            }
            if seen.ids != now.ids {
                choices.translate(|row| now.ids.binary_search(seen.ids.get(row as usize)?).ok().map(|row| row as u32));
            }
            true
        });
        self
    }

    /// Returns whether nothing happens.
    pub fn is_empty(&self) -> bool {
        self.emissions.is_empty() && self.kinds.values().all(|kind| *kind == KindActed::default())
    }

    /// Returns how much it is, in values and marks that change.
    pub fn steps(&self) -> u64 {
        let of = |kind: &KindActed| {
            let changes: usize = kind.changes.iter().map(|(_, rows, _)| rows.len()).sum();
            let dissolved: usize = kind.dissolved.iter().map(|(_, concepts)| concepts.len()).sum();
            changes + kind.deaths.len() + kind.parents.len() * (1 + kind.born.len()) + dissolved
        };
        (self.emissions.len() + self.kinds.values().map(of).sum::<usize>()) as u64
    }
}

impl KindActed {
    // Gives rows other numbers; those without one are left out. The order of rows stays, as it is that of ids.
    fn translate(&mut self, row_now: impl Fn(u32) -> Option<u32>) {
        let places = |rows: &[u32]| -> (Vec<u32>, Vec<u32>) {
            (0..).zip(rows).filter_map(|(place, row)| Some((place, row_now(*row)?))).unzip()
        };
        for (_, rows, to) in &mut self.changes {
            let (kept, now) = places(rows);
            to.iter_mut().for_each(|to| to.pick(&kept));
            *rows = now;
        }
        self.changes.retain(|(_, rows, _)| !rows.is_empty());
        self.deaths = places(&self.deaths).1;
        let (kept, now) = places(&self.parents);
        self.born.iter_mut().for_each(|cells| cells.pick(&kept));
        self.parents = now;
        self.dissolved.retain_mut(|(row, _)| row_now(*row).map(|now| *row = now).is_some());
    }
}

impl Kind {
    fn new(columns: Vec<(Box<str>, Type)>) -> Kind {
        let cells = columns.iter().map(|(_, of)| Cells::new(*of)).collect();
        Kind { columns, ids: Vec::new(), cells, spawned: (0, 0) }
    }

    /// Returns its columns.
    pub fn columns(&self) -> &[(Box<str>, Type)] {
        &self.columns
    }

    /// Returns the ids of its agents, in order.
    pub fn ids(&self) -> &[AgentId] {
        &self.ids
    }

    /// Returns the values of its agents, by column.
    pub fn cells(&self) -> &[Cells] {
        &self.cells
    }

    fn add(&mut self, ids: impl IntoIterator<Item = AgentId>, cells: &[Cells]) {
        self.ids.extend(ids);
        self.cells.iter_mut().zip(cells).for_each(|(all, more)| all.append(more));
        if self.ids.is_sorted() {
            return;
        }
        // Offspring of a tick and what is spawned after it have the same birth.
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_by_key(|row| self.ids[*row as usize]);
        self.pick(&order);
    }

    fn pick(&mut self, rows: &[u32]) {
        self.ids = rows.iter().map(|&row| self.ids[row as usize]).collect();
        self.cells.iter_mut().for_each(|cells| cells.pick(rows));
    }

    fn check(&self, name: &str, acted: &KindActed) -> Result<()> {
        let count = self.ids.len();
        let fits = |rows: &[u32], once: bool| {
            let in_order = rows.is_sorted_by(|one, next| one < next || (!once && one == next));
            in_order && rows.last().is_none_or(|row| (*row as usize) < count)
        };
        let refuse = |what: &str| {
            let accepted = format!("rows of the {count} agents of `{name}`, in order");
            Err(Error::Config { field: what.into(), value: "other rows".into(), accepted })
        };
        for (column, rows, to) in &acted.changes {
            let Some((field, of)) = self.columns.get(*column as usize) else { return refuse("changes") };
            if !fits(rows, true) {
                return refuse(field);
            }
            match to {
                Some(to) => to.check(field, *of, rows.len())?,
                None if rows.is_empty() => {}
                None => return refuse(field),
            }
        }
        if !fits(&acted.deaths, true) {
            return refuse("deaths");
        }
        if !fits(&acted.parents, false) {
            return refuse("parents");
        }
        let are_left =
            |concepts: &[u128]| concepts.len() <= DISSOLVED_MAX && concepts.is_sorted_by(|one, next| one < next);
        let ends = |row: &u32| acted.deaths.binary_search(row).is_ok();
        let in_order = acted.dissolved.is_sorted_by(|one, next| one.0 < next.0);
        if !in_order || !acted.dissolved.iter().all(|(row, concepts)| ends(row) && are_left(concepts)) {
            return refuse("dissolved");
        }
        check_cells(&self.columns, &acted.born, acted.parents.len())
    }

    /// Returns the ids of those that are born at a tick to agents of these rows, which are in order; one for each.
    pub fn offspring(&self, tick: Tick, parents: &[u32]) -> Vec<AgentId> {
        let mut born = Vec::with_capacity(parents.len());
        for siblings in parents.chunk_by(|one, next| one == next) {
            let parent = self.ids[siblings[0] as usize].key();
            born.extend((0..siblings.len() as u32).map(|ordinal| AgentId { birth: tick, parent, ordinal }));
        }
        born
    }

    fn take(&mut self, tick: Tick, acted: &KindActed) {
        for (column, rows, to) in &acted.changes {
            if let Some(to) = to {
                self.cells[*column as usize].set(rows, to);
            }
        }
        let born = self.offspring(tick, &acted.parents);
        if !acted.deaths.is_empty() {
            let mut deaths = acted.deaths.iter().peekable();
            let living = (0..self.ids.len() as u32).filter(|row| deaths.next_if_eq(&row).is_none());
            self.pick(&living.collect::<Vec<_>>());
        }
        if !born.is_empty() {
            self.add(born, &acted.born);
        }
    }

    // Whether no colony has such a kind.
    fn is_odd(&self) -> bool {
        check_columns("", &self.columns).is_err()
            || check_cells(&self.columns, &self.cells, self.ids.len()).is_err()
            || !self.ids.is_sorted_by(|one, next| one < next)
    }
}

impl Population {
    /// Returns the agents of a kind.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// Returns all kinds, in the order of their names.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.kinds.iter().map(|(name, kind)| (&**name, kind))
    }

    /// Returns how many agents there are.
    pub fn len(&self) -> u64 {
        self.kinds.values().map(|kind| kind.ids.len() as u64).sum()
    }

    /// Returns whether there never was an agent.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Refuses agents that cannot be added.
    ///
    /// # Errors
    /// [`Error::Config`] for other columns than those of the kind, and for what no kind has; [`Error::Limit`].
    pub fn check_spawn(&self, spawn: &Spawn) -> Result<()> {
        check_name("kind", &spawn.kind)?;
        check_columns(&spawn.kind, &spawn.columns)?;
        if let Some(kind) = self.kinds.get(&spawn.kind)
            && kind.columns != spawn.columns
        {
            let (field, value) = (format!("the columns of `{}`", spawn.kind), format!("{:?}", spawn.columns));
            return Err(Error::Config { field, value, accepted: format!("those of its agents, {:?}", kind.columns) });
        }
        check_cells(&spawn.columns, &spawn.cells, spawn.count as usize)?;
        if !self.kinds.contains_key(&spawn.kind) && self.kinds.len() >= KINDS_MAX {
            let value = self.kinds.len() as u64 + 1;
            return Err(Error::Limit { what: "the number of kinds of agents".into(), limit: KINDS_MAX as u64, value });
        }
        self.check_room(spawn.count.into())
    }

    fn check_room(&self, more: u64) -> Result<()> {
        let value = self.len() + more;
        if value <= AGENTS_MAX {
            return Ok(());
        }
        Err(Error::Limit { what: "the number of agents".into(), limit: AGENTS_MAX, value })
    }

    /// Adds agents, born at this tick.
    ///
    /// # Panics
    /// If [`Population::check_spawn`] refuses it.
    pub(super) fn spawn(&mut self, tick: Tick, spawn: &Spawn) {
        let kind = self.kinds.entry(spawn.kind.clone()).or_insert_with(|| Kind::new(spawn.columns.clone()));
        if spawn.count == 0 {
            return;
        }
        if kind.spawned.0 != tick {
            kind.spawned = (tick, 0);
        }
        // Digesters have no parent, and other agents have one: these have their kind.
        let parent = xxh3_128(&[b"kind\0", spawn.kind.as_bytes()].concat());
        let first = kind.spawned.1;
        kind.spawned.1 += spawn.count;
        kind.add((first..kind.spawned.1).map(|ordinal| AgentId { birth: tick, parent, ordinal }), &spawn.cells);
    }

    /// Ends all agents of a kind.
    pub(super) fn dismiss(&mut self, kind: &str) {
        self.kinds.remove(kind);
    }

    /// Refuses what [`Population::take`] cannot do.
    ///
    /// # Errors
    /// [`Error::Config`] for agents, columns and values that are not there; [`Error::Limit`].
    pub(super) fn check(&self, acted: &Acted) -> Result<()> {
        let mut born = 0;
        for (name, choices) in &acted.kinds {
            let Some(kind) = self.kinds.get(name) else {
                let (field, value) = ("kind".to_owned(), format!("`{}`", short(name)));
                return Err(Error::Config { field, value, accepted: "a kind of which agents were spawned".into() });
            };
            kind.check(name, choices)?;
            born += choices.parents.len() as u64;
        }
        self.check_room(born)
    }

    /// Takes over what agents chose for a tick.
    ///
    /// # Panics
    /// If [`Population::check`] refuses it.
    pub(super) fn take(&mut self, tick: Tick, acted: &Acted) {
        for (name, choices) in &acted.kinds {
            self.kinds.get_mut(name).expect("its agents were checked").take(tick, choices);
        }
    }
}

impl TryFrom<BTreeMap<Box<str>, Kind>> for Population {
    type Error = &'static str;

    fn try_from(kinds: BTreeMap<Box<str>, Kind>) -> Result<Population, &'static str> {
        let population = Population { kinds };
        let odd = population.kinds.iter().any(|(name, kind)| check_name("kind", name).is_err() || kind.is_odd());
        if odd || population.len() > AGENTS_MAX || population.kinds.len() > KINDS_MAX {
            return Err("agents that no colony has");
        }
        Ok(population)
    }
}

impl From<Population> for BTreeMap<Box<str>, Kind> {
    fn from(population: Population) -> Self {
        population.kinds
    }
}

fn check_name(field: &str, name: &str) -> Result<()> {
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    let accepted = format!("a name of 1 to {NAME_BYTES_MAX} bytes");
    Err(Error::Config { field: field.into(), value: format!("`{}`", short(name)), accepted })
}

fn check_columns(kind: &str, columns: &[(Box<str>, Type)]) -> Result<()> {
    columns.iter().try_for_each(|(name, _)| check_name("column", name))?;
    let mut names: Vec<&str> = columns.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    if columns.len() <= COLUMNS_MAX && names.is_sorted_by(|one, next| one < next) {
        return Ok(());
    }
    let (field, value) = (format!("the columns of `{kind}`"), format!("{names:?}"));
    Err(Error::Config { field, value, accepted: format!("at most {COLUMNS_MAX} with a name each") })
}

fn check_cells(columns: &[(Box<str>, Type)], cells: &[Cells], count: usize) -> Result<()> {
    if cells.len() != columns.len() && !(cells.is_empty() && count == 0) {
        let (value, accepted) = (format!("{}", cells.len()), format!("{}", columns.len()));
        return Err(Error::Config { field: "the number of columns".into(), value, accepted });
    }
    columns.iter().zip(cells).try_for_each(|((name, of), cells)| cells.check(name, *of, count))
}
