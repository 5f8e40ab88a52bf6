//! The primitives on which threads meet, and the clock.
//!
//! They are those of std and tokio. With the feature `shuttle`, which only tests turn on, they are those of a scheduler
//! that runs one thread at a time and draws at each primitive who goes on. Its clock moves when a thread sleeps or
//! spins, and no wait for another thread ends by the clock, so a wake-up that is lost is a deadlock that it reports.

#[cfg(not(feature = "shuttle"))]
mod chosen {
    use std::future::Future;
    pub(crate) use std::hint::spin_loop;
    use std::io;
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic, mpsc};
    use std::thread::{Scope, ScopedJoinHandle};
    use std::time::{Duration, Instant};
    pub(crate) use std::{thread, thread_local};
    use tokio::runtime::Handle;

    /// Returns the time.
    pub(crate) fn now() -> Instant {
        Instant::now()
    }

    /// Waits for a future up to a deadline.
    pub(crate) async fn until(deadline: Instant, future: impl Future<Output = ()>) {
        let _ = tokio::time::timeout_at(deadline.into(), future).await;
    }

    /// Runs a future beside everything else.
    pub(crate) fn spawn(runtime: &Handle, future: impl Future<Output = ()> + Send + 'static) {
        runtime.spawn(future);
    }

    /// Waits for a time.
    pub(crate) fn sleep(time: Duration) {
        thread::sleep(time);
    }

    /// Begins a thread of a scope.
    pub(crate) fn beside<'scope, T: Send + 'scope>(
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        thread::Builder::new().spawn_scoped(scope, work)
    }
}

#[cfg(feature = "shuttle")]
mod chosen {
    pub(crate) use shuttle::sync::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic, mpsc,
    };
    use shuttle::thread::{Scope, ScopedJoinHandle};
    pub(crate) use shuttle::{thread, thread_local};
    use std::cell::{Cell, RefCell};
    use std::future::{Future, poll_fn};
    use std::io;
    use std::sync::LazyLock;
    use std::task::{Poll, Waker};
    use std::time::{Duration, Instant};
    use tokio::runtime::Handle;

    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

    // All threads of a schedule are one thread of the system.
    std::thread_local! {
        static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
        static WAITING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    }

    fn pass(time: Duration) {
        PASSED.set(PASSED.get() + time);
        WAITING.take().into_iter().for_each(Waker::wake);
    }

    pub(crate) fn now() -> Instant {
        *BEGUN + PASSED.get()
    }

    pub(crate) fn spin_loop() {
        pass(Duration::from_micros(1));
        shuttle::hint::spin_loop();
    }

    pub(crate) async fn until(deadline: Instant, future: impl Future<Output = ()>) {
        let mut future = std::pin::pin!(future);
        poll_fn(|context| {
            if now() >= deadline || future.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Runs a future beside everything else. A schedule is over when it is.
    pub(crate) fn spawn(_: &Handle, future: impl Future<Output = ()> + Send + 'static) {
        std::mem::forget(shuttle::future::spawn(future));
    }

    pub(crate) fn sleep(time: Duration) {
        pass(time);
        thread::yield_now();
    }

    pub(crate) fn beside<'scope, T: Send + 'scope>(
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        Ok(scope.spawn(work))
    }
}

pub(crate) use chosen::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic, beside, mpsc, now, sleep, spawn,
    spin_loop, thread, thread_local, until,
};
pub(crate) use std::sync::{Arc, OnceLock, PoisonError, TryLockError, Weak};
