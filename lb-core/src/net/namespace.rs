//! Network namespaces: `namespace` of `bind` and `server` (configuration.txt, sections 5.1 and 5.2).
//!
//! A thread is in one namespace at a time, and a socket stays in the one it was made in, whoever uses it. Workers never
//! leave that of the process: each namespace has a thread that does nothing but make sockets in it.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, Socket, Type};

/// Where `ip netns` keeps the namespaces that have names.
const DIRECTORY: &str = "/var/run/netns";

/// A network namespace. Its thread starts with the first socket, or [`Namespace::enter`], and ends with the value.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    file: File,
    maker: OnceLock<Maker>,
}

impl Namespace {
    /// The namespace of that name, as `ip netns add` makes them. Nothing is entered yet.
    ///
    /// # Errors
    /// When there is none, or it may not be seen.
    pub fn open(name: &str) -> io::Result<Self> {
        let file = File::open(format!("{DIRECTORY}/{name}"))?;
        Ok(Self { name: name.to_owned(), file, maker: OnceLock::new() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts its thread, so that what is in the way of that shows early. It takes CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// When the process may not enter it, it is no network namespace, or no thread can be started.
    pub fn enter(&self) -> io::Result<()> {
        self.maker().map(drop)
    }

    /// A stream socket in it, which does not block and is not inherited. Waits for the namespace's thread.
    ///
    /// # Errors
    /// As [`Namespace::enter`]; when there is no descriptor left.
    pub(super) fn socket(&self, domain: Domain) -> io::Result<Socket> {
        let (reply, made) = sync_channel(1);
        self.maker()?.requests.send(Request { domain, reply }).map_err(|_| gone())?;
        made.recv().map_err(|_| gone())?
    }

    fn maker(&self) -> io::Result<&Maker> {
        if let Some(maker) = self.maker.get() {
            return Ok(maker);
        }
        // Of two that come here at the same time one wins; the other's thread ends at once.
        let maker = Maker::start(self.file.try_clone()?)?;
        Ok(self.maker.get_or_init(|| maker))
    }
}

/// A stream socket that does not block and is not inherited, in this namespace or in that of the process.
pub(crate) fn stream_socket(domain: Domain, namespace: Option<&Namespace>) -> io::Result<Socket> {
    match namespace {
        Some(namespace) => namespace.socket(domain),
        None => make(domain),
    }
}

fn make(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking().cloexec(), None)
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the thread of the namespace has ended")
}

#[derive(Debug)]
struct Request {
    domain: Domain,
    reply: SyncSender<io::Result<Socket>>,
}

/// The thread in a namespace; dropping this ends it.
#[derive(Debug)]
struct Maker {
    /// Replaced to let the thread know that nobody asks any more.
    requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
}

impl Maker {
    fn start(file: File) -> io::Result<Self> {
        let (requests, asked) = channel();
        let (entered, whether) = sync_channel(1);
        let thread =
            std::thread::Builder::new().name("lb-netns".to_owned()).spawn(move || serve(&file, &entered, &asked))?;
        let maker = Self { requests, thread: Some(thread) };
        whether.recv().map_err(|_| gone())??;
        Ok(maker)
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.requests = channel().0;
        if let Some(thread) = self.thread.take() {
            // One that panicked has ended too.
            let _ = thread.join();
        }
    }
}

fn serve(file: &File, entered: &SyncSender<io::Result<()>>, asked: &Receiver<Request>) {
    let result = move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network));
    let failed = result.is_err();
    // Who started the thread waits for this.
    let _ = entered.send(result.map_err(io::Error::from));
    if failed {
        return;
    }
    for request in asked {
        let _ = request.reply.send(make(request.domain));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_without_a_namespace() {
        assert_eq!(Namespace::open("no-such-namespace").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_namespace_is_not_entered() {
        let namespace = Namespace { name: "x".into(), file: File::open("/dev/null").unwrap(), maker: OnceLock::new() };
        assert!(namespace.enter().is_err());
        assert!(namespace.socket(Domain::IPV4).is_err());
    }
}
