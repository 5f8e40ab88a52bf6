//! What is done with an open colony, one step after the other.

use super::disk::Recorded;
use super::model::{changes, is_clean};
use super::{Life, Schedule, Told, kind};
use phago_core::Error;
use phago_core::input::Input;
use phago_engine::store::{Failure, Files, Open, Options, SECTOR_BYTES};
use phago_engine::{Follower, Layout, World};
use std::sync::Arc;

// The bytes of the record of a run of idle ticks.
const IDLE_BYTES: u64 = 48;

impl Schedule {
    /// Does something. Returns `false` once the disk has refused something.
    pub(super) fn step(&mut self, life: &mut Life) -> Told<bool> {
        let done = match self.chance.below(20) {
            0..=6 => {
                let input = self.some_input();
                self.input(life, &input)
            }
            7..=12 => self.tick(life),
            13 => self.idle(life),
            14 => self.write(life, "seal", World::seal),
            15 => self.write(life, "checkpoint", World::checkpoint),
            16 => self.snapshot(life),
            17 => self.second_writer(),
            18 => self.read_beside(life).map(|()| true),
            _ => self.close(life),
        }?;
        if !life.is_over && self.chance.below(4) == 0 {
            self.read_beside(life)?;
        }
        Ok(done)
    }

    /// An input; with what comes of it, and what the model says of it.
    pub(super) fn input(&mut self, life: &mut Life, input: &Input) -> Told<bool> {
        self.disk.phase(match input {
            Input::Ingest(_) => "ingest",
            Input::Update(_) => "update",
            Input::Delete(_) => "delete",
            Input::Now(_) => "now",
            Input::Life(_) => "life",
            _ => "reinforce",
        });
        self.counts.inputs += 1;
        self.counts.told += u64::from(matches!(input, Input::Now(_)));
        self.counts.deeds += u64::from(matches!(input, Input::Life(_)));
        let (expected, changes) = self.model.attempt(input);
        let found = life.world.submit(input.clone(), None);
        self.disk.note(&format!("{found:?}"));
        match (found, expected) {
            (Ok(found), Ok(expected)) if found == expected => {
                if changes {
                    self.model.acknowledge();
                }
                Ok(true)
            }
            (Err(found), Err(expected)) if kind(&found) == kind(&expected) => {
                self.counts.refused += 1;
                Ok(true)
            }
            (Err(error), _) if is_clean(&error) && self.disk.struck() => {
                life.is_frozen = true;
                if matches!(error, Error::Poisoned { .. }) {
                    if changes {
                        self.model.take_back();
                    }
                } else {
                    self.model.unanswered.push(input.clone());
                }
                Ok(false)
            }
            (found, expected) => Err(format!("{input:?} gives {found:?}, and should give {expected:?}")),
        }
    }

    /// After a write that failed, nothing is accepted and nothing changes until the colony is opened again.
    pub(super) fn try_in_vain(&mut self, life: &mut Life) -> Told {
        self.disk.phase("in vain");
        let before = self.digests_of(&life.world)?;
        let input = self.some_input();
        let done = match self.chance.below(4) {
            0 => life.world.submit(input, None).map(changes),
            1 => life.world.seal().map(|()| true),
            2 => life.world.checkpoint().map(|()| true),
            _ => return self.read_beside(life),
        };
        match done {
            Ok(true) => return Err("something was acknowledged after a write that failed".into()),
            Ok(false) => {}
            Err(error) => drop(self.refused("in vain", &error).or_else(|wrong| match error {
                // What is refused for itself.
                Error::DocumentExists { .. } => Ok(true),
                _ => Err(wrong),
            })?),
        }
        self.counts.in_vain += 1;
        if self.digests_of(&life.world)? == before {
            Ok(())
        } else {
            Err("what was refused has changed something".into())
        }
    }

    // A call that makes everything durable, and changes nothing.
    fn write(&mut self, life: &Life, what: &'static str, call: fn(&World) -> phago_core::Result<()>) -> Told<bool> {
        self.disk.phase(what);
        match call(&life.world) {
            Ok(()) => {
                self.counts.checkpoints += u64::from(what == "checkpoint");
                self.model.acknowledge();
                self.same(life, what)?;
                Ok(true)
            }
            Err(error) => self.refused(what, &error),
        }
    }

    pub(super) fn refused(&mut self, what: &str, error: &Error) -> Told<bool> {
        self.disk.note(&format!("{error}"));
        if is_clean(error) && self.disk.struck() { Ok(false) } else { Err(format!("{what}: {error}")) }
    }

    fn snapshot(&mut self, life: &Life) -> Told<bool> {
        self.disk.phase("snapshot");
        let copy = Recorded::new();
        copy.phase("snapshot");
        // The disk of the copy is another one, and its failures are no concern of the colony.
        if self.chance.below(3) == 0 {
            copy.fail(self.chance.below(25), Failure::NoSpace, true);
        }
        let done = life.world.snapshot(Arc::new(copy.clone()));
        let told = match &done {
            Err(error) if is_clean(error) && copy.struck() => Ok(true),
            Err(error) => self.refused("snapshot", error),
            Ok(()) => Ok(true),
        };
        let (trace, strikes) = copy.finish();
        self.disk.note(&format!("{trace}"));
        self.counts.add(&strikes);
        if done.is_err() {
            return told;
        }
        copy.end(Some(self.chance.next()));
        let options = Options { make: false, ..self.options };
        let world = World::open(Arc::new(copy), options, None, None).map_err(|error| format!("a copy: {error}"))?;
        self.counts.snapshots += 1;
        let found = self.digests_of(&world)?;
        if found == *self.model.digests() { Ok(true) } else { Err("a copy is another colony".into()) }
    }

    fn second_writer(&mut self) -> Told<bool> {
        self.disk.phase("second writer");
        self.counts.second_writers += 1;
        match World::open(self.files(), self.options, None, None) {
            Err(Error::Locked { .. }) => Ok(true),
            Err(error) if is_clean(&error) && self.disk.struck() => Ok(true),
            Err(error) => Err(format!("a second writer: {error}")),
            Ok(_) => Err("two write one colony".into()),
        }
    }

    /// A reader in another process sees a state that was, with all that was acknowledged.
    pub(super) fn read_beside(&mut self, life: &mut Life) -> Told {
        self.disk.phase("read");
        let layout = Some(Layout { shards: 1 + self.chance.below(4) as u32, virtual_nodes: 20 });
        let looked = match &mut life.follower {
            Some(follower) => follower.refresh().map(|_| ()),
            none => Follower::open(Arc::new(self.disk.clone()) as Arc<dyn Files>, layout).map(|new| *none = Some(new)),
        };
        match looked {
            Ok(()) => {}
            // Where a write of the witness was cut off, the next opening to write mends it.
            Err(error) if self.disk.struck() && (is_clean(&error) || matches!(error, Error::Corruption { .. })) => {
                return Ok(());
            }
            Err(error) => return Err(format!("reading beside the writer: {error}")),
        }
        self.counts.readings += 1;
        let found = self.digests_of(life.follower.as_ref().expect("open").world())?;
        self.model.judge(&found).map_err(|wrong| format!("a reader: {wrong}"))?;
        Ok(())
    }

    /// Ends a life between a write of two records, idle ticks and an input, and its sync. The first of them lies over
    /// the end of a sector, so that the second may be whole on the disk where the first is not.
    pub(super) fn tear(&mut self, life: &mut Life) -> Told {
        self.disk.heal();
        for _ in 0..12 {
            let within = self.log_end()? % SECTOR_BYTES as u64;
            if self.model.state().is_quiet() && within >= SECTOR_BYTES as u64 - IDLE_BYTES {
                break;
            }
            let input = self.some_input();
            if !self.input(life, &input)? || !self.idle(life)? || !self.write(life, "seal", World::seal)? {
                return Err("a sound disk failed".into());
            }
        }
        if !self.model.state().is_quiet() {
            return Ok(());
        }
        let idle = 1 + self.chance.below(3);
        for _ in 0..idle {
            self.tick_plainly(life)?;
        }
        let input = self.some_input();
        // After the write: at its sync, or at the room for more that comes before it.
        self.disk.fail(1, Failure::Stop, true);
        if !self.input(life, &input)? {
            self.torn = Some(idle);
            self.counts.torn += 1;
        }
        Ok(())
    }

    /// Writes again what was torn, as it was, perhaps where there is no space for more; what followed it stays lost.
    pub(super) fn repeat(&mut self, life: &mut Life, idle: u64) -> Told {
        self.model.unanswered.clear();
        life.runner = None;
        if self.disk.struck() || !self.model.state().is_quiet() {
            return Ok(());
        }
        self.disk.heal();
        for _ in 0..idle {
            self.tick_plainly(life)?;
        }
        if self.chance.below(4) > 0 {
            self.disk.fail(1, Failure::NoSpace, false);
        }
        self.write(life, "seal", World::seal).map(drop)
    }

    // The offset at which the next record of the log begins. Records are padded to 8 bytes, and zeros follow them.
    fn log_end(&self) -> Told<u64> {
        let read = || -> std::io::Result<u64> {
            let names = self.disk.list()?.into_iter().filter(|name| name.starts_with("log-"));
            let name = names.max_by_key(|name| (name.len(), name.clone())).expect("a log");
            let file = self.disk.open(&name, Open::Read)?;
            let mut bytes = vec![0; file.length()? as usize];
            file.read_full(0, &mut bytes)?;
            let last = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
            Ok((last as u64 + 1).next_multiple_of(8))
        };
        read().map_err(|error| error.to_string())
    }

    /// A clean end, and the next opening.
    fn close(&mut self, life: &mut Life) -> Told<bool> {
        self.disk.phase("close");
        (life.runner, life.is_over) = (None, true);
        let closed = life.world.close();
        match &closed {
            // On a full disk, without a checkpoint.
            Ok(missing) => {
                if let Some(error) = missing {
                    self.refused("close", error)?;
                }
                self.model.acknowledge();
            }
            Err(error) => drop(self.refused("close", error)?),
        }
        if closed.is_err() && self.disk.struck() {
            return Ok(false);
        }
        let before = self.model.digests().clone();
        match self.reopen()? {
            None => Ok(false),
            Some(world) if *self.model.digests() == before => {
                *life = self.settle(world);
                Ok(true)
            }
            Some(_) => Err("something was lost in a clean end".into()),
        }
    }
}
