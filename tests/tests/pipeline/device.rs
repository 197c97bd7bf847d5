//! Random devices: any registry that the rules allow, with any values.

use narthex::model::{Desc, Details, Dimension, Instance, Kind, Label, Number, Scale, Source, Value};
use narthex::wire::schema;
use narthex_tests::random::Random;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What a random device is made from; what a failing test prints.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) boot: u32,
    families: Vec<FamilyPlan>,
}

#[derive(Clone, Debug)]
struct FamilyPlan {
    stem: String,
    help: String,
    unit: &'static str,
    kind: Kind,
    number: Number,
    optional: bool,
    scale: i8,
    bounds: BTreeSet<u32>,
    dimensions: Vec<(String, BTreeSet<String>)>,
    constants: Vec<BTreeSet<(String, String)>>,
}

/// Text with all that needs escapes, looks as if it did, or is longer than one byte.
fn text(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = String> {
    let pieces = [
        "a", "Z", "0", " ", "\"", "\\", "\n", "\\n", "\r", "\t", "\0", "\u{1b}", ",", "=", "{", "}", "# ",
        "le=\"", "é", "°", "中", "🔥", "\u{2028}", "word",
    ];
    vec(select(pieces.to_vec()), length).prop_map(|pieces| pieces.concat())
}

fn family() -> impl Strategy<Value = FamilyPlan> {
    let shape = select(vec![
        (Kind::Counter, Number::Unsigned, false),
        (Kind::Gauge, Number::Signed, false),
        (Kind::Gauge, Number::Signed, true),
        (Kind::Gauge, Number::F32, false),
        (Kind::Gauge, Number::F32, true),
        (Kind::Gauge, Number::F64, false),
        (Kind::Histogram, Number::Unsigned, false),
        (Kind::Histogram, Number::Unsigned, false),
    ]);
    // Some longer than a piece of COBS.
    let help = prop_oneof![3 => text(1..20).boxed(), 1 => "[a-z ]{254,400}".boxed()];
    let label = "[a-zA-Z][a-zA-Z0-9_]{0,9}";
    let bound = prop_oneof![0..20u32, any::<u32>(), Just(u32::MAX)];
    let bounds = prop_oneof![btree_set(bound.clone(), 1..6), btree_set(bound, 1..60)];
    (
        ("[a-zA-Z_:][a-zA-Z0-9_:]{0,20}", help, select(vec!["", "", "seconds", "bytes", "v2_ratio"])),
        shape,
        prop_oneof![Just(0), -18..=18i8],
        bounds,
        vec((label, btree_set(text(0..5), 1..5)), 0..4),
        vec(btree_set((label, text(0..6)), 0..3), 1..4),
    )
        .prop_map(
            |((stem, help, unit), (kind, number, optional), scale, bounds, dimensions, constants)| {
                FamilyPlan { stem, help, unit, kind, number, optional, scale, bounds, dimensions, constants }
            },
        )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    ("[a-z\"\\\\é]{1,16}", any::<u32>(), vec(family(), 0..8)).prop_map(|(name, boot, families)| Plan {
        name,
        boot,
        families,
    })
}

/// A registry of which everything is known.
pub(crate) struct Device {
    instances: Vec<Place>,
    cells: Vec<AtomicU64>,
    unset: Vec<AtomicBool>,
    hash: u32,
}

#[derive(Clone, Copy)]
struct Place {
    instance: Instance<'static>,
    first_cell: usize,
}

/// Descriptions are constants on a device; a test is short enough to lose them.
fn leak<T>(items: Vec<T>) -> &'static [T] {
    items.leak()
}

fn constant(text: &str) -> &'static str {
    text.to_owned().leak()
}

impl FamilyPlan {
    fn name(&self) -> String {
        let unit = if self.unit.is_empty() { "" } else { "_" };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{}{total}", self.stem, self.unit)
    }

    fn is_float(&self) -> bool {
        matches!(self.number, Number::F32 | Number::F64)
    }

    fn desc(&self) -> &'static Desc<'static> {
        let mut names = BTreeSet::new();
        let dimensions = self.dimensions.iter().filter(|(name, _)| names.insert(name));
        let dimensions = dimensions.map(|(name, values)| Dimension {
            name: constant(name),
            values: leak(values.iter().map(|value| constant(value)).collect()),
        });
        let bounds =
            if self.kind == Kind::Histogram { self.bounds.iter().copied().collect() } else { Vec::new() };
        let details = Details {
            unit: self.unit,
            bounds: leak(bounds),
            dimensions: leak(dimensions.collect()),
            ..Details::NONE
        };
        let desc = Desc {
            name: constant(&self.name()),
            help: constant(&self.help),
            kind: self.kind,
            number: self.number,
            optional: self.optional,
            scale: if self.is_float() { Scale::ONE } else { Scale::new(self.scale) },
            details: Box::leak(Box::new(details)),
        };
        Box::leak(Box::new(desc))
    }

    /// The instances that the rules allow; none if they do not allow the family.
    fn instances(&self) -> Vec<Instance<'static>> {
        let desc = self.desc();
        let taken = |name: &str| {
            name == "device" || name == "up" || desc.details.dimensions.iter().any(|d| d.name == name)
        };
        let mut seen = BTreeSet::new();
        let mut instances: Vec<Instance<'static>> = Vec::new();
        for constants in &self.constants {
            let labels: Vec<Label<'static>> =
                constants.iter().map(|(name, value)| Label::new(constant(name), constant(value))).collect();
            // To a server a label without a value is no label.
            let told: Vec<_> = labels.iter().filter(|label| !label.value.is_empty()).copied().collect();
            let distinct = seen.insert(told);
            let legal = desc.check().is_ok() && desc.check_labels(&labels).is_ok();
            if distinct && legal && !taken(desc.name) && !labels.iter().any(|label| taken(label.name)) {
                instances.push(Instance { desc, labels: leak(labels), first: instances.is_empty() });
            }
        }
        while schema::hash(&instances).is_err() {
            instances.pop();
        }
        instances
    }
}

impl Device {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut names = BTreeSet::new();
        let families = plan
            .families
            .iter()
            .filter(|family| names.insert(family.name().trim_end_matches("_total").to_owned()));
        let instances: Vec<Instance<'static>> = families.flat_map(FamilyPlan::instances).collect();
        let hash = schema::hash(&instances).expect("each family alone is short enough");
        let mut cells = 0;
        let instances = instances.into_iter().map(|instance| {
            let first_cell = cells;
            cells += instance.desc.children() * instance.desc.cells();
            Place { instance, first_cell }
        });
        Self {
            instances: instances.collect(),
            cells: (0..cells).map(|_| AtomicU64::new(0)).collect(),
            unset: (0..cells).map(|_| AtomicBool::new(true)).collect(),
            hash,
        }
    }

    /// What a boot does.
    pub(crate) fn reset(&self) {
        for (cell, unset) in self.cells.iter().zip(&self.unset) {
            cell.store(0, Relaxed);
            unset.store(true, Relaxed);
        }
    }

    /// Lets a moment pass: everything changes, but so little that a snapshot is cut where the one before was.
    pub(crate) fn idle(&self) {
        for Place { instance: Instance { desc, .. }, first_cell } in &self.instances {
            for cell in &self.cells[*first_cell..first_cell + desc.children() * desc.cells()] {
                let old = cell.load(Relaxed);
                let counts = matches!(desc.number, Number::Unsigned);
                cell.store(if counts { old.saturating_add(1) } else { old ^ 2 }, Relaxed);
            }
        }
    }

    /// Lets some time pass: counts rise, gauges change, some are set or unset.
    pub(crate) fn work(&self, random: &mut Random) {
        for Place { instance: Instance { desc, .. }, first_cell } in &self.instances {
            for at in *first_cell..first_cell + desc.children() * desc.cells() {
                if random.below(3) == 0 {
                    continue;
                }
                let old = self.cells[at].load(Relaxed);
                let new = match desc.number {
                    // No histogram counts beyond what a counter may hold.
                    Number::Unsigned if desc.kind == Kind::Histogram => old + (random.wide() >> 12),
                    Number::Unsigned => old.saturating_add(random.wide()),
                    Number::Signed => random.signed().cast_unsigned(),
                    Number::F32 => u64::from(random.single().to_bits()),
                    Number::F64 => random.double().to_bits(),
                    _ => 0,
                };
                // The one value that a cell that may be unset cannot hold.
                let new = if desc.optional && new.cast_signed() == i64::MIN { 0 } else { new };
                self.cells[at].store(new, Relaxed);
                self.unset[at].store(desc.optional && random.below(4) == 0, Relaxed);
            }
        }
    }

    /// The schema, as `frames.py` says it.
    pub(crate) fn says(&self) -> serde_json::Value {
        let firsts = self.instances.iter().map(|place| place.instance).filter(|instance| instance.first);
        let family = |Instance { desc, .. }: Instance<'_>| {
            let labels: Vec<_> = desc.details.dimensions.iter().map(|d| json!([d.name, d.values])).collect();
            json!({
                "name": desc.name, "help": desc.help, "unit": desc.details.unit, "kind": desc.kind.as_str(),
                "number": match desc.number {
                    Number::Unsigned => "unsigned", Number::Signed => "signed", Number::F32 => "f32", _ => "f64",
                },
                "optional": desc.optional, "scale": desc.scale.exponent(), "capacity": 0,
                "cells": desc.cells(), "bounds": desc.details.bounds, "labels": labels,
            })
        };
        firsts.map(family).collect()
    }
}

impl Source for Device {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        self.instances.get(index).map(|place| place.instance)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        let Place { instance: Instance { desc, .. }, first_cell } = self.instances.get(index)?;
        if child >= desc.children() || cell >= desc.cells() {
            return None;
        }
        let at = first_cell + child * desc.cells() + cell;
        if desc.optional && self.unset[at].load(Relaxed) {
            return None;
        }
        let bits = self.cells[at].load(Relaxed);
        Some(match desc.number {
            Number::Signed => Value::Signed(bits.cast_signed()),
            Number::F32 => Value::F32(f32::from_bits(bits as u32)),
            Number::F64 => Value::F64(f64::from_bits(bits)),
            _ => Value::Unsigned(bits),
        })
    }

    fn schema_hash(&self) -> u32 {
        self.hash
    }
}
