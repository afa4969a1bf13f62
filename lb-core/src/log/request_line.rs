//! A request line as log lines show it: whole, or a part of it.

/// A request line cut at its spaces.
pub(super) struct RequestParts<'a> {
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
    pub(super) version: &'a [u8],
}

impl<'a> RequestParts<'a> {
    pub(super) fn split(line: &'a [u8]) -> Self {
        let mut words = line.splitn(3, |&byte| byte == b' ');
        let mut next = || words.next().unwrap_or_default();
        Self { method: next(), uri: next(), version: next() }
    }

    fn query_start(&self) -> usize {
        self.uri.iter().position(|&byte| byte == b'?').unwrap_or(self.uri.len())
    }

    pub(super) fn uri_without_query(&self) -> &'a [u8] {
        self.uri.get(..self.query_start()).unwrap_or_default()
    }

    pub(super) fn query(&self) -> &'a [u8] {
        self.uri.get(self.query_start()..).unwrap_or_default()
    }

    /// The path without scheme, host and query; nothing for `*` and authorities.
    pub(super) fn path(&self) -> &'a [u8] {
        let uri = self.uri_without_query();
        let after_host = match uri.windows(3).position(|window| window == b"://") {
            Some(scheme) if !uri.starts_with(b"/") => uri.get(scheme + 3..).unwrap_or_default(),
            _ => uri,
        };
        match after_host.iter().position(|&byte| byte == b'/') {
            Some(0) if after_host.len() == uri.len() => uri,
            Some(slash) if after_host.len() != uri.len() => after_host.get(slash..).unwrap_or_default(),
            _ => b"",
        }
    }
}
