//! Whose address counts: those of the connection, of a header in front of it (PROXY, NetScaler's Client IP insertion), of
//! rules; HAProxy and lb on the same input.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::process::haproxy;
use lb_tests::{Side, Wire};

const MAGIC: u32 = 43_981;

/// A frontend that tells the addresses that it sees.
fn frontend(number: usize, bind: &str, rules: &str) -> String {
    format!(
        "frontend f{number}\n bind {bind}\n{rules} http-request return status 200 content-type text/plain lf-string \
         \"%[src,hex]:%[src_port] %[dst] %[src,ipmask(24,64)] %[fc_src] %[fc_dst] %ci %fi %[fc_rcvd_proxy]\"\n"
    )
}

fn start(binary: Option<&Path>) -> Side {
    let session = " tcp-request session set-src ipv4(1.1.1.1)\n tcp-request session set-dst ipv4(2.2.2.2)\n";
    let connection = " tcp-request connection set-src ipv4(1.1.1.1)\n tcp-request connection set-dst ipv4(2.2.2.2)\n";
    let frontends = [
        frontend(0, &format!("{{listen0}} accept-netscaler-cip {MAGIC}"), ""),
        frontend(1, "{listen1}", " tcp-request connection expect-netscaler-cip layer4 if { src 127.0.0.0/8 }\n"),
        frontend(2, "{listen2} accept-proxy", ""),
        frontend(3, "{listen3} accept-proxy", connection),
        frontend(4, "{listen4}", session),
    ];
    let text = "global\n stats socket {dir}/stats level admin\ndefaults\n mode http\n timeout client 10s\n \
                timeout server 10s\n timeout connect 10s\n"
        .to_owned()
        + &frontends.concat();
    Side::start(binary, &text, 5)
}

/// An IP header of the client's connection and the beginning of its TCP header.
fn packet(source: &str, destination: &str) -> Vec<u8> {
    let (source, destination): (std::net::IpAddr, std::net::IpAddr) =
        (source.parse().unwrap(), destination.parse().unwrap());
    let mut packet = match (source, destination) {
        (std::net::IpAddr::V4(from), std::net::IpAddr::V4(to)) => {
            [&[0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0][..], &from.octets(), &to.octets()].concat()
        }
        (std::net::IpAddr::V6(from), std::net::IpAddr::V6(to)) => {
            [&[0x60, 0, 0, 0, 0, 20, 6, 64][..], &from.octets(), &to.octets()].concat()
        }
        _ => unreachable!(),
    };
    packet.extend([4, 87, 8, 174, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0]);
    packet
}

fn older(magic: u32, packet: &[u8]) -> Vec<u8> {
    [&magic.to_be_bytes()[..], &(packet.len() as u32).to_be_bytes(), packet].concat()
}

fn standard(magic: u32, packet: &[u8]) -> Vec<u8> {
    let length = packet.len() as u16;
    let total = u32::from(length) + 12;
    [&magic.to_be_bytes()[..], &total.to_be_bytes(), &[0, 1], &length.to_be_bytes(), packet].concat()
}

/// What the frontend of a listener says to a client that begins with these bytes; its own port is `PORT`.
fn answer(side: &Side, listener: usize, first: &[u8]) -> String {
    let mut client: Wire = side.connect(listener);
    let port = client.local_addr().port();
    let _ = client.try_send([first, b"GET / HTTP/1.0\r\n\r\n"].concat());
    let said = String::from_utf8(client.try_read_to_end().unwrap_or_default()).unwrap();
    let body = said.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    body.replace(&port.to_string(), "PORT")
}

#[test]
fn the_same_addresses_as_in_haproxy() {
    let mut cases: Vec<(usize, Vec<u8>)> = Vec::new();
    for packet in
        [packet("1.2.3.4", "5.6.7.8"), packet("2001:db8::1", "2001:db8::2"), packet("::ffff:1.2.3.4", "::ffff:5.6.7.8")]
    {
        cases.extend([(0, older(MAGIC, &packet)), (0, standard(MAGIC, &packet)), (0, older(0, &packet))]);
        cases.extend([(1, older(0, &packet)), (1, standard(0, &packet)), (1, older(MAGIC, &packet))]);
    }
    let mut other_protocol = older(MAGIC, &packet("1.2.3.4", "5.6.7.8"));
    other_protocol[8 + 9] = 17;
    cases.extend([(0, other_protocol), (0, Vec::new()), (4, Vec::new())]);
    for listener in [2, 3] {
        for header in [
            "PROXY TCP4 3.3.3.3 4.4.4.4 33 44\r\n",
            "PROXY TCP6 ::ffff:3.3.3.3 ::ffff:4.4.4.4 33 44\r\n",
            "PROXY TCP6 2001:db8::3 2001:db8::4 33 44\r\n",
            "PROXY UNKNOWN\r\n",
        ] {
            cases.push((listener, header.into()));
        }
    }
    let run = |binary: Option<&Path>| {
        let side = start(binary);
        cases.iter().map(|(listener, first)| answer(&side, *listener, first)).collect::<Vec<_>>()
    };
    let ours = run(None);
    assert!(ours.iter().filter(|body| !body.is_empty()).count() > 15, "{ours:#?}");
    let Some(binary) = haproxy() else { return };
    assert_eq!(ours, run(Some(&binary)));
}

/// Lengths that leave no room for what is said to follow; HAProxy takes what it finds there for the request.
#[test]
fn client_ip_headers_with_wrong_lengths_are_refused() {
    let side = start(None);
    let good = packet("1.2.3.4", "5.6.7.8");
    for length in [0_u32, 19, 23, 20_000, u32::MAX] {
        let header = [&MAGIC.to_be_bytes()[..], &length.to_be_bytes(), &good].concat();
        assert_eq!(answer(&side, 0, &header), "", "{length}");
    }
    let mut long = good.clone();
    long[0] = 0x4f;
    assert_eq!(answer(&side, 0, &older(MAGIC, &long)), "");
    // In pieces, as a network may deliver it.
    let mut client = side.connect(0);
    for byte in older(MAGIC, &good) {
        client.send([byte]);
    }
    assert!(client.get("/").text().starts_with("01020304:1111 5.6.7.8 "));
}
