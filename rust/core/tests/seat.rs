//! A seat goes through the phases in their order, and a step that fails leaves it as it was.

mod common;

use common::{colony, documents};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::config::ColonyConfig;
use phago_core::dump;
use phago_core::phase::Phase;
use phago_core::replica::Swap;
use phago_core::shard::{Seat, exchange};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn phases_out_of_turn_are_refused_and_leave_the_seat_as_it_was() {
    let mut colony = colony(&ColonyConfig::default(), 2);
    for (key, text) in documents(1, 20) {
        colony.ingest(Some(&key), "", &text).unwrap();
    }
    let state = colony.state();
    let (plan, commons, shards) = (state.plan().unwrap(), state.commons(), state.shards());
    let mut seats = [Seat::new(), Seat::new()];
    let step = |seats: &mut [Seat; 2], at: usize, phase: Phase, cancel: &Cancel| {
        seats[at].step(phase, &shards[at], &plan, commons, cancel)
    };
    let stopped = Cancel::new();
    stopped.cancel();
    for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
        for at in 0..2 {
            for wrong in Phase::ALL.into_iter().filter(|wrong| *wrong != phase) {
                let expected =
                    Error::PhaseOrder { shard: shards[at].id(), expected: phase, found: wrong, tick: plan.tick };
                assert_eq!(step(&mut seats, at, wrong, &Cancel::new()), Err(expected));
            }
            if phase == Phase::Decay && at == 0 {
                // The exchange is as much a part of the order as a phase.
                let early = step(&mut seats, at, phase, &Cancel::new());
                assert!(matches!(early, Err(Error::BarrierFailed { .. })), "{early:?}");
                exchange(&mut seats, commons);
            }
            assert_eq!(step(&mut seats, at, phase, &stopped), Err(Error::Cancelled));
            assert_eq!(seats[at].next(), phase);
            step(&mut seats, at, phase, &Cancel::new()).unwrap();
        }
    }
    let deltas = seats.into_iter().map(Seat::into_delta).collect::<Vec<_>>();
    assert!(deltas.iter().all(|delta| delta.node_count > 0 && delta.edge_count > 0));
    // Steps that failed in between change nothing of what comes out.
    let (plan, mut by_steps) = (state.plan().unwrap(), state.clone());
    // The shards may come back in any order.
    by_steps.commit_with(&plan, deltas, |lent| lent.into_iter().rev().map(Swap::swap).collect());
    colony.tick().unwrap();
    assert_eq!(dump::digest(&by_steps, &Cancel::new()).unwrap(), colony.digest());
}

#[test]
fn messages_and_deltas_cannot_be_lost_in_silence() {
    let panics = |work: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(work)).is_err();
    let mut colony = colony(&ColonyConfig::default(), 1);
    colony.ingest(Some("a"), "", "alpha beta").unwrap();
    let state = colony.state();
    let (plan, commons, shard) = (state.plan().unwrap(), state.commons(), &state.shards()[0]);
    let mut seat = Seat::new();
    assert!(panics(&mut || drop(Seat::new().into_delta())));
    assert!(panics(&mut || drop(seat.take_outbox())));
    assert!(panics(&mut || seat.receive(Vec::new())));
    for phase in [Phase::Sense, Phase::Act] {
        seat.step(phase, shard, &plan, commons, &Cancel::new()).unwrap();
    }
    let outbox = seat.take_outbox();
    assert!(panics(&mut || drop(seat.take_outbox())), "what is sent twice is lost once");
    seat.receive(outbox);
    seat.step(Phase::Decay, shard, &plan, commons, &Cancel::new()).unwrap();
    assert!(panics(&mut || seat.receive(Vec::new())));
    assert_eq!(seat.into_delta().node_count, 2);
}

#[test]
fn pieces_are_staged_in_one_order_whoever_delivers_them_and_none_is_lost_in_silence() {
    let mut colony = colony(&ColonyConfig { max_edge_degree: 20, ..ColonyConfig::default() }, 2);
    for (key, text) in documents(3, 500) {
        colony.ingest(Some(&key), "", &text).unwrap();
    }
    let state = colony.state();
    let (plan, commons, shards) = (state.plan().unwrap(), state.commons(), state.shards());
    let mut edges = Vec::new();
    for threads in [1, 2, 3] {
        let mut seats = [Seat::new(), Seat::new()];
        for phase in [Phase::Sense, Phase::Act] {
            for (seat, shard) in seats.iter_mut().zip(shards) {
                seat.step(phase, shard, &plan, commons, &Cancel::new()).unwrap();
            }
        }
        exchange(&mut seats, commons);
        let mut made = Vec::new();
        for (seat, shard) in seats.iter_mut().zip(shards) {
            let gathered = seat.gather(shard, &plan, commons, &Cancel::new()).unwrap();
            assert!(gathered.pieces() > 3, "{} pieces", gathered.pieces());
            // The first thread has the last pieces.
            let deliver = |thread: usize, less: usize| {
                let mut own = (0..gathered.pieces() - less).rev().filter(|piece| piece % threads == thread);
                gathered.deliver(shard, commons, &Cancel::new(), || own.next()).unwrap()
            };
            let staged = |less: usize| (0..threads).map(|thread| deliver(thread, less)).collect::<Vec<_>>();
            let lost = catch_unwind(AssertUnwindSafe(|| seat.stage(shard, commons, &gathered, staged(1))));
            assert!(lost.is_err() && seat.next() == Phase::Decay, "a piece that nobody delivered is noticed");
            seat.stage(shard, commons, &gathered, staged(0));
            made.push(seat.take_cross_edges());
        }
        let mut by_pieces = state.clone();
        by_pieces.commit_with(&plan, seats.into_iter().map(Seat::into_delta).collect(), |lent| {
            lent.into_iter().map(Swap::swap).collect()
        });
        edges.push((made, dump::digest(&by_pieces, &Cancel::new()).unwrap()));
    }
    assert!(edges[0].0.iter().all(|made| !made.is_empty()) && edges.iter().all(|one| *one == edges[0]));
    colony.tick().unwrap();
    assert_eq!(edges[0].1, colony.digest());
}
