//! A soft stop that ends in time.

use crate::instant::Instant;
use std::time::Duration;

use super::Proxy;
use crate::worker::Life;

impl Proxy {
    /// Stops softly and, where that takes longer than `limit`, closes what is left. Returns once every thread has ended
    /// and the ports are free: whether everything was served to its end.
    ///
    /// Needs no particular runtime. Cancel safe: where the future is dropped the drain goes on by itself. Another call
    /// sets another limit, from its own start.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn run(proxy: lb_core::proxy::Proxy) {
    /// if !proxy.drain(Duration::from_secs(30)).await {
    ///     eprintln!("some connections were cut");
    /// }
    /// # }
    /// ```
    pub async fn drain(&self, limit: Duration) -> bool {
        self.begin_drain(limit);
        self.inner.shared.ending.wait().await;
        // They have nothing left to do.
        self.wait();
        self.inner.shared.life() == Life::SoftStop
    }

    /// As [`Proxy::drain`], and blocks the calling thread.
    pub fn drain_blocking(&self, limit: Duration) -> bool {
        self.begin_drain(limit);
        self.wait();
        self.inner.shared.life() == Life::SoftStop
    }

    fn begin_drain(&self, limit: Duration) {
        self.inner.shared.ending.limit(Instant::now().checked_add(limit));
        self.soft_stop();
    }
}
