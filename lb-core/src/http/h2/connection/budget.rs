//! How much useless work a peer may cause: frames that carry nothing, streams it gives up.

use crate::instant::Instant;

/// A bucket that fills with time and with useful work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    left: u32,
    full: u32,
    /// What comes back each second.
    per_second: u32,
    filled: Instant,
}

impl Budget {
    /// A full bucket.
    pub(crate) fn new(full: u32, per_second: u32, now: Instant) -> Self {
        Self { left: full, full, per_second, filled: now }
    }

    /// Takes one; false where nothing is left.
    pub(crate) fn spend(&mut self, now: Instant) -> bool {
        if self.left == 0 {
            let seconds = now.saturating_duration_since(self.filled).as_secs();
            self.left = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(self.per_second).min(self.full);
            self.filled = now;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Gives one back.
    pub(crate) fn earn(&mut self) {
        self.left = (self.left + 1).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_and_work_fill_it() {
        let start = Instant::now();
        let mut budget = Budget::new(3, 2, start);
        let spent = |budget: &mut Budget, now| (0..10).take_while(|_| budget.spend(now)).count();
        assert_eq!(spent(&mut budget, start), 3);
        budget.earn();
        assert_eq!(spent(&mut budget, start), 1);
        assert_eq!(spent(&mut budget, start + Duration::from_secs(1)), 2);
        assert_eq!(spent(&mut budget, start + Duration::from_secs(100)), 3);
    }
}
