//! Stage 4: the key that `balance` names, found in a request or in the first bytes of a connection (configuration.txt,
//! `balance`).

use super::Stream;
use super::side::Side;
use crate::balance::{Request, hash_key};
use crate::config::{Balance, UriKey};
use crate::sample::fetch::rdp::find_cookie;
use crate::sample::{Place, SampleType};
use crate::topology::BackendEntry;

impl Stream<'_> {
    /// The hash of the key, or what an algorithm of the embedding program makes of it; `None` where the request has no such key, or where the algorithm needs none but the client's
    /// address.
    pub(super) fn balance_hash(&self, backend: &BackendEntry, client: Option<&Side<'_>>) -> Option<u64> {
        let kind = backend.config.hash_type;
        let hash = |key: &[u8]| u64::from(hash_key(kind, key));
        let of_http = || (!self.request.method().is_empty()).then_some(&self.request);
        if let Some(own) = &backend.config.own_balance {
            return own.key(&Request::new(self.source().map(|address| address.ip()), of_http()));
        }
        match &backend.config.balance {
            Balance::Uri(key) => of_http().map(|head| hash(part_of_target(key, head.target()))),
            Balance::Header { name, domain_only } => {
                let value = first_value(of_http()?.value(name)?);
                let value = if *domain_only { domain(value) } else { value };
                (!value.is_empty()).then(|| hash(value))
            }
            Balance::UrlParam { name, .. } => {
                let head = of_http()?;
                let in_query = memchr::memchr(b'?', head.target()).and_then(|mark| head.target().get(mark + 1..));
                let in_query = in_query.and_then(|query| parameter(query, name.as_bytes()));
                match in_query {
                    Some(value) => Some(hash(value)),
                    None if head.method() == b"POST" => {
                        let body = self.data_of(client?, Some(self.framing.body)).bytes;
                        parameter(body, name.as_bytes()).map(hash)
                    }
                    None => None,
                }
            }
            Balance::RdpCookie { name } => match client? {
                // A connection that speaks HTTP has no such cookie.
                Side::H1(conn) if self.request.method().is_empty() => {
                    find_cookie(conn.raw(), name.as_bytes()).filter(|value| !value.is_empty()).map(hash)
                }
                _ => None,
            },
            Balance::Hash(expression) => {
                let context = self.context(Place::UseServer, client);
                let bytes = expression.evaluate(&context)?.cast(SampleType::Bin)?;
                bytes.raw().map(hash)
            }
            _ => None,
        }
    }

    /// Whether the body of a request must be there before a server is chosen.
    pub(super) fn balances_by_body(&self, backend: &BackendEntry) -> bool {
        matches!(backend.config.balance, Balance::UrlParam { .. }) && self.request.method() == b"POST"
    }
}

/// Whether the first bytes of a connection choose the server, as far as they have come.
pub(super) fn balances_by_bytes(backend: &BackendEntry) -> bool {
    matches!(backend.config.balance, Balance::RdpCookie { .. } | Balance::Hash(_))
}

/// What `balance uri` hashes of a target.
fn part_of_target<'a>(key: &UriKey, target: &'a [u8]) -> &'a [u8] {
    let mut part = target;
    if key.path_only && !part.starts_with(b"/") {
        let authority = part.windows(3).position(|window| window == b"://").and_then(|at| part.get(at + 3..));
        let path = authority.and_then(|rest| rest.get(memchr::memchr(b'/', rest)?..));
        part = path.unwrap_or(part);
    }
    if let Some(len) = key.len {
        part = part.get(..len as usize).unwrap_or(part);
    }
    let mut slashes = 0;
    let end = part.iter().position(|byte| {
        slashes += u32::from(*byte == b'/');
        (*byte == b'?' && !key.whole) || key.depth.is_some_and(|depth| slashes > depth)
    });
    end.and_then(|end| part.get(..end)).unwrap_or(part)
}

/// The first of the values in a field, as commas part them.
fn first_value(field: &[u8]) -> &[u8] {
    let mut quoted = false;
    let mut escaped = false;
    let end = field.iter().position(|byte| {
        let skip = std::mem::take(&mut escaped);
        match byte {
            _ if skip => {}
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        *byte == b',' && !quoted
    });
    field.get(..end.unwrap_or(field.len())).unwrap_or(field).trim_ascii()
}

/// `use_domain_only`: the label in front of the last dot; the whole name where there is no dot, or nothing before it.
fn domain(name: &[u8]) -> &[u8] {
    let Some(end) = memchr::memrchr(b'.', name).filter(|end| *end > 0) else { return name };
    // At least one byte, be it a dot.
    let start = name.get(..end - 1).and_then(|before| memchr::memrchr(b'.', before)).map_or(0, |dot| dot + 1);
    name.get(start..end).unwrap_or(name)
}

/// The value of a parameter, of the first one with that name.
fn parameter<'a>(query: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    query.split(|byte| *byte == b'&').find_map(|part| part.strip_prefix(name)?.strip_prefix(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by looking which server of a hundred haproxy 2.6.12 chooses.
    #[test]
    fn parts_of_targets() {
        let key = |len, depth, whole, path_only| UriKey { len, depth, whole, path_only };
        for (key, target, part) in [
            (key(None, None, false, false), "/a/bc/def?x=1/2", "/a/bc/def"),
            (key(None, None, false, false), "http://host.com/a/b?x", "http://host.com/a/b"),
            (key(None, None, false, false), "/a#b?c", "/a#b"),
            (key(None, None, true, false), "/a/bc?x=1/2", "/a/bc?x=1/2"),
            (key(Some(5), None, false, false), "/a/bc/def?x=1", "/a/bc"),
            (key(Some(5), None, false, false), "/a", "/a"),
            (key(Some(9), None, true, false), "/a?b?c/def", "/a?b?c/de"),
            (key(None, Some(1), false, false), "/a/bc/def", "/a"),
            (key(None, Some(1), false, false), "//a//b/", "/"),
            (key(None, Some(2), false, false), "//a//b/", "//a"),
            (key(None, Some(2), false, false), "http://host.com/a/b", "http://host.com"),
            (key(None, Some(3), false, false), "/a/bc/def/gh?x", "/a/bc/def"),
            (key(Some(7), Some(2), false, false), "/a/bc/def", "/a/bc"),
            (key(None, None, false, true), "http://host.com/a/b?x", "/a/b"),
            (key(None, None, true, true), "http://host.com/a/b?x", "/a/b?x"),
            (key(None, None, false, true), "*", "*"),
        ] {
            let got = part_of_target(&key, target.as_bytes());
            assert_eq!(String::from_utf8_lossy(got), part, "{target} {key:?}");
        }
    }

    #[test]
    fn domains_of_names() {
        for (name, part) in [
            ("haproxy.1wt.eu", "1wt"),
            ("www.example.com", "example"),
            ("example.com", "example"),
            ("example.com:8080", "example"),
            ("localhost", "localhost"),
            ("localhost:80", "localhost:80"),
            ("a.b.example.co.uk", "co"),
            ("www.example.com.", "com"),
            (".com", ".com"),
            ("a.", "a"),
            ("ab..cd", "ab."),
            (".", "."),
            ("..", "."),
            ("1.2.3.4", "3"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(domain(name.as_bytes())), part, "{name}");
        }
    }

    #[test]
    fn first_values_of_fields() {
        for (field, value) in
            [("abc , xyz", "abc"), (",abc", ""), (" , ", ""), ("\"a,b\",c", "\"a,b\""), ("abc;q=1,d", "abc;q=1")]
        {
            assert_eq!(String::from_utf8_lossy(first_value(field.as_bytes())), value, "{field}");
        }
    }

    #[test]
    fn parameters_of_queries() {
        for (query, value) in [
            ("id=abc", Some("abc")),
            ("id=", Some("")),
            ("id", None),
            ("x=1&id=foo&y", Some("foo")),
            ("xid=foo", None),
            ("ID=foo", None),
            ("id=&id=bar", Some("")),
            ("id&id=foo", Some("foo")),
            ("x;id=foo", None),
            ("id=foo;x#y?z", Some("foo;x#y?z")),
            ("a=1&id==b&", Some("=b")),
            ("id=foo\r\n", Some("foo\r\n")),
        ] {
            assert_eq!(parameter(query.as_bytes(), b"id"), value.map(str::as_bytes), "{query}");
        }
    }
}
