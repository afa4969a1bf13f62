//! Cost of tracking an address in a table of a million: the look-up, what a request counts, and the end.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lb_core::instant::Instant;
use lb_core::sample::Value;
use lb_core::table::{DataType, KeyType, Stored, Table, TableConfig, TrackScope, Tracking};

const MANY: u32 = 1 << 20;

/// A table of addresses as a limit of requests needs it.
fn table(size: u32) -> Arc<Table> {
    let mut config = TableConfig::new(KeyType::Ip, size);
    config.expire = Some(Duration::from_secs(3600));
    config.stored = vec![
        Stored::plain(DataType::Gpc0),
        Stored::plain(DataType::ConnCur),
        Stored::rate(DataType::HttpReqRate, Duration::from_secs(10)),
    ];
    Arc::new(Table::new("bench", &config, Instant::now()))
}

/// Each number below `MANY` once, in an order that no cache foresees.
fn shuffled(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(number.wrapping_mul(0x9e37_79b1) & (MANY - 1))
}

fn request(table: &Arc<Table>, address: Ipv4Addr, now: u64) {
    if let Some(key) = table.key(Value::Ipv4(address)) {
        let mut tracking = Tracking::default();
        tracking.track(TrackScope::Request, 0, table, &key, now);
        tracking.bytes_in(100, now);
        tracking.end(now);
    }
}

fn track(c: &mut Criterion) {
    let mut group = c.benchmark_group("table");
    group.throughput(Throughput::Elements(1));

    let full = table(MANY);
    let begin = Instant::now();
    (0..MANY).for_each(|number| request(&full, shuffled(number), 0));
    println!("{MANY} entries in {:?}", begin.elapsed());
    let (mut number, mut now) = (0u32, 1);
    group.bench_function("track one of a million", |bencher| {
        bencher.iter(|| {
            number = number.wrapping_add(1);
            now += u64::from(number.is_multiple_of(64));
            request(&full, shuffled(number), now);
        });
    });
    group.bench_function("track a new one in a full table", |bencher| {
        bencher.iter(|| {
            number = number.wrapping_add(1);
            now += u64::from(number.is_multiple_of(64));
            request(&full, Ipv4Addr::from_bits(MANY | number), now);
        });
    });
    drop(full);

    let small = table(1024);
    group.bench_function("track one of a hundred", |bencher| {
        bencher.iter(|| {
            number = number.wrapping_add(1);
            request(&small, Ipv4Addr::from_bits(number % 100), now);
        });
    });
    group.finish();
}

criterion_group!(benches, track);
criterion_main!(benches);
