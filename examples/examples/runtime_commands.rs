//! The commands of a stats socket without a socket: `cargo run -p lb-examples --example runtime_commands -- LISTEN SERVER`
//! runs each line of standard input and prints its answer.

use std::io::BufRead;

use lb_core::proxy::{Backend, Frontend, Proxy, Server};
use lb_core::runtime::{Command, GetWeight, Reply, ServerName};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let server = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let proxy = Proxy::builder()
        .frontend(Frontend::http("web").bind(listen).default_backend("app"))
        .backend(Backend::new("app").server(Server::new("s1", server).weight(10)))
        .start()?;
    for listener in proxy.listeners() {
        println!("{} listens on {:?}", listener.frontend, listener.address);
    }
    for line in std::io::stdin().lock().lines() {
        match proxy.execute(&line?) {
            Ok(text) => print!("{text}"),
            // The number is the same in every version.
            Err(error) => println!("error {}: {error}", error.code() as u16),
        }
    }
    // The same as a value instead of text.
    let weight = Command::GetWeight(GetWeight { server: ServerName::new("app", "s1") });
    if let Reply::Weight(weight) = proxy.run(&weight)? {
        println!("in the end app/s1 weighs {}", weight.current);
    }
    Ok(())
}
