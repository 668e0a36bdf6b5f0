//! A consumer: reads records with their schemas, and commits no offset before the program says so.

use super::codec::{Decoder, Source};
use super::config::{ConfigError, check_side, fix};
use super::error::{CodecError, Poison, ReceiveError, Side};
use super::headers;
use super::record::{Header, Position, Received};
use futures_util::FutureExt;
use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// When offsets are committed. Either way a record that was not worked through comes again after a crash, and one
/// that was may come again: at least once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Commits {
    /// By [`Consumer::commit`] alone.
    #[default]
    Manual,
    /// In the background and at the end, for records that are done with: one is when the next is asked for, or at
    /// [`Consumer::processed`]. A poison record that is passed over this way counts as done with.
    AfterProcessing,
}

/// How many events of librdkafka are served before a held record is tried again.
const EVENTS: usize = 8;
/// How long a message may lie in librdkafka's queue without our being told.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Settings of a [`Consumer`].
pub struct ConsumerBuilder<K, V> {
    config: ClientConfig,
    key: Arc<dyn Decoder<K>>,
    value: Arc<dyn Decoder<V>>,
    commits: Commits,
}

impl<K, V> ConsumerBuilder<K, V> {
    /// When offsets are committed; by the program's word by default.
    #[must_use]
    pub fn commits(mut self, commits: Commits) -> Self {
        self.commits = commits;
        self
    }

    /// The consumer. Has to be called in a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for settings that cannot be: `enable.auto.commit` and `enable.auto.offset.store` are ours.
    pub fn build(mut self) -> Result<Consumer<K, V>, ConfigError> {
        check_side(Side::Key, self.key.header_name())?;
        check_side(Side::Value, self.value.header_name())?;
        let auto = match self.commits {
            Commits::Manual => "false",
            Commits::AfterProcessing => "true",
        };
        fix(&mut self.config, "enable.auto.commit", auto)?;
        fix(&mut self.config, "enable.auto.offset.store", "false")?;
        let native: StreamConsumer = self.config.create()?;
        Ok(Consumer {
            native: Arc::new(native),
            key: self.key,
            value: self.value,
            commits: self.commits,
            handed_out: None,
            held: VecDeque::new(),
            paused: BTreeSet::new(),
        })
    }
}

/// Receives records with keys of type `K` and values of type `V`.
///
/// Close it with [`Consumer::close`]: dropping it leaves the group as well, and blocks its thread meanwhile.
pub struct Consumer<K, V> {
    native: Arc<StreamConsumer>,
    key: Arc<dyn Decoder<K>>,
    value: Arc<dyn Decoder<V>>,
    commits: Commits,
    /// What the program works on.
    handed_out: Option<Position>,
    /// What was received and not handed out yet: the registry could not be asked, or the call was given up. One,
    /// unless a rebalance brings more while partitions pause.
    held: VecDeque<Unread>,
    /// The partitions that pause until what is held can be read. librdkafka lets a partition pause even after it was
    /// taken away and given back, so that all of them have to be named when they go on.
    paused: BTreeSet<(Box<str>, i32)>,
}

/// A received record before it is read.
struct Unread {
    position: Position,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<Header>,
    timestamp: Option<i64>,
}

impl<K, V> Consumer<K, V> {
    /// A consumer with librdkafka's settings, and what reads keys and values.
    pub fn builder(
        config: ClientConfig,
        key: impl Decoder<K> + 'static,
        value: impl Decoder<V> + 'static,
    ) -> ConsumerBuilder<K, V> {
        ConsumerBuilder {
            config,
            key: Arc::new(key),
            value: Arc::new(value),
            commits: Commits::default(),
        }
    }

    /// Joins the group, for these topics instead of those before; names that begin with `^` are regular expressions.
    ///
    /// # Errors
    ///
    /// What librdkafka says against it, e.g. that no `group.id` is set.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), ReceiveError> {
        Ok(self.native.subscribe(topics)?)
    }

    /// The next record; waits for it. If the call is given up, nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Poison`] for one that cannot be read: the next call goes on after it.
    /// [`ReceiveError::Registry`] if the registry could not be asked: the next call tries the same record again, so
    /// wait a little before it.
    pub async fn next(&mut self) -> Result<Received<K, V>, ReceiveError> {
        if self.commits == Commits::AfterProcessing {
            self.processed()?;
        }
        if !self.held.is_empty() {
            self.stay_alive()?;
        }
        if self.held.is_empty() {
            self.resume()?;
            let message = received(&self.native).await?;
            let unread = Unread::of(&message);
            drop(message);
            self.held.push_back(unread);
        }
        let Some(held) = self.held.front() else {
            // Just filled.
            return Err(KafkaError::NoMessageReceived.into());
        };
        let read = match read(&*self.key, Side::Key, held).await {
            Ok(key) => read(&*self.value, Side::Value, held)
                .await
                .map(|value| (key, value))
                .map_err(|error| (Side::Value, error)),
            Err(error) => Err((Side::Key, error)),
        };
        let read = match read {
            Err((side, error)) if error.blames_registry() => {
                let position = held.position.clone();
                self.pause()?;
                return Err(ReceiveError::Registry {
                    position,
                    side,
                    error,
                });
            }
            read => read,
        };
        let Some(held) = self.held.pop_front() else {
            return Err(KafkaError::NoMessageReceived.into());
        };
        self.handed_out = Some(held.position.clone());
        let Unread {
            position,
            key,
            value,
            headers,
            timestamp,
        } = held;
        match read {
            Ok((key, value)) => Ok(Received {
                position,
                key,
                value,
                timestamp,
                headers,
            }),
            Err((side, error)) => Err(ReceiveError::Poison(Box::new(Poison {
                position,
                side,
                error,
                key,
                value,
                headers,
                timestamp,
            }))),
        }
    }

    /// Says that the record that was handed out last is done with, before the next is asked for. With
    /// [`Commits::AfterProcessing`] only.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Commits`] with [`Commits::Manual`]; what librdkafka says.
    pub fn processed(&mut self) -> Result<(), ReceiveError> {
        if self.commits != Commits::AfterProcessing {
            return Err(ConfigError::Commits("with manual commits, call `commit`").into());
        }
        let Some(done) = self.handed_out.take() else {
            return Ok(());
        };
        let mut list = TopicPartitionList::new();
        add(&mut list, &done.topic, done.partition, done.offset)?;
        match self.native.store_offsets(&list) {
            Ok(()) => Ok(()),
            // The group gave the partition to somebody else, who will work on the record again.
            Err(KafkaError::StoreOffset(
                RDKafkaErrorCode::State | RDKafkaErrorCode::UnknownPartition,
            )) => {
                tracing::debug!(position = %done, "done with a record of a partition that is not ours any more");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Commits the offsets after these records, and with them everything before in their partitions; waits until the
    /// group's coordinator has them. With [`Commits::Manual`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Commits`] with [`Commits::AfterProcessing`]; what librdkafka says, e.g. that the group gave the
    /// partitions to somebody else.
    pub async fn commit(&self, done: &[&Position]) -> Result<(), ReceiveError> {
        if self.commits != Commits::Manual {
            return Err(ConfigError::Commits(
                "offsets are committed after processing; call `processed`",
            )
            .into());
        }
        let mut last: HashMap<(&str, i32), i64> = HashMap::new();
        for position in done {
            let offset = last
                .entry((&position.topic, position.partition))
                .or_insert(position.offset);
            *offset = position.offset.max(*offset);
        }
        if last.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(last.len());
        for ((topic, partition), offset) in last {
            add(&mut list, topic, partition, offset)?;
        }
        let native = Arc::clone(&self.native);
        blocking(move || native.commit(&list, CommitMode::Sync)).await
    }

    /// Leaves the group. With [`Commits::AfterProcessing`], commits what is done with before; the record that was
    /// handed out last is only if [`Consumer::processed`] said so.
    ///
    /// # Errors
    ///
    /// What librdkafka says to the commit; the group is left all the same.
    pub async fn close(self) -> Result<(), ReceiveError> {
        let Self {
            native, commits, ..
        } = self;
        blocking(move || {
            let committed = match commits {
                Commits::Manual => Ok(()),
                Commits::AfterProcessing => match native.commit_consumer_state(CommitMode::Sync) {
                    // Nothing new to commit.
                    Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
                    other => other,
                },
            };
            native.unsubscribe();
            drop(native);
            committed
        })
        .await
    }

    /// librdkafka's consumer, for what this one does not do: seeking, pausing, positions.
    pub fn native(&self) -> &StreamConsumer {
        &self.native
    }

    /// While something is held, no records are fetched, but the group has to see us: serves what librdkafka has to
    /// tell, and drops what the group gave to somebody else, who reads it there.
    fn stay_alive(&mut self) -> Result<(), ReceiveError> {
        self.pause()?;
        for _ in 0..EVENTS {
            match self.native.recv().now_or_never() {
                None => {}
                // Of a partition that a rebalance has just brought.
                Some(Ok(message)) => {
                    let unread = Unread::of(&message);
                    drop(message);
                    let Position {
                        topic, partition, ..
                    } = &unread.position;
                    self.paused.remove(&(topic.clone(), *partition));
                    self.held.push_back(unread);
                    self.pause()?;
                }
                Some(Err(error)) => return Err(error.into()),
            }
        }
        let assigned = self.native.assignment()?;
        self.held.retain(|unread| {
            let Position {
                topic, partition, ..
            } = &unread.position;
            assigned.find_partition(topic, *partition).is_some()
        });
        Ok(())
    }

    fn pause(&mut self) -> Result<(), ReceiveError> {
        let assigned = self.native.assignment()?;
        let mut running = TopicPartitionList::new();
        for element in assigned.elements() {
            let place = (Box::from(element.topic()), element.partition());
            if self.paused.insert(place) {
                running.add_partition(element.topic(), element.partition());
            }
        }
        if running.count() > 0 {
            self.native.pause(&running)?;
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), ReceiveError> {
        if self.paused.is_empty() {
            return Ok(());
        }
        let mut all = TopicPartitionList::with_capacity(self.paused.len());
        for (topic, partition) in &self.paused {
            all.add_partition(topic, *partition);
        }
        self.native.resume(&all)?;
        self.paused.clear();
        Ok(())
    }
}

impl Unread {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        Self {
            position: Position {
                topic: message.topic().into(),
                partition: message.partition(),
                offset: message.offset(),
            },
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers::of(message),
            timestamp: message.timestamp().to_millis(),
        }
    }
}

/// The next message. librdkafka wakes nobody while its queue is not empty, and rdkafka may take an event of its own from
/// it and go to sleep before the message behind (its issue 665); so we look again now and then.
async fn received(native: &StreamConsumer) -> Result<BorrowedMessage<'_>, KafkaError> {
    loop {
        if let Ok(received) = tokio::time::timeout(LOOK_AGAIN, native.recv()).await {
            return received;
        }
    }
}

async fn read<T>(
    decoder: &dyn Decoder<T>,
    side: Side,
    message: &Unread,
) -> Result<Option<T>, CodecError> {
    let bytes = match side {
        Side::Key => &message.key,
        Side::Value => &message.value,
    };
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    // The last one of a name counts.
    let header = message.headers.iter().rfind(|h| h.name == side.header());
    let source = Source {
        topic: &message.position.topic,
        bytes,
        header: header.and_then(|header| header.value.as_deref()),
    };
    let read = match decoder.decode_cached(&source) {
        Some(read) => read,
        None => decoder.decode(&source).await,
    };
    read.map(Some)
}

/// Adds the offset after a record.
fn add(
    list: &mut TopicPartitionList,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<(), KafkaError> {
    list.add_partition_offset(topic, partition, Offset::Offset(offset.saturating_add(1)))
}

/// Runs what blocks off the async threads.
async fn blocking(
    call: impl FnOnce() -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), ReceiveError> {
    match tokio::task::spawn_blocking(call).await {
        Ok(done) => Ok(done?),
        // The runtime is being shut down.
        Err(_) => Err(KafkaError::Canceled.into()),
    }
}
