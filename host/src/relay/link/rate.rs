//! How many bytes a source may send.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A source may send as much at once as it may send in this time.
const BURST: Duration = Duration::from_secs(1);
/// Sources with a bucket of their own. Those above it share one, so that invented addresses cost bounded memory.
const MAX_SOURCES: usize = 65_536;
/// Below this, sources that have gone are not looked for.
const FEW_SOURCES: usize = 1024;

/// What one source may still send: a token bucket that holds [`BURST`].
///
/// It keeps one number, the moment at which it will be full again: what was taken moves it on, and the bucket is
/// empty while that moment is [`BURST`] away or further.
#[derive(Debug)]
pub(super) struct Bucket {
    bytes_per_second: NonZeroU64,
    full_at: Mutex<Instant>,
}

impl Bucket {
    fn new(bytes_per_second: NonZeroU64, now: Instant) -> Self {
        Self { bytes_per_second, full_at: Mutex::new(now) }
    }

    /// Bytes that may come now.
    pub(super) fn allows(&self, now: Instant) -> usize {
        self.bytes_in(BURST.saturating_sub(self.debt(now)))
    }

    /// Takes bytes that came, whether it allows them or not: what is too much is owed.
    pub(super) fn take(&self, bytes: usize, now: Instant) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        *full_at = (*full_at).max(now) + self.time_of(bytes);
    }

    /// Takes bytes if they may come now. More than it holds may come when it is full, or they could never.
    pub(super) fn try_take(&self, bytes: usize, now: Instant) -> bool {
        let fits = self.allows(now) >= bytes.min(self.bytes_in(BURST));
        if fits {
            self.take(bytes, now);
        }
        fits
    }

    /// How long to wait until something may come; nothing, if it may come now. To wait for each single byte would
    /// be busy work, so some may come after that.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        if self.allows(now) > 0 {
            return Duration::ZERO;
        }
        let some = self.time_of(1).max(BURST / 16);
        (self.debt(now) + some).saturating_sub(BURST)
    }

    /// How far off it is to be full.
    fn debt(&self, now: Instant) -> Duration {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).saturating_duration_since(now)
    }

    fn bytes_in(&self, time: Duration) -> usize {
        let bytes = u128::from(self.bytes_per_second.get()) * time.as_nanos() / 1_000_000_000;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Rounded up, so that no rate is ever exceeded by rounding.
    fn time_of(&self, bytes: usize) -> Duration {
        let nanos = (bytes as u128 * 1_000_000_000).div_ceil(u128::from(self.bytes_per_second.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The buckets of all sources of a link.
///
/// A bucket outlives its connections until it is full again: whoever comes back at once finds it as it was.
#[derive(Debug)]
pub(super) struct Rates {
    bytes_per_second: NonZeroU64,
    crowd: Arc<Bucket>,
    sources: Mutex<Sources>,
}

#[derive(Debug)]
struct Sources {
    buckets: HashMap<IpAddr, Arc<Bucket>>,
    /// When those that have gone were last looked for, and how many stayed.
    swept: Instant,
    stayed: usize,
}

impl Rates {
    pub(super) fn new(bytes_per_second: NonZeroU64) -> Self {
        let now = Instant::now();
        Self {
            bytes_per_second,
            crowd: Arc::new(Bucket::new(bytes_per_second, now)),
            sources: Mutex::new(Sources { buckets: HashMap::new(), swept: now, stayed: 0 }),
        }
    }

    /// The bucket of a source.
    pub(super) fn of(&self, source: IpAddr, now: Instant) -> Arc<Bucket> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = sources.buckets.get(&source) {
            return Arc::clone(bucket);
        }
        let many = sources.buckets.len() >= FEW_SOURCES.max(2 * sources.stayed).min(MAX_SOURCES);
        // A bucket is full after a second of silence, so more often is of no use.
        if many && now.saturating_duration_since(sources.swept) >= BURST {
            sources.buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1 || !bucket.debt(now).is_zero());
            sources.swept = now;
            sources.stayed = sources.buckets.len();
        }
        if sources.buckets.len() >= MAX_SOURCES {
            return Arc::clone(&self.crowd);
        }
        let bucket = Arc::new(Bucket::new(self.bytes_per_second, now));
        sources.buckets.insert(source, Arc::clone(&bucket));
        bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(bytes_per_second: u64) -> Rates {
        Rates::new(NonZeroU64::new(bytes_per_second).unwrap())
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn a_second_of_burst_then_the_rate() {
        let start = Instant::now();
        let bucket = rates(1000).of(address(1), start);
        assert_eq!((bucket.allows(start), bucket.wait(start)), (1000, Duration::ZERO));
        assert!(bucket.try_take(600, start) && !bucket.try_take(600, start));
        assert!(bucket.try_take(400, start));
        assert_eq!(bucket.allows(start), 0);
        let later = start + bucket.wait(start);
        assert!((50..=100).contains(&bucket.allows(later)), "{}", bucket.allows(later));
        assert_eq!(bucket.allows(start + Duration::from_millis(500)), 500);
        assert_eq!(bucket.allows(start + Duration::from_secs(60)), 1000);
        // Over a long time exactly the rate comes through, whatever is tried.
        let mut sum = 0;
        for ms in 0..60_000 {
            let now = start + Duration::from_secs(60) + Duration::from_millis(ms);
            sum += if bucket.try_take(7, now) { 7 } else { 0 };
        }
        assert!((60_900..=61_000).contains(&sum), "{sum}");
    }

    #[test]
    fn what_is_larger_than_the_bucket_comes_when_it_is_full() {
        let start = Instant::now();
        let bucket = rates(100).of(address(1), start);
        assert!(bucket.try_take(1000, start) && !bucket.try_take(1, start + Duration::from_secs(9)));
        assert!(bucket.try_take(1, start + Duration::from_millis(9011)));
        assert!(!bucket.try_take(1000, start + Duration::from_millis(9011)));
        // A rate of one byte a second waits for one byte.
        let slow = rates(1).of(address(1), start);
        slow.take(1, start);
        assert_eq!(slow.allows(start + slow.wait(start)), 1);
    }

    #[test]
    fn whoever_comes_back_finds_the_same_bucket() {
        let (rates, now) = (rates(1000), Instant::now());
        rates.of(address(1), now).take(1000, now);
        assert_eq!(rates.of(address(1), now).allows(now), 0);
        assert_eq!(rates.of(address(2), now).allows(now), 1000);
    }

    #[test]
    fn invented_sources_cost_bounded_memory() {
        let (rates, start) = (rates(1000), Instant::now());
        let kept = rates.of(address(0), start);
        let mut now = start;
        for number in 1..200_000 {
            now = start + Duration::from_micros(u64::from(number));
            rates.of(address(number), now).take(100, now);
        }
        assert_eq!(rates.sources.lock().unwrap().buckets.len(), MAX_SOURCES);
        assert_eq!(rates.of(address(199_999), now).allows(now), 0, "the crowd shares a bucket");
        // They go once they are full again; who is connected stays.
        now += Duration::from_secs(3);
        kept.take(1, start);
        assert_eq!(rates.of(address(300_000), now).allows(now), 1000);
        assert_eq!(rates.sources.lock().unwrap().buckets.len(), 2);
    }
}
