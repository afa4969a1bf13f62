//! Servers that come and go while requests are served:
//! `cargo run -p lb-examples --example add_servers -- LISTEN`, then lines `add ADDRESS` and `del NAME`.

use std::io::BufRead;
use std::time::Duration;

use lb_core::backend::AdminChange;
use lb_core::proxy::{Backend, BackendHandle, Frontend, Proxy, Server};
use lb_core::runtime::{CommandError, ErrorCode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let proxy = Proxy::builder()
        .frontend(Frontend::http("web").bind(listen).default_backend("app"))
        .backend(Backend::new("app"))
        .start()?;
    for listener in proxy.listeners() {
        println!("{} listens on {:?}", listener.frontend, listener.address);
    }
    let app = proxy.backend("app")?;
    let mut added = 0;
    for line in std::io::stdin().lock().lines() {
        match line?.split_once(' ') {
            Some(("add", address)) => {
                added += 1;
                let server = app.add_server(Server::new(format!("s{added}"), address).weight(10))?;
                println!("{} serves", server.name());
            }
            Some(("del", name)) => {
                remove(&app, name)?;
                println!("{name} is gone");
            }
            _ => println!("add ADDRESS, or del NAME"),
        }
    }
    Ok(())
}

/// Lets the streams of a server finish, then takes it out.
fn remove(app: &BackendHandle, name: &str) -> Result<(), CommandError> {
    app.server(name)?.set_state(AdminChange::Maint)?;
    loop {
        match app.del_server(name) {
            // Still in use.
            Err(error) if error.code() == ErrorCode::State => std::thread::sleep(Duration::from_millis(20)),
            result => return result,
        }
    }
}
