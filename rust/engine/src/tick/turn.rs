//! The queue of ticks of a world: one tick at a time, in order of arrival.
//!
//! A thread that waits here looks every now and then whether it should stop, and that may run anything: a signal
//! handler that makes a tick itself, or that waits for another thread's. While it looks it is *away*: it keeps its place,
//! and the turn passes it by. A queue that hands the turn to whoever waited longest, as a fair mutex does, would give it
//! to a thread that cannot take it, and everybody would wait for ever.

use crate::lock::lock;
use phago_core::{Error, Result};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    held: bool,
    arrivals: u64,
    // By arrival: whom to wake; none while it is away.
    waiting: BTreeMap<u64, Option<Waker>>,
}

/// A place at the head of the queue. Dropping it lets the next tick begin.
#[derive(Debug)]
pub struct Turn(Arc<Turns>);

// A place in the queue, which becomes a turn. Dropping it leaves the queue.
struct Place {
    turns: Arc<Turns>,
    arrival: u64,
}

impl Turns {
    /// Wait for a turn.
    pub(crate) async fn wait(self: &Arc<Self>) -> Turn {
        self.arrive().await
    }

    /// Wait for a turn on this thread, asking `should_stop` every `look`.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once it says so.
    pub(crate) fn wait_blocking(
        self: &Arc<Self>,
        look: Duration,
        should_stop: &mut impl FnMut() -> bool,
    ) -> Result<Turn> {
        if let Some(turn) = self.take() {
            return Ok(turn);
        }
        let mut place = self.arrive();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut next = Instant::now() + look;
        loop {
            if let Poll::Ready(turn) = Pin::new(&mut place).poll(&mut Context::from_waker(&waker)) {
                return Ok(turn);
            }
            // Something else on this thread may have taken the wake-up; then the look is what ends the wait.
            std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
            if Instant::now() >= next {
                place.go_away();
                if should_stop() {
                    return Err(Error::Cancelled);
                }
                next = Instant::now() + look;
            }
        }
    }

    // A turn that nobody waits for.
    fn take(self: &Arc<Self>) -> Option<Turn> {
        let mut queue = lock(&self.0);
        if queue.held || queue.first().is_some() {
            return None;
        }
        queue.held = true;
        Some(Turn(self.clone()))
    }

    fn arrive(self: &Arc<Self>) -> Place {
        let mut queue = lock(&self.0);
        let arrival = queue.arrivals;
        queue.arrivals += 1;
        queue.waiting.insert(arrival, None);
        Place { turns: self.clone(), arrival }
    }
}

impl Queue {
    // The first one that is not away.
    fn first(&self) -> Option<(u64, &Waker)> {
        self.waiting.iter().find_map(|(arrival, waker)| Some((*arrival, waker.as_ref()?)))
    }

    // Whom to wake because the turn is free. It is taken when they look, so one who leaves or goes away calls the next.
    fn call(&self) -> Option<Waker> {
        if self.held { None } else { self.first().map(|(_, waker)| waker.clone()) }
    }
}

impl Turns {
    fn change(&self, change: impl FnOnce(&mut Queue)) {
        let called = {
            let mut queue = lock(&self.0);
            change(&mut queue);
            queue.call()
        };
        // Without the lock: waking may run what looks at the queue.
        if let Some(waker) = called {
            waker.wake();
        }
    }
}

impl Place {
    fn go_away(&self) {
        self.turns.change(|queue| {
            if let Some(waker) = queue.waiting.get_mut(&self.arrival) {
                *waker = None;
            }
        });
    }
}

impl Future for Place {
    type Output = Turn;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        let mut queue = lock(&self.turns.0);
        let here = context.waker();
        let before = queue.first().is_some_and(|(arrival, _)| arrival < self.arrival);
        if queue.held || before {
            match queue.waiting.get_mut(&self.arrival) {
                Some(Some(waker)) => waker.clone_from(here),
                Some(away) => *away = Some(here.clone()),
                None => unreachable!("a place is polled until it is a turn"),
            }
            return Poll::Pending;
        }
        queue.held = true;
        queue.waiting.remove(&self.arrival);
        Poll::Ready(Turn(self.turns.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.turns.change(|queue| drop(queue.waiting.remove(&self.arrival)));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.change(|queue| queue.held = false);
    }
}

// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
