//! Validating one record against a version of a subject, without writing anything. Ours: the contract has no such call.

use super::index::Index;
use super::library::{Library, Stop};
use super::lookup::Found;
use super::query::{self, Deleted};
use super::refusal::Refusal;
use crate::format::avro::Notation;
use crate::format::record::{self, Checked, Limits, Message, Problem, Record, Unchecked};
use crate::model::{SchemaType, Subject, VersionSpec};
use crate::wire::frame::{self, SchemaKey};
use crate::wire::{RecordError, ValidateRequest, ValidateResponse};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The standard alphabet, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Subjects that are named when a frame leads to another schema.
const NAMED: usize = 3;

/// The verdict on a record. The version is found as reading it finds it.
pub fn validate(
    library: &Library<'_>,
    subject: &Subject,
    version: VersionSpec,
    deleted: Deleted,
    request: &ValidateRequest,
) -> Result<ValidateResponse, Stop> {
    let given = Given::of(request)?;
    let found = query::version_anywhere(library.index, subject, version, deleted)?;
    let reading = library.stored(&found.schema)?;
    let check = |record: &Record<'_>, message: Message<'_>| {
        record::check(&reading.parsed, record, message, &Limits::default())
            .map_err(|unchecked| Stop::from(Refusal::from(unchecked)))
    };
    let named = request.message.as_deref();
    let message = named.map_or(Message::First, Message::Named);
    let checked = match given {
        Given::Record(text, notation) => check(&Record::Json(text, notation), message)?,
        Given::Payload(text) => {
            let bytes = decoded("payload", text)?;
            check(&Record::Bytes(&bytes), message)?
        }
        Given::Framed(text) => {
            let bytes = decoded("framed", text)?;
            match unframed(library.index, &found, &bytes) {
                Err(problem) => one(problem),
                Ok((indexes, rest)) => check(&Record::Bytes(rest), Message::At(&indexes))?,
            }
        }
    };
    Ok(ValidateResponse {
        valid: checked.problems.is_empty(),
        errors: checked.problems.into_iter().map(told).collect(),
        truncated: checked.truncated.then_some(true),
        id: found.record.id,
        version: found.record.version,
        schema_type: found.schema.schema_type,
    })
}

/// What a request gives to be validated.
enum Given<'a> {
    Record(&'a str, Notation),
    Payload(&'a str),
    Framed(&'a str),
}

impl<'a> Given<'a> {
    fn of(request: &'a ValidateRequest) -> Result<Self, Refusal> {
        let invalid = |why: &str| Err(Refusal::InvalidValidation(why.to_owned()));
        let notation = match request.encoding.as_deref() {
            None | Some("json") => Notation::Plain,
            Some("avro-json") => Notation::Tagged,
            Some(_) => return invalid("The valid values of encoding are json and avro-json."),
        };
        if request.encoding.is_some() && request.record.is_none() {
            return invalid("An encoding goes with a record.");
        }
        if request.message.is_some() && request.framed.is_some() {
            return invalid("A frame says itself which message it holds.");
        }
        match (&request.record, &request.payload, &request.framed) {
            (Some(record), None, None) => Ok(Self::Record(record.get(), notation)),
            (None, Some(payload), None) => Ok(Self::Payload(payload)),
            (None, None, Some(framed)) => Ok(Self::Framed(framed)),
            _ => invalid("Exactly one of record, payload and framed has to be given."),
        }
    }
}

fn decoded(what: &str, text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64
        .decode(text)
        .map_err(|error| Refusal::InvalidValidation(format!("The {what} is no base64: {error}")))
}

/// Takes the frame off: the message indexes and the payload, or why this is no record of the version.
fn unframed<'b>(
    index: &Index,
    found: &Found,
    bytes: &'b [u8],
) -> Result<(Vec<i32>, &'b [u8]), Problem> {
    let broken = |error: frame::FrameError| {
        Problem::new(
            "a record framed as Confluent's clients do",
            error.to_string(),
        )
    };
    let (key, rest) = frame::split(bytes).map_err(broken)?;
    let is_this = match key {
        // An id of other numbers may stand for the same content, after imports.
        SchemaKey::Id(id) => {
            id == found.record.id
                || (index.schema(found.subject.context(), id))
                    .is_some_and(|schema| schema.guid == found.schema.guid)
        }
        SchemaKey::Guid(guid) => guid == found.schema.guid,
    };
    if !is_this {
        let wanted = match key {
            SchemaKey::Id(_) => format!("the schema id {}", found.record.id),
            SchemaKey::Guid(_) => format!("the schema GUID {}", found.schema.guid),
        };
        let expected = format!(
            "{wanted}, of {} version {}",
            found.subject, found.record.version
        );
        return Err(Problem::new(expected, named(index, found, key)));
    }
    match found.schema.schema_type {
        SchemaType::Protobuf => frame::read_indexes(rest).map_err(broken),
        SchemaType::Avro | SchemaType::Json => Ok((vec![0], rest)),
    }
}

/// Which schema a frame names, as far as it is known in the version's context.
fn named(index: &Index, found: &Found, key: SchemaKey) -> String {
    let context = found.subject.context();
    let (what, id) = match key {
        SchemaKey::Id(id) => (format!("the schema id {id}"), Some(id)),
        SchemaKey::Guid(guid) => (
            format!("the schema GUID {guid}"),
            index.ids_of(context, &guid).first().copied(),
        ),
    };
    let holders: Vec<String> = id
        .into_iter()
        .flat_map(|id| index.holders(context, id))
        .take(NAMED)
        .map(|(subject, record)| format!("{subject} version {}", record.version))
        .collect();
    match (
        holders.is_empty(),
        id.and_then(|id| index.schema(context, id)),
    ) {
        (false, _) => format!("{what}, of {}", holders.join(", ")),
        (true, Some(_)) => format!("{what}, of no subject any more"),
        (true, None) => format!("{what}, which is unknown here"),
    }
}

fn one(problem: Problem) -> Checked {
    Checked {
        problems: vec![problem],
        truncated: false,
    }
}

fn told(problem: Problem) -> RecordError {
    let path: String = (problem.path.iter())
        .map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1")))
        .collect();
    let mut message = match path.as_str() {
        "" => format!("expected {}", problem.expected),
        path => format!("at {path}: expected {}", problem.expected),
    };
    if !problem.found.is_empty() {
        message.push_str(", found ");
        message.push_str(&problem.found);
    }
    if !problem.place.is_empty() {
        message.push_str(" (schema ");
        message.push_str(&problem.place);
        message.push(')');
    }
    RecordError {
        path,
        expected: problem.expected,
        found: problem.found,
        message,
    }
}

impl From<Unchecked> for Refusal {
    fn from(unchecked: Unchecked) -> Self {
        match unchecked {
            Unchecked::TooMuch(what) => Self::RecordTooComplex(what),
            Unchecked::Question(why) => Self::InvalidValidation(format!("{why}.")),
            schema @ Unchecked::Schema(_) => Self::InvalidSchema(schema.to_string()),
        }
    }
}
