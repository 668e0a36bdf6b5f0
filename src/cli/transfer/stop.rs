//! Being asked to stop, by Ctrl-C or by the system: what is open is closed first.

use crate::cli::exit::{Failure, OUTSIDE};
use tokio::sync::watch;

/// Whether somebody asked to stop.
#[derive(Debug, Clone)]
pub(super) struct Stop(watch::Sender<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    asked: bool,
    /// Something is open that has to be closed first.
    busy: bool,
}

/// Held while something is open.
pub(super) struct Busy<'a>(&'a Stop);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.busy = false);
    }
}

impl Stop {
    /// Listens from now on. Who asks twice does not want to wait.
    pub fn listen() -> Self {
        let stop = Self(watch::Sender::new(State::default()));
        let listener = stop.clone();
        tokio::spawn(async move {
            signal().await;
            listener.0.send_modify(|state| state.asked = true);
            signal().await;
            std::process::exit(OUTSIDE.into());
        });
        stop
    }

    /// From now on, whoever stops sees to it that what is open gets closed.
    pub fn busy(&self) -> Busy<'_> {
        self.0.send_modify(|state| state.busy = true);
        Busy(self)
    }

    pub fn is_asked(&self) -> bool {
        self.0.borrow().asked
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        self.when(|state| state.asked).await;
    }

    async fn when(&self, ready: impl Fn(&State) -> bool) {
        // The sender lives as long as `self`.
        if self.0.subscribe().wait_for(ready).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Does something until somebody asks to stop and nothing is open.
    pub async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.when(|state| state.asked && !state.busy) => Err(Failure::outside("interrupted")),
        }
    }
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut end) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = end.recv() => {}
                () = interrupt() => {}
            }
            return;
        }
    }
    interrupt().await;
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
