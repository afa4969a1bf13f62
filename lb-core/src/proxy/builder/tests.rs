use std::time::Duration;

use super::*;
use crate::config::model::{Address, LogFormatChoice, Mode};
use crate::config::{Balance, render};

fn messages(builder: &ProxyBuilder) -> Vec<String> {
    let error = builder.config().unwrap_err();
    error.diagnostics.iter().map(render::message).collect()
}

#[test]
fn calls_are_the_lines_they_stand_for() {
    let config = Proxy::builder()
        .threads(3)
        .maxconn(500)
        .global("tune.bufsize 32768")
        .frontend(
            Frontend::http("web")
                .bind("127.0.0.1:0")
                .default_backend("app")
                .maxconn(100)
                .client_timeout(Duration::from_millis(1500))
                .request_timeout(Duration::from_micros(2500))
                .keep_alive_timeout(Duration::ZERO)
                .option("forwardfor")
                .line("http-request deny status 403\nmonitor-uri '/a b'")
                .log_stdout(),
        )
        .backend(
            Backend::new("app")
                .balance(Balance::Random { draws: 3 })
                .connect_timeout(Duration::from_secs(2))
                .retries(1)
                .server(Server::new("s1", "127.0.0.1:81").weight(7).maxconn(9).check_every(Duration::from_secs(5)))
                .server(Server::new("s2", "unix@/tmp/s2").backup().disabled().options(["rise", "4"])),
        )
        .listen(
            Listen::tcp("db").bind("abns@db").timeout(Duration::from_secs(9)).server(Server::new("d", "[::1]:5432")),
        )
        .config()
        .unwrap();
    let global = &config.global;
    assert_eq!((global.nbthread, global.maxconn, global.tune.bufsize), (Some(3), Some(500), Some(32768)));
    let [web, app, db] = &config.proxies[..] else { unreachable!() };
    assert_eq!((web.mode, web.maxconn, web.monitor_uri.as_deref()), (Mode::Http, Some(100), Some("/a b")));
    assert_eq!(web.binds[0].addresses, [Address::Inet("127.0.0.1:0".parse().unwrap())]);
    assert_eq!((web.default_backend.as_deref(), web.rules.http_request.len()), (Some("app"), 1));
    assert_eq!(web.timeouts.client, Some(Duration::from_millis(1500)));
    assert!(web.options.forwardfor.is_some());
    assert_eq!((web.logs.len(), &web.log_format), (1, &LogFormatChoice::Http));
    assert_eq!((&app.balance, app.retries), (&Balance::Random { draws: 3 }, Some(1)));
    let [s1, s2] = &app.servers[..] else { unreachable!() };
    assert_eq!((s1.weight, s1.maxconn, s1.check, s1.inter), (7, 9, true, Some(Duration::from_secs(5))));
    assert_eq!((s2.backup, s2.disabled, s2.rise), (true, true, Some(4)));
    assert_eq!((db.mode, db.timeouts.server, db.servers.len()), (Mode::Tcp, Some(Duration::from_secs(9)), 1));
    assert_eq!(config.proxies.iter().map(|proxy| proxy.id).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn text_and_files_are_read_between_calls() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.toml");
    std::fs::write(&file, "[[backend]]\nname = \"app\"\nserver = \"s1 127.0.0.1:81\"\n").unwrap();
    let builder = Proxy::builder()
        .text("first.cfg", "defaults\n  mode http\n  timeout client 7s\n  timeout connect 1s\n  timeout server 1s")
        .file(&file)
        .defaults(Defaults::new().client_timeout(Duration::from_secs(8)).connect_timeout(Duration::from_secs(1)))
        .frontend(Frontend::http("web").bind(":0").default_backend("app"));
    let loaded = builder.load(&LoadOptions::default()).unwrap();
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let [app, web] = &loaded.config.proxies[..] else { unreachable!() };
    assert_eq!((app.mode, web.mode), (Mode::Http, Mode::Http));
    assert_eq!(app.timeouts.client, Some(Duration::from_secs(7)));
    assert_eq!(web.timeouts.client, Some(Duration::from_secs(8)));
    assert_eq!(loaded.config.proxies[0].servers[0].name, "s1");
}

#[test]
fn faults_are_told_with_the_call_that_made_them() {
    let builder = Proxy::builder()
        .threads(0)
        .frontend(Frontend::http("web x").bind("nowhere"))
        .frontend(Frontend::http("web").bind("127.0.0.1:99999").line("bind \"open").default_backend("app"))
        .backend(Backend::new("app").server(Server::new("s1", "127.0.0.1:81").weight(300)).option("no such"));
    let told = messages(&builder);
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(told[0].starts_with("global, 'nbthread 0' : "), "{told:#?}");
    assert_eq!(
        told[1],
        "frontend web x, 'frontend \"web x\"' : character ' ' is not permitted in 'frontend' name 'web x'."
    );
    // What cannot be cut into words is seen before any keyword is.
    assert!(told[2].starts_with("frontend web : unmatched quote at position 6"), "{told:#?}");
    assert_eq!(told[3], "frontend web, 'bind 127.0.0.1:99999' : 'bind' : invalid port '99999'");
    assert!(told[4].starts_with("backend app, 'server s1 127.0.0.1:81 weight 300' : "), "{told:#?}");
    assert!(told[5].starts_with("backend app, 'option no such' : "), "{told:#?}");

    let unknown = Proxy::builder().frontend(Frontend::http("web").bind(":0").default_backend("ap"));
    let error = unknown.start().unwrap_err().to_string();
    assert!(error.contains("unable to find required default_backend: 'ap'"), "{error}");
    // A file may not have port 0.
    let text = Proxy::builder().text("a.cfg", "frontend a\n bind :0\n");
    assert_eq!(messages(&text), ["parsing [a.cfg:2] : 'bind' : invalid port '0'"]);
}

#[test]
fn a_builder_starts_as_often_as_it_is_asked_to() {
    let builder = Proxy::builder().threads(1).frontend(Frontend::tcp("in").bind("127.0.0.1:0"));
    let (one, two) = (builder.start().unwrap(), builder.start().unwrap());
    assert_ne!(one.listeners()[0].address, two.listeners()[0].address);
}

#[test]
fn servers_with_names_that_are_resolved() {
    let ms = Duration::from_millis;
    let resolvers = Resolvers::new("dns")
        .nameserver("a", "127.0.0.1:5353")
        .nameserver("b", "tcp@127.0.0.1:53")
        .resolve_every(ms(500))
        .retry(ms(200), 5)
        .line("hold nx 3s");
    let server = Server::new("s", "_http._tcp.example.invalid").resolvers("dns");
    let config = Proxy::builder().resolvers(resolvers).backend(Backend::new("b").server(server)).config().unwrap();
    let section = &config.resolvers[0];
    let nameservers: Vec<_> = section.nameservers.iter().map(|line| (line.name.as_str(), line.tcp)).collect();
    assert_eq!(nameservers, [("a", false), ("b", true)]);
    assert_eq!((section.timeout_resolve, section.timeout_retry, section.resolve_retries), (ms(500), ms(200), 5));
    assert_eq!(section.hold.nx, ms(3000));
    let resolve = &config.proxies[0].servers[0].resolve;
    assert_eq!((resolve.section, resolve.unresolved), (Some(0), true));
    assert_eq!(resolve.service.as_deref(), Some("_http._tcp.example.invalid"));
}

#[test]
fn mailers_for_the_servers_of_a_backend() {
    let config = Proxy::builder()
        .mailers(Mailers::new("ops").mailer("a", "127.0.0.1:25").timeout(Duration::from_secs(3)))
        .backend(
            Backend::new("app")
                .connect_timeout(Duration::from_secs(2))
                .line("email-alert mailers ops\nemail-alert from a@b\nemail-alert to c@d")
                .server(Server::new("s1", "127.0.0.1:81")),
        )
        .config()
        .unwrap();
    assert_eq!((config.mailers[0].mailers.len(), config.mailers[0].timeout), (1, Duration::from_secs(3)));
    assert_eq!(config.proxies[0].email_alert.section, Some(0));
}
