//! Atomics, as loom has them.

use std::sync::Arc;

/// What an atomic holds, wide enough for any; shared, so that an explorer can put it back.
pub(crate) type Word = Arc<Shared>;

/// Atomic for the sake of `Sync` alone: one thread of the system explores a model.
#[derive(Debug, Default)]
pub(crate) struct Shared(std::sync::atomic::AtomicU64);

impl Shared {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, std::sync::atomic::Ordering::Relaxed);
    }

    pub(crate) fn apply(&self, change: impl FnOnce(u64) -> u64) -> u64 {
        let old = self.get();
        self.set(change(old));
        old
    }
}

/// Atomics, as loom has them.
pub mod atomic {
    pub use std::sync::atomic::Ordering;

    /// Orders nothing more: memory is sequentially consistent here.
    pub fn fence(_: Ordering) {}

    macro_rules! atomics {
        ($($name:ident: $value:ty),*) => {$(
            /// An atomic; each method is one access, an update by a function is a read and a compare-and-swap each time.
            #[derive(Debug)]
            pub struct $name(super::Word);

            #[allow(
                missing_docs, clippy::missing_errors_doc, clippy::cast_sign_loss, clippy::cast_possible_truncation,
                clippy::cast_possible_wrap, clippy::cast_lossless, clippy::must_use_candidate,
                reason = "as in the standard library"
            )]
            impl $name {
                pub fn new(value: $value) -> Self {
                    let word = super::Shared::default();
                    word.set(value as u64);
                    Self(word.into())
                }

                fn access(&self, change: impl FnOnce($value) -> $value) -> $value {
                    crate::access(&self.0, |value| change(value as $value) as u64) as $value
                }

                pub fn load(&self, _: Ordering) -> $value {
                    self.access(|value| value)
                }

                pub fn store(&self, new: $value, _: Ordering) {
                    self.access(|_| new);
                }

                pub fn fetch_add(&self, n: $value, _: Ordering) -> $value {
                    self.access(|value| value.wrapping_add(n))
                }

                pub fn fetch_sub(&self, n: $value, _: Ordering) -> $value {
                    self.access(|value| value.wrapping_sub(n))
                }

                pub fn fetch_max(&self, n: $value, _: Ordering) -> $value {
                    self.access(|value| value.max(n))
                }

                pub fn fetch_min(&self, n: $value, _: Ordering) -> $value {
                    self.access(|value| value.min(n))
                }

                pub fn fetch_update(
                    &self,
                    _: Ordering,
                    _: Ordering,
                    mut next: impl FnMut($value) -> Option<$value>,
                ) -> Result<$value, $value> {
                    let mut old = self.load(Ordering::SeqCst);
                    loop {
                        let new = next(old).ok_or(old)?;
                        let found = self.access(|value| if value == old { new } else { value });
                        if found == old {
                            return Ok(old);
                        }
                        old = found;
                    }
                }
            }
        )*};
    }

    atomics!(AtomicI32: i32, AtomicU8: u8, AtomicU16: u16, AtomicU32: u32);
}
