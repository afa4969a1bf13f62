//! The PROXY protocol in front of a connection: never a panic, a prefix is never refused and then accepted, and what
//! we write reads back as the same addresses.
#![no_main]

use lb_core::config::SendProxy;
use lb_core::proxy_protocol::{MAX_HEADER, Parsed, SendContext, parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Parsed::Complete { len, header } = parse(data) else { return };
    assert!(len > 0 && len <= data.len() && len <= MAX_HEADER);
    assert_eq!(header.source.is_some(), header.destination.is_some());
    // Bytes behind the header do not count, and every beginning of it is one.
    assert_eq!(parse(&data[..len]), Parsed::Complete { len, header: header.clone() });
    for end in [0, 1, len / 2, len - 1] {
        assert_eq!(parse(&data[..end]), Parsed::Partial);
    }
    for tlv in header.tlvs.iter() {
        assert!(tlv.value.len() < len);
    }
    if let Some(ssl) = header.tlvs.ssl() {
        for kind in 0x20..0x30 {
            let _ = ssl.get(kind);
        }
    }
    for version in [1, 2] {
        let mut out = Vec::new();
        let context = SendContext { source: header.source, destination: header.destination, ..SendContext::default() };
        let config = SendProxy { version, ..SendProxy::default() };
        write(&mut out, &config, &context);
        let Parsed::Complete { len, header: again } = parse(&out) else { panic!("we wrote what we do not read") };
        assert_eq!(len, out.len());
        let same_family = header.source.map(|a| a.is_ipv4()) == header.destination.map(|a| a.is_ipv4());
        if same_family {
            assert_eq!((again.source, again.destination), (header.source, header.destination));
        }
    }
});
