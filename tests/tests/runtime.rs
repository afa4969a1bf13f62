//! Runtime commands as typed calls and as text.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use lb_core::config::Config;
use lb_core::proxy::Proxy;
use lb_core::runtime::{BackendList, Command, ErrorCode, Reply, ShowBackend};

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
