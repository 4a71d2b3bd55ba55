//! Switches without any scheduler: what everything else stands on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use concbench_model::{Result, Settings};

use generator::{Generator, Gn};

use super::rally::{Link, Rally, blocking, returned, serve};

/// A future that is polled by hand.
struct Stackless<F> {
    /// Where both sides find the number: a future has no other way to be handed one.
    ball: Arc<AtomicU64>,
    future: Pin<Box<F>>,
}

impl<F: Future<Output = ()> + Send> Link for Stackless<F> {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.ball.store(ball, Ordering::Relaxed);
        Ok(())
    }

    async fn receive(&mut self) -> Option<u64> {
        match self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Some(self.ball.load(Ordering::Relaxed)),
            Poll::Ready(()) => None,
        }
    }
}

pub(super) fn stackless(_: &Settings, time: Duration) -> Result<Rally> {
    let ball = Arc::new(AtomicU64::new(0));
    let theirs = Arc::clone(&ball);
    let future = async move {
        loop {
            theirs.store(returned(theirs.load(Ordering::Relaxed)), Ordering::Relaxed);
            pause().await;
        }
    };
    blocking(serve(Stackless { ball, future: Box::pin(future) }, time))
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
    ball: u64,
    generator: Generator<'static, u64, u64>,
}

impl Link for Stackful {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.ball = ball;
        Ok(())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.generator.raw_send(Some(self.ball))
    }
}

impl Drop for Stackful {
    fn drop(&mut self) {
        // It returns once it is handed nothing; dropped in its middle, it would be unwound by a panic.
        self.generator.raw_send(None);
    }
}

pub(super) fn stackful(_: &Settings, time: Duration) -> Result<Rally> {
    let generator = Gn::new_scoped(|mut scope| {
        let mut next = scope.get_yield();
        while let Some(ball) = next {
            next = scope.yield_(returned(ball));
        }
        0
    });
    blocking(serve(Stackful { ball: 0, generator }, time))
}
