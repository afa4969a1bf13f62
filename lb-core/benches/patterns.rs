//! A million patterns: loading them, looking one up, adding one while lookups go on.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write;
use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lb_core::pattern::{Method, Patterns};
use lb_core::sample::Value;

const MANY: u32 = 1_000_000;

/// Spreads numbers so that neighbours are not neighbours in memory.
fn spread(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761)
}

fn lines(method: Method, count: u32) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = match method {
            Method::Ip => writeln!(text, "{}/{} v{n}", Ipv4Addr::from(spread(n)), 16 + n % 17),
            Method::Int => writeln!(text, "{}:{} v{n}", 100 * n, 100 * n + 50),
            _ => writeln!(text, "host{}.example.com v{n}", spread(n)),
        };
    }
    text
}

fn sample(method: Method, n: u32) -> Value<'static> {
    match method {
        Method::Ip => Value::ip(Ipv4Addr::from(spread(n)).into()),
        Method::Int => Value::Sint(i64::from(100 * n + 25)),
        Method::Beg => Value::text(format!("host{}.example.com/path", spread(n))),
        Method::End | Method::Sub | Method::Dom => Value::text(format!("www.host{}.example.com", spread(n))),
        _ => Value::text(format!("host{}.example.com", spread(n))),
    }
}

fn patterns(c: &mut Criterion) {
    let methods = [Method::Str, Method::Beg, Method::End, Method::Sub, Method::Dom, Method::Ip, Method::Int];
    for count in [10, 1000, MANY] {
        for method in methods {
            let set = Patterns::new(method, false);
            set.load(lines(method, count).as_bytes()).unwrap();
            let samples: Vec<_> = (0..1024).map(|n| sample(method, spread(n) % count)).collect();
            let mut next = samples.iter().cycle();
            c.bench_function(&format!("{method} of {count}, found"), |b| {
                b.iter(|| black_box(set.matches(next.next().unwrap())));
            });
            let missing = Value::str(b"nothing.like.it.org".as_slice());
            c.bench_function(&format!("{method} of {count}, missing"), |b| b.iter(|| black_box(set.matches(&missing))));
            let mut n = 0;
            c.bench_function(&format!("{method} of {count}, one added and removed"), |b| {
                b.iter(|| {
                    n = (n + 1) % 250;
                    let key = if method == Method::Ip { format!("10.9.8.{n}") } else { n.to_string() };
                    set.add(&key, Some("v")).unwrap();
                    set.remove(&key)
                });
            });
        }
    }
    for method in [Method::Str, Method::Ip] {
        let text = lines(method, MANY);
        let mut group = c.benchmark_group("load");
        group.sample_size(10);
        group.bench_function(format!("{method} of {MANY}"), |b| {
            let load = |set: Patterns| {
                set.load(text.as_bytes()).unwrap();
                set
            };
            b.iter_batched(|| Patterns::new(method, false), load, BatchSize::PerIteration);
        });
        group.finish();
    }
}

criterion_group!(benches, patterns);
criterion_main!(benches);
