//! The queue of ticks of a world: one tick at a time, in order of arrival.
//!
//! A thread that waits here checks regularly whether it should stop. The check may run anything, such as a signal
//! handler that makes a tick itself or waits for another thread's tick. While a thread checks, it is *away*: it keeps
//! its position, and the turn passes it by. A fair mutex hands the turn to whoever waited longest; here it could hand
//! it to a thread that cannot take it, and all would wait for ever.

use crate::lock::lock;
use crate::sync::thread::{self, Thread};
use crate::sync::{Arc, Mutex, now};
use phago_core::{Error, Result};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    held: bool,
    arrivals: u64,
    // By arrival, the waker of each; `None` while it is away.
    waiting: BTreeMap<u64, Option<Waker>>,
}

/// The right to make the next tick. Dropping it lets the tick after that begin.
#[derive(Debug)]
pub struct Turn(Arc<Turns>);

// A position in the queue, which becomes a turn. Dropping it leaves the queue.
struct Place {
    turns: Arc<Turns>,
    arrival: u64,
}

impl Turns {
    /// Waits for a turn.
    pub(crate) async fn wait(self: &Arc<Self>) -> Turn {
        self.arrive().await
    }

    /// Waits for a turn on this thread, and calls `should_stop` every `look`.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once it returns true.
    pub(crate) fn wait_blocking(
        self: &Arc<Self>,
        look: Duration,
        should_stop: &mut impl FnMut() -> bool,
    ) -> Result<Turn> {
        if let Some(turn) = self.take() {
            return Ok(turn);
        }
        let mut place = self.arrive();
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut next = now() + look;
        loop {
            if let Poll::Ready(turn) = Pin::new(&mut place).poll(&mut Context::from_waker(&waker)) {
                return Ok(turn);
            }
            // Other code on this thread may have taken the wake-up; then the next check ends the wait.
            thread::park_timeout(next.saturating_duration_since(now()));
            if now() >= next {
                place.go_away();
                if should_stop() {
                    return Err(Error::Cancelled);
                }
                next = now() + look;
            }
        }
    }

    // Returns the turn if it is free and nobody waits for it.
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
    // Returns the first in the queue that is not away.
    fn first(&self) -> Option<(u64, &Waker)> {
        self.waiting.iter().find_map(|(arrival, waker)| Some((*arrival, waker.as_ref()?)))
    }

    // Returns whom to wake because the turn is free. The woken one takes it when it looks, so one that leaves or goes
    // away wakes the next.
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
        // Called without the lock: waking may run code that looks at the queue.
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

// Wakes a parked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
