//! One schedule: a few lives of a colony on a disk that fails, all drawn from one seed.
//!
//! A life opens the colony on some number of shards, does some steps and ends, by a kill or a loss of power, at any
//! call to the disk. No clock is read, nothing sleeps, and all that may be in another order is drawn from the seed.
#![allow(dead_code, unreachable_pub)]

pub mod counts;
pub mod disk;
pub mod model;
mod steps;
mod ticks;

use crate::common::{Chance, metadata};
use counts::Counts;
use disk::Recorded;
use model::{Digests, Model, is_clean};
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Lifetime, ThreadPlace, Vector};
use phago_core::field::{Class, Emissions, Type};
use phago_core::ids::{NodeId, ShardId};
use phago_core::input::Input;
use phago_core::life::{self, Acted, Cells, Deed, KindActed, Spawn};
use phago_core::membership::{ClusterId, Member, Membership};
use phago_core::message::Batch;
use phago_core::reinforcement::Reinforcement;
use phago_core::{Error, Result};
use phago_engine::store::{Failure, Files, Options, WitnessSync, verify};
use phago_engine::{Follower, Layout, Runner, World};
use std::sync::Arc;

pub type Told<T = ()> = std::result::Result<T, String>;

/// A failure of the disk that is wanted at a certain call.
#[derive(Copy, Clone, Debug)]
pub struct Wanted {
    pub call: u64,
    pub failure: Failure,
    pub for_ever: bool,
    pub lose_power: bool,
}

const FAILURES: [(Failure, bool); 9] = [
    (Failure::Stop, true),
    (Failure::Stop, true),
    (Failure::Stop, true),
    (Failure::Io, false),
    (Failure::Io, true),
    (Failure::NoSpace, false),
    (Failure::NoSpace, true),
    (Failure::Short, false),
    (Failure::ShortThenFull, true),
];

/// One schedule while it runs.
pub struct Schedule {
    chance: Chance,
    disk: Recorded,
    model: Model,
    config: ColonyConfig,
    options: Options,
    counts: Counts,
    /// Batches of ticks that were given up.
    late: Vec<Batch>,
    /// How many idle ticks were in the last write of a life, before an input, if that was torn.
    torn: Option<u64>,
}

/// A colony that is open for writing.
pub struct Life {
    world: Arc<World>,
    joined: Vec<ShardId>,
    runner: Option<Runner>,
    follower: Option<Follower>,
    /// Whether its files are closed.
    is_over: bool,
    /// Whether a write failed, so that nothing is accepted any more.
    is_frozen: bool,
}

/// Runs the schedule of a seed. Returns the hash of its trace.
///
/// # Errors
/// What is wrong with what was found.
pub fn run(seed: u64, counts: &mut Counts) -> Told<u64> {
    let mut schedule = Schedule::new(seed);
    let lives = 1 + schedule.chance.below(3);
    for _ in 0..lives {
        schedule.live(None)?;
    }
    while schedule.torn.is_some() {
        schedule.live(None)?;
    }
    schedule.end()?;
    Ok(schedule.finish(counts))
}

/// Runs one life of the schedule of a seed with one failure, at a certain call. Returns how many calls the life made.
///
/// # Errors
/// As [`run`].
pub fn run_with(seed: u64, wanted: Wanted, counts: &mut Counts) -> Told<u64> {
    let mut schedule = Schedule::new(seed);
    schedule.live(Some(wanted))?;
    let calls = schedule.disk.disk.calls();
    schedule.end()?;
    schedule.finish(counts);
    Ok(calls)
}

impl Schedule {
    fn new(seed: u64) -> Schedule {
        let mut chance = Chance(seed);
        let config = ColonyConfig {
            documents_per_tick: [1, 2, 64][chance.below(3) as usize],
            maturation_ticks: chance.below(4) as _,
            edge_decay_rate: [0.005, 0.3][chance.below(2) as usize],
            ..ColonyConfig::default()
        };
        let witness = if chance.below(2) == 0 { WitnessSync::Sealed } else { WitnessSync::EveryAck };
        let options = Options { witness, make: true, mutant: None };
        let model = Model::new(config.clone());
        Schedule {
            chance,
            disk: Recorded::new(),
            model,
            config,
            options,
            counts: Counts::default(),
            late: vec![],
            torn: None,
        }
    }

    fn files(&self) -> Arc<dyn Files> {
        Arc::new(self.disk.clone())
    }

    fn open(&mut self) -> Result<Arc<World>> {
        self.disk.phase("open");
        let layout = Layout { shards: 1 + self.chance.below(4) as u32, virtual_nodes: 20 };
        World::open(self.files(), self.options, Some(layout), Some(self.config.clone()))
    }

    fn digests_of(&self, world: &World) -> Told<Digests> {
        let digest = world.digest().map_err(|error| error.to_string())?;
        let digests = (digest, world.evidence_digest().map_err(|error| error.to_string())?);
        self.disk.note(&digests.0);
        Ok(digests)
    }

    /// Opens what an earlier life left, compares it, and goes on from there.
    fn reopen(&mut self) -> Told<Option<Arc<World>>> {
        let opened = self.open();
        let world = match opened {
            Ok(world) => world,
            Err(error) if is_clean(&error) && self.disk.struck() => return Ok(None),
            Err(error) => return Err(format!("opening: {error}")),
        };
        let found = self.digests_of(&world)?;
        self.counts.beyond += self.model.go_on(&found)?;
        self.counts.reopened += 1;
        Ok(Some(world))
    }

    /// One life, from the opening to its end.
    fn live(&mut self, wanted: Option<Wanted>) -> Told {
        self.counts.lives += 1;
        // The opening, or the step, in which the disk begins to fail.
        let steps = self.chance.below(9);
        let failing = self.chance.below(steps + 2);
        if let Some(Wanted { call, failure, for_ever, .. }) = wanted {
            self.disk.fail(call, failure, for_ever);
        } else if failing == 0 {
            self.order(40);
        }
        let again = self.reopen()?;
        let Some(world) = again else {
            self.counts.ended_in_opening += 1;
            return self.cut_off(None, wanted);
        };
        let world = if self.chance.below(4) == 0 && !self.disk.struck() { self.open_twice(world)? } else { world };
        let mut life = self.settle(world);
        if let Some(idle) = self.torn.take() {
            self.repeat(&mut life, idle)?;
            return self.cut_off(Some(life), wanted);
        }
        if wanted.is_none() && !self.disk.struck() && life.runner.is_none() && self.chance.below(5) == 0 {
            self.tear(&mut life)?;
            return self.cut_off(Some(life), wanted);
        }
        let mut dead = false;
        if self.chance.below(2) == 0 {
            for input in std::mem::take(&mut self.model.unanswered) {
                self.counts.retried += 1;
                dead = dead || !self.input(&mut life, &input)?;
            }
        }
        self.model.unanswered.clear();
        for step in 0..steps {
            if wanted.is_none() && failing == step + 1 {
                match self.chance.below(6) {
                    // Between the write of a record and its sync.
                    0 | 1 => self.disk.fail(1, Failure::Stop, true),
                    2 | 3 => self.order(3),
                    4 => self.order(8),
                    _ => self.order(30),
                }
            }
            // A caller that was told of a failure tries some more, and finds that nothing is accepted.
            if life.is_over || dead && self.chance.below(3) > 0 {
                break;
            }
            if life.is_frozen {
                self.try_in_vain(&mut life)?;
            } else {
                dead |= !self.step(&mut life)?;
            }
        }
        self.cut_off(Some(life), wanted)
    }

    fn order(&mut self, within: u64) {
        let (failure, for_ever) = FAILURES[self.chance.below(FAILURES.len() as u64) as usize];
        let call = self.chance.below(within);
        self.disk.fail(call, failure, for_ever);
    }

    /// Ends a life without a word.
    fn cut_off(&mut self, life: Option<Life>, wanted: Option<Wanted>) -> Told {
        let lose = wanted.map_or_else(|| self.chance.below(5) > 0, |wanted| wanted.lose_power);
        let power = lose.then(|| self.chance.next());
        // First the disk: what is dropped after it has no part in it any more.
        self.disk.end(power);
        self.counts.kills += u64::from(!lose);
        self.counts.losses_of_power += u64::from(lose);
        drop(life);
        Ok(())
    }

    /// What an opening recovered is there for good: a second one, on other shards, finds the same.
    fn open_twice(&mut self, world: Arc<World>) -> Told<Arc<World>> {
        let power = (self.chance.below(2) == 0).then(|| self.chance.next());
        self.disk.end(power);
        drop(world);
        let again = self.open().map_err(|error| format!("the second opening: {error}"))?;
        let found = self.digests_of(&again)?;
        self.counts.reopened_twice += 1;
        if found == *self.model.digests() { Ok(again) } else { Err("a second opening finds something else".into()) }
    }

    fn settle(&mut self, world: Arc<World>) -> Life {
        self.late.clear();
        let runner = (self.chance.below(6) == 0).then(|| ticks::runner(&world, 1 + self.chance.below(2) as u32));
        let mut joined = world.ring().shards().to_vec();
        if self.chance.below(2) == 0 {
            joined.truncate(1 + self.chance.below(joined.len() as u64) as usize);
        }
        for shard in &joined {
            world.join(*shard).expect("a shard of the ring");
        }
        Life { world, joined, runner, follower: None, is_over: false, is_frozen: false }
    }

    /// Opens what is there when all is over, with a sound disk, and lives on.
    fn end(&mut self) -> Told {
        self.disk.heal();
        let Some(world) = self.reopen()? else { return Err("a sound disk failed".into()) };
        let verified = verify(&self.files()).map_err(|error| error.to_string())?;
        if !verified.damage.is_empty() {
            return Err(format!("damage: {:?}", verified.damage));
        }
        let mut life = Life {
            joined: world.ring().shards().to_vec(),
            world,
            runner: None,
            follower: None,
            is_over: false,
            is_frozen: false,
        };
        for shard in &life.joined {
            life.world.join(*shard).expect("a shard of the ring");
        }
        for _ in 0..2 {
            let input = self.some_input();
            self.input(&mut life, &input)?;
        }
        for _ in 0..40 {
            if self.model.state().is_quiet() {
                break;
            }
            self.tick_plainly(&mut life)?;
        }
        self.same(&life, "living on")
    }

    fn finish(mut self, counts: &mut Counts) -> u64 {
        let (trace, strikes) = self.disk.finish();
        self.counts.schedules = 1;
        counts.add(&self.counts);
        counts.add(&strikes);
        trace
    }

    /// Compares the open colony with the model.
    fn same(&mut self, life: &Life, when: &str) -> Told {
        let found = self.digests_of(&life.world)?;
        if found == *self.model.digests() { Ok(()) } else { Err(format!("{when}: not what the same inputs make")) }
    }

    // --- what is drawn ---

    fn some_body(&mut self) -> Body {
        let chance = &mut self.chance;
        let words = match chance.below(12) {
            // More than a sector, also compressed.
            0 => 300,
            _ => 2 + chance.below(24),
        };
        let text: Vec<String> = (0..words).map(|_| chance.word(if words > 100 { 9000.0 } else { 20.0 })).collect();
        let key = Some(format!("d{}", chance.below(10)).into());
        let title = if chance.below(3) == 0 { chance.word(8.0).into() } else { "".into() };
        let expires = match chance.below(8) {
            0 => Some(Lifetime::Tick(chance.below(40))),
            1 => Some(Lifetime::Time(chance.below(40) as i64)),
            _ => None,
        };
        let number = chance.below(9);
        // Drawn with the metadata, so that the draws of a seed stay what they were.
        let time = (number % 3 == 1).then_some(number as i64);
        let vector = (number % 3 == 2).then(|| Vector::new(&[text.len() as f64, 3.0, -(number as f64)]).unwrap());
        let thread = (number % 4 == 3).then(|| ThreadPlace { thread: "t".into(), place: text.len() as i64 % 5 });
        let (text, metadata) = (text.join(" ").into(), metadata(number));
        Body { key, title, text, metadata, expires, thread, time, vector }
    }

    fn some_deed(&mut self) -> Deed {
        let chance = &mut self.chance;
        let concept = |chance: &mut Chance| NodeId::concept(&chance.word(20.0));
        match chance.below(10) {
            8 => Deed::Pin(chance.word(8.0).into(), true),
            9 => Deed::Pin(chance.word(8.0).into(), false),
            0 => {
                let (id, since) = (ClusterId(chance.below(3)), 0);
                let mut concepts: Vec<NodeId> = (0..chance.below(4)).map(|_| concept(chance)).collect();
                concepts.sort_unstable();
                concepts.dedup();
                let members = concepts.into_iter().map(|concept| Member { concept, cluster: id, since }).collect();
                let membership = Membership::new(3, vec![(id, since)], members).expect("in order");
                Deed::Survey(membership, chance.below(9))
            }
            1..=4 => {
                let mut emissions = Emissions::default();
                let class = if chance.below(2) == 0 { Class::Signal } else { Class::Trace };
                let of = Type::new(class, if chance.below(2) == 0 { "wanted" } else { "worn" }).expect("a name");
                emissions.emit(&of, concept(chance), 0.25 + chance.below(4) as f64).expect("an amount");
                Deed::Emit(emissions)
            }
            7 => Deed::Dismiss("ant".into()),
            drawn => {
                // Of two kinds of columns, so that one is refused while the other lives.
                let of = if chance.below(5) == 0 { life::Type::Real } else { life::Type::Int };
                let (count, kind) = (chance.below(4) as u32, if drawn == 5 { "ant" } else { "bee" });
                let cells = match of {
                    life::Type::Real => Cells::Real(vec![0.5; count as usize]),
                    _ => Cells::Int((0..count).map(i64::from).collect()),
                };
                Deed::Spawn(Spawn { kind: kind.into(), columns: vec![("load".into(), of)], count, cells: vec![cells] })
            }
        }
    }

    // What some agents choose, having seen the committed state; none where there are none.
    fn some_acted(&mut self) -> Option<Acted> {
        let state = self.model.state();
        let mut acted = Acted { sensed: state.tick(), ..Acted::default() };
        let kinds = state.commons().life().population().kinds();
        let kinds: Vec<(Box<str>, usize, life::Type)> =
            kinds.map(|(name, kind)| (name.into(), kind.ids().len(), kind.columns()[0].1)).collect();
        for (name, count, of) in kinds {
            let rows: Vec<u32> = (0..count as u32).filter(|_| self.chance.below(2) == 0).collect();
            let cells = |len: usize| match of {
                life::Type::Real => Cells::Real(vec![1.5; len]),
                _ => Cells::Int(vec![7; len]),
            };
            let deaths: Vec<u32> = (0..count as u32).filter(|_| self.chance.below(9) == 0).collect();
            let parents: Vec<u32> = (0..count as u32).filter(|_| self.chance.below(9) == 0).collect();
            let born = vec![cells(parents.len())];
            let changes = vec![(0, rows.clone(), Some(cells(rows.len())))];
            // Some of those that end leave a concept to all.
            let leaves = |row: &u32| (*row, vec![NodeId::concept(&self.chance.word(8.0)).0]);
            let dissolved = deaths.iter().take(1).map(leaves).collect();
            acted.kinds.insert(name, KindActed { changes, deaths, parents, born, dissolved });
        }
        let of = Type::new(Class::Trace, "visit").expect("a name");
        acted.emissions.emit(&of, NodeId::concept(&self.chance.word(20.0)), 1.0).expect("an amount");
        (!acted.kinds.is_empty() && self.chance.below(2) == 0).then_some(acted)
    }

    fn some_input(&mut self) -> Input {
        match self.chance.below(12) {
            11 => Input::Life(self.some_deed()),
            10 => Input::Now(self.chance.below(40) as i64),
            0..=4 => {
                let count = 1 + self.chance.below(3);
                Input::Ingest((0..count).map(|_| self.some_body()).collect())
            }
            5..=6 => Input::Update(self.some_body()),
            7 => Input::Delete(self.some_body().id()),
            _ => {
                let body = self.some_body();
                let words: Vec<String> = (0..3).map(|_| self.chance.word(20.0)).collect();
                let path = [(&*words[0], &words[1..])];
                let path = Reinforcement::new(path, |word| Some(word.to_owned())).expect("words");
                Input::Reinforce { id: body.id(), path, times: 1 }
            }
        }
    }
}

fn kind(error: &Error) -> std::mem::Discriminant<Error> {
    std::mem::discriminant(error)
}
