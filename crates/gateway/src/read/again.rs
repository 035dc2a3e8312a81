//! Answers a request that is like an earlier one but for the value of its key: nothing is parsed, bound, agreed on or planned.

use std::sync::Arc;

use http::{HeaderMap, Response};
use nextlink_db::error::Error as DbError;
use nextlink_db::run::{Cancel, Outcome};
use nextlink_odata::json::{PageLimits, PageWriter};

use super::single;
use crate::answer::Refusal;
use crate::body::Body;
use crate::conditions::{tell_etag, unless_holds};
use crate::delivery::Whole;
use crate::headers::SERVER_TIMING;
use crate::repeat::{Kept, Repeat};
use crate::response::{Stages, compressed};
use crate::served::{Served, in_doubt};
use crate::slot::Slot;
use crate::state::State;

/// One row, of any length.
const ONE_ROW: PageLimits =
    PageLimits { rows: 1, bytes: usize::MAX, batch_bytes: usize::MAX, total: u64::MAX };

/// What such a request is answered with.
type Answered = Result<Response<Body>, Refusal>;

/// Answers at once, if there was such a request before and its source can be read at once. None where that is not so, and
/// where there is no row: then the request goes through all stages.
pub fn at_once(slot: &Slot, served: Arc<Served>, repeat: &Repeat, headers: &HeaderMap) -> Option<Answered> {
    let again = Again::find(served, repeat)?;
    let mut writer = again.writer();
    let ran = again.served.source.run_now(&again.kept.program, repeat.key(), &mut writer)?;
    again.answer(slot, headers, writer, ran)
}

/// The same for a source that is awaited.
pub async fn awaited(state: &State, slot: &Slot, repeat: &Repeat, headers: &HeaderMap) -> Option<Answered> {
    let served = slot.served(None).ok().filter(|served| !served.source.reads_at_once())?;
    let again = Again::find(served, repeat)?;
    let mut writer = again.writer();
    let options = || state.run_options(slot, Cancel::default(), None);
    let source = &again.served.source;
    let ran = source.run_point(&again.kept.program, Some(repeat.key()), options, &mut writer).await?;
    again.answer(slot, headers, writer, ran)
}

/// A request that there was before, but for its key.
struct Again {
    served: Arc<Served>,
    kept: Arc<Kept>,
    stages: Stages,
}

impl Again {
    fn find(served: Arc<Served>, repeat: &Repeat) -> Option<Again> {
        let kept = served.repeats.get(repeat)?;
        Some(Again { served, kept, stages: Stages::start() })
    }

    fn writer(&self) -> PageWriter<Whole> {
        PageWriter::new(Arc::clone(&self.kept.shape), ONE_ROW, Whole::default())
    }

    fn answer(
        mut self,
        slot: &Slot,
        conditions: &HeaderMap,
        writer: PageWriter<Whole>,
        ran: Result<Outcome, DbError>,
    ) -> Option<Answered> {
        let outcome = match ran {
            Ok(outcome) => outcome,
            // It goes through all stages, where there is time to find out.
            Err(error) if in_doubt(&self.kept.program, &error) => return None,
            Err(error) => return Some(Err(slot.refusal((&self.served, &self.kept.program), error, false))),
        };
        if outcome.rows == 0 {
            return None;
        }
        self.stages.end("rows");
        let etag = writer.last_etag().header(false);
        if etag.is_some() {
            match unless_holds(conditions, etag.as_deref(), self.kept.version) {
                Ok(None) => {}
                known => return known.transpose(),
            }
        }
        let text = single::object(self.kept.context.as_deref(), &writer.finish().bytes);
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = self.kept.headers.clone();
        if let Some(header) = self.stages.header() {
            response.headers_mut().insert(SERVER_TIMING, header);
        }
        tell_etag(&mut response, etag.as_deref());
        Some(Ok(compressed(self.kept.gzip, response, vec![text.into()])))
    }
}
