//! The device whose snapshot is measured: 41 things counted, 67 cells, 69 lines of text.
//!
//! Twelve counters, ten gauges, two families of eight counters, two histograms of ten buckets; and, as there is no summary
//! yet, two counters and three gauges in place of its five cells.

use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, Registry, registry};

use super::{Buckets, work};

/// What the controller does.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Phase {
    Idle,
    Prime,
    Start,
    Accelerate,
    Run,
    Brake,
    Drain,
    Stop,
}

/// Why the drive has stopped.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Fault {
    Overcurrent,
    Undervoltage,
    Overvoltage,
    Overtemperature,
    Stall,
    PhaseLost,
    SensorLost,
    Watchdog,
}

/// A pump and its controller.
#[derive(Debug, Metrics)]
#[metrics(prefix = "pump")]
pub(crate) struct Pump {
    /// Times the motor was started.
    motor_starts_total: Counter,
    /// Strokes of the piston that were completed.
    strokes_completed_total: Counter,
    /// Time the motor has been running.
    #[metric(unit = "seconds", scale = -3)]
    motor_running_seconds_total: Counter,
    /// Electric energy used since the last boot.
    #[metric(unit = "joules")]
    energy_used_joules_total: Counter,
    /// Volume pumped since the last boot.
    #[metric(unit = "liters", scale = -3)]
    volume_pumped_liters_total: Counter,
    /// Times the inlet valve was opened.
    inlet_valve_openings_total: Counter,
    /// Times the outlet valve was opened.
    outlet_valve_openings_total: Counter,
    /// Telegrams received on the field bus.
    bus_received_telegrams_total: Counter,
    /// Telegrams sent on the field bus.
    bus_sent_telegrams_total: Counter,
    /// Telegrams on the field bus with a wrong checksum.
    bus_checksum_errors_total: Counter,
    /// Readings of a sensor that did not come in time.
    sensor_timeouts_total: Counter,
    /// Deadlines that the scheduler has missed.
    scheduler_missed_deadlines_total: Counter,
    /// Times the setpoint was changed.
    setpoint_changes_total: Counter,
    /// Alarms that were raised.
    alarms_raised_total: Counter,
    /// Temperature of the motor's windings.
    #[metric(unit = "celsius", scale = -2)]
    motor_winding_temperature_celsius: Gauge,
    /// Temperature of the liquid at the inlet.
    #[metric(unit = "celsius", scale = -2)]
    inlet_temperature_celsius: Gauge,
    /// Temperature of the liquid at the outlet.
    #[metric(unit = "celsius", scale = -2)]
    outlet_temperature_celsius: Gauge,
    /// Pressure at the inlet.
    #[metric(unit = "pascals")]
    inlet_pressure_pascals: Gauge,
    /// Pressure at the outlet.
    #[metric(unit = "pascals")]
    outlet_pressure_pascals: Gauge,
    /// Current into the motor.
    #[metric(unit = "amperes", scale = -3)]
    motor_current_amperes: Gauge,
    /// Voltage of the supply.
    #[metric(unit = "volts", scale = -3)]
    supply_voltage_volts: Gauge,
    /// Speed of the motor, in turns a minute.
    motor_speed_turns_per_minute: Gauge,
    /// Flow that is wanted.
    #[metric(scale = -2)]
    flow_setpoint_liters_per_minute: Gauge,
    /// Flow that is measured.
    #[metric(scale = -2)]
    flow_measured_liters_per_minute: Gauge,
    /// Tasks that wait to be run.
    scheduler_waiting_tasks: Gauge,
    /// Most bytes that the stack has ever had.
    #[metric(unit = "bytes")]
    stack_high_water_bytes: Gauge,
    /// Bytes waiting in the transmit queue.
    #[metric(unit = "bytes")]
    transmit_queue_bytes: Gauge,
    /// Cycles of the controller, by phase.
    controller_cycles_total: Family<Phase, Counter>,
    /// Faults of the drive, by cause.
    drive_faults_total: Family<Fault, Counter>,
    /// Time of one stroke.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 20, 50, 100, 200, 300, 500, 800, 1_200, 2_000])]
    stroke_duration_seconds: Histogram<10>,
    /// Time to answer a telegram.
    #[metric(unit = "seconds", scale = -6, buckets = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000])]
    bus_answer_time_seconds: Histogram<10>,
}

pub(crate) static PUMP: Pump = Pump::new();
static PUMPS: Registry = registry![PUMP];

/// A value in each bucket, by the bounds; and one above.
const STROKES: &[u32] = &[10, 20, 50, 100, 200, 300, 500, 800, 1_200, 2_000, 2_001];
const ANSWERS: &[u32] = &[50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 50_001];

work!(Pump, PUMPS, |pump| &[
    &pump.motor_starts_total,
    &pump.strokes_completed_total,
    &pump.motor_running_seconds_total,
    &pump.energy_used_joules_total,
    &pump.volume_pumped_liters_total,
    &pump.inlet_valve_openings_total,
    &pump.outlet_valve_openings_total,
    &pump.bus_received_telegrams_total,
    &pump.bus_sent_telegrams_total,
    &pump.bus_checksum_errors_total,
    &pump.sensor_timeouts_total,
    &pump.scheduler_missed_deadlines_total,
    &pump.setpoint_changes_total,
    &pump.alarms_raised_total,
    &pump.motor_winding_temperature_celsius,
    &pump.inlet_temperature_celsius,
    &pump.outlet_temperature_celsius,
    &pump.inlet_pressure_pascals,
    &pump.outlet_pressure_pascals,
    &pump.motor_current_amperes,
    &pump.supply_voltage_volts,
    &pump.motor_speed_turns_per_minute,
    &pump.flow_setpoint_liters_per_minute,
    &pump.flow_measured_liters_per_minute,
    &pump.scheduler_waiting_tasks,
    &pump.stack_high_water_bytes,
    &pump.transmit_queue_bytes,
    &pump.controller_cycles_total,
    &pump.drive_faults_total,
    &Buckets(pump.stroke_duration_seconds(), STROKES),
    &Buckets(pump.bus_answer_time_seconds(), ANSWERS),
]);
