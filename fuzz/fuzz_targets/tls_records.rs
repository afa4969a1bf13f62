//! What a client sends to a TLS listener: never a panic, never a wait for bytes that cannot come, nothing taken for
//! plain text.
#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use lb_core::config::{BindSsl, GlobalSsl};
use lb_core::tls;
use lb_core::transport::Socket;
use libfuzzer_sys::fuzz_target;
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/configs/tls/example.pem");
    let bind = BindSsl { crt: vec![certificate], ..BindSsl::default() };
    tls::server_config(&bind, &GlobalSsl::default()).expect("the example's certificate")
});

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    if data.len() > 32 * 1024 {
        return;
    }
    RUNTIME.block_on(async {
        let (mut client, server) = UnixStream::pair().expect("a pair of sockets");
        let (first, second) = data.split_at(data.len() * usize::from(*cut) / 256);
        let send = async {
            let _ = client.write_all(first).await;
            tokio::task::yield_now().await;
            let _ = client.write_all(second).await;
            let _ = client.shutdown().await;
        };
        let (_, accepted) = tokio::join!(send, tls::accept(&CONFIG, Socket::Unix(server)));
        // Without a key exchange that both sides know there is no connection.
        assert!(accepted.is_err());
    });
});
