//! Asking several registries that are one: in order, the one that worked last first, with bounded retries.

use super::error::{ClientError, is_transient};
use super::stats::Counters;
use super::transport::{Answer, Method, Request, Transport, TransportError};
use super::tuning::Tuning;
use crate::wire::{ErrorBody, ErrorCode};
use rand::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Longer messages are cut; the reasons of an incompatibility fit.
const MAX_MESSAGE: usize = 64 << 10;

/// The registries.
#[derive(Debug)]
pub(super) struct Pool {
    transports: Vec<Arc<dyn Transport>>,
    /// The place of the one that answered last.
    preferred: AtomicUsize,
    tuning: Tuning,
    counters: Arc<Counters>,
}

/// Why one attempt gave nothing.
enum Failure {
    /// Another try may help, if the request may be repeated; how long the registry asks to wait.
    Passing {
        error: ClientError,
        unsent: bool,
        wait: Option<Duration>,
    },
    /// It would not.
    Final(ClientError),
}

impl Pool {
    pub fn new(
        transports: Vec<Arc<dyn Transport>>,
        tuning: Tuning,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            transports,
            preferred: AtomicUsize::new(0),
            tuning,
            counters,
        }
    }

    /// What tells the registry from others: its base URLs, without credentials and whatever their order.
    pub fn identity(&self) -> String {
        let mut bases: Vec<&str> = self.transports.iter().map(|t| t.base()).collect();
        bases.sort_unstable();
        bases.join(",")
    }

    /// The answer, if it is a success, and the address that gave it. All URLs are tried again up to `retries` times.
    pub async fn call(
        &self,
        request: &Request,
        retries: u32,
    ) -> Result<(Answer, Arc<str>), ClientError> {
        let deadline = Instant::now() + self.tuning.call_timeout;
        let mut attempts = 0;
        let mut round = 0;
        loop {
            let first = self.preferred.load(Ordering::Relaxed);
            let mut last = None;
            let mut asked_wait = None;
            for offset in 0..self.transports.len() {
                let place = (first + offset) % self.transports.len();
                let Some(transport) = self.transports.get(place) else {
                    continue;
                };
                attempts += 1;
                Counters::add(&self.counters.requests);
                match self.attempt(&**transport, request, deadline).await {
                    Ok(answer) => {
                        if place != first {
                            Counters::add(&self.counters.failovers);
                            tracing::warn!(url = transport.base(), "using another registry URL");
                        }
                        self.preferred.store(place, Ordering::Relaxed);
                        return Ok((answer, address(&**transport, request)));
                    }
                    Err(Failure::Final(error)) => {
                        // It did answer, so it is the one to ask next time, too.
                        if matches!(error, ClientError::Refused { .. }) {
                            self.preferred.store(place, Ordering::Relaxed);
                        }
                        return Err(error);
                    }
                    Err(Failure::Passing {
                        error,
                        unsent,
                        wait,
                    }) => {
                        if !repeatable(request, unsent) {
                            return Err(counted(error, attempts));
                        }
                        asked_wait = asked_wait.max(wait);
                        last = Some(error);
                    }
                }
            }
            let Some(error) = last else {
                return Err(ClientError::invalid("no URL of a registry is given"));
            };
            let pause = self.pause(round, asked_wait);
            if round >= retries || Instant::now() + pause >= deadline {
                return Err(counted(error, attempts));
            }
            tracing::debug!(%error, ?pause, "the registry is asked again");
            Counters::add(&self.counters.retries);
            sleep(pause).await;
            round += 1;
        }
    }

    /// A random time up to a bound that doubles with every round ("full jitter"), but what the registry asks for
    /// at least; both within the cap.
    fn pause(&self, round: u32, asked: Option<Duration>) -> Duration {
        let cap = self.tuning.max_retry_pause;
        let factor = 1_u32.checked_shl(round).unwrap_or(u32::MAX);
        let most = self.tuning.retry_pause.saturating_mul(factor).min(cap);
        let jitter = most.mul_f64(rand::rng().random_range(0.0..=1.0));
        jitter.max(asked.unwrap_or_default().min(cap))
    }

    async fn attempt(
        &self,
        transport: &dyn Transport,
        request: &Request,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let until = deadline.min(Instant::now() + self.tuning.request_timeout);
        let limit = self.tuning.max_answer_bytes;
        let sent = timeout_at(until, transport.send(request, limit))
            .await
            .unwrap_or(Err(TransportError::Timeout));
        let url = || address(transport, request);
        match sent {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Ok(answer) => {
                let wait = answer.retry_after;
                let error = refusal(url(), &answer);
                if is_transient(answer.status) {
                    Err(Failure::Passing {
                        error,
                        // Too many requests or no room: it was not worked on.
                        unsent: matches!(answer.status, 429 | 503),
                        wait,
                    })
                } else {
                    Err(Failure::Final(error))
                }
            }
            Err(TransportError::TooLarge(limit)) => {
                Err(Failure::Final(ClientError::TooLarge { url: url(), limit }))
            }
            Err(TransportError::Invalid(reason)) => {
                Err(Failure::Final(ClientError::Invalid(reason)))
            }
            // Whoever issues tokens may be away for a moment, too.
            Err(TransportError::Credentials(reason)) => Err(Failure::Passing {
                error: ClientError::Credentials(reason),
                unsent: true,
                wait: None,
            }),
            Err(error) => Err(Failure::Passing {
                unsent: matches!(error, TransportError::Connect(_)),
                error: ClientError::Unreachable {
                    url: url(),
                    attempts: 1,
                    reason: Arc::from(error.to_string()),
                },
                wait: None,
            }),
        }
    }
}

/// Whether a request may be sent again. Everything but a delete has the same effect once or twice; a second
/// delete would be told that there is nothing.
fn repeatable(request: &Request, unsent: bool) -> bool {
    request.method != Method::Delete || unsent
}

fn counted(mut error: ClientError, count: u32) -> ClientError {
    if let ClientError::Unreachable { attempts, .. } = &mut error {
        *attempts = count;
    }
    error
}

fn address(transport: &dyn Transport, request: &Request) -> Arc<str> {
    Arc::from(format!("{}{}", transport.base(), request.target))
}

/// The error in an answer that is not a success.
fn refusal(url: Arc<str>, answer: &Answer) -> ClientError {
    let (status, length) = (answer.status, answer.body.len());
    match serde_json::from_slice::<ErrorBody>(&answer.body) {
        Ok(body) => ClientError::Refused {
            url,
            status,
            code: body.error_code,
            message: Arc::from(cut(body.message)),
        },
        Err(_) if is_transient(status) => ClientError::Refused {
            url,
            status,
            code: ErrorCode(status.into()),
            message: Arc::from(format!("{length} bytes that are no error of a registry")),
        },
        // Proxies and sign-on pages say 302, 403, 404 or 407, too: nobody should take it for the registry's word.
        Err(_) => ClientError::Unreadable {
            url,
            status,
            reason: Arc::from(format!("no error of a registry, but {length} other bytes")),
        },
    }
}

fn cut(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        let mut end = MAX_MESSAGE;
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push('…');
    }
    message
}
