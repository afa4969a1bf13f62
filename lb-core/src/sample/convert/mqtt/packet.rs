//! Reading packets.

use super::property::{CONNACK, CONNECT, Properties, WILL};

/// What the bytes are.
#[derive(Debug)]
pub(super) enum Parsed<'p> {
    Packet(Packet<'p>),
    /// Not a packet of the kinds that are known, or not a valid one.
    Invalid,
    /// The beginning of a packet.
    Partial,
}

#[derive(Debug)]
pub(super) enum Packet<'p> {
    Connect(Connect<'p>),
    Connack(Connack<'p>),
}

#[derive(Debug)]
pub(super) struct Connect<'p> {
    pub(super) name: &'p [u8],
    pub(super) version: u8,
    pub(super) flags: u8,
    pub(super) keepalive: u16,
    /// From version 5 on.
    pub(super) properties: Option<Properties<'p>>,
    pub(super) client_identifier: &'p [u8],
    pub(super) will: Option<Will<'p>>,
    pub(super) username: Option<&'p [u8]>,
    pub(super) password: Option<&'p [u8]>,
}

#[derive(Debug)]
pub(super) struct Will<'p> {
    pub(super) properties: Option<Properties<'p>>,
    pub(super) topic: &'p [u8],
    pub(super) payload: &'p [u8],
}

#[derive(Debug)]
pub(super) struct Connack<'p> {
    pub(super) flags: u8,
    pub(super) reason: u8,
    /// From version 5 on.
    pub(super) properties: Option<Properties<'p>>,
}

/// Bytes of a packet that were not read yet.
pub(super) struct Reader<'p>(pub(super) &'p [u8]);

impl<'p> Reader<'p> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn short(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Bytes behind their length.
    pub(super) fn bytes(&mut self) -> Option<&'p [u8]> {
        let length = self.short()?;
        self.take(length.into())
    }

    /// A number of one to four bytes.
    pub(super) fn variable(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

/// Reads a packet; what follows it does not count.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let mut reader = Reader(bytes);
    let Some(first) = reader.byte() else { return Parsed::Partial };
    // As HAProxy: what it is is looked at once there is more than that.
    if bytes.len() > 1 && !matches!(first, 0x10 | 0x20) {
        return Parsed::Invalid;
    }
    let Some(length) = reader.variable() else {
        return if bytes.len() > 4 { Parsed::Invalid } else { Parsed::Partial };
    };
    let Some(content) = reader.take(length) else { return Parsed::Partial };
    let packet = match first {
        0x10 => connect(Reader(content)).map(Packet::Connect),
        _ => connack(Reader(content)).map(Packet::Connack),
    };
    packet.map_or(Parsed::Invalid, Parsed::Packet)
}

fn connect(mut reader: Reader<'_>) -> Option<Connect<'_>> {
    let name = reader.bytes()?;
    if !name.eq_ignore_ascii_case(b"MQTT") && !name.eq_ignore_ascii_case(b"MQIsdp") {
        return None;
    }
    let version = reader.byte().filter(|version| (3..=5).contains(version))?;
    let flags = reader.byte().filter(|flags| flags & 1 == 0)?;
    let keepalive = reader.short()?;
    let connect = Connect {
        name,
        version,
        flags,
        keepalive,
        properties: if version == 5 { Some(Properties::read(&mut reader, CONNECT)?) } else { None },
        client_identifier: reader.bytes()?,
        will: match flags & 0x04 {
            0 => None,
            _ => Some(Will {
                properties: if version == 5 { Some(Properties::read(&mut reader, WILL)?) } else { None },
                topic: reader.bytes()?,
                payload: reader.bytes()?,
            }),
        },
        username: if flags & 0x80 == 0 { None } else { Some(reader.bytes()?) },
        password: if flags & 0x40 == 0 { None } else { Some(reader.bytes()?) },
    };
    reader.0.is_empty().then_some(connect)
}

fn connack(mut reader: Reader<'_>) -> Option<Connack<'_>> {
    let flags = reader.byte().filter(|flags| *flags <= 1)?;
    let reason = reader.byte()?;
    let properties = if reader.0.is_empty() { None } else { Some(Properties::read(&mut reader, CONNACK)?) };
    reader.0.is_empty().then_some(Connack { flags, reason, properties })
}
