//! The bodies of the HTTP API: what clients send, what they get, and how records are framed.
//!
//! Knows the words of [`crate::model`] and nothing of how they are decided, so that a client needs no engine.

mod error;
pub mod frame;
pub mod media;
mod request;
mod response;

pub use error::{ErrorBody, ErrorCode};
pub use request::{
    ConfigRequest, ModeRequest, ReferenceBody, RegisterRequest, SchemaEntity, SchemaTags,
    TagSchemaRequest, UnknownName, ValidateRequest,
};
pub use response::{
    CompatibilityResponse, ConfigResponse, ConfigUpdateResponse, ContextIdResponse,
    DeploymentResponse, ModeResponse, RecordError, RegisterResponse, SchemaResponse,
    SchemaStringResponse, ServerClusterResponse, SubjectVersionResponse, ValidateResponse,
    VersionResponse,
};
