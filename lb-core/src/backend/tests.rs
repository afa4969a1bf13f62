//! A backend as the data path sees it: who is chosen, who waits, who is woken.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::config::model::Balance;
use crate::server::check::{CheckResult, CheckStatus};
use crate::server::event::EventKind;
use crate::server::{AdminState, OperationalState, ServerEvent};

fn server_line(name: &str, weight: u32) -> ServerConfig {
    ServerConfig { weight, ..ServerConfig::new(name.into()) }
}

fn proxy(balance: Balance, servers: Vec<ServerConfig>) -> ProxyConfig {
    ProxyConfig { balance, servers, ..ProxyConfig::new("b".into(), ProxyKind::Backend) }
}

/// A backend whose servers have these weights; `change` sees each line.
pub(crate) fn backend(balance: Balance, weights: &[u32], change: impl Fn(usize, &mut ServerConfig)) -> Arc<Backend> {
    let line = |(index, weight): (usize, &u32)| {
        let mut line = server_line(&format!("s{index}"), *weight);
        line.id = index as u32 + 1;
        change(index, &mut line);
        line
    };
    Arc::new(Backend::new(&proxy(balance, weights.iter().enumerate().map(line).collect()), 1))
}

fn assigned(assign: Assign) -> Assignment {
    match assign {
        Assign::Server(assignment) => assignment,
        other => panic!("{other:?}"),
    }
}

fn queued(assign: Assign) -> Ticket {
    match assign {
        Assign::Queue(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Servers chosen for streams that end at once, as digits.
fn sequence(backend: &Arc<Backend>, count: usize) -> String {
    (0..count).map(|_| place(&assigned(backend.try_assign(&AssignRequest::default())).server).to_string()).collect()
}

/// The place of a server among those of [`backend`].
fn place(server: &Server) -> usize {
    server.name[1..].parse().unwrap()
}

fn nth(backend: &Backend, index: usize) -> Arc<Server> {
    Arc::clone(&backend.servers()[index])
}

fn maint(backend: &Backend, index: usize, on: bool) {
    let (set, clear) = match on {
        true => (AdminState::FMAINT, AdminState::default()),
        false => (AdminState::default(), AdminState::FMAINT),
    };
    backend.set_admin(&nth(backend, index), set, clear);
}

/// What HAProxy 2.6.12 answers one request after the other with.
#[test]
fn roundrobin_serves_as_haproxy_does() {
    let table: &[(&[u32], &str)] = &[
        (&[1, 1, 1], "012012012"),
        (&[1, 2, 3], "212021212021212"),
        (&[5, 1, 1], "00010020001002000"),
        (&[1, 1, 5], "22202212220221222"),
        (&[10, 1], "0000000000100000000001000"),
        (&[3, 2], "0010100101001"),
        (&[7, 3, 1], "0010010020100100100201001"),
        (&[4, 6, 8], "212012210212012210212012210212012210212"),
        (&[1, 1, 1, 1, 10], "4440441444244344404414442443444"),
        (&[100, 100, 50], "01012010120101201012010120"),
        (&[1, 2, 4, 8], "332313230323132332313230323132332"),
        (&[3, 3, 1, 1], "0101201301012013010"),
        (&[1, 2, 4, 8], "332313230323132332313230323132"),
        (&[4, 6, 8], "212012210212012210212012210212012210"),
        (&[3, 3, 1, 1], "0101201301012013"),
        (&[10, 3, 3], "00100201002001020010020100200102"),
        (&[8, 2, 11, 1, 5], "202402120420240232042102204202402120420240232042102204"),
        (&[3, 3, 8], "2202120221202122021202212021"),
        (&[3, 1, 1], "0010200102"),
        (&[8, 3, 2], "00100201001020010020100102"),
        (&[9, 3, 6, 5], "0203201032032010230203102032010320320102302031"),
        (&[1, 2, 2, 2], "12312301231230"),
        (&[1, 13, 1, 1], "11111011112111131111101111211113"),
        (&[9, 2, 11], "20202021202020202201202020202120202020220120"),
        (&[2, 4, 2, 1, 2], "1012410312410124103124"),
        (&[1, 2, 5, 3, 5], "24324124324032142432412432403214"),
        (&[1, 1, 1, 6, 3], "343034313432343034313432"),
        (&[4, 2, 4, 2, 5], "4024102430421402340241024304214023"),
        (&[8, 2, 1], "0001000201000010002010"),
        (&[2, 4, 9], "221202122122021221202122122021"),
        (&[1, 6, 1], "1110111211101112"),
    ];
    for (weights, expected) in table {
        assert_eq!(sequence(&backend(Balance::RoundRobin, weights, |_, _| ()), expected.len()), *expected);
    }
}

#[test]
fn roundrobin_goes_on_among_those_that_are_left() {
    let backend = backend(Balance::RoundRobin, &[1, 1, 1], |_, _| ());
    assert_eq!(sequence(&backend, 6), "012012");
    maint(&backend, 1, true);
    assert_eq!(sequence(&backend, 6), "020202");
    maint(&backend, 1, false);
    let after = sequence(&backend, 6);
    assert_eq!(after.matches('1').count(), 2, "{after}");
}

/// What HAProxy 2.6.12 did when the server whose turn it was left and came back.
#[test]
fn changes_keep_the_turn() {
    for (balance, after) in
        [(Balance::RoundRobin, ["120120", "201201", "012012"]), (Balance::StaticRr, ["201201", "120120", "201201"])]
    {
        for served in 0..6 {
            let backend = backend(balance.clone(), &[1, 1, 1], |_, _| ());
            sequence(&backend, served);
            // Nothing changes.
            backend.set_operational(&nth(&backend, 0), OperationalState::Running);
            let next = served % 3;
            assert_eq!(sequence(&backend, 3), ["012", "120", "201"][next], "{served}");
            maint(&backend, next, true);
            assert_eq!(sequence(&backend, 4), ["1212", "2020", "0101"][next], "{served}");
            maint(&backend, next, false);
            assert_eq!(sequence(&backend, 6), after[next], "{balance:?} {served}");
        }
    }
}

#[test]
fn static_rr_serves_as_haproxy_does() {
    let table: &[(&[u32], &str)] = &[
        (&[1, 1, 1], "012012012"),
        (&[1, 2, 3], "021212021212021"),
        (&[5, 1, 1], "00010020001002000"),
        (&[1, 1, 5], "02212220221222022"),
        (&[2, 3], "0101101011010"),
        (&[7, 3, 1], "0010010010200100100102001"),
        (&[4, 6, 8], "012120212012120212"),
    ];
    for (weights, expected) in table {
        assert_eq!(sequence(&backend(Balance::StaticRr, weights, |_, _| ()), expected.len()), *expected);
    }
}

#[test]
fn leastconn_takes_turns_while_idle() {
    let backend = backend(Balance::LeastConn, &[1, 2, 3], |_, _| ());
    assert_eq!(sequence(&backend, 9), "012012012");
    assert!(backend.servers().iter().all(|server| server.current() == 0));
}

/// As HAProxy: a server whose weight changes is the last among equals, and the others keep their turns.
#[test]
fn leastconn_keeps_turns_through_changes() {
    let backend = backend(Balance::LeastConn, &[1, 1, 1], |_, _| ());
    assert_eq!(sequence(&backend, 4), "0120");
    let servers = backend.servers();
    backend.set_weight(&servers[2], 2);
    assert_eq!(sequence(&backend, 6), "102102");
    backend.set_weight(&servers[1], 0);
    backend.set_weight(&servers[1], 1);
    assert_eq!(sequence(&backend, 4), "0210");
}

#[test]
fn leastconn_fills_as_haproxy_does() {
    let table: &[(&[u32], &str)] = &[(&[1, 2], "011101101101"), (&[1, 3, 10], "0122222212221222212221222012")];
    for (weights, expected) in table {
        let backend = backend(Balance::LeastConn, weights, |_, _| ());
        let held: Vec<_> = expected.chars().map(|_| assigned(backend.try_assign(&AssignRequest::default()))).collect();
        assert_eq!(held.iter().map(|held| place(&held.server).to_string()).collect::<String>(), *expected);
        drop(held);
        assert!(backend.servers().iter().all(|server| server.current() == 0));
    }
}

#[test]
fn leastconn_uses_the_servers_queues_where_maxqueue_is_set() {
    let backend = backend(Balance::LeastConn, &[1, 1], |_, line| {
        line.maxconn = 1;
        line.maxqueue = 2;
    });
    let all: Vec<_> = (0..8).map(|_| backend.try_assign(&AssignRequest::default())).collect();
    assert_eq!(all.iter().filter(|assign| matches!(assign, Assign::Server(_))).count(), 2);
    assert_eq!(backend.servers().iter().map(|server| server.queued()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(backend.queue().pending(), 2);
}

#[test]
fn source_refuses_what_its_servers_queue_has_no_room_for() {
    let backend = backend(Balance::Source, &[1, 1], |_, line| {
        line.maxconn = 1;
        line.maxqueue = 1;
    });
    let request = AssignRequest { source: Some([127, 0, 0, 1].into()), ..Default::default() };
    let _held = assigned(backend.try_assign(&request));
    let _waiting = queued(backend.try_assign(&request));
    assert!(matches!(backend.try_assign(&request), Assign::QueueFull(server) if place(&server) == 1));
}

#[test]
fn first_fills_the_lowest_id_first() {
    let backend = backend(Balance::First, &[1, 1, 1], |index, line| {
        line.id = 9 - index as u32;
        line.maxconn = 2;
    });
    let held: Vec<_> = (0..6).map(|_| assigned(backend.try_assign(&AssignRequest::default()))).collect();
    assert_eq!(held.iter().map(|held| place(&held.server)).collect::<Vec<_>>(), [2, 2, 1, 1, 0, 0]);
    assert_eq!(queued(backend.try_assign(&AssignRequest::default())).server().map(|server| place(server)), None);
}

#[test]
fn source_follows_the_address_and_waits_for_its_server() {
    let backend = backend(Balance::Source, &[1, 2, 3], |_, line| line.maxconn = 1);
    let from = |address: &str| AssignRequest { source: Some(address.parse::<IpAddr>().unwrap()), ..Default::default() };
    // 127.0.0.1 is 5 modulo 6: the last turn.
    let first = assigned(backend.try_assign(&from("127.0.0.1")));
    assert_eq!(place(&first.server), 2);
    assert_eq!(place(&assigned(backend.try_assign(&from("127.0.0.2"))).server), 0);
    let mut ticket = queued(backend.try_assign(&from("127.0.0.1")));
    assert_eq!(ticket.server().map(|server| place(server)), Some(2));
    drop(first);
    let mut wait = pin!(ticket.wait(None));
    assert!(matches!(poll(wait.as_mut()), Poll::Ready(Ok(assignment)) if place(&assignment.server) == 2));
}

#[test]
fn random_follows_the_weights() {
    let backend = backend(Balance::Random { draws: 1 }, &[1, 3], |_, _| ());
    let heavy = sequence(&backend, 4000).matches('1').count();
    assert!((2700..3300).contains(&heavy), "{heavy}");
}

#[test]
fn backup_servers_serve_only_when_no_other_can() {
    for (allbackups, expected) in [(false, "2222"), (true, "2323")] {
        let mut config = proxy(Balance::RoundRobin, (0..4).map(|n| server_line(&format!("s{n}"), 1)).collect());
        config.servers[2].backup = true;
        config.servers[3].backup = true;
        config.options.allbackups = allbackups;
        let backend = Arc::new(Backend::new(&config, 1));
        assert_eq!(sequence(&backend, 4), "0101");
        maint(&backend, 0, true);
        maint(&backend, 1, true);
        assert_eq!(sequence(&backend, 4), expected);
        assert_eq!(backend.usable_servers(), (0, 2));
        maint(&backend, 2, true);
        assert_eq!(sequence(&backend, 2), "33");
        maint(&backend, 3, true);
        assert!(matches!(backend.try_assign(&AssignRequest::default()), Assign::None));
        maint(&backend, 1, false);
        assert_eq!(sequence(&backend, 2), "11");
    }
}

#[test]
fn weight_zero_drain_and_disabled_take_nothing_new() {
    let backend = backend(Balance::RoundRobin, &[0, 1, 1, 1], |index, line| line.disabled = index == 3);
    assert_eq!(sequence(&backend, 4), "1212");
    backend.set_admin(&nth(&backend, 1), AdminState::FDRAIN, AdminState::default());
    assert_eq!(sequence(&backend, 2), "22");
    assert!(nth(&backend, 0).is_usable() && nth(&backend, 1).is_usable() && !nth(&backend, 3).is_usable());
    assert_eq!(nth(&backend, 3).admin_state(), AdminState::CMAINT.union(AdminState::FMAINT));
    backend.set_weight(&nth(&backend, 0), 1);
    assert_eq!(sequence(&backend, 2).matches('0').count(), 1);
}

#[test]
fn redispatch_avoids_the_failed_server_while_there_is_another() {
    for balance in
        [Balance::RoundRobin, Balance::LeastConn, Balance::First, Balance::Source, Balance::Random { draws: 2 }]
    {
        let backend = backend(balance, &[1, 1], |_, _| ());
        let request = AssignRequest {
            exclude: Some(nth(&backend, 0)),
            source: Some([127, 0, 0, 2].into()),
            ..Default::default()
        };
        for _ in 0..4 {
            assert_eq!(place(&assigned(backend.try_assign(&request)).server), 1);
        }
        maint(&backend, 1, true);
        assert_eq!(place(&assigned(backend.try_assign(&request)).server), 0);
    }
}

#[test]
fn a_retry_may_go_to_a_server_that_is_down() {
    let backend = backend(Balance::RoundRobin, &[1, 1], |_, _| ());
    backend.set_operational(&nth(&backend, 1), OperationalState::Stopped);
    let request = AssignRequest { force: Some(nth(&backend, 1)), ..Default::default() };
    assert_eq!(place(&assigned(backend.try_assign(&request)).server), 1);
}

#[test]
fn waiters_are_served_in_order_the_servers_own_queue_first() {
    let backend = backend(Balance::RoundRobin, &[1], |_, line| line.maxconn = 1);
    let held = assigned(backend.try_assign(&AssignRequest::default()));
    let (first, second) =
        (backend.try_assign(&AssignRequest::default()), backend.try_assign(&AssignRequest::default()));
    let own = backend.try_assign(&AssignRequest { force: Some(nth(&backend, 0)), ..Default::default() });
    assert_eq!((backend.queue().pending(), nth(&backend, 0).queued()), (2, 1));
    let mut first_ticket = queued(first);
    let mut first = pin!(first_ticket.wait(None));
    let mut second_ticket = queued(second);
    let mut second = pin!(second_ticket.wait(None));
    let mut own_ticket = queued(own);
    let mut own = pin!(own_ticket.wait(None));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending() && poll(own.as_mut()).is_pending());
    drop(held);
    assert!(poll(first.as_mut()).is_pending());
    let Poll::Ready(Ok(held)) = poll(own.as_mut()) else { panic!("not granted") };
    assert_eq!((held.server_queue, held.backend_queue), (1, 0));
    drop(held);
    assert!(poll(second.as_mut()).is_pending());
    let Poll::Ready(Ok(held)) = poll(first.as_mut()) else { panic!("not granted") };
    drop(held);
    let Poll::Ready(Ok(held)) = poll(second.as_mut()) else { panic!("not granted") };
    assert_eq!((held.server_queue, held.backend_queue), (0, 2));
    assert_eq!(backend.queue().pending(), 0);
}

#[test]
fn who_leaves_the_queue_passes_its_grant_on() {
    let backend = backend(Balance::RoundRobin, &[1], |_, line| line.maxconn = 1);
    let held = assigned(backend.try_assign(&AssignRequest::default()));
    let gone = queued(backend.try_assign(&AssignRequest::default()));
    let granted = queued(backend.try_assign(&AssignRequest::default()));
    let mut last = queued(backend.try_assign(&AssignRequest::default()));
    drop(gone);
    assert_eq!(backend.queue().pending(), 2);
    drop(held);
    // Granted but never looked at: the slot goes on.
    drop(granted);
    let mut last = pin!(last.wait(None));
    let Poll::Ready(Ok(_held)) = poll(last.as_mut()) else { panic!("not granted") };
    assert_eq!(nth(&backend, 0).current(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline() {
    let backend = backend(Balance::RoundRobin, &[1], |_, line| line.maxconn = 1);
    let _held = assigned(backend.try_assign(&AssignRequest::default()));
    let mut ticket = queued(backend.try_assign(&AssignRequest::default()));
    assert_eq!(ticket.wait(Some(Instant::now().into())).await.err(), Some(QueueError::Timeout));
    assert_eq!(ticket.position(), (0, 1));
    drop(ticket);
    assert_eq!(backend.queue().pending(), 0);
}

/// What HAProxy 2.6.12 does: only with `option redispatch` does who waits for a server that goes choose again.
#[test]
fn the_queue_of_a_server_that_goes_down_is_redistributed() {
    let mut config = proxy(Balance::RoundRobin, (0..2).map(|n| server_line(&format!("s{n}"), 1)).collect());
    config.redispatch = Some(-1);
    config.servers.iter_mut().for_each(|line| line.maxconn = 1);
    let backend = Arc::new(Backend::new(&config, 1));
    let to = |index| AssignRequest { force: Some(nth(&backend, index)), ..Default::default() };
    let _held = assigned(backend.try_assign(&to(0)));
    let mut wait_ticket = queued(backend.try_assign(&to(0)));
    let mut wait = pin!(wait_ticket.wait(None));
    assert!(poll(wait.as_mut()).is_pending());
    assert_eq!(backend.set_operational(&nth(&backend, 0), OperationalState::Stopped), 1);
    let Poll::Ready(Ok(moved)) = poll(wait.as_mut()) else { panic!("not moved") };
    assert_eq!(place(&moved.server), 1);
    let mut none_ticket = queued(backend.try_assign(&to(1)));
    let mut none = pin!(none_ticket.wait(None));
    backend.set_operational(&nth(&backend, 1), OperationalState::Stopped);
    assert!(matches!(poll(none.as_mut()), Poll::Ready(Err(QueueError::NoServer))));
}

#[test]
fn who_waits_for_one_server_gets_it_even_when_it_has_gone() {
    let backend = backend(Balance::RoundRobin, &[1, 1], |_, line| line.maxconn = 1);
    let to_first = AssignRequest { force: Some(nth(&backend, 0)), ..Default::default() };
    let held = assigned(backend.try_assign(&to_first));
    let mut ticket = queued(backend.try_assign(&to_first));
    let mut wait = pin!(ticket.wait(None));
    let events = backend.change_admin(&nth(&backend, 0), AdminChange::Maint);
    let line = "Server b/s0 is going DOWN for maintenance. 1 active and 0 backup servers left. 1 sessions active, \
                0 requeued, 1 remaining in queue.";
    assert_eq!(events.iter().map(ServerEvent::log_line).collect::<Vec<_>>(), [line]);
    assert!(poll(wait.as_mut()).is_pending());
    drop(held);
    assert!(matches!(poll(wait.as_mut()), Poll::Ready(Ok(assignment)) if place(&assignment.server) == 0));
}

/// Each change, the states after it and the lines about it are HAProxy 2.6.12's.
#[test]
fn operators_change_states_as_in_haproxy() {
    use AdminChange::{Drain, Maint, Ready};
    use HealthChange::{Down, Stopping, Up};
    let backend = backend(Balance::RoundRobin, &[1, 1], |_, _| ());
    let server = nth(&backend, 0);
    let admin = |change| backend.change_admin(&server, change);
    let health = |change| backend.change_health(&server, change);
    let left = "1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.";
    let online =
        |active: u8| format!("{active} active and 0 backup servers online. 0 sessions requeued, 0 total in queue.");
    let going = format!("is going DOWN for maintenance. {left}");
    let state = |events| (events, server.operational_state() as u8, server.admin_state().0);
    let steps = vec![
        (state(admin(Drain)), (2, 8), vec![format!("enters drain state. {}", online(1))]),
        (state(admin(Drain)), (2, 8), vec![]),
        (state(admin(Maint)), (0, 1), vec![going.clone()]),
        (
            state(admin(Drain)),
            (2, 8),
            vec!["is UP/DRAIN (leaving forced maintenance).".into(), "remains in forced drain mode.".into()],
        ),
        (state(backend.set_weight(&server, 5)), (2, 8), vec!["remains in forced drain mode.".into()]),
        (state(admin(Ready)), (2, 0), vec!["is UP (leaving forced drain).".into()]),
        (state(admin(Maint)), (0, 1), vec![going]),
        (state(health(Stopping)), (0, 1), vec![]),
        (state(admin(Ready)), (2, 0), vec!["is UP/READY (leaving forced maintenance).".into()]),
        (state(health(Down)), (0, 0), vec![format!("is DOWN, changed from CLI. {left}")]),
        (state(health(Down)), (0, 0), vec![]),
        (state(admin(Drain)), (0, 8), vec![format!("enters drain state. {left}")]),
        (state(admin(Ready)), (0, 0), vec!["is DOWN (leaving forced drain).".into()]),
        (state(admin(Maint)), (0, 1), vec!["was DOWN and now enters maintenance.".into()]),
        (state(admin(Ready)), (2, 0), vec!["is UP/READY (leaving forced maintenance).".into()]),
        (state(health(Stopping)), (3, 0), vec![format!("is stopping, changed from CLI. {}", online(1))]),
        (state(health(Up)), (2, 0), vec![format!("is UP, changed from CLI. {}", online(2))]),
    ];
    for (step, ((events, operational, admin), states, lines)) in steps.iter().enumerate() {
        assert_eq!((*operational, *admin), *states, "step {step}");
        let expected: Vec<_> = lines.iter().map(|line| format!("Server b/s0 {line}")).collect();
        let shown = events.iter().filter(|event| event.is_shown());
        assert_eq!(shown.map(ServerEvent::log_line).collect::<Vec<_>>(), expected, "step {step}");
    }
}

/// As HAProxy shows a server that an agent took down and does not speak of any more.
#[test]
fn a_server_in_good_health_may_be_down() {
    let backend = backend(Balance::RoundRobin, &[1], |_, line| {
        (line.check, line.agent_check, line.rise, line.fall) = (true, true, Some(2), Some(3));
    });
    let server = nth(&backend, 0);
    for _ in 0..3 {
        backend.apply_check(&server, CheckResult::new(CheckStatus::L4Ok, Duration::ZERO));
    }
    backend.change_agent(&server, false);
    assert_eq!(server.status().to_string(), "DOWN (agent)");
    server.agent.enable(false);
    assert_eq!(server.status().to_string(), "DOWN 4/2");
}

#[test]
fn weights_are_told_when_they_change() {
    let backend = backend(Balance::RoundRobin, &[10], |_, line| line.slowstart = Some(Duration::from_secs(2)));
    let server = nth(&backend, 0);
    let weights = |events: Vec<ServerEvent>| -> Vec<(u32, u32)> {
        let weights = |event: &ServerEvent| match event.kind {
            EventKind::WeightChanged { weight, effective } => Some((weight, effective)),
            _ => None,
        };
        events.iter().filter_map(weights).collect()
    };
    assert_eq!(weights(backend.set_weight(&server, 16)), [(16, 16)]);
    assert_eq!(weights(backend.set_weight(&server, 16)), []);
    assert_eq!(weights(backend.change_admin(&server, AdminChange::Maint)), []);
    assert_eq!(weights(backend.change_admin(&server, AdminChange::Ready)), [(16, 1)]);
    let now = Instant::now();
    let next = backend.next_rise(now).unwrap();
    assert!(next > now && weights(backend.rise(now)).is_empty());
    assert_eq!(weights(backend.rise(next)), [(16, 9)]);
    let events = backend.rise(next + Duration::from_secs(1));
    assert!(matches!(events[0].kind, EventKind::Up { .. }));
    assert_eq!(weights(events), [(16, 16)]);
    assert_eq!((backend.next_rise(now), backend.rise(now).len()), (None, 0));
}

#[test]
fn a_server_that_comes_up_takes_from_the_backends_queue() {
    let backend = backend(Balance::RoundRobin, &[1, 1], |_, line| line.maxconn = 1);
    maint(&backend, 1, true);
    let _held = assigned(backend.try_assign(&AssignRequest::default()));
    let mut wait_ticket = queued(backend.try_assign(&AssignRequest::default()));
    let mut wait = pin!(wait_ticket.wait(None));
    assert!(poll(wait.as_mut()).is_pending());
    maint(&backend, 1, false);
    assert!(matches!(poll(wait.as_mut()), Poll::Ready(Ok(assignment)) if place(&assignment.server) == 1));
}

#[test]
fn servers_come_and_go() {
    for balance in [Balance::RoundRobin, Balance::LeastConn, Balance::First, Balance::Random { draws: 2 }] {
        let backend = backend(balance, &[1, 1], |index, line| line.id = [1, 3][index]);
        let numbers = Arc::default();
        let add = |line: ServerConfig| backend.add_server(line.clone(), Start::new(&line), Dial::default(), &numbers);
        assert_eq!(add(server_line("s0", 1)).map(drop), Err(AddServerError::NameTaken));
        let taken = add(ServerConfig { id: 3, ..server_line("s2", 1) }).map(drop);
        assert!(matches!(taken, Err(AddServerError::IdTaken { id: 3, server, .. }) if server == "s1"));
        let added = add(server_line("s2", 1)).unwrap();
        assert_eq!((added.id, backend.servers().len()), (2, 3));
        let held: Vec<_> = (0..40).map(|_| assigned(backend.try_assign(&AssignRequest::default()))).collect();
        let first = !held.iter().any(|held| place(&held.server) == 2);
        assert_eq!(first, backend.servers()[0].current() == 40, "'first' has no need of another server");
        let gone = nth(&backend, 0);
        assert!(backend.remove_server(&gone) && backend.remove_server(&nth(&backend, 0)));
        assert!(!backend.remove_server(&gone));
        assert_eq!(sequence(&backend, 3), "222");
        drop(held);
        assert!(backend.remove_server(&added) && !added.is_usable());
        assert!(matches!(backend.try_assign(&AssignRequest::default()), Assign::None));
        let retry = AssignRequest { force: Some(added), ..Default::default() };
        assert!(matches!(backend.try_assign(&retry), Assign::None));
    }
}

#[test]
fn who_waits_for_a_server_that_is_removed_chooses_again() {
    let backend = backend(Balance::RoundRobin, &[1, 1], |_, line| line.maxconn = 1);
    let first = nth(&backend, 0);
    let to_first = AssignRequest { force: Some(Arc::clone(&first)), ..Default::default() };
    let held = assigned(backend.try_assign(&to_first));
    let mut ticket = queued(backend.try_assign(&to_first));
    let mut wait = pin!(ticket.wait(None));
    assert!(poll(wait.as_mut()).is_pending());
    assert!(backend.remove_server(&first));
    let Poll::Ready(Ok(moved)) = poll(wait.as_mut()) else { panic!("not moved") };
    assert_eq!(place(&moved.server), 1);
    assert_eq!(held.server.current(), 1);
    drop(held);
    assert_eq!(first.current(), 0);
}

#[test]
fn maxqueue_sends_the_rest_elsewhere() {
    let backend = backend(Balance::RoundRobin, &[1, 1], |_, line| {
        line.maxconn = 1;
        line.maxqueue = 1;
    });
    let to_first = AssignRequest { force: Some(nth(&backend, 0)), ..Default::default() };
    let _held = assigned(backend.try_assign(&to_first));
    let _waiting = queued(backend.try_assign(&to_first));
    assert_eq!(place(&assigned(backend.try_assign(&to_first)).server), 1);
}

#[test]
fn the_limit_of_a_server_follows_the_load_of_the_backend() {
    let backend = backend(Balance::RoundRobin, &[1], |_, line| {
        line.minconn = 2;
        line.maxconn = 10;
    });
    backend.set_fullconn(20);
    let mut sessions = Vec::new();
    let mut limits = Vec::new();
    for _ in 0..22 {
        sessions.push(backend.enter());
        limits.push(nth(&backend, 0).session_limit().unwrap());
    }
    assert_eq!(limits[..7], [2, 2, 2, 2, 2, 3, 3]);
    assert_eq!(limits[18..], [9, 10, 10, 10]);
    drop(sessions);
    assert_eq!(backend.sessions(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Several threads take, wait, give up and give back: limits hold and in the end nothing is held or waiting.
    #[test]
    fn no_slot_is_lost(seed in any::<u64>(), servers in 1usize..4, maxconn in 1u32..3, least in any::<bool>()) {
        let balance = if least { Balance::LeastConn } else { Balance::RoundRobin };
        let backend = backend(balance, &vec![1; servers], |_, line| line.maxconn = maxconn);
        let peak = AtomicU32::new(0);
        thread::scope(|scope| {
            for thread in 0..4u64 {
                let (backend, peak) = (Arc::clone(&backend), &peak);
                scope.spawn(move || churn(&backend, seed ^ (thread << 32), maxconn, peak));
            }
        });
        prop_assert_eq!(peak.load(Ordering::SeqCst), 0, "a limit was exceeded");
        prop_assert_eq!(backend.queue().pending(), 0);
        for server in backend.servers().iter() {
            prop_assert_eq!((server.current(), server.queued()), (0, 0));
        }
        // Every slot can be taken again.
        let all: Vec<_> = (0..servers as u32 * maxconn).map(|_| assigned(backend.try_assign(&AssignRequest::default()))).collect();
        prop_assert_eq!(all.len(), servers * maxconn as usize);
    }
}

fn churn(backend: &Arc<Backend>, seed: u64, maxconn: u32, exceeded: &AtomicU32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut state = seed | 1;
        let mut held = std::collections::VecDeque::new();
        for _ in 0..400 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let force = (state.is_multiple_of(5)).then_some((state >> 8) as usize % backend.servers().len());
            let force = force.map(|index| nth(backend, index));
            match backend.try_assign(&AssignRequest { force, ..Default::default() }) {
                Assign::Server(assignment) => held.push_back(assignment),
                Assign::Queue(ticket) if state.is_multiple_of(3) => drop(ticket),
                Assign::Queue(mut ticket) => {
                    // Who waits holds nothing, or all could wait for each other.
                    held.clear();
                    let mut wait = Box::pin(ticket.wait(None));
                    if state.is_multiple_of(7) {
                        let _ = poll(wait.as_mut());
                        drop(wait);
                    } else {
                        held.push_back(wait.await.unwrap());
                    }
                }
                Assign::QueueFull(_) | Assign::None => unreachable!(),
            }
            if backend.servers().iter().any(|server| server.current() > maxconn) {
                exceeded.fetch_add(1, Ordering::SeqCst);
            }
            if held.len() > 2 || state.is_multiple_of(2) {
                held.pop_front();
            }
        }
    });
}

#[test]
fn a_backend_leaves_nothing_behind() {
    let balances = [
        Balance::RoundRobin,
        Balance::StaticRr,
        Balance::LeastConn,
        Balance::First,
        Balance::Source,
        Balance::Random { draws: 2 },
    ];
    for balance in balances {
        let backend = backend(balance.clone(), &[1, 2], |_, _| {});
        drop(assigned(backend.try_assign(&AssignRequest::default())));
        let (server, hub) = (Arc::downgrade(&nth(&backend, 1)), Arc::downgrade(&backend.hub));
        drop(backend);
        assert!(server.upgrade().is_none() && hub.upgrade().is_none(), "{balance:?}");
    }
}
