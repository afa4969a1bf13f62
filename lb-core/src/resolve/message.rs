//! Questions and answers on the wire (RFC 1035, RFC 2782 for services, RFC 6891 for the size of answers). Bytes in, records
//! or a fault out; nothing here waits or knows the time.

use std::net::IpAddr;

use domain::base::iana::{Opcode, Rcode, Rtype};
use domain::base::name::Name;
use domain::base::{Message, MessageBuilder, ParsedName, ParsedRecord};
use domain::dep::octseq::Octets;
use domain::rdata::{A, Aaaa, Cname, Srv};

use super::name::HostName;
use crate::config::model::AddressFamily;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Addresses of this family.
    Address(AddressFamily),
    /// The servers of a service.
    Service,
}

impl Kind {
    fn rtype(self) -> Rtype {
        match self {
            Self::Address(AddressFamily::V4) => Rtype::A,
            Self::Address(AddressFamily::V6) => Rtype::AAAA,
            Self::Service => Rtype::SRV,
        }
    }

    /// The other family, which is asked for where the first is of no use.
    pub(super) fn other(self) -> Option<Self> {
        match self {
            Self::Address(AddressFamily::V4) => Some(Self::Address(AddressFamily::V6)),
            Self::Address(AddressFamily::V6) => Some(Self::Address(AddressFamily::V4)),
            Self::Service => None,
        }
    }
}

/// Why an answer is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such name (`nx`).
    NoSuchName,
    /// The nameserver refuses to answer (`refused`).
    Refused,
    /// It has another error (`other`).
    Failed,
    /// It has no record (`any_err`).
    Empty,
    /// Not all records found room in it (`truncated`).
    Truncated,
    /// Its aliases lead nowhere (`cname_error`).
    Alias,
    /// It is no answer to the question, or broken (`invalid`).
    Invalid,
}

/// What an answer tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An address of the name.
    Address(IpAddr),
    /// A server of the service.
    Service(Service),
}

/// A server of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub target: HostName,
    /// Its port.
    pub port: u16,
    /// Its weight as the record has it.
    pub weight: u16,
    /// Its address, where the answer has that as well.
    pub address: Option<IpAddr>,
}

/// The bytes of a question, which says how large its answer may be.
pub fn question(id: u16, name: &HostName, kind: Kind, payload: u16) -> Option<Vec<u8>> {
    let name = Name::from_octets(name.to_wire()).ok()?;
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_id(id);
    message.header_mut().set_rd(true);
    let mut message = message.question();
    message.push((&name, kind.rtype())).ok()?;
    let mut message = message.additional();
    message
        .opt(|opt| {
            opt.set_udp_payload_size(payload);
            Ok(())
        })
        .ok()?;
    Some(message.finish())
}

/// The number of the question that an answer is about.
pub fn id_of(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|id| u16::from_be_bytes(*id))
}

/// Reads the answer to a question.
///
/// # Errors
/// Why it is of no use.
pub fn read(bytes: &[u8], name: &HostName, kind: Kind) -> Result<Vec<Record>, Fault> {
    let message = Message::from_octets(bytes).map_err(|_| Fault::Invalid)?;
    let header = message.header();
    if !header.qr() || header.opcode() != Opcode::QUERY {
        return Err(Fault::Invalid);
    }
    match header.rcode() {
        Rcode::NOERROR => {}
        Rcode::NXDOMAIN => return Err(Fault::NoSuchName),
        Rcode::REFUSED => return Err(Fault::Refused),
        _ => return Err(Fault::Failed),
    }
    let counts = message.header_counts();
    if counts.qdcount() != 1 || !asks(&message, name, kind) {
        return Err(Fault::Invalid);
    }
    if counts.ancount() == 0 {
        return Err(Fault::Empty);
    }
    if header.tc() {
        return Err(Fault::Truncated);
    }
    let mut records = answers(&message, name)?;
    if kind == Kind::Service {
        add_addresses(&message, &mut records)?;
    }
    Ok(records)
}

type Bytes<'m> = &'m [u8];

/// Whether the answer repeats the question that was asked.
fn asks(message: &Message<Bytes<'_>>, name: &HostName, kind: Kind) -> bool {
    let Some(Ok(question)) = message.question().next() else { return false };
    question.qtype() == kind.rtype() && is(question.qname(), name)
}

fn is<O: Octets>(parsed: &ParsedName<O>, name: &HostName) -> bool {
    host(parsed).is_some_and(|host| host == *name)
}

fn host<O: Octets>(parsed: &ParsedName<O>) -> Option<HostName> {
    HostName::of_labels(parsed.iter().map(|label| label.as_slice()))
}

/// The records of the name, or of what it is an alias of: each alias stands in front of what it leads to.
fn answers(message: &Message<Bytes<'_>>, name: &HostName) -> Result<Vec<Record>, Fault> {
    let (mut name, mut aliased, mut reached) = (name.clone(), false, true);
    let mut records = Vec::new();
    for record in message.answer().map_err(|_| Fault::Invalid)? {
        let record = record.map_err(|_| Fault::Invalid)?;
        if !is(&record.owner(), &name) {
            return Err(if aliased { Fault::Alias } else { Fault::Invalid });
        }
        if let Some(alias) = data::<Cname<ParsedName<Bytes<'_>>>>(&record)? {
            name = host(alias.cname()).ok_or(Fault::Invalid)?;
            (aliased, reached) = (true, false);
            continue;
        }
        reached = true;
        if let Some(address) = address(&record)? {
            records.push(Record::Address(address));
        } else if let Some(service) = data::<Srv<ParsedName<Bytes<'_>>>>(&record)? {
            // A target that is no name, such as the root, is no server (RFC 2782).
            records.extend(host(service.target()).map(|target| {
                let (port, weight) = (service.port(), service.weight());
                Record::Service(Service { target, port, weight, address: None })
            }));
        }
    }
    if reached { Ok(records) } else { Err(Fault::Alias) }
}

/// Addresses of servers of a service that came with the answer.
fn add_addresses(message: &Message<Bytes<'_>>, records: &mut [Record]) -> Result<(), Fault> {
    for record in message.additional().map_err(|_| Fault::Invalid)? {
        let record = record.map_err(|_| Fault::Invalid)?;
        let Some(address) = address(&record)? else { continue };
        let Some(owner) = host(&record.owner()) else { continue };
        for service in records.iter_mut() {
            if let Record::Service(service) = service
                && service.target == owner
            {
                service.address.get_or_insert(address);
            }
        }
    }
    Ok(())
}

fn address(record: &ParsedRecord<'_, Bytes<'_>>) -> Result<Option<IpAddr>, Fault> {
    if let Some(v4) = data::<A>(record)? {
        return Ok(Some(v4.addr().into()));
    }
    Ok(data::<Aaaa>(record)?.map(|v6| v6.addr().into()))
}

/// The data of a record, if it is of this type.
fn data<'m, D>(record: &ParsedRecord<'m, Bytes<'m>>) -> Result<Option<D>, Fault>
where
    D: domain::base::rdata::ParseRecordData<'m, Bytes<'m>>,
{
    Ok(record.to_record::<D>().map_err(|_| Fault::Invalid)?.map(|record| record.into_data()))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
