#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::config::model::AddressFamily;

const V4: Kind = Kind::Address(AddressFamily::V4);

fn settings(retries: u32) -> ResolversConfig {
    let ms = Duration::from_millis;
    ResolversConfig {
        resolve_retries: retries,
        timeout_resolve: ms(300),
        timeout_retry: ms(200),
        hold: HoldTimes { obsolete: ms(400), ..HoldTimes::default() },
        ..ResolversConfig::new("r".into())
    }
}

fn started(kind: Kind, retries: u32) -> (Resolution, ResolversConfig, Instant) {
    let (settings, now) = (settings(retries), Instant::now());
    let mut resolution = Resolution::new(HostName::new("app.test").unwrap(), kind, now);
    resolution.begin(7, &settings, now);
    (resolution, settings, now)
}

fn kind(resolution: &Resolution) -> Option<Kind> {
    resolution.question().map(|(_, kind)| kind)
}

#[test]
fn a_name_that_is_refused_is_asked_for_in_both_families_each_time() {
    let (mut name, settings, now) = started(V4, 2);
    assert_eq!(name.refuse(Fault::NoSuchName, 1, &settings, now), Step::Other);
    assert_eq!(kind(&name), V4.other());
    assert_eq!(name.refuse(Fault::NoSuchName, 1, &settings, now), Step::Wait, "until the time of the attempt is over");
    let later = now + settings.timeout_retry;
    assert_eq!(name.due, later);
    assert_eq!(name.expire(&settings, later), Step::First);
    assert_eq!(kind(&name), Some(V4));
    assert_eq!(name.refuse(Fault::Refused, 1, &settings, later), Step::Other);
    assert_eq!(name.refuse(Fault::Failed, 1, &settings, later), Step::Failed(Status::Other));
    assert_eq!((kind(&name), name.due), (None, later + settings.timeout_resolve));
}

#[test]
fn silence_is_met_with_the_same_question() {
    let (mut name, settings, now) = started(V4, 2);
    assert_eq!(name.expire(&settings, now), Step::Again);
    assert_eq!(kind(&name), Some(V4));
    assert_eq!(name.expire(&settings, now), Step::Failed(Status::Timeout));
    // One attempt is made at least.
    let (mut name, settings, now) = started(V4, 0);
    assert_eq!(name.expire(&settings, now), Step::Failed(Status::Timeout));
}

#[test]
fn all_nameservers_are_waited_for() {
    let (mut name, settings, now) = started(V4, 2);
    assert_eq!(name.refuse(Fault::NoSuchName, 2, &settings, now), Step::Wait);
    assert_eq!(name.refuse(Fault::Refused, 2, &settings, now), Step::Other);
    // One says no, the other nothing.
    let (mut name, settings, now) = started(V4, 2);
    assert_eq!(name.refuse(Fault::NoSuchName, 2, &settings, now), Step::Wait);
    assert_eq!(name.expire(&settings, now), Step::Other);
    assert_eq!(name.expire(&settings, now), Step::Failed(Status::NoSuchName));
}

#[test]
fn services_have_no_other_family() {
    let (mut name, settings, now) = started(Kind::Service, 2);
    assert_eq!(name.refuse(Fault::Empty, 1, &settings, now), Step::Wait);
    assert_eq!(name.expire(&settings, now), Step::Again);
    assert_eq!(name.refuse(Fault::Empty, 1, &settings, now), Step::Failed(Status::Other));
}

#[test]
fn records_outlive_the_answers_that_lack_them() {
    let (mut name, settings, now) = started(V4, 2);
    let ip = |last: u8| IpAddr::from([127, 0, 0, last]);
    let records = |list: &[u8]| list.iter().map(|last| Record::Address(ip(*last))).collect::<Vec<_>>();
    // The order is HAProxy's, whatever the answer's.
    name.accept(records(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), &settings, now);
    assert_eq!(name.addresses(), [6, 2, 7, 1, 3, 5, 4, 8, 10, 9].map(ip));
    assert_eq!(name.due, now + settings.timeout_resolve);
    let ms = |n| now + Duration::from_millis(n);
    name.accept(records(&[2, 6]), &settings, ms(399));
    assert_eq!(name.addresses().len(), 10);
    name.accept(records(&[2]), &settings, ms(400));
    assert_eq!(name.addresses(), [6, 2].map(ip));
    assert!(name.is_fresh(Duration::from_millis(10), ms(409)) && !name.is_fresh(Duration::from_millis(10), ms(410)));
}

#[test]
fn a_service_keeps_its_place_when_its_weight_changes() {
    let (mut name, settings, now) = started(Kind::Service, 2);
    let service = |target: &str, port, weight| {
        let target = HostName::new(target).unwrap();
        Record::Service(super::super::message::Service { target, port, weight, address: None })
    };
    name.accept(vec![service("a", 1, 1), service("b", 1, 1)], &settings, now);
    name.accept(vec![service("c", 1, 1), service("b", 1, 9), service("a", 1, 2), service("a", 2, 3)], &settings, now);
    let found: Vec<Record> = name.records().cloned().collect();
    assert_eq!(found, [service("a", 1, 2), service("b", 1, 9), service("c", 1, 1), service("a", 2, 3)]);
}
