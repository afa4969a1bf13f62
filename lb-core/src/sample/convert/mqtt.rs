//! The first messages of MQTT 3.1, 3.1.1 and 5.0: CONNECT and CONNACK.

mod packet;
mod property;

use std::sync::Arc;

use packet::Packet;
use property::{CONNACK, CONNECT, Item, WILL};

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("mqtt_is_valid", SampleType::Bin, SampleType::Bool, |_, value, _| {
        match packet::parse(value.raw()?) {
            packet::Parsed::Packet(_) => Some(Value::Bool(true)),
            packet::Parsed::Invalid => Some(Value::Bool(false)),
            packet::Parsed::Partial => None,
        }
    }),
    Converter::new("mqtt_field_value", SampleType::Bin, SampleType::Str, mqtt_field_value)
        .args(ArgSpec::all(&[ArgKind::Str, ArgKind::Str]))
        .check(check_field),
];

/// What is asked of which packet.
#[derive(Clone, Copy)]
enum Field {
    ConnectFlags,
    ProtocolName,
    ConnectVersion,
    ClientIdentifier,
    WillTopic,
    WillPayload,
    Username,
    Password,
    Keepalive,
    ConnectProperty(u8),
    WillProperty(u8),
    ConnackFlags,
    ConnackVersion,
    ReasonCode,
    ConnackProperty(u8),
}

impl Field {
    fn of_connect(name: &str) -> Option<Self> {
        Some(match name {
            "flags" => Self::ConnectFlags,
            "protocol_name" => Self::ProtocolName,
            "protocol_version" => Self::ConnectVersion,
            "client_identifier" => Self::ClientIdentifier,
            "will_topic" => Self::WillTopic,
            "will_payload" => Self::WillPayload,
            "username" => Self::Username,
            "password" => Self::Password,
            "keepalive" => Self::Keepalive,
            number => {
                let id = number.parse().ok()?;
                match property::known(CONNECT, id) {
                    Some(_) => Self::ConnectProperty(id),
                    None => property::known(WILL, id).map(|_| Self::WillProperty(id))?,
                }
            }
        })
    }

    fn of_connack(name: &str) -> Option<Self> {
        Some(match name {
            "flags" => Self::ConnackFlags,
            "protocol_version" => Self::ConnackVersion,
            "reason_code" => Self::ReasonCode,
            number => {
                let id = number.parse().ok()?;
                property::known(CONNACK, id).map(|_| Self::ConnackProperty(id))?
            }
        })
    }
}

fn check_field(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    const PACKETS: [&str; 15] = [
        "connect",
        "connack",
        "publish",
        "puback",
        "pubrec",
        "pubrel",
        "pubcomp",
        "subscribe",
        "suback",
        "unsubscribe",
        "unsuback",
        "pingreq",
        "pingresp",
        "disconnect",
        "auth",
    ];
    let (kind, name) = (argument::shown(args, 0), argument::shown(args, 1));
    let named = PACKETS.iter().position(|packet| packet.eq_ignore_ascii_case(&kind)).map(|index| index + 1);
    let packet = named.or_else(|| kind.parse().ok()).filter(|packet| (1..=15).contains(packet));
    let packet = packet.ok_or_else(|| format!("Unknown MQTT type '{kind}'"))?;
    let lower = name.to_ascii_lowercase();
    let field = match packet {
        1 => Field::of_connect(&lower),
        2 => Field::of_connack(&lower),
        _ => None,
    };
    let field = field.ok_or_else(|| format!("Unknown MQTT field name '{name}' for packet type '{kind}'"))?;
    argument::replace(args, 0, Arg::Own(Arc::new(field)));
    Ok(())
}

/// Numbers are written in digits; what is empty has no value.
fn mqtt_field_value<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let field = *args.first()?.own::<Field>()?;
    let packet::Parsed::Packet(packet) = packet::parse(value.raw()?) else { return None };
    match item(&packet, field)? {
        Item::Number(number) => Some(Value::Bin(number.to_string().into_bytes().into())),
        Item::Bytes(b"") => None,
        Item::Bytes(bytes) => Some(Value::Bin(bytes.to_vec().into())),
    }
}

fn item<'p>(packet: &Packet<'p>, field: Field) -> Option<Item<'p>> {
    match packet {
        Packet::Connect(connect) => {
            let will = connect.will.as_ref();
            match field {
                Field::ConnectFlags => Some(Item::Number(connect.flags.into())),
                Field::ProtocolName => Some(Item::Bytes(connect.name)),
                Field::ConnectVersion => Some(Item::Number(connect.version.into())),
                Field::ClientIdentifier => Some(Item::Bytes(connect.client_identifier)),
                Field::WillTopic => will.map(|will| Item::Bytes(will.topic)),
                Field::WillPayload => will.map(|will| Item::Bytes(will.payload)),
                Field::Username => connect.username.map(Item::Bytes),
                Field::Password => connect.password.map(Item::Bytes),
                Field::Keepalive => Some(Item::Number(connect.keepalive.into())),
                Field::ConnectProperty(id) => connect.properties.as_ref()?.get(CONNECT, id),
                Field::WillProperty(id) => will?.properties.as_ref()?.get(WILL, id),
                _ => None,
            }
        }
        Packet::Connack(connack) => match field {
            Field::ConnackFlags => Some(Item::Number(connack.flags.into())),
            Field::ConnackVersion => Some(Item::Number(if connack.properties.is_some() { 5 } else { 4 })),
            Field::ReasonCode => Some(Item::Number(connack.reason.into())),
            Field::ConnackProperty(id) => connack.properties.as_ref()?.get(CONNACK, id),
            _ => None,
        },
    }
}
