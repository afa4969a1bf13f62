//! Every protocol towards clients joined to every protocol towards servers, and what only HTTP/2 has.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;

use lb_core::config::{Address, Config};
use lb_core::proxy::{Proxy, StartOptions};
use lb_tests::peers::body::{bytes, digest};
use lb_tests::peers::certificates::Certificates;
use lb_tests::peers::client::{Answer, Client, Request, connect, http2_exchange};
use lb_tests::peers::patiently;
use lb_tests::peers::server::{Event, Server};

/// A protocol towards clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    Http1,
    Http1Tls,
    /// HTTP/2 on a listener that expects HTTP/1.
    PriorKnowledge,
    ProtoH2,
    Http2Tls,
}

/// A protocol towards servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    Http1,
    Http1TlsUnverified,
    Http1Tls,
    ProtoH2,
    Http2Tls,
}

const FRONTS: [Front; 5] = [Front::Http1, Front::Http1Tls, Front::PriorKnowledge, Front::ProtoH2, Front::Http2Tls];
const BACKS: [Back; 5] = [Back::Http1, Back::Http1TlsUnverified, Back::Http1Tls, Back::ProtoH2, Back::Http2Tls];

/// A load balancer between a client and an origin.
struct Pair {
    proxy: Proxy,
    origin: Server,
    certificates: Certificates,
    front: Front,
}

fn start(configuration: &str) -> Proxy {
    let mut config = Config::parse(configuration, "test.cfg").unwrap_or_else(|error| panic!("{error:?}"));
    for bind in config.proxies.iter_mut().flat_map(|proxy| &mut proxy.binds) {
        for address in &mut bind.addresses {
            if let Address::Inet(inet) = address {
                inet.set_port(0);
            }
        }
    }
    Proxy::start(config, StartOptions::default()).unwrap()
}

impl Pair {
    async fn start(front: Front, back: Back) -> Self {
        Self::with(front, back, "", "").await
    }

    async fn with(front: Front, back: Back, defaults: &str, frontend: &str) -> Self {
        let certificates = Certificates::new(&["lb.test", "origin.test"]);
        let tls = matches!(back, Back::Http1TlsUnverified | Back::Http1Tls | Back::Http2Tls);
        let http2 = matches!(back, Back::ProtoH2 | Back::Http2Tls);
        let tls = tls.then(|| certificates.server("origin.test", if http2 { &["h2"] } else { &[] }));
        let origin = Server::start(tls, http2).await;
        let bind = match front {
            Front::Http1 | Front::PriorKnowledge => String::new(),
            Front::ProtoH2 => "proto h2".to_owned(),
            Front::Http1Tls => format!("ssl crt {} alpn http/1.1", certificates.pem("lb.test").display()),
            Front::Http2Tls => format!("ssl crt {} alpn h2,http/1.1", certificates.pem("lb.test").display()),
        };
        let ca = certificates.ca();
        let server = match back {
            Back::Http1 => String::new(),
            Back::ProtoH2 => "proto h2".to_owned(),
            Back::Http1TlsUnverified => "ssl verify none".to_owned(),
            Back::Http1Tls => {
                format!("ssl verify required verifyhost origin.test ca-file {}", ca.display())
            }
            Back::Http2Tls => format!(
                "ssl verify required verifyhost origin.test sni str(origin.test) alpn h2 ca-file {}",
                ca.display()
            ),
        };
        let proxy = start(&format!(
            "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  \
             timeout server 20s\n  retries 1\n{defaults}\nfrontend fe\n  bind 127.0.0.1:1 {bind}\n{frontend}\n  \
             default_backend be\nbackend be\n  server s1 {} {server}\n",
            origin.address
        ));
        Self { proxy, origin, certificates, front }
    }

    fn address(&self) -> SocketAddr {
        self.proxy.listeners()[0].address.unwrap()
    }

    async fn client(&self) -> Client {
        let alpn: Option<&[&str]> = match self.front {
            Front::Http1Tls => Some(&["http/1.1"]),
            Front::Http2Tls => Some(&["h2"]),
            _ => None,
        };
        let tls = alpn.map(|alpn| (self.certificates.client(alpn), "lb.test"));
        let (stream, _) = connect(self.address(), tls).await.unwrap();
        match self.front {
            Front::Http1 | Front::Http1Tls => Client::http1(stream),
            Front::Http2Tls => Client::http2(stream, "https").await.unwrap(),
            _ => Client::http2(stream, "http").await.unwrap(),
        }
    }
}

fn is_http2(front: Front) -> bool {
    matches!(front, Front::PriorKnowledge | Front::ProtoH2 | Front::Http2Tls)
}

/// Several windows of HTTP/2 and buffers of both sides; every combination in a debug build has to carry it.
const LARGE: usize = 800_000;

/// Runs `check` on a connection for each combination.
async fn everywhere(check: impl AsyncFn(&Pair, &mut Client, Front, Back)) {
    for front in FRONTS {
        for back in BACKS {
            let pair = Pair::start(front, back).await;
            let mut client = pair.client().await;
            check(&pair, &mut client, front, back).await;
        }
    }
}

async fn get(client: &mut Client, path: &str) -> Answer {
    client.exchange(&Request::get(path)).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_responses_arrive_whole() {
    everywhere(async |_, client, front, back| {
        for size in [0, 1, 65536, LARGE] {
            for path in [format!("/size/{size}"), format!("/stream/{size}")] {
                let answer = get(client, &path).await;
                assert_eq!(answer.status, 200, "{front:?} {back:?} {path}");
                assert!(answer.body == bytes(size), "{front:?} {back:?} {path}");
                match path.starts_with("/size") {
                    true => assert_eq!(answer.field("content-length"), Some(size.to_string().as_str())),
                    false => {
                        assert_eq!(answer.field("content-length"), None);
                        let expected = vec![("x-digest".to_owned(), digest(&bytes(size)))];
                        assert_eq!(answer.trailers, expected, "{front:?} {back:?} {path}");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_requests_arrive_whole() {
    everywhere(async |_, client, front, back| {
        for size in [0, 1, 65536, LARGE] {
            for chunked in [false, true] {
                let body = bytes(size);
                let mut request = Request::post("/echo", body.clone());
                request.chunked = chunked;
                if chunked {
                    request.trailers.push(("checked".to_owned(), "yes".to_owned()));
                }
                let what = format!("{front:?} {back:?} {size} {chunked}");
                let answer = client.exchange(&request).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(answer.status, 200, "{what}");
                assert_eq!(answer.field("x-digest"), Some(digest(&body).as_str()), "{what}");
                assert!(answer.body == body, "{what}");
                assert_eq!(answer.field("x-trailer-checked"), chunked.then_some("yes"), "{what}");
                let length = answer.field("x-seen-content-length");
                assert_eq!(length, (!chunked).then(|| size.to_string()).as_deref(), "{what}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_without_a_body_leave_the_connection_usable() {
    everywhere(async |_, client, front, back| {
        let what = format!("{front:?} {back:?}");
        let answer = client.exchange(&Request::get("/size/77").method("HEAD")).await.unwrap();
        assert_eq!((answer.status, answer.field("content-length")), (200, Some("77")), "{what}");
        let answer = client.exchange(&Request::get("/stream/77").method("HEAD")).await.unwrap();
        assert_eq!((answer.status, answer.field("content-length")), (200, None), "{what}");
        for status in [204, 304] {
            let answer = get(client, &format!("/status/{status}")).await;
            assert_eq!((answer.status, answer.body.len()), (status, 0), "{what}");
            assert_eq!(answer.field("transfer-encoding"), None, "{what}");
        }
        assert_eq!(get(client, "/size/5").await.body, bytes(5), "{what}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interim_responses_pass() {
    everywhere(async |_, client, front, back| {
        let answer = get(client, "/hints").await;
        assert_eq!((answer.interim, answer.status), (vec![103], 200), "{front:?} {back:?}");
        let request = Request::post("/echo", bytes(100)).field("expect", "100-continue");
        let answer = client.exchange(&request).await.unwrap();
        assert_eq!((answer.interim, answer.status), (vec![100], 200), "{front:?} {back:?}");
        assert_eq!(answer.body, bytes(100));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_response_is_seen_to_be_cut() {
    everywhere(async |pair, client, front, back| {
        let result = client.exchange(&Request::get("/cut")).await;
        assert!(result.is_err(), "{front:?} {back:?}: {result:?}");
        if is_http2(front) {
            // Only the stream ended.
            assert_eq!(get(client, "/size/5").await.body, bytes(5), "{front:?} {back:?}");
        }
        let answer = get(&mut pair.client().await, "/reset").await;
        assert_eq!(answer.status, 502, "{front:?} {back:?}");
        assert_eq!(answer.field("content-length"), Some(answer.body.len().to_string().as_str()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_carried_over() {
    everywhere(async |_, client, front, back| {
        let what = format!("{front:?} {back:?}");
        let request = Request::get("/echo")
            .field("cookie", "a=1")
            .field("cookie", "b=2")
            .field("te", "trailers")
            .field("x-many", "1")
            .field("x-many", "2");
        let answer = client.exchange(&request).await.unwrap();
        let all = |name: &str| -> Vec<&str> {
            answer.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(all("x-seen-host"), ["lb.test"], "{what}");
        assert_eq!(all("x-seen-cookie").join("; "), "a=1; b=2", "{what}");
        assert_eq!(all("x-seen-x-many"), ["1", "2"], "{what}");
        if is_http2(front) {
            assert_eq!(all("x-seen-cookie").len(), 1, "{what}");
        }
    })
    .await;
}

/// What a client gives up is given up towards the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_what_it_waits_for() {
    for front in FRONTS {
        for back in BACKS {
            // HTTP/1 clients are only watched on request: they may have closed one half of their connection.
            let mut pair = Pair::with(front, back, "  option abortonclose", "").await;
            let mut client = pair.client().await;
            let request = Request::get("/silent");
            let exchange = client.exchange(&request);
            tokio::select! {
                answer = exchange => panic!("{front:?} {back:?}: {answer:?}"),
                event = pair.origin.events.recv() => assert_eq!(event, Some(Event::Waiting)),
            }
            let keep = match &client {
                // Only the stream is reset.
                Client::Http2 { send, .. } => Some(send.clone()),
                Client::Http1(_) => None,
            };
            drop(client);
            let event = patiently(&format!("{front:?} {back:?}"), pair.origin.events.recv()).await;
            assert_eq!(event, Some(Event::GivenUp), "{front:?} {back:?}");
            drop(keep);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_streams_at_once() {
    for front in [Front::PriorKnowledge, Front::Http2Tls] {
        for back in BACKS {
            let pair = Pair::with(front, back, "  http-reuse always", "").await;
            let Client::Http2 { send, scheme } = pair.client().await else { panic!() };
            let mut tasks = Vec::new();
            for i in 0..100_usize {
                let send = send.clone();
                tasks.push(tokio::spawn(async move {
                    let size = i * 997;
                    let request = match i % 2 {
                        0 => Request::get(&format!("/stream/{size}")),
                        _ => Request::post("/echo", bytes(size)),
                    };
                    let answer = http2_exchange(send, scheme, &request).await.unwrap();
                    assert_eq!((answer.status, digest(&answer.body)), (200, digest(&bytes(size))), "{i}");
                }));
            }
            for task in tasks {
                patiently("a stream", task).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_of_rules() {
    let rules = "  http-request return status 200 content-type text/plain string hello if { path /r }\n";
    let _ = rules;
    for front in FRONTS {
        for (rule, status, body) in [
            ("http-request return status 200 content-type text/plain string hello", 200, Some("hello")),
            ("http-request deny", 403, None),
            ("http-request deny deny_status 429", 429, None),
            ("http-request redirect location /there", 302, Some("")),
        ] {
            let pair = Pair::with(front, Back::Http1, "", &format!("  {rule}")).await;
            let mut client = pair.client().await;
            for method in ["GET", "HEAD"] {
                let answer = client.exchange(&Request::get("/").method(method)).await.unwrap();
                assert_eq!(answer.status, status, "{front:?} {rule}");
                let length: usize = answer.field("content-length").unwrap().parse().unwrap();
                match (method, body) {
                    ("HEAD", _) => assert_eq!(answer.body.len(), 0),
                    (_, Some(body)) => assert_eq!(answer.body, body.as_bytes()),
                    (_, None) => assert!(length > 0),
                }
                assert!(method == "HEAD" || answer.body.len() == length, "{front:?} {rule}");
                if status == 302 {
                    assert_eq!(answer.field("location"), Some("/there"));
                }
            }
            // A request whose body is not read.
            let answer = client.exchange(&Request::post("/", bytes(300_000))).await;
            if is_http2(front) {
                assert_eq!(answer.unwrap().status, status, "{front:?} {rule}");
                assert_eq!(get(&mut client, "/").await.status, status, "{front:?} {rule}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_servers_are_shared_by_streams() {
    for back in [Back::ProtoH2, Back::Http2Tls] {
        for front in FRONTS {
            let pair = Pair::start(front, back).await;
            let mut client = pair.client().await;
            for _ in 0..10 {
                assert_eq!(get(&mut client, "/size/10").await.status, 200);
            }
            // `http-reuse safe`: the first request of HTTP/1 has a connection of its own, later ones share it.
            assert_eq!(pair.origin.connections(), 1, "{front:?} {back:?}");
            assert_eq!(get(&mut pair.client().await, "/size/10").await.status, 200);
            assert_eq!(pair.origin.connections(), if is_http2(front) { 1 } else { 2 }, "{front:?} {back:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_a_504() {
    for front in FRONTS {
        for back in BACKS {
            let pair = Pair::with(front, back, "  timeout server 100ms", "").await;
            let mut client = pair.client().await;
            let answer = get(&mut client, "/silent").await;
            assert_eq!(answer.status, 504, "{front:?} {back:?}");
            assert_eq!(get(&mut client, "/size/5").await.body, bytes(5), "{front:?} {back:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soft_stop_lets_streams_finish() {
    for front in [Front::ProtoH2, Front::Http2Tls] {
        let pair = Pair::start(front, Back::Http1).await;
        let Client::Http2 { send, scheme } = pair.client().await else { panic!() };
        let mut opened = send.clone().ready().await.unwrap();
        let request = Request::post("/echo", Vec::new());
        let (response, mut stream) = opened.send_request(request.http2(scheme), false).unwrap();
        // The proxy has the stream once its window for it was used.
        stream.send_data(bytes::Bytes::from(bytes(0)), false).unwrap();
        assert_eq!(http2_exchange(send.clone(), scheme, &Request::get("/size/1")).await.unwrap().status, 200);
        pair.proxy.soft_stop();
        stream.send_data(bytes::Bytes::new(), true).unwrap();
        assert_eq!(patiently("the open stream", response).await.unwrap().status(), 200);
        drop((send, opened, stream));
        let proxy = pair.proxy.clone();
        patiently("the end", tokio::task::spawn_blocking(move || proxy.wait())).await.unwrap();
    }
}

/// CONNECT over a stream (RFC 9113, section 8.5): its DATA frames are the bytes of the tunnel, in both directions, and
/// the end of the stream is the end of the connection's direction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_opens_a_tunnel_to_an_http1_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let origin = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut conn = lb_tests::peers::http1::Http1::new(Box::new(tcp));
        let head = conn.head().await.unwrap().unwrap();
        assert_eq!(head.start, "CONNECT far.test:443 HTTP/1.1");
        assert_eq!(lb_tests::peers::field(&head.fields, "transfer-encoding"), None);
        conn.send(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let (sent, _) = conn.body(&Vec::new(), true).await.unwrap();
        conn.send(&sent).await.unwrap();
    });
    let proxy = start(&format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
         frontend fe\n  bind 127.0.0.1:1 proto h2\n  default_backend be\nbackend be\n  server s1 {address}\n"
    ));
    let (stream, _) = connect(proxy.listeners()[0].address.unwrap(), None).await.unwrap();
    let Client::Http2 { send, .. } = Client::http2(stream, "http").await.unwrap() else { panic!() };
    let mut send = send.ready().await.unwrap();
    let request = http::Request::builder().method("CONNECT").uri("far.test:443").body(()).unwrap();
    let (response, mut up) = send.send_request(request, false).unwrap();
    let response = patiently("the answer", response).await.unwrap();
    assert_eq!(response.status(), 200);
    let sent = bytes(200_000);
    let none = Vec::new();
    let upload = lb_tests::peers::client::send_body(&mut up, &sent, &none);
    patiently("the upload", upload).await.unwrap();
    let mut body = response.into_body();
    let mut received = Vec::new();
    while let Some(piece) = patiently("bytes back", body.data()).await {
        let piece = piece.unwrap();
        received.extend_from_slice(&piece);
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
    assert!(received == sent);
    patiently("the origin", origin).await.unwrap();
}

/// REFUSED_STREAM says that the server did not look at the request: it is sent again, whatever its method, on another
/// connection, and the client does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_stream_is_sent_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for index in 0.. {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(tcp).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    match index % 2 {
                        0 => respond.send_reset(h2::Reason::REFUSED_STREAM),
                        _ => drop(respond.send_response(http::Response::new(()), true).unwrap()),
                    }
                }
            });
        }
    });
    for front in [Front::Http1, Front::ProtoH2] {
        let bind = if front == Front::ProtoH2 { "proto h2" } else { "" };
        let proxy = start(&format!(
            "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  \
             timeout server 20s\n  retries 0\nfrontend fe\n  bind 127.0.0.1:1 {bind}\n  default_backend be\nbackend be\n  \
             server s1 {address} proto h2\n"
        ));
        let (stream, _) = connect(proxy.listeners()[0].address.unwrap(), None).await.unwrap();
        let mut client = match front {
            Front::Http1 => Client::http1(stream),
            _ => Client::http2(stream, "http").await.unwrap(),
        };
        let answer = client.exchange(&Request::post("/", Vec::new())).await.unwrap();
        assert_eq!(answer.status, 200, "{front:?}");
    }
}

/// `max-reuse` counts the streams of a connection after its first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_carry_so_many_streams() {
    for (reuse, connections) in [("", 1), ("max-reuse 1", 2), ("max-reuse 0", 4)] {
        let origin = Server::start(None, true).await;
        let proxy = start(&format!(
            "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
             listen fe\n  bind 127.0.0.1:1\n  server s1 {} proto h2 {reuse}\n",
            origin.address
        ));
        let (stream, _) = connect(proxy.listeners()[0].address.unwrap(), None).await.unwrap();
        let mut client = Client::http1(stream);
        for _ in 0..4 {
            assert_eq!(client.exchange(&Request::get("/size/1")).await.unwrap().status, 200, "{reuse}");
        }
        assert_eq!(origin.connections(), connections, "{reuse}");
    }
}
