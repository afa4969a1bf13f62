//! An algorithm of one's own: requests of a tenant stay on its server as long as that one is not busier than others.
//! `cargo run -p lb-examples --example own_balance -- LISTEN SERVER...`.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use lb_core::balance::{Balance, Choice, Request, ServerView};
use lb_core::proxy::{Backend, Frontend, Proxy, Server};

/// Sends each tenant, by the `X-Tenant` field, to the server that its name and the tenant's hash highest with; the
/// second highest takes over where the first has more than twice its sessions.
struct ByTenant;

impl Balance for ByTenant {
    fn key(&self, request: &Request<'_>) -> Option<u64> {
        Some(hash(request.header("x-tenant")?))
    }

    fn choose(&self, choice: &Choice<'_>) -> Option<usize> {
        let key = choice.key()?;
        let rank = |server: &ServerView<'_>| hash((key, server.name()));
        let mut best: Vec<(usize, ServerView<'_>)> =
            choice.servers().enumerate().filter(|(_, server)| !choice.avoids(*server)).collect();
        best.sort_by_key(|(_, server)| std::cmp::Reverse(rank(server)));
        match best.as_slice() {
            [(_, first), (second_at, second), ..] if first.sessions() > 2 * second.sessions() + 1 => Some(*second_at),
            [(first_at, _), ..] => Some(*first_at),
            [] => None,
        }
    }
}

fn hash<T: std::hash::Hash>(value: T) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let servers = arguments.enumerate().map(|(index, address)| Server::new(format!("s{index}"), address));
    let app = servers.fold(Backend::new("app").balance_with(ByTenant), Backend::server);
    let proxy =
        Proxy::builder().frontend(Frontend::http("web").bind(listen).default_backend("app")).backend(app).start()?;
    for listener in proxy.listeners() {
        println!("{} listens on {:?}", listener.frontend, listener.address);
    }
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
