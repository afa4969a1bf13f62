//! States of servers through a history of failures, recoveries and commands: the same script with HAProxy 2.6 and with
//! lb. Each reply, the state of every server in `show servers state` and `show stat`, and each line about it must be the
//! same. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "server_states/agents.rs"]
mod agents;
#[path = "server_states/ends.rs"]
mod ends;
#[path = "server_states/history.rs"]
mod history;
#[path = "server_states/observe.rs"]
mod observe;
#[path = "server_states/slowstart.rs"]
mod slowstart;
#[path = "server_states/together.rs"]
mod together;
