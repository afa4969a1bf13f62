//! Properties of MQTT 5.0 (its section 2.2.2).

use super::packet::Reader;

/// How a property is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A byte that is 0 or 1.
    Truth,
    /// Two bytes.
    Short,
    /// Two bytes that are not 0.
    ShortPositive,
    /// Four bytes.
    Long,
    /// Four bytes that are not 0.
    LongPositive,
    /// Text or binary data behind their length.
    Bytes,
    /// A name and a value; may be there any number of times, and has no value here.
    Pair,
}

/// Properties of CONNECT.
pub(super) const CONNECT: &[(u8, Kind)] = &[
    (17, Kind::Long),
    (21, Kind::Bytes),
    (22, Kind::Bytes),
    (23, Kind::Truth),
    (25, Kind::Truth),
    (33, Kind::ShortPositive),
    (34, Kind::Short),
    (38, Kind::Pair),
    (39, Kind::LongPositive),
];

/// Properties of the will in it.
pub(super) const WILL: &[(u8, Kind)] = &[
    (1, Kind::Truth),
    (2, Kind::Long),
    (3, Kind::Bytes),
    (8, Kind::Bytes),
    (9, Kind::Bytes),
    (24, Kind::Long),
    (38, Kind::Pair),
];

/// Properties of CONNACK.
pub(super) const CONNACK: &[(u8, Kind)] = &[
    (17, Kind::Long),
    (18, Kind::Bytes),
    (19, Kind::Short),
    (21, Kind::Bytes),
    (22, Kind::Bytes),
    (26, Kind::Bytes),
    (28, Kind::Bytes),
    (31, Kind::Bytes),
    (33, Kind::ShortPositive),
    (34, Kind::Short),
    (36, Kind::Truth),
    (37, Kind::Truth),
    (38, Kind::Pair),
    (39, Kind::LongPositive),
    (40, Kind::Truth),
    (41, Kind::Truth),
    (42, Kind::Truth),
];

/// How a property of a packet is written; `None` where the packet has no such.
pub(super) fn known(table: &[(u8, Kind)], id: u8) -> Option<Kind> {
    table.iter().find(|(known, _)| *known == id).map(|(_, kind)| *kind)
}

/// A value in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'p> {
    Number(u32),
    Bytes(&'p [u8]),
}

/// The properties of a packet.
#[derive(Debug, Default)]
pub(super) struct Properties<'p>(Vec<(u8, Item<'p>)>);

impl<'p> Properties<'p> {
    /// Reads the properties behind their length; `None` where one is wrong, or there twice.
    pub(super) fn read(reader: &mut Reader<'p>, table: &[(u8, Kind)]) -> Option<Self> {
        let length = reader.variable()?;
        let mut inside = Reader(reader.take(length)?);
        let mut list: Vec<(u8, Item<'p>)> = Vec::new();
        while !inside.0.is_empty() {
            let id = inside.byte()?;
            let item = match known(table, id)? {
                Kind::Truth => Item::Number(inside.byte().filter(|byte| *byte <= 1)?.into()),
                Kind::Short => Item::Number(inside.short()?.into()),
                Kind::ShortPositive => Item::Number(inside.short().filter(|number| *number > 0)?.into()),
                Kind::Long => Item::Number(inside.long()?),
                Kind::LongPositive => Item::Number(inside.long().filter(|number| *number > 0)?),
                Kind::Bytes => Item::Bytes(inside.bytes()?),
                Kind::Pair => {
                    inside.bytes()?;
                    inside.bytes()?;
                    continue;
                }
            };
            if list.iter().any(|(known, _)| *known == id) {
                return None;
            }
            list.push((id, item));
        }
        Some(Self(list))
    }

    /// A property; 0 where a number is not there.
    pub(super) fn get(&self, table: &[(u8, Kind)], id: u8) -> Option<Item<'p>> {
        let found = self.0.iter().find(|(known, _)| *known == id).map(|(_, item)| *item);
        found.or(match known(table, id)? {
            Kind::Bytes | Kind::Pair => None,
            _ => Some(Item::Number(0)),
        })
    }
}
