//! The way of a result out of the thread that reads rows: the first page to the client, the rest to the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nextlink_odata::json::{PageEnd, PageOutput};
use nextlink_odata::rows::Flow;
use nextlink_results::{
    After, Codec, CreateError, MAX_POSITION_BYTES, NewResult, NodeId, PageIn, Recovery, ResultId,
    ResultWriter, Store,
};
use tokio::sync::oneshot;

use crate::answer::Refusal;
use crate::cluster::Cluster;
use crate::envelope::Envelope;
use crate::kept;
use crate::observe::{Event as Happened, event};
use crate::state::Held;
use crate::turns::{Place, Places};
use crate::way::{Sender, Sent};

/// Room for the next chunk.
const CHUNK_ROOM: usize = 72 * 1024;
/// Bytes of a first page that are gathered before it is streamed: pages below are sent whole, with their length.
const GATHER_BYTES: usize = 512 * 1024;
/// How long chunks are gathered; rows that come slowly are streamed.
const GATHER_TIME: Duration = Duration::from_millis(50);
/// How long the link to the second page waits for the registry, which mostly knows within a millisecond or two.
pub const REGISTERED: Duration = Duration::from_millis(500);

/// Why rows are not stored where others have all places.
pub const NO_PLACE: &str = "half of the connections or of the statements that may run (`connections`, `queries`) are storing rows already";

/// What the reading thread tells of the first page.
#[derive(Debug)]
pub enum Event {
    /// The number of all rows.
    Count(u64),
    /// Bytes of rows.
    Bytes(Vec<Bytes>),
    /// The last bytes of the first page, and what follows it.
    End(Vec<Bytes>, Next),
    /// There is nothing to send; why.
    Failed(Box<Refusal>),
}

impl Sent for Event {
    fn weight(&self) -> usize {
        match self {
            Event::Bytes(chunks) | Event::End(chunks, _) => chunks.iter().map(Bytes::len).sum(),
            Event::Count(_) | Event::Failed(_) => 0,
        }
    }

    fn forget(&mut self) {
        if let Event::Bytes(chunks) | Event::End(chunks, _) = self {
            *chunks = Vec::new();
        }
    }
}

/// What follows the first page.
#[derive(Debug, Clone)]
pub enum Next {
    /// Nothing.
    Nothing,
    /// Pages of a stored result.
    Stored {
        /// The result.
        id: ResultId,
        /// Its execution.
        generation: u32,
        /// The node it lies on.
        owner: NodeId,
        /// Rows of the first page.
        rows: u64,
        /// Where its last row stands.
        position: Vec<u8>,
    },
    /// Rows that are not stored: so many rows of them are out.
    Unstored {
        /// Rows of the first page.
        rows: u64,
    },
}

/// What is needed to store a result.
pub struct Storing {
    /// The store.
    pub store: Arc<Store>,
    /// The other nodes, which may get copies.
    pub cluster: Option<Arc<Cluster>>,
    /// The source's name.
    pub source: String,
    /// Who asks.
    pub user: String,
    /// For the log.
    pub trace: String,
    /// Compression of stored pages.
    pub codec: Codec,
    /// Envelope and form of all pages; the count is put in when it is known.
    pub envelope: Envelope,
    /// What stands before the tokens of its links.
    pub route: Option<String>,
    /// The form of the rows, as text.
    pub form: String,
    /// What can be done when the result is lost.
    pub recovery: Recovery,
    /// What the statement holds while rows are stored.
    pub held: Held,
    /// Places for such statements.
    pub places: Places,
}

impl Storing {
    /// Begins a stored result at a row, behind the one that stands at `position`; its pages are about as large as the
    /// first one.
    fn begin(
        &self,
        first_row: u64,
        page_bytes: u64,
        after: Option<After>,
        position: &[u8],
    ) -> Result<ResultWriter, CreateError> {
        self.store.create(NewResult {
            source: self.source.clone(),
            user: self.user.clone(),
            meta: kept::meta(&self.envelope, &self.form, self.route.as_deref(), position),
            codec: self.codec,
            first_row,
            recovery: self.recovery,
            page_bytes,
            after,
        })
    }
}

/// How a result begins that is stored from its first page on.
#[derive(Debug)]
pub enum Begun {
    /// It is being made.
    Stored {
        /// The result.
        id: ResultId,
        /// Its execution.
        generation: u32,
        /// The node it lies on.
        owner: NodeId,
    },
    /// It cannot be stored.
    NotStored,
    /// The source failed before.
    Failed(Box<Refusal>),
}

/// Takes pages in the thread that reads rows.
pub struct Delivery {
    storing: Storing,
    handle: tokio::runtime::Handle,
    /// The way to the client, until the first page is complete.
    client: Option<Sender<Event>>,
    writer: Option<ResultWriter>,
    /// Its place among the statements whose rows are stored.
    place: Option<Place>,
    /// Who waits to hear of a result that is stored as a whole, until it has begun.
    waits: Option<oneshot::Sender<Begun>>,
    body: Vec<u8>,
    /// Where the last row of the page stands.
    position: Vec<u8>,
    /// Chunks of the first page that are not sent yet; none once it is being streamed.
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    started: Instant,
    streaming: bool,
    /// The first page is not sent before it is complete.
    keeps: bool,
}

impl Delivery {
    /// A delivery to a client.
    pub fn new(storing: Storing, client: Sender<Event>) -> Delivery {
        Delivery { client: Some(client), ..Delivery::to_store(storing) }
    }

    /// A delivery to the store alone.
    fn to_store(storing: Storing) -> Delivery {
        Delivery {
            storing,
            handle: tokio::runtime::Handle::current(),
            client: None,
            writer: None,
            place: None,
            waits: None,
            body: Vec::new(),
            position: Vec::new(),
            gathered: Vec::new(),
            gathered_bytes: 0,
            started: Instant::now(),
            streaming: false,
            keeps: false,
        }
    }

    /// Keeps the first page until it is complete.
    pub fn keep_first_page(&mut self) {
        self.keeps = true;
    }

    /// A delivery of all pages to the store, from the first one on; the result begins with the number of all rows, or before.
    pub fn later(storing: Storing, place: Place, waits: oneshot::Sender<Begun>) -> Delivery {
        Delivery { place: Some(place), waits: Some(waits), ..Delivery::to_store(storing) }
    }

    /// Begins a result that is stored as a whole, if it has not begun.
    pub fn begin(&mut self) {
        let Some(waits) = self.waits.take() else {
            return;
        };
        let begun = match self.storing.begin(0, 0, None, &[]) {
            Ok(writer) => {
                let (id, generation, owner) = (writer.id(), writer.generation(), writer.owner());
                self.replicate((id, generation));
                writer.wait_registered(REGISTERED);
                self.writer = Some(writer);
                Begun::Stored { id, generation, owner }
            }
            Err(error) => {
                let (source, trace) = (self.storing.source.as_str(), self.storing.trace.as_str());
                event(&Happened::NotStored { source, trace, cause: &error.to_string() });
                Begun::NotStored
            }
        };
        // Whoever asked is gone: nobody knows of the result.
        if waits.send(begun).is_err()
            && let Some(writer) = self.writer.take()
        {
            writer.cancel();
        }
    }

    /// A delivery of the rest of a lost result, whose first page was sent long ago; gives the number of the execution,
    /// too.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn resume(
        storing: Storing,
        after: After,
        first_row: u64,
        position: &[u8],
    ) -> Result<(Delivery, u32), CreateError> {
        let writer = storing.begin(first_row, 0, Some(after), position)?;
        let key = (writer.id(), writer.generation());
        // Whoever was given a link is not kept waiting for a place.
        let place = storing.places.try_take();
        let delivery = Delivery { writer: Some(writer), place, ..Delivery::to_store(storing) };
        delivery.replicate(key);
        Ok((delivery, key.1))
    }

    fn send(&mut self, sent: Event) -> Flow {
        self.client.as_mut().map_or(Flow::Stop, |client| client.send(sent))
    }

    /// Begins to store what is behind the first page; says why not, where it cannot.
    fn store_rest(&mut self, rows: u64, position: &[u8]) -> Result<ResultWriter, String> {
        let storing = &self.storing;
        self.place = if storing.envelope.is_delta() {
            // Changes that are not stored cannot be told at all, so they are not kept waiting for a place.
            storing.places.try_take()
        } else {
            let place = self.handle.block_on(storing.places.take_soon(|| storing.held.is_awaited()));
            Some(place.ok_or_else(|| NO_PLACE.to_owned())?)
        };
        let begun = storing.begin(rows, self.gathered_bytes as u64, None, position);
        begun.map_err(|error| error.to_string())
    }

    /// Keeps a chunk of the first page until there is enough to start with.
    fn gather(&mut self, chunk: Bytes) -> Flow {
        self.gathered_bytes += chunk.len();
        self.gathered.push(chunk);
        self.streaming |= self.gathered_bytes >= GATHER_BYTES || self.started.elapsed() >= GATHER_TIME;
        if !self.streaming || self.keeps {
            return Flow::Continue;
        }
        let chunks = std::mem::take(&mut self.gathered);
        self.send(Event::Bytes(chunks))
    }

    /// The first page is complete: what follows is stored.
    fn first_page(&mut self, end: PageEnd) -> Flow {
        let mut next = Next::Nothing;
        if end.more {
            let position = std::mem::take(&mut self.position);
            next = match self.store_rest(end.rows, &position) {
                Ok(writer) => {
                    let storing = &self.storing;
                    let (id, generation, owner) = (writer.id(), writer.generation(), writer.owner());
                    self.replicate((id, generation));
                    let registers = storing.cluster.as_ref().is_some_and(|cluster| cluster.is_heard());
                    if registers && storing.recovery == Recovery::Key {
                        // Whoever has the link can then go on although this node is lost at once.
                        writer.wait_registered(REGISTERED);
                    }
                    self.writer = Some(writer);
                    Next::Stored { id, generation, owner, rows: end.rows, position }
                }
                Err(cause) => {
                    // The new query pays: it is paged by row number, without a snapshot, and says so.
                    let (source, trace) = (self.storing.source.as_str(), self.storing.trace.as_str());
                    event(&Happened::NotStored { source, trace, cause: &cause });
                    Next::Unstored { rows: end.rows }
                }
            };
        }
        let last = std::mem::take(&mut self.gathered);
        let told = self.send(Event::End(last, next));
        self.client = None;
        match (&mut self.writer, told) {
            (Some(_), Flow::Continue) => Flow::Continue,
            // Nobody got the link, so nobody will ask.
            (Some(_), Flow::Stop) => {
                if let Some(writer) = self.writer.take() {
                    writer.cancel();
                }
                Flow::Stop
            }
            (None, _) => Flow::Stop,
        }
    }

    /// Has copies made on other nodes.
    fn replicate(&self, key: (ResultId, u32)) {
        if let Some(cluster) = &self.storing.cluster {
            let _runtime = self.handle.enter();
            cluster.replicate(&self.storing.store, key);
        }
    }

    fn stored_page(&mut self, end: PageEnd) -> Flow {
        let Some(mut writer) = self.writer.take() else {
            return Flow::Stop;
        };
        let body = std::mem::take(&mut self.body);
        let rows = u32::try_from(end.rows).unwrap_or(u32::MAX);
        let position = std::mem::take(&mut self.position);
        let page = PageIn { body, rows, position, row_offsets: Vec::new() };
        let written = if end.more {
            let written = writer.page(page);
            self.body = writer.buffer();
            self.writer = Some(writer);
            written
        } else {
            writer.finish(page).map(|_| ())
        };
        match written {
            Ok(()) => Flow::Continue,
            Err(error) => {
                // What is stored ends with a link to the rows that are not.
                let storing = &self.storing;
                let (source, trace) = (storing.source.as_str(), storing.trace.as_str());
                event(&Happened::NotStored { source, trace, cause: &error.to_string() });
                self.writer = None;
                Flow::Stop
            }
        }
    }

    /// The source failed, or there is nothing to send.
    pub fn fail(mut self, refusal: Refusal) {
        if let Some(writer) = self.writer.take() {
            if refusal.code == "Cancelled" {
                // Only a client that went away before it got the link ends a statement.
                writer.cancel();
            } else {
                writer.fail(refusal.code, &refusal.message);
            }
        } else if let Some(waits) = self.waits.take() {
            let _ = waits.send(Begun::Failed(Box::new(refusal)));
        } else if self.client.is_some() {
            self.send(Event::Failed(Box::new(refusal)));
        }
    }
}

impl PageOutput for Delivery {
    fn count(&mut self, rows: u64) {
        self.storing.envelope.count = Some(rows);
        self.begin();
        self.send(Event::Count(rows));
    }

    fn wants_chunks(&self) -> bool {
        self.client.is_some()
    }

    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        if self.client.is_some() {
            let chunk = std::mem::replace(chunk, Vec::with_capacity(CHUNK_ROOM));
            return self.gather(chunk.into());
        }
        if self.body.is_empty() {
            std::mem::swap(&mut self.body, chunk);
        } else {
            self.body.extend_from_slice(chunk);
        }
        chunk.clear();
        Flow::Continue
    }

    fn position(&mut self, position: Vec<u8>) {
        // Nothing is recovered where that is not wanted, or by what cannot be kept.
        let kept = self.storing.recovery == Recovery::Key && position.len() <= MAX_POSITION_BYTES;
        self.position = if kept { position } else { Vec::new() };
    }

    fn page(&mut self, end: PageEnd) -> Flow {
        if self.client.is_some() { self.first_page(end) } else { self.stored_page(end) }
    }
}

/// Takes the rows of an answer that is one piece.
#[derive(Debug, Default)]
pub struct Whole {
    /// The rows.
    pub bytes: Vec<u8>,
    /// The number of all rows.
    pub count: Option<u64>,
}

impl PageOutput for Whole {
    fn count(&mut self, rows: u64) {
        self.count = Some(rows);
    }

    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        if self.bytes.is_empty() {
            std::mem::swap(&mut self.bytes, chunk);
        } else {
            self.bytes.append(chunk);
        }
        chunk.clear();
        Flow::Continue
    }

    fn page(&mut self, end: PageEnd) -> Flow {
        if end.more { Flow::Stop } else { Flow::Continue }
    }
}
