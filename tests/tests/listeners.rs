//! Listeners and the life of an instance.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, mpsc};

use std::os::unix::fs::MetadataExt;

use lb_core::config::{Address, Config};
use lb_core::log::LogEvent;
use lb_core::proxy::{Proxy, StartOptions};
use lb_tests::process::haproxy;
use lb_tests::{HTTP, Instance, Origin, PATIENCE, Side, Wire, eventually};

#[test]
fn several_frontends_with_several_ports() {
    let (one, two) = (Origin::saying("one"), Origin::saying("two"));
    let lb = Instance::start(&format!(
        "{HTTP}frontend a\n bind 127.0.0.1:0\n bind 127.0.0.1:0\n default_backend one\n\
         frontend b\n bind 127.0.0.1:0\n default_backend two\n\
         backend one\n server s {}\nbackend two\n server s {}\n",
        one.address(),
        two.address()
    ));
    let listeners = lb.proxy().listeners().to_vec();
    let names: Vec<&str> = listeners.iter().map(|listener| &*listener.frontend).collect();
    assert_eq!(names, ["a", "a", "b"]);
    let answers: Vec<String> =
        listeners.iter().map(|listener| Wire::connect(listener.address.unwrap()).get("/").text()).collect();
    assert_eq!(answers, ["one", "one", "two"]);
    assert_eq!(Wire::connect(lb.address_of("b")).get("/").text(), "two");
}

#[test]
fn several_workers_share_a_port() {
    let origin = Origin::saying("ok");
    let text = format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address());
    let lb = Instance::start(&text.replace("nbthread 1", "nbthread 4"));
    let mut clients: Vec<Wire> = (0..40).map(|_| lb.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").text(), "ok");
    }
}

#[test]
fn dropping_an_instance_frees_its_ports_and_connections() {
    let origin = Origin::saying("ok");
    let lb = Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address()));
    let address = lb.address();
    let mut idle = lb.connect();
    idle.get("/");
    drop(lb);
    idle.expect_gone();
    assert!(TcpStream::connect(address).is_err());
    // The port is there for others at once.
    drop(TcpListener::bind(address).unwrap());
}

#[test]
fn clones_of_a_handle_keep_it_alive() {
    let lb = Instance::start(&format!(
        "{HTTP}listen fe\n bind 127.0.0.1:0\n http-request return status 200 content-type text/plain string ok\n"
    ));
    let (address, handle) = (lb.address(), lb.proxy().clone());
    drop(lb);
    assert_eq!(Wire::connect(address).get("/").text(), "ok");
    drop(handle);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn two_instances_do_not_meet() {
    let say = |text: &str| {
        Instance::start(&format!(
            "{HTTP}listen fe\n bind 127.0.0.1:0\n http-request return status 200 content-type text/plain string {text}\n"
        ))
    };
    let (one, two) = (say("one"), say("two"));
    assert_eq!((one.connect().get("/").text(), two.connect().get("/").text()), ("one".into(), "two".into()));
    drop(one);
    assert_eq!(two.connect().get("/").text(), "two");
}

#[test]
fn an_instance_may_sit_behind_another() {
    let origin = Origin::echoing();
    let inner = Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address()));
    let outer = Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", inner.address()));
    let mut client = outer.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.response().text(), "abc");
}

#[test]
fn a_taken_port_is_an_error_that_leaves_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("{HTTP}listen fe\n bind {}\n", taken.local_addr().unwrap());
    let config = lb_core::config::Config::parse(&text, "test.cfg").unwrap();
    let error = lb_core::proxy::Proxy::start(config, Default::default()).unwrap_err();
    assert!(error.to_string().contains("fe"), "{error}");
}

/// A soft stop closes listeners and idle connections at once and lets a request that is under way end.
#[test]
fn soft_stop_finishes_what_is_under_way() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::start(move |visit| {
        while let Some(request) = visit.request() {
            if request.target() == "/slow" {
                wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            }
            visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
        }
    });
    let lb = Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address()));
    let mut idle = lb.connect();
    idle.get("/");
    let mut busy = lb.connect();
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the slow request is at the origin", || origin.requests().len() == 2);
    lb.proxy().soft_stop();
    idle.expect_gone();
    eventually("the listener is closed", || TcpStream::connect(lb.address()).is_err());
    assert!(!lb.proxy().is_finished());
    go.send(()).unwrap();
    let response = busy.response();
    assert_eq!(response.text(), "done");
    busy.expect_end();
    lb.proxy().wait();
    assert!(lb.proxy().is_finished());
}

/// As HAProxy: a client that was accepted may still ask, is answered, and told when its time is up.
#[test]
fn a_soft_stop_waits_for_the_first_request() {
    let origin = Origin::saying("ok");
    let lb = Instance::start(&format!(
        "{HTTP}listen fe\n bind 127.0.0.1:0\n timeout http-request 2s\n server s {}\n",
        origin.address()
    ));
    let (mut late, mut never, mut idle) = (lb.connect(), lb.connect(), lb.connect());
    // The listener accepts in order.
    idle.get("/");
    lb.proxy().soft_stop();
    idle.expect_gone();
    assert_eq!(late.get("/").text(), "ok");
    late.expect_end();
    assert_eq!(never.response().status(), 408);
    never.expect_end();
    lb.proxy().wait();
}

#[test]
fn a_soft_stop_with_nothing_to_do_ends() {
    let lb = Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n"));
    lb.proxy().soft_stop();
    lb.proxy().wait();
}

#[test]
fn a_stop_ends_everything() {
    let origin = Origin::start(|visit| {
        let _ = visit.wire.try_read_to_end();
    });
    let lb = Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address()));
    let mut busy = lb.connect();
    busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the request is at the origin", || origin.connections() == 1);
    lb.proxy().stop();
    lb.proxy().wait();
    busy.expect_gone();
}

/// Beyond `maxconn` connections wait in the kernel until another one ends.
#[test]
fn maxconn_lets_connections_wait() {
    for setting in [" maxconn 1", "", " bind-maxconn"] {
        let origin = Origin::saying("ok");
        let (bind, setting, global) = match setting {
            " bind-maxconn" => (" maxconn 1", "", ""),
            "" => ("", "", "  maxconn 1\n"),
            setting => ("", setting, ""),
        };
        let text = format!("{HTTP}listen fe\n bind 127.0.0.1:0{bind}\n{setting}\n server s {}\n", origin.address());
        let lb = Instance::start(&text.replace("  nbthread 1\n", &format!("  nbthread 1\n{global}")));
        let mut first = lb.connect();
        first.get("/first");
        let mut second = lb.connect();
        second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
        // Had the second one been accepted, it would be served before the third request of the first.
        first.get("/again");
        first.get("/again");
        let targets: Vec<String> = origin.requests().iter().map(|r| r.target().to_owned()).collect();
        assert_eq!(targets, ["/first", "/again", "/again"]);
        drop(first);
        assert_eq!(second.response().text(), "ok");
    }
}

/// Connections that wait for accept(2) on a listening socket.
fn backlog(address: SocketAddr) -> usize {
    let port = format!(":{:04X}", address.port());
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let mut words = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listening = words.find(|words| words.len() > 4 && words[1].ends_with(&port) && words[3] == "0A").unwrap();
    usize::from_str_radix(listening[4].split_once(':').unwrap().1, 16).unwrap()
}

/// No connection is taken from the kernel that there is no room for.
#[test]
fn what_is_beyond_maxconn_is_not_accepted() {
    let origin = Origin::saying("ok");
    let lb = Instance::start(&format!(
        "{}frontend fe\n maxconn 1\n bind 127.0.0.1:0\n default_backend be\nbackend be\n server s {}\n",
        HTTP,
        origin.address()
    ));
    let mut first = lb.connect();
    assert_eq!(first.get("/").status(), 200);
    let mut second = lb.connect();
    second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    eventually("it waits in the backlog", || backlog(lb.address()) == 1);
    assert_eq!(first.get("/").status(), 200);
    assert_eq!(backlog(lb.address()), 1);
    drop(first);
    assert_eq!(second.response().status(), 200);
}

/// Path, mode and owner of the sockets, as HAProxy makes them.
#[test]
fn unix_sockets_with_common_settings() {
    let owner = if rustix::process::geteuid().is_root() { " uid 7 gid 3" } else { "" };
    let text = format!(
        "global\n nbthread 1\n stats socket {{dir}}/stats mode 640\n unix-bind prefix {{dir}}/ mode 600{owner}\n\
         defaults\n mode http\n timeout client 9s\n timeout server 9s\n timeout connect 9s\n\
         frontend f\n bind unix@one\n bind unix@two,unix@three mode 666\n http-request return status 200\n"
    );
    let of = |side: &Side| {
        ["stats", "one", "two", "three"].map(|name| {
            let path = side.directory().join(name);
            eventually("the socket is there", || path.exists());
            let file = std::fs::metadata(path).unwrap();
            (name, file.mode() & 0o7777, file.uid(), file.gid())
        })
    };
    let ours = of(&Side::start(None, &text, 0));
    assert_eq!(ours.map(|(_, mode, ..)| mode), [0o640, 0o600, 0o666, 0o666]);
    let Some(haproxy) = haproxy() else { return };
    assert_eq!(ours, of(&Side::start(Some(&haproxy), &text, 0)));
}

/// A network namespace for one test; dropping it removes its name.
struct NetworkNamespace(String);

impl NetworkNamespace {
    /// `None`, with a message, where the test may not make one.
    fn new() -> Option<Self> {
        let name = format!("lb-test-{}", std::process::id());
        let ip = |args: &[&str]| Command::new("ip").args(args).output().is_ok_and(|output| output.status.success());
        if !ip(&["netns", "add", &name]) {
            println!("skipped: a network namespace cannot be made");
            return None;
        }
        let namespace = Self(name);
        assert!(ip(&["-n", &namespace.0, "link", "set", "lo", "up"]));
        Some(namespace)
    }
}

impl Drop for NetworkNamespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "delete", &self.0]).output();
    }
}

/// The same address inside and outside is two listeners; servers and their checks reach the one of their namespace.
#[test]
fn listeners_and_servers_in_a_network_namespace() {
    let Some(namespace) = NetworkNamespace::new() else { return };
    let text = "global\n nbthread 2\n stats socket {dir}/stats\n\
         defaults\n mode http\n timeout client 9s\n timeout server 9s\n timeout connect 9s\n\
         listen inside\n bind {listen1} namespace NAME\n http-request return status 200 hdr at inside\n\
         listen outside\n bind {listen1}\n http-request return status 200 hdr at outside\n\
         listen only-outside\n bind {listen2}\n http-request return status 200 hdr at outside\n\
         frontend f\n bind {listen0}\n use_backend other if { path /other }\n default_backend same\n\
         backend same\n server s {listen1} namespace NAME check inter 50ms\n\
         backend other\n server s {listen2} namespace NAME check inter 50ms rise 1 fall 1\n"
        .replace("NAME", &namespace.0);
    let of = |side: &Side| {
        eventually("the check inside fails", || side.ask("show servers state other").contains(" s 127.0.0.1 0 "));
        let mut client = side.connect(0);
        ["/", "/", "/other"].map(|path| {
            let response = client.get(path);
            (response.status(), response.header("at").map(str::to_owned))
        })
    };
    let ours = of(&Side::start(None, &text, 3));
    let inside = (200, Some("inside".to_owned()));
    assert_eq!(ours, [inside.clone(), inside, (503, None)]);
    let Some(haproxy) = haproxy() else { return };
    assert_eq!(ours, of(&Side::start(Some(&haproxy), &text, 3)));
}

/// Two requests that wait for the only worker at the same time: those of the less nice listener are served first.
#[test]
fn nice_lets_others_go_first() {
    for (first, second, order) in
        [("", "", ["first", "second"]), (" nice 1", "", ["second", "first"]), ("", " nice -1024", ["second", "first"])]
    {
        let section = |name: &str, options: &str| {
            format!("frontend {name}\n bind 127.0.0.1:1{options}\n http-request return status 200 hdr at {name}\n")
        };
        let text = format!("{HTTP}{}{}{}", section("block", ""), section("first", first), section("second", second));
        let mut config = Config::parse(&text, "test.cfg").unwrap();
        let binds = config.proxies.iter_mut().flat_map(|proxy| &mut proxy.binds);
        binds.for_each(|bind| bind.addresses = vec![Address::Inet("127.0.0.1:0".parse().unwrap())]);
        let (logged, names) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        // Records are made by the worker: while this waits, it serves nobody.
        let on_log = move |event: &LogEvent<'_>| {
            let name = event.record.frontend.to_string();
            let blocks = name == "block";
            let _ = logged.send(name);
            if blocks {
                let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
            }
        };
        let options = StartOptions { on_log: Some(Arc::new(on_log)), ..StartOptions::default() };
        let proxy = Proxy::start(config, options).unwrap();
        let listener = |name: &str| {
            let listeners = proxy.listeners().iter();
            listeners.filter(|listener| &*listener.frontend == name).find_map(|listener| listener.address).unwrap()
        };
        let (mut first, mut second) = (Wire::connect(listener("first")), Wire::connect(listener("second")));
        assert_eq!((first.get("/").status(), second.get("/").status()), (200, 200));
        let mut block = Wire::connect(listener("block"));
        block.send(GET);
        let next = || names.recv_timeout(PATIENCE).unwrap();
        assert_eq!([next(), next(), next()], ["first", "second", "block"]);
        first.send(GET);
        second.send(GET);
        go.send(()).unwrap();
        assert_eq!([next(), next()], order);
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
