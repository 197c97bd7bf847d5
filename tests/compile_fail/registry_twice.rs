use narthex::{Counter, Metrics, Registry, registry};

#[derive(Metrics)]
struct Uart {
    /// Bytes received.
    uart_received_bytes_total: Counter,
}

static UART0: Uart = Uart::new();
static UART1: Uart = Uart::new();
static REGISTRY: Registry = registry![UART0, UART1];

fn main() {}
