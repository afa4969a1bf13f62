//! A histogram of latencies, in buckets that grow with the value.

/// Counts by latency: each power of two of 100 ns has 64 buckets.
pub struct Hist {
    buckets: Vec<u32>,
}

impl Hist {
    pub fn new() -> Self {
        Hist { buckets: vec![0; 64 * 64] }
    }

    pub fn add(&mut self, ns: u64) {
        let x = ns / 100;
        let i = if x < 64 {
            x as usize
        } else {
            let l = 63 - x.leading_zeros() as usize;
            (l - 5) * 64 + (((x >> (l - 6)) & 63) as usize)
        };
        let m = self.buckets.len() - 1;
        self.buckets[i.min(m)] += 1;
    }

    /// Microseconds below which a share `q` of all is.
    pub fn quantile(&self, q: f64) -> f64 {
        let tot: u64 = self.buckets.iter().map(|x| *x as u64).sum();
        let want = (tot as f64 * q).ceil() as u64;
        let mut s = 0;
        for (i, c) in self.buckets.iter().enumerate() {
            s += *c as u64;
            if s >= want && tot > 0 {
                let x = if i < 64 {
                    i as f64
                } else {
                    let l = i / 64 + 5;
                    ((64 + (i % 64)) as f64) * (1u64 << (l - 6)) as f64
                };
                return x / 10.0;
            }
        }
        0.0
    }
}
