//! The protocol-neutral message head: a start line and an ordered list of fields as ranges in one arena.
//!
//! HTTP/1 and HTTP/2 parse into it and are written from it; fields keep their order and their names are in lower case.
//! Nothing here knows how a message is framed on the wire: see [`BodyLength`].

use std::ops::Range;

mod lines;

pub(crate) use lines::{Line, Run};

/// A range of the arena. Heads are bounded by `tune.bufsize`, far below 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    name: Span,
    value: Span,
}

/// HTTP version of a message as its sender stated it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0 (and 0.9 where `accept-invalid-http-request` let it pass).
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2.
    Http2,
}

impl Version {
    /// As lines of requests and responses say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2.0",
        }
    }
}

/// How a message's body ends, whatever protocol carries it (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyLength {
    /// No body at all.
    #[default]
    None,
    /// Exactly this many bytes, known in advance.
    Known(u64),
    /// Ends with an explicit mark (last chunk, END_STREAM).
    Chunked,
    /// Ends when the sender closes; responses only.
    UntilClose,
}

/// The head of a request or response.
#[derive(Clone, Debug, Default)]
pub struct Head {
    arena: Vec<u8>,
    fields: Vec<Field>,
    /// Request: method. Response: unused.
    method: Span,
    /// Request: target as received. Response: reason phrase.
    target: Span,
    status: u16,
    version: Version,
    /// Protocol name and version as received, where it is not HTTP; empty otherwise.
    protocol: Span,
    is_response: bool,
}

impl Head {
    /// An empty request head.
    pub fn request(method: &[u8], target: &[u8], version: Version) -> Self {
        let mut head = Self::default();
        head.start_request(method, target, version);
        head
    }

    /// An empty response head.
    pub fn response(status: u16, reason: &[u8], version: Version) -> Self {
        let mut head = Self::default();
        head.start_response(status, reason, version);
        head
    }

    /// Forgets everything but the allocations.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.fields.clear();
        self.method = Span::default();
        self.target = Span::default();
        self.protocol = Span::default();
        self.status = 0;
        self.is_response = false;
    }

    /// Bytes of memory it holds.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.arena.capacity() + self.fields.capacity() * size_of::<Field>()
    }

    /// Starts this head over as a request.
    pub fn start_request(&mut self, method: &[u8], target: &[u8], version: Version) {
        self.clear();
        self.method = self.push(method);
        self.target = self.push(target);
        self.version = version;
    }

    /// Starts this head over as a response.
    pub fn start_response(&mut self, status: u16, reason: &[u8], version: Version) {
        self.clear();
        self.is_response = true;
        self.status = status;
        self.target = self.push(reason);
        self.version = version;
    }

    fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        Span { start, end: self.arena.len() as u32 }
    }

    fn push_name(&mut self, name: &[u8]) -> Span {
        let span = self.push(name);
        lower_case(&mut self.arena, span);
        span
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.arena.get(span.range()).unwrap_or_default()
    }

    /// Whether this is a response.
    pub fn is_response(&self) -> bool {
        self.is_response
    }

    /// Request method, exactly as received.
    pub fn method(&self) -> &[u8] {
        self.slice(self.method)
    }

    /// Request target, exactly as received or as set.
    pub fn target(&self) -> &[u8] {
        if self.is_response { b"" } else { self.slice(self.target) }
    }

    /// Replaces the request target.
    pub fn set_target(&mut self, target: &[u8]) {
        self.target = self.push(target);
    }

    /// Replaces the request method.
    pub fn set_method(&mut self, method: &[u8]) {
        self.method = self.push(method);
    }

    /// Replaces the status and the reason phrase of a response.
    pub fn set_status(&mut self, status: u16, reason: &[u8]) {
        self.status = status;
        self.target = self.push(reason);
    }

    /// Gives every field with this name (any case) the value that `map` makes of its own; `None` leaves it.
    pub fn map_values(&mut self, name: &str, mut map: impl FnMut(&[u8]) -> Option<Vec<u8>>) {
        for index in 0..self.fields.len() {
            let Some(field) = self.fields.get(index).copied() else { continue };
            if !self.slice(field.name).eq_ignore_ascii_case(name.as_bytes()) {
                continue;
            }
            if let Some(value) = map(self.slice(field.value)) {
                let value = self.push(&value);
                if let Some(field) = self.fields.get_mut(index) {
                    field.value = value;
                }
            }
        }
    }

    /// Replaces the request target by these parts, one behind the other.
    pub fn set_target_of(&mut self, parts: &[&[u8]]) {
        let start = self.arena.len() as u32;
        parts.iter().for_each(|part| self.arena.extend_from_slice(part));
        self.target = Span { start, end: self.arena.len() as u32 };
    }

    /// Response status code, 0 for a request.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Response reason phrase.
    pub fn reason(&self) -> &[u8] {
        if self.is_response { self.slice(self.target) } else { b"" }
    }

    /// Version the sender stated.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Protocol of a request line that is not HTTP (`RTSP/1.0`), which only relaxed parsing lets pass.
    pub fn protocol(&self) -> Option<&[u8]> {
        Some(self.slice(self.protocol)).filter(|text| !text.is_empty())
    }

    /// Sets what [`Head::protocol`] says.
    pub fn set_protocol(&mut self, text: &[u8]) {
        self.protocol = self.push(text);
    }

    /// Bytes that this head takes on the wire at most, besides what framing adds.
    pub fn wire_len(&self) -> usize {
        // Every field's bytes lie in the arena; its line adds ": " and CRLF.
        self.arena.len() + self.fields.len() * 4
    }

    /// Bytes that a head took on the wire which was read by [`Head::fill`] and not changed since.
    pub fn received_len(&self) -> usize {
        self.arena.len()
    }

    /// Number of header fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no header fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Every field in order: name in lower case, value without surrounding white space.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (self.slice(field.name), self.slice(field.value)))
    }

    /// Every field in order, with what says how its line lies in memory.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.fields.iter().map(|field| Line { head: self, field: *field })
    }

    /// Values of all fields with this name (any case), in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields().filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// Value of the first field with this name (any case).
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// Appends a field.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.push_name(name);
        let value = self.push(value);
        self.fields.push(Field { name, value });
    }

    /// Appends a field whose name is in lower case already.
    pub(crate) fn add_lower_case(&mut self, name: &[u8], value: &[u8]) {
        let name = self.push(name);
        let value = self.push(value);
        self.fields.push(Field { name, value });
    }

    /// Replaces the value of the first field with this name (any case), where it stands.
    pub fn replace_value(&mut self, name: &str, value: &[u8]) {
        let same = |field: &Field| {
            self.arena.get(field.name.range()).unwrap_or_default().eq_ignore_ascii_case(name.as_bytes())
        };
        if let Some(at) = self.fields.iter().position(same) {
            let value = self.push(value);
            if let Some(field) = self.fields.get_mut(at) {
                field.value = value;
            }
        }
    }

    /// Removes every field with this name (any case) and says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.fields.len();
        let arena = &self.arena;
        self.fields
            .retain(|field| !arena.get(field.name.range()).unwrap_or_default().eq_ignore_ascii_case(name.as_bytes()));
        self.fields.len() != before
    }

    /// Removes the fields for which `drop` says so.
    pub fn remove_if(&mut self, mut drop: impl FnMut(&[u8], &[u8]) -> bool) {
        let arena = &self.arena;
        self.fields.retain(|field| {
            let name = arena.get(field.name.range()).unwrap_or_default();
            let value = arena.get(field.value.range()).unwrap_or_default();
            !drop(name, value)
        });
    }

    /// Removes every field with this name, then appends one.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.remove(name);
        self.add(name.as_bytes(), value);
    }

    /// Builds a head from bytes of one buffer: the raw head is copied once, fields are offsets into it.
    ///
    /// `raw` is the head as received; the offsets of [`RawField`] and of `method`/`target` index into it. Offsets
    /// outside of `raw` read as empty.
    pub fn fill(&mut self, raw: &[u8], start: RawStart, fields: &[RawField]) {
        self.fill_iter(raw, start, fields.iter().cloned());
    }

    /// [`Head::fill`] from an iterator, so that a parser need not build a list first.
    pub fn fill_iter(&mut self, raw: &[u8], start: RawStart, fields: impl IntoIterator<Item = RawField>) {
        self.clear();
        self.arena.extend_from_slice(raw);
        let span = |range: &Range<usize>| Span { start: range.start as u32, end: range.end as u32 };
        match start {
            RawStart::Request { method, target, version } => {
                self.method = span(&method);
                self.target = span(&target);
                self.version = version;
            }
            RawStart::Response { status, reason, version } => {
                self.is_response = true;
                self.status = status;
                self.target = span(&reason);
                self.version = version;
            }
        }
        self.fields.extend(fields.into_iter().map(|f| Field { name: span(&f.name), value: span(&f.value) }));
        for field in &self.fields {
            lower_case(&mut self.arena, field.name);
        }
    }
}

/// Brings a name to lower case. Nearly all names are short: their first and their last bytes, which may be the same ones,
/// are converted at once instead of letter by letter.
fn lower_case(arena: &mut [u8], span: Span) {
    let Some(name) = arena.get_mut(span.range()) else { return };
    if name.len() > 16 {
        return name.make_ascii_lowercase();
    }
    if let Some(first) = name.first_chunk_mut::<8>() {
        first.make_ascii_lowercase();
        if let Some(last) = name.last_chunk_mut::<8>() {
            last.make_ascii_lowercase();
        }
    } else if let Some(first) = name.first_chunk_mut::<4>() {
        first.make_ascii_lowercase();
        if let Some(last) = name.last_chunk_mut::<4>() {
            last.make_ascii_lowercase();
        }
    } else {
        name.make_ascii_lowercase();
    }
}

/// The start line of [`Head::fill`], as offsets.
#[derive(Clone, Debug)]
pub enum RawStart {
    /// A request line.
    Request {
        /// Offsets of the method.
        method: Range<usize>,
        /// Offsets of the target.
        target: Range<usize>,
        /// Stated version.
        version: Version,
    },
    /// A status line.
    Response {
        /// Status code.
        status: u16,
        /// Offsets of the reason phrase.
        reason: Range<usize>,
        /// Stated version.
        version: Version,
    },
}

/// A field of [`Head::fill`], as offsets.
#[derive(Clone, Debug, Default)]
pub struct RawField {
    /// Offsets of the name.
    pub name: Range<usize>,
    /// Offsets of the value, trimmed.
    pub value: Range<usize>,
}
