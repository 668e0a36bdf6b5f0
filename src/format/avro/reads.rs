//! Only whether a reader's type reads a writer's, without the reasons: what a union asks about its branches.
//!
//! Reasons would cost too much here: in a union of a thousand records nearly every pair of branches differs.
//! A pair that is being judged counts as readable; what was concluded from that is forgotten if it turns out
//! to be wrong, so no answer rests on a refuted assumption.

use super::diff::{
    Comparison, Judged, Stop, alias_cost, ambiguous, names_match, promotes, source_of,
};
use super::link::WALK_DEPTH;
use super::model::{Enum, Field, Kind, Record, TypeId};
use std::collections::HashMap;

type Pair = (TypeId, TypeId);

/// The depth of the outermost open pair that a "yes" assumes to be readable; this, if it assumes none.
const CERTAIN: usize = usize::MAX;

enum Answer {
    Open(usize),
    /// With the depth of the outermost assumption.
    Yes(usize),
    No,
}

/// The answers so far.
#[derive(Default)]
pub(super) struct Answers {
    known: HashMap<Pair, Answer>,
    /// The pairs whose "yes" rests on an assumption, oldest first.
    assumed: Vec<Pair>,
    open: usize,
}

impl<'a> Comparison<'a> {
    /// Whether `r` reads `w`.
    pub(super) fn reads(&mut self, r: TypeId, w: TypeId) -> Result<bool, Stop> {
        Ok(self.answer(r, w)?.is_some())
    }

    /// `None` for no; for yes, the depth of the outermost assumption.
    fn answer(&mut self, r: TypeId, w: TypeId) -> Result<Option<usize>, Stop> {
        self.step(1)?;
        if let (Kind::Primitive(r), Kind::Primitive(w)) = (self.reader.kind(r), self.writer.kind(w))
        {
            return Ok(promotes(*w, *r).then_some(CERTAIN));
        }
        match self.judged.get(&(r, w)) {
            // If that pair fails in the end, the whole comparison fails, whatever is answered here.
            Some(Judged::InProgress) => return Ok(Some(CERTAIN)),
            Some(Judged::Done(list)) => return Ok(list.is_empty().then_some(CERTAIN)),
            None => {}
        }
        match self.answers.known.get(&(r, w)) {
            Some(Answer::Open(depth) | Answer::Yes(depth)) => return Ok(Some(*depth)),
            Some(Answer::No) => return Ok(None),
            None => {}
        }
        self.step(alias_cost(self.reader.kind(r)))?;
        let depth = self.answers.open;
        if self.depth + depth >= WALK_DEPTH {
            return Err(Stop::TooComplex);
        }
        self.answers.open += 1;
        self.answers.known.insert((r, w), Answer::Open(depth));
        let mark = self.answers.assumed.len();
        let inside = self.inside(r, w)?;
        self.answers.open -= 1;
        let answers = &mut self.answers;
        let (answer, result) = match inside {
            None => {
                for pair in answers.assumed.drain(mark..) {
                    answers.known.remove(&pair);
                }
                (Answer::No, None)
            }
            Some(outermost) if outermost >= depth => {
                for pair in answers.assumed.drain(mark..) {
                    answers.known.insert(pair, Answer::Yes(CERTAIN));
                }
                (Answer::Yes(CERTAIN), Some(CERTAIN))
            }
            Some(outermost) => {
                answers.assumed.push((r, w));
                (Answer::Yes(outermost), Some(outermost))
            }
        };
        self.answers.known.insert((r, w), answer);
        Ok(result)
    }

    fn inside(&mut self, r: TypeId, w: TypeId) -> Result<Option<usize>, Stop> {
        let (reader, writer) = (self.reader, self.writer);
        match (reader.kind(r), writer.kind(w)) {
            (_, Kind::Union(branches)) => {
                let mut all = All::new();
                for &branch in branches {
                    all.and(self.answer(r, branch)?);
                    if all.failed() && !self.thorough {
                        break;
                    }
                }
                Ok(all.0)
            }
            (Kind::Union(branches), _) => {
                for &branch in branches {
                    if let Some(depth) = self.answer(branch, w)? {
                        return Ok(Some(depth));
                    }
                }
                Ok(None)
            }
            (Kind::Array(r), Kind::Array(w)) | (Kind::Map(r), Kind::Map(w)) => self.answer(*r, *w),
            (Kind::Fixed(r), Kind::Fixed(w)) => {
                Ok((names_match(&r.named, &w.named) && r.size == w.size).then_some(CERTAIN))
            }
            (Kind::Enum(r), Kind::Enum(w)) => {
                if !names_match(&r.named, &w.named) {
                    return Ok(None);
                }
                self.step(w.symbols.len())?;
                let all = r.default.is_some() || w.symbols.iter().all(|s| r.known.contains(s));
                Ok(all.then_some(CERTAIN))
            }
            (Kind::Record(r), Kind::Record(written)) => {
                let mut all = All::new();
                if !names_match(&r.named, &written.named) {
                    all.and(None);
                }
                for (i, field) in r.fields.iter().enumerate() {
                    if all.failed() && !self.thorough {
                        break;
                    }
                    let answer = self.field_answer(field, i, w, written)?;
                    all.and(answer);
                }
                Ok(all.0)
            }
            _ => Ok(None),
        }
    }

    fn field_answer(
        &mut self,
        field: &'a Field,
        position: usize,
        w: TypeId,
        record: &'a Record,
    ) -> Result<Option<usize>, Stop> {
        self.step(1 + field.aliases.len())?;
        match source_of(field, record) {
            Err(()) => Err(ambiguous(
                self.reader,
                self.writer,
                field,
                position,
                w,
                String::new(),
            )),
            Ok(Some(source)) => self.answer(field.of, source.of),
            Ok(None) if field.default.is_some() => Ok(Some(CERTAIN)),
            Ok(None) => match self.reader.kind(field.of) {
                Kind::Enum(Enum {
                    default: Some(_), ..
                }) => self.answer(field.of, w),
                _ => Ok(None),
            },
        }
    }
}

/// Several answers that must all be yes.
struct All(Option<usize>);

impl All {
    fn new() -> Self {
        Self(Some(CERTAIN))
    }

    fn and(&mut self, answer: Option<usize>) {
        self.0 = match (self.0, answer) {
            (Some(a), Some(b)) => Some(a.min(b)),
            _ => None,
        };
    }

    fn failed(&self) -> bool {
        self.0.is_none()
    }
}
