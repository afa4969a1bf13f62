//! Cost of choosing a server and giving it back, by algorithm and number of servers.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::backend::{AssignRequest, Backend};
use lb_core::config::model::{Balance, HashMethod, HashType, ProxyConfig, ProxyKind, ServerConfig, UriKey};

fn backend(balance: &Balance, servers: u32, maxconn: u32) -> Arc<Backend> {
    backend_with(balance, servers, maxconn, |_| ())
}

fn backend_with(balance: &Balance, servers: u32, maxconn: u32, more: impl Fn(&mut ProxyConfig)) -> Arc<Backend> {
    let mut config = ProxyConfig::new("bench".into(), ProxyKind::Backend);
    config.balance = balance.clone();
    more(&mut config);
    let line = |n: u32| {
        let mut line = ServerConfig::new(format!("s{n}"));
        line.id = n + 1;
        line.weight = 1 + n % 3;
        line.maxconn = maxconn;
        line
    };
    config.servers = (0..servers).map(line).collect();
    Arc::new(Backend::new(&config, 1))
}

fn pick(c: &mut Criterion) {
    let algorithms = [
        ("roundrobin", Balance::RoundRobin),
        ("static-rr", Balance::StaticRr),
        ("leastconn", Balance::LeastConn),
        ("first", Balance::First),
        ("source", Balance::Source),
        ("random", Balance::Random { draws: 2 }),
    ];
    for (name, balance) in algorithms {
        let mut group = c.benchmark_group(name);
        for servers in [10, 100, 1000] {
            let backend = backend(&balance, servers, 0);
            let mut address = 0x0a00_0000u32;
            group.bench_function(BenchmarkId::from_parameter(servers), |bencher| {
                bencher.iter(|| {
                    address = address.wrapping_add(7919);
                    let source = Some(IpAddr::V4(Ipv4Addr::from_bits(address)));
                    backend.try_assign(&AssignRequest { source, ..AssignRequest::default() })
                });
            });
        }
        group.finish();
    }
}

/// Keys that are hashed, through tables and rings; and an algorithm of the program's own.
fn hashed(c: &mut Criterion) {
    struct Modulo;
    impl lb_core::balance::Balance for Modulo {
        fn choose(&self, choice: &lb_core::balance::Choice<'_>) -> Option<usize> {
            usize::try_from(choice.key()? % choice.len() as u64).ok()
        }
    }
    let consistent = HashType { method: HashMethod::Consistent, ..HashType::default() };
    type More = Box<dyn Fn(&mut ProxyConfig)>;
    let kinds: [(&str, More); 4] = [
        ("uri-map-based", Box::new(|_| ())),
        ("uri-consistent", Box::new(move |config| config.hash_type = consistent)),
        (
            "uri-consistent-bounded",
            Box::new(move |config| (config.hash_type, config.hash_balance_factor) = (consistent, 150)),
        ),
        ("own", Box::new(|config| config.own_balance = Some(lb_core::balance::OwnBalance::new(Modulo)))),
    ];
    for (name, more) in kinds {
        let mut group = c.benchmark_group(name);
        for servers in [10, 100, 1000] {
            let backend = backend_with(&Balance::Uri(UriKey::default()), servers, 0, &more);
            let mut hash = 0u64;
            group.bench_function(BenchmarkId::from_parameter(servers), |bencher| {
                bencher.iter(|| {
                    hash = hash.wrapping_add(0x9e37_79b9) & u64::from(u32::MAX);
                    backend.try_assign(&AssignRequest { hash: Some(hash), ..AssignRequest::default() })
                });
            });
        }
        group.finish();
    }
}

/// The same with limits that are never reached, and with most of the servers full.
fn limited(c: &mut Criterion) {
    let mut group = c.benchmark_group("roundrobin-maxconn");
    for (name, held) in [("free", 0), ("nine-of-ten-full", 900)] {
        let backend = backend(&Balance::RoundRobin, 1000, 1);
        let request = |server| AssignRequest { force: Some(server), ..AssignRequest::default() };
        let servers = backend.servers().iter().take(held).cloned().collect::<Vec<_>>();
        let slots: Vec<_> = servers.into_iter().map(|server| backend.try_assign(&request(server))).collect();
        group.bench_function(name, |bencher| bencher.iter(|| backend.try_assign(&AssignRequest::default())));
        drop(slots);
    }
    group.finish();
}

criterion_group!(benches, pick, hashed, limited);
criterion_main!(benches);
