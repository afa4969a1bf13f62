//! A TCP load balancer inside a program: `cargo run -p lb-examples --example embed_tcp -- LISTEN SERVER...`.
//!
//! Bytes are relayed to the server that has the fewest connections. The program ends when its input does: listeners are
//! closed at once, connections that are open are served to their end.

use std::io::Read;
use std::time::Duration;

use lb_core::config::Balance;
use lb_core::proxy::{Backend, Frontend, Proxy, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:8432".to_owned());
    let mut servers: Vec<String> = arguments.collect();
    if servers.is_empty() {
        servers.push("127.0.0.1:5432".to_owned());
    }

    let mut database = Backend::tcp("databases").balance(Balance::LeastConn).connect_timeout(Duration::from_secs(2));
    for (index, server) in servers.into_iter().enumerate() {
        database = database.server(Server::new(format!("db{}", index + 1), server).maxconn(200));
    }
    let proxy = Proxy::builder()
        .threads(2)
        .frontend(Frontend::tcp("database").bind(listen).default_backend("databases"))
        .backend(database)
        .start()?;
    for listener in proxy.listeners() {
        println!("{} listens on {:?}", listener.frontend, listener.address);
    }

    std::io::stdin().read_to_end(&mut Vec::new())?;
    proxy.soft_stop();
    proxy.wait();
    Ok(())
}
