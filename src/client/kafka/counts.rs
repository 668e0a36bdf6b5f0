//! How many partitions topics have: asked for once in a while, one question at a time.

use super::error::SendError;
use super::producer::Native;
use quick_cache::sync::Cache;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How many topics are remembered.
const TOPICS: usize = 10_000;
/// How long after a failure nobody asks again. Whoever waited for the question meanwhile gets the same answer.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Between two questions about a topic that is just being made.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Known {
    count: Result<i32, Box<str>>,
    until: Instant,
}

/// What is known of topics.
pub(super) struct Counts {
    known: Cache<Box<str>, Known>,
    /// Held while somebody asks.
    asking: Mutex<()>,
    keep: Duration,
    timeout: Duration,
}

impl Counts {
    pub(super) fn new(keep: Duration, timeout: Duration) -> Self {
        Self {
            known: Cache::new(TOPICS),
            asking: Mutex::new(()),
            keep,
            timeout,
        }
    }

    /// How many partitions a topic has: 1 or more.
    pub(super) async fn of(&self, native: &Arc<Native>, topic: &str) -> Result<i32, SendError> {
        if let Some(answer) = self.fresh(topic) {
            return told(topic, answer);
        }
        let _guard = self.asking.lock().await;
        if let Some(answer) = self.fresh(topic) {
            return told(topic, answer);
        }
        let asked = ask(Arc::clone(native), topic.into(), self.timeout).await;
        let before = self.known.get(topic).and_then(|known| known.count.ok());
        let (count, keep) = match (asked, before) {
            (Ok(count), _) => (Ok(count), self.keep),
            // Brokers are away for a moment. Topics rarely change; what was true goes on.
            (Err(reason), Some(count)) => {
                tracing::warn!(topic, %reason, "the number of partitions is not confirmed");
                (Ok(count), AFTER_FAILURE)
            }
            (Err(reason), None) => (Err(reason), AFTER_FAILURE),
        };
        let known = Known {
            count: count.clone(),
            until: Instant::now() + keep,
        };
        self.known.insert(topic.into(), known);
        told(topic, count)
    }

    /// Makes the next record ask.
    pub(super) fn forget(&self, topic: &str) {
        self.known.remove(topic);
    }

    fn fresh(&self, topic: &str) -> Option<Result<i32, Box<str>>> {
        let known = self.known.get(topic)?;
        (Instant::now() < known.until).then_some(known.count)
    }
}

fn told(topic: &str, answer: Result<i32, Box<str>>) -> Result<i32, SendError> {
    answer.map_err(|reason| SendError::Partitions {
        topic: topic.into(),
        reason,
    })
}

/// Asks the brokers, off the async threads: librdkafka blocks here.
async fn ask(native: Arc<Native>, topic: Box<str>, timeout: Duration) -> Result<i32, Box<str>> {
    let asked = tokio::task::spawn_blocking(move || {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let metadata = native
                .client()
                .fetch_metadata(Some(&topic), left)
                .map_err(|error| error.to_string())?;
            let Some(found) = metadata.topics().iter().find(|t| t.name() == &*topic) else {
                return Err("the brokers tell nothing of it".to_owned());
            };
            match found.error().map(RDKafkaErrorCode::from) {
                None => {
                    return i32::try_from(found.partitions().len())
                        .ok()
                        .filter(|&count| count > 0)
                        .ok_or_else(|| "the brokers tell of no partitions".to_owned());
                }
                // Brokers that make topics when they are asked for say so the first time.
                Some(
                    RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::LeaderNotAvailable,
                ) if left > PAUSE => std::thread::sleep(PAUSE),
                Some(error) => return Err(error.to_string()),
            }
        }
    })
    .await;
    match asked {
        Ok(answer) => answer.map_err(Into::into),
        Err(error) => Err(error.to_string().into()),
    }
}
