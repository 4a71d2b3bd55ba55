//! Switches without any scheduler: what everything else stands on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use concbench_model::{Result, Settings};

use generator::{Generator, Gn};

use super::ping_pong::{Link, PingPong, blocking, ping, returned};

/// A future that is polled by hand.
struct Stackless<F> {
    /// Where both sides find the token: a future has no other way to be handed one.
    token: Arc<AtomicU64>,
    future: Pin<Box<F>>,
}

impl<F: Future<Output = ()> + Send> Link for Stackless<F> {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.token.store(token, Ordering::Relaxed);
        Ok(())
    }

    async fn receive(&mut self) -> Option<u64> {
        match self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Some(self.token.load(Ordering::Relaxed)),
            Poll::Ready(()) => None,
        }
    }
}

pub(super) fn stackless(_: &Settings, time: Duration) -> Result<PingPong> {
    let token = Arc::new(AtomicU64::new(0));
    let theirs = Arc::clone(&token);
    let future = async move {
        loop {
            theirs.store(returned(theirs.load(Ordering::Relaxed)), Ordering::Relaxed);
            pause().await;
        }
    };
    blocking(ping(Stackless { token, future: Box::pin(future) }, time))
}

/// Gives control back once.
fn pause() -> impl Future<Output = ()> {
    let mut paused = false;
    std::future::poll_fn(
        move |_| {
            if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
        },
    )
}

/// A function with a stack of its own, which is entered again where it left.
struct Stackful {
    token: u64,
    generator: Generator<'static, u64, u64>,
}

impl Link for Stackful {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.token = token;
        Ok(())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.generator.raw_send(Some(self.token))
    }
}

impl Drop for Stackful {
    fn drop(&mut self) {
        // It returns once it is handed nothing; dropped in its middle, it would be unwound by a panic.
        self.generator.raw_send(None);
    }
}

pub(super) fn stackful(_: &Settings, time: Duration) -> Result<PingPong> {
    let generator = Gn::new_scoped(|mut scope| {
        let mut next = scope.get_yield();
        while let Some(token) = next {
            next = scope.yield_(returned(token));
        }
        0
    });
    blocking(ping(Stackful { token: 0, generator }, time))
}
