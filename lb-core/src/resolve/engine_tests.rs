#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use super::*;
use crate::config::model::{HoldTimes, NameserverConfig};

const MS: Duration = Duration::from_millis(1);

/// An engine of one nameserver, and what it did.
struct Bench {
    engine: Engine,
    counters: NameserverCounters,
    now: Instant,
    out: Vec<Output>,
}

fn next_id() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Bench {
    fn new(retries: u32) -> Self {
        let hold = HoldTimes { nx: 500 * MS, valid: 1000 * MS, timeout: Duration::ZERO, ..HoldTimes::default() };
        let nameserver = NameserverConfig {
            name: "ns1".into(),
            place: Default::default(),
            address: ([127, 0, 0, 1], 53).into(),
            tcp: false,
        };
        let settings = ResolversConfig {
            nameservers: vec![nameserver],
            resolve_retries: retries,
            timeout_resolve: 300 * MS,
            timeout_retry: 200 * MS,
            hold,
            ..ResolversConfig::new("res".into())
        };
        let engine = Engine::new(&settings, next_id);
        Self { engine, counters: NameserverCounters::default(), now: Instant::now(), out: Vec::new() }
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.engine.advance(self.now, &mut self.out);
        self
    }

    fn hold(&mut self, name: &str) -> usize {
        self.engine.hold(HostName::new(name).unwrap(), Kind::Address(AddressFamily::V4), self.now)
    }

    fn ask(&mut self, name: &str) -> oneshot::Receiver<Option<IpAddr>> {
        let (sender, receiver) = oneshot::channel();
        self.engine.ask(HostName::new(name).unwrap(), AddressFamily::V4, sender, self.now);
        self.engine.advance(self.now, &mut self.out);
        receiver
    }

    /// The questions asked since the last time.
    fn questions(&mut self) -> Vec<Vec<u8>> {
        let mut questions = Vec::new();
        self.out.retain(|output| match output {
            Output::Ask(question) => {
                questions.push(question.clone());
                false
            }
            _ => true,
        });
        questions
    }

    /// The nameserver answers a question with an address, or with an error.
    fn answer(&mut self, question: &[u8], result: Result<u8, u8>) {
        let mut bytes = question.to_vec();
        let rcode = result.err().unwrap_or_default();
        (bytes[2], bytes[3], bytes[11]) = (0x81, 0x80 | rcode, 0);
        bytes.truncate(bytes.len() - 11);
        if let Ok(last) = result {
            bytes[7] = 1;
            bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, last]);
        }
        self.engine.receive(0, &bytes, &self.counters, self.now, &mut self.out);
    }

    fn news(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.out)
    }
}

#[test]
fn names_of_servers_are_asked_for_again_and_again() {
    let mut bench = Bench::new(1);
    let index = bench.hold("a.t");
    let question = bench.wait(Duration::ZERO).questions().pop().unwrap();
    bench.answer(&question, Ok(2));
    assert_eq!(bench.news(), [Output::Answered { resolution: index, nameserver: 0 }]);
    assert_eq!(bench.engine.resolution(index).unwrap().addresses(), [IpAddr::from([127, 0, 0, 2])]);
    assert!(bench.wait(299 * MS).questions().is_empty());
    assert_eq!(bench.wait(1 * MS).questions().len(), 1);
    bench.answer(&question, Ok(3));
    assert_eq!((bench.news(), bench.counters.outdated.get()), (vec![], 1), "an answer to the first question");
    bench.engine.release(index);
    assert!(bench.engine.next().is_none(), "nobody has the name any more");
}

#[test]
fn the_last_good_answer_counts_for_a_while() {
    let mut bench = Bench::new(1);
    let index = bench.hold("a.t");
    let question = bench.wait(Duration::ZERO).questions().pop().unwrap();
    bench.answer(&question, Ok(2));
    bench.news();
    let fail = |bench: &mut Bench| {
        for _ in 0..2 {
            let question = bench.questions().pop().unwrap();
            bench.answer(&question, Err(3));
        }
        bench.news()
    };
    bench.wait(300 * MS);
    assert_eq!(fail(&mut bench), [], "500 ms are not over");
    bench.wait(300 * MS);
    let lost = Output::Lost { resolution: index, status: Status::NoSuchName };
    assert_eq!(fail(&mut bench), [lost]);
    assert_eq!((bench.counters.nx.get(), bench.counters.valid.get()), (4, 1));
}

#[test]
fn streams_share_a_question_and_its_answer() {
    let mut bench = Bench::new(1);
    let (mut one, mut two) = (bench.ask("a.t"), bench.ask("a.t"));
    let questions = bench.questions();
    assert_eq!(questions.len(), 1);
    bench.answer(&questions[0], Ok(2));
    let ip = IpAddr::from([127, 0, 0, 2]);
    assert_eq!((one.try_recv(), two.try_recv(), bench.news()), (Ok(Some(ip)), Ok(Some(ip)), vec![]));
    bench.wait(999 * MS);
    assert_eq!((bench.ask("a.t").try_recv(), bench.questions()), (Ok(Some(ip)), vec![]), "hold valid");
    bench.wait(1 * MS);
    assert!(bench.ask("a.t").try_recv().is_err());
    assert_eq!(bench.questions().len(), 1);
}

#[test]
fn streams_are_told_of_failures() {
    let mut bench = Bench::new(2);
    let mut answer = bench.ask("a.t");
    bench.wait(200 * MS);
    assert!(answer.try_recv().is_err());
    bench.wait(200 * MS);
    assert_eq!(answer.try_recv(), Ok(None), "nobody answered");
    assert!(bench.engine.next().is_none(), "and nothing is remembered of it");
    assert_eq!(bench.questions().len(), 2);
}

#[test]
fn who_left_is_not_asked_for() {
    let mut bench = Bench::new(1);
    drop(bench.ask("a.t"));
    let question = bench.questions().pop().unwrap();
    bench.answer(&question, Ok(2));
    bench.wait(1000 * MS);
    assert!(bench.engine.next().is_none() && bench.questions().is_empty());
}

#[test]
fn what_clients_ask_for_is_bounded() {
    let mut bench = Bench::new(1);
    for number in 0..MOST_REMEMBERED + 10 {
        let _answer = bench.ask(&format!("n{number}.t"));
        let question = bench.questions().pop().unwrap();
        bench.answer(&question, Ok(2));
    }
    assert!(bench.engine.names.len() <= MOST_REMEMBERED);
    assert_eq!(bench.engine.names.len(), bench.engine.timers.len());
    assert!(bench.engine.by_id.is_empty());
}

#[test]
fn answers_that_are_none() {
    let mut bench = Bench::new(1);
    bench.hold("a.t");
    bench.wait(Duration::ZERO);
    for bytes in [&b""[..], b"\xff\xff", &[0xff; 40]] {
        let (now, Bench { engine, counters, out, .. }) = (bench.now, &mut bench);
        engine.receive(0, bytes, counters, now, out);
    }
    assert_eq!((bench.counters.invalid.get(), bench.counters.outdated.get()), (1, 2));
}

#[test]
fn a_name_is_asked_for_earlier_where_its_server_may_have_moved() {
    let mut bench = Bench::new(1);
    bench.hold("a.t");
    let question = bench.wait(Duration::ZERO).questions().pop().unwrap();
    let name = HostName::new("a.t").unwrap();
    bench.engine.hurry(name.clone(), AddressFamily::V4, bench.now);
    assert!(bench.wait(MS).questions().is_empty(), "it is asked for");
    bench.answer(&question, Ok(2));
    bench.engine.hurry(name, AddressFamily::V4, bench.now);
    assert_eq!(bench.wait(MS).questions().len(), 1);
    bench.engine.hurry(HostName::new("unknown.t").unwrap(), AddressFamily::V4, bench.now);
    assert!(bench.wait(MS).questions().is_empty());
}
