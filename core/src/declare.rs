//! How registries are made, by the compiler or at run time: the one place where registry and wire meet.

use crate::model::{Instance, Label, Source, fnv1a};
use crate::registry::{DynRegistry, Entry, Metrics, RegistryError};
use crate::wire::{Window, schema};

/// Declares a [`Registry`](crate::Registry): a constant table of groups, checked by the compiler.
///
/// Each item is the name of a `static` group, with constant labels in braces where several groups of one type must
/// be told apart. Bad names, duplicates and conflicts are compile errors that name the metric.
///
/// ```
/// use narthex::{Counter, Metrics, Registry, registry};
/// /// One radio.
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static UPLINK: Radio = Radio::new();
/// static MESH: Radio = Radio::new();
/// static REGISTRY: Registry = registry![UPLINK { radio: "uplink" }, MESH { radio: "mesh" }];
/// ```
///
/// With a [`TableFamily`](crate::TableFamily) in it, it is a `Registry<`[`WithTables`](crate::WithTables)`>`; with an
/// exponential histogram or a summary, a `Registry<`[`WithDistributions`](crate::WithDistributions)`>`; with both, a
/// `Registry<`[`WithBoth`](crate::WithBoth)`>`.
///
/// A name that stands twice must be told apart by constant labels:
///
/// ```compile_fail
/// use narthex::{Counter, Metrics, Registry, registry};
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static UPLINK: Radio = Radio::new();
/// static MESH: Radio = Radio::new();
/// static REGISTRY: Registry = registry![UPLINK, MESH];
/// ```
#[macro_export]
macro_rules! registry {
    // The names of items are not hygienic: these must be none that a group or the value of a label may have.
    ($($group:path $({ $($label:ident: $value:expr),* $(,)? })?),+ $(,)?) => {{
        const NARTHEX_SHAPES: &[$crate::registry::Shape] = &[$(
            $crate::registry::Shape::of(
                &$group,
                &[$($($crate::model::Label::new(::core::stringify!($label), $value)),*)?],
            )
        ),+];
        const NARTHEX_COUNT: ::core::primitive::usize = $crate::registry::count(NARTHEX_SHAPES);
        #[allow(long_running_const_eval)]
        const NARTHEX_REFUSAL: ::core::option::Option<$crate::registry::Refusal> =
            $crate::registry::check::<NARTHEX_COUNT>(NARTHEX_SHAPES);
        const _: () = if let ::core::option::Option::Some(refusal) = &NARTHEX_REFUSAL {
            ::core::panic!("{}", refusal.message().as_str());
        };
        #[allow(long_running_const_eval)]
        const NARTHEX_SCHEMA_HASH: ::core::primitive::u32 = {
            let instances = $crate::registry::instances::<NARTHEX_COUNT>(NARTHEX_SHAPES);
            match $crate::wire::schema::hash(&instances) {
                ::core::result::Result::Ok(hash) => hash,
                ::core::result::Result::Err(error) => ::core::panic!("{}", error.as_str()),
            }
        };
        static NARTHEX_ENTRIES: &[$crate::registry::Entry] = &[$(
            $crate::registry::Entry::new(
                &$group,
                &[$($($crate::model::Label::new(::core::stringify!($label), $value)),*)?],
            )
        ),+];
        #[allow(long_running_const_eval)]
        static NARTHEX_POSITIONS: [$crate::registry::Position; NARTHEX_COUNT] = $crate::registry::positions(NARTHEX_SHAPES);
        type NarthexTables =
            <$crate::registry::Found<
                { $crate::registry::has_tables(NARTHEX_SHAPES) },
                { $crate::registry::has_distributions(NARTHEX_SHAPES) },
            > as $crate::registry::Means>::Tables;
        $crate::Registry::<NarthexTables>::new(NARTHEX_ENTRIES, &NARTHEX_POSITIONS, NARTHEX_SCHEMA_HASH)
    }};
}

impl<const N: usize> DynRegistry<N> {
    /// Adds all metrics of a group, with labels that tell it from others of its type: each behind its family, or at
    /// the end if it is the first of it.
    ///
    /// # Errors
    /// [`RegistryError`], with nothing changed.
    pub fn register<G: Metrics>(
        &self,
        group: &'static G,
        labels: &'static [Label<'static>],
    ) -> Result<(), RegistryError> {
        self.insert(&Entry::new(group, labels), schema_hash)
    }

    /// Takes all metrics of a group away that were registered with these labels.
    ///
    /// # Errors
    /// [`RegistryError`], with nothing changed.
    pub fn unregister<G: Metrics>(
        &self,
        group: &'static G,
        labels: &'static [Label<'static>],
    ) -> Result<(), RegistryError> {
        self.remove(&Entry::new(group, labels), schema_hash)
    }
}

/// As [`schema::hash`], without a buffer for a whole family, which is written as often as it takes instead. Else at
/// which position the schema grows too large, and how.
fn schema_hash(source: &dyn Source) -> Result<u32, (usize, &'static str)> {
    let (mut hash, mut cells, mut index) = (schema::HASH_START, 0usize, 0);
    while let Some(Instance { desc, first, .. }) = source.instance(index) {
        cells = cells.saturating_add(desc.all_cells());
        if cells > usize::from(u16::MAX) {
            return Err((index, schema::Error::TooMany.as_str()));
        }
        if first {
            hash = hash_family(hash, source, index).map_err(|error| (index, error.as_str()))?;
        }
        index = index.saturating_add(1);
    }
    Ok(hash)
}

/// As [`schema::hash_family`].
fn hash_family(mut hash: u32, source: &dyn Source, index: usize) -> Result<u32, schema::Error> {
    let (mut part, mut at) = ([0; 64], 0usize);
    loop {
        let mut window = Window::new(&mut part, at);
        schema::write(&mut window, source, index);
        let (total, kept) = (window.total(), window.kept());
        if total > schema::MAX_FAMILY {
            return Err(schema::Error::FamilyTooLong);
        }
        if at == 0 {
            hash = fnv1a(hash, &(total as u16).to_le_bytes());
        }
        hash = fnv1a(hash, part.get(..kept).unwrap_or_default());
        at = at.saturating_add(kept);
        if kept == 0 || at >= total {
            return Ok(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cells, Desc};
    use crate::registry::{Group, Registry};

    struct Nameless;

    impl Metrics for Nameless {
        const DESCS: &'static [Desc<'static>] = &[Desc::gauge("g", "G.")];
    }

    impl Group for Nameless {
        fn metric(&self, _: usize) -> Option<&dyn Cells> {
            None
        }
    }

    static COUNT: Nameless = Nameless;
    static ENTRIES: Nameless = Nameless;
    const SHAPES: &str = "0";
    const POSITIONS: &str = "1";
    #[allow(non_camel_case_types, dead_code, reason = "a name the macro must not take for its own")]
    struct u32;

    #[test]
    fn groups_may_be_called_as_they_like() {
        static REGISTRY: Registry = registry![COUNT { a: SHAPES }, ENTRIES { a: POSITIONS }];
        let value = |index| REGISTRY.instance(index).map(|instance| instance.labels[0].value);
        assert_eq!([value(0), value(1), value(2)], [Some("0"), Some("1"), None]);
    }
}
