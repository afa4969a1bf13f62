//! An HTTP load balancer inside a program: `cargo run -p lb-examples --example embed_http -- LISTEN SERVER`.

use lb_core::config::Balance;
use lb_core::proxy::{Backend, Frontend, Proxy, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let server = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let proxy = Proxy::builder()
        .frontend(Frontend::http("web").bind(listen).default_backend("app").log_stdout())
        .backend(Backend::new("app").balance(Balance::RoundRobin).server(Server::new("s1", server)))
        .start()?;
    for listener in proxy.listeners() {
        println!("{} listens on {:?}", listener.frontend, listener.address);
    }
    proxy.wait();
    Ok(())
}
