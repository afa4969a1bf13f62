//! Runs a configuration file: `cargo run -p lb-examples --example load_config -- -f haproxy.cfg`.

use lb_core::config::Config;
use lb_core::proxy::{Proxy, StartOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(2).unwrap_or_else(|| "examples/configs/quickstart.cfg".to_owned());
    let proxy = Proxy::start(Config::load(file)?, StartOptions::default())?;
    proxy.wait();
    Ok(())
}
