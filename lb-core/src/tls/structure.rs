//! Reading the structures of TLS (RFC 8446, section 3): numbers, and lists behind their lengths.

/// Content type of a record with messages of a handshake.
pub(crate) const HANDSHAKE: u8 = 22;
/// Type of such a message: a ClientHello.
pub(crate) const CLIENT_HELLO: u8 = 1;
/// Number of an extension: ALPN.
pub(crate) const ALPN: u16 = 16;

/// What is left to read. Each step yields nothing where there is not as much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of two bytes.
    pub(crate) fn number16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// What stands behind a length of one byte.
    pub(crate) fn list8(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }

    /// What stands behind a length of two bytes.
    pub(crate) fn list16(&mut self) -> Option<&'a [u8]> {
        let length = self.number16()?;
        self.take(usize::from(length))
    }
}
