//! Connections of sections in TCP mode, which may go on with HTTP (`stream/upgrade`).

use std::rc::Rc;

use super::{ClientInfo, H1Session, h2};
use crate::config::Proto;
use crate::http::h1::io::H1Conn;
use crate::stream;
use crate::stream::upgrade::Upgraded;
use crate::transport::Transport;
use crate::worker::Worker;

/// Serves a connection to its end.
pub(super) async fn serve(worker: Rc<Worker>, transport: Transport, info: ClientInfo) {
    let upgraded = Box::pin(stream::tcp::run(Rc::clone(&worker), H1Conn::new(transport), info)).await;
    let Some(Upgraded { mut client, info, carried }) = upgraded else { return };
    if carried.proto() == Some(Proto::H2) {
        drop(carried);
        let preread = client.take_raw();
        client.release(&worker.buffers);
        Box::pin(h2::run(worker, client.transport, preread, info)).await;
    } else {
        H1Session::of(worker, client, info, Some(Box::new(carried))).await;
    }
}
