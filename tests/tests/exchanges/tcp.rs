//! Interactions in TCP mode.

use lb_tests::Wire;
use lb_tests::origin::Visit;

use super::Difference;

/// An interaction in TCP mode: what the server and the client do, the client telling what it saw.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) server: fn(&mut Visit),
    pub(crate) client: fn(Wire) -> String,
    pub(crate) differs: Option<Difference>,
}

fn saw(result: std::io::Result<Vec<u8>>) -> String {
    match result {
        Ok(bytes) => format!("{:?}, then the end", String::from_utf8_lossy(&bytes)),
        Err(error) => format!("{:?}", error.kind()),
    }
}

fn silent(visit: &mut Visit) {
    let _ = visit.wire.try_read_to_end();
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "the client finishes first",
        settings: "",
        server: |visit| {
            let got = visit.wire.try_read_to_end().unwrap_or_default();
            visit.wire.send("got ").send(got);
        },
        client: |mut wire| {
            wire.send("hello").finish();
            saw(wire.try_read_to_end())
        },
        differs: None,
    },
    Case {
        name: "the server finishes first",
        settings: "",
        server: |visit| {
            visit.wire.send("bye").finish();
            silent(visit);
        },
        client: |mut wire| {
            let got = saw(wire.try_read_to_end());
            wire.send("late").finish();
            got
        },
        differs: None,
    },
    Case {
        name: "the client resets",
        settings: "",
        server: |visit| {
            visit.wire.send("hi");
            silent(visit);
        },
        client: |mut wire| {
            let got = saw(wire.read_exactly(2));
            wire.reset();
            got
        },
        differs: None,
    },
    Case {
        name: "the server resets",
        settings: "",
        server: |visit| {
            let _ = visit.wire.read_exactly(2);
            if let lb_tests::wire::Socket::Tcp(tcp) = visit.wire.socket() {
                socket2::SockRef::from(tcp).set_linger(Some(std::time::Duration::ZERO)).unwrap();
            }
            visit.reset();
        },
        client: |mut wire| {
            wire.send("hi");
            saw(wire.try_read_to_end())
        },
        differs: None,
    },
    Case {
        name: "client timeout",
        settings: " timeout client 50",
        server: silent,
        client: |mut wire| {
            wire.send("hi");
            saw(wire.try_read_to_end())
        },
        differs: None,
    },
    Case {
        name: "server timeout",
        settings: " timeout server 50",
        server: silent,
        client: |mut wire| {
            wire.send("hi");
            saw(wire.try_read_to_end())
        },
        differs: None,
    },
    Case {
        name: "client-fin",
        settings: " timeout client-fin 50\n timeout client 20s",
        server: |visit| {
            visit.wire.send("bye").finish();
            silent(visit);
        },
        client: |mut wire| saw(wire.try_read_to_end()),
        differs: None,
    },
    Case {
        name: "server-fin",
        settings: " timeout server-fin 50\n timeout server 20s",
        server: |visit| {
            silent(visit);
            visit.linger();
        },
        client: |mut wire| {
            wire.send("hi").finish();
            saw(wire.try_read_to_end())
        },
        differs: None,
    },
    Case {
        name: "tunnel timeout",
        settings: " timeout tunnel 50",
        server: |visit| {
            visit.wire.send("hi");
            silent(visit);
        },
        client: |mut wire| {
            wire.send("hi");
            saw(wire.try_read_to_end())
        },
        differs: None,
    },
];
