//! What the kernel measured of the client's TCP connection (configuration.txt, section 7.3.3, `fc_rtt` and others).

use super::{Arg, ArgSpec, CONNECTION, Context, Fetch, SampleType, Scope, Value};
use crate::net::TcpInfo;
use crate::sample::ArgKind;

const UNIT: ArgSpec = ArgSpec::of(0, &[ArgKind::Str]);

pub(super) const FETCHES: &[Fetch] = &[
    counter("fc_fackets", |context, _| count(context, |info| info.fackets)),
    counter("fc_lost", |context, _| count(context, |info| info.lost)),
    counter("fc_reordering", |context, _| count(context, |info| info.reordering)),
    counter("fc_retrans", |context, _| count(context, |info| info.retransmits)),
    Fetch::one(CONNECTION, "fc_rtt", SampleType::Sint, |context, args| time(context, args, |info| info.rtt_us))
        .args(UNIT)
        .check(check_unit),
    Fetch::one(CONNECTION, "fc_rttvar", SampleType::Sint, |context, args| time(context, args, |info| info.rtt_var_us))
        .args(UNIT)
        .check(check_unit),
    counter("fc_sacked", |context, _| count(context, |info| info.sacked)),
    counter("fc_unacked", |context, _| count(context, |info| info.unacked)),
];

const fn counter(name: &'static str, run: for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>) -> Fetch {
    Fetch::one(CONNECTION, name, SampleType::Sint, run).args(UNIT).check(check_none)
}

fn info(context: &Context<'_>) -> Option<TcpInfo> {
    context.topology?.system.tcp_info(context.client().fd?).ok()
}

fn count(context: &Context<'_>, get: fn(&TcpInfo) -> u32) -> Option<Value<'static>> {
    Some(Value::Sint(get(&info(context)?).into()))
}

/// In milliseconds, unless the argument asks for microseconds.
fn time(context: &Context<'_>, args: &[Arg], get: fn(&TcpInfo) -> u32) -> Option<Value<'static>> {
    let microseconds = i64::from(get(&info(context)?));
    let exact = args.first().and_then(Arg::text) == Some(b"us");
    Some(Value::Sint(if exact { microseconds } else { microseconds / 1000 }))
}

fn check_unit(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match args.first().and_then(Arg::text) {
        None | Some(b"ms" | b"us") => Ok(()),
        Some(other) => Err(format!("expects 'us' or 'ms', got '{}'", String::from_utf8_lossy(other))),
    }
}

/// HAProxy only warns.
fn check_none(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match args.first().and_then(Arg::text) {
        None => Ok(()),
        Some(_) => Err("no argument supported for 'fc_*' sample expressions returning counters".into()),
    }
}
