//! The frontend, the `bind` line, the backend and the server of a stream (configuration.txt, section 7.3.3).

use std::time::Duration;

use super::{BACKEND, FRONTEND, Fetch, SERVER, SampleType, Value};
use crate::sample::Place;

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(BACKEND, "be_id", SampleType::Sint, |context, _| Some(Value::Sint(context.backend?.backend.id.into()))),
    Fetch::one(BACKEND, "be_name", SampleType::Str, |context, _| {
        // The log of a request that got to no backend names the frontend for it.
        let frontend = || context.frontend.filter(|_| context.place == Place::Log && context.request.is_some());
        let name = context.backend.map(|backend| &backend.name).or_else(|| frontend().map(|frontend| &frontend.name));
        Some(Value::str(name?.as_bytes()))
    }),
    Fetch::one(BACKEND, "be_server_timeout", SampleType::Sint, |context, _| {
        Some(milliseconds(context.backend?.config.timeouts.server))
    }),
    Fetch::one(BACKEND, "be_tunnel_timeout", SampleType::Sint, |context, _| {
        Some(milliseconds(context.backend?.config.timeouts.tunnel))
    }),
    Fetch::one(BACKEND, "cur_server_timeout", SampleType::Sint, |context, _| {
        Some(milliseconds(context.settings().server_timeout.or(context.backend?.config.timeouts.server)))
    }),
    Fetch::one(BACKEND, "cur_tunnel_timeout", SampleType::Sint, |context, _| {
        Some(milliseconds(context.settings().tunnel_timeout.or(context.backend?.config.timeouts.tunnel)))
    }),
    Fetch::one(FRONTEND, "dst_conn", SampleType::Sint, |context, _| {
        context.frontend?;
        Some(Value::Sint(context.client().listener_connections.into()))
    }),
    Fetch::one(FRONTEND, "fe_client_timeout", SampleType::Sint, |context, _| {
        Some(milliseconds(context.frontend?.config.timeouts.client))
    }),
    Fetch::one(FRONTEND, "fe_defbe", SampleType::Str, |context, _| {
        Some(Value::str(context.frontend?.config.default_backend.as_ref()?.as_bytes()))
    }),
    Fetch::one(FRONTEND, "fe_id", SampleType::Sint, |context, _| Some(Value::Sint(context.frontend?.config.id.into()))),
    Fetch::one(FRONTEND, "fe_name", SampleType::Str, |context, _| Some(Value::str(context.frontend?.name.as_bytes()))),
    Fetch::one(FRONTEND, "so_id", SampleType::Sint, |context, _| {
        context.frontend?;
        Some(Value::Sint(context.client().listener_id.into()))
    }),
    Fetch::one(FRONTEND, "so_name", SampleType::Str, |context, _| {
        context.client().listener_name.map(|name| Value::str(name.as_bytes()))
    }),
    Fetch::one(SERVER, "srv_id", SampleType::Sint, |context, _| Some(Value::Sint(context.server?.id.into()))),
    Fetch::one(SERVER, "srv_name", SampleType::Str, |context, _| Some(Value::str(context.server?.name.as_bytes()))),
];

/// A timeout; 0 where there is none.
fn milliseconds(timeout: Option<Duration>) -> Value<'static> {
    Value::Sint(timeout.map_or(0, |timeout| i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)))
}
