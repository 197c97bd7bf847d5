//! The host side of narthex: a Prometheus registry, and the gateway that decodes what devices send.
//!
//! Two kinds of source meet in a [`registry`]: *indexed* ones ([`instrument`]s, the fleet of devices), whose
//! families are known and whose children stand sorted, and *free* ones ([`collector`]s), whose samples are checked
//! each time they are collected. [`expose`] turns what a registry gathers into pages, and serves them.
#![forbid(unsafe_code)]

pub mod collector;
pub mod expose;
pub mod instrument;
pub mod model;
pub mod registry;
pub mod relay;
