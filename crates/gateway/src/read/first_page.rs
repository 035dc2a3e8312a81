//! The first page of a collection that is sent before its end is known.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use nextlink_odata::json::Format;
use nextlink_odata::query::Query;
use nextlink_results::gzip::GzipMember;
use nextlink_results::token::Token;

use crate::affinity;
use crate::answer::Refusal;
use crate::body::{Body, Broken, Pieces};
use crate::delivery::{Event, Next};
use crate::envelope::{Envelope, NextLink};
use crate::kept::kept_position;
use crate::link_parts::LinkForm;
use crate::observe::{Event as Happened, event};
use crate::page::unstored_changes;
use crate::request::Request;
use crate::response::CancelGuard;
use crate::state::State;
use crate::way::Receiver;

/// What is needed to close a first page.
pub(super) struct Closing {
    state: Arc<State>,
    pub(super) envelope: Envelope,
    format: Format,
    binding: Vec<u8>,
    /// Makes the link for a token.
    link: Box<dyn Fn(&str) -> String + Send>,
    /// Makes the link to rows that are not stored.
    skip_link: Box<dyn Fn(u64) -> String + Send>,
    /// Makes the link to what changes from now on.
    delta_link: Box<dyn Fn(&str) -> String + Send>,
    source: String,
    trace: String,
}

impl Closing {
    pub(super) fn new(
        state: &Arc<State>,
        request: &Request,
        query: &Query,
        format: Format,
        envelope: Envelope,
    ) -> Closing {
        let form = LinkForm { short: request.needs_short_link(), calls: query.calls() };
        let (skip, top) = (query.skip, query.top);
        let parts = request.link_parts();
        let (again, followed) = (parts.clone(), parts.clone());
        Closing {
            state: Arc::clone(state),
            envelope,
            format,
            binding: request.binding(form),
            link: Box::new(move |token| parts.page_link(token, form)),
            skip_link: Box::new(move |rows| again.skip_link(rows, skip, top)),
            delta_link: Box::new(move |token| followed.delta_link(token)),
            source: request.slot.name.clone(),
            trace: request.trace.clone(),
        }
    }

    /// Everything behind the rows.
    pub(super) fn text(&self, next: Next) -> Result<String, Refusal> {
        let link = match next {
            Next::Nothing => {
                return Ok(match &self.envelope.delta {
                    Some(token) => Envelope::close_followed(self.format, &(self.delta_link)(token)),
                    None => Envelope::close(self.format, None),
                });
            }
            Next::Unstored { .. } if self.envelope.is_delta() => return Err(unstored_changes()),
            Next::Stored { id, generation, owner, rows, position } => {
                let token = Token {
                    result: id,
                    owner,
                    generation,
                    page: 0,
                    first_row: rows,
                    rows_left: None,
                    extra: kept_position(&position),
                };
                let token = self.state.tokens.seal(&token, &self.binding)?;
                let token = affinity::routed(affinity::own_route(&self.state).as_deref(), &token);
                Some(NextLink { url: (self.link)(&token), snapshot: true })
            }
            Next::Unstored { rows } => Some(NextLink { url: (self.skip_link)(rows), snapshot: false }),
        };
        Ok(Envelope::close(self.format, link.as_ref()))
    }

    /// The answer has begun, so it can only be broken off.
    fn broken(&self, cause: &str) -> Broken {
        event(&Happened::BrokenOff { source: &self.source, trace: &self.trace, cause });
        Broken
    }
}

/// A first page that is sent as it is made.
pub(super) struct FirstPage {
    waiting: VecDeque<Bytes>,
    /// What follows the page, once all of it is here.
    end: Option<Next>,
    receiver: Receiver<Event>,
    gzip: Option<GzipMember>,
    closing: Option<Closing>,
    guard: CancelGuard,
}

impl FirstPage {
    /// Puts a page in as the body, which begins with what is here of it; the rest comes from `receiver`.
    pub(super) fn begin(
        response: &mut Response<Body>,
        compress: bool,
        (open, pieces): (String, Vec<Bytes>),
        (receiver, closing, guard): (Receiver<Event>, Closing, CancelGuard),
    ) {
        let mut gzip = compress.then(GzipMember::default);
        let first = match &mut gzip {
            Some(member) => {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                member.plain(open.as_bytes())
            }
            None => Bytes::from(open),
        };
        let rest =
            FirstPage { waiting: pieces.into(), end: None, receiver, gzip, closing: Some(closing), guard };
        *response.body_mut() = Body::Stream(Some(first), Box::new(rest));
    }

    fn rows(&mut self, piece: Bytes) -> Bytes {
        match &mut self.gzip {
            Some(member) => member.plain(&piece),
            None => piece,
        }
    }

    fn close(&mut self, next: Next) -> Option<Result<Bytes, Broken>> {
        self.guard.release();
        let closing = self.closing.take()?;
        match closing.text(next) {
            Ok(text) => Some(Ok(match self.gzip.take() {
                Some(member) => member.finish(text.as_bytes()),
                None => Bytes::from(text),
            })),
            Err(refusal) => Some(Err(closing.broken(refusal.cause_or_message()))),
        }
    }

    /// Ends what is stored behind a page that nobody gets to the end.
    fn forsake(&mut self, closing: &Closing) {
        // Nothing can be put in from here on.
        let mut next = self.end.take();
        for left in self.receiver.close() {
            if let Event::End(_, follows) = left {
                next = Some(follows);
            }
        }
        if let (Some(Next::Stored { id, .. }), Ok(runtime)) = (next, tokio::runtime::Handle::try_current()) {
            let store = Arc::clone(&closing.state.store);
            runtime.spawn_blocking(move || store.end(id));
        }
    }
}

impl Drop for FirstPage {
    /// A client that went away before it got the link will not ask for the rest.
    fn drop(&mut self) {
        if let Some(closing) = self.closing.take() {
            self.forsake(&closing);
        }
    }
}

impl Pieces for FirstPage {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Poll::Ready(Some(Ok(self.rows(piece))));
            }
            if let Some(next) = self.end.clone() {
                return Poll::Ready(self.close(next));
            }
            if self.closing.is_none() {
                return Poll::Ready(None);
            }
            match ready!(self.receiver.poll_recv(cx)) {
                Some(Event::Count(_)) => {}
                Some(Event::Bytes(pieces)) => self.waiting.extend(pieces),
                Some(Event::End(pieces, next)) => {
                    self.waiting.extend(pieces);
                    self.end = Some(next);
                }
                Some(Event::Failed(refusal)) => {
                    return Poll::Ready(
                        self.closing.take().map(|closing| Err(closing.broken(refusal.cause_or_message()))),
                    );
                }
                None => {
                    return Poll::Ready(self.closing.take().map(|closing| {
                        self.forsake(&closing);
                        Err(closing.broken(self.receiver.why_ended()))
                    }));
                }
            }
        }
    }
}
