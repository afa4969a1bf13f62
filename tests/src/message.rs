//! An HTTP/1 message as it was on the wire.

/// A request or a response: the start line and the fields in order, names as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line without its CRLF.
    pub start: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Fields after a chunked body.
    pub trailers: Vec<(String, String)>,
    /// Final responses only: the interim ones that came before it.
    pub interim: Vec<Message>,
}

impl Message {
    /// Reads a head that ends in an empty line.
    ///
    /// # Panics
    /// On anything that is not lines ended by CRLF with a token, a colon and a value.
    #[track_caller]
    pub fn parse_head(head: &[u8]) -> Self {
        let text = String::from_utf8(head.to_vec()).expect("ASCII head");
        let text = text.strip_suffix("\r\n\r\n").expect("a head ends with an empty line");
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        Self { start, headers: lines.map(parse_field).collect(), ..Self::default() }
    }

    /// The status of a response.
    ///
    /// # Panics
    /// When the start line is not a status line.
    #[track_caller]
    pub fn status(&self) -> u16 {
        let status = self.start.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
        status.and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("not a status line: {:?}", self.start))
    }

    /// The first value of a field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a comma-separated field names a token.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).iter().any(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(token)))
    }

    /// The method of a request.
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The target of a request.
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the body is chunked.
    pub fn is_chunked(&self) -> bool {
        self.has_token("transfer-encoding", "chunked")
    }

    /// The announced length.
    ///
    /// # Panics
    /// When there is more than one or it is no number.
    #[track_caller]
    pub fn content_length(&self) -> Option<u64> {
        let all = self.all("content-length");
        assert!(all.len() < 2, "several lengths: {all:?}");
        all.first().map(|value| value.parse().expect("a length is a number"))
    }
}

/// A field line.
///
/// # Panics
/// When it is not one.
#[track_caller]
pub fn parse_field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a field: {line:?}"));
    assert!(!name.is_empty() && !name.contains([' ', '\t', '\r', '\n']), "not a field name: {name:?}");
    assert!(!value.contains(['\r', '\n', '\0']), "not a field value: {value:?}");
    (name.to_owned(), value.trim().to_owned())
}
