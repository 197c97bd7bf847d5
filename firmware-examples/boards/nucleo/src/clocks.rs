//! The clocks of a Nucleo-F767ZI.

use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllMul, PllPDiv, PllPreDiv, PllQDiv, PllSource, Sysclk,
};
use embassy_stm32::time::Hertz;

/// 216 MHz from the 8 MHz that the debugger's chip gives; 48 MHz for the random number generator.
pub(crate) fn config() -> embassy_stm32::Config {
    let mut config = embassy_stm32::Config::default();
    config.rcc.hse = Some(Hse { freq: Hertz::mhz(8), mode: HseMode::Bypass });
    config.rcc.pll_src = PllSource::HSE;
    config.rcc.pll = Some(Pll {
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL216,
        divp: Some(PllPDiv::DIV2),
        divq: Some(PllQDiv::DIV9),
        divr: None,
    });
    config.rcc.sys = Sysclk::PLL1_P;
    (config.rcc.ahb_pre, config.rcc.apb1_pre, config.rcc.apb2_pre) =
        (AHBPrescaler::DIV1, APBPrescaler::DIV4, APBPrescaler::DIV2);
    config
}
