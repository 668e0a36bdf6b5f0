//! A producer: writes records with their schemas, chooses partitions, waits for delivery.

use super::codec::{Encoded, Encoder};
use super::config::{ConfigError, check_side};
use super::counts::Counts;
use super::error::{SendError, Side};
use super::keys::{KeyWarning, KeyWatch};
use super::partition::{Partitioning, partition_of};
use super::record::{Delivered, Record};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use rdkafka::{ClientConfig, ClientContext};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

/// The longest name of a topic that brokers take, in bytes.
const TOPIC_BYTES: usize = 249;
/// Between two attempts to hand a record to librdkafka while its own queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// librdkafka's producer, with what it tells us.
pub(super) type Native = ThreadedProducer<Reports>;

/// Takes librdkafka's reports.
pub(super) struct Reports {
    counts: Arc<Counts>,
}

impl ClientContext for Reports {}

/// What librdkafka keeps for a record: who waits for it, and its place among those in flight.
pub(super) struct Waiting {
    done: oneshot::Sender<Result<Delivered, SendError>>,
    _place: OwnedSemaphorePermit,
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Box<Waiting>) {
        let told = match result {
            Ok(message) => Ok(Delivered {
                partition: message.partition(),
                offset: message.offset(),
                timestamp: message.timestamp().to_millis(),
            }),
            Err((error, message)) => {
                if error.rdkafka_error_code().is_some_and(is_about_partitions) {
                    self.counts.forget(message.topic());
                }
                Err(SendError::Kafka {
                    topic: message.topic().into(),
                    error: error.clone(),
                })
            }
        };
        // Nobody has to wait for it.
        let _ = waiting.done.send(told);
    }
}

fn is_about_partitions(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
    )
}

/// Settings of a [`Producer`].
pub struct ProducerBuilder<K: ?Sized, V: ?Sized> {
    config: ClientConfig,
    key: Arc<dyn Encoder<K>>,
    value: Arc<dyn Encoder<V>>,
    partitioning: Partitioning,
    in_flight: usize,
    queue_for: Duration,
    counts_for: Duration,
    counts_within: Duration,
}

impl<K: ?Sized + Sync, V: ?Sized + Sync> ProducerBuilder<K, V> {
    /// From what the partitions of records with keys are computed; from their payload by default.
    #[must_use]
    pub fn partitioning(mut self, partitioning: Partitioning) -> Self {
        self.partitioning = partitioning;
        self
    }

    /// How many records may be under way; who sends more waits. 10,000 by default, the most is 1,000,000.
    /// librdkafka's own limits (`queue.buffering.max.messages` and `.kbytes`) stand beside it.
    #[must_use]
    pub fn max_in_flight(mut self, records: usize) -> Self {
        self.in_flight = records;
        self
    }

    /// How long a record waits for room in librdkafka's own queue; a minute by default.
    #[must_use]
    pub fn queue_timeout(mut self, time: Duration) -> Self {
        self.queue_for = time;
        self
    }

    /// How long the number of a topic's partitions is taken as known; a minute by default.
    #[must_use]
    pub fn partitions_for(mut self, time: Duration) -> Self {
        self.counts_for = time;
        self
    }

    /// How long brokers may take to tell it; 10 seconds by default.
    #[must_use]
    pub fn partitions_timeout(mut self, time: Duration) -> Self {
        self.counts_within = time;
        self
    }

    /// The producer. It connects by itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for settings that cannot be.
    pub fn build(self) -> Result<Producer<K, V>, ConfigError> {
        const MOST: usize = 1_000_000;
        if !(1..=MOST).contains(&self.in_flight) {
            return Err(ConfigError::Range {
                name: "max_in_flight",
                least: 1,
                most: MOST,
            });
        }
        check_side(Side::Key, self.key.header_name())?;
        check_side(Side::Value, self.value.header_name())?;
        let counts = Arc::new(Counts::new(self.counts_for, self.counts_within));
        let reports = Reports {
            counts: Arc::clone(&counts),
        };
        let native: Native = self.config.create_with_context(reports)?;
        Ok(Producer {
            inner: Arc::new(Inner {
                native: Arc::new(native),
                key: self.key,
                value: self.value,
                partitioning: self.partitioning,
                room: Arc::new(Semaphore::new(self.in_flight)),
                in_flight: self.in_flight,
                queue_for: self.queue_for,
                closed: AtomicBool::new(false),
                counts,
                keys: KeyWatch::default(),
            }),
        })
    }
}

/// Sends records with keys of type `K` and values of type `V`. Cheap to clone; clones share everything.
///
/// When the last clone is dropped, what is still under way is given up: call [`Producer::close`] before.
pub struct Producer<K: ?Sized, V: ?Sized> {
    inner: Arc<Inner<K, V>>,
}

impl<K: ?Sized, V: ?Sized> Clone for Producer<K, V> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

struct Inner<K: ?Sized, V: ?Sized> {
    native: Arc<Native>,
    key: Arc<dyn Encoder<K>>,
    value: Arc<dyn Encoder<V>>,
    partitioning: Partitioning,
    /// One permit for each record that may be under way.
    room: Arc<Semaphore>,
    in_flight: usize,
    queue_for: Duration,
    closed: AtomicBool,
    counts: Arc<Counts>,
    keys: KeyWatch,
}

impl<K: ?Sized + Sync, V: ?Sized + Sync> Producer<K, V> {
    /// A producer with librdkafka's settings, and what writes keys and values.
    pub fn builder(
        config: ClientConfig,
        key: impl Encoder<K> + 'static,
        value: impl Encoder<V> + 'static,
    ) -> ProducerBuilder<K, V> {
        ProducerBuilder {
            config,
            key: Arc::new(key),
            value: Arc::new(value),
            partitioning: Partitioning::default(),
            in_flight: 10_000,
            queue_for: Duration::from_secs(60),
            counts_for: Duration::from_secs(60),
            counts_within: Duration::from_secs(10),
        }
    }

    /// Sends a record and waits until it is delivered.
    ///
    /// # Errors
    ///
    /// [`SendError::Invalid`] if it does not fit its schema (it is not sent then); else whatever kept it from being
    /// delivered.
    pub async fn send(&self, record: Record<'_, K, V>) -> Result<Delivered, SendError> {
        self.enqueue(record).await?.await
    }

    /// Takes a record, waiting for room if too many are under way; its delivery can be waited for later. Records of
    /// one partition that are taken one after another are sent in this order (with `enable.idempotence`, whatever
    /// happens).
    ///
    /// # Errors
    ///
    /// As [`Producer::send`], as far as it is known by now.
    pub async fn enqueue(&self, record: Record<'_, K, V>) -> Result<Delivery, SendError> {
        let inner = &*self.inner;
        let topic = record.topic;
        inner.check(&record)?;
        let place = Arc::clone(&inner.room)
            .acquire_owned()
            .await
            .map_err(|_| SendError::Closed)?;
        if inner.closed.load(Ordering::Acquire) {
            return Err(SendError::Closed);
        }
        let key = match record.key {
            Some(key) => Some(encode(&*inner.key, Side::Key, topic, key).await?),
            None => None,
        };
        let value = match record.value {
            Some(value) => Some(encode(&*inner.value, Side::Value, topic, value).await?),
            None => None,
        };
        let partition = inner.partition(&record, key.as_ref()).await?;
        if let (
            Some(key),
            Some(Encoded {
                schema: Some(schema),
                ..
            }),
        ) = (record.key, &key)
        {
            inner
                .keys
                .wrote(topic, *schema, || inner.key.origin(topic, key));
        }
        let headers = headers(&record.headers, &[key.as_ref(), value.as_ref()]);
        let (done, report) = oneshot::channel();
        let waiting = Box::new(Waiting {
            done,
            _place: place,
        });
        let mut native: BaseRecord<'_, [u8], [u8], Box<Waiting>> =
            BaseRecord::with_opaque_to(topic, waiting);
        native.key = key.as_ref().map(|key| key.bytes.as_slice());
        native.payload = value.as_ref().map(|value| value.bytes.as_slice());
        native.partition = partition;
        native.timestamp = record.timestamp;
        native.headers = headers;
        inner.hand_over(native).await?;
        Ok(Delivery { report })
    }

    /// Waits until everything that was taken before is delivered or has failed, without waiting for more to send
    /// along (`linger.ms`).
    ///
    /// # Errors
    ///
    /// [`SendError::Undelivered`] if time is up before.
    pub async fn flush(&self, timeout: Duration) -> Result<(), SendError> {
        let native = Arc::clone(&self.inner.native);
        let flushed = tokio::task::spawn_blocking(move || native.flush(timeout)).await;
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut))) => {
                Err(self.undelivered())
            }
            Ok(Err(error)) => Err(SendError::Kafka {
                topic: "*".into(),
                error,
            }),
            // The runtime is being shut down.
            Err(_) => Err(self.undelivered()),
        }
    }

    /// Takes no more records, and waits until all are delivered or have failed. A second call does the same.
    ///
    /// # Errors
    ///
    /// [`SendError::Undelivered`] if time is up before; what is still under way goes on until the last clone is
    /// dropped.
    pub async fn close(&self, timeout: Duration) -> Result<(), SendError> {
        let inner = &*self.inner;
        let deadline = Instant::now() + timeout;
        inner.closed.store(true, Ordering::Release);
        self.flush(timeout).await?;
        // Those that were being written just now hold permits, too.
        let all = u32::try_from(inner.in_flight).unwrap_or(u32::MAX);
        match tokio::time::timeout_at(deadline, inner.room.acquire_many(all)).await {
            Ok(Ok(_)) => {
                inner.room.close();
                Ok(())
            }
            // An earlier call closed it.
            Ok(Err(_)) => Ok(()),
            Err(_) => Err(self.undelivered()),
        }
    }

    /// How many records are under way or about to be.
    pub fn in_flight(&self) -> usize {
        self.inner
            .in_flight
            .saturating_sub(self.inner.room.available_permits())
    }

    /// What there is to say about keys whose schema has evolved, oldest first. Each is logged when it is found.
    /// Looking for it takes a moment after the first record of a topic, and does not hold records up.
    pub fn key_warnings(&self) -> Vec<KeyWarning> {
        self.inner.keys.warnings()
    }

    fn undelivered(&self) -> SendError {
        SendError::Undelivered {
            records: self.in_flight(),
        }
    }
}

impl<K: ?Sized + Sync, V: ?Sized + Sync> Inner<K, V> {
    /// What brokers would refuse later, or what would end in something else than was meant.
    fn check(&self, record: &Record<'_, K, V>) -> Result<(), SendError> {
        let topic = record.topic;
        let wrong = |reason: String| {
            Err(SendError::Record {
                topic: topic.chars().take(TOPIC_BYTES).collect::<String>().into(),
                reason: reason.into(),
            })
        };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if topic.is_empty() || topic.len() > TOPIC_BYTES || !topic.bytes().all(legal) {
            return wrong(format!(
                "names of topics are 1 to {TOPIC_BYTES} letters, digits, dots, underscores and hyphens"
            ));
        }
        if let Some(partition) = record.partition.filter(|&partition| partition < 0) {
            return wrong(format!("there is no partition {partition}"));
        }
        let ours = [self.key.header_name(), self.value.header_name()];
        for (name, _) in &record.headers {
            if name.contains('\0') {
                return wrong("the name of a header has a zero in it".to_owned());
            }
            if ours.contains(&Some(*name)) {
                return wrong(format!("the header {name} is set by the serializer"));
            }
        }
        Ok(())
    }

    /// The partition; none leaves it to librdkafka.
    async fn partition(
        &self,
        record: &Record<'_, K, V>,
        key: Option<&Encoded>,
    ) -> Result<Option<i32>, SendError> {
        let hashed = match (record.partition, self.partitioning, key) {
            (Some(partition), _, _) => return Ok(Some(partition)),
            (None, Partitioning::Native, _) | (None, _, None) => return Ok(None),
            (None, Partitioning::Payload, Some(key)) => key.payload(),
            (None, Partitioning::Framed, Some(key)) => &key.bytes,
        };
        let count = self.counts.of(&self.native, record.topic).await?;
        Ok(Some(partition_of(hashed, count)))
    }

    /// Gives a record to librdkafka, which copies it; waits while its queue is full.
    async fn hand_over(
        &self,
        mut record: BaseRecord<'_, [u8], [u8], Box<Waiting>>,
    ) -> Result<(), SendError> {
        let deadline = Instant::now() + self.queue_for;
        loop {
            let (error, back) = match self.native.send(record) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            let full = error == KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
            if !full || Instant::now() >= deadline {
                return Err(SendError::Kafka {
                    topic: back.topic.into(),
                    error,
                });
            }
            record = back;
            tokio::time::sleep(QUEUE_PAUSE).await;
        }
    }
}

async fn encode<T: ?Sized + Sync>(
    encoder: &dyn Encoder<T>,
    side: Side,
    topic: &str,
    value: &T,
) -> Result<Encoded, SendError> {
    let encoded = match encoder.encode_cached(topic, value) {
        Some(encoded) => encoded,
        None => encoder.encode(topic, value).await,
    };
    encoded.map_err(|error| SendError::Invalid {
        side,
        topic: topic.into(),
        error,
    })
}

/// The record's own headers, and then those of the serializers: the last of a name counts.
fn headers(own: &[(&str, Option<&[u8]>)], sides: &[Option<&Encoded>]) -> Option<OwnedHeaders> {
    let ours = sides
        .iter()
        .filter_map(|side| side.and_then(|side| side.header.as_ref()))
        .map(|(name, value)| (*name, Some(&**value)));
    let mut all = None;
    for (key, value) in own.iter().copied().chain(ours) {
        let headers: OwnedHeaders = all.unwrap_or_default();
        all = Some(headers.insert(Header { key, value }));
    }
    all
}

/// A record on its way. Dropping it does not take the record back.
#[derive(Debug)]
pub struct Delivery {
    report: oneshot::Receiver<Result<Delivered, SendError>>,
}

impl Future for Delivery {
    type Output = Result<Delivered, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.report)
            .poll(context)
            // Without a report, the producer was dropped.
            .map(|report| report.unwrap_or(Err(SendError::Closed)))
    }
}
