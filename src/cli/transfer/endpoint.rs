//! A registry at one end of a move, and what it is asked.

use crate::cli::exit::Failure;
use crate::client::{ClientError, Method, RegistryClient, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A registry, and how many requests it gets at a time.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Endpoint {
    pub client: RegistryClient,
    pub jobs: usize,
}

/// An answer as it came, whatever it says: what two registries are compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Success(Vec<u8>),
    /// The status, and the registry's code and message.
    Refusal(u16, String),
}

impl Endpoint {
    pub async fn ask(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Vec<u8>, ClientError> {
        let body = body.map(|value| value.to_string().into_bytes().into());
        let request = Request::new(method, segments, query, body)?;
        Ok(self.client.send(&request).await?.body.to_vec())
    }

    /// An answer of a certain form.
    pub async fn get<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        let body = self.ask(Method::Get, segments, query, None).await?;
        read(segments, &body)
    }

    /// The same, or nothing where there is no such thing or no such route.
    pub async fn maybe<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<T>, ClientError> {
        match self.get(segments, query).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is answered, refusals included.
    pub async fn told(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Told, Failure> {
        match self.ask(Method::Get, segments, query, None).await {
            Ok(body) => Ok(Told::Success(body)),
            Err(ClientError::Refused {
                status,
                code,
                message,
                ..
            }) if status < 500 => Ok(Told::Refusal(status, format!("{code}: {message}"))),
            Err(error) => Err(error.into()),
        }
    }

    /// The number that changes with every write; only Accord has one.
    pub async fn revision(&self) -> Result<Option<i64>, ClientError> {
        let answer: Option<Value> = self.maybe(&["accord", "v1", "revision"], &[]).await?;
        Ok(answer.and_then(|value| value.get("revision")?.as_i64()))
    }
}

/// Whether there is no such thing, or no such route.
pub(super) fn is_absent(error: &ClientError) -> bool {
    matches!(error.status(), Some(404 | 405))
}

/// Whether the registry understood and said no, so that asking again is of no use and other requests may succeed.
pub(super) fn is_refusal(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Refused {
            status: 400 | 404 | 409 | 413 | 422,
            ..
        }
    )
}

fn read<T: DeserializeOwned>(segments: &[&str], body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|error| {
        ClientError::Invalid(
            format!(
                "the answer of /{} is not as expected: {error}",
                segments.join("/")
            )
            .into(),
        )
    })
}
