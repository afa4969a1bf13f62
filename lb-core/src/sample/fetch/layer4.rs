//! Connections (configuration.txt, section 7.3.3).

use super::{Fetch, SampleType, Value};

const CONNECTION: &str = "YYYYYYYYYYYYYYYYYYYY..";

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(CONNECTION, "dst", SampleType::Ipv4, |context, _| {
        context.client.destination.map(|address| Value::ip(address.ip().to_canonical()))
    }),
    Fetch::one(CONNECTION, "dst_port", SampleType::Sint, |context, _| {
        context.client.destination.map(|address| Value::Sint(address.port().into()))
    }),
    Fetch::one(CONNECTION, "src", SampleType::Ipv4, |context, _| {
        context.client.source.map(|address| Value::ip(address.ip().to_canonical()))
    }),
    Fetch::one(CONNECTION, "src_port", SampleType::Sint, |context, _| {
        context.client.source.map(|address| Value::Sint(address.port().into()))
    }),
];
