//! Windows of what we receive (RFC 9113, section 5.2), with updates gathered until they are worth a frame.

/// How much the peer may still send, on a stream or on the whole connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecvWindow {
    size: u32,
    available: u32,
    /// Consumed, and the peer was not told so yet.
    released: u32,
}

impl RecvWindow {
    /// A window of which the peer knows.
    pub(crate) fn new(size: u32) -> Self {
        Self { size, available: size, released: 0 }
    }

    /// Makes the window larger; yields the increment to announce.
    pub(crate) fn grow(&mut self, size: u32) -> Option<u32> {
        let more = size.checked_sub(self.size).filter(|more| *more > 0)?;
        self.size = size;
        self.available += more;
        Some(more)
    }

    /// Takes a frame in. False where the peer sent more than it may.
    pub(crate) fn receive(&mut self, bytes: u32) -> bool {
        match self.available.checked_sub(bytes) {
            Some(available) => {
                self.available = available;
                true
            }
            None => false,
        }
    }

    /// Notes that bytes were consumed; yields an increment once it is worth announcing: half of the window, or as much
    /// as the peer has left.
    pub(crate) fn release(&mut self, bytes: u32) -> Option<u32> {
        self.released += bytes;
        if self.released == 0 || (self.released < self.size / 2 && self.released < self.available) {
            return None;
        }
        self.available += self.released;
        Some(std::mem::take(&mut self.released))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_gathered_but_never_withheld() {
        let mut window = RecvWindow::new(100);
        assert!(window.receive(40));
        assert_eq!(window.release(30), None);
        assert_eq!(window.release(10), None);
        assert!(window.receive(20));
        assert_eq!(window.release(0), Some(40));
        assert!(window.receive(80));
        assert!(!window.receive(1));
        assert_eq!(window.release(1), Some(1));
        assert!(window.receive(1));
        assert_eq!(window.grow(150), Some(50));
        assert_eq!(window.grow(150), None);
        assert!(window.receive(50));
    }
}
