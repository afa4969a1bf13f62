//! A program that knows better than a health check how its server is: `cargo run -p lb-examples --example report_health --
//! SERVER`. Each line of standard input is a report: `passed` and `failed` count with `rise` and `fall` as the results of a
//! health check do, `up` and `down` count at once; what follows is shown in logs and statistics. What comes of it is told.

use std::io::BufRead;

use lb_core::backend::HealthReport;
use lb_core::events::Event;
use lb_core::proxy::{Backend, Proxy, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let proxy = Proxy::builder().backend(Backend::new("app").server(Server::new("s1", server))).start()?;
    let events = proxy.events();
    let teller = std::thread::spawn(move || {
        for event in events {
            if let Event::Server(event) = event {
                println!("{}", event.log_line());
            }
        }
    });
    let s1 = proxy.backend("app")?.server("s1")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let info = (!rest.is_empty()).then(|| rest.to_owned());
        let report = match word {
            "passed" => HealthReport::Passed { info },
            "failed" => HealthReport::Failed { info },
            "up" => HealthReport::Up,
            "down" => HealthReport::Down,
            _ => return Err(format!("a report is passed, failed, up or down, not {word}").into()),
        };
        s1.report_health(report)?;
    }
    proxy.stop();
    proxy.wait();
    drop(proxy);
    teller.join().map_err(|_| "the thread that tells of events failed")?;
    Ok(())
}
