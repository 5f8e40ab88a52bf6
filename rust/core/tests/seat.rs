//! A seat goes through the phases in their order, and a step that fails leaves it as it was.

mod common;

use common::{colony, documents};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::dump;
use phago_core::ids::DocumentId;
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
            made.push(seat.cross_edges(commons).collect::<Vec<_>>());
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

// Also in ticks that sweep, cut rows, unwire documents and wire them anew.
#[test]
fn new_synapses_between_shards_are_those_that_a_tick_made() {
    let config = ColonyConfig { max_edge_degree: 24, ..ColonyConfig::default() };
    let mut colony = colony(&config, 3);
    let documents = documents(7, 400);
    let (mut total, mut swept) = (0, 0);
    for tick in 1..600u64 {
        // All at once, and then one of three after the other anew.
        let some = if tick == 1 { 0..400 } else { (tick % 3) as usize..(tick % 3) as usize + 1 };
        for (key, text) in &documents[some] {
            colony.delete(DocumentId::from_key(key)).unwrap();
            colony.ingest(Some(key), "", text).unwrap();
        }
        let stored = |colony: &Colony| -> u64 { colony.state().shards().iter().map(|shard| shard.stored()).sum() };
        let before = stored(&colony);
        let mut made = {
            let state = colony.state();
            let (plan, commons, shards) = (state.plan().unwrap(), state.commons(), state.shards());
            let mut seats = [Seat::new(), Seat::new(), Seat::new()];
            for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
                if phase == Phase::Decay {
                    exchange(&mut seats, commons);
                }
                for (seat, shard) in seats.iter_mut().zip(shards) {
                    seat.step(phase, shard, &plan, commons, &Cancel::new()).unwrap();
                }
            }
            for (seat, shard) in seats.iter().zip(shards) {
                assert!(seat.cross_edges(commons).all(|edge| commons.home(edge.source).shard == shard.id()));
            }
            let made = seats.iter().flat_map(|seat| seat.cross_edges(commons));
            made.map(|edge| (edge.source, edge.target, edge.weight)).collect::<Vec<_>>()
        };
        colony.tick().unwrap();
        swept += u64::from(stored(&colony) + 1000 < before && !made.is_empty());
        let (state, commons) = (colony.state(), colony.state().commons());
        let mut expected = Vec::new();
        for source in state.nodes() {
            let new = state.row(source).into_iter().filter(|synapse| u64::from(synapse.created) == tick);
            let crossing = new.filter(|new| commons.home(new.target).shard != commons.home(source).shard);
            expected.extend(crossing.map(|synapse| (source, synapse.target, synapse.weight)));
        }
        made.sort_unstable();
        expected.sort_unstable();
        total += made.len();
        assert_eq!(made, expected, "tick {tick}");
    }
    assert!(total > 1000 && swept > 0, "{total} new synapses, {swept} sweeps beside some");
}
