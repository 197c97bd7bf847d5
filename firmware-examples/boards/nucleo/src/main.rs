//! An STM32 Nucleo-F767ZI that answers `GET /metrics` by itself, over Ethernet, with an address from DHCP; and counts
//! presses of its blue button.
#![no_std]
#![no_main]

mod clocks;

use core::panic::PanicInfo;

use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Runner, Stack, StackResources};
use embassy_stm32::eth::{self, Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::exti::{self, ExtiInput};
use embassy_stm32::gpio::Pull;
use embassy_stm32::mode::Async;
use embassy_stm32::peripherals::{ETH, ETH_SMA, RNG};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::{bind_interrupts, interrupt};
use embassy_time::{Duration, Instant, with_timeout};
use narthex::http::Endpoint;
use narthex::runtime::HttpServer;
use narthex::transport::HttpStream;
use narthex::{Counter, GaugeFn, Histogram, Metrics, Registry, registry};
use static_cell::StaticCell;

/// What the board measures.
#[derive(Metrics)]
#[metrics(prefix = "nucleo")]
struct Nucleo {
    /// Presses of the blue button.
    presses_total: Counter,
    /// How long it was held.
    #[metric(unit = "seconds", scale = -3, buckets = [50, 100, 200, 500, 1_000, 2_000])]
    press_seconds: Histogram<6>,
    /// Time since boot.
    #[metric(unit = "seconds", scale = -3, read = uptime)]
    uptime_seconds: GaugeFn,
}

fn uptime() -> i64 {
    Instant::now().as_millis().cast_signed()
}

static NUCLEO: Nucleo = Nucleo::new();
static SERVER: HttpServer = HttpServer::new();
static REGISTRY: Registry = registry![NUCLEO, SERVER];

type Driver = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

/// Who may ask at a time.
const CLIENTS: usize = 2;
/// How long a client may take for a request, with the time in front of it.
const PATIENCE: Duration = Duration::from_secs(90);

bind_interrupts!(struct Irqs {
    ETH => eth::InterruptHandler;
    EXTI15_10 => exti::InterruptHandler<interrupt::typelevel::EXTI15_10>;
    RNG => rng::InterruptHandler<RNG>;
});

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static QUEUE: StaticCell<PacketQueue<4, 4>> = StaticCell::new();
    static RESOURCES: StaticCell<StackResources<{ CLIENTS + 1 }>> = StaticCell::new();

    let p = embassy_stm32::init(clocks::config());
    let seed = Rng::new(p.RNG, Irqs).next_u32();
    // RMII, as the board is wired. An address of one's own: locally administered, unique in the network at hand.
    let address = [0x02, 0x00, 0x6e, 0x61, 0x72, 0x01];
    let device = Ethernet::new(
        QUEUE.init(PacketQueue::new()),
        p.ETH,
        Irqs,
        p.PA1,
        p.PA7,
        p.PC4,
        p.PC5,
        p.PG13,
        p.PB13,
        p.PG11,
        address,
        p.ETH_SMA,
        p.PA2,
        p.PC1,
    );
    let config = embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default());
    let resources = RESOURCES.init(StackResources::new());
    let (stack, runner) = embassy_net::new(device, config, resources, seed.into());

    // Each is spawned as often as it has places.
    let button = ExtiInput::new(p.PC13, p.EXTI13, Pull::Down, Irqs);
    if let (Ok(net), Ok(count)) = (net(runner), count(button)) {
        spawner.spawn(net);
        spawner.spawn(count);
    }
    for _ in 0..CLIENTS {
        if let Ok(serve) = serve(stack) {
            spawner.spawn(serve);
        }
    }
}

#[embassy_executor::task]
async fn net(mut runner: Runner<'static, Driver>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn count(mut button: ExtiInput<'static, Async>) {
    loop {
        button.wait_for_rising_edge().await;
        let pressed = Instant::now();
        NUCLEO.presses_total.inc();
        button.wait_for_falling_edge().await;
        NUCLEO.press_seconds().observe(pressed.elapsed().as_millis() as u32);
    }
}

/// One client after the other.
#[embassy_executor::task(pool_size = CLIENTS)]
async fn serve(stack: Stack<'static>) -> ! {
    let (mut received, mut sent, mut request, mut page) = ([0; 512], [0; 2048], [0; 512], [0; 1024]);
    let endpoint = Endpoint::new(&REGISTRY).with_observer(&SERVER);
    loop {
        let mut socket = TcpSocket::new(stack, &mut received, &mut sent);
        if socket.accept(80).await.is_err() {
            continue;
        }
        let mut stream = HttpStream::new(&mut socket, &mut request, &mut page);
        let whole = loop {
            match with_timeout(PATIENCE, stream.answer(&endpoint)).await {
                Ok(Ok(true)) => {} // and the next
                Ok(Ok(false)) => break true,
                Ok(Err(_)) | Err(_) => break false,
            }
        };
        // A page that was cut off ends with a reset, so that nobody takes it for whole.
        if whole {
            socket.close();
        } else {
            socket.abort();
        }
        // What is on its way still goes; a client that is gone is not waited for.
        let _ = with_timeout(PATIENCE, socket.flush()).await;
    }
}

/// Begins anew; Prometheus sees the counters fall.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
