//! Runtime commands as typed calls and as text.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use lb_core::config::Config;
use lb_core::proxy::Proxy;
use lb_core::runtime::{BackendList, Command, ErrorCode, Reply, ShowBackend};
use lb_tests::{HTTP, Instance};

const CONFIG: &str = "
backend app
    server s1 127.0.0.1:1
backend other
    server s1 127.0.0.1:1
";

#[test]
fn a_command_is_text_or_a_value() {
    let config = Config::parse(CONFIG, "lb.cfg").unwrap();
    let proxy = Proxy::start(config, Default::default()).unwrap();
    let names = BackendList(vec!["app".to_owned(), "other".to_owned()]);
    assert_eq!(proxy.run(&Command::ShowBackend(ShowBackend)), Ok(Reply::Backends(names)));
    assert_eq!(proxy.execute("show backend").as_deref(), Ok("# name\napp\nother\n"));
    assert_eq!(proxy.execute("show backends").map_err(|error| error.code()), Err(ErrorCode::UnknownCommand));
}

/// The event loop calls a socket that was shut down readable for ever: a worker must not believe it.
#[test]
fn a_resumed_frontend_leaves_its_worker_free() {
    let lb = Instance::start(&format!(
        "global\n nbthread 1\n{HTTP}listen fe\n bind 127.0.0.1:0\n http-request return status 200\n"
    ));
    let mut kept = lb.connect();
    assert_eq!(kept.get("/").status(), 200);
    for _ in 0..2 {
        for command in ["disable frontend fe", "enable frontend fe"] {
            lb.proxy().execute(command).unwrap();
        }
        assert_eq!(lb.connect().get("/").status(), 200);
        assert_eq!(kept.get("/").status(), 200);
    }
}

#[test]
fn the_program_says_what_it_is_where_it_is_told_to() {
    let told = |identity: &str| {
        let config = Config::parse(&format!("global\n{identity}{CONFIG}"), "lb.cfg").unwrap();
        let proxy = Proxy::start(config, Default::default()).unwrap();
        let info = proxy.execute("show info").unwrap();
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        (proxy.execute("show version").unwrap(), field("Name: "), field("Version: "), field("Product: "))
    };
    let own = env!("CARGO_PKG_VERSION");
    let like = format!("2.6.12-lb{own}");
    assert_eq!(told(""), (format!("{like}\n"), Some("HAProxy".into()), Some(like), Some("lb".into())));
    assert_eq!(told("  identity lb\n"), (format!("{own}\n"), Some("lb".into()), Some(own.into()), None));
}
