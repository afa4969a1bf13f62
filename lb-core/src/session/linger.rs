//! The end of a client connection that may still send.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncWrite;

use super::H1Client;
use crate::worker::Worker;
use crate::worker::timer::now;

/// Most that is read and thrown away before a connection is closed.
const LINGER_BYTES: u64 = 1 << 20;

/// Closes the sending side and, where the client still sends, reads for a moment: closing a socket with unread
/// input makes the kernel reset it, and the reset would destroy a response still on its way.
pub(super) async fn linger(worker: &Rc<Worker>, client: &mut H1Client) {
    let conn = &mut client.conn;
    let quiet = conn.body_received() && conn.raw().is_empty();
    // Under `option nolinger` closing alone would reset the connection before its end was told.
    let said_by_closing = quiet && !conn.transport.is_tls() && !client.info.frontend.config.options.nolinger;
    if client.info.dropped.get() || conn.eof || said_by_closing {
        return;
    }
    let deadline = now() + Duration::from_secs(1);
    let limit = conn.traffic.received + LINGER_BYTES;
    let timer = &mut client.timer;
    // Under TLS this writes, and waits for a client that does not read.
    let shutdown = poll_fn(|cx| match std::pin::Pin::new(&mut conn.transport).poll_shutdown(cx) {
        Poll::Ready(result) => Poll::Ready(result.is_ok()),
        Poll::Pending => timer.poll(cx, Some(deadline)).map(|()| false),
    });
    if !shutdown.await || quiet {
        return;
    }
    poll_fn(|cx| {
        loop {
            conn.discard();
            match conn.poll_read_more(cx, &worker.buffers) {
                Poll::Ready(Ok(n)) if n > 0 && conn.traffic.received < limit => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return timer.poll(cx, Some(deadline)),
            }
        }
    })
    .await;
}
