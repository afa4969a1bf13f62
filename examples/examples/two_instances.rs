//! Two load balancers in one process: `cargo run -p lb-examples --example two_instances`.
//!
//! The outer one is made by calls, the inner one from a configuration. They know nothing of each other; dropping the
//! inner one frees its port, and the outer one answers 503 from then on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use lb_core::config::Config;
use lb_core::proxy::{Backend, Frontend, Proxy, Server, StartOptions};

const INNER: &str = r#"
defaults
    mode http
    timeout client 10s
listen demo
    bind 127.0.0.1:8091
    http-request return status 200 content-type text/plain string "Hello from the inner one\n"
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let inner_address = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:8091".to_owned());

    let config = Config::parse(&INNER.replace("127.0.0.1:8091", &inner_address), "inner.cfg")?;
    let inner = Proxy::start(config, StartOptions::default())?;
    let outer = Proxy::builder()
        .frontend(Frontend::http("web").bind(listen).default_backend("app"))
        .backend(Backend::new("app").server(Server::new("inner", &inner_address)))
        .start()?;
    let address = outer.listeners().first().and_then(|listener| listener.address).ok_or("no listener")?;

    println!("both run: {}", get(address)?);
    drop(inner);
    println!("one runs: {}", get(address)?);
    Ok(())
}

/// The status line of a response.
fn get(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response.lines().next().unwrap_or_default().to_owned())
}
