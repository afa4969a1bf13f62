//! The part of the control thread that resolves names: sockets, the clock and the engine, together.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::task::JoinSet;

use super::engine::{Engine, Output};
use super::nameserver::{self, Answer};
use super::section::{Ask, Resolvers};
use super::servers::Members;
use crate::worker::Shared;

/// Answers that wait to be read; nameservers are not listened to meanwhile.
const MOST_ANSWERS: usize = 64;

/// Resolves the names of all sections, until dropped. Cancel safe: dropping the future closes the sockets.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut sections = JoinSet::new();
    for (number, resolvers) in shared.topology.resolvers.iter().enumerate() {
        let Some(asked) = resolvers.take_asked() else { continue };
        sections.spawn(Section::new(&shared, number, resolvers).run(asked));
    }
    while sections.join_next().await.is_some() {}
    std::future::pending().await
}

/// A section at work.
struct Section {
    shared: Arc<Shared>,
    resolvers: Arc<Resolvers>,
    engine: Engine,
    members: Members,
    /// Questions to each nameserver.
    links: Vec<UnboundedSender<Arc<[u8]>>>,
    answers: Receiver<Answer>,
    tasks: JoinSet<()>,
}

impl Section {
    fn new(shared: &Arc<Shared>, number: usize, resolvers: &Arc<Resolvers>) -> Self {
        let mut engine = Engine::new(&resolvers.config, random);
        let members = Members::new(&shared.topology, number, &mut engine, Instant::now());
        let (answered, answers) = channel(MOST_ANSWERS);
        let mut tasks = JoinSet::new();
        let mut links = Vec::new();
        for number in 0..resolvers.nameservers.len() {
            let (link, questions) = unbounded_channel();
            links.push(link);
            tasks.spawn(nameserver::serve(Arc::clone(resolvers), number, questions, answered.clone()));
        }
        let (shared, resolvers) = (Arc::clone(shared), Arc::clone(resolvers));
        Self { shared, resolvers, engine, members, links, answers, tasks }
    }

    async fn run(mut self, mut asked: UnboundedReceiver<Ask>) {
        loop {
            let due = self.engine.next();
            let timer = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            let mut out = Vec::new();
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => return,
                },
                Some((number, bytes)) = self.answers.recv() => self.receive(number, &bytes, &mut out),
                () = timer => {}
                Some(_) = self.tasks.join_next() => {}
            }
            self.engine.advance(Instant::now(), &mut out);
            self.act(out);
        }
    }

    fn take(&mut self, ask: Ask) {
        let now = Instant::now();
        match ask {
            // Who does not wait any more is not asked for.
            Ask::Address { answer, .. } if answer.is_closed() => {}
            Ask::Address { name, family, answer } => self.engine.ask(name, family, answer, now),
            Ask::Hurry { name, family } => self.engine.hurry(name, family, now),
            Ask::Renamed { backend, server } => {
                if let Some(entry) = self.shared.topology.backends.get(backend) {
                    self.members.renamed(entry, &server, &mut self.engine, now);
                }
            }
        }
    }

    fn receive(&mut self, number: usize, bytes: &[u8], out: &mut Vec<Output>) {
        if let Some(nameserver) = self.resolvers.nameservers.get(number) {
            self.engine.receive(number, bytes, &nameserver.counters, Instant::now(), out);
        }
    }

    fn act(&mut self, out: Vec<Output>) {
        let now = Instant::now();
        for output in out {
            let (resolution, news) = match output {
                Output::Ask(question) => {
                    let question: Arc<[u8]> = question.into();
                    // A link ends only with us.
                    self.links.iter().for_each(|link| drop(link.send(Arc::clone(&question))));
                    continue;
                }
                Output::Answered { resolution, nameserver } => (resolution, Ok(nameserver)),
                Output::Lost { resolution, status } => (resolution, Err(status)),
            };
            let Self { shared, resolvers, engine, members, .. } = self;
            let mut changed = false;
            shared.reports.change(&shared.topology, &mut || {
                let events = match news {
                    Ok(nameserver) => members.answered(resolution, nameserver, resolvers, engine, now),
                    Err(status) => members.lost(resolution, status, engine, now),
                };
                changed = !events.is_empty();
                events
            });
            if changed {
                shared.drop_renounced();
            }
        }
    }
}

/// A number that nobody can foresee: who guesses it can answer in place of a nameserver.
fn random() -> u16 {
    let mut bytes = [0; 2];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return crate::balance::random() as u16;
    }
    u16::from_ne_bytes(bytes)
}
