//! `LISTEN`, as hints. What it misses, the poll of the head finds; nothing here reports an error.

use super::{PATIENCE, within};
use crate::store::StoreError;
use crate::store::rows::failed;
use crate::store::sql::PING;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// After this much silence the listener makes sure that its connection still works.
const SILENCE: Duration = Duration::from_secs(15);
/// How long the listener waits before it connects again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// The channel of the hints.
const CHANNEL: &str = "accord";

/// Turns notifications into hints until the store closes.
pub(super) struct Listener {
    pub(super) options: PgConnectOptions,
    pub(super) hints: watch::Sender<u64>,
}

impl Listener {
    /// Listens, and again whenever the connection is lost.
    pub(super) async fn run(self, mut closing: watch::Receiver<bool>) {
        let mut pause = RETRY.0;
        loop {
            // A pool of its own, so that it neither takes nor waits for the requests' connections; and a new
            // one each time, because a dead connection would keep the only place in the old one.
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(PATIENCE)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_lazy_with(self.options.clone());
            let open = tokio::select! {
                // Also when the sender is gone, with the store.
                _ = closing.wait_for(|closing| *closing) => false,
                heard = self.listen(&pool) => {
                    pause = if heard { RETRY.0 } else { (pause * 2).min(RETRY.1) };
                    true
                }
            };
            let _ = timeout(PATIENCE, pool.close()).await;
            if !open {
                return;
            }
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Listens until that fails; whether it worked at first. Errors are not reported here: what matters of them
    /// shows up when the head is polled.
    async fn listen(&self, pool: &PgPool) -> bool {
        let Ok(mut listener) = PgListener::connect_with(pool).await else {
            return false;
        };
        if within(PATIENCE, listener.listen(CHANNEL)).await.is_err() {
            return false;
        }
        // Something may have been missed while nobody listened.
        self.hint();
        while self.next(&mut listener).await.is_ok() {}
        self.hint();
        true
    }

    /// Waits for a notification, a lost and renewed connection, or silence on a connection that works.
    async fn next(&self, listener: &mut PgListener) -> Result<(), StoreError> {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(received) => {
                received.map_err(failed)?;
                self.hint();
            }
            // A peer that vanished without a word looks just like silence.
            Err(_) => {
                let ping = sqlx::query(PING).execute(&mut *listener);
                within(PATIENCE, ping).await?;
            }
        }
        Ok(())
    }

    fn hint(&self) {
        self.hints.send_modify(|n| *n = n.wrapping_add(1));
    }
}
