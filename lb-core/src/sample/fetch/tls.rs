//! TLS of the client's connection, as far as it is known here (configuration.txt, section 7.3.4).

use super::{Fetch, SampleType, Value};

const CONNECTION: &str = ".YYYYYYYYYYYYYYYYYY...";

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(CONNECTION, "ssl_fc", SampleType::Bool, |context, _| Some(Value::Bool(context.client().tls.is_some()))),
    Fetch::one(CONNECTION, "ssl_fc_cipher", SampleType::Str, |context, _| {
        context.client().tls.map(|(_, cipher)| Value::str(cipher.as_bytes()))
    }),
    Fetch::one(CONNECTION, "ssl_fc_protocol", SampleType::Str, |context, _| {
        context.client().tls.map(|(version, _)| Value::str(version.as_bytes()))
    }),
];
