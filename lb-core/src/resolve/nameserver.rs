//! Sockets of nameservers: one for datagrams, or one stream on which several questions may be open (RFC 7766). Each has a
//! task of its own on the control thread, which opens its socket when there is a question.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::time::timeout;

use super::section::Resolvers;

/// What came from the nameserver of a number.
pub(super) type Answer = (usize, Vec<u8>);

/// A stream that nobody needs is closed after this time.
const IDLE: Duration = Duration::from_secs(5);
/// As long may the other side take to accept a stream.
const CONNECT: Duration = Duration::from_secs(5);
/// Where more questions than this wait for a stream, the oldest are given up: they will be asked again.
const MOST_WAITING: usize = 1024;

/// Sends what comes through `questions`, and gives what comes back to `answers`; ends with either.
pub(super) async fn serve(
    resolvers: Arc<Resolvers>,
    number: usize,
    mut questions: UnboundedReceiver<Arc<[u8]>>,
    answers: Sender<Answer>,
) {
    let Some(line) = resolvers.config.nameservers.get(number) else { return };
    let link = Link { resolvers: &resolvers, number, address: line.address, answers };
    while let Some(first) = questions.recv().await {
        let served = match line.tcp {
            true => link.stream(first, &mut questions).await,
            false => link.datagrams(first, &mut questions).await,
        };
        // What was lost is asked again when its time is over.
        if let Ok(()) = served {
            return;
        }
    }
}

struct Link<'a> {
    resolvers: &'a Resolvers,
    number: usize,
    address: SocketAddr,
    answers: Sender<Answer>,
}

impl Link<'_> {
    fn count_sent(&self, sent: bool) {
        if let Some(nameserver) = self.resolvers.nameservers.get(self.number) {
            let counters = &nameserver.counters;
            let counter = if sent { &counters.sent } else { &counters.snd_error };
            counter.count();
        }
    }

    fn is_too_big(&self, length: usize) -> bool {
        let too_big = length > usize::from(self.resolvers.config.accepted_payload_size);
        if let Some(nameserver) = self.resolvers.nameservers.get(self.number).filter(|_| too_big) {
            nameserver.counters.too_big.count();
        }
        too_big
    }

    /// Datagrams to and from one address: the system drops those of others.
    ///
    /// # Errors
    /// The socket cannot be made.
    async fn datagrams(&self, first: Arc<[u8]>, questions: &mut UnboundedReceiver<Arc<[u8]>>) -> io::Result<()> {
        let local: SocketAddr = if self.address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = match UdpSocket::bind(local).await {
            Ok(socket) => socket,
            Err(error) => {
                self.count_sent(false);
                return Err(error);
            }
        };
        socket.connect(self.address).await.inspect_err(|_| self.count_sent(false))?;
        // One byte more, to see what is too large.
        let mut buffer = vec![0; usize::from(self.resolvers.config.accepted_payload_size) + 1];
        self.send(&socket, &first).await;
        loop {
            tokio::select! {
                question = questions.recv() => match question {
                    Some(question) => self.send(&socket, &question).await,
                    None => return Ok(()),
                },
                received = socket.recv(&mut buffer) => {
                    // Nobody listens there, which is told when the next question is sent: the time of that one tells.
                    let Ok(length) = received else { continue };
                    if length > 0 && !self.is_too_big(length) {
                        let Some(answer) = buffer.get(..length) else { continue };
                        if self.answers.send((self.number, answer.to_vec())).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    async fn send(&self, socket: &UdpSocket, question: &[u8]) {
        let mut sent = socket.send(question).await;
        // That nobody received an earlier question is told now.
        if sent.as_ref().is_err_and(is_refused) {
            sent = socket.send(question).await;
        }
        self.count_sent(sent.as_ref().map_or_else(is_refused, |_| true));
    }

    /// A stream, until it breaks or nobody needs it.
    ///
    /// # Errors
    /// It broke.
    async fn stream(&self, first: Arc<[u8]>, questions: &mut UnboundedReceiver<Arc<[u8]>>) -> io::Result<()> {
        self.count_sent(true);
        let stream = timeout(CONNECT, TcpStream::connect(self.address)).await;
        let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        stream.set_nodelay(true)?;
        let (mut read, mut write) = stream.into_split();
        let mut output = framed(&first);
        let mut input = Vec::new();
        let mut waiting = 0;
        loop {
            tokio::select! {
                question = questions.recv() => {
                    let Some(question) = question else { return Ok(()) };
                    self.count_sent(true);
                    if output.is_empty() {
                        waiting = 0;
                    }
                    waiting += 1;
                    if waiting > MOST_WAITING {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    output.extend_from_slice(&framed(&question));
                }
                written = write.write(&output), if !output.is_empty() => {
                    output.drain(..written?.min(output.len()));
                }
                length = read.read_buf(&mut input) => {
                    if length? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    while let Some(answer) = take_frame(&mut input) {
                        if !self.is_too_big(answer.len()) && self.answers.send((self.number, answer)).await.is_err() {
                            return Ok(());
                        }
                    }
                }
                () = tokio::time::sleep(IDLE) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }
}

/// Whether the other side said that nobody listens there.
fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

/// A message with its length in front (RFC 1035, section 4.2.2).
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or_default();
    [&length.to_be_bytes(), message].concat()
}

/// Takes a whole message, if there is one.
fn take_frame(input: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes(*input.first_chunk()?));
    let message = input.get(2..2 + length)?.to_vec();
    input.drain(..2 + length);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_on_a_stream() {
        let mut input = [framed(b"abc"), framed(b""), vec![0, 5, 1]].concat();
        assert_eq!(take_frame(&mut input).as_deref(), Some(&b"abc"[..]));
        assert_eq!(take_frame(&mut input).as_deref(), Some(&b""[..]));
        assert_eq!((take_frame(&mut input), input), (None, vec![0, 5, 1]));
    }
}
