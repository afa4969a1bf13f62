//! Servers that come and go by typed calls and by text while requests are served; subscriptions to what happens.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lb_core::backend::{AdminChange, HealthChange, HealthReport};
use lb_core::events::{self, Event};
use lb_core::proxy::{Backend, Proxy, Server, StartOptions};
use lb_core::runtime::ErrorCode;
use lb_core::server::OperationalState;
use lb_tests::{HTTP, Instance, Origin, PATIENCE, Wire, eventually};

fn listen(settings: &str) -> Instance {
    Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n{settings}\n"))
}

/// The next line about a server.
fn next_line(events: &mut events::Events) -> String {
    loop {
        match events.recv_timeout(PATIENCE).expect("an event") {
            Event::Server(event) if event.is_logged() => return event.log_line(),
            _ => {}
        }
    }
}

#[test]
fn a_server_takes_traffic_with_the_next_request() {
    let (one, two) = (Origin::saying("one"), Origin::saying("two"));
    let lb = listen("");
    let mut client = lb.connect();
    assert_eq!(client.get("/").status(), 503);
    let app = lb.proxy().backend("fe").unwrap();
    let server = app.add_server(Server::new("s1", one.address().to_string()).weight(10)).unwrap();
    assert_eq!(client.get("/").text(), "one");
    assert_eq!((server.weight(), server.id(), server.is_usable()), (10, 1, true));
    lb.proxy().execute(&format!("add server fe/s2 {} weight 10", two.address())).unwrap();
    lb.proxy().execute("enable server fe/s2").unwrap();
    server.set_weight(0).unwrap();
    assert_eq!(client.get("/").text(), "two");
    server.set_weight(256).unwrap();
    server.set_state(AdminChange::Maint).unwrap();
    assert_eq!(client.get("/").text(), "two");
    assert_eq!(app.del_server("s2").map_err(|error| error.code()), Err(ErrorCode::State));
    app.del_server("s1").unwrap();
    assert!(server.is_removed());
    assert_eq!(server.set_weight(1).map_err(|error| error.code()), Err(ErrorCode::NotFound));
    // Another one of its name is another server.
    app.add_server(Server::new("s1", one.address().to_string())).unwrap();
    assert_eq!(server.set_weight(1).map_err(|error| error.code()), Err(ErrorCode::NotFound));
    assert_eq!(app.server("s1").unwrap().weight(), 1);
    assert_eq!(app.server("s1").unwrap().id(), 1);
}

#[test]
fn connections_follow_the_address_and_the_switch_of_tls() {
    let (one, two) = (Origin::saying("one"), Origin::saying("two"));
    let lb = listen(&format!(" http-reuse always\n server s {}", one.address()));
    let server = lb.proxy().backend("fe").unwrap().server("s").unwrap();
    let mut client = lb.connect();
    assert_eq!(client.get("/").text(), "one");
    assert_eq!(client.get("/").text(), "one");
    assert_eq!(one.connections(), 1);
    // The client may have its answer before the connection is back in its pool.
    eventually("the connection is idle", || server.idle_connections() == 1);
    server.set_addr(two.address().ip(), Some(two.address().port())).unwrap();
    assert_eq!(client.get("/").text(), "two");
    eventually("the idle connection to the old address is closed", || server.idle_connections() == 1);
    assert_eq!(server.set_tls(true).map_err(|error| error.code()), Err(ErrorCode::State));
    lb.proxy().execute("disable server fe/s").unwrap();
    lb.proxy().execute("del server fe/s").unwrap();
    eventually("its idle connections are closed", || server.idle_connections() == 0);
}

#[test]
fn a_limit_that_rises_lets_waiters_go_on() {
    let origin = Origin::start(|visit| {
        while visit.request().is_some() {
            if visit.index < 1 && visit.wire.try_read_to_end().is_ok() {
                return;
            }
            visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let lb = listen(&format!(" server s {} maxconn 1", origin.address()));
    let server = lb.proxy().backend("fe").unwrap().server("s").unwrap();
    let _first = lb.connect().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").writer();
    eventually("the first request is at the server", || origin.connections() == 1);
    let mut second = lb.connect();
    second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let app = lb.proxy().backend("fe").unwrap();
    eventually("the second request waits", || app.queued() == 1);
    server.set_maxconn(2).unwrap();
    assert_eq!(second.response().text(), "ok");
}

#[test]
fn events_come_in_order_and_to_everybody() {
    let (sender, mut early) = events::channel(16);
    let builder = Proxy::builder().backend(Backend::new("app").server(Server::new("s1", "127.0.0.1:1")));
    let config = builder.config().unwrap();
    let proxy = Proxy::start(config, StartOptions { events: vec![sender], ..StartOptions::default() }).unwrap();
    let mut events = proxy.events_with_capacity(64);
    let mut full = proxy.events_with_capacity(1);
    let server = proxy.backend("app").unwrap().server("s1").unwrap();
    assert!(matches!(early.recv_timeout(PATIENCE), Some(Event::Started)));
    server.set_state(AdminChange::Drain).unwrap();
    server.set_state(AdminChange::Ready).unwrap();
    server.set_health(HealthChange::Down).unwrap();
    assert_eq!(server.operational_state(), OperationalState::Stopped);
    let lines: Vec<_> = (0..5).map(|_| next_line(&mut events)).collect();
    let starts = ["Server app/s1 enters", "backend app has no", "Server app/s1 is UP (", "Server app/s1 is DOWN, ch"];
    assert!(starts.iter().zip(&lines).all(|(start, line)| line.starts_with(start)), "{lines:?}");
    assert_eq!((0..5).map(|_| next_line(&mut early)).collect::<Vec<_>>(), lines);
    assert_eq!((next_line(&mut full), full.lost()), (lines[0].clone(), 4));
    proxy.soft_stop();
    proxy.wait();
    assert!(matches!(events.next(), Some(Event::Stopping)) && matches!(events.next(), Some(Event::Stopped)));
    assert!(events.next().is_none());
}

#[test]
fn a_listener_may_run_commands() {
    let proxy = std::sync::Arc::new(std::sync::OnceLock::<Proxy>::new());
    let seen = std::sync::Arc::new(AtomicUsize::new(0));
    let (inside, count) = (std::sync::Arc::clone(&proxy), std::sync::Arc::clone(&seen));
    let on_event = move |event: &lb_core::server::ServerEvent| {
        count.fetch_add(1, Ordering::SeqCst);
        if event.log_line().contains("enters drain") {
            inside.get().unwrap().execute("set server app/s1 state ready").unwrap();
        }
    };
    let config =
        Proxy::builder().backend(Backend::new("app").server(Server::new("s1", "127.0.0.1:1"))).config().unwrap();
    let options = StartOptions { on_event: Some(Box::new(on_event)), ..StartOptions::default() };
    let running = Proxy::start(config, options).unwrap();
    proxy.set(running.clone()).unwrap();
    running.execute("set server app/s1 state drain").unwrap();
    // Drain, no server left, and ready again by what the function did.
    assert_eq!(seen.load(Ordering::SeqCst), 3);
    assert!(running.backend("app").unwrap().server("s1").unwrap().is_usable());
}

/// Clients that keep their connections and clients that do not, while servers are added and removed without end: no
/// request fails, and in the end no descriptor is left.
#[test]
fn servers_are_added_and_removed_under_load_without_an_error() {
    const CLIENTS: usize = 4;
    let origins = [Origin::saying("0"), Origin::saying("1"), Origin::saying("2")];
    let lb = Instance::start(&format!(
        "global\n nbthread 2\ndefaults\n mode http\n timeout connect 10s\n timeout client 30s\n timeout server 30s\n \
         http-reuse always\nlisten fe\n bind 127.0.0.1:0\n balance roundrobin\n server fixed {}\n",
        origins[0].address()
    ));
    let app = lb.proxy().backend("fe").unwrap();
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let address = lb.address();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (stop, answers) = (&stop, &answers);
            scope.spawn(move || {
                let mut kept = Wire::connect(address);
                while !stop.load(Ordering::Relaxed) {
                    let response = match client % 2 {
                        0 => kept.get("/"),
                        _ => {
                            let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
                            Wire::connect(address).send(request).response()
                        }
                    };
                    assert_eq!(response.status(), 200);
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..60 {
            let (name, origin) = (format!("d{}", round % 3), origins[1 + round % 2].address());
            if round % 2 == 0 {
                app.add_server(Server::new(&name, origin.to_string()).weight(50)).unwrap();
            } else {
                lb.proxy().execute(&format!("add server fe/{name} {origin} weight 50")).unwrap();
                lb.proxy().execute(&format!("enable server fe/{name}")).unwrap();
            }
            let before = answers.load(Ordering::Relaxed);
            eventually("requests are served", || answers.load(Ordering::Relaxed) >= before + 40);
            app.server(&name).unwrap().set_state(AdminChange::Maint).unwrap();
            eventually("its streams finish", || app.del_server(&name).is_ok());
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(origins[1].requests().len() > 100 && origins[2].requests().len() > 100);
    assert_eq!(app.servers().len(), 1);
    let open = |origin: &Origin| {
        let port = format!(":{:04X} ", origin.address().port());
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        // Established connections whose far end is the origin.
        table
            .lines()
            .filter(|line| line.split_whitespace().nth(2).is_some_and(|far| far.ends_with(port.trim())))
            .filter(|line| line.split_whitespace().nth(3) == Some("01"))
            .count()
    };
    eventually("connections to removed servers are closed", || open(&origins[1]) + open(&origins[2]) == 0);
}

#[test]
fn a_program_reports_the_health_of_a_server() {
    let origin = Origin::saying("one");
    let lb = listen(&format!(" server s {}", origin.address()));
    let mut events = lb.proxy().events();
    let server = lb.proxy().backend("fe").unwrap().server("s").unwrap();
    let failed = || HealthReport::Failed { info: Some("queue is full".to_owned()) };
    server.report_health(HealthReport::Passed { info: None }).unwrap();
    for _ in 0..2 {
        server.report_health(failed()).unwrap();
        assert_eq!(server.operational_state(), OperationalState::Running);
    }
    server.report_health(failed()).unwrap();
    assert_eq!(server.operational_state(), OperationalState::Stopped);
    assert_eq!(
        next_line(&mut events),
        "Server fe/s is DOWN, reason: Layer7 wrong status, code: 0, info: \"queue is full\". 0 active and 0 backup \
         servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
    );
    server.report_health(HealthReport::Passed { info: None }).unwrap();
    assert_eq!(server.operational_state(), OperationalState::Stopped);
    server.report_health(HealthReport::Passed { info: None }).unwrap();
    assert_eq!(server.operational_state(), OperationalState::Running);
    server.report_health(HealthReport::Down).unwrap();
    assert_eq!(server.operational_state(), OperationalState::Stopped);
    server.report_health(HealthReport::Up).unwrap();
    assert_eq!(server.operational_state(), OperationalState::Running);
}
