//! Addresses of both connections (configuration.txt, section 7.3.3).
//!
//! `src` and `dst` are what rules and the PROXY header made of the client's addresses, `fc_src` and `fc_dst` are those of
//! the connection itself.

use std::net::{IpAddr, SocketAddr};

use super::{CONNECTION, Context, Fetch, SERVER_CONNECTION, SampleType, Value};
use crate::net::is_local;

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(SERVER_CONNECTION, "bc_dst", SampleType::Sint, |context, _| ip(context.connection().destination)),
    Fetch::one(SERVER_CONNECTION, "bc_dst_port", SampleType::Sint, |context, _| port(context.connection().destination)),
    Fetch::one(SERVER_CONNECTION, "bc_src", SampleType::Sint, |context, _| ip(context.connection().source)),
    Fetch::one(SERVER_CONNECTION, "bc_src_port", SampleType::Sint, |context, _| port(context.connection().source)),
    Fetch::one(CONNECTION, "dst", SampleType::Ipv4, |context, _| ip(context.client().destination)),
    Fetch::one(CONNECTION, "dst_is_local", SampleType::Bool, |context, _| local(context, context.client().destination)),
    Fetch::one(CONNECTION, "dst_port", SampleType::Sint, |context, _| port(context.client().destination)),
    Fetch::one(CONNECTION, "fc_dst", SampleType::Ipv4, |context, _| ip(context.client().connection_destination)),
    Fetch::one(CONNECTION, "fc_dst_is_local", SampleType::Bool, |context, _| {
        local(context, context.client().connection_destination)
    }),
    Fetch::one(CONNECTION, "fc_dst_port", SampleType::Sint, |context, _| port(context.client().connection_destination)),
    Fetch::one(CONNECTION, "fc_src", SampleType::Ipv4, |context, _| ip(context.client().connection_source)),
    Fetch::one(CONNECTION, "fc_src_is_local", SampleType::Bool, |context, _| {
        local(context, context.client().connection_source)
    }),
    Fetch::one(CONNECTION, "fc_src_port", SampleType::Sint, |context, _| port(context.client().connection_source)),
    Fetch::one(CONNECTION, "src", SampleType::Ipv4, |context, _| ip(context.client().source)),
    Fetch::one(CONNECTION, "src_is_local", SampleType::Bool, |context, _| local(context, context.client().source)),
    Fetch::one(CONNECTION, "src_port", SampleType::Sint, |context, _| port(context.client().source)),
];

/// An IPv4 client of an IPv6 socket is seen as such, ::ffff:1.2.3.4, which patterns and tables take for 1.2.3.4.
pub(super) fn address(address: Option<SocketAddr>) -> Option<IpAddr> {
    address.map(|address| address.ip())
}

fn ip(socket: Option<SocketAddr>) -> Option<Value<'static>> {
    address(socket).map(Value::ip)
}

fn port(address: Option<SocketAddr>) -> Option<Value<'static>> {
    address.map(|address| Value::Sint(address.port().into()))
}

fn local(context: &Context<'_>, socket: Option<SocketAddr>) -> Option<Value<'static>> {
    match address(socket) {
        Some(address) => is_local(address).map(Value::Bool),
        None => context.client().unix.then_some(Value::Bool(true)),
    }
}
