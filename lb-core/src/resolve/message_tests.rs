#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::IpAddr;

use super::*;

const V4: Kind = Kind::Address(AddressFamily::V4);

fn name(text: &str) -> HostName {
    HostName::new(text).unwrap()
}

fn wire(text: &str) -> Vec<u8> {
    name(text).to_wire()
}

fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = wire(owner);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn a(owner: &str, last: u8) -> Vec<u8> {
    record(owner, 1, &[127, 0, 0, last])
}

fn service(owner: &str, weight: u16, port: u16, target: &str) -> Vec<u8> {
    let mut data = [0, weight, port].map(u16::to_be_bytes).concat();
    data.extend(wire(target));
    record(owner, 33, &data)
}

/// An answer about `asked`, of a type, with flags and the records of two sections.
fn message(flags: u16, asked: &str, kind: u16, answers: &[Vec<u8>], additional: &[Vec<u8>]) -> Vec<u8> {
    let counts = [7, flags, 1, answers.len() as u16, 0, additional.len() as u16];
    let mut bytes = counts.map(u16::to_be_bytes).concat();
    bytes.extend(wire(asked));
    bytes.extend([kind, 1].map(u16::to_be_bytes).concat());
    answers.iter().chain(additional).for_each(|record| bytes.extend(record));
    bytes
}

const OK: u16 = 0x8180;

fn answer(answers: &[Vec<u8>]) -> Vec<u8> {
    message(OK, "app.test", 1, answers, &[])
}

fn addresses(bytes: &[u8]) -> Result<Vec<String>, Fault> {
    let records = read(bytes, &name("app.test"), V4)?;
    Ok(records
        .into_iter()
        .map(|record| match record {
            Record::Address(ip) => ip.to_string(),
            Record::Service(service) => service.target.to_string(),
        })
        .collect())
}

#[test]
fn questions_are_those_of_haproxy() {
    let bytes = question(0xc5c5, &name("App.Test"), V4, 512).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "c5c50100000100000000000103617070047465737400000100010000290200000000000000");
    assert_eq!(id_of(&bytes), Some(0xc5c5));
    assert_eq!(id_of(&[1]), None);
}

/// What HAProxy 2.6.12 was seen to take answers for, but that case matters to it, and that it looks neither at the type
/// of the question nor at whether it is an answer.
#[test]
fn answers_and_faults() {
    let alias = |owner: &str, to: &str| record(owner, 5, &wire(to));
    let flags = |flags| message(flags, "app.test", 1, &[a("app.test", 9)], &[]);
    type Case<'a> = (&'a str, Vec<u8>, Result<&'a [&'a str], Fault>);
    let table: Vec<Case<'_>> = vec![
        ("one", answer(&[a("app.test", 9)]), Ok(&["127.0.0.9"])),
        ("case", message(OK, "APP.test", 1, &[a("App.Test", 9)], &[]), Ok(&["127.0.0.9"])),
        ("the other family", answer(&[record("app.test", 28, &[0; 16])]), Ok(&["::"])),
        ("alias", answer(&[alias("app.test", "x.test"), a("x.test", 9)]), Ok(&["127.0.0.9"])),
        ("aliases", answer(&[alias("app.test", "x.test"), alias("x.test", "y"), a("y", 9)]), Ok(&["127.0.0.9"])),
        ("other records", answer(&[record("app.test", 16, b"\x01x"), a("app.test", 9)]), Ok(&["127.0.0.9"])),
        ("no address", answer(&[record("app.test", 16, b"\x01x")]), Ok(&[])),
        ("behind it", [answer(&[a("app.test", 9)]), b"xyz".to_vec()].concat(), Ok(&["127.0.0.9"])),
        ("the alias comes late", answer(&[a("x.test", 9), alias("app.test", "x.test")]), Err(Fault::Invalid)),
        ("the alias leads nowhere", answer(&[alias("app.test", "x.test"), a("z", 9)]), Err(Fault::Alias)),
        ("only an alias", answer(&[alias("app.test", "x.test")]), Err(Fault::Alias)),
        ("another name", answer(&[a("foo.test", 9)]), Err(Fault::Invalid)),
        ("another question", message(OK, "foo.test", 1, &[a("foo.test", 9)], &[]), Err(Fault::Invalid)),
        ("another type", message(OK, "app.test", 28, &[a("app.test", 9)], &[]), Err(Fault::Invalid)),
        ("nothing", answer(&[]), Err(Fault::Empty)),
        ("a question", flags(0x0100), Err(Fault::Invalid)),
        ("another operation", flags(0x8980), Err(Fault::Invalid)),
        ("truncated", flags(OK | 0x200), Err(Fault::Truncated)),
        ("truncated to nothing", message(OK | 0x200, "app.test", 1, &[], &[]), Err(Fault::Empty)),
        ("nx", flags(OK | 3), Err(Fault::NoSuchName)),
        ("refused", flags(OK | 5), Err(Fault::Refused)),
        ("failed", flags(OK | 2), Err(Fault::Failed)),
        ("not implemented", flags(OK | 4), Err(Fault::Failed)),
        ("short", vec![0, 7, 0x81, 0x80], Err(Fault::Invalid)),
        ("empty", Vec::new(), Err(Fault::Invalid)),
    ];
    for (what, bytes, expected) in table {
        let expected = expected.map(|list| list.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(addresses(&bytes), expected, "{what}");
    }
}

#[test]
fn broken_answers() {
    let whole = answer(&[a("app.test", 9)]);
    for end in 0..whole.len() {
        assert_eq!(addresses(&whole[..end]), Err(Fault::Invalid), "cut at {end}");
    }
    let mut counts = whole.clone();
    counts[7] = 2;
    assert_eq!(addresses(&counts), Err(Fault::Invalid), "one record less than it says");
    counts[5] = 0;
    assert_eq!(addresses(&counts), Err(Fault::Invalid), "no question");
    counts[5] = 2;
    assert_eq!(addresses(&counts), Err(Fault::Invalid), "two questions");
    // A name that points at itself, and one that points ahead.
    let head = message(OK, "app.test", 1, &[], &[]);
    let start = u16::try_from(head.len()).unwrap();
    for to in [start, start + 2, 0x3fff] {
        let mut looped = head.clone();
        looped[7] = 1;
        looped.extend((0xc000 | to).to_be_bytes());
        looped.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4]);
        assert_eq!(addresses(&looped), Err(Fault::Invalid), "{to}");
    }
    let mut pointing = head.clone();
    pointing[7] = 1;
    pointing.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4]);
    assert_eq!(addresses(&pointing), Ok(vec!["1.2.3.4".to_owned()]));
    let mut long = pointing.clone();
    let length = long.len() - 5;
    long[length] = 3;
    assert_eq!(addresses(&long), Err(Fault::Invalid), "an address of three bytes");
}

#[test]
fn services() {
    let owner = "_http._tcp.t";
    let answers = [service(owner, 10, 8001, "H1.t"), service(owner, 65535, 8002, "h2.t")];
    let additional = [a("h1.T", 9), record("h1.t", 28, &[0; 16]), a("other.t", 8)];
    let bytes = message(OK, owner, 33, &answers, &additional);
    let ip: IpAddr = [127, 0, 0, 9].into();
    assert_eq!(
        read(&bytes, &name(owner), Kind::Service),
        Ok(vec![
            Record::Service(Service { target: name("h1.t"), port: 8001, weight: 10, address: Some(ip) }),
            Record::Service(Service { target: name("h2.t"), port: 8002, weight: 65535, address: None }),
        ])
    );
    // The root says that there is no such service.
    let mut data = [0u16; 3].map(u16::to_be_bytes).concat();
    data.push(0);
    let bytes = message(OK, owner, 33, &[record(owner, 33, &data)], &[]);
    assert_eq!(read(&bytes, &name(owner), Kind::Service), Ok(Vec::new()));
}

proptest::proptest! {
    /// Whatever a nameserver sends, it is read or refused.
    #[test]
    fn no_answer_panics(mut bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), seed: u16) {
        let _ = read(&bytes, &name("app.test"), V4);
        let whole = message(OK, "_http._tcp.t", 33, &[service("_http._tcp.t", 1, 2, "h.t")], &[a("h.t", 1)]);
        // A good answer with some bytes changed gets further than noise.
        let at = usize::from(seed) % whole.len();
        bytes.truncate(3);
        let mut changed = whole;
        for (place, byte) in changed.iter_mut().skip(at).zip(&bytes) {
            *place = *byte;
        }
        let _ = read(&changed, &name("_http._tcp.t"), Kind::Service);
    }
}
