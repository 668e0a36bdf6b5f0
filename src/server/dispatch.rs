//! One request from its head to its answer: id, path, route, types, bounds, handler, measures.

use super::body::{self, Bounds};
use super::error::{ApiError, Scene};
use super::metrics::{Metrics, Sample};
use super::query::Query;
use super::reply::Reply;
use super::routes::{self, Kind, Match, Route};
use super::{media, path, request_id};
use crate::model::{Subject, VersionSpec};
use crate::registry::refusal::Refusal;
use crate::server::Options;
use crate::service::{Fault, Intent, Service, Writes};
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::BytesMut;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct State {
    pub service: Arc<Service>,
    pub options: Options,
    pub metrics: Metrics,
    /// One permit per request that may be worked on.
    permits: Semaphore,
    room: body::Room,
}

impl State {
    pub fn new(service: Arc<Service>, options: Options) -> Self {
        Self {
            metrics: Metrics::new(service.meters()),
            service,
            room: body::Room::new(options.max_buffered_bytes.max(options.max_body_bytes)),
            permits: Semaphore::new(options.max_concurrent_requests.min(Semaphore::MAX_PERMITS)),
            options,
        }
    }
}

/// A request as a handler sees it.
#[derive(Debug)]
pub(crate) struct Call {
    pub state: Arc<State>,
    pub query: Query,
    endpoint: &'static str,
    parameters: Vec<String>,
    headers: HeaderMap,
    body: Body,
    /// Whether some of the request's body is still to be read.
    unread: Arc<AtomicBool>,
    held: body::Held,
}

impl Call {
    /// The service.
    pub fn service(&self) -> &Service {
        &self.state.service
    }

    /// The service's writing operations, which are only tried if the request says so.
    pub fn writes(&self) -> Writes<'_> {
        self.state.service.writes(if self.query.flag("dryRun") {
            Intent::DryRun
        } else {
            Intent::Commit
        })
    }

    /// The decoded segment in the place of the template's parameter with this number.
    pub fn parameter(&self, at: usize) -> &str {
        self.parameters.get(at).map_or("", String::as_str)
    }

    /// The first parameter as a subject.
    pub fn subject(&self) -> Subject {
        Subject::parse(self.parameter(0))
    }

    /// The second parameter as a version.
    pub fn version(&self) -> Result<VersionSpec, ApiError> {
        let text = self.parameter(1);
        VersionSpec::parse(text).ok_or_else(|| Refusal::InvalidVersion(text.to_owned()).into())
    }

    /// The body as a value. There is one body: a second call finds none. What it took of the room for bodies is
    /// kept until the request is answered, because the value takes as much.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        body::parse(&self.bytes(usize::MAX).await?)
    }

    /// The same of a body of at most so many bytes, in nothing but JSON.
    pub async fn strict_json<T: DeserializeOwned>(&mut self, most: usize) -> Result<T, ApiError> {
        body::parse_strictly(&self.bytes(most).await?)
    }

    async fn bytes(&mut self, most: usize) -> Result<BytesMut, ApiError> {
        let bounds = Bounds {
            bytes: self.state.options.max_body_bytes.min(most),
            time: self.state.options.body_read_timeout,
        };
        let body = std::mem::take(&mut self.body);
        self.held = body::read(body, &self.headers, bounds, &self.state.room).await?;
        self.unread.store(false, Ordering::Relaxed);
        let bytes = std::mem::take(&mut self.held.bytes);
        self.state.metrics.request_size(self.endpoint, bytes.len());
        Ok(bytes)
    }
}

/// What the path said, before anything is done about it.
struct Target {
    route: &'static Route,
    parameters: Vec<String>,
    query: Query,
}

enum Aim {
    Target(Target),
    /// `OPTIONS`: the methods of the path.
    Methods(String),
}

/// Answers one request.
pub(crate) async fn answer(state: Arc<State>, request: Request) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let request_id = request_id::of(request.headers());
    let uri = request.uri().clone();
    let negotiated = media::negotiate(request.headers());
    let in_flight = state.metrics.enter();
    let unread = Arc::new(AtomicBool::new(!request.body().is_end_stream()));

    let mut trace = Trace::default();
    let result = unwinding(work(&state, request, negotiated, &unread, &mut trace)).await;
    let mut response = result.unwrap_or_else(|error| {
        error.answer(&Scene {
            incompatible_code: state.options.incompatible_code,
            request_id: &request_id,
            failure: &|| trace.failure(),
            media: negotiated.unwrap_or(crate::wire::media::V1),
        })
    });
    let elapsed = started.elapsed();
    let status = response.status();
    let bytes = response.body().size_hint().exact().unwrap_or(0);
    if method == Method::HEAD {
        response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
        *response.body_mut() = Body::empty();
    }
    state.metrics.record(Sample {
        endpoint: trace.endpoint(),
        status: status.as_u16(),
        elapsed,
        bytes,
    });
    drop(in_flight);
    tracing::debug!(
        request_id = %request_id::text(&request_id),
        %method,
        path = uri.path(),
        status = status.as_u16(),
        bytes,
        micros = elapsed.as_micros() as u64,
        "request"
    );
    let headers = response.headers_mut();
    if unread.load(Ordering::Relaxed) {
        // What was not read stands in the way of the next request: say that there is none on this connection.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(request_id::X_REQUEST_ID, request_id);
    response
}

/// What is known of a request when it has been answered, or has failed on the way.
#[derive(Debug, Default)]
struct Trace(Option<(&'static Route, Vec<String>)>);

impl Trace {
    /// The name under which the request is measured.
    fn endpoint(&self) -> &'static str {
        self.0
            .as_ref()
            .map_or("unmatched", |(route, _)| route.endpoint)
    }

    /// What was tried.
    fn failure(&self) -> Cow<'static, str> {
        match &self.0 {
            Some((route, parameters)) => route.failure_with(parameters).into(),
            None => "Error while answering".into(),
        }
    }
}

/// Does what a request asks for.
async fn work(
    state: &Arc<State>,
    request: Request,
    negotiated: Option<&'static str>,
    unread: &Arc<AtomicBool>,
    trace: &mut Trace,
) -> Result<Response, ApiError> {
    if [Method::POST, Method::PUT, Method::DELETE].contains(request.method()) {
        // Which subject a write is for may depend on an alias that another node was told of just now.
        state.service.refresh().await;
    }
    let seen = state.service.place();
    let mut aimed = aim(state, &request)?;
    if let Aim::Target(target) = &aimed
        && request.method() == Method::GET
        && target.route.template.contains("{subject}")
        && let Some(subject) = target.parameters.first()
    {
        // The name may be an alias that another node was told of just now. The news may also come by
        // themselves, between the aim and the question whether the name is known.
        if !state.service.is_known(&Subject::parse(subject)) {
            state.service.refresh().await;
        }
        if state.service.place() != seen {
            aimed = aim(state, &request)?;
        }
    }
    match aimed {
        Aim::Methods(allow) => Ok(options(&allow)),
        Aim::Target(target) => {
            trace.0 = Some((target.route, target.parameters.clone()));
            admit(state, target, request, negotiated, unread).await
        }
    }
}

/// Finds out what a request is for.
fn aim(state: &State, request: &Request) -> Result<Aim, ApiError> {
    let uri = request.uri();
    let mut segments = path::segments(uri.path(), &state.options.base_path)?;
    let mut query = Query::parse(uri.query().unwrap_or_default());
    path::enter_context(&mut segments, &mut query)?;
    path::follow_alias(&mut segments, &mut query, |subject| {
        state.service.alias_of(subject)
    });
    match routes::find(request.method().as_str(), &segments) {
        Match::Found(route) => Ok(Aim::Target(Target {
            route,
            parameters: route.parameters(segments),
            query,
        })),
        Match::OtherMethods(methods) => {
            let allow = routes::allow(&methods);
            if request.method() == Method::OPTIONS {
                Ok(Aim::Methods(allow))
            } else {
                Err(ApiError::Method(allow))
            }
        }
        Match::Unknown => Err(ApiError::not_found()),
    }
}

/// Lets a request in, if its types are ours and there is room.
async fn admit(
    state: &Arc<State>,
    target: Target,
    request: Request,
    negotiated: Option<&'static str>,
    unread: &Arc<AtomicBool>,
) -> Result<Response, ApiError> {
    let route = target.route;
    let (parts, body) = request.into_parts();
    let _permit = match route.kind {
        Kind::Operations => None,
        Kind::Api => {
            if negotiated.is_none() {
                return Err(ApiError::Http(
                    StatusCode::NOT_ACCEPTABLE,
                    "HTTP 406 Not Acceptable".into(),
                ));
            }
            if has_body(route) && !media::accepts_body(&parts.headers) {
                return Err(ApiError::Http(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "HTTP 415 Unsupported Media Type".into(),
                ));
            }
            let permit = state.permits.try_acquire().map_err(|_| {
                ApiError::Overload("The registry works on too many requests, try again")
            })?;
            Some(permit)
        }
    };
    if parts.method != Method::GET {
        // Whatever the request is for: who meant to try it must not find that it was done.
        target.query.dry_run()?;
    }
    let call = Call {
        state: Arc::clone(state),
        query: target.query,
        endpoint: route.endpoint,
        parameters: target.parameters,
        headers: parts.headers,
        body,
        unread: Arc::clone(unread),
        held: body::Held::default(),
    };
    let handling = (route.handler)(call);
    let reply: Reply = tokio::time::timeout(state.options.request_timeout, handling)
        .await
        .map_err(|_| ApiError::Hangup(StatusCode::GATEWAY_TIMEOUT, "Request timed out".into()))??;
    Ok(reply.into_response(negotiated.unwrap_or(crate::wire::media::V1)))
}

fn has_body(route: &Route) -> bool {
    matches!(route.method, "POST" | "PUT")
}

fn options(allow: &str) -> Response {
    let mut response = Response::default();
    if let Ok(value) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

/// Runs the work on a request so that a panic in it costs this request and no other.
async fn unwinding<T>(work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    let mut work = pin!(work);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(ApiError::Fault(Fault::Bug(describe(panic.as_ref()))))),
        },
    )
    .await
}

fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("of an unknown kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_fault() {
        let result: Result<(), ApiError> = unwinding(async { panic!("on purpose: {}", 1) }).await;
        match result {
            Err(ApiError::Fault(Fault::Bug(text))) => assert_eq!(text, "panic: on purpose: 1"),
            other => panic!("{other:?}"),
        }
    }
}
