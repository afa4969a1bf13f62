//! A rule language with words of the program's own: `cargo run -p lb-examples --example extensions`.
//!
//! A sample fetch, a converter and an action in Rust, used by name in a configuration: every tenant may make three requests,
//! and is told how many are left. It serves until standard input ends.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use lb_core::extension::{Action, ArgType, Converter, Extensions, Fetch, Needs, Outcome};
use lb_core::proxy::{Frontend, Proxy};
use lb_core::sample::{SampleType, Value};

fn extensions() -> Result<Extensions, Box<dyn std::error::Error>> {
    // `%[tenant]`: the first label of the host name.
    let tenant = Fetch::new("tenant", SampleType::Str, Needs::Request, |stream, _| {
        let host = stream.request()?.value("host")?;
        host.split(|byte| matches!(byte, b'.' | b':')).next().map(Value::str)
    });
    // `,mask(3)`: all but the first three characters are stars.
    let mask = Converter::new("mask", SampleType::Str, SampleType::Str, |value, args| {
        let shown = args.number(0).and_then(|number| usize::try_from(number).ok())?;
        let masked = value.raw()?.iter().enumerate().map(|(at, byte)| if at < shown { *byte } else { b'*' });
        Some(Value::Str(masked.collect::<Vec<_>>().into()))
    })
    .args(&[ArgType::Integer]);
    // `http-request take-quota <key> <limit>`: denies what is over the limit, and says what is left in a variable.
    let used = Mutex::new(HashMap::<Vec<u8>, i64>::new());
    let take_quota = Action::new("take-quota", move |stream, args| {
        let (Some(key), Some(limit)) = (args.bytes(0), args.number(1)) else { return Outcome::Next };
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        let count = used.entry(key.to_vec()).or_default();
        *count += 1;
        match stream.set_variable("txn.left", Value::Sint(limit - *count)) {
            Ok(()) if *count <= limit => Outcome::Next,
            _ => Outcome::Deny(429),
        }
    })
    .args(&[ArgType::Format, ArgType::Integer])
    .check(|args| match args.number(1) {
        Some(1..) => Ok(()),
        _ => Err("the limit must be positive".to_owned()),
    });
    Ok(Extensions::new().fetch(tenant)?.converter(mask)?.action(take_quota)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let proxy = Proxy::builder()
        .extensions(&extensions()?)
        .frontend(
            Frontend::http("web")
                .bind(listen)
                .line("http-request take-quota %[tenant] 3 unless { tenant friends }")
                .line("http-request return status 200 content-type text/plain lf-string \"%[tenant,mask(1)]: %[var(txn.left)] left\\n\""),
        )
        .start()?;
    println!("listening on {:?}", proxy.listeners().first().and_then(|listener| listener.address));
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    proxy.stop();
    proxy.wait();
    Ok(())
}
