//! A look at a ClientHello before the session sees it (RFC 8446, section 4.1.2; RFC 7301).
//!
//! rustls refuses a client whose ALPN list has nothing in common with ours. HAProxy goes on without ALPN, and so does
//! this: the session for such a client is made without a list.

use super::structure::{ALPN, CLIENT_HELLO, HANDSHAKE, Reader};

/// Whether a ClientHello at the start of `records` offers protocols by ALPN and none of `ours`. `None`: more bytes are
/// needed. What cannot be read is left to the session to judge.
pub(super) fn nothing_in_common(records: &[u8], ours: &[Vec<u8>]) -> Option<bool> {
    let mut records = Reader(records);
    if *records.0.first()? != HANDSHAKE {
        return Some(false);
    }
    let record = records.take(3).and_then(|_| records.list16());
    // A hello in more than one record: such a client is rare and gets what rustls says.
    let mut hello = Reader(record?);
    Some(offered(&mut hello).is_some_and(|offered| !shares(offered, ours)))
}

/// The protocol list of a ClientHello.
fn offered<'a>(hello: &mut Reader<'a>) -> Option<&'a [u8]> {
    if hello.take(1)? != [CLIENT_HELLO] {
        return None;
    }
    // Length, version, random, session id, cipher suites, compression methods.
    hello.take(3 + 2 + 32)?;
    hello.list8()?;
    hello.list16()?;
    hello.list8()?;
    let mut extensions = Reader(hello.list16()?);
    loop {
        let kind = extensions.number16()?;
        let body = extensions.list16()?;
        if kind == ALPN {
            return Reader(body).list16();
        }
    }
}

fn shares(offered: &[u8], ours: &[Vec<u8>]) -> bool {
    let mut offered = Reader(offered);
    while let Some(name) = offered.list8() {
        if ours.iter().any(|our| our == name) {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn hello(alpn: &[&[u8]]) -> Vec<u8> {
        let list: Vec<u8> = alpn.iter().flat_map(|name| [&[name.len() as u8], *name].concat()).collect();
        let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
        let mut extensions = [&[0, 0][..], &sized(b"name")].concat();
        if !alpn.is_empty() {
            extensions.extend([&[0, 16][..], &sized(&sized(&list))].concat());
        }
        let mut body = [&[3, 3][..], &[7; 32], &[0], &sized(&[0x13, 1]), &[1, 0]].concat();
        body.extend(sized(&extensions));
        let handshake = [&[1, 0][..], &sized(&body)].concat();
        [&[22, 3, 1][..], &sized(&handshake)].concat()
    }

    #[test]
    fn protocols_are_compared() {
        let ours = [b"h2".to_vec(), b"http/1.1".to_vec()];
        assert_eq!(nothing_in_common(&hello(&[b"http/1.1"]), &ours), Some(false));
        assert_eq!(nothing_in_common(&hello(&[b"spdy/3", b"h2"]), &ours), Some(false));
        assert_eq!(nothing_in_common(&hello(&[b"acme", b"h3"]), &ours), Some(true));
        assert_eq!(nothing_in_common(&hello(&[]), &ours), Some(false));
        assert_eq!(nothing_in_common(b"GET / HTTP/1.1", &ours), Some(false));
    }

    #[test]
    fn part_of_a_hello_is_waited_for() {
        let whole = hello(&[b"acme"]);
        for end in 0..whole.len() {
            assert_eq!(nothing_in_common(&whole[..end], &[b"h2".to_vec()]), None, "{end}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_is_read(bytes: Vec<u8>) {
            let record = [&[22, 3, 1][..], &(bytes.len() as u16).to_be_bytes(), &bytes].concat();
            nothing_in_common(&record, &[b"h2".to_vec()]);
            nothing_in_common(&bytes, &[b"h2".to_vec()]);
        }
    }
}
