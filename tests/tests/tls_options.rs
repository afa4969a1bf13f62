//! Versions, ciphers, curves and tickets (configuration.txt, sections 3.1, 5.1 and 5.2): what lb and HAProxy agree upon
//! with the same clients and servers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use lb_tests::peers::certificates::Certificates;
use lb_tests::process::haproxy;
use lb_tests::{Side, Wire};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection};

const TIMEOUTS: &str = "defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
";

/// What a peer can: names of suites in the order it prefers, and of groups.
#[derive(Clone, Copy)]
struct Peer {
    suites: &'static [&'static str],
    groups: &'static [&'static str],
}

const SUITES13: [&str; 3] = ["TLS13_AES_128_GCM_SHA256", "TLS13_CHACHA20_POLY1305_SHA256", "TLS13_AES_256_GCM_SHA384"];
const SUITES12: [&str; 3] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
];
const ALL_GROUPS: &[&str] = &["X25519", "secp256r1", "secp384r1"];

/// Each is asked of every line. None prefers ChaCha20 to another suite: HAProxy then prefers it, too. In TLS 1.2 OpenSSL wants the curve of the certificate among the groups.
const PEERS: [Peer; 8] = [
    Peer { suites: &SUITES13, groups: ALL_GROUPS },
    Peer { suites: &SUITES12, groups: ALL_GROUPS },
    Peer { suites: &[SUITES13[0]], groups: &["secp384r1"] },
    Peer { suites: &[SUITES13[0], SUITES13[1]], groups: &["secp256r1"] },
    Peer { suites: &[SUITES13[2]], groups: &["X25519"] },
    Peer { suites: &[SUITES12[1]], groups: &["secp256r1"] },
    Peer { suites: &[SUITES12[0], SUITES12[2]], groups: &["secp384r1", "secp256r1"] },
    Peer { suites: &[SUITES12[2]], groups: &["X25519", "secp256r1"] },
];

impl Peer {
    fn provider(self) -> Arc<CryptoProvider> {
        let all = rustls::crypto::aws_lc_rs::default_provider();
        let suite = |name: &&str| {
            let named = all.cipher_suites.iter().find(|suite| format!("{:?}", suite.suite()) == **name);
            *named.unwrap_or_else(|| panic!("no suite {name}"))
        };
        let group = |name: &&str| {
            let named = all.kx_groups.iter().find(|group| format!("{:?}", group.name()) == **name);
            *named.unwrap_or_else(|| panic!("no group {name}"))
        };
        Arc::new(CryptoProvider {
            cipher_suites: self.suites.iter().map(suite).collect(),
            kx_groups: self.groups.iter().map(group).collect(),
            ..all.clone()
        })
    }

    /// The versions that its suites are for.
    fn versions(self) -> Vec<&'static rustls::SupportedProtocolVersion> {
        let newest = self.suites[0].starts_with("TLS13");
        vec![if newest { &rustls::version::TLS13 } else { &rustls::version::TLS12 }]
    }

    fn client(self, certificates: &Certificates) -> ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls::pki_types::CertificateDer::from_pem_file(certificates.ca()).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&self.versions())
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config
    }
}

/// The suite that a client gets, or that there is no agreement.
fn agreed(address: SocketAddr, config: &Arc<ClientConfig>) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let name = ServerName::try_from("lb.test").unwrap();
    let mut session = ClientConnection::new(Arc::clone(config), name).unwrap();
    while session.is_handshaking() {
        if session.complete_io(&mut socket).is_err() {
            return "none".to_owned();
        }
    }
    // In TLS 1.3 a server's refusal comes behind the handshake.
    session.writer().write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = rustls::Stream::new(&mut session, &mut socket).read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    format!("{:?}", session.negotiated_cipher_suite().unwrap().suite())
}

/// lb, and HAProxy where it is installed.
fn programs() -> Vec<Option<PathBuf>> {
    std::iter::once(None).chain(haproxy().map(Some)).collect()
}

#[test]
fn clients_get_the_same_suites() {
    let certificates = Certificates::new(&["lb.test"]);
    let lines = [
        "",
        "prefer-client-ciphers",
        "ssl-min-ver TLSv1.3",
        "ssl-max-ver TLSv1.2",
        "force-tlsv12",
        "no-tlsv13",
        "no-tlsv12",
        "no-sslv3 no-tlsv10 no-tlsv11",
        "ciphersuites TLS_AES_128_GCM_SHA256",
        "ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
        "ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256 prefer-client-ciphers",
        "ciphers ECDHE-ECDSA-AES128-GCM-SHA256",
        "ciphers ECDHE+AESGCM:+AES256",
        "ciphers HIGH:!CHACHA20:!aNULL",
        "ciphers HIGH:-AES:AES128",
        "ciphers DEFAULT:@STRENGTH prefer-client-ciphers",
        "ciphers aRSA",
        "curves X25519",
        "curves P-384:P-256",
        "ecdhe secp384r1",
        "ecdhe secp384r1 curves X25519",
        "no-tls-tickets",
    ];
    for global in [
        "",
        "  ssl-default-bind-ciphers ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256\n  \
         ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\n  \
         ssl-default-bind-options no-tls-tickets\n  ssl-default-bind-curves X25519:P-256\n",
        "  ssl-default-bind-options ssl-min-ver TLSv1.2 prefer-client-ciphers\n",
    ] {
        let crt = certificates.pem("lb.test");
        let mut text = format!("global\n  stats socket {{dir}}/stats\n{global}{TIMEOUTS}");
        for (index, line) in lines.iter().enumerate() {
            text += &format!(
                "frontend f{index}\n  bind {{listen{index}}} ssl crt {} {line}\n  http-request return status 200\n",
                crt.display()
            );
        }
        let ask = |program: &Option<PathBuf>| {
            let side = Side::start(program.as_deref(), &text, lines.len());
            let mut told = Vec::new();
            for (index, line) in lines.iter().enumerate() {
                for peer in PEERS {
                    let config = Arc::new(peer.client(&certificates));
                    let suite = agreed(side.address(index), &config);
                    told.push(format!("{line} | {:?} {:?}: {suite}", peer.suites, peer.groups));
                }
            }
            told
        };
        let answers: Vec<_> = programs().iter().map(ask).collect();
        assert!(answers[0].iter().any(|told| told.ends_with("none")));
        for other in answers.iter().skip(1) {
            for (own, theirs) in answers[0].iter().zip(other) {
                assert_eq!(own, theirs, "with{global}");
            }
        }
    }
}

/// A server that tells of each connection what was agreed upon, and whether a session was resumed.
struct Origin {
    address: SocketAddr,
    told: Mutex<mpsc::Receiver<String>>,
}

impl Origin {
    fn new(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = mpsc::channel();
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
                if tell.send(Self::serve(&mut session, &mut socket.unwrap())).is_err() {
                    return;
                }
            }
        });
        Self { address, told: Mutex::new(told) }
    }

    fn serve(session: &mut ServerConnection, socket: &mut TcpStream) -> String {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        while session.is_handshaking() {
            if session.complete_io(socket).is_err() {
                return "none".to_owned();
            }
        }
        let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        let suite = session.negotiated_cipher_suite().unwrap().suite();
        let newest = session.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let mut stream = rustls::Stream::new(session, socket);
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        session.send_close_notify();
        let _ = session.complete_io(socket);
        format!("{suite:?}{}{}", if newest { " 1.3" } else { " 1.2" }, if resumed { " resumed" } else { "" })
    }

    fn told(&self) -> String {
        self.told.lock().unwrap().recv_timeout(Duration::from_secs(20)).expect("a connection")
    }
}

#[test]
fn servers_get_the_same_suites() {
    let certificates = Certificates::new(&["lb.test"]);
    let server = |peer: Peer| {
        let pem = std::fs::read(certificates.pem("lb.test")).unwrap();
        let chain = rustls::pki_types::CertificateDer::pem_slice_iter(&pem).map(Result::unwrap).collect();
        let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(&pem).unwrap();
        let mut config = ServerConfig::builder_with_provider(peer.provider())
            .with_protocol_versions(&peer.versions())
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
        config
    };
    let lines = [
        "",
        "ssl-min-ver TLSv1.3",
        "ssl-max-ver TLSv1.2",
        "force-tlsv12",
        "no-tlsv13",
        "ciphersuites TLS_CHACHA20_POLY1305_SHA256",
        "ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
        "ciphers ECDHE+AESGCM",
        "ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
        "no-ssl-reuse",
        "no-ssl-reuse ssl-reuse",
        "no-tls-tickets ssl-max-ver TLSv1.2",
        "no-tls-tickets tls-tickets ssl-max-ver TLSv1.2",
    ];
    for global in ["", "  ssl-default-server-options ssl-min-ver TLSv1.2\n  ssl-default-server-ciphers AES128+ECDHE\n"]
    {
        let ask = |program: &Option<PathBuf>| {
            let origins: Vec<_> = PEERS.iter().take(4).map(|peer| Origin::new(server(*peer))).collect();
            let mut text = format!("global\n  stats socket {{dir}}/stats\n{global}{TIMEOUTS}  retries 0\n");
            text += "frontend f\n  bind {listen0}\n  use_backend %[path,field(2,/)]\n";
            for (index, line) in lines.iter().enumerate() {
                for (number, origin) in origins.iter().enumerate() {
                    let address = origin.address;
                    text += &format!("backend b{index}-{number}\n  server s {address} ssl verify none {line}\n");
                }
            }
            let side = Side::start(program.as_deref(), &text, 1);
            let mut told = Vec::new();
            for (index, line) in lines.iter().enumerate() {
                for (number, origin) in origins.iter().enumerate() {
                    for turn in ["first", "second"] {
                        let mut client = Wire::connect(side.address(0));
                        let status = client.get(&format!("/b{index}-{number}")).status();
                        told.push(format!("{line} {number} {turn}: {status} {}", origin.told()));
                    }
                }
            }
            told
        };
        let answers: Vec<_> = programs().iter().map(ask).collect();
        for told in &answers[0] {
            let reuses = told.contains(" ssl-reuse") || !told.contains("no-ssl-reuse");
            let resumes = reuses && told.contains("second: 200");
            assert_eq!(told.ends_with("resumed"), resumes, "{told}");
        }
        // HAProxy rarely resumes a session with this server.
        let agreed = |told: &[String]| -> Vec<String> {
            told.iter().map(|told| told.trim_end_matches(" resumed").to_owned()).collect()
        };
        for other in answers.iter().skip(1) {
            for (own, theirs) in agreed(&answers[0]).iter().zip(&agreed(other)) {
                assert_eq!(own, theirs, "with{global}");
            }
        }
    }
}
