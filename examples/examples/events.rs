//! Follows what happens in an instance: `cargo run -p lb-examples --example events -- SERVER`. It checks a server and
//! tells of its changes until standard input ends.

use std::io::Read;
use std::time::Duration;

use lb_core::events::Event;
use lb_core::proxy::{Backend, Proxy, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let proxy = Proxy::builder()
        .backend(Backend::new("app").server(Server::new("s1", server).check_every(Duration::from_millis(200))))
        .start()?;
    let events = proxy.events();
    let stopper = std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        proxy.stop();
        proxy.wait();
    });
    for event in events {
        match event {
            Event::Server(event) => println!("{}", event.log_line()),
            Event::Stopping => println!("stopping"),
            Event::Stopped => println!("stopped"),
            _ => {}
        }
    }
    stopper.join().map_err(|_| "the thread that waits for the end failed")?;
    Ok(())
}
