//! Listening sockets that the process was given.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;

use socket2::{SockAddr, SockRef};

use crate::config::model::Address;

/// Sockets that the process was given: by number for `fd@n`, and by address from a previous process.
#[derive(Debug, Default)]
pub struct Inherited {
    by_number: BTreeMap<i32, OwnedFd>,
    sockets: Vec<OwnedFd>,
}

impl Inherited {
    /// Other handles of the same sockets.
    ///
    /// # Errors
    /// When the process has no free descriptor.
    pub fn try_clone(&self) -> io::Result<Self> {
        let by_number = self.by_number.iter().map(|(number, fd)| Ok((*number, fd.try_clone()?)));
        let sockets = self.sockets.iter().map(OwnedFd::try_clone);
        Ok(Self { by_number: by_number.collect::<io::Result<_>>()?, sockets: sockets.collect::<io::Result<_>>()? })
    }

    /// Gives the socket that `fd@number` names.
    pub fn insert(&mut self, number: i32, fd: OwnedFd) {
        self.by_number.insert(number, fd);
    }

    /// Gives a listening socket of a previous process; the first listener with its address takes it.
    pub fn offer(&mut self, fd: OwnedFd) {
        self.sockets.push(fd);
    }

    pub(crate) fn by_number(&self, number: i32) -> io::Result<OwnedFd> {
        match self.by_number.get(&number) {
            Some(fd) => fd.try_clone(),
            None => Err(rustix::io::Errno::BADF.into()),
        }
    }

    pub(super) fn take(&mut self, address: &Address) -> Option<OwnedFd> {
        let index = self.sockets.iter().position(|fd| {
            let local = SockRef::from(fd).local_addr();
            local.is_ok_and(|local| same_address(&local, address))
        })?;
        Some(self.sockets.swap_remove(index))
    }
}

fn same_address(local: &SockAddr, address: &Address) -> bool {
    match address {
        Address::Inet(wanted) => wanted.port() != 0 && local.as_socket() == Some(*wanted),
        Address::Unix(path) => local.as_pathname() == Some(path),
        Address::Abstract(name) => local.as_abstract_namespace().map(trim) == Some(trim(name)),
        Address::Fd(_) => false,
    }
}

/// An abstract name without the zeroes that fill it up.
pub(super) fn trim(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    name.get(..end).unwrap_or_default()
}
