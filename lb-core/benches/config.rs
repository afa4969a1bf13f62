//! Cost of loading a configuration of 10 000 backends, step by step: haproxy.cfg and TOML to the model, and the topology.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lb_core::config::convert::{Language, convert};
use lb_core::config::{Config, Environment, LoadOptions};
use lb_core::net::{Inherited, SystemOptions};
use lb_core::topology::Topology;

const BACKENDS: u32 = 10_000;

fn haproxy_cfg() -> String {
    let mut text = String::from(
        "global\n    maxconn 10000\n\ndefaults\n    mode http\n    option httplog\n    timeout connect 5s\n    \
         timeout client 30s\n    timeout server 30s\n\nfrontend web\n    bind 127.0.0.1:8080\n    default_backend b0\n",
    );
    for n in 0..BACKENDS {
        let (high, low) = (n / 250, n % 250);
        let _ = write!(
            text,
            "\nbackend b{n}\n    balance roundrobin\n    option forwardfor\n    default-server inter 2s maxconn 100\n    \
             server s1 10.0.{high}.{low}:80 check\n    server s2 10.1.{high}.{low}:80 check weight 10 backup\n",
        );
    }
    text
}

fn load(c: &mut Criterion) {
    let options = LoadOptions { environment: Some(Environment::empty()), ..LoadOptions::default() };
    let cfg = haproxy_cfg();
    let loaded = Config::parse_with(&cfg, "bench.cfg", &options).unwrap();
    let toml = convert(&loaded.document, Language::Toml);

    let mut group = c.benchmark_group("config");
    let (system, inherited) = (SystemOptions::default(), Inherited::default());
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(BACKENDS)));
    group.bench_function("haproxy.cfg", |b| b.iter(|| Config::parse_with(&cfg, "bench.cfg", &options).unwrap()));
    group.bench_function("toml", |b| b.iter(|| Config::parse_with(&toml, "bench.toml", &options).unwrap()));
    let topology = || Topology::new(&loaded.config, 10_000, 1, &system, &inherited).unwrap();
    group.bench_function("topology", |b| b.iter(topology));
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
