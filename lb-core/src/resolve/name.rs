//! Names as questions ask for them.

use std::fmt;
use std::sync::Arc;

/// Longest name, its dots included (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;
/// Longest part of a name.
const LONGEST_LABEL: usize = 63;

/// A name that can be asked for: lower case, without a dot at the end.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(Arc<str>);

impl HostName {
    /// Reads a name; `None` where no question can be made of it: empty parts, parts that are too long, characters that
    /// are not printable ASCII.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            !label.is_empty() && label.len() <= LONGEST_LABEL && label.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let fits = text.len() <= LONGEST_NAME && text.split('.').all(label);
        fits.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// The name of parts that came over the wire; `None` as for [`HostName::new`], and where a part has a dot in it.
    pub(crate) fn of_labels<'l>(labels: impl Iterator<Item = &'l [u8]>) -> Option<Self> {
        let mut text = String::new();
        for label in labels.filter(|label| !label.is_empty()) {
            let label = std::str::from_utf8(label).ok().filter(|label| !label.contains('.'))?;
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(label);
        }
        Self::new(&text)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the wire has it (RFC 1035, section 3.1).
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.0.len() + 2);
        for label in self.0.split('.') {
            wire.push(u8::try_from(label.len()).unwrap_or_default());
            wire.extend_from_slice(label.as_bytes());
        }
        wire.push(0);
        wire
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_asked_for() {
        let name = |text: &str| HostName::new(text).map(|name| name.as_str().to_owned());
        assert_eq!(name("App.Test."), Some("app.test".into()));
        assert_eq!(name("_http._tcp.a"), Some("_http._tcp.a".into()));
        assert_eq!(name("127.0.0.1"), Some("127.0.0.1".into()));
        let long = "x".repeat(60);
        let too_long = [long.as_str(); 5].join(".");
        for wrong in ["", ".", "a..b", ".a", "a b", "a\u{e9}", &"x".repeat(64), &too_long] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
        assert_eq!(HostName::new("ab.c").unwrap().to_wire(), b"\x02ab\x01c\0");
        assert_eq!(HostName::of_labels([&b"a"[..], b"b.c", b""].into_iter()), None);
        assert_eq!(HostName::of_labels([&b"A"[..], b"b", b""].into_iter()), HostName::new("a.b"));
    }
}
