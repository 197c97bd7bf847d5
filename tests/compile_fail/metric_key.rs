use narthex::{Counter, Gauge, Metrics};

#[derive(Metrics)]
#[metrics(prefx = "uart")]
struct Uart {
    /// Bytes received.
    received_bytes_total: Counter,
}

#[derive(Metrics)]
struct Spi {
    /// Bytes received.
    #[metric(units = "bytes")]
    spi_received_bytes_total: Counter,
    /// Bytes waiting.
    #[metric(unit = "bytes", unit = "bytes")]
    spi_fifo_bytes: Gauge,
    /// Bytes sent.
    #[metrics(unit = "bytes")]
    spi_sent_bytes_total: Counter,
}

#[derive(Metrics)]
#[metric(prefix = "i2c")]
struct I2c {
    /// Bytes received.
    received_bytes_total: Counter,
}

fn main() {}
