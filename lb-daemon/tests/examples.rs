//! Every configuration of `examples/configs`, in both languages, serves what it says. Ports are replaced by free ones.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use lb_tests::peers::client::{Answer, Client, Request, connect};
use lb_tests::{HeldPort, PATIENCE, Wire, eventually};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// lbd on a copy of an example; dropping it kills it.
struct Example {
    daemon: Child,
    ports: BTreeMap<String, HeldPort>,
    _directory: tempfile::TempDir,
}

impl Example {
    fn start(name: &str) -> Self {
        Self::start_after(name, |_| {})
    }

    /// `prepare` may listen on ports before the daemon does.
    fn start_after(name: &str, prepare: impl FnOnce(&BTreeMap<String, HeldPort>)) -> Self {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/configs");
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("tls")).unwrap();
        for file in ["tls/example.pem", "tls/example.crt"] {
            std::fs::copy(configs.join(file), directory.path().join(file)).unwrap();
        }
        let text = std::fs::read_to_string(configs.join(name)).unwrap();
        let mut pieces = text.split("127.0.0.1:");
        let mut text = pieces.next().unwrap().to_owned();
        let mut ports: BTreeMap<String, HeldPort> = BTreeMap::new();
        for piece in pieces {
            let (port, rest) = piece.split_at(4);
            text += &ports.entry(port.to_owned()).or_insert_with(HeldPort::new).address().to_string();
            text += rest;
        }
        std::fs::write(directory.path().join(name), text).unwrap();
        prepare(&ports);
        let daemon = Command::new(env!("CARGO_BIN_EXE_lbd"))
            .args(["-db", "-f", name])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { daemon, ports, _directory: directory }
    }

    /// What listens on a port of the example.
    fn at(&self, port: &str) -> SocketAddr {
        let address = self.ports[port].address();
        eventually("it listens", || TcpStream::connect(address).is_ok());
        address
    }

    fn get(&self, port: &str) -> String {
        let answer = Wire::connect(self.at(port)).get("/");
        assert_eq!(answer.status(), 200);
        answer.text()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn both(name: &str) -> [Example; 2] {
    ["cfg", "toml"].map(|language| Example::start(&format!("{name}.{language}")))
}

fn trust(alpn: &str) -> Arc<rustls::ClientConfig> {
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/configs/tls/example.crt");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    Arc::new(config)
}

fn text(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200);
    std::str::from_utf8(&answer.body).unwrap()
}

async fn over_tls(address: SocketAddr, alpn: &str) -> Client {
    let (stream, chosen) = connect(address, Some((trust(alpn), "localhost"))).await.unwrap();
    assert_eq!(chosen.as_deref(), Some(alpn.as_bytes()));
    if alpn == "h2" { Client::http2(stream, "https").await.unwrap() } else { Client::http1(stream) }
}

#[test]
fn every_example_is_tested() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/configs");
    let names = std::fs::read_dir(configs).unwrap().map(|entry| entry.unwrap().path());
    let files = names.filter(|path| path.is_file()).map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let mut files: Vec<String> = files.collect();
    files.sort();
    files.dedup();
    let tested =
        ["canary", "email-alerts", "gateway", "h2", "limits", "proxy-protocol", "quickstart", "tcp", "timeouts", "tls"];
    assert_eq!(files, tested);
}

#[test]
fn quickstart() {
    for example in both("quickstart") {
        for port in ["8091", "8092"] {
            example.at(port);
        }
        let mut answers = [example.get("8080"), example.get("8080")];
        answers.sort();
        assert_eq!(answers, ["Hello from s1\n", "Hello from s2\n"]);
    }
}

#[test]
fn timeouts() {
    for example in both("timeouts") {
        example.at("8092");
        assert!(example.get("8080").starts_with("Hello from s"));
        assert_eq!(Wire::connect(example.at("8080")).get("/alive").status(), 200);
    }
}

/// Sends a request with these fields, each on a line of its own, and gives the status and the body.
fn ask(address: SocketAddr, path: &str, fields: &str) -> (u16, String) {
    let mut wire = Wire::connect(address);
    let answer = wire.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n")).response();
    (answer.status(), answer.text())
}

#[test]
fn gateway() {
    for example in both("gateway") {
        for port in ["8091", "8092"] {
            example.at(port);
        }
        let address = example.at("8080");
        assert_eq!(ask(address, "/v1/users/7", ""), (401, r#"{"error":"no key"}"#.to_owned()));
        let key = "X-Api-Key: me\r\n";
        let answers = ["/v1/users/7", "/v1/orders/8", "/v1/nothing", "/"].map(|path| ask(address, path, key));
        let unknown = (404, r#"{"error":"no such service"}"#.to_owned());
        let users = (200, r#"{"service":"users","path":"/users/7"}"#.to_owned());
        let orders = (200, r#"{"service":"orders","path":"/orders/8"}"#.to_owned());
        assert_eq!(answers, [users, orders, unknown.clone(), unknown]);
        let limited = [(); 2].map(|()| ask(address, "/v1/users/7", key));
        assert_eq!((limited[0].0, &*limited[1].1), (200, r#"{"error":"too many requests","rate":6}"#));
    }
}

#[test]
fn canary() {
    for example in both("canary") {
        for port in ["8091", "8092", "8093"] {
            example.at(port);
        }
        let address = example.at("8080");
        let next = (200, "The next release\n".to_owned());
        assert_eq!(ask(address, "/", "X-Canary: yes\r\n"), next);
        assert_eq!(ask(address, "/", "Cookie: release=canary\r\n"), next);
        let stable = ask(address, "/", "Cookie: release=stable; node=s2\r\n");
        assert_eq!(stable, (200, "The stable release on s2\n".to_owned()));
    }
}

#[test]
fn limits() {
    for example in both("limits") {
        example.at("8091");
        let address = example.at("8080");
        assert_eq!(example.get("8080"), "Hello\n");
        assert_eq!(ask(address, "/", "User-Agent: sqlmap/1\r\n").0, 403);
        assert_eq!(ask(address, "/", "Content-Length: 1000001\r\n").0, 413);
        assert_eq!(ask(address, "/wp-login.php", "").0, 200);
    }
}

fn echo(port: &HeldPort) {
    let listener = TcpListener::bind(port.address()).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = [0; 4];
            // A health check sends nothing.
            if stream.read_exact(&mut bytes).is_ok() {
                let _ = stream.write_all(&bytes);
            }
        }
    });
}

#[test]
fn tcp() {
    for name in ["tcp.cfg", "tcp.toml"] {
        let example =
            Example::start_after(name, |ports| ["8433", "8434", "8435"].iter().for_each(|p| echo(&ports[*p])));
        let mut client = Wire::connect(example.at("8432"));
        assert_eq!(client.send("ping").read_exactly(4).unwrap(), b"ping");
    }
}

/// A mailer; the subjects of its mails.
fn mailer(port: &HeldPort) -> Receiver<String> {
    let listener = TcpListener::bind(port.address()).unwrap();
    let (sender, subjects) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut replies = stream.try_clone().unwrap();
            let mut say = |text: &str| replies.write_all(text.as_bytes()).is_ok();
            say("220 hello\r\n");
            let mut in_mail = false;
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if let Some(subject) = line.strip_prefix("Subject: ") {
                    let _ = sender.send(subject.to_owned());
                }
                in_mail = (in_mail || line == "DATA") && line != ".";
                if !in_mail || line == "DATA" {
                    say(if in_mail { "354 go\r\n" } else { "250 ok\r\n" });
                }
            }
        }
    });
    subjects
}

#[test]
fn email_alerts() {
    for name in ["email-alerts.cfg", "email-alerts.toml"] {
        let mut mailers = Vec::new();
        let _example =
            Example::start_after(name, |ports| mailers.extend(["8125", "8126"].map(|port| mailer(&ports[port]))));
        for mails in mailers {
            let subject = mails.recv_timeout(PATIENCE).unwrap();
            assert!(subject.starts_with("[HAProxy Alert] Server app/s"), "{subject}");
            assert!(subject.contains("is DOWN, reason: Layer4 connection problem"), "{subject}");
        }
    }
}

#[test]
fn proxy_protocol() {
    for example in both("proxy-protocol") {
        example.at("8091");
        for _ in 0..2 {
            let mut client = Wire::connect(example.at("8080"));
            client.send("PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n");
            assert_eq!(client.get("/").text(), "Hello behind two proxies\n");
        }
    }
}

#[tokio::test]
async fn tls() {
    for example in both("tls") {
        let answer = Wire::connect(example.at("8080")).get("/page");
        assert_eq!((answer.status(), answer.header("location")), (301, Some("https://test/page")));
        example.at("8444");
        for alpn in ["h2", "http/1.1"] {
            let mut client = over_tls(example.at("8443"), alpn).await;
            assert_eq!(text(&client.exchange(&Request::get("/")).await.unwrap()), "Hello over TLS\n");
        }
    }
}

#[tokio::test]
async fn h2() {
    for example in both("h2") {
        example.at("8091");
        example.at("8444");
        let (stream, _) = connect(example.at("8080"), None).await.unwrap();
        let clear = Client::http2(stream, "http").await.unwrap();
        let clients = [clear, over_tls(example.at("8443"), "h2").await, over_tls(example.at("8443"), "http/1.1").await];
        for mut client in clients {
            for _ in 0..2 {
                assert_eq!(text(&client.exchange(&Request::get("/")).await.unwrap()), "Hello over HTTP/2\n");
            }
        }
    }
}
