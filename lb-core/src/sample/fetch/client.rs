//! Protocol, errors and PROXY header of the connections (configuration.txt, section 7.3.3).

use super::{CONNECTION, Fetch, SERVER_CONNECTION, SINCE_REQUEST, SampleType, Value};

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(SERVER_CONNECTION, "bc_err", SampleType::Sint, |context, _| {
        context.connection().error.map(|error| Value::Sint(error.into()))
    }),
    Fetch::one(SERVER_CONNECTION, "bc_err_str", SampleType::Str, |context, _| message(context.connection().error?)),
    Fetch::one(SERVER_CONNECTION, "bc_http_major", SampleType::Sint, |context, _| {
        context.connection().http_major.map(|major| Value::Sint(major.into()))
    }),
    Fetch::one(CONNECTION, "fc_err", SampleType::Sint, |context, _| Some(Value::Sint(context.client().error.into()))),
    Fetch::one(CONNECTION, "fc_err_str", SampleType::Str, |context, _| message(context.client().error)),
    // Of a TCP connection, HAProxy says 1.
    Fetch::one(CONNECTION, "fc_http_major", SampleType::Sint, |context, _| {
        Some(Value::Sint(context.client().http_major.unwrap_or(1).into()))
    }),
    Fetch::one(CONNECTION, "fc_pp_authority", SampleType::Str, |context, _| {
        context.client().proxy_authority.map(Value::str)
    }),
    Fetch::one(CONNECTION, "fc_pp_unique_id", SampleType::Str, |context, _| {
        context.client().proxy_unique_id.map(Value::str)
    }),
    Fetch::one(CONNECTION, "fc_rcvd_proxy", SampleType::Bool, |context, _| Some(Value::Bool(context.client().proxied))),
    Fetch::one(SINCE_REQUEST, "http_first_req", SampleType::Bool, |context, _| {
        Some(Value::Bool(context.client().first_request))
    }),
];

fn message(error: u8) -> Option<Value<'static>> {
    ERRORS.get(usize::from(error)).map(|text| Value::str(text.as_bytes()))
}

/// What goes wrong with connections, by number (configuration.txt, section 7.3.3, `fc_err_str`).
const ERRORS: [&str; 44] = [
    "Success",
    "Reached configured maxconn value",
    "Too many sockets on the process",
    "Too many sockets on the system",
    "Out of system buffers",
    "Protocol or address family not supported",
    "General socket error",
    "Source port range exhausted",
    "Can't bind to source address",
    "Out of local source ports on the system",
    "Local source address already in use",
    "Connection closed while waiting for PROXY protocol header",
    "Connection error while waiting for PROXY protocol header",
    "Timeout while waiting for PROXY protocol header",
    "Truncated PROXY protocol header received",
    "Received something which does not look like a PROXY protocol header",
    "Received an invalid PROXY protocol header",
    "Received an unhandled protocol in the PROXY protocol header",
    "Connection closed while waiting for NetScaler Client IP header",
    "Connection error while waiting for NetScaler Client IP header",
    "Timeout while waiting for a NetScaler Client IP header",
    "Truncated NetScaler Client IP header received",
    "Received an invalid NetScaler Client IP magic number",
    "Received an unhandled protocol in the NetScaler Client IP header",
    "Connection closed during SSL handshake",
    "Connection error during SSL handshake",
    "Timeout during SSL handshake",
    "Too many SSL connections",
    "Out of memory when initializing an SSL connection",
    "Rejected a client-initiated SSL renegotiation attempt",
    "SSL client CA chain cannot be verified",
    "SSL client certificate not trusted",
    "Server presented an SSL certificate different from the configured one",
    "Server presented an SSL certificate different from the expected one",
    "SSL handshake failure",
    "SSL handshake failure after heartbeat",
    "Stopped a TLSv1 heartbeat attack (CVE-2014-0160)",
    "Attempt to use SSL on an unknown target (internal error)",
    "Server refused early data",
    "SOCKS4 Proxy write error during handshake",
    "SOCKS4 Proxy read error during handshake",
    "SOCKS4 Proxy deny the request",
    "SOCKS4 Proxy handshake aborted by server",
    "SSL fatal error",
];
