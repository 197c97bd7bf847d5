//! A PL011, driven by its interrupt.
//!
//! A task puts whole messages in a queue and never waits; the interrupt moves them to the 16-byte FIFO. What comes in
//! goes the other way. What happens is counted where it happens, most of it in the interrupt itself.

use core::mem::offset_of;

use cortex_m::peripheral::NVIC;
use narthex::{Counter, Gauge, Histogram, Metrics};
use volatile_register::{RO, RW, WO};

use crate::queue::{Full, Queue};
use crate::sysctl::HERTZ;
use crate::{Interrupt, clock};

/// Depth of each FIFO, in bytes.
const FIFO: u32 = 16;
/// `UARTFR`: the transmit FIFO is full.
const TXFF: u32 = 1 << 5;
/// `UARTFR`: the receive FIFO is empty.
const RXFE: u32 = 1 << 4;
/// `UARTDR`: a byte was lost in front of this one, as the receive FIFO was full (`OE`).
const OVERRUN: u32 = 1 << 11;
/// `UARTLCR_H`: words of 8 bits (`WLEN`), FIFOs on (`FEN`); no parity, one stop bit.
const EIGHT_BITS_FIFO: u32 = 0b11 << 5 | 1 << 4;
/// `UARTCR`: the UART (`UARTEN`), its transmitter (`TXE`) and its receiver (`RXE`) on.
const BOTH_WAYS: u32 = 1 << 9 | 1 << 8 | 1;
/// `UARTIFLS`: interrupt when the transmit FIFO is half empty (`TXIFLSEL`), or the receive FIFO half full (`RXIFLSEL`).
const HALF: u32 = 0b010 << 3 | 0b010;
/// `UARTIMSC`, `UARTICR`: the receive interrupt (`RXIM`), and that of bytes which wait while no more come (`RTIM`).
const RX: u32 = 1 << 6 | 1 << 4;
/// `UARTIMSC`, `UARTICR`: the transmit interrupt (`TXIM`, `TXIC`).
const TX: u32 = 1 << 5;

/// The registers, by their names in the manual (chapter "Programmers Model").
#[repr(C)]
struct Registers {
    /// Data.
    uartdr: RW<u32>,
    _0: [u32; 5],
    /// Flags.
    uartfr: RO<u32>,
    _1: [u32; 2],
    /// Integer part of the baud rate divisor.
    uartibrd: RW<u32>,
    /// Fractional part of the baud rate divisor, in 1/64.
    uartfbrd: RW<u32>,
    /// Line control; writing it latches the divisor.
    uartlcr_h: RW<u32>,
    /// Control.
    uartcr: RW<u32>,
    /// FIFO levels that raise interrupts.
    uartifls: RW<u32>,
    /// Interrupt mask set and clear.
    uartimsc: RW<u32>,
    _2: [u32; 2],
    /// Interrupt clear.
    uarticr: WO<u32>,
}
const _: () = assert!(offset_of!(Registers, uartfr) == 0x18 && offset_of!(Registers, uartibrd) == 0x24);
const _: () = assert!(offset_of!(Registers, uarticr) == 0x44);

/// What is counted about one UART.
#[derive(Debug, Metrics)]
#[metrics(prefix = "uart")]
pub struct Uart {
    /// Bytes handed to the transmit FIFO.
    #[metric(unit = "bytes")]
    pub transmitted_bytes_total: Counter,
    /// Interrupts taken.
    pub interrupts_total: Counter,
    /// Times the transmit FIFO was full while bytes waited.
    pub transmit_fifo_full_total: Counter,
    /// Messages refused because the transmit queue had no room for them.
    pub transmit_refused_total: Counter,
    /// Bytes taken from the receive FIFO.
    #[metric(unit = "bytes")]
    pub received_bytes_total: Counter,
    /// Times bytes were lost because the receive FIFO was full.
    pub receive_overruns_total: Counter,
    /// Received bytes dropped because nobody took them in time.
    #[metric(unit = "bytes")]
    pub receive_dropped_bytes_total: Counter,
    /// Most bytes that waited in the transmit queue at once, since boot.
    #[metric(unit = "bytes")]
    pub transmit_queue_peak_bytes: Gauge,
    /// Time spent in the interrupt.
    #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10, 20, 50])]
    pub interrupt_seconds: Histogram<6>,
}

/// One PL011 with its queue and its metrics.
///
/// It holds references only, so it stays in flash; what changes lives in the statics it refers to.
#[allow(missing_debug_implementations, reason = "the chip crate's interrupts have none")]
pub struct Pl011<const N: usize, const M: usize> {
    base: usize,
    interrupt: Interrupt,
    queue: &'static Queue<N>,
    received: &'static Queue<M>,
    metrics: &'static Uart,
}

impl<const N: usize, const M: usize> Pl011<N, M> {
    /// The board's UART0.
    pub const fn uart0(
        queue: &'static Queue<N>,
        received: &'static Queue<M>,
        metrics: &'static Uart,
    ) -> Self {
        Self { base: 0x4000_C000, interrupt: Interrupt::UART0, queue, received, metrics }
    }

    fn registers(&self) -> &Registers {
        // SAFETY: a PL011 lies at `base`, clocked since the board started. A shared reference is enough: the
        // fields are volatile cells, and what may race is said where they are written.
        unsafe { &*(self.base as *const Registers) }
    }

    /// Starts both directions at `baud`, and the interrupt.
    pub fn start(&self, baud: u32) {
        // Manual, "Fractional Baud Rate Register": clock / (16 × baud), in 1/64, rounded.
        let divisor = (HERTZ * 4 + baud / 2) / baud;
        let registers = self.registers();
        // SAFETY: the order of the manual's "Control Register": off, divisor, line, then on. The interrupt is
        // still masked in the NVIC, so nothing else touches the registers.
        unsafe {
            registers.uartcr.write(0);
            registers.uartibrd.write(divisor >> 6);
            registers.uartfbrd.write(divisor & 0x3F);
            registers.uartlcr_h.write(EIGHT_BITS_FIFO);
            registers.uartifls.write(HALF);
            registers.uarticr.write(TX | RX);
            registers.uartimsc.write(TX | RX);
            registers.uartcr.write(BOTH_WAYS);
        }
        crate::unmask(self.interrupt);
    }

    /// Queues a whole message, or nothing of it; never waits. For one context only, the tasks'.
    ///
    /// # Errors
    /// [`Full`], which is counted, when there is no room for all of it.
    pub fn send(&self, message: &[u8]) -> Result<(), Full> {
        self.queue.push(message).inspect_err(|_| self.metrics.transmit_refused_total.inc())?;
        self.metrics.transmit_queue_peak_bytes.set_max(self.queue.len().cast_signed() as i32);
        // The FIFO interrupts when it *becomes* half empty: an idle one must be started by hand.
        NVIC::pend(self.interrupt);
        Ok(())
    }

    /// How many bytes [`send`](Pl011::send) would take now.
    pub fn room(&self) -> usize {
        N.saturating_sub(self.queue.len())
    }

    /// Takes bytes that have come, as many as `buf` holds, and returns how many; never waits. For one context only,
    /// the tasks'.
    pub fn receive(&self, buf: &mut [u8]) -> usize {
        let mut taken = 0;
        for (place, byte) in buf.iter_mut().zip(core::iter::from_fn(|| self.received.pop())) {
            *place = byte;
            taken += 1;
        }
        taken
    }

    /// Moves bytes between queues and FIFOs: at most as many as those hold, so the time spent here is bounded. The
    /// handler of the UART's interrupt calls this, and nothing else.
    pub fn on_interrupt(&self) {
        let begin = clock::micros();
        let registers = self.registers();
        // SAFETY: only this handler writes `UARTICR` once the UART has started.
        unsafe { registers.uarticr.write(TX | RX) };
        let mut sent = 0;
        while sent < FIFO && !self.queue.is_empty() {
            if registers.uartfr.read() & TXFF != 0 {
                self.metrics.transmit_fifo_full_total.inc();
                break;
            }
            let Some(byte) = self.queue.pop() else { break };
            // SAFETY: only this handler writes `UARTDR`, and the FIFO has room.
            unsafe { registers.uartdr.write(u32::from(byte)) };
            sent += 1;
        }
        let mut received = 0;
        while received < FIFO && registers.uartfr.read() & RXFE == 0 {
            let data = registers.uartdr.read();
            received += 1;
            if data & OVERRUN != 0 {
                self.metrics.receive_overruns_total.inc();
            }
            if self.received.push(&[data as u8]).is_err() {
                self.metrics.receive_dropped_bytes_total.inc();
            }
        }
        self.metrics.transmitted_bytes_total.add(sent);
        self.metrics.received_bytes_total.add(received);
        self.metrics.interrupts_total.inc();
        self.metrics.interrupt_seconds().observe((clock::micros() - begin) as u32);
    }
}
