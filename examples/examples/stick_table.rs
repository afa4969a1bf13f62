//! A table of addresses that a program fills and watches:
//! `cargo run -p lb-examples --example stick_table`, then lines `block ADDRESS`, `free ADDRESS` and `list`.

use std::io::BufRead;
use std::net::Ipv4Addr;

use lb_core::proxy::{Backend, Proxy};
use lb_core::runtime::{TableFilter, TableOperator};
use lb_core::table::DataType;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let line = "stick-table type ip size 100k expire 30m store gpt0,http_req_rate(10s)";
    let proxy = Proxy::builder().backend(Backend::new("clients").line(line)).start()?;
    let clients = proxy.table("clients")?;
    let mut changes = clients.watch(100);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (word, address) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "block" => clients.update(address.parse::<Ipv4Addr>()?, [(DataType::Gpt0, 1)])?,
            "free" => clients.remove(address.parse::<Ipv4Addr>()?)?,
            "list" => {
                let blocked = TableFilter { kind: DataType::Gpt0, operator: TableOperator::Greater, value: 0 };
                for entry in clients.matching([blocked])? {
                    println!("{} for {} s", entry.key, entry.expires_in.as_secs().div_ceil(60) * 60);
                }
            }
            _ => println!("block ADDRESS, free ADDRESS, or list"),
        }
        while let Some(told) = changes.try_recv() {
            println!("{}: {:?}", told.key, told.change);
        }
    }
    Ok(())
}
