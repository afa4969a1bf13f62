#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::config::model::{Address, BindOptions, KeepAliveParams, Source};
use crate::transport::Socket;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn bind(address: &Address, options: &BindOptions) -> Result<ListenSocket, BindError> {
    bind_socket(address, options, &SocketTuning::default(), 128, false, &mut Inherited::default())
}

fn inet() -> ListenSocket {
    bind(&Address::Inet(ANY), &BindOptions::default()).unwrap()
}

/// Connects to the target, sends a word each way.
async fn talk(listener: ListenSocket, target: ConnectTarget) {
    let listener = AsyncListener::new(listener).unwrap();
    let options = ConnectOptions::default();
    let (connected, accepted) = tokio::join!(connect(&target, &options, None), listener.accept());
    let ((mut near, _lease), accepted) = (connected.unwrap(), accepted.unwrap());
    near.write_all(b"ping").await.unwrap();
    let mut far = accepted.socket.register().unwrap();
    let mut word = [0; 4];
    far.read_exact(&mut word).await.unwrap();
    far.write_all(b"pong").await.unwrap();
    near.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"pong");
    assert!(listener.accept_ready().unwrap().is_none());
}

#[tokio::test]
async fn tcp() {
    let listener = inet();
    let address = listener.inet_addr().unwrap();
    assert_ne!(address.port(), 0);
    talk(listener, ConnectTarget::Inet(address)).await;
}

#[tokio::test]
async fn abstract_names() {
    let name = format!("lb-test-{}", std::process::id()).into_bytes();
    let listener = bind(&Address::Abstract(name.clone()), &BindOptions::default()).unwrap();
    talk(listener, ConnectTarget::Abstract(name)).await;
}

#[tokio::test]
async fn unix_paths_replace_what_is_stale_and_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sock");
    // Left behind by a process that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let options = BindOptions { mode: Some(0o600), ..BindOptions::default() };
    let listener = bind(&Address::Unix(path.clone()), &options).unwrap();
    let meta = std::fs::symlink_metadata(&path).unwrap();
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    talk(listener, ConnectTarget::Unix(path.clone())).await;
    assert!(!path.exists());

    // A successor's socket is not ours to remove.
    let first = bind(&Address::Unix(path.clone()), &options).unwrap();
    let second = bind(&Address::Unix(path.clone()), &options).unwrap();
    drop(first);
    assert!(path.exists());
    let _fd = second.into_fd();
    assert!(path.exists());
}

#[test]
fn messages_as_haproxy() {
    let taken = inet();
    let address = taken.inet_addr().unwrap();
    let error = bind(&Address::Inet(address), &BindOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot bind socket (Address already in use) for [{address}]"));
    let error = bind(&Address::Unix("/nonexistent/dir/s".into()), &BindOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot bind UNIX socket (No such file or directory) [/nonexistent/dir/s]");
    let error = bind(&Address::Fd(977), &BindOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot use file descriptor '977' : Bad file descriptor.");
    let error = bind(&Address::Inet(ANY), &BindOptions { tfo: true, ..BindOptions::default() }).unwrap_err();
    assert!(error.to_string().starts_with("'tfo' is not supported"));
}

#[test]
fn what_cannot_be_set_is_a_warning() {
    let options = BindOptions { mss: Some(1), interface: Some("nosuch0".to_owned()), ..BindOptions::default() };
    let listener = bind(&Address::Inet(ANY), &options).unwrap();
    assert!(listener.warnings().iter().any(|text| text.starts_with("cannot set MSS to 1 for [127.0.0.1:0]")));
    assert!(listener.warnings().iter().any(|text| text.starts_with("cannot bind receiver to device 'nosuch0' (")));
}

#[test]
fn reuseport_and_inherited_sockets_share_an_address() {
    let mut inherited = Inherited::default();
    let tuning = SocketTuning::default();
    let options = BindOptions::default();
    let first = bind_socket(&Address::Inet(ANY), &options, &tuning, 16, true, &mut inherited).unwrap();
    let address = Address::Inet(first.inet_addr().unwrap());
    let second = bind_socket(&address, &options, &tuning, 16, true, &mut inherited).unwrap();
    drop(second);
    inherited.offer(first.into_fd());
    // Without reuseport only the offered socket can do.
    let third = bind_socket(&address, &options, &tuning, 16, false, &mut inherited).unwrap();
    inherited.insert(9, third.into_fd());
    let fourth = bind_socket(&Address::Fd(9), &options, &tuning, 16, false, &mut inherited).unwrap();
    assert_eq!(Address::Inet(fourth.inet_addr().unwrap()), address);
}

#[tokio::test]
async fn connections_inherit_the_listener_options() {
    let tuning = SocketTuning {
        keepalive: Some(KeepAliveParams { idle: Some(Duration::from_secs(77)), ..KeepAliveParams::default() }),
        nolinger: true,
        rcvbuf: Some(65_536),
        ..SocketTuning::default()
    };
    let options = BindOptions { tcp_user_timeout: Some(Duration::from_secs(9)), ..BindOptions::default() };
    let listener = bind_socket(&Address::Inet(ANY), &options, &tuning, 16, false, &mut Inherited::default()).unwrap();
    let target = ConnectTarget::Inet(listener.inet_addr().unwrap());
    let (_near, _) = connect(&target, &ConnectOptions::default(), None).await.unwrap();
    let accepted = AsyncListener::new(listener).unwrap().accept().await.unwrap();
    let socket = SockRef::from(&accepted.socket);
    assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(9)));
    assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
    assert!(accepted.peer.is_some() && accepted.socket.is_tcp());
}

#[tokio::test]
async fn a_first_read_needs_no_registration() {
    let listener = inet();
    let target = ConnectTarget::Inet(listener.inet_addr().unwrap());
    let (mut near, _) = connect(&target, &ConnectOptions::default(), None).await.unwrap();
    let listener = AsyncListener::new(listener).unwrap();
    let mut accepted = listener.accept().await.unwrap();
    let mut buffer = [0; 16];
    assert_eq!(accepted.socket.try_read(&mut buffer).unwrap(), None);
    near.write_all(b"first").await.unwrap();
    let mut far = accepted.socket.register().unwrap();
    let count = far.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"first");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let address = inet().inet_addr().unwrap();
    let error = connect(&ConnectTarget::Inet(address), &ConnectOptions::default(), None).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Connect(source) if source.kind() == std::io::ErrorKind::ConnectionRefused));
    let target = ConnectTarget::Unix("/nonexistent/dir/s".into());
    assert!(matches!(connect(&target, &ConnectOptions::default(), None).await, Err(ConnectError::Connect(_))));
}

#[tokio::test]
async fn source_address_and_port_range() {
    let listener = inet();
    let target = ConnectTarget::Inet(listener.inet_addr().unwrap());
    let source = |port, port_high| {
        let address = Some(SocketAddr::from(([127, 0, 0, 2], port)));
        Some(Source { address, port_high, usesrc: None, interface: None })
    };
    let options = ConnectOptions::default().with_source(source(0, None));
    let (near, lease) = connect(&target, &options, None).await.unwrap();
    let Socket::Tcp(tcp) = &near else { unreachable!() };
    assert_eq!(tcp.local_addr().unwrap().ip().to_string(), "127.0.0.2");
    assert!(lease.is_none());

    // A range of ports that are free at this moment on an address nobody else uses.
    let probe = std::net::TcpListener::bind("127.0.0.3:0").unwrap();
    let low = probe.local_addr().unwrap().port().min(65_000);
    drop(probe);
    let mut options = ConnectOptions::default().with_source(source(low, Some(low + 1)));
    options.source.as_mut().unwrap().address = Some(SocketAddr::from(([127, 0, 0, 3], low)));
    let (first, first_lease) = connect(&target, &options, None).await.unwrap();
    let (_second, _second_lease) = connect(&target, &options, None).await.unwrap();
    let Socket::Tcp(tcp) = &first else { unreachable!() };
    assert_eq!(tcp.local_addr().unwrap().port(), first_lease.as_ref().unwrap().port());
    assert_eq!(options.ports.as_ref().unwrap().free(), 0);
    assert!(matches!(connect(&target, &options, None).await, Err(ConnectError::Source(_))));
    drop((first, first_lease));
    assert_eq!(options.ports.as_ref().unwrap().free(), 1);
}
