//! The macro by which a registry is declared: the one place where registry and wire meet.

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
        $crate::Registry::new(NARTHEX_ENTRIES, &NARTHEX_POSITIONS, NARTHEX_SCHEMA_HASH)
    }};
}

#[cfg(test)]
mod tests {
    use crate::model::{Cells, Desc, Source};
    use crate::registry::{Group, Metrics, Registry};

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
