//! lg: a load generator for proxies on 127.0.0.1, one thread over epoll.
//!
//!     lg mode=ka|close|rate|idle port=N conns=N secs=F [warm=F] [path=/] [rate=N] [tls=0|1] [resume=0|1] [max=N]

mod conn;
mod hist;
mod idle;
mod load;
mod measure;
mod options;
mod receive;
mod time;
mod tls;

use load::Load;
use options::{Mode, Options};

fn main() {
    let options = Options::parse(std::env::args().skip(1));
    let mut load = Load::new(&options);
    match options.mode {
        Mode::Idle => idle::run(&mut load, &options),
        _ => measure::run(&mut load, &options),
    }
}
