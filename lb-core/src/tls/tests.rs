//! Handshakes of both sides with each other, over TCP on the loopback.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::stream::Session;
use super::*;
use crate::config::model::{BindSsl, GlobalSsl, ServerSsl};
use crate::transport::{Socket, Transport};

/// A directory of certificates and the authority that signed them.
struct Store {
    dir: TempDir,
    authority: Issuer<'static, KeyPair>,
}

impl Store {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test Authority");
        let key = KeyPair::generate().unwrap();
        fs::write(dir.path().join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, authority: Issuer::new(params, key) }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Certificate and key in PEM.
    fn issue(&self, common: &str, names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.authority).unwrap().pem(), key.serialize_pem())
    }

    fn write(&self, file: &str, common: &str, names: &[&str]) -> PathBuf {
        let (certificate, key) = self.issue(common, names);
        fs::write(self.path(file), certificate + &key).unwrap();
        self.path(file)
    }

    fn verified(&self) -> ServerSsl {
        ServerSsl { verify: true, ca_file: Some(self.path("ca.crt")), ..ServerSsl::default() }
    }
}

fn bind(crt: &[PathBuf], alpn: &[&str], strict_sni: bool) -> Result<Arc<ServerConfig>, TlsConfigError> {
    let alpn = alpn.iter().map(|name| (*name).to_owned()).collect();
    server_config(&BindSsl { crt: crt.to_vec(), alpn, strict_sni, ..BindSsl::default() }, &GlobalSsl::default())
}

fn server(ssl: &ServerSsl) -> TlsClientConfig {
    client_config(ssl).unwrap()
}

fn block<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

type Side = Result<(Transport, TlsInfo), TlsError>;

/// One handshake; the client's side and the server's side.
async fn handshake(bind: &Arc<ServerConfig>, server: &TlsClientConfig) -> (Side, Side) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let near = async { connect(server, Socket::Tcp(TcpStream::connect(address).await.unwrap())).await };
    let far = async { accept(bind, Socket::Tcp(listener.accept().await.unwrap().0)).await };
    tokio::join!(near, far)
}

/// Names of the certificate that a client asking for `sni` is shown.
async fn shown(bind: &Arc<ServerConfig>, sni: Option<&str>) -> Option<Vec<String>> {
    let ssl = ServerSsl { sni: sni.map(str::to_owned), ..ServerSsl::default() };
    match handshake(bind, &server(&ssl)).await {
        (Ok((Transport::TlsClient(tls), _)), Ok(_)) => {
            certificate::names(&tls.session().state().peer_certificates().unwrap()[0])
        }
        _ => None,
    }
}

#[test]
fn certificates_are_chosen_by_name() {
    let store = Store::new();
    let first = store.write("1.pem", "default.test", &[]);
    let second = store.write("2.pem", "exact.test", &["exact.test", "www.wild.test"]);
    let third = store.write("3.pem", "wild", &["*.wild.test"]);
    let crt = [first, second, third];
    block(async {
        let config = bind(&crt, &[], false).unwrap();
        for (sni, expected) in [
            (Some("exact.test"), "exact.test"),
            (Some("EXACT.test"), "exact.test"),
            (Some("www.wild.test"), "exact.test"),
            (Some("other.wild.test"), "wild"),
            (Some("a.b.wild.test"), "default.test"),
            (Some("wild.test"), "default.test"),
            (Some("unknown.test"), "default.test"),
            (None, "default.test"),
        ] {
            assert_eq!(shown(&config, sni).await.unwrap()[0], expected, "{sni:?}");
        }
        let config = bind(&crt, &[], true).unwrap();
        assert_eq!(shown(&config, Some("default.test")).await.unwrap()[0], "default.test");
        assert_eq!(shown(&config, Some("unknown.test")).await, None);
        assert_eq!(shown(&config, None).await, None);
    });
}

#[test]
fn a_directory_is_read_in_order_and_keys_may_stand_beside() {
    let store = Store::new();
    let dir = store.path("certs");
    fs::create_dir(&dir).unwrap();
    store.write("certs/b.pem", "b.test", &[]);
    let (certificate, key) = store.issue("a.test", &[]);
    fs::write(dir.join("a.crt"), certificate).unwrap();
    fs::write(dir.join("a.crt.key"), key).unwrap();
    for ignored in [".hidden", "x.issuer", "x.ocsp", "x.sctl"] {
        fs::write(dir.join(ignored), "not a certificate").unwrap();
    }
    let loaded = certificate::load(&dir).unwrap();
    let names: Vec<_> = loaded.iter().map(|one| one.names[0].as_str()).collect();
    assert_eq!(names, ["a.test", "b.test"]);
    // A bundle is known by its base name.
    store.write("bundle.pem.ecdsa", "bundle.test", &[]);
    assert_eq!(certificate::load(&store.path("bundle.pem")).unwrap()[0].names, ["bundle.test"]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_haproxys_words() {
    let store = Store::new();
    let (certificate, key) = store.issue("a.test", &[]);
    let (_, other) = store.issue("b.test", &[]);
    let file = |name: &str, text: &str| {
        fs::write(store.path(name), text).unwrap();
        store.path(name)
    };
    let said = |path: &Path| bind(&[path.to_owned()], &[], false).err().unwrap().to_string();
    let shown = |name: &str| store.path(name).display().to_string();
    assert_eq!(
        said(&store.path("nope")),
        format!("unable to stat SSL certificate from file '{}' : No such file or directory", shown("nope"))
    );
    assert_eq!(
        said(&file("nokey.pem", &certificate)),
        format!("No Private Key found in '{}'.", shown("nokey.pem.key"))
    );
    let mismatch = file("mismatch.pem", &format!("{certificate}{other}"));
    assert_eq!(
        said(&mismatch),
        format!("inconsistencies between private key and certificate loaded '{}'.", mismatch.display())
    );
    for (name, text) in [("junk", "junk"), ("empty", ""), ("onlykey", key.as_str())] {
        let path = file(name, text);
        let expected = format!("unable to load certificate from file '{}'", path.display());
        assert!(said(&path).starts_with(&expected), "{}", said(&path));
    }
    assert_eq!(bind(&[], &[], false).err().unwrap().to_string(), "no SSL certificate specified (use 'crt').");
}

#[test]
fn protocols_are_negotiated_and_told() {
    let store = Store::new();
    let crt = [store.write("1.pem", "a.test", &["a.test"])];
    block(async {
        let config = bind(&crt, &["h2", "", "http/1.1"], false).unwrap();
        let ssl = ServerSsl { sni: Some("a.test".into()), alpn: vec!["http/1.1".into()], ..store.verified() };
        let (near, far) = handshake(&config, &server(&ssl)).await;
        let (near, far) = (near.unwrap().1, far.unwrap().1);
        assert_eq!(near, far);
        assert_eq!(far.alpn, Alpn::Http11);
        assert_eq!((far.version, far.sni.as_deref(), far.resumed), ("TLSv1.3", Some("a.test"), false));
        assert!(far.cipher.starts_with("TLS_"), "{}", far.cipher);
        let ssl = ServerSsl { alpn: vec!["http/1.1".into(), "h2".into()], ..ServerSsl::default() };
        assert_eq!(handshake(&config, &server(&ssl)).await.1.unwrap().1.alpn, Alpn::H2);
        assert_eq!(handshake(&config, &server(&ServerSsl::default())).await.1.unwrap().1.alpn, Alpn::None);
    });
}

/// Exchanges a byte so that the tickets that follow a handshake arrive.
async fn settle(near: Side, far: Side) -> (TlsInfo, TlsInfo) {
    let (mut near, near_info) = near.unwrap();
    let (mut far, far_info) = far.unwrap();
    far.write_all(b"x").await.unwrap();
    near.read_exact(&mut [0]).await.unwrap();
    (near_info, far_info)
}

#[test]
fn sessions_are_resumed_by_ticket_and_by_id() {
    let store = Store::new();
    let crt = [store.write("1.pem", "a.test", &["a.test"])];
    let ssl = ServerSsl { sni: Some("a.test".into()), ..store.verified() };
    block(async {
        for tickets in [true, false] {
            for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
                let mut config = bind(&crt, &[], false).unwrap();
                if !tickets {
                    let config = Arc::make_mut(&mut config);
                    config.ticketer = rustls::ServerConfig::builder_with_provider(provider())
                        .with_protocol_versions(&[version])
                        .unwrap()
                        .with_no_client_auth()
                        .with_cert_resolver(Arc::clone(&config.cert_resolver))
                        .ticketer
                        .clone();
                }
                let mut client = server(&ssl);
                let verified = Arc::clone(&client.config);
                client.config = Arc::new({
                    let mut only = rustls::ClientConfig::builder_with_provider(provider())
                        .with_protocol_versions(&[version])
                        .unwrap()
                        .dangerous()
                        .with_custom_certificate_verifier(Arc::new(verify::DangerousVerifyNone {
                            provider: provider(),
                        }))
                        .with_no_client_auth();
                    only.resumption = verified.resumption.clone();
                    only
                });
                for round in 0..3 {
                    let (near, far) = handshake(&config, &client).await;
                    let (near, far) = settle(near, far).await;
                    assert_eq!((near.resumed, far.resumed), (round > 0, round > 0), "{tickets} {version:?} {round}");
                }
            }
        }
    });
}

#[test]
fn certificates_of_servers_are_verified() {
    let store = Store::new();
    let config = |common, names: &[&str]| bind(&[store.write("s.pem", common, names)], &[], false).unwrap();
    let stranger = Store::new();
    let name = |name: &str| Some(name.to_owned());
    block(async {
        let plain = config("s.test", &["s.test", "*.s.test"]);
        let common = config("cn.test", &[]);
        let verified = || store.verified();
        for (what, bind, ssl, good) in [
            ("any name without sni and verifyhost", &plain, verified(), true),
            ("verifyhost", &plain, ServerSsl { verifyhost: name("s.test"), ..verified() }, true),
            ("wildcard", &plain, ServerSsl { verifyhost: name("x.s.test"), ..verified() }, true),
            ("other verifyhost", &plain, ServerSsl { verifyhost: name("t.test"), ..verified() }, false),
            ("sni", &plain, ServerSsl { sni: name("s.test"), ..verified() }, true),
            ("other sni", &plain, ServerSsl { sni: name("t.test"), ..verified() }, false),
            (
                "sni before verifyhost",
                &plain,
                ServerSsl { sni: name("s.test"), verifyhost: name("t.test"), ..verified() },
                true,
            ),
            ("common name", &common, ServerSsl { verifyhost: name("cn.test"), ..verified() }, true),
            ("other authority", &plain, stranger.verified(), false),
            ("none", &plain, ServerSsl { sni: name("t.test"), ..ServerSsl::default() }, true),
        ] {
            let outcome = handshake(bind, &server(&ssl)).await.0;
            assert_eq!(outcome.is_ok(), good, "{what}: {outcome:?}");
            if let Err(error) = outcome {
                assert!(matches!(error, TlsError::Certificate(_)), "{what}: {error}");
            }
        }
    });
    let missing = ServerSsl { verify: true, ..ServerSsl::default() };
    let error = client_config(&missing).err().unwrap();
    assert!(error.to_string().starts_with("verify is enabled by default but no CA file specified."));
    let missing = ServerSsl { ca_file: Some("/nope".into()), ..missing };
    let error = client_config(&missing).err().unwrap();
    assert_eq!(error.to_string(), "Couldn't open the ca-file '/nope' (No such file or directory).");
}

#[test]
fn a_shutdown_is_announced() {
    let store = Store::new();
    let config = bind(&[store.write("1.pem", "a.test", &[])], &[], false).unwrap();
    block(async {
        let (near, far) = handshake(&config, &server(&ServerSsl::default())).await;
        let (mut near, mut far) = (near.unwrap().0, far.unwrap().0);
        far.write_all(b"bye").await.unwrap();
        far.shutdown().await.unwrap();
        let mut read = Vec::new();
        near.read_to_end(&mut read).await.expect("close_notify, not a truncation");
        assert_eq!(read, b"bye");
        // Half closed: the other direction still works.
        near.write_all(b"ok").await.unwrap();
        near.shutdown().await.unwrap();
        let mut read = Vec::new();
        far.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"ok");
    });
}

#[test]
fn plain_text_is_a_handshake_failure() {
    let store = Store::new();
    let config = bind(&[store.write("1.pem", "a.test", &[])], &[], false).unwrap();
    block(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let far = accept(&config, Socket::Tcp(listener.accept().await.unwrap().0)).await;
        assert!(matches!(far, Err(TlsError::Handshake(_))), "{far:?}");
        drop(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        let far = accept(&config, Socket::Tcp(listener.accept().await.unwrap().0)).await;
        assert!(matches!(far, Err(TlsError::Closed(_))), "{far:?}");
    });
}

/// Bytes that tell a missing, doubled or moved one.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

#[test]
fn much_data_passes_both_ways_at_once_in_odd_pieces() {
    const LENGTH: usize = 3_000_017;
    let store = Store::new();
    let config = bind(&[store.write("1.pem", "a.test", &[])], &[], false).unwrap();
    block(async {
        let (near, far) = handshake(&config, &server(&ServerSsl::default())).await;
        let exchange = |transport: Transport, write: usize, read: usize| async move {
            let (mut reader, mut writer) = tokio::io::split(transport);
            let send = async {
                for piece in pattern(LENGTH).chunks(write) {
                    writer.write_all(piece).await.unwrap();
                }
                writer.shutdown().await.unwrap();
            };
            let receive = async {
                let (mut all, mut buffer) = (Vec::new(), vec![0; read]);
                loop {
                    match reader.read(&mut buffer).await.unwrap() {
                        0 => break,
                        length => all.extend_from_slice(&buffer[..length]),
                    }
                }
                assert!(all == pattern(LENGTH), "{} bytes came", all.len());
            };
            tokio::join!(send, receive);
        };
        tokio::join!(exchange(near.unwrap().0, 100_003, 777), exchange(far.unwrap().0, 5_001, 65_536));
    });
}

#[test]
fn head_and_body_share_one_record() {
    let store = Store::new();
    let config = bind(&[store.write("1.pem", "a.test", &[])], &[], false).unwrap();
    block(async {
        let (near, far) = handshake(&config, &server(&ServerSsl::default())).await;
        let (mut near, mut far) = (near.unwrap().0, far.unwrap().0);
        let slices = [IoSlice::new(b"head "), IoSlice::new(b""), IoSlice::new(b"body")];
        assert_eq!(far.write_vectored(&slices).await.unwrap(), 9);
        let mut read = [0; 64];
        assert_eq!(near.read(&mut read).await.unwrap(), 9);
        assert_eq!(&read[..9], b"head body");
    });
}

#[test]
fn broken_records_end_the_connection_without_harm() {
    let store = Store::new();
    let config = bind(&[store.write("1.pem", "a.test", &[])], &[], false).unwrap();
    let pieces: [&[u8]; 6] = [
        b"\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        b"\x16\x03\x03\x00\x04\x01\x00\x00\x00",
        b"\x17\x03\x03\xff\xff",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x00\x00\x00\x00\x00\x00",
        b"\x17\x03\x03\x00\x20aaa",
    ];
    block(async {
        for piece in pieces {
            let (near, far) = handshake(&config, &server(&ServerSsl::default())).await;
            let (near, mut far) = (near.unwrap().0, far.unwrap().0);
            let Socket::Tcp(tcp) = near.socket() else { unreachable!("TCP") };
            tcp.writable().await.unwrap();
            assert_eq!(tcp.try_write(piece).unwrap(), piece.len());
            drop(near);
            let mut read = [0; 64];
            assert!(far.read(&mut read).await.is_err(), "{piece:?}");
            let _ = far.read(&mut read).await;
            let _ = far.write(b"x").await;
            let _ = far.shutdown().await;
        }
    });
}

#[test]
fn an_established_connection_holds_no_buffer() {
    let store = Store::new();
    let config = bind(&[store.write("1.pem", "a.test", &[])], &[], false).unwrap();
    block(async {
        let (near, far) = handshake(&config, &server(&ServerSsl::default())).await;
        let (mut near, mut far) = (near.unwrap().0, far.unwrap().0);
        near.write_all(b"x").await.unwrap();
        far.read_exact(&mut [0]).await.unwrap();
        let mut room = [0; 16];
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut room = tokio::io::ReadBuf::new(&mut room);
        assert!(std::pin::Pin::new(&mut far).poll_read(&mut cx, &mut room).is_pending());
        let Transport::TlsServer(tls) = &far else { unreachable!("TLS") };
        assert!(tls.holds_nothing());
        drop(near);
    });
}
