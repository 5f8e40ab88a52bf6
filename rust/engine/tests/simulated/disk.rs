//! The simulated disk, with a trace of every call and a count of the faults that struck.

use super::counts::Counts;
use phago_engine::store::{Failure, Faulty, File, Files, Lock, Open};
use std::io;
use std::sync::{Arc, Mutex};
use xxhash_rust::xxh3::xxh3_64;

/// A disk that writes down what is done to it. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub disk: Faulty,
    tape: Arc<Mutex<Tape>>,
}

#[derive(Debug, Default)]
struct Tape {
    trace: u64,
    phase: &'static str,
    /// The failure that is ordered, and whether it has struck.
    ordered: Option<(Failure, bool)>,
    counts: Counts,
}

impl Recorded {
    pub fn new() -> Recorded {
        Recorded { disk: Faulty::new(), tape: Arc::default() }
    }

    /// Adds something to the trace.
    pub fn note(&self, what: &str) {
        self.tape.lock().unwrap().note(what);
    }

    /// Says what is being done from here on.
    pub fn phase(&self, phase: &'static str) {
        let mut tape = self.tape.lock().unwrap();
        tape.phase = phase;
        tape.note(phase);
    }

    pub fn fail(&self, call: u64, failure: Failure, for_ever: bool) {
        self.disk.fail(call, failure, for_ever);
        let mut tape = self.tape.lock().unwrap();
        tape.ordered = Some((failure, false));
        tape.note(&format!("{failure:?} {call} {for_ever}"));
    }

    pub fn heal(&self) {
        self.disk.heal();
        self.tape.lock().unwrap().ordered = None;
    }

    /// Returns whether the ordered failure has struck.
    pub fn struck(&self) -> bool {
        self.tape.lock().unwrap().ordered.is_some_and(|(_, struck)| struck)
    }

    /// Ends the process, or the machine with a seed for what is lost.
    pub fn end(&self, power: Option<u64>) {
        match power {
            Some(seed) => self.disk.lose_power(seed),
            None => self.disk.kill(),
        }
        let mut tape = self.tape.lock().unwrap();
        tape.ordered = None;
        tape.note(&format!("end {power:?}"));
    }

    /// Returns the hash of all that happened, and the counts.
    pub fn finish(&self) -> (u64, Counts) {
        let mut tape = self.tape.lock().unwrap();
        (tape.trace, std::mem::take(&mut tape.counts))
    }

    fn call<T>(&self, name: &str, what: &str, done: io::Result<T>, short: impl Fn(&T) -> bool) -> io::Result<T> {
        let mut tape = self.tape.lock().unwrap();
        let how = match &done {
            Ok(value) if short(value) => "short",
            Ok(_) => "done",
            Err(error) if error.to_string().contains("on order") => "failed",
            Err(_) => "refused",
        };
        if matches!(how, "short" | "failed")
            && let Some((failure, struck)) = &mut tape.ordered
        {
            let (failure, first) = (*failure, !std::mem::replace(struck, true));
            if first {
                let phase = tape.phase;
                tape.counts.struck(failure, phase, what);
            }
        }
        // An opening reads the sections of a checkpoint on several threads, and so in an order that no seed draws.
        if !(what == "read" && name.starts_with("checkpoint-")) {
            tape.note(&format!("{what} {name} {how}"));
        }
        done
    }
}

impl Tape {
    fn note(&mut self, what: &str) {
        self.trace = xxh3_64(format!("{} {what}", self.trace).as_bytes());
    }
}

fn whole<T>(_: &T) -> bool {
    false
}

impl Files for Recorded {
    fn path(&self) -> String {
        self.disk.path()
    }

    fn create_dir(&self) -> io::Result<()> {
        self.call("", "create_dir", self.disk.create_dir(), whole)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.call("", "list", self.disk.list(), whole)
    }

    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>> {
        let what = if open == Open::Create { "create" } else { "open" };
        let file = self.call(name, what, self.disk.open(name, open), whole)?;
        Ok(Box::new(Opened { file, name: name.to_owned(), on: self.clone() }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.call(name, "remove", self.disk.remove(name), whole)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.call("", "sync_dir", self.disk.sync_dir(), whole)
    }

    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>> {
        self.call(name, "lock", self.disk.lock(name, note), whole)
    }
}

#[derive(Debug)]
struct Opened {
    file: Box<dyn File>,
    name: String,
    on: Recorded,
}

impl File for Opened {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.on.call(&self.name, "read", self.file.read_at(offset, buffer), whole)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.on.note(&format!("{offset} {}", bytes.len()));
        self.on.call(&self.name, "write", self.file.write_at(offset, bytes), |written| *written < bytes.len())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.on.note(&format!("{length}"));
        self.on.call(&self.name, "set_len", self.file.set_len(length), whole)
    }

    fn length(&self) -> io::Result<u64> {
        self.on.call(&self.name, "length", self.file.length(), whole)
    }

    fn sync(&self) -> io::Result<()> {
        self.on.call(&self.name, "sync", self.file.sync(), whole)
    }
}
