//! A writer in another process is killed at any moment, with no chance to say goodbye. What it had told was kept is
//! there.

#![cfg(unix)]

mod campaign;
mod common;
mod history;

use campaign::{size, tell};
use common::Chance;
use history::{Event, History, checkpoint, note, open, read, text};
use phago_core::Error;
use phago_engine::store::{Directory, Files, Options, verify};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FOLDER: &str = "PHAGO_STORE_OF_THE_CHILD";

// What the child does. As a test of the suite, without the folder, it does nothing.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let files: Arc<dyn Files> = Arc::new(Directory::new(folder));
    let (store, mut history) = open(files, Options::default()).expect("opened");
    let mut out = std::io::stdout();
    loop {
        let number = history.len() as u64;
        let bytes = text(number, number as usize % 900);
        let sequence = note(&store, bytes.clone()).expect("appended");
        store.commit(sequence).expect("kept");
        history.push(Event::Note(bytes));
        writeln!(out, "kept {}", history.len()).and_then(|()| out.flush()).expect("told");
        if number % 25 == 24 {
            checkpoint(&store, store.mark().expect("a mark"), &history).expect("a checkpoint");
        }
    }
}

fn start(folder: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "child", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child")
}

#[test]
fn nothing_that_was_told_is_lost_when_the_writer_is_killed() {
    let kills = size("store_kills", 60, 1000);
    let folder = tempfile::tempdir().expect("a folder");
    let files = || -> Arc<dyn Files> { Arc::new(Directory::new(folder.path())) };
    let (mut chance, mut told_in_all, mut before): (_, usize, History) = (Chance(7), 0, History::new());
    for kill in 0..kills {
        let mut child = start(folder.path());
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut told = 0;
        let last = chance.below(30);
        for _ in 0..=last {
            // Around the lines, the test harness has some of its own.
            let line = lines
                .by_ref()
                .map_while(Result::ok)
                .find_map(|line| line.split_once("kept ").map(|(_, n)| n.to_owned()));
            told = line.expect("it goes on until it is killed").parse().expect("a number");
        }
        if kill == 0 {
            match open(files(), Options::default()).map(|_| ()) {
                Err(Error::Locked { pid, .. }) => assert_eq!(pid, Some(child.id())),
                other => panic!("{other:?}"),
            }
            read(files()).expect("a reader needs no lock");
        }
        std::thread::sleep(Duration::from_micros(chance.below(3000)));
        child.kill().expect("killed");
        child.wait().expect("dead");
        for line in lines.map_while(Result::ok) {
            told = line.split_once("kept ").and_then(|(_, number)| number.parse().ok()).unwrap_or(told);
        }
        assert!(verify(&files()).expect("whole").damage.is_empty(), "kill {kill}");
        let begun = Instant::now();
        let (store, found) = open(files(), Options::default()).expect("the lock of the dead is free");
        let opened = begun.elapsed();
        assert!(found.len() >= told, "kill {kill}: {} events, and {told} were told, opened in {opened:?}", found.len());
        assert!(found.starts_with(&before), "kill {kill}");
        let all = found.iter().enumerate();
        assert!(all.clone().all(|(at, event)| *event == Event::Note(text(at as u64, at % 900))), "kill {kill}");
        drop(store);
        told_in_all = told;
        before = found;
    }
    tell(&format!("T6 kills of a store: {kills}, records told to be kept: {told_in_all}, lost: 0"));
    assert!(told_in_all as u64 > kills);
}
