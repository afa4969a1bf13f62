//! Delivers mails: the sockets around a [`Dialogue`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::alerts::Delivery;
use super::dialogue::{Dialogue, Next, Refused, Step};
use super::message::Mail;

/// Why a mail was not delivered.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it answered {0}")]
    Refused(#[from] Refused),
    #[error("{}", text_of(.0))]
    Socket(#[from] io::Error),
    #[error("it closed the connection before its reply to {0}")]
    Closed(&'static str),
    #[error("it took longer than {0} ms")]
    Late(u128),
}

/// Mails that are being delivered, and whether more may be begun.
#[derive(Debug, Default)]
pub(crate) struct Underway {
    closing: AtomicBool,
    mails: AtomicUsize,
    ended: Notify,
}

/// A mail that is being delivered, until it is dropped.
struct Posting<'u>(&'u Underway);

impl Underway {
    /// Ready once the mails that have been begun are delivered or have failed; no other is begun from now on. Cancel
    /// safe.
    pub(crate) async fn finished(&self) {
        self.closing.store(true, Ordering::Relaxed);
        while self.mails.load(Ordering::Relaxed) > 0 {
            self.ended.notified().await;
        }
    }

    fn begin(&self) -> Option<Posting<'_>> {
        if self.closing.load(Ordering::Relaxed) {
            return None;
        }
        self.mails.fetch_add(1, Ordering::Relaxed);
        Some(Posting(self))
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.mails.fetch_sub(1, Ordering::Relaxed);
        self.0.ended.notify_one();
    }
}

/// Delivers what comes to the queues until it is dropped. `warn` is told, with the name of the proxy, of each mail that was
/// not delivered.
pub(crate) async fn deliver(
    deliveries: Vec<Delivery>,
    underway: Arc<Underway>,
    warn: impl Fn(&str, &str) + Send + Sync + 'static,
) {
    let warn = Arc::new(warn);
    let mut queues = JoinSet::new();
    for delivery in deliveries {
        queues.spawn(drain(delivery, Arc::clone(&underway), Arc::clone(&warn)));
    }
    while queues.join_next().await.is_some() {}
    // Nothing to deliver, now or later.
    std::future::pending().await
}

/// One mail after the other, each tried once.
async fn drain(mut delivery: Delivery, underway: Arc<Underway>, warn: Arc<impl Fn(&str, &str)>) {
    while let Some(mail) = delivery.mails.recv().await {
        let Some(_posting) = underway.begin() else { return };
        let (proxy, mailer) = (Arc::clone(&delivery.proxy), Arc::clone(&delivery.mailer));
        let lost = delivery.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            warn(&proxy, &format!("Email alert [{proxy}]: {lost} were lost because mailer {mailer} is too slow."));
        }
        let result = match timeout(delivery.timeout, send(&delivery, &mail)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Late(delivery.timeout.as_millis())),
        };
        if let Err(failure) = result {
            warn(&proxy, &format!("Email alert [{proxy}] not delivered to mailer {mailer}: {failure}."));
        }
    }
}

async fn send(delivery: &Delivery, mail: &Mail) -> Result<(), Failure> {
    let mut stream = connect(delivery.address).await?;
    let mut dialogue = Dialogue::new(&delivery.letterhead, mail);
    let mut space = [0; 1024];
    loop {
        let length = match stream.read(&mut space).await {
            // It has taken the mail: how it says goodbye is all the same.
            Ok(0) | Err(_) if dialogue.step() == Step::Quit => return Ok(()),
            Ok(0) => return Err(Failure::Closed(dialogue.step().name())),
            result => result?,
        };
        match dialogue.receive(space.get(..length).unwrap_or_default())? {
            Next::Send(text) => match stream.write_all(text.as_bytes()).await {
                Err(_) if dialogue.step() == Step::Quit => return Ok(()),
                result => result?,
            },
            Next::Wait => {}
            Next::Done => return Ok(()),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // It only saves time.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The system's text for an error, without the number Rust adds.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}
