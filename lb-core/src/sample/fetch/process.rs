//! The process and the stream's place in it (configuration.txt, section 7.3.2).

use std::sync::LazyLock;

use super::payload::has_messages;
use super::{ANYWHERE, Arg, Context, Fetch, RUNNING, SampleType, Value};
use crate::sample::Place;

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(RUNNING, "cpu_calls", SampleType::Sint, |context, _| count(context.activity().calls)),
    Fetch::one(RUNNING, "cpu_ns_avg", SampleType::Sint, |context, _| {
        count(average(context.activity().cpu_ns, context.activity().calls))
    }),
    Fetch::one(RUNNING, "cpu_ns_tot", SampleType::Sint, |context, _| count(context.activity().cpu_ns)),
    Fetch::one(ANYWHERE, "hostname", SampleType::Str, |_, _| Some(Value::str(host_name()))),
    Fetch::one(RUNNING, "internal.strm.is_htx", SampleType::Bool, is_htx),
    Fetch::one(RUNNING, "last_rule_file", SampleType::Str, |context, _| {
        context.settings().last_rule.map(|(file, _)| Value::str(file.as_bytes()))
    }),
    Fetch::one(RUNNING, "last_rule_line", SampleType::Sint, |context, _| {
        context.settings().last_rule.map(|(_, line)| Value::Sint(line.into()))
    }),
    Fetch::one(RUNNING, "lat_ns_avg", SampleType::Sint, |context, _| {
        count(average(context.activity().latency_ns, context.activity().calls))
    }),
    Fetch::one(RUNNING, "lat_ns_tot", SampleType::Sint, |context, _| count(context.activity().latency_ns)),
    Fetch::one(ANYWHERE, "nbproc", SampleType::Sint, |_, _| Some(Value::Sint(1))),
    Fetch::one(RUNNING, "prio_class", SampleType::Sint, |context, _| {
        Some(Value::Sint(context.settings().priority_class))
    }),
    Fetch::one(RUNNING, "prio_offset", SampleType::Sint, |context, _| {
        Some(Value::Sint(context.settings().priority_offset))
    }),
    Fetch::one(ANYWHERE, "proc", SampleType::Sint, |_, _| Some(Value::Sint(1))),
    Fetch::one(RUNNING, "stopping", SampleType::Bool, |context, _| Some(Value::Bool(context.stopping))),
    Fetch::one(ANYWHERE, "thread", SampleType::Sint, |context, _| i64::try_from(context.thread).ok().map(Value::Sint)),
    Fetch::one(ANYWHERE, "unique-id", SampleType::Str, |context, _| context.unique_id.map(Value::str)),
    Fetch::one(RUNNING, "wait_end", SampleType::Bool, |context, _| match context.last {
        true => Some(Value::Bool(true)),
        false => context.wait(),
    }),
];

/// Whether the stream is one of HTTP messages; HAProxy names its own way to keep them. No value before there is a stream.
fn is_htx<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    let stream = !matches!(
        context.place,
        Place::FrontendConnection | Place::FrontendSession | Place::Check | Place::Configuration | Place::Cli
    );
    stream.then(|| Value::Bool(has_messages(context)))
}

fn count(number: u64) -> Option<Value<'static>> {
    i64::try_from(number).ok().map(Value::Sint)
}

fn average(total: u64, calls: u64) -> u64 {
    total.checked_div(calls).unwrap_or(0)
}

/// The system's name of this host.
fn host_name() -> &'static [u8] {
    static NAME: LazyLock<Vec<u8>> = LazyLock::new(|| rustix::system::uname().nodename().to_bytes().to_vec());
    &NAME
}
